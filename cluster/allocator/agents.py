"""An agent as allocation sees it: what it has, who holds what of it, what is free, who cannot have it."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.allocator.bundle import Bundle
from cluster.allocator.holdings import NOTHING, Holder, Holdings
from cluster.model import AgentCapability, AgentInfo, InverseOfferStatus, Resources, Unavailability

AgentCapabilityType = AgentCapability.Type


class Place:
    """What agents with the same attributes in the same region and zone share: verdicts of constraints.

    `judged` are the seats whose constraints were looked at, `excluded` those of them that exclude it.
    """

    __slots__ = ("__weakref__", "excluded", "judged")

    def __init__(self) -> None:
        self.judged = 0
        self.excluded = 0


class Visited:
    """What rounds read and change of every agent they visit.

    A class of its own, because the slots of a class lie side by side, and those of the next one behind them:
    in a large round most of the time is waiting for memory.
    """

    __slots__ = ("epoch", "held", "id", "is_ordinary", "known_free", "refused_by", "whole")


class Agent(Visited):
    """One agent.

    `held` is offered or allocated, `allocated` the part in use by tasks and executors; both in unallocated
    form. Sets of seats (`seats.SeatTable`) remember who cannot have what is free.
    """

    __slots__ = (
        "allocated",
        "blocked",
        "blocked_for",
        "capabilities",
        "due_s",
        "excluded",
        "has_gpus",
        "has_hierarchical_role",
        "has_multi_role",
        "info",
        "inverse_outstanding",
        "inverse_refused_by",
        "inverse_statuses",
        "is_active",
        "is_remote",
        "judged",
        "place",
        "total",
        "unavailability",
    )

    def __init__(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        capabilities: Iterable[AgentCapabilityType],
        home_region: str | None,
    ) -> None:
        """`home_region` is the master's; an agent in another one is remote."""
        self.id = agent_id
        self.epoch = 0
        self.is_active = True
        self.held = NOTHING
        self.allocated = NOTHING
        self.unavailability: Unavailability | None = None
        self.inverse_outstanding: dict[str, None] = {}
        #: Frameworks that may have refused an inverse offer.
        self.inverse_refused_by: dict[str, None] = {}
        self.inverse_statuses: dict[str, tuple[InverseOfferStatus.Status, float]] = {}
        #: Seats with a refusal of something on it, and when the first of those may end.
        self.refused_by = 0
        self.due_s = float("inf")
        #: Seats that refused all of `blocked_for`, which was free when this was worked out.
        self.blocked = 0
        self.blocked_for: Bundle | None = None
        #: Seats with constraints about hosts that were looked at, and those that exclude the agent.
        self.place = Place()
        self.judged = 0
        self.excluded = 0
        #: What is free, if that was worked out: large rounds look here before they ask for `free`.
        self.known_free: Bundle | None = None
        self.capabilities: frozenset[AgentCapabilityType] = frozenset()
        self.has_gpus = self.is_remote = False
        self.set_info(info, home_region)
        self.set_capabilities(capabilities)
        self.set_total(total)

    # -- description ---------------------------------------------------------------------------------------

    def set_info(self, info: AgentInfo, home_region: str | None) -> None:
        """Take over a new description."""
        self.info = info
        region = region_of(info)
        self.is_remote = home_region is not None and region is not None and region != home_region
        self.judged = self.excluded = 0
        self._note_ordinary()

    def set_capabilities(self, capabilities: Iterable[AgentCapabilityType]) -> None:
        """Take over what the agent understands."""
        self.capabilities = frozenset(capabilities)
        self.has_multi_role = AgentCapabilityType.MULTI_ROLE in self.capabilities
        self.has_hierarchical_role = AgentCapabilityType.HIERARCHICAL_ROLE in self.capabilities
        self._note_ordinary()

    def set_total(self, total: Resources) -> None:
        """Take over a new total; what is held of it stays held."""
        self.total = total
        self.whole = Bundle.of(total)
        self.has_gpus = self.whole.has("gpus")
        self.known_free = None if self.held else self.whole
        self._note_ordinary()

    def _note_ordinary(self) -> None:
        #: Whether no framework needs a capability to be offered it, nor the agent one to serve it.
        self.is_ordinary = not (self.has_gpus or self.is_remote) and self.capabilities >= {
            AgentCapabilityType.MULTI_ROLE,
            AgentCapabilityType.HIERARCHICAL_ROLE,
        }

    @property
    def hostname(self) -> str:
        """Name that whitelists go by."""
        return self.info.hostname

    # -- what is free --------------------------------------------------------------------------------------

    @property
    def free(self) -> Bundle:
        """What is free: total less what is held, shared resources always in full; never negative."""
        free = self.known_free
        if free is None:
            free = self.known_free = self._work_out()
        return free

    @property
    def available(self) -> Resources:
        """The resources that are free."""
        return self.free.resources

    @property
    def free_effort(self) -> int:
        """How much work it is to find out what is free, in plain agents; most are none."""
        return (len(self.held) + len(self.total)) >> 3 if self.known_free is None else 0

    def _work_out(self) -> Bundle:
        if not self.held:
            return self.whole
        free = self.total.nonshared() if self.whole.shared else self.total
        free = free.without(_sum([resources.nonshared() for resources in self.held.values()]))
        return Bundle.of(free + self.whole.shared if self.whole.shared else free)

    def hold(self, holder: Holder, bundle: Bundle) -> bool:
        """Resources were offered to or are used by a framework; whether nothing is left for certain."""
        self.held = self.held.added(holder, bundle.resources)
        if self.known_free is bundle and not bundle.shared:
            self.known_free = Bundle.EMPTY
            return True
        self.known_free = None
        return False

    def release(self, holder: Holder, resources: Resources) -> None:
        """Resources came back.

        Raises: NotContained if the framework does not hold them.
        """
        self.held = self.held.taken(holder, resources)
        self.known_free = None if self.held else self.whole


def hold_all(agents: Iterable[Agent], holder: Holder, bundle: Bundle, names: dict[str, None]) -> None:
    """All that is free of each of the agents, which is `bundle` and not shared, goes to one holder.

    Their names are added to `names`.
    """
    nothing_free = Bundle.EMPTY
    alone = Holdings(holder, bundle.resources)  # nearly always, and one for all
    for agent in agents:
        held = agent.held
        agent.held = alone if held is NOTHING else held.added(holder, bundle.resources)
        agent.known_free = nothing_free
        names[agent.id] = None


def _sum(parts: list[Resources]) -> Resources:
    """All together; by halves, as an agent may have a thousand holders."""
    while len(parts) > 1:
        parts = [sum(parts[at : at + 2], Resources.EMPTY) for at in range(0, len(parts), 2)]
    return parts[0]


def region_of(info: AgentInfo) -> str | None:
    """Region of the fault domain; None without one."""
    domain = info.domain
    if domain is None or domain.fault_domain is None:
        return None
    return domain.fault_domain.region.name
