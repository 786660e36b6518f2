"""People and tools to the master: questions asked of the actor `master`, a page at a time."""

from __future__ import annotations

from actors import Message, message
from cluster.model import Task

#: Most entries one answer carries.
PAGE = 1000


@message("operator.GetAgents")
class GetAgents(Message, frozen=True):
    """List agents by id, from the one after `after`."""

    after: str = ""
    limit: int = 100


class AgentView(Message, frozen=True):
    """An agent. Resources are in the text form; `used` and `offered` without allocations."""

    id: str
    pid: str
    hostname: str
    version: str
    is_connected: bool
    registered_s: float
    total: str
    used: str
    offered: str
    tasks: int


@message("operator.Agents")
class Agents(Message, frozen=True):
    """A page of agents; `unreachable` counts those given up."""

    agents: tuple[AgentView, ...]
    unreachable: int
    is_last: bool


@message("operator.GetFrameworks")
class GetFrameworks(Message, frozen=True):
    """List frameworks by id, from the one after `after`; the ended ones instead if `completed`."""

    after: str = ""
    limit: int = 100
    completed: bool = False


class FrameworkView(Message, frozen=True):
    """A framework. `standing` is connected, disconnected, recovered or completed."""

    id: str
    name: str
    user: str
    roles: tuple[str, ...]
    standing: str
    registered_s: float
    used: str
    offered: str
    tasks: dict[str, int]  # by state


@message("operator.Frameworks")
class Frameworks(Message, frozen=True):
    """A page of frameworks."""

    frameworks: tuple[FrameworkView, ...]
    is_last: bool


@message("operator.GetTasks")
class GetTasks(Message, frozen=True):
    """List the tasks of a framework by id, from the one after `after`: active or ended ones."""

    framework_id: str
    after: str = ""
    limit: int = 100
    completed: bool = False


@message("operator.Tasks")
class Tasks(Message, frozen=True):
    """A page of tasks."""

    tasks: tuple[Task, ...]
    is_last: bool


@message("operator.GetShares")
class GetShares(Message, frozen=True):
    """Who holds which share of the cluster now."""


class FrameworkShareView(Message, frozen=True):
    """A framework in a role: dominant share (0 to 1) and the resource it is of."""

    framework_id: str
    share: float
    dominant: str


class RoleShareView(Message, frozen=True):
    """A role, its dominant share, weight, and frameworks."""

    role: str
    share: float
    dominant: str
    weight: float
    frameworks: tuple[FrameworkShareView, ...]


@message("operator.Shares")
class Shares(Message, frozen=True):
    """Roles in the order of the next allocation round."""

    roles: tuple[RoleShareView, ...]


@message("operator.Explain")
class Explain(Message, frozen=True):
    """Why does a framework get no offers for a role?"""

    framework_id: str
    role: str


@message("operator.Explanation")
class Explanation(Message, frozen=True):
    """How the agents looked to the framework; `offered` and `withheld` add up to `agents`.

    `possible` counts agents that would do if they were free: 0 means never with today's agents. `takers`
    are framework and role, separated by a space, with the agents they took earlier in the round; `held_for`
    the roles whose guarantees hold headroom; `looked_at` counts agents the last round looked at.
    """

    agents: int
    offered: int
    withheld: dict[str, int]
    possible: int
    fault: str = ""
    takers: dict[str, int] = {}
    held_for: tuple[str, ...] = ()
    looked_at: int = 0


@message("operator.TearDown")
class TearDown(Message, frozen=True):
    """End a framework, with everything it has; answered with `TornDown`."""

    framework_id: str


@message("operator.TornDown")
class TornDown(Message, frozen=True):
    """The framework has ended; `fault` says why it has not."""

    fault: str = ""


# -- commands: answered with Done or Refused ------------------------------------------------------


@message("operator.KillTask")
class KillTask(Message, frozen=True):
    """Kill a task in the name of its framework, which learns it from the status update."""

    framework_id: str
    task_id: str


@message("operator.MarkAgentGone")
class MarkAgentGone(Message, frozen=True):
    """Declare that an agent never comes back. Known until this master ends."""

    agent_id: str


@message("operator.Done")
class Done(Message, frozen=True):
    """What was asked for is done, or is on its way."""


@message("operator.Refused")
class Refused(Message, frozen=True):
    """Nothing was done. `status` is that of an HTTP answer."""

    status: int
    why: str
