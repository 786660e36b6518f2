"""Messages between master and allocator. They stay in the process, so they carry values as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.allocator.explain import Explanation
from cluster.allocator.frameworks import FrameworkCapability, MinAllocatable
from cluster.allocator.shares import RoleShare
from cluster.model import AgentCapability, AgentInfo, Resources

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
    used: Mapping[str, Resources] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateFramework:
    """A framework's roles, capabilities or minima changed."""

    framework_id: str
    roles: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    capabilities: tuple[FrameworkCapability, ...] = ()
    min_allocatable: MinAllocatable = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class UpdateAgent:
    """An agent came back with another description."""

    agent_id: str
    info: AgentInfo
    total: Resources


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
class UpdateWeights:
    """New weights of roles."""

    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Granted:
    """What a framework gets of one agent for one role; `resources` carry the allocation."""

    role: str
    agent_id: str
    epoch: int
    resources: Resources


@dataclass(frozen=True, slots=True)
class OffersMade:
    """To the master: offer these to the framework."""

    framework_id: str
    grants: tuple[Granted, ...]


@dataclass(frozen=True, slots=True)
class GetShares:
    """Asked of the allocator: who holds which share."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The answer to `GetShares`."""

    roles: tuple[RoleShare, ...]


@dataclass(frozen=True, slots=True)
class Explain:
    """Asked of the allocator: why does a framework get no offers for a role."""

    framework_id: str
    role: str


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer to `Explain`; None for an unknown framework."""

    explanation: Explanation | None
