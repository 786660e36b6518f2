"""What the parts of the master share: its state, its settings, and the ways to have an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from actors import PID
from cluster.allocator import RegexLimits
from cluster.master.feed import Feed
from cluster.master.state import FrameworkEntry, MasterState
from cluster.model import MasterInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class MasterSettings:
    """What the operator may choose; the flags of mesos-master that its actor reads.

    Source: reference master.md §1.
    """

    hostname: str = "localhost"
    ping_timeout_s: float = 15.0
    max_missed_pings: int = 5
    reregister_timeout_s: float = 600.0
    offer_timeout_s: float | None = None
    roles: frozenset[str] | None = None
    root_submissions: bool = True
    max_completed_frameworks: int = 50
    max_completed_tasks: int = 1000
    max_unreachable_tasks: int = 1000
    heartbeat_s: float = 15.0
    regex_limits: RegexLimits = field(default_factory=RegexLimits)
    publish_per_framework_metrics: bool = True


@dataclass(slots=True)
class Ids:
    """Counters of the ids a master gives out; they start at 0 for each master.

    Source: reference types.md §1.
    """

    master: str
    frameworks: int = 0
    agents: int = 0
    offers: int = 0

    def framework(self) -> str:
        """The next framework id."""
        self.frameworks += 1
        return f"{self.master}-{self.frameworks - 1:04d}"

    def agent(self) -> str:
        """The next agent id."""
        self.agents += 1
        return f"{self.master}-S{self.agents - 1}"

    def offer(self) -> str:
        """The next offer id."""
        self.offers += 1
        return f"{self.master}-O{self.offers - 1}"


@dataclass(slots=True, eq=False)
class Context:
    """Handed to every part of the master. Parts have effects through these functions only.

    `send(to, message)`, `allocator(message)`, `later(delay_s, message to self)`, `link(pid)`,
    `wall()` seconds since the epoch, `now()` nanoseconds, `count(metric)`. `feed` tells watchers.
    """

    state: MasterState
    feed: Feed
    settings: MasterSettings
    info: MasterInfo
    ids: Ids
    send: Callable[[PID, object], None]
    allocator: Callable[[object], None]
    later: Callable[[float, object], object]
    link: Callable[[PID], None]
    wall: Callable[[], float]
    now: Callable[[], int]
    count: Callable[[str], None]
    epochs: int = field(default=0)

    def tell(self, framework: FrameworkEntry, event: object) -> None:
        """Send an event to a framework that is connected."""
        framework.counts.events[type(event)] += 1
        self.send(framework.pid, event)

    def next_epoch(self) -> int:
        """A number no agent was added under before."""
        self.epochs += 1
        return self.epochs
