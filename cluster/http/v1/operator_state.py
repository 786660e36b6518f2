"""The large answers of the operator API, built up from the rows of a walk.

Source: reference http-endpoints.md §8 (GET_STATE and its parts, SUBSCRIBED).
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.http.v1 import operator_views as views
from cluster.http.v1.assemble import Elements, Fields, Nested, Part, Pieces, message
from cluster.master.reading import (
    ACTIVE,
    COMPLETED,
    UNREACHABLE,
    AgentRow,
    ExecutorRow,
    FrameworkRow,
    OfferRow,
    Row,
    TaskRows,
    TaskTexts,
    Wanted,
)
from cluster.model import Resources
from cluster.v1.codec import Codec
from cluster.v1.master import Event, Response

Type = Response.Type

#: A page is about 3 ms of work: protobuf takes five times as long to write as the JSON of /state.
PAGE_COST = 50
EVERYTHING = Wanted(agents=True, frameworks=True, tasks=True, page_cost=PAGE_COST)

#: What has to be read for each answer. Frameworks are shown with what they use on the agents.
WANTED: dict[Type, Wanted] = {
    Type.GET_AGENTS: Wanted(agents=True, page_cost=PAGE_COST),
    Type.GET_FRAMEWORKS: EVERYTHING,
    Type.GET_EXECUTORS: Wanted(frameworks=True, tasks=True, page_cost=PAGE_COST),
    Type.GET_TASKS: Wanted(frameworks=True, tasks=True, page_cost=PAGE_COST),
    Type.GET_STATE: EVERYTHING,
}

_STATE_PARTS = (Type.GET_TASKS, Type.GET_EXECUTORS, Type.GET_FRAMEWORKS, Type.GET_AGENTS)


class StatePicture:
    """Takes rows in the order of a walk over everything wanted; `kinds` are the answers it can give."""

    def __init__(self, codec: Codec, kinds: Iterable[Type]) -> None:
        self._codec = codec
        self._kinds = frozenset(kinds)
        tasks = Response.GetTasks.NUMBERS
        self._tasks = {name: Elements(name, tasks[name], codec) for name in (ACTIVE, UNREACHABLE, COMPLETED)}
        executors = Response.GetExecutors.NUMBERS
        self._executors = Elements("executors", executors["executors"], codec)
        agents = Response.GetAgents.NUMBERS
        self._agents = Elements("agents", agents["agents"], codec)
        self._recovered = Elements("recovered_agents", agents["recovered_agents"], codec)
        frameworks = Response.GetFrameworks.NUMBERS
        self._frameworks = Elements("frameworks", frameworks["frameworks"], codec)
        self._completed = Elements("completed_frameworks", frameworks["completed_frameworks"], codec)
        self._homes: dict[str, views.Home] = {}
        self._used: dict[str, Resources] = {}
        self._open: _OpenFramework | None = None

    def add(self, rows: Iterable[Row]) -> None:
        """Take the next rows."""
        agents: list[AgentRow] = []
        for row in rows:
            match row:
                case AgentRow():
                    agents.append(row)
                case FrameworkRow():
                    self._add_agents(agents)  # first, as frameworks are shown with what they have there
                    agents = []
                    self._close()
                    self._open = _OpenFramework(row, self._codec)
                case TaskRows():
                    if self._shows(Type.GET_TASKS):
                        self._tasks[row.list].add(row.records)
                case TaskTexts():
                    raise AssertionError("only records are asked for")
                case OfferRow():
                    assert self._open is not None
                    if self._shows(Type.GET_FRAMEWORKS):
                        self._open.offer(row, self._homes[row.agent_id])
                case ExecutorRow():
                    if self._shows(Type.GET_EXECUTORS):
                        self._executors.add((views.executor(row),))
        self._add_agents(agents)

    def _shows(self, kind: Type) -> bool:
        return kind in self._kinds or Type.GET_STATE in self._kinds

    def _add_agents(self, rows: list[AgentRow]) -> None:
        if self._shows(Type.GET_AGENTS):
            self._agents.add(map(views.agent, rows))
        if self._shows(Type.GET_FRAMEWORKS):
            for row in rows:
                self._homes[row.id] = views.Home(row.info, row.pid)
                for user, used in zip(row.users, row.used, strict=True):
                    self._used[user] = self._used.get(user, Resources.EMPTY) + used

    def _close(self) -> None:
        """The framework that was met last is complete."""
        entry, self._open = self._open, None
        if entry is None:
            return
        if self._shows(Type.GET_FRAMEWORKS):
            used = self._used.get(entry.row.id, Resources.EMPTY)
            fields = Fields(views.framework(entry.row, used, entry.offered), self._codec)
            shown = self._completed if entry.row.is_completed else self._frameworks
            shown.add_message((fields, entry.offers) if entry.offers else (fields,))

    # -- what came of it ----------------------------------------------------------------------

    def response(self, kind: Type) -> Pieces:
        """An answer, when all rows are in."""
        self._close()
        return message([Fields(Response(type=kind), self._codec), self._answer(kind)], self._codec)

    def subscribed(self, heartbeat_s: float) -> Pieces:
        """The first event of a subscription."""
        self._close()
        interval = Fields(Event.Subscribed(heartbeat_interval_seconds=heartbeat_s), self._codec)
        state = Nested("get_state", Event.Subscribed.NUMBERS["get_state"], self._parts(Type.GET_STATE))
        member = Nested("subscribed", Event.NUMBERS["subscribed"], [state, interval])
        return message([Fields(Event(type=Event.Type.SUBSCRIBED), self._codec), member], self._codec)

    def _answer(self, kind: Type) -> Part:
        name = kind.value.lower()
        return Nested(name, Response.NUMBERS[name], self._parts(kind))

    def _parts(self, kind: Type) -> tuple[Part, ...]:
        match kind:
            case Type.GET_TASKS:
                return tuple(self._tasks.values())
            case Type.GET_EXECUTORS:
                return (self._executors,)
            case Type.GET_FRAMEWORKS:
                return self._frameworks, self._completed
            case Type.GET_AGENTS:
                return self._agents, self._recovered
            case _:
                assert kind is Type.GET_STATE
                names = Response.GetState.NUMBERS
                return tuple(
                    Nested(part.value.lower(), names[part.value.lower()], self._parts(part))
                    for part in _STATE_PARTS
                )


class _OpenFramework:
    """A framework whose offers are still coming: of idle agents it may have very many."""

    __slots__ = ("offered", "offers", "row")

    def __init__(self, row: FrameworkRow, codec: Codec) -> None:
        self.row = row
        self.offers = Elements("offers", Response.GetFrameworks.Framework.NUMBERS["offers"], codec)
        self.offered = Resources.EMPTY

    def offer(self, row: OfferRow, home: views.Home) -> None:
        """One more offer, of resources of the agent `home`."""
        self.offers.add((views.offer(row, home),))
        self.offered = self.offered + row.resources
