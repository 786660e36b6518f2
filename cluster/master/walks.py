"""Walks over the state of a master: everything, page by page, while the master goes on working.

Opening one copies references only; rows are made when their page is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from heapq import merge
from itertools import chain, islice
from math import inf
from sys import maxsize

from cluster.master.kept import Kept
from cluster.master.offsets import cut
from cluster.master.reading import (
    ACTIVE,
    COMPLETED,
    PAGE_COST,
    UNREACHABLE,
    AgentRow,
    Amounts,
    ExecutorRow,
    FrameworkRow,
    OfferRow,
    Page,
    Row,
    TaskRows,
    TaskTexts,
    Wanted,
    WantedTasks,
)
from cluster.master.state import AgentEntry, FrameworkEntry, MasterState, Standing, TaskEntry
from cluster.master.tally import ListedSum
from cluster.master.timeline import EndedLine, Timeline, first_s
from cluster.model import ExecutorInfo, Task

#: What rows cost, as in `PAGE_COST`.
AGENT_COST = 4
FRAMEWORK_COST = 8
#: How many agents can be looked at, and ended tasks be put in order, for what a task costs.
AGENTS_SEEN = 10
TASKS_SORTED = 10
#: The same of tasks that are text already.
TEXTS = 4

Costly = tuple[int, Row | None]
#: Custom executors of a framework by agent.
Executors = dict[str, list[ExecutorInfo]]


class StateWalk:
    """Agents, then frameworks, each followed by what it has."""

    def __init__(self, state: MasterState, wanted: Wanted) -> None:
        self._state = state
        self._wanted = wanted
        self._agents = _agents_of(state, wanted)
        self._frameworks = deque(
            _Contents(framework, is_completed, wanted.tasks)
            for framework, is_completed in (
                _frameworks_of(state, wanted.framework_id) if wanted.frameworks else ()
            )
        )
        self._homes = Kept(state.agents.values()) if wanted.frameworks and wanted.tasks else Kept(())
        self._executors: dict[str, Executors] = {}  # by framework
        self._rows = self._walk()

    def page(self) -> Page:
        """The next page."""
        return _page(self._rows, self._wanted.page_cost)

    def _walk(self) -> Iterator[Costly]:
        if not self._wanted.agents_last:
            yield from self._walk_agents()
        yield from self._find_executors()
        while self._frameworks:
            contents = self._frameworks.popleft()  # what it holds is let go of when it is through
            yield FRAMEWORK_COST, framework_row(self._state, contents.framework, contents.is_completed)
            executors = self._executors.pop(contents.framework.id, {})
            yield from contents.walk(executors, self._wanted.texts and self._state.write is not None)
            for agent_id, on_agent in executors.items():
                for info in on_agent:
                    yield 2, ExecutorRow(agent_id, info)
        if self._wanted.agents_last:
            yield from self._walk_agents()

    def _find_executors(self) -> Iterator[Costly]:
        """Executors are kept with their agents: look through all of them."""
        for number, agent in enumerate(chain.from_iterable(self._homes.parts())):
            for (framework_id, _), executor in agent.executors.items():
                on_agents = self._executors.setdefault(framework_id, {})
                on_agents.setdefault(agent.id, []).append(executor.info)
            if number % AGENTS_SEEN == 0:
                yield 1, None

    def _walk_agents(self) -> Iterator[Costly]:
        for agent in chain.from_iterable(self._agents.parts()):
            yield AGENT_COST, agent_row(agent)


def begin(state: MasterState, wanted: Wanted | WantedTasks) -> StateWalk | TaskWalk:
    """Open a walk."""
    return StateWalk(state, wanted) if isinstance(wanted, Wanted) else TaskWalk(state, wanted)


class _Contents:
    """What a framework had when the walk was opened."""

    __slots__ = ("_completed", "_offers", "_tasks", "_unreachable", "framework", "is_completed")

    def __init__(
        self,
        framework: FrameworkEntry,
        is_completed: bool,
        with_tasks: bool,
    ) -> None:
        self.framework = framework
        self.is_completed = is_completed
        self._tasks: Kept[TaskEntry] = Kept(framework.tasks.values() if with_tasks else ())
        self._unreachable: Kept[Task] = Kept(framework.unreachable.values() if with_tasks else ())
        self._completed: Kept[Task] = Kept(framework.completed if with_tasks else ())
        self._offers = list(framework.offers.values()) if with_tasks else []

    def walk(self, executors: Executors, texts: bool) -> Iterator[Costly]:
        """Its tasks, list by list, those it has now as `texts`, then its offers. Executors are by agent."""
        for tasks in self._tasks.parts():
            if texts:
                yield len(tasks) // TEXTS, TaskTexts(ACTIVE, tuple([task.text for task in tasks]))
            else:
                yield len(tasks), TaskRows(ACTIVE, tuple([task.record for task in tasks]))
        for name, kept in ((UNREACHABLE, self._unreachable), (COMPLETED, self._completed)):
            for records in kept.parts():
                yield len(records), TaskRows(name, records)
        for offer in self._offers:
            ids = tuple([info.executor_id for info in executors.get(offer.agent_id, ())])
            yield 2, OfferRow(offer.id, offer.framework_id, offer.agent_id, offer.role, offer.resources, ids)


class TaskWalk:
    """The tasks of all frameworks by the time of their first status.

    Tasks without one come first in ascending order, last in the other.

    Source: reference http-endpoints.md §2 (/tasks).
    """

    def __init__(self, state: MasterState, wanted: WantedTasks) -> None:
        self._wanted = wanted
        self._frameworks = [framework for framework, _ in _frameworks_of(state, wanted.framework_id)]
        self._rows = self._walk()

    def page(self) -> Page:
        """The next page."""
        return _page(self._rows)

    def _walk(self) -> Iterator[Costly]:
        wanted = self._wanted
        if wanted.task_id is not None:
            records = yield from self._named(wanted.task_id)
            records = islice(records, min(wanted.offset, maxsize), None)
        else:
            records = yield from self._listed()
        for record in islice(records, min(max(0, wanted.end - wanted.offset), maxsize)):
            yield 1, TaskRows("", (record,))

    def _named(self, task_id: str) -> Generator[Costly, None, Iterator[Task]]:
        """The tasks of that id: of each framework one at most is there, others ended."""
        found: list[Task] = []
        for framework in self._frameworks:
            yield 1 + framework.ended_count // TASKS_SORTED, None
            if (task := framework.tasks.get(task_id)) is not None:
                found.append(task.record)
            ended = (*framework.unreachable.values(), *framework.completed)
            found += [record for record in ended if record.task_id.value == task_id]
        found.sort(key=_first, reverse=not self._wanted.is_ascending)
        return iter(found)

    def _listed(self) -> Generator[Costly, None, Iterator[Task]]:
        """The tasks of all frameworks from the wanted offset on."""
        ascending, offset = self._wanted.is_ascending, self._wanted.offset
        waiting: list[Task] = []
        lines: list[Timeline | EndedLine] = []
        for framework in self._frameworks:
            ended = framework.ended_in_order()
            lines += (line for line in (framework.timeline, ended) if len(line))
            waiting += (task.record for task in framework.timeline.waiting())
            waiting += ended.bare
            yield 1 + framework.ended_count // TASKS_SORTED, None
        started = sum(map(len, lines))
        oldest = offset - len(waiting) if ascending else started - offset
        cuts = yield from cut(lines, max(0, oldest), last_first=not ascending)
        if ascending:
            return chain(waiting[offset:], _merged(lines, cuts, ascending))
        return chain(_merged(lines, cuts, ascending), waiting[max(0, offset - started) :])


def _merged(lines: list[Timeline | EndedLine], cuts: list[int], ascending: bool) -> Iterator[Task]:
    """Tasks of sorted lists: those from the cuts on, or those before them the other way round."""
    orders: list[Iterator[tuple[float, TaskEntry | Task]]] = [
        line.oldest_first(start) if ascending else line.newest_first(start)
        for line, start in zip(lines, cuts, strict=True)
    ]
    for _, task in merge(*orders, key=_time_of, reverse=not ascending):
        yield task if isinstance(task, Task) else task.record


def _first(record: Task) -> float:
    """Those without a status come before all others."""
    at_s = first_s(record.statuses)
    return -inf if at_s is None else at_s


def _time_of(entry: tuple[float, object]) -> float:
    return entry[0]


def _page(rows: Iterator[Costly], page_cost: int = PAGE_COST) -> Page:
    found: list[Row] = []
    cost = 0
    for each, row in rows:
        cost += each
        if row is not None:
            found.append(row)
        if cost >= page_cost:
            return Page(tuple(found), False)
    return Page(tuple(found), True)


def _agents_of(state: MasterState, wanted: Wanted) -> Kept[AgentEntry]:
    if not wanted.agents:
        return Kept(())
    if wanted.agent_id is not None:
        agent = state.agents.get(wanted.agent_id)
        return Kept((agent,) if agent is not None else ())
    most = len(state.agents)  # what is asked for may be beyond every index
    start = min(wanted.agents_from, most)
    end = most if wanted.agents_limit is None else min(wanted.agents_from + wanted.agents_limit, most)
    return Kept(islice(state.agents.values(), start, end))


def _frameworks_of(state: MasterState, framework_id: str | None) -> Iterator[tuple[FrameworkEntry, bool]]:
    """Frameworks that are registered, then those that ended; or only the one named."""
    for frameworks, is_completed in ((state.frameworks, False), (state.completed_frameworks, True)):
        for framework in frameworks.values():
            if framework_id in (None, framework.id):
                yield framework, is_completed


def agent_row(agent: AgentEntry) -> AgentRow:
    """What is seen of an agent now."""
    return AgentRow(
        agent.id,
        agent.pid,
        agent.info,
        agent.version,
        agent.capabilities,
        agent.total,
        agent.registered_s,
        agent.reregistered_s,
        agent.is_connected,
        tuple(agent.used.values()),
        tuple(offer.resources for offer in agent.offers.values()),
        tuple(agent.used),
        agent.flaps,
        len(agent.tasks),
        agent.disconnected_s,
    )


def framework_row(state: MasterState, framework: FrameworkEntry, is_completed: bool) -> FrameworkRow:
    """What is seen of a framework now, apart from its tasks and offers."""
    return FrameworkRow(
        framework.id,
        framework.info,
        framework.pid if framework.pid.name else None,
        framework.roles,
        framework.capabilities,
        framework.is_connected,
        framework.standing is Standing.RECOVERED,
        is_completed,
        framework.registered_s,
        framework.reregistered_s,
        framework.unregistered_s,
        _amounts(state.tally.framework_used.of(framework.id)),
        _amounts(state.tally.framework_offered.of(framework.id)),
        len(framework.tasks),
        framework.suppressed,
        framework.constraints,
        len(framework.unreachable) + len(framework.completed),
    )


def _amounts(total: ListedSum) -> Amounts:
    return Amounts(total.milli.copy(), tuple(total.lists.values()))
