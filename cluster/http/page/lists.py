"""Lists of the web page: searched, sorted and cut on the server, read in short steps.

    /page/agents      sort: id, hostname, registered, state, flaps, tasks, since   also: state=
    /page/frameworks  sort: id, name, registered, state, tasks   also: state=, role=
    /page/tasks       sort: id, name, state, started, updated
                      also: state= (several with commas), framework_id=, agent_id=, list=

All take `search` (part of an id, a name or a hostname, in any case of letters; of a task also of its
state, agent or framework, from three letters on), `order` (`asc`, which is
the default, or `desc`), `offset` (0 to 400000) and `limit` (0 to 1000). `list` is `tasks`,
`unreachable_tasks` or `completed_tasks`. The answer has the part that was asked for, and in `total` how many
were found. Agents are those that are registered; those that are not any more are listed by asking for the
state `unreachable`, `gone` or `left`, or for `away`, which is all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from actors import PID, Runtime
from cluster.http.answers import BadRequest
from cluster.http.endpoints.render_agents import attributes
from cluster.http.endpoints.render_amounts import number, of_list, of_resources
from cluster.http.endpoints.walk_master import ANSWER_S, MasterWalk
from cluster.http.page import away
from cluster.http.page.best import Best, Entry
from cluster.http.queries import text_of
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.http.shared import let_others
from cluster.master.reading import (
    ACTIVE,
    COMPLETED,
    UNREACHABLE,
    AgentRow,
    Away,
    FrameworkRow,
    GetAway,
    Row,
    TaskRows,
    Wanted,
    WantedTasks,
)
from cluster.model import Task, TaskState, is_terminal

#: Entries in one answer.
MOST_SHOWN = 1000
#: Entries of an answer that are written at once: a millisecond or two.
WRITTEN = 200
#: The states of agents that are registered.
CONNECTED, DISCONNECTED = "connected", "disconnected"
#: From how many letters on tasks are found by their state, agent or framework.
WIDE = 3
#: How deep one can page: as deep as browsers can scroll.
MOST_SKIPPED = 400_000


class PageLists:
    """The lists of one master."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        self._runtime = runtime
        self._master = master
        self._walk = MasterWalk(runtime, master)

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "page/agents": Endpoint(self._agents),
            "page/frameworks": Endpoint(self._frameworks),
            "page/tasks": Endpoint(self._tasks),
        }

    async def _agents(self, request: web.BaseRequest) -> web.Response:
        query = Query.of(request, AGENT_KEYS)
        state = text_of(request, "state")
        if state in away.STATES:
            return await self._away_agents(request, query, state)
        if state not in (None, CONNECTED, DISCONNECTED):
            known = ", ".join((CONNECTED, DISCONNECTED, *away.STATES))
            raise BadRequest(f"query parameter 'state': expected one of {known}, got {state[:50]!r}")

        def entries(row: Row) -> Iterator[Entry]:
            if not isinstance(row, AgentRow) or state not in (None, _agent_state(row)):
                return
            if query.fits(row.id, row.info.hostname, str(row.pid)):
                yield Entry((AGENT_KEYS[query.sort](row), row.id), row)

        return await self._answer(request, query, Wanted(agents=True), entries, agent_view)

    async def _away_agents(self, request: web.BaseRequest, query: Query, state: str) -> web.Response:
        """Those that the master has no more."""
        known: Away = await self._runtime.ask(self._master, GetAway(), ANSWER_S)
        best = Best(query.offset, query.limit, is_descending=query.is_descending)
        for start in range(0, len(known.agents), MOST_SHOWN):
            best.add(
                Entry((away.KEYS[query.sort](agent), agent.id), agent)
                for agent in known.agents[start : start + MOST_SHOWN]
                if state in (away.ALL, agent.absence.value)
                and query.fits(agent.id, agent.hostname, agent.pid, agent.why)
            )
            await let_others()
        return await _answered(request, best, away.view)

    async def _frameworks(self, request: web.BaseRequest) -> web.Response:
        query = Query.of(request, FRAMEWORK_KEYS)
        state, role = text_of(request, "state"), text_of(request, "role")

        def entries(row: Row) -> Iterator[Entry]:
            if not isinstance(row, FrameworkRow) or state not in (None, _framework_state(row)):
                return
            if (role is None or role in row.roles) and query.fits(row.id, row.info.name, row.info.user):
                yield Entry((FRAMEWORK_KEYS[query.sort](row), row.id), row)

        return await self._answer(request, query, Wanted(frameworks=True), entries, framework_view)

    async def _tasks(self, request: web.BaseRequest) -> web.Response:
        query = Query.of(request, TASK_KEYS)
        states, agent_id = _states_of(request), text_of(request, "agent_id")
        lists = _lists_of(request)
        framework_id = text_of(request, "framework_id")
        if not (states or agent_id or query.search) and query.sort == "started" and len(lists) == 3:
            return await self._newest_tasks(request, query, framework_id)
        has_framework = False  # whether the framework whose tasks come is what is searched for

        def entries(row: Row) -> Iterator[Entry]:
            nonlocal has_framework
            if isinstance(row, FrameworkRow):
                has_framework = query.fits_wider(row.id, row.info.name)
            if not isinstance(row, TaskRows) or row.list not in lists:
                return
            for record in row.records:
                if states and record.state not in states:
                    continue
                if agent_id not in (None, record.agent_id.value):
                    continue
                if (
                    has_framework
                    or query.fits(record.task_id.value, record.name)
                    or query.fits_wider(record.state.value[len("TASK_") :], record.agent_id.value)
                ):
                    key = TASK_KEYS[query.sort](record), record.task_id.value
                    yield Entry(key, FoundTask(record, row.list))

        wanted = Wanted(frameworks=True, tasks=True, framework_id=framework_id)
        return await self._answer(request, query, wanted, entries, _found_task)

    async def _newest_tasks(
        self, request: web.BaseRequest, query: Query, framework_id: str | None
    ) -> web.Response:
        """All tasks in the order that the master keeps them in: only what is shown has to be looked at."""
        total = 0
        _, pages = await self._walk.begin(Wanted(frameworks=True, framework_id=framework_id))
        async for rows in pages:
            total += sum(row.tasks + row.ended_tasks for row in rows if isinstance(row, FrameworkRow))
        wanted = WantedTasks(
            query.offset, query.offset + query.limit, not query.is_descending, framework_id=framework_id
        )
        found: list[Mapping[str, object]] = []
        _, pages = await self._walk.begin(wanted)
        async for rows in pages:
            records = (record for row in rows if isinstance(row, TaskRows) for record in row.records)
            found += [task_view(record, _standing(record)) for record in records]
        return shown(request, {"found": found, "total": total})

    async def _answer(
        self,
        request: web.BaseRequest,
        query: Query,
        wanted: Wanted,
        entries: Callable[[Row], Iterator[Entry]],
        view: Callable[[Any], Mapping[str, object]],
    ) -> web.Response:
        best = Best(query.offset, query.limit, is_descending=query.is_descending)
        _, pages = await self._walk.begin(wanted)
        async for rows in pages:
            for row in rows:
                best.add(entries(row))
        return await _answered(request, best, view)


