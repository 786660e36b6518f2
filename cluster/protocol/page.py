"""What the web page asks the master beside the endpoints that the original has.

Each question is a read over HTTP too: the path is in its docstring, query parameters are its fields.
Amounts are numbers by resource name; ranges and sets count by their items.
"""

from __future__ import annotations

from typing import ClassVar

from actors import Message, message
from cluster.model import Task

#: Most entries one answer carries.
PAGE = 1000


@message("page.GetOverview")
class GetOverview(Message, frozen=True):
    """`/page/overview`: the cluster in a few numbers."""


@message("page.Overview")
class Overview(Message, frozen=True):
    """`total`, `used`, `offered`: amounts. `agents`, `frameworks`, `tasks`: how many by state.

    `tasks` are those that the master has not finished with; the ended ones are counted by the metrics.
    """

    total: dict[str, float]
    used: dict[str, float]
    offered: dict[str, float]
    agents: dict[str, int]
    frameworks: dict[str, int]
    tasks: dict[str, int]
    offers: int


@message("page.GetOffers")
class GetOffers(Message, frozen=True):
    """`/offers`: outstanding offers, the oldest first; of one framework, agent or role if named."""

    framework_id: str | None = None
    agent_id: str | None = None
    role: str | None = None
    offset: int = 0
    limit: int = 100


class OfferView(Message, frozen=True):
    """An offer; `resources` in the text form. It was made `age_s` ago, at `made_s` since the epoch."""

    id: str
    framework_id: str
    framework_name: str
    agent_id: str
    hostname: str
    role: str
    resources: str
    age_s: float
    made_s: float


@message("page.Offers")
class Offers(Message, frozen=True):
    """Part of the offers; `total` counts all that were asked for."""

    offers: tuple[OfferView, ...]
    total: int


@message("page.GetTask")
class GetTask(Message, frozen=True):
    """`/page/task`: all that is known of one task."""

    framework_id: str
    task_id: str


@message("page.TaskFound")
class TaskFound(Message, frozen=True):
    """A task. Its `statuses` are its history: state, time, reason and message, one for each run of a state.

    `standing`: `active`, `unreachable` or `completed`. `is_kill_wanted`: somebody asked for its end.
    """

    task: Task
    standing: str
    framework_name: str
    hostname: str | None
    agent_pid: str | None
    is_kill_wanted: bool


@message("page.TaskUnknown")
class TaskUnknown(Message, frozen=True):
    """There is no such task (any more)."""

    http_status: ClassVar[int] = 404

    fault: str
