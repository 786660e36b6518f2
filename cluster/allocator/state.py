"""What the allocator knows, and how every event changes it. No decision is made here; `allocate` makes them.

Event methods return the agents the next round should look at; those that want no round of their own return
nothing. While paused, nothing is wanted, and what would have been is forgotten.

Source: reference allocator.md §1, §3, §6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from cluster.allocator.agents import Agent, AgentCapabilityType
from cluster.allocator.candidates import ALL, NONE, Candidates, only
from cluster.allocator.filters import OfferFilter, filter_lifetime_s
from cluster.allocator.frameworks import Framework, FrameworkCapability, MinAllocatable
from cluster.allocator.holdings import by_role
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.pool import Pool
from cluster.allocator.sorter import DrfSorter
from cluster.model import AgentInfo, Resources

if TYPE_CHECKING:
    from cluster.allocator.allocate import Round


class AllocatorState:
    """Agents, frameworks, roles and what is held; read by rounds and explanations, changed by events only.

    A role exists while a framework is tracked under it: subscribed to it, or still holding something there.
    """

    def __init__(self, options: AllocatorOptions | None = None) -> None:
        self.options = options or AllocatorOptions()
        self.pool = Pool()
        self.agents: dict[str, Agent] = {}
        self.frameworks: dict[str, Framework] = {}
        self.roles: dict[str, DrfSorter] = {}
        """The frameworks of each role."""
        self.role_sorter = self._new_sorter()
        self.whitelist: frozenset[str] | None = None
        """Hostnames whose agents are offered; None for all."""
        self.is_paused = False
        self.full_rounds = 0
        """Rounds over all agents so far."""
        self._held_on: dict[str, dict[str, None]] = {}
        """Framework, known or not, to the agents it holds something on."""

    # -- frameworks ------------------------------------------------------------------------------------------

    def add_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        is_active: bool = True,
        min_allocatable: MinAllocatable | None = None,
        used: Mapping[str, Resources] | None = None,
    ) -> Candidates:
        """A framework subscribed, with what it uses by agent; what agents said it uses is adopted too."""
        assert framework_id not in self.frameworks, f"framework {framework_id} is already here"
        framework = Framework(framework_id, roles, suppressed, capabilities, min_allocatable or {}, is_active)
        self.frameworks[framework_id] = framework
        for agent_id, resources in (used or {}).items():
            agent = self.agents.get(agent_id)
            if agent is not None and framework_id not in agent.held:
                self._note_use(agent, framework_id, resources)
        for role in framework.roles:
            self._track(framework_id, role)
        for agent_id in self.agents_held_by(framework_id):
            for role, held in self.agents[agent_id].held.of(framework_id).items():
                self._charge(framework_id, role, agent_id, held)
        self._refresh_listing(framework)
        return self._wanted(ALL if is_active else NONE)

    def update_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        min_allocatable: MinAllocatable | None = None,
    ) -> None:
        """A framework changed its description; roles that are no longer suppressed count as revived."""
        framework = self.frameworks[framework_id]
        before, framework.roles = framework.roles, dict.fromkeys(roles)
        suppressed = set(suppressed)
        revived = framework.suppressed - suppressed
        gone = [role for role in before if role not in framework.roles]
        framework.filters.clear_roles([*gone, *sorted(revived)])
        framework.suppressed = suppressed
        framework.min_allocatable = dict(min_allocatable or {})
        framework.set_capabilities(capabilities)
        for role in framework.roles:
            self._track(framework_id, role)
        self._refresh_listing(framework)
        for role in gone:
            self._untrack_if_idle(framework_id, role)

    def remove_framework(self, framework_id: str) -> None:
        """A framework is gone; what it still holds stays held until recovered."""
        framework = self.frameworks[framework_id]
        for agent_id in self.agents_held_by(framework_id):
            for role, held in self.agents[agent_id].held.of(framework_id).items():
                self._discharge(framework_id, role, agent_id, held)
        del self.frameworks[framework_id]
        for role in framework.tracked:
            self._leave(framework_id, role)

    def activate_framework(self, framework_id: str) -> Candidates:
        """A framework is connected: roles that are not suppressed get offers."""
        framework = self.frameworks[framework_id]
        framework.is_active = True
        self._refresh_listing(framework)
        return self._wanted(ALL)

    def deactivate_framework(self, framework_id: str) -> None:
        """A framework is disconnected: no offers; its filters are dropped, its suppression is kept."""
        framework = self.frameworks[framework_id]
        framework.is_active = False
        framework.filters.clear()
        self._refresh_listing(framework)

    def suppress(self, framework_id: str, roles: Collection[str] = ()) -> None:
        """No offers for these roles, all if none are named; filters are kept."""
        framework = self.frameworks[framework_id]
        framework.suppressed.update(roles or framework.roles)
        self._refresh_listing(framework)

    def revive(self, framework_id: str, roles: Collection[str] = ()) -> Candidates:
        """Offers for these roles again, all if none are named, whatever was refused."""
        framework = self.frameworks[framework_id]
        roles = roles or framework.roles
        framework.filters.clear_roles(roles)
        framework.suppressed.difference_update(roles)
        self._refresh_listing(framework)
        return self._wanted(ALL)

    # -- agents ----------------------------------------------------------------------------------------------

    def add_agent(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        *,
        capabilities: Iterable[AgentCapabilityType] = (),
        used: Mapping[str, Resources] | None = None,
    ) -> Candidates:
        """An agent joined, with what it says each framework uses, unknown ones included."""
        assert agent_id not in self.agents, f"agent {agent_id} is already here"
        agent = self.agents[agent_id] = Agent(agent_id, info, total, capabilities)
        self.pool.add(total)
        for framework_id, resources in (used or {}).items():
            self._note_use(agent, framework_id, resources)
            if framework_id in self.frameworks:
                for role, held in agent.held.of(framework_id).items():
                    self._charge(framework_id, role, agent_id, held)
        return self._wanted(only(agent_id))

    def update_agent(
        self,
        agent_id: str,
        *,
        info: AgentInfo | None = None,
        total: Resources | None = None,
        capabilities: Iterable[AgentCapabilityType] | None = None,
    ) -> Candidates:
        """An agent changed; what is not given stays. New attributes void what was refused on it."""
        agent = self.agents[agent_id]
        changed = False
        if info is not None and info != agent.info:
            changed = True
            if info.attributes != agent.info.attributes:
                self._drop_filters(agent_id)
            agent.info = info
        if capabilities is not None and (new := frozenset(capabilities)) != agent.capabilities:
            changed = True
            agent.set_capabilities(new)
        if total is not None and total != agent.total:
            changed = True
            self.pool.remove(agent.total)
            self.pool.add(total)
            agent.set_total(total)
        return self._wanted(only(agent_id) if changed else NONE)

    def add_use(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """An agent reports something in use that nobody counted, such as a task that was given up."""
        self._note_use(self.agents[agent_id], framework_id, resources)
        if framework_id in self.frameworks:
            for role, part in by_role(resources).items():
                self._charge(framework_id, role, agent_id, part)

    def remove_agent(self, agent_id: str) -> None:
        """An agent is gone and whatever was held on it; recovering that later is harmless."""
        agent = self.agents.pop(agent_id)
        for framework_id, role, held in agent.held:
            self._forget_held(framework_id, agent_id)
            self._discharge(framework_id, role, agent_id, held)
        for framework_id, role, _ in agent.held:
            self._untrack_if_idle(framework_id, role)
        self.pool.remove(agent.total)
        self._drop_filters(agent_id)

    def activate_agent(self, agent_id: str) -> None:
        """Offer the agent again, from the next round that looks at it."""
        self.agents[agent_id].is_active = True

    def deactivate_agent(self, agent_id: str) -> None:
        """Do not offer the agent; what is held on it stays."""
        self.agents[agent_id].is_active = False

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
        """Resources came back: an offer that ended or, with `is_allocated`, something that was in use.

        With `refuse_s` they are not offered to the framework again for that long. An agent that is gone, or a
        framework that is, is no error.

        Raises: NotContained if the framework does not hold the resources.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        framework = self.frameworks.get(framework_id)
        for role, part in by_role(resources).items():
            agent.release(framework_id, role, part)
            if is_allocated:
                agent.allocated.take(framework_id, role, part)
            if framework is not None:
                self._discharge(framework_id, role, agent_id, part)
                self._refuse(framework, role, agent_id, part, refuse_s, now_s)
        if framework_id not in agent.held:
            self._forget_held(framework_id, agent_id)
        for role in by_role(resources):
            self._untrack_if_idle(framework_id, role)

    def transition_offered_to_allocated(self, framework_id: str, agent_id: str, resources: Resources) -> None:
        """Offered resources are now in use by tasks or executors."""
        agent = self.agents.get(agent_id)
        if agent is not None:
            for role, part in by_role(resources).items():
                agent.allocated.add(framework_id, role, part)

    def apply(self, result: Round) -> None:
        """Hold what a round gave away. Nothing may have happened since the round was computed."""
        for grant in result.grants:
            agent = self.agents[grant.agent]
            assert agent.available.contains(grant.resources), f"{grant.resources} of {agent.id} is not free"
            self._hold(agent, grant.framework, grant.role, grant.resources)
            self._charge(grant.framework, grant.role, grant.agent, grant.resources)
        if result.candidates.is_all:
            self.full_rounds += 1

    # -- whole cluster ---------------------------------------------------------------------------------------

    def update_weights(self, weights: Mapping[str, float]) -> None:
        """Set weights of roles, which need not exist yet; 1 is the default."""
        for role, weight in weights.items():
            self.role_sorter.update_weight(role, weight)

    def update_whitelist(self, hostnames: Iterable[str] | None) -> None:
        """Offer only agents with these hostnames; None for all."""
        self.whitelist = None if hostnames is None else frozenset(hostnames)

    def pause(self) -> None:
        """No rounds until resumed, so that none sees a change half done."""
        self.is_paused = True

    def resume(self) -> None:
        """Rounds may run again; this by itself wants none."""
        self.is_paused = False

    def expire_filters(self, now_s: float) -> None:
        """Give back the memory of filters that have ended; needed now and then, not for correctness."""
        for framework in self.frameworks.values():
            framework.filters.expire(now_s, self.full_rounds)

    def active_filters(self, role: str, now_s: float) -> int:
        """Offer filters of all frameworks in force for a role."""
        return sum(f.filters.active(role, now_s, self.full_rounds) for f in self.frameworks.values())

    def agents_held_by(self, framework_id: str) -> tuple[str, ...]:
        """Agents on which a framework, known or not, holds something."""
        return tuple(self._held_on.get(framework_id, ()))

    def is_whitelisted(self, agent: Agent) -> bool:
        """Whether the agent's hostname may be offered."""
        return self.whitelist is None or agent.hostname in self.whitelist

    # -- inside ----------------------------------------------------------------------------------------------

    def _wanted(self, candidates: Candidates) -> Candidates:
        return NONE if self.is_paused else candidates

    def _new_sorter(self) -> DrfSorter:
        return DrfSorter(self.pool, self.options.fair_share_excluded)

    def _note_use(self, agent: Agent, framework_id: str, resources: Resources) -> None:
        for role, part in by_role(resources).items():
            self._hold(agent, framework_id, role, part)
            agent.allocated.add(framework_id, role, part)

    def _hold(self, agent: Agent, framework_id: str, role: str, resources: Resources) -> None:
        agent.hold(framework_id, role, resources)
        self._held_on.setdefault(framework_id, {})[agent.id] = None

    def _forget_held(self, framework_id: str, agent_id: str) -> None:
        on = self._held_on.get(framework_id, {})
        on.pop(agent_id, None)
        if not on:
            self._held_on.pop(framework_id, None)

    def _charge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        self._track(framework_id, role)
        self.roles[role].allocated(framework_id, agent_id, resources)
        self.role_sorter.allocated(role, agent_id, resources)

    def _discharge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        if framework_id in self.frameworks:
            self.roles[role].unallocated(framework_id, agent_id, resources)
            self.role_sorter.unallocated(role, agent_id, resources)

    def _refuse(
        self,
        framework: Framework,
        role: str,
        agent_id: str,
        refused: Resources,
        refuse_s: float | None,
        now_s: float,
    ) -> None:
        if refuse_s is None or role not in framework.roles:
            return
        lifetime_s = filter_lifetime_s(refuse_s, self.options.allocation_interval_s)
        if lifetime_s > 0:
            framework.filters.add(role, agent_id, OfferFilter(refused, now_s + lifetime_s, self.full_rounds))

    def _drop_filters(self, agent_id: str) -> None:
        for framework in self.frameworks.values():
            framework.filters.clear_agent(agent_id)

    def _track(self, framework_id: str, role: str) -> None:
        tracked = self.frameworks[framework_id].tracked
        if role in tracked:
            return
        tracked[role] = None
        sorter = self.roles.get(role)
        if sorter is None:
            sorter = self.roles[role] = self._new_sorter()
            self.role_sorter.add(role)
            self.role_sorter.activate(role)
        sorter.add(framework_id)

    def _leave(self, framework_id: str, role: str) -> None:
        sorter = self.roles[role]
        sorter.remove(framework_id)
        if not len(sorter):
            del self.roles[role]
            self.role_sorter.remove(role)

    def _untrack_if_idle(self, framework_id: str, role: str) -> None:
        framework = self.frameworks.get(framework_id)
        if framework is None or role in framework.roles or role not in framework.tracked:
            return
        held = (self.agents[agent_id].held.of(framework_id) for agent_id in self.agents_held_by(framework_id))
        if not any(role in roles for roles in held):
            del framework.tracked[role]
            self._leave(framework_id, role)

    def _refresh_listing(self, framework: Framework) -> None:
        """List the framework in exactly those roles it wants offers for."""
        for role in framework.tracked:
            if framework.wants(role):
                self.roles[role].activate(framework.id)
            else:
                self.roles[role].deactivate(framework.id)
