"""Messages between master and allocator. They stay in the process, so they carry values as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from actors import PID
from cluster.allocator.conversion import Conversion
from cluster.allocator.explain import Explanation
from cluster.allocator.frameworks import FrameworkCapability, MinAllocatable
from cluster.allocator.quota import Quota
from cluster.allocator.shares import RoleShare
from cluster.model import (
    AgentCapability,
    AgentInfo,
    InverseOfferStatus,
    OfferConstraints,
    Quantities,
    Resources,
    Unavailability,
)

AgentCapabilityType = AgentCapability.Type


@dataclass(frozen=True, slots=True)
class AddFramework:
    """A framework subscribed for the first time; `used` is by agent."""

    framework_id: str
    roles: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    capabilities: tuple[FrameworkCapability, ...] = ()
    is_active: bool = True
    min_allocatable: MinAllocatable = field(default_factory=dict)
    constraints: OfferConstraints | None = None
    used: Mapping[str, Resources] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateFramework:
    """A framework's roles, capabilities or minima changed."""

    framework_id: str
    roles: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    capabilities: tuple[FrameworkCapability, ...] = ()
    min_allocatable: MinAllocatable = field(default_factory=dict)
    constraints: OfferConstraints | None = None


@dataclass(frozen=True, slots=True)
class RemoveFramework:
    """A framework is gone for good."""

    framework_id: str


@dataclass(frozen=True, slots=True)
class ActivateFramework:
    """A framework is connected."""

    framework_id: str


@dataclass(frozen=True, slots=True)
class DeactivateFramework:
    """A framework is disconnected."""

    framework_id: str


@dataclass(frozen=True, slots=True)
class Suppress:
    """No offers for these roles; none named: all."""

    framework_id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revive:
    """Offers for these roles again; none named: all."""

    framework_id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddAgent:
    """An agent joined. `epoch` comes back in grants, so that one made before it left is told apart."""

    agent_id: str
    epoch: int
    info: AgentInfo
    total: Resources
    capabilities: tuple[AgentCapabilityType, ...]
    used: Mapping[str, Resources]
    unavailability: Unavailability | None = None


@dataclass(frozen=True, slots=True)
class UpdateAgent:
    """An agent came back with another description; what is None stays as it is."""

    agent_id: str
    info: AgentInfo | None = None
    total: Resources | None = None
    capabilities: tuple[AgentCapabilityType, ...] | None = None


@dataclass(frozen=True, slots=True)
class AddResourceProvider:
    """A resource provider adds to an agent, and reports what is in use of it."""

    agent_id: str
    total: Resources
    used: Mapping[str, Resources] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddUse:
    """An agent reported something in use that the master had given up."""

    agent_id: str
    epoch: int
    framework_id: str
    resources: Resources


@dataclass(frozen=True, slots=True)
class RemoveAgent:
    """An agent is gone, with all that was held on it."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class ActivateAgent:
    """An agent may be offered."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class DeactivateAgent:
    """An agent may not be offered."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class UpdateUnavailability:
    """When an agent will be away; None: it will not."""

    agent_id: str
    unavailability: Unavailability | None


@dataclass(frozen=True, slots=True)
class UpdateInverseOffer:
    """An inverse offer was answered, or (no status) rescinded."""

    agent_id: str
    framework_id: str
    status: InverseOfferStatus.Status | None = None
    refuse_s: float | None = None


@dataclass(frozen=True, slots=True)
class Recover:
    """Resources came back, from an offer or (`is_allocated`) from use; see `AllocatorState.recover`."""

    framework_id: str
    agent_id: str
    epoch: int
    resources: Resources
    refuse_s: float | None = None
    is_allocated: bool = False


@dataclass(frozen=True, slots=True)
class Allocated:
    """Offered resources are in use now."""

    framework_id: str
    agent_id: str
    epoch: int
    resources: Resources


@dataclass(frozen=True, slots=True)
class UpdateAllocation:
    """An operation of a framework converts what it was offered (allocated form)."""

    framework_id: str
    agent_id: str
    epoch: int
    offered: Resources
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class UpdateAvailable:
    """An operator converts what is free of an agent; answered by `AvailableUpdated`."""

    agent_id: str
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True, slots=True)
class AvailableUpdated:
    """Whether what an operator wanted to convert was free; if not, nothing happened."""

    agent_id: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class UpdateQuota:
    """Quota of a top-level role; the default removes it."""

    role: str
    quota: Quota


@dataclass(frozen=True, slots=True)
class UpdateWhitelist:
    """Hostnames whose agents may be offered; None: all."""

    hostnames: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Pause:
    """No rounds until `Resume`."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Rounds may run again."""


@dataclass(frozen=True, slots=True)
class BeginRecovery:
    """A new master: quotas, and how many agents there were; rounds wait for most of them."""

    expected_agents: int
    quotas: Mapping[str, Quota]


@dataclass(frozen=True, slots=True)
class UpdateWeights:
    """New weights of roles."""

    weights: Mapping[str, float]


class Granted(msgspec.Struct, frozen=True, gc=False):
    """What a framework gets of one agent for one role; `resources` carry the allocation."""

    role: str
    agent_id: str
    epoch: int
    resources: Resources


class Alike(msgspec.Struct, frozen=True, gc=False):
    """What a framework gets for one role of each of some agents: the same of all of them."""

    role: str
    resources: Resources
    agents: tuple[str, ...]
    epochs: tuple[int, ...]
    """Of each of the agents; beside them, because a pair for each would be work for the garbage collector."""


@dataclass(frozen=True, slots=True)
class OffersMade:
    """To the master: offer these to the framework. A large round comes in several such parts."""

    framework_id: str
    lots: tuple[Alike, ...]

    @property
    def grants(self) -> tuple[Granted, ...]:
        """The same agent by agent."""
        return tuple(
            Granted(lot.role, agent_id, epoch, lot.resources)
            for lot in self.lots
            for agent_id, epoch in zip(lot.agents, lot.epochs, strict=True)
        )


@dataclass(frozen=True, slots=True)
class InverseOffersMade:
    """To the master: ask the framework to leave these agents."""

    framework_id: str
    agents: tuple[tuple[str, Unavailability], ...]


@dataclass(frozen=True, slots=True)
class GetShares:
    """Asked of the allocator: who holds which share."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The answer to `GetShares`: roles with frameworks, quotas by role.

    Places are those of the last round if somebody asked in the minute before it, else those of the next one.
    """

    roles: tuple[RoleShare, ...]
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    consumed: Mapping[str, Quantities] = field(default_factory=dict)
    """What counts against the quotas, by role."""


@dataclass(frozen=True, slots=True)
class Explain:
    """Asked of the allocator: why does a framework get no offers for a role; `asker` comes back."""

    framework_id: str
    role: str
    asker: PID | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer to `Explain`; None for an unknown framework, or when too many questions are open."""

    explanation: Explanation | None
    asker: PID | None = None


@dataclass(frozen=True, slots=True)
class GetRefusals:
    """Asked of the allocator: what does a framework not want to be offered again yet."""

    framework_id: str
    most: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """The answer to `GetRefusals`, not more than wanted: role, agent, what, and for how long still.

    `total` counts all filters of the framework; None for an unknown one.
    """

    filters: tuple[tuple[str, str, Resources, float], ...]
    total: int | None
