"""Everything that can happen to an allocator, as data: what all implementations and scripts share.

The fields of an event are the arguments of the method of that name, so `AddAgent(agent_id="A", ...)` stands
for `add_agent(agent_id="A", ...)`. Time is not part of an event: methods of the events in `TIMED` take
`now_s` too. Ids are plain strings. Resources that belong to a framework (`used`, `offered`, `resources`) are
allocated to a role, totals are not.

Source: Mesos include/mesos/allocator/allocator.hpp; reference allocator.md §6.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    InverseOfferStatus,
    Limits,
    OfferConstraints,
    Quantities,
    Resources,
    Unavailability,
)

MinAllocatable: TypeAlias = Mapping[str, tuple[Quantities, ...]]
"""By role: alternatives of which an offer must hold one. No alternatives: anything; no role: the flag's."""


@dataclass(frozen=True)
class Conversion:
    """An operation: `consumed` becomes `converted`; nothing consumed: another copy of something shared."""

    consumed: Resources
    converted: Resources

    def apply(self, resources: Resources) -> Resources:
        """Carry the operation out.

        Raises: NotContained if what is consumed is not there.
        """
        return (resources - self.consumed) + self.converted

    def unallocated(self) -> Conversion:
        """The same on resources that are allocated to nobody."""
        return Conversion(self.consumed.unallocated(), self.converted.unallocated())


@dataclass(frozen=True)
class Quota:
    """What a role is guaranteed and limited to; the default is neither."""

    guarantees: Quantities = Quantities.EMPTY
    limits: Limits = Limits.EMPTY

    @property
    def is_default(self) -> bool:
        """Whether this is as good as no quota."""
        return not self.guarantees and not self.limits


# -- frameworks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddFramework:
    """A framework subscribed for the first time; `used` is by agent. Wants all agents if active."""

    framework_id: str
    roles: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    capabilities: tuple[Capability.Type, ...] = (Capability.Type.MULTI_ROLE,)
    is_active: bool = True
    min_allocatable: MinAllocatable = field(default_factory=dict)
    constraints: OfferConstraints | None = None
    used: Mapping[str, Resources] = field(default_factory=dict)


@dataclass(frozen=True)
class UpdateFramework:
    """A framework's description changed; all of it is given. Wants nothing."""

    framework_id: str
    roles: tuple[str, ...]
    suppressed: tuple[str, ...] = ()
    capabilities: tuple[Capability.Type, ...] = (Capability.Type.MULTI_ROLE,)
    min_allocatable: MinAllocatable = field(default_factory=dict)
    constraints: OfferConstraints | None = None


@dataclass(frozen=True)
class RemoveFramework:
    """A framework is gone; what it holds stays held until recovered."""

    framework_id: str


@dataclass(frozen=True)
class ActivateFramework:
    """A framework is connected. Wants all agents."""

    framework_id: str


@dataclass(frozen=True)
class DeactivateFramework:
    """A framework is disconnected: no offers, filters dropped, suppression kept."""

    framework_id: str


@dataclass(frozen=True)
class Suppress:
    """No offers for these roles; none named: all."""

    framework_id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Revive:
    """Offers for these roles again, whatever was refused; none named: all. Wants all agents."""

    framework_id: str
    roles: tuple[str, ...] = ()


# -- agents --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AddAgent:
    """An agent joined; `used` is by framework, unknown ones included. Wants the agent."""

    agent_id: str
    info: AgentInfo
    total: Resources
    capabilities: tuple[AgentCapability.Type, ...] = tuple(AgentCapability.Type)
    used: Mapping[str, Resources] = field(default_factory=dict)
    unavailability: Unavailability | None = None


@dataclass(frozen=True)
class UpdateAgent:
    """An agent changed; what is not given stays. Wants the agent if anything did change."""

    agent_id: str
    info: AgentInfo | None = None
    total: Resources | None = None
    capabilities: tuple[AgentCapability.Type, ...] | None = None


@dataclass(frozen=True)
class AddUse:
    """An agent reported something in use that nobody counted."""

    agent_id: str
    framework_id: str
    resources: Resources


