"""Walks over the state of a master: everything, page by page, while the master goes on working.

Opening one copies references only; rows are made when their page is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import islice

from cluster.master.reading import (
    ACTIVE,
    COMPLETED,
    UNREACHABLE,
    AgentRow,
    Amounts,
    ExecutorRow,
    FrameworkRow,
    OfferRow,
    Page,
    Row,
    TaskRows,
    Wanted,
    WantedTasks,
)
from cluster.master.state import AgentEntry, FrameworkEntry, MasterState, Standing, TaskEntry
from cluster.master.tally import ListedSum
from cluster.master.timeline import first_s
from cluster.model import Task

#: How much one page costs, in what it costs a reader to write a task. A few milliseconds.
PAGE_COST = 400
AGENT_COST = 8
FRAMEWORK_COST = 8
#: Tasks in one row.
TASKS = 100

Costly = tuple[int, Row | None]


class StateWalk:
    """Agents, then frameworks, each followed by what it has."""

    def __init__(self, state: MasterState, wanted: Wanted) -> None:
        self._state = state
        self._wanted = wanted
        self._agents = _agents_of(state, wanted)
        executors = _executors_of(state) if wanted.frameworks and wanted.tasks else {}
        self._frameworks = [
            _Contents(framework, executors.get(framework.id, ()), is_completed, wanted.tasks)
            for framework, is_completed in (
                _frameworks_of(state, wanted.framework_id) if wanted.frameworks else ()
            )
        ]
        self._rows = self._walk()

    def page(self) -> Page:
        """The next page."""
        return _page(self._rows)

    def _walk(self) -> Iterator[Costly]:
        if not self._wanted.agents_last:
            yield from self._walk_agents()
        for contents in self._frameworks:
            yield FRAMEWORK_COST, framework_row(self._state, contents.framework, contents.is_completed)
            yield from contents.walk()
        if self._wanted.agents_last:
            yield from self._walk_agents()

    def _walk_agents(self) -> Iterator[Costly]:
        for agent in self._agents:
            yield AGENT_COST, agent_row(agent)


def begin(state: MasterState, wanted: Wanted | WantedTasks) -> StateWalk | TaskWalk:
    """Open a walk."""
    return StateWalk(state, wanted) if isinstance(wanted, Wanted) else TaskWalk(state, wanted)


class _Contents:
    """What a framework had when the walk was opened."""

    __slots__ = ("_completed", "_executors", "_offers", "_tasks", "_unreachable", "framework", "is_completed")

    def __init__(
        self,
        framework: FrameworkEntry,
        executors: tuple[ExecutorRow, ...],
        is_completed: bool,
        with_tasks: bool,
    ) -> None:
        self.framework = framework
        self.is_completed = is_completed
        self._executors = executors
        self._tasks: list[TaskEntry] = list(framework.tasks.values()) if with_tasks else []
        self._unreachable: list[Task] = list(framework.unreachable.values()) if with_tasks else []
        self._completed: list[Task] = list(framework.completed) if with_tasks else []
        self._offers = list(framework.offers.values()) if with_tasks else []

    def walk(self) -> Iterator[Costly]:
        """Its tasks, offers and executors."""
        for at in range(0, len(self._tasks), TASKS):
            records = tuple(task.record for task in self._tasks[at : at + TASKS])
            yield len(records), TaskRows(ACTIVE, records)
        for name, kept in ((UNREACHABLE, self._unreachable), (COMPLETED, self._completed)):
            for at in range(0, len(kept), TASKS):
                yield min(TASKS, len(kept) - at), TaskRows(name, tuple(kept[at : at + TASKS]))
        for offer in self._offers:
            yield 1, OfferRow(offer.id, offer.framework_id, offer.agent_id, offer.role, offer.resources)
        for executor in self._executors:
            yield 2, executor


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
        at = 0
        for record in self._in_order():
            if at >= wanted.end:
                return
            if wanted.task_id is not None and record.task_id.value != wanted.task_id:
                yield 1, None
                continue
            yield 1, TaskRows("", (record,)) if at >= wanted.offset else None
            at += 1

    def _in_order(self) -> Iterator[Task]:
        ascending = self._wanted.is_ascending
        if ascending:
            yield from self._waiting()
        orders = [order for framework in self._frameworks for order in _orders(framework, ascending)]
        for _, record in merge(*orders, key=_time_of, reverse=not ascending):
            yield record
        if not ascending:
            yield from self._waiting()

    def _waiting(self) -> Iterator[Task]:
        for framework in self._frameworks:
            for task in framework.timeline.waiting():
                if framework.has(task):
                    yield task.record
            for record in framework.ended_in_order():
                if not record.statuses:
                    yield record


def _orders(framework: FrameworkEntry, ascending: bool) -> tuple[Iterator[tuple[float, Task]], ...]:
    """The tasks that run and those that ended, each in order."""
    line = framework.timeline
    running = line.oldest_first() if ascending else line.newest_first()
    ended = framework.ended_in_order()
    return (
        ((at_s, task.record) for at_s, task in running),
        ((_first(record), record) for record in (ended if ascending else ended[::-1]) if record.statuses),
    )


def _first(record: Task) -> float:
    return first_s(record.statuses) or 0.0


def _time_of(entry: tuple[float, Task]) -> float:
    return entry[0]


def _page(rows: Iterator[Costly]) -> Page:
    found: list[Row] = []
    cost = 0
    for each, row in rows:
        cost += each
        if row is not None:
            found.append(row)
        if cost >= PAGE_COST:
            return Page(tuple(found), False)
    return Page(tuple(found), True)


def _agents_of(state: MasterState, wanted: Wanted) -> list[AgentEntry]:
    if not wanted.agents:
        return []
    if wanted.agent_id is not None:
        agent = state.agents.get(wanted.agent_id)
        return [agent] if agent is not None else []
    end = None if wanted.agents_limit is None else wanted.agents_from + wanted.agents_limit
    return list(islice(state.agents.values(), wanted.agents_from, end))


def _frameworks_of(state: MasterState, framework_id: str | None) -> Iterator[tuple[FrameworkEntry, bool]]:
    """Frameworks that are registered, then those that ended; or only the one named."""
    for frameworks, is_completed in ((state.frameworks, False), (state.completed_frameworks, True)):
        for framework in frameworks.values():
            if framework_id in (None, framework.id):
                yield framework, is_completed


def _executors_of(state: MasterState) -> dict[str, tuple[ExecutorRow, ...]]:
    found: dict[str, list[ExecutorRow]] = {}
    for agent in state.agents.values():
        for (framework_id, _), executor in agent.executors.items():
            found.setdefault(framework_id, []).append(ExecutorRow(agent.id, executor.info))
    return {framework_id: tuple(executors) for framework_id, executors in found.items()}


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
    )


def _amounts(total: ListedSum) -> Amounts:
    return Amounts(total.milli.copy(), tuple(total.lists.values()))