async def _answered(
    request: web.BaseRequest, best: Best, view: Callable[[Any], Mapping[str, object]]
) -> web.Response:
    """What was found, as others see it."""
    for _ in best.steps():
        await let_others()
    found: list[Mapping[str, object]] = []
    for start in range(0, len(best.found), WRITTEN):
        found += map(view, best.found[start : start + WRITTEN])
        await let_others()
    return shown(request, {"found": found, "total": best.total})


@dataclass(frozen=True, slots=True)
class Query:
    """What all lists understand."""

    search: str
    sort: str
    is_descending: bool
    offset: int
    limit: int

    @staticmethod
    def of(request: web.BaseRequest, sorts: Mapping[str, object]) -> Query:
        """The query of a request; the first of `sorts` is the usual one.

        Raises:
            BadRequest: a parameter is not understood.
        """
        sort = text_of(request, "sort") or next(iter(sorts))
        if sort not in sorts:
            raise BadRequest(f"query parameter 'sort': expected one of {', '.join(sorts)}, got {sort[:50]!r}")
        order = text_of(request, "order") or "asc"
        if order not in ("asc", "desc"):
            raise BadRequest(f"query parameter 'order': expected asc or desc, got {order[:50]!r}")
        return Query(
            (text_of(request, "search") or "").casefold(),
            sort,
            order == "desc",
            _number(request, "offset", 0, MOST_SKIPPED),
            _number(request, "limit", 100, MOST_SHOWN),
        )

    def fits(self, *texts: str) -> bool:
        """Whether what is searched for is part of one of these."""
        return not self.search or any(self.search in text.casefold() for text in texts)

    def fits_wider(self, *texts: str) -> bool:
        """The same for what many have in common: a letter or two would find everything."""
        return len(self.search) >= WIDE and any(self.search in text.casefold() for text in texts)


