"""What agents do: join, change, go on maintenance, leave.

Source: reference allocator.md §3, §6, §7.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping

from cluster.allocator.agents import Agent, AgentCapabilityType, Place
from cluster.allocator.books import Books
from cluster.allocator.bundle import Bundle
from cluster.allocator.candidates import NONE, Candidates, only
from cluster.allocator.filters import refusal_s
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.model import AgentInfo, InverseOfferStatus, Resources, Unavailability


class AgentEvents(Books):
    """Events of agents. Those that want a round return the agents it should look at."""

    def add_agent(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        *,
        epoch: int = 0,
        capabilities: Iterable[AgentCapabilityType] = (),
        used: Mapping[str, Resources] | None = None,
        unavailability: Unavailability | None = None,
    ) -> Candidates:
        """An agent joined, with what it says each framework uses, unknown ones included.

        The `epoch` tells apart two agents of the same name, one of which left before the other came.
        If it is the last one a new master waits for, this very agent gets a round.
        """
        return at_once(
            self.adding_agent(
                agent_id, info, total, epoch, capabilities, used or {}, unavailability, ALL_AT_ONCE
            )
        )

    def adding_agent(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        epoch: int,
        capabilities: Iterable[AgentCapabilityType],
        used: Mapping[str, Resources],
        unavailability: Unavailability | None,
        step: int,
    ) -> Generator[None, None, Candidates]:
        """Do the same, with what `step` frameworks use at a time; nothing may come in between."""
        assert agent_id not in self.agents, f"agent {agent_id} is already here"
        agent = self.agents[agent_id] = Agent(agent_id, info, total, capabilities, self.options.region)
        agent.epoch = epoch
        agent.place = self._place(info)
        self._join(agent.whole)
        self.openings.open[agent] = None
        for number, (framework_id, resources) in enumerate(used.items(), 1):
            self._note_use(agent, framework_id, resources)
            if not number % step:
                yield
        if unavailability is not None:
            self._set_away(agent, unavailability)
        if self._awaited_agents is not None and len(self.agents) >= self._awaited_agents:
            self._awaited_agents = None
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
            if self.is_moved(agent_id, info):
                self._void_refusals(agent)
            agent.set_info(info, self.options.region)
            agent.place = self._place(info)
        if capabilities is not None and (new := frozenset(capabilities)) != agent.capabilities:
            changed = True
            agent.set_capabilities(new)
        if total is not None and total != agent.total:
            changed = True
            self._set_total(agent, total)
        if changed:
            self._reopen(agent)
        return self._wanted(only(agent_id) if changed else NONE)

    def add_use(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """An agent reports something in use that nobody counted, such as a task that was given up."""
        self._note_use(self.agents[agent_id], framework_id, resources)

    def add_resource_provider(
        self, agent_id: str, total: Resources, *, used: Mapping[str, Resources] | None = None
    ) -> None:
        """A resource provider adds to an agent, and reports what is in use of it."""
        agent = self.agents[agent_id]
        self._set_total(agent, agent.total + total)
        self._reopen(agent)
        for framework_id, resources in (used or {}).items():
            self._note_use(agent, framework_id, resources)

    def remove_agent(self, agent_id: str) -> None:
        """An agent is gone and whatever was held on it; recovering that later is harmless."""
        at_once(self.taking_back(agent_id, ALL_AT_ONCE))
        agent = self.agents.pop(agent_id)
        self._void_refusals(agent)
        self.openings.forget(agent)
        self.away.pop(agent, None)
        self._inactive.pop(agent, None)
        self._leave(agent.whole)

    def taking_back(self, agent_id: str, step: int) -> Generator[None, None, None]:
        """Take what is held on an agent from all who hold it, `step` of them at a time."""
        agent = self.agents[agent_id]
        for number, (holder, held) in enumerate(agent.held.items(), 1):
            if holder in agent.allocated:
                used = agent.allocated[holder]
                self._no_longer_uses(holder, used)
                agent.allocated = agent.allocated.taken(holder, used)
            agent.release(holder, held)
            self._no_longer_holds(holder, agent, Bundle.of(held))
            if not number % step:
                yield

    def clearing_agent(self, agent_id: str, step: int) -> Generator[None, None, None]:
        """Do that, and drop what was refused on the agent."""
        yield from self.taking_back(agent_id, step)
        yield from self.voiding_refusals(agent_id, step)

    def voiding_refusals(self, agent_id: str, step: int) -> Generator[None, None, None]:
        """Drop what was refused on an agent, for `step` who did so at a time."""
        yield from self.refusals.forgetting_agent(self.agents[agent_id], step)

    def is_crowded(self, agent_id: str, most: int) -> bool:
        """Whether more than so many hold something of an agent, or refused it."""
        agent = self.agents[agent_id]
        return len(agent.held) > most or agent.refused_by.bit_count() > most

    def is_moved(self, agent_id: str, info: AgentInfo | None) -> bool:
        """Whether an agent has other attributes according to a new description, if there is one."""
        return info is not None and info.attributes != self.agents[agent_id].info.attributes

    def activate_agent(self, agent_id: str) -> None:
        """Offer the agent again, from the next round that looks at it."""
        agent = self.agents[agent_id]
        agent.is_active = True
        self._inactive.pop(agent, None)
        self._reopen(agent)

    def deactivate_agent(self, agent_id: str) -> None:
        """Do not offer the agent; what is held on it stays."""
        agent = self.agents[agent_id]
        agent.is_active = False
        self._inactive[agent] = None

    def update_unavailability(self, agent_id: str, unavailability: Unavailability | None) -> Candidates:
        """When an agent will be away. Answers so far are void, and inverse offers that are out forgotten."""
        agent = self.agents[agent_id]
        self._set_away(agent, unavailability)
        agent.inverse_outstanding.clear()
        agent.inverse_statuses.clear()
        self._void_inverse_refusals(agent)
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
        """An inverse offer was answered, or (no status) rescinded.

        An answer that comes too late is no status any more, yet it refuses the next inverse offer.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        if framework_id in agent.inverse_outstanding:
            del agent.inverse_outstanding[framework_id]
            if status is not None:
                agent.inverse_statuses[framework_id] = (status, now_s)
        framework = self.frameworks.get(framework_id)
        if framework is not None and refuse_s is not None and (lifetime_s := refusal_s(refuse_s)):
            agent.inverse_refused_by[framework_id] = None
            refused = framework.refused_inverse.setdefault(agent_id, [])
            refused[:] = [until_s for until_s in refused if until_s > now_s] + [now_s + lifetime_s]

    def _set_away(self, agent: Agent, unavailability: Unavailability | None) -> None:
        agent.unavailability = unavailability
        if unavailability is None:
            self.away.pop(agent, None)
        else:
            self.away[agent] = None

    def _place(self, info: AgentInfo) -> Place:
        return self._places.setdefault((info.attributes, info.domain), Place())
