"""One round: who is offered what. A decision over the state as it is; `state.apply` carries it out.

Rooms for what comes: guarantees are a first pass over the agents before `_FairShare`, limits and headroom cut
the offer in `_FairShare._takes`, offer constraints stand with the capabilities in `_FairShare._takes`.

Source: reference allocator.md §4; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, §4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cluster.allocator import eligibility
from cluster.allocator.agents import Agent
from cluster.allocator.candidates import Candidates
from cluster.allocator.frameworks import Framework
from cluster.allocator.state import AllocatorState
from cluster.model import Quantities, Resources


class Shuffle(Protocol):
    """Puts a list in random order, in place."""

    def __call__(self, items: list[Agent], /) -> None:
        """Shuffle."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Resources of an agent that a framework gets for a role, in unallocated form."""

    framework: str
    role: str
    agent: str
    resources: Resources


@dataclass(frozen=True, slots=True)
class Round:
    """Outcome of one round, small enough to keep: what was given away, not what was not (see `explain`)."""

    candidates: Candidates
    grants: tuple[Grant, ...]
    """In the order decided; one for each framework, role and agent at most."""
    looked_at: int
    """Agents that had anything worth offering."""
    at_s: float

    def offers(self) -> dict[str, dict[str, dict[str, Resources]]]:
        """Framework to role to agent to resources, allocated to the role, as offers carry them."""
        offers: dict[str, dict[str, dict[str, Resources]]] = {}
        for grant in self.grants:
            by_agent = offers.setdefault(grant.framework, {}).setdefault(grant.role, {})
            by_agent[grant.agent] = grant.resources.allocated(grant.role)
        return offers


def allocate(state: AllocatorState, candidates: Candidates, now_s: float, shuffle: Shuffle) -> Round:
    """Decide one round over the candidates that are active, whitelisted and have something free.

    The state is the same afterwards as before: sorters are charged while deciding and relieved again.
    """
    agents = [agent for agent in _active(state, candidates) if agent.available]
    bars = _lowest_bars(state)
    agents = [agent for agent in agents if eligibility.is_allocatable(agent.available, bars)]
    shuffle(agents)
    fair_share = _FairShare(state, now_s)
    try:
        for agent in agents:
            fair_share.give_away(agent)
    finally:
        fair_share.relieve_sorters()
    return Round(candidates, tuple(fair_share.grants), len(agents), now_s)


def _active(state: AllocatorState, candidates: Candidates) -> list[Agent]:
    """Candidates that may be offered, in an order that does not depend on hashes."""
    if candidates.is_all:
        agents = list(state.agents.values())
    else:
        agents = [state.agents[a] for a in sorted(candidates.agents) if a in state.agents]
    return [agent for agent in agents if agent.is_active and state.is_whitelisted(agent)]


def _lowest_bars(state: AllocatorState) -> tuple[Quantities, ...]:
    """Alternatives of which an agent must have one free to matter to anybody; none if all might matter."""
    bars = dict.fromkeys(state.options.min_allocatable)
    for framework in state.frameworks.values():
        for alternatives in framework.min_allocatable.values():
            if not alternatives:
                return ()
            bars.update(dict.fromkeys(alternatives))
    return tuple(bars) if state.options.min_allocatable else ()


class _FairShare:
    """Stage 2: agent by agent, roles and within them frameworks in order of share take what they may.

    The order of roles is that at the start of the agent, the order of frameworks that at the start of the
    role on the agent; so sorters are charged when the walk over them is done.
    """

    def __init__(self, state: AllocatorState, now_s: float) -> None:
        self.grants: list[Grant] = []
        self._state = state
        self._now_s = now_s

    def give_away(self, agent: Agent) -> None:
        """Offer one agent around until nothing is left or nobody takes it."""
        first = len(self.grants)
        available = agent.available
        for role in self._state.role_sorter.walk():
            if self._state.roles[role].has_active():
                available = self._give_to_role(agent, role, available)
                if not available:
                    break
        for grant in self.grants[first:]:
            self._state.role_sorter.allocated(grant.role, grant.agent, grant.resources)

    def relieve_sorters(self) -> None:
        """Take all grants back out of the sorters, latest first."""
        for grant in reversed(self.grants):
            self._state.role_sorter.retract(grant.role, grant.agent, grant.resources)
            self._state.roles[grant.role].retract(grant.framework, grant.agent, grant.resources)

    def _give_to_role(self, agent: Agent, role: str, available: Resources) -> Resources:
        """Offer what is available on an agent to the frameworks of a role; what is left of it."""
        offerable = available.allocatable_to(role)
        if not offerable:
            return available
        first = len(self.grants)
        sorter = self._state.roles[role]
        for framework_id in sorter.walk():
            offer = self._takes(self._state.frameworks[framework_id], role, agent, offerable)
            if offer is not None:
                self.grants.append(Grant(framework_id, role, agent.id, offer))
                available, offerable = available.without(offer), offerable.without(offer)
                if not offerable:
                    break
        for grant in self.grants[first:]:
            sorter.allocated(grant.framework, grant.agent, grant.resources)
        return available

    def _takes(self, framework: Framework, role: str, agent: Agent, offerable: Resources) -> Resources | None:
        """The part of what is offerable that the framework is to get; None if it gets nothing."""
        options = self._state.options
        if eligibility.missing_capability(framework, agent, options) is not None:
            return None
        if eligibility.missing_agent_capability(framework, role, agent) is not None:
            return None
        offer = eligibility.stripped(offerable, framework, agent)
        if not eligibility.is_allocatable(offer, eligibility.min_allocatable(framework, role, options)):
            return None
        if framework.filters.blocking(role, agent.id, offer, self._now_s, self._state.full_rounds):
            return None
        return offer
