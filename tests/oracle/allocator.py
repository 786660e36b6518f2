"""The simple, obvious, complete allocator: events change plain records, all else is worked out anew.

It is what a fast implementation is compared with, so it is slow on purpose: nothing is kept that follows from
something else. Where the reference leaves a question open, the answer is in the comments here.

Source: reference allocator.md §3, §6, §7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    InverseOfferStatus,
    Limits,
    NotContained,
    OfferConstraints,
    Quantities,
    Resources,
    Unavailability,
)
from tests.oracle import eligibility
from tests.oracle.chance import Chance
from tests.oracle.events import Conversion, MinAllocatable, Quota
from tests.oracle.records import (
    ALL,
    NONE,
    Agent,
    Candidates,
    Framework,
    InverseFilter,
    OfferFilter,
    Options,
    State,
    add_to,
    by_role,
    only,
    take_from,
)
from tests.oracle.round import Round, decide


class Oracle:
    """Methods are the events of `tests.oracle.events`; those that trigger a round return its candidates.

    While paused, or while a new master waits for agents, triggers are ignored: they return nothing.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.state = State(options or Options())

    # -- rounds ----------------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether no round may run: paused by the master, or waiting for agents to come back.

        Two reasons, so that the pause around one ACCEPT does not end the wait for agents.
        """
        return self.state.is_paused or self.state.awaited_agents is not None

    def decide(self, candidates: Candidates, now_s: float, chance: Chance) -> Round:
        """Decide a round; nothing changes."""
        assert not self.is_paused, "no round while paused"
        return decide(self.state, candidates, now_s, chance)

    def apply(self, result: Round) -> None:
        """Carry a round out. Nothing may have happened since it was decided."""
        for grant in result.grants:
            self.state.hold(grant.agent, grant.framework, grant.role, grant.resources)
        for inverse in result.inverse_offers:
            self.state.agents[inverse.agent].inverse_outstanding.append(inverse.framework)
        if result.candidates.is_all:
            self.state.full_rounds += 1

    def _wanted(self, candidates: Candidates) -> Candidates:
        return NONE if self.is_paused else candidates

    # -- frameworks ------------------------------------------------------------------------------------------

    def add_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[Capability.Type] = (),
        is_active: bool = True,
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
        used: Mapping[str, Resources] | None = None,
    ) -> Candidates:
        """What it uses counts once, whoever told first; unknown agents are passed over."""
        assert framework_id not in self.state.frameworks, f"framework {framework_id} is already here"
        for agent_id, resources in (used or {}).items():
            agent = self.state.agents.get(agent_id)
            if agent is not None and all(holder != framework_id for holder, _ in agent.held):
                self._use(agent_id, framework_id, resources)
        self.state.frameworks[framework_id] = Framework(
            tuple(dict.fromkeys(roles)),
            frozenset(suppressed),
            frozenset(capabilities),
            is_active,
            min_allocatable or {},
            constraints,
        )
        self.state.sync_counts()
        for agent in self.state.agents.values():
            for holder, role in agent.held:
                if holder == framework_id:
                    self._count(framework_id, role)
        return self._wanted(ALL if is_active else NONE)

    def update_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[Capability.Type] = (),
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
    ) -> None:
        """Roles that left the suppressed ones count as revived."""
        framework = self.state.frameworks[framework_id]
        roles, suppressed = tuple(dict.fromkeys(roles)), frozenset(suppressed)
        void = (set(framework.roles) - set(roles)) | (framework.suppressed - suppressed)
        framework.offer_filters = [f for f in framework.offer_filters if f.role not in void]
        framework.inverse_filters = []
        framework.roles, framework.suppressed = roles, suppressed
        framework.capabilities = frozenset(capabilities)
        framework.min_allocatable = min_allocatable or {}
        framework.constraints = constraints
        self.state.sync_counts()

    def remove_framework(self, framework_id: str) -> None:
        """What it holds stays held, by nobody known, until it is recovered."""
        del self.state.frameworks[framework_id]
        self.state.sync_counts()

    def activate_framework(self, framework_id: str) -> Candidates:
        """Roles that are not suppressed get offers."""
        self.state.frameworks[framework_id].is_active = True
        return self._wanted(ALL)

    def deactivate_framework(self, framework_id: str) -> None:
        """Filters go, suppression stays."""
        framework = self.state.frameworks[framework_id]
        framework.is_active = False
        framework.offer_filters, framework.inverse_filters = [], []

    def suppress(self, framework_id: str, roles: Collection[str] = ()) -> None:
        """Filters stay."""
        framework = self.state.frameworks[framework_id]
        framework.suppressed |= frozenset(roles or framework.roles)

    def revive(self, framework_id: str, roles: Collection[str] = ()) -> Candidates:
        """Filters of the roles go, and all inverse filters."""
        framework = self.state.frameworks[framework_id]
        roles = frozenset(roles or framework.roles)
        framework.suppressed -= roles
        framework.offer_filters = [f for f in framework.offer_filters if f.role not in roles]
        framework.inverse_filters = []
        return self._wanted(ALL)

    # -- agents ----------------------------------------------------------------------------------------------

    def add_agent(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        *,
        capabilities: Iterable[AgentCapability.Type] = (),
        used: Mapping[str, Resources] | None = None,
        unavailability: Unavailability | None = None,
    ) -> Candidates:
        """If it is the last one waited for, this very agent gets a round."""
        assert agent_id not in self.state.agents, f"agent {agent_id} is already here"
        self.state.agents[agent_id] = Agent(
            info, total, frozenset(capabilities), unavailability=unavailability
        )
        for framework_id, resources in (used or {}).items():
            self._use(agent_id, framework_id, resources)
        awaited = self.state.awaited_agents
        if awaited is not None and len(self.state.agents) >= awaited:
            self.state.awaited_agents = None
        return self._wanted(only(agent_id))

    def update_agent(
        self,
        agent_id: str,
        *,
        info: AgentInfo | None = None,
        total: Resources | None = None,
        capabilities: Iterable[AgentCapability.Type] | None = None,
    ) -> Candidates:
        """New attributes void all filters on the agent."""
        agent = self.state.agents[agent_id]
        before = (agent.info, agent.total, agent.capabilities)
        if info is not None and info.attributes != agent.info.attributes:
            self._drop_filters(agent_id)
        agent.info = agent.info if info is None else info
        agent.total = agent.total if total is None else total
        agent.capabilities = agent.capabilities if capabilities is None else frozenset(capabilities)
        changed = before != (agent.info, agent.total, agent.capabilities)
        return self._wanted(only(agent_id) if changed else NONE)

    def add_use(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """Counts as allocated."""
        self._use(agent_id, framework_id, resources)

    def add_resource_provider(
        self, agent_id: str, total: Resources, *, used: Mapping[str, Resources] | None = None
    ) -> None:
        """The total grows; what is in use is held, which may be more than the total grew by."""
        agent = self.state.agents[agent_id]
        agent.total = agent.total + total
        for framework_id, resources in (used or {}).items():
            self._use(agent_id, framework_id, resources)

    def remove_agent(self, agent_id: str) -> None:
        """Its filters and its maintenance go with it."""
        del self.state.agents[agent_id]
        self._drop_filters(agent_id)
        self.state.sync_counts()

    def activate_agent(self, agent_id: str) -> None:
        """Triggers nothing."""
        self.state.agents[agent_id].is_active = True

    def deactivate_agent(self, agent_id: str) -> None:
        """What is held stays held."""
        self.state.agents[agent_id].is_active = False

    def update_unavailability(self, agent_id: str, unavailability: Unavailability | None) -> Candidates:
        """All answers so far are void, and inverse offers that are out are forgotten."""
        agent = self.state.agents[agent_id]
        agent.unavailability = unavailability
        agent.inverse_outstanding, agent.inverse_statuses = [], {}
        for framework in self.state.frameworks.values():
            framework.inverse_filters = [f for f in framework.inverse_filters if f.agent != agent_id]
        return self._wanted(only(agent_id))

    def update_inverse_offer(
        self,
        agent_id: str,
        framework_id: str,
        *,
        now_s: float,
        status: InverseOfferStatus.Status | None = None,
        refuse_s: float | None = None,
    ) -> None:
        """An answer that comes too late is no status any more, yet it refuses the next inverse offer."""
        agent = self.state.agents.get(agent_id)
        if agent is not None and framework_id in agent.inverse_outstanding:
            agent.inverse_outstanding.remove(framework_id)
            if status is not None:
                agent.inverse_statuses[framework_id] = (status, now_s)
        framework = self.state.frameworks.get(framework_id)
        if agent is None or framework is None or refuse_s is None:
            return
        if lifetime_s := eligibility.refusal_s(refuse_s):
            framework.inverse_filters.append(InverseFilter(agent_id, now_s + lifetime_s))

    # -- resources -------------------------------------------------------------------------------------------

    def recover(
        self,
        framework_id: str,
        agent_id: str,
        resources: Resources,
        *,
        now_s: float,
        refuse_s: float | None = None,
        is_allocated: bool = False,
    ) -> None:
        """An agent that is gone, or a framework that is, is no error; a gone one's refusal means nothing."""
        agent = self.state.agents.get(agent_id)
        if agent is None:
            return
        framework = self.state.frameworks.get(framework_id)
        for role, part in by_role(resources).items():
            take_from(agent.held, (framework_id, role), part)
            if is_allocated:
                take_from(agent.allocated, (framework_id, role), part)
            if framework is not None and role in framework.roles and refuse_s is not None:
                self._refuse(framework, role, agent_id, part, refuse_s, now_s)
        self.state.sync_counts()

    def transition_offered_to_allocated(self, framework_id: str, agent_id: str, resources: Resources) -> None:
        """Matters for what a role is said to consume, and for nothing else."""
        agent = self.state.agents.get(agent_id)
        if agent is not None:
            for role, part in by_role(resources).items():
                add_to(agent.allocated, (framework_id, role), part)

    def update_allocation(
        self, framework_id: str, agent_id: str, offered: Resources, conversions: Iterable[Conversion]
    ) -> None:
        """What was offered is converted, and the agent's total with it; this is no further allocation.

        Another copy of something shared (nothing consumed) is held, but not part of the total.

        Raises: NotContained if the operations do not fit what was offered.
        """
        agent = self.state.agents[agent_id]
        (role,) = offered.roles
        converted, total = offered, agent.total
        for conversion in conversions:
            converted = conversion.apply(converted)
            if conversion.consumed:
                total = conversion.unallocated().apply(total)
        take_from(agent.held, (framework_id, role), offered.unallocated())
        if converted:
            add_to(agent.held, (framework_id, role), converted.unallocated())
        agent.total = total
        self.state.sync_counts()

    def update_available(self, agent_id: str, conversions: Iterable[Conversion]) -> bool:
        """Whether what is free contains what is consumed, step by step; if not, nothing happens."""
        agent = self.state.agents[agent_id]
        available, total = agent.available, agent.total
        try:
            for conversion in conversions:
                available = conversion.apply(available)
                total = conversion.apply(total)
        except NotContained:
            return False
        agent.total = total
        return True

    # -- whole cluster ---------------------------------------------------------------------------------------

    def update_quota(
        self, role: str, guarantees: Quantities = Quantities.EMPTY, limits: Limits = Limits.EMPTY
    ) -> None:
        """Only top-level roles have quota."""
        assert "/" not in role, f"quota of {role}, which is not a top-level role"
        self.state.quotas[role] = Quota(guarantees, limits)
        if self.state.quotas[role].is_default:
            del self.state.quotas[role]

    def update_weights(self, weights: Mapping[str, float]) -> None:
        """Roles need not exist."""
        self.state.weights |= weights

    def update_whitelist(self, hostnames: Iterable[str] | None) -> None:
        """None for all."""
        self.state.whitelist = None if hostnames is None else frozenset(hostnames)

    def pause(self) -> None:
        """So that no round sees a change half done."""
        self.state.is_paused = True

    def resume(self) -> None:
        """Wants no round by itself."""
        self.state.is_paused = False

    def begin_recovery(self, expected_agents: int, quotas: Mapping[str, Quota]) -> None:
        """With quota there is something to get wrong with half the agents, so wait for most of them."""
        for role, quota in quotas.items():
            self.update_quota(role, quota.guarantees, quota.limits)
        awaited = expected_agents * self.state.options.agent_recovery_percent // 100
        if quotas and awaited:
            self.state.awaited_agents = awaited

    def end_recovery(self) -> None:
        """Wants no round by itself."""
        self.state.awaited_agents = None

    # -- inside ----------------------------------------------------------------------------------------------

    def _use(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        for role, part in by_role(resources).items():
            self.state.hold(agent_id, framework_id, role, part)
            add_to(self.state.agents[agent_id].allocated, (framework_id, role), part)

    def _count(self, framework_id: str, role: str) -> None:
        self.state.role_counts.allocated(role)
        self.state.framework_counts[role].allocated(framework_id)

    def _refuse(
        self,
        framework: Framework,
        role: str,
        agent_id: str,
        refused: Resources,
        refuse_s: float,
        now_s: float,
    ) -> None:
        lifetime_s = eligibility.refusal_s(refuse_s)
        if not lifetime_s:
            return
        until_s = now_s + max(self.state.options.allocation_interval_s, lifetime_s)
        refusal = OfferFilter(role, agent_id, refused, until_s, self.state.full_rounds)
        framework.offer_filters.append(refusal)

    def _drop_filters(self, agent_id: str) -> None:
        for framework in self.state.frameworks.values():
            framework.offer_filters = [f for f in framework.offer_filters if f.agent != agent_id]
            framework.inverse_filters = [f for f in framework.inverse_filters if f.agent != agent_id]
