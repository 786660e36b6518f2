"""/state, /state-summary, /slaves, /frameworks of the master: walks over everything, written as they go.

Source: reference http-endpoints.md §3.1 to §3.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec
from aiohttp import web

from actors import PID, Runtime, Timer
from cluster.http.answers import encode_each, encode_json, encode_lines
from cluster.http.endpoints.render_agents import agent_view, full_agent_view
from cluster.http.endpoints.render_frameworks import executor_view, framework_view, offer_view
from cluster.http.endpoints.render_tasks import task_views
from cluster.http.endpoints.walk_master import MasterWalk
from cluster.http.endpoints.write_lists import ListWriter, opened
from cluster.http.fragments import Fragments
from cluster.http.process import version_fields
from cluster.http.queries import slice_of, text_of
from cluster.http.reads import streamed
from cluster.http.router import Endpoint
from cluster.http.rows import Rows
from cluster.http.shared import Shared
from cluster.master.reading import (
    PAGE_COST,
    AgentRow,
    ExecutorRow,
    FrameworkRow,
    Head,
    OfferRow,
    Row,
    TaskRows,
    TaskTexts,
    Wanted,
)
from cluster.model import Task, TaskState

#: What was rendered is kept for as long as somebody looks at least this often.
KEPT_S = 600.0
#: Agents with their resources in full are written in small portions: one takes as long as 15 tasks.
FULL_PAGE_COST = PAGE_COST // 4
EVERY_FRAMEWORK = Wanted(frameworks=True, tasks=True, texts=True)
#: The lists of a framework, in the order in which a walk gives them.
FRAMEWORK_LISTS = ("tasks", "unreachable_tasks", "completed_tasks", "offers", "executors")
#: The states that a summary counts.
COUNTED = tuple(
    state
    for state in TaskState
    if state.value.removeprefix("TASK_") not in ("DROPPED", "GONE", "GONE_BY_OPERATOR", "UNKNOWN")
)


class FrameworkWriter:
    """Writes frameworks with their lists."""

    def __init__(self, tasks: Rows[Task], here: str) -> None:
        self._tasks = tasks
        self._here = here
        self._lists: ListWriter | None = None
        self._framework_id = ""

    def row(self, row: Row) -> Iterator[bytes]:
        """What a row of a walk adds; a framework ends where the next one begins."""
        match row:
            case FrameworkRow():
                yield from self.end()
                self._lists = ListWriter(*FRAMEWORK_LISTS)
                self._framework_id = row.id
                yield opened(encode_json(framework_view(row, self._here)))
            case TaskRows() if self._lists is not None:
                yield self._lists.text(row.list, self._tasks.meet(row.records))
            case TaskTexts() if self._lists is not None:
                yield self._lists.items(row.list, row.texts)
            case OfferRow() if self._lists is not None:
                yield self._lists.items("offers", [encode_json(offer_view(row))])
            case ExecutorRow() if self._lists is not None:
                view = executor_view(self._framework_id, row)
                yield self._lists.items("executors", [encode_json(view)])

    def end(self) -> Iterator[bytes]:
        """The end of the last framework."""
        if self._lists is not None:
            yield self._lists.end() + b"}"
            self._lists = None


class FrameworkLists:
    """Frameworks in two lists, those that are there and those that ended, with a comma between two."""

    def __init__(self, tasks: Rows[Task], here: str) -> None:
        self._writer = FrameworkWriter(tasks, here)
        self._lists = ListWriter("frameworks", "completed_frameworks")
        self._name = "frameworks"

    def row(self, row: Row) -> Iterator[bytes]:
        """What a row adds."""
        if isinstance(row, FrameworkRow):
            yield from self._writer.end()
            name = "completed_frameworks" if row.is_completed else "frameworks"
            parts = self._writer.row(row)
            yield self._lists.items(name, [next(parts)])
            yield from parts
        else:
            yield from self._writer.row(row)

    def end(self) -> bytes:
        """The end of both lists."""
        return b"".join(self._writer.end()) + self._lists.end()


class MasterState:
    """The endpoints that walk over the state of one master."""

    def __init__(self, runtime: Runtime, master: PID, flags: Mapping[str, str]) -> None:
        self._runtime = runtime
        self._master = master
        self._walk = MasterWalk(runtime, master)
        self._flags = dict(flags)
        self._tasks = Rows[Task](_write_tasks)
        self._agents = Fragments[AgentRow](_agent_id, _render_agents)
        self._full_agents = Fragments[AgentRow](_agent_id, _render_full_agents)
        self._shared: dict[str, Shared] = {
            "state": Shared(self._state, self._hit),
            "summary": Shared(self._summary, self._hit),
            "frameworks": Shared(partial(self._frameworks_of, EVERY_FRAMEWORK), self._hit),
        }
        self._forget: Timer | None = None

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "state": Endpoint(self._show_state, methods=None),
            "state-summary": Endpoint(self._show_summary, methods=None),
            "slaves": Endpoint(self._show_agents, methods=None),
            "frameworks": Endpoint(self._show_frameworks, methods=None),
        }

    def _hit(self) -> None:
        self._runtime.metrics.count("master/http_cache_hits")

    # -- /state -------------------------------------------------------------------------------

    async def _show_state(self, request: web.BaseRequest) -> web.StreamResponse:
        return await streamed(request, self._shared["state"].join())

    async def _state(self) -> AsyncIterator[bytes]:
        head, pages = await self._walk.begin(Wanted(agents=True, frameworks=True, tasks=True, texts=True))
        yield opened(encode_json(self._head(head)))
        agents = ListWriter("slaves", "recovered_slaves")
        frameworks = FrameworkLists(self._tasks, self._master.address)
        is_among_agents = True
        async for rows in pages:
            among_agents = [row for row in rows if isinstance(row, AgentRow)]
            parts = [agents.items("slaves", self._agents.meet(among_agents))]
            for row in rows[len(among_agents) :]:
                if is_among_agents:
                    parts.append(agents.end())
                    is_among_agents = False
                parts += frameworks.row(row)
            yield b"".join(parts)
        if is_among_agents:
            yield agents.end()
        yield frameworks.end() + b',"orphan_tasks":[],"unregistered_frameworks":[]}'
        self._tasks.turn()
        self._agents.turn()
        self._keep()

    def _keep(self) -> None:
        """Forget what was rendered when nobody reads for a while."""
        if self._forget is not None:
            self._forget.cancel()
        self._forget = self._runtime.clock.call_later(KEPT_S, self._drop)

    def _drop(self) -> None:
        self._tasks.drop()
        self._agents.drop()
        self._full_agents.drop()

    def _head(self, head: Head) -> dict[str, object]:
        info = head.info
        pid = str(head.pid)
        shown: dict[str, object] = {
            **version_fields(),
            "start_time": head.started_s,
            "elected_time": head.elected_s,
            "id": info.id,
            "pid": pid,
            "hostname": info.hostname,
            "capabilities": [c.type.value for c in info.capabilities if c.type is not None],
            "activated_slaves": float(head.active_agents),
            "deactivated_slaves": float(head.inactive_agents),
            "unreachable_slaves": float(head.unreachable_agents),
            "leader": pid,
            "leader_info": {"id": info.id, "pid": pid, "port": info.port, "hostname": info.hostname},
            "flags": self._flags,
        }
        for name in ("cluster", "log_dir", "external_log_file"):
            if (value := self._flags.get(name)) is not None:
                shown[name] = value
        return shown

    # -- /state-summary -----------------------------------------------------------------------

    async def _show_summary(self, request: web.BaseRequest) -> web.StreamResponse:
        return await streamed(request, self._shared["summary"].join())

    async def _summary(self) -> AsyncIterator[bytes]:
        """Frameworks first: who runs what is known when they are through, and shown with the agents."""
        wanted = Wanted(agents=True, frameworks=True, tasks=True, agents_last=True)
        head, pages = await self._walk.begin(wanted)
        fields: dict[str, object] = {"hostname": head.info.hostname}
        if (cluster := self._flags.get("cluster")) is not None:
            fields["cluster"] = cluster
        yield opened(encode_json(fields))
        summary = Summary(self._master.address)
        lists = ListWriter("frameworks", "slaves")
        async for rows in pages:
            parts: list[bytes] = []
            for row in rows:
                if (framework := summary.framework(row)) is not None:
                    parts.append(lists.items("frameworks", [framework]))
                if isinstance(row, AgentRow):
                    parts.append(lists.items("slaves", [summary.agent(row)]))
            yield b"".join(parts)
        last = summary.framework(None)
        yield (lists.items("frameworks", [last]) if last else b"") + lists.end() + b"}"

    # -- /slaves, /frameworks -----------------------------------------------------------------

    async def _show_agents(self, request: web.BaseRequest) -> web.StreamResponse:
        part = slice_of(request, limit=None)
        wanted = Wanted(
            agents=True,
            agent_id=text_of(request, "slave_id"),
            agents_from=part.offset,
            agents_limit=part.limit,
            page_cost=FULL_PAGE_COST,
        )
        return await streamed(request, Shared(lambda: self._agents_of(wanted), self._hit).join())

    async def _agents_of(self, wanted: Wanted) -> AsyncIterator[bytes]:
        _, pages = await self._walk.begin(wanted)
        yield b'{"slaves":['
        comma = b""
        async for rows in pages:
            agents = self._full_agents.look([row for row in rows if isinstance(row, AgentRow)])
            if agents:
                yield comma + b",".join(agents)
                comma = b","
        yield b'],"recovered_slaves":[]}'
        self._keep()

    async def _show_frameworks(self, request: web.BaseRequest) -> web.StreamResponse:
        framework_id = text_of(request, "framework_id")
        if framework_id is None:
            return await streamed(request, self._shared["frameworks"].join())
        wanted = replace(EVERY_FRAMEWORK, framework_id=framework_id)
        return await streamed(request, Shared(lambda: self._frameworks_of(wanted), self._hit).join())

    async def _frameworks_of(self, wanted: Wanted) -> AsyncIterator[bytes]:
        _, pages = await self._walk.begin(wanted)
        lists = FrameworkLists(Rows[Task](_write_tasks), self._master.address)
        yield b'{"unregistered_frameworks":[]'
        async for rows in pages:
            yield b"".join(part for row in rows for part in lists.row(row))
        yield lists.end() + b"}"


class Summary:
    """Counts tasks while a walk goes over them."""

    def __init__(self, here: str) -> None:
        self._here = here
        self._open: FrameworkRow | None = None
        self._states: Counter[TaskState] = Counter()
        self._agents: dict[str, None] = {}
        self._by_agent: dict[str, Counter[TaskState]] = {}
        self._frameworks_on: dict[str, dict[str, None]] = {}

    def framework(self, row: Row | None) -> bytes | None:
        """Take a row; a framework that is over, if one is."""
        match row:
            case TaskRows() if self._open is not None:
                for record in row.records:
                    self._count(self._open.id, record)
                return None
            case OfferRow() | ExecutorRow() | TaskRows() | TaskTexts():
                return None
            case FrameworkRow() | AgentRow() | None:
                done = self._written()
                registered = isinstance(row, FrameworkRow) and not row.is_completed
                self._open = row if registered and isinstance(row, FrameworkRow) else None
                return done

    def _count(self, framework_id: str, record: Task) -> None:
        agent_id = record.agent_id.value
        self._states[record.state] += 1
        self._agents[agent_id] = None
        counter = self._by_agent.get(agent_id)
        if counter is None:
            counter = self._by_agent[agent_id] = Counter()
        counter[record.state] += 1
        self._frameworks_on.setdefault(agent_id, {})[framework_id] = None

    def _written(self) -> bytes | None:
        row, self._open = self._open, None
        if row is None:
            return None
        view = framework_view(row, self._here)
        fields: dict[str, object] = {name: getattr(view, name) for name in SUMMARY_FIELDS}
        if view.pid is not msgspec.UNSET:
            fields["pid"] = view.pid
        fields |= _counts(self._states)
        fields["slave_ids"] = list(self._agents)
        self._states, self._agents = Counter(), {}
        return encode_json(fields)

    def agent(self, row: AgentRow) -> bytes:
        """An agent with its counts."""
        fields = msgspec.structs.asdict(agent_view(row)) | _counts(self._by_agent.get(row.id, Counter()))
        fields["framework_ids"] = list(self._frameworks_on.get(row.id, ()))
        return encode_json({name: value for name, value in fields.items() if value is not msgspec.UNSET})


#: What a summary tells of a framework besides its counts.
SUMMARY_FIELDS = (
    "id", "name", "used_resources", "offered_resources", "capabilities", "hostname", "webui_url", "active",
    "connected", "recovered",
)  # fmt: skip


def _counts(states: Counter[TaskState]) -> dict[str, int]:
    return {state.value: states[state] for state in COUNTED}


def _agent_id(row: AgentRow) -> str:
    return row.id


def _write_tasks(tasks: Sequence[Task]) -> bytes:
    """All of one framework."""
    return encode_lines(task_views(tasks, tasks[0].framework_id.value))


def _render_full_agents(rows: list[AgentRow]) -> list[bytes]:
    return encode_each([full_agent_view(row) for row in rows])


def _render_agents(rows: list[AgentRow]) -> list[bytes]:
    return encode_each([agent_view(row) for row in rows])