@dataclass(frozen=True)
class AddResourceProvider:
    """More resources on an agent, part of them in use by framework. Wants nothing."""

    agent_id: str
    total: Resources
    used: Mapping[str, Resources] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoveAgent:
    """An agent is gone with whatever was held on it."""

    agent_id: str


@dataclass(frozen=True)
class ActivateAgent:
    """An agent may be offered, from the next round that looks at it."""

    agent_id: str


@dataclass(frozen=True)
class DeactivateAgent:
    """An agent may not be offered; what is held on it stays."""

    agent_id: str


@dataclass(frozen=True)
class UpdateUnavailability:
    """An agent will be away, or (None) will not after all. Wants the agent."""

    agent_id: str
    unavailability: Unavailability | None = None


@dataclass(frozen=True)
class UpdateInverseOffer:
    """An inverse offer ended: answered with a status, or rescinded or timed out (None)."""

    agent_id: str
    framework_id: str
    status: InverseOfferStatus.Status | None = None
    refuse_s: float | None = None


# -- resources -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recover:
    """Resources came back from an offer or (`is_allocated`) from use; of one role if `refuse_s` is given."""

    framework_id: str
    agent_id: str
    resources: Resources
    refuse_s: float | None = None
    is_allocated: bool = False


@dataclass(frozen=True)
class TransitionOfferedToAllocated:
    """Offered resources are in use now."""

    framework_id: str
    agent_id: str
    resources: Resources


@dataclass(frozen=True)
class UpdateAllocation:
    """A framework's operations on what it was offered, all of one role; conversions carry that role."""

    framework_id: str
    agent_id: str
    offered: Resources
    conversions: tuple[Conversion, ...]


@dataclass(frozen=True)
class UpdateAvailable:
    """An operator's operations on what is free; refused as a whole unless it contains what they consume."""

    agent_id: str
    conversions: tuple[Conversion, ...]


# -- whole cluster -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UpdateQuota:
    """Quota of a top-level role; the default removes it."""

    role: str
    guarantees: Quantities = Quantities.EMPTY
    limits: Limits = Limits.EMPTY


@dataclass(frozen=True)
class UpdateWeights:
    """Weights of roles, which need not exist yet."""

    weights: Mapping[str, float]


@dataclass(frozen=True)
class UpdateWhitelist:
    """Host names that may be offered; None for all."""

    hostnames: tuple[str, ...] | None


@dataclass(frozen=True)
class Pause:
    """No rounds until resumed; triggers meanwhile are forgotten."""


@dataclass(frozen=True)
class Resume:
    """Rounds may run again; this by itself wants none."""


@dataclass(frozen=True)
class BeginRecovery:
    """A new master, before anything else: quotas, and how many agents the registry knows."""

    expected_agents: int
    quotas: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(frozen=True)
class EndRecovery:
    """The recovery timeout is over, agents or not. Harmless when nothing waits any more."""


Event: TypeAlias = (
    AddFramework
    | UpdateFramework
    | RemoveFramework
    | ActivateFramework
    | DeactivateFramework
    | Suppress
    | Revive
    | AddAgent
    | UpdateAgent
    | AddUse
    | AddResourceProvider
    | RemoveAgent
    | ActivateAgent
    | DeactivateAgent
    | UpdateUnavailability
    | UpdateInverseOffer
    | Recover
    | TransitionOfferedToAllocated
    | UpdateAllocation
    | UpdateAvailable
    | UpdateQuota
    | UpdateWeights
    | UpdateWhitelist
    | Pause
    | Resume
    | BeginRecovery
    | EndRecovery
)

TIMED = (Recover, UpdateInverseOffer)
"""Events whose methods take `now_s`."""


def method_of(event: Event) -> str:
    """Name of the method that carries an event out: `AddAgent` is `add_agent`."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", type(event).__name__).lower()


def arguments_of(event: Event, now_s: float) -> dict[str, Any]:
    """Keyword arguments for that method."""
    arguments = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return arguments | {"now_s": now_s} if isinstance(event, TIMED) else arguments
