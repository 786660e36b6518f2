"""Reading the whole state of a master without stopping it: questions, and the frozen rows of the answers.

A reader opens a walk and asks for one page after the other. Who is in it is settled when it is opened, so
that everybody is met once; what a page says of somebody is as of when that page was made. The walk itself
is touched by the master only: readers hold it and give it back.

These messages stay in the process, so they carry values as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from actors import PID
from cluster.master.away import AwayAgent
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    ExecutorID,
    ExecutorInfo,
    FrameworkInfo,
    MasterInfo,
    OfferConstraints,
    Resources,
    Task,
)

#: The lists of tasks of a framework.
ACTIVE, UNREACHABLE, COMPLETED = "tasks", "unreachable_tasks", "completed_tasks"
#: How much one page costs, in what it costs a reader to write a task. One or two milliseconds.
PAGE_COST = 400


# -- rows -------------------------------------------------------------------------------------


class Head(NamedTuple):
    """What a master says of itself. `_s`: seconds since the epoch."""

    info: MasterInfo
    pid: PID
    started_s: float
    elected_s: float
    active_agents: int
    inactive_agents: int
    unreachable_agents: int


class AgentRow(msgspec.Struct, frozen=True, gc=False):
    """A registered agent; `used` by framework, which `users` names in the same order, `offered` by offer.

    Readers keep thousands of them, which are no part of a cycle: the garbage collector need not see them.

    `flaps`: how often its connection was lost, and since when it is; `tasks`: how many it has.
    """

    id: str
    pid: PID
    info: AgentInfo
    version: str
    capabilities: tuple[AgentCapability, ...]
    total: Resources
    registered_s: float
    reregistered_s: float | None
    is_connected: bool
    used: tuple[Resources, ...]
    offered: tuple[Resources, ...]
    users: tuple[str, ...] = ()
    flaps: int = 0
    tasks: int = 0
    disconnected_s: float | None = None


class Amounts(NamedTuple):
    """A sum: thousandths by shown name, and the ranges and sets in it by agent."""

    milli: dict[str, int]
    lists: tuple[Resources, ...]


class FrameworkRow(NamedTuple):
    """A framework; its tasks, offers and executors follow it. `pid` None: it speaks HTTP, or is away."""

    id: str
    info: FrameworkInfo
    pid: PID | None
    roles: tuple[str, ...]
    capabilities: frozenset[Capability.Type]
    is_connected: bool
    is_recovered: bool
    is_completed: bool
    registered_s: float
    reregistered_s: float | None
    unregistered_s: float
    used: Amounts
    offered: Amounts
    tasks: int = 0
    suppressed: tuple[str, ...] = ()
    constraints: OfferConstraints | None = None
    ended_tasks: int = 0


class TaskRows(NamedTuple):
    """Some tasks of the framework before, of one of its lists."""

    list: str
    records: tuple[Task, ...]


class TaskTexts(NamedTuple):
    """The same as the JSON that the master keeps."""

    list: str
    texts: tuple[bytes, ...]


class OfferRow(NamedTuple):
    """An offer of the framework before; `executor_ids`: its custom executors on that agent."""

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources
    executor_ids: tuple[ExecutorID, ...] = ()


class ExecutorRow(NamedTuple):
    """A custom executor of the framework before."""

    agent_id: str
    info: ExecutorInfo


Row = AgentRow | FrameworkRow | TaskRows | TaskTexts | OfferRow | ExecutorRow


class RoleRow(NamedTuple):
    """A role: what it has itself, without what is below it; thousandths by name."""

    name: str
    weight: float
    used: dict[str, int]
    offered: dict[str, int]
    reserved: dict[str, int]
    reserved_used: dict[str, int]
    frameworks: tuple[str, ...]


# -- questions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the state to walk over, in this order. Agents may be cut: `agents_from`, `agents_limit`.

    An id limits the walk to one agent or framework. `page_cost`: how much one page is, in tasks. With `texts`
    tasks come as `TaskTexts` if they are kept as such.
    """

    agents: bool = False
    frameworks: bool = False
    tasks: bool = False
    agents_last: bool = False
    agent_id: str | None = None
    framework_id: str | None = None
    agents_from: int = 0
    agents_limit: int | None = None
    page_cost: int = PAGE_COST
    texts: bool = False


@dataclass(frozen=True, slots=True)
class WantedTasks:
    """Which tasks to list, by the time of their first status: from the `offset`-th to before the `end`-th."""

    offset: int = 0
    end: int = 100
    is_ascending: bool = False
    framework_id: str | None = None
    task_id: str | None = None


class Walk(Protocol):
    """A reading that has begun; only the master may call this."""

    def page(self) -> Page:
        """The next page."""


@dataclass(frozen=True, slots=True)
class OpenWalk:
    """Begin to read; answered with `WalkOpened`."""

    wanted: Wanted | WantedTasks


@dataclass(frozen=True, slots=True)
class WalkOpened:
    """A walk has begun."""

    head: Head
    walk: Walk


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Ask for the next page of a walk."""

    walk: Walk


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows. Empty pages occur before the last one."""

    rows: tuple[Row, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class GetAway:
    """Ask for the agents that the master has no more, or for the one with this id."""

    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Away:
    """The answer, all at once: they are values that the master keeps."""

    agents: tuple[AwayAgent, ...]


@dataclass(frozen=True, slots=True)
class GetRoles:
    """Ask for all roles."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Every role with frameworks, reservations or a weight, by name, without those only above others."""

    roles: tuple[RoleRow, ...]
    weights: tuple[tuple[str, float], ...]