def _number(request: web.BaseRequest, name: str, default: int, most: int) -> int:
    text = text_of(request, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise BadRequest(f"query parameter {name!r}: expected 0 to {most}, got {text[:50]!r}")
    return int(text)


def _states_of(request: web.BaseRequest) -> frozenset[TaskState]:
    """One state or several, with commas between them; none are all."""
    text = text_of(request, "state")
    if text is None:
        return frozenset()
    try:
        return frozenset(map(TaskState, text.split(",")))
    except ValueError:
        raise BadRequest(f"query parameter 'state': {text[:50]!r} is no state of a task") from None


def _lists_of(request: web.BaseRequest) -> tuple[str, ...]:
    text = text_of(request, "list")
    if text is None:
        return ACTIVE, UNREACHABLE, COMPLETED
    if text not in (ACTIVE, UNREACHABLE, COMPLETED):
        raise BadRequest(
            f"query parameter 'list': expected {ACTIVE}, {UNREACHABLE} or {COMPLETED}, got {text[:50]!r}"
        )
    return (text,)


# -- what is shown, and sorted by -----------------------------------------------------------------


def _agent_state(row: AgentRow) -> str:
    return CONNECTED if row.is_connected else DISCONNECTED


def agent_view(row: AgentRow) -> Mapping[str, object]:
    """An agent in a list."""
    return {
        "id": row.id,
        "hostname": row.info.hostname,
        "pid": str(row.pid),
        "state": _agent_state(row),
        "version": row.version,
        "registered_s": row.registered_s,
        "reregistered_s": row.reregistered_s,
        "total": of_resources(row.total),
        "used": of_resources(*row.used),
        "offered": of_resources(*row.offered),
        "frameworks": row.users,
        "flaps": row.flaps,
        "disconnected_s": row.disconnected_s,
        "tasks": row.tasks,
        "attributes": attributes(row.info.attributes),
    }


def _framework_state(row: FrameworkRow) -> str:
    if row.is_completed:
        return "completed"
    if row.is_recovered:
        return "recovered"
    return "active" if row.is_connected else "inactive"


def framework_view(row: FrameworkRow) -> Mapping[str, object]:
    """A framework in a list."""
    return {
        "id": row.id,
        "name": row.info.name,
        "user": row.info.user,
        "roles": row.roles,
        "state": _framework_state(row),
        "webui_url": row.info.webui_url,
        "principal": row.info.principal,
        "checkpoint": row.info.checkpoint,
        "failover_timeout_s": number(row.info.failover_timeout),
        "capabilities": sorted(kind.value for kind in row.capabilities),
        "tasks": row.tasks,
        "registered_s": row.registered_s,
        "reregistered_s": row.reregistered_s,
        "unregistered_s": row.unregistered_s or None,
        "used": {name: milli / 1000 for name, milli in row.used.milli.items()},
        "offered": {name: milli / 1000 for name, milli in row.offered.milli.items()},
    }


class FoundTask(msgspec.Struct, frozen=True, gc=False):
    """A task, and the list of its framework that it is in. Kept by the hundred thousand, like entries."""

    record: Task
    standing: str


def _found_task(found: FoundTask) -> Mapping[str, object]:
    return task_view(found.record, found.standing)


def _standing(record: Task) -> str:
    """The list that a task is in, by its state."""
    if record.state is TaskState.TASK_UNREACHABLE:
        return UNREACHABLE
    return COMPLETED if is_terminal(record.state) else ACTIVE


def task_view(record: Task, standing: str) -> Mapping[str, object]:
    """A task in a list; `standing` is the list of the framework that it is in."""
    last = record.statuses[-1] if record.statuses else None
    return {
        "id": record.task_id.value,
        "name": record.name,
        "framework_id": record.framework_id.value,
        "agent_id": record.agent_id.value,
        "executor_id": record.executor_id.value if record.executor_id is not None else None,
        "list": standing,
        "state": record.state.value,
        "started_s": _started(record) or None,
        "updated_s": _updated(record) or None,
        "reason": last.reason.value if last is not None and last.reason is not None else None,
        "message": last.message if last is not None else None,
        "healthy": last.healthy if last is not None else None,
        "resources": of_list(record.resources),
    }


def _started(record: Task) -> float:
    return (record.statuses[0].timestamp or 0.0) if record.statuses else 0.0


def _updated(record: Task) -> float:
    return (record.statuses[-1].timestamp or 0.0) if record.statuses else 0.0


AGENT_KEYS: Mapping[str, Callable[[AgentRow], object]] = {
    "id": lambda row: row.id,
    "hostname": lambda row: row.info.hostname,
    "registered": lambda row: row.registered_s,
    "state": _agent_state,
    "flaps": lambda row: row.flaps,
    "tasks": lambda row: row.tasks,
    "since": lambda row: row.disconnected_s or row.registered_s,
}
FRAMEWORK_KEYS: Mapping[str, Callable[[FrameworkRow], object]] = {
    "id": lambda row: row.id,
    "name": lambda row: row.info.name,
    "registered": lambda row: row.registered_s,
    "state": _framework_state,
    "tasks": lambda row: row.tasks,
}
TASK_KEYS: Mapping[str, Callable[[Task], object]] = {
    "id": lambda record: record.task_id.value,
    "name": lambda record: record.name,
    "state": lambda record: record.state.value,
    "started": _started,
    "updated": _updated,
}
