"""What the oracle remembers: plain records in plain dicts, nothing that follows from something else.

Source: reference allocator.md §1.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    InverseOfferStatus,
    OfferConstraints,
    Quantities,
    Resources,
    Unavailability,
    parse_quantities,
)
from tests.oracle.events import MinAllocatable, Quota
from tests.oracle.sorter import Counts


@dataclass(frozen=True)
class Options:
    """Flags of the master that the allocator reads; the defaults are those of the reference."""

    allocation_interval_s: float = 1.0
    min_allocatable: tuple[Quantities, ...] = field(
        default_factory=lambda: parse_quantities("cpus:0.01|mem:32")
    )
    fair_share_excluded: frozenset[str] = frozenset()
    filter_gpu_resources: bool = True
    region: str | None = None
    is_random: bool = False
    """Both sorters are `random` instead of `drf`."""
    recovery_timeout_s: float = 600.0
    agent_recovery_percent: int = 80


@dataclass(frozen=True)
class Candidates:
    """Agents a round is to look at: all of them, or these."""

    is_all: bool = False
    agents: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.is_all or bool(self.agents)

    def __or__(self, other: Candidates) -> Candidates:
        return Candidates(self.is_all or other.is_all, self.agents | other.agents)


ALL = Candidates(is_all=True)
NONE = Candidates()


def only(agent: str) -> Candidates:
    """Just this agent."""
    return Candidates(agents=frozenset({agent}))


@dataclass
class Agent:
    """An agent. `held` is offered or allocated, `allocated` the part in use, by framework and role."""

    info: AgentInfo
    total: Resources
    capabilities: frozenset[AgentCapability.Type]
    is_active: bool = True
    held: dict[tuple[str, str], Resources] = field(default_factory=dict)
    allocated: dict[tuple[str, str], Resources] = field(default_factory=dict)
    unavailability: Unavailability | None = None
    inverse_outstanding: list[str] = field(default_factory=list)
    inverse_statuses: dict[str, tuple[InverseOfferStatus.Status, float]] = field(default_factory=dict)

    @property
    def available(self) -> Resources:
        """What is free: total less what is held, shared resources always in full; never negative."""
        free = self.total.nonshared()
        for resources in self.held.values():
            free = free.without(resources.nonshared())
        return free + self.total.shared()


@dataclass(frozen=True)
class OfferFilter:
    """Resources of an agent refused by a framework for a role."""

    role: str
    agent: str
    refused: Resources
    until_s: float
    full_rounds: int
    """Rounds over all agents before the refusal."""


@dataclass(frozen=True)
class InverseFilter:
    """Inverse offers for an agent refused by a framework."""

    agent: str
    until_s: float


@dataclass
class Framework:
    """A framework."""

    roles: tuple[str, ...]
    suppressed: frozenset[str]
    capabilities: frozenset[Capability.Type]
    is_active: bool
    min_allocatable: MinAllocatable
    constraints: OfferConstraints | None
    offer_filters: list[OfferFilter] = field(default_factory=list)
    inverse_filters: list[InverseFilter] = field(default_factory=list)

    def wants(self, role: str) -> bool:
        """Whether offers for a role are wanted now."""
        return self.is_active and role in self.roles and role not in self.suppressed


@dataclass
class State:
    """Everything. `role_counts` and `framework_counts` belong to the sorters of these names."""

    options: Options = field(default_factory=Options)
    agents: dict[str, Agent] = field(default_factory=dict)
    frameworks: dict[str, Framework] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    whitelist: frozenset[str] | None = None
    is_paused: bool = False
    awaited_agents: int | None = None
    """After a change of masters: agents to wait for; None when nothing waits."""
    full_rounds: int = 0
    role_counts: Counts = field(default_factory=Counts)
    framework_counts: dict[str, Counts] = field(default_factory=dict)

    def copy(self) -> State:
        """The same to scribble on, as far as a round changes it."""
        other = copy.copy(self)
        other.agents = {}
        for name, agent in self.agents.items():
            other.agents[name] = copy.copy(agent)
            other.agents[name].held = dict(agent.held)
        other.role_counts = self.role_counts.copy()
        other.framework_counts = {role: counts.copy() for role, counts in self.framework_counts.items()}
        return other

    def quota(self, role: str) -> Quota:
        """Quota of a role; the default if there is none."""
        return self.quotas.get(role, Quota())

    def tracked(self) -> dict[str, list[str]]:
        """Roles with their frameworks: those subscribed, and those that still hold something under it."""
        roles: dict[str, list[str]] = {}
        for name, framework in self.frameworks.items():
            held = [role for agent in self.agents.values() for f, role in agent.held if f == name]
            for role in dict.fromkeys([*framework.roles, *held]):
                roles.setdefault(role, []).append(name)
        return roles

    def held(self, role: str, framework: str | None = None) -> dict[str, Resources]:
        """By agent what known frameworks, or one of them, hold for exactly this role."""
        by_agent: dict[str, Resources] = {}
        for name, agent in self.agents.items():
            for (holder, for_role), resources in agent.held.items():
                if for_role == role and holder in self.frameworks and framework in (None, holder):
                    by_agent[name] = by_agent.get(name, Resources.EMPTY) + resources
        return by_agent

    def hold(self, agent_id: str, framework: str, role: str, resources: Resources) -> None:
        """A framework holds more of an agent; if it is known that is one more allocation."""
        held = self.agents[agent_id].held
        held[framework, role] = held.get((framework, role), Resources.EMPTY) + resources
        if framework in self.frameworks:
            self.sync_counts()
            self.role_counts.allocated(role)
            self.framework_counts[role].allocated(framework)

    def sync_counts(self) -> None:
        """Give new clients of the sorters their counts, and take those of clients that are gone."""
        tracked = self.tracked()
        self.role_counts.sync(tracked)
        for role, frameworks in tracked.items():
            self.framework_counts.setdefault(role, Counts()).sync(frameworks)
        for role in set(self.framework_counts) - set(tracked):
            del self.framework_counts[role]

    def is_in_force(self, refusal: OfferFilter, now_s: float) -> bool:
        """Whether an offer filter holds: until its time is over and a round over all agents has passed it.

        Source: reference allocator.md §5: "so a decline always survives at least one batch run".
        """
        return refusal.until_s > now_s or self.full_rounds <= refusal.full_rounds


def add_to(holdings: dict[tuple[str, str], Resources], key: tuple[str, str], resources: Resources) -> None:
    """Put resources on a heap."""
    holdings[key] = holdings.get(key, Resources.EMPTY) + resources


def take_from(holdings: dict[tuple[str, str], Resources], key: tuple[str, str], resources: Resources) -> None:
    """Take resources from a heap; empty heaps vanish.

    Raises: NotContained if they are not there.
    """
    left = holdings.get(key, Resources.EMPTY) - resources
    if left:
        holdings[key] = left
    else:
        holdings.pop(key, None)


def by_role(resources: Resources) -> Mapping[str, Resources]:
    """Allocated resources in unallocated form by the role they are allocated to."""
    assert all(kind.allocation is not None for kind, _ in resources), f"not all allocated: {resources}"
    return {role: resources.allocated_to(role).unallocated() for role in resources.roles}
