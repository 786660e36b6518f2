"""One round, step by step as the reference lists them. A decision; the state is the same afterwards.

Source: reference allocator.md §4, §7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from cluster.model import Quantities, Resources, Unavailability, ValueType, ancestors
from tests.oracle import eligibility, quota
from tests.oracle.chance import Chance
from tests.oracle.constraints import is_excluded
from tests.oracle.records import Agent, Candidates, Framework, State
from tests.oracle.sorter import Client, Sorter


@dataclass(frozen=True)
class Grant:
    """Resources of an agent that a framework gets for a role, in unallocated form."""

    framework: str
    role: str
    agent: str
    resources: Resources


@dataclass(frozen=True)
class InverseGrant:
    """A framework is asked to leave an agent; no resources are named."""

    framework: str
    agent: str
    unavailability: Unavailability


@dataclass(frozen=True)
class Round:
    """Outcome of one round: grants in the order decided (stage 1, then 2), and inverse offers by agent."""

    candidates: Candidates
    grants: tuple[Grant, ...]
    inverse_offers: tuple[InverseGrant, ...]
    at_s: float

    def offers(self) -> dict[str, dict[str, dict[str, Resources]]]:
        """Framework to role to agent to resources, allocated to the role: one offer per role and agent."""
        offers: dict[str, dict[str, dict[str, Resources]]] = {}
        for grant in self.grants:
            by_agent = offers.setdefault(grant.framework, {}).setdefault(grant.role, {})
            so_far = by_agent.get(grant.agent, Resources.EMPTY)
            by_agent[grant.agent] = so_far + grant.resources.allocated(grant.role)
        return offers


def decide(state: State, candidates: Candidates, now_s: float, chance: Chance) -> Round:
    """Decide one round."""
    wanted = list(state.agents) if candidates.is_all else [a for a in state.agents if a in candidates.agents]
    run = _Run(state.copy(), now_s, chance)
    agents = [a for a in wanted if is_offered_at_all(state, state.agents[a])]
    run.guarantees(chance.agents(1, agents))
    run.fair_share(chance.agents(2, agents))
    return Round(candidates, tuple(run.grants), tuple(run.inverse_offers(wanted)), now_s)


def is_offered_at_all(state: State, agent: Agent) -> bool:
    """Whether an agent is active and whitelisted."""
    return agent.is_active and (state.whitelist is None or agent.info.hostname in state.whitelist)


def role_sorter(state: State) -> Sorter:
    """Roles as clients; all are active."""
    clients = {role: Client(True, state.held(role)) for role in state.tracked()}
    return Sorter(
        clients, state.role_counts, cluster_total(state), state.weights, state.options.fair_share_excluded
    )


def framework_sorter(state: State, role: str) -> Sorter:
    """Frameworks of a role as clients; those that want offers are active."""
    clients = {
        name: Client(state.frameworks[name].wants(role), state.held(role, name))
        for name in state.tracked()[role]
    }
    counts = state.framework_counts[role]
    return Sorter(clients, counts, cluster_total(state), excluded=state.options.fair_share_excluded)


def cluster_total(state: State) -> Quantities:
    """Scalars of all agents, reserved and revocable ones included."""
    total = Quantities.EMPTY
    for agent in state.agents.values():
        total = total + quota.scalars(agent.total)
    return total


def roles_in_order(state: State, chance: Chance, place: str) -> list[str]:
    """Roles as a round would ask them now."""
    sorter = role_sorter(state)
    if state.options.is_random:
        return chance.clients(f"{place}/roles", sorter.chances())
    return sorter.drf_order()


def frameworks_in_order(state: State, role: str, chance: Chance, place: str) -> list[str]:
    """Frameworks of a role that want offers, as a round would ask them now."""
    sorter = framework_sorter(state, role)
    if state.options.is_random:
        return chance.clients(f"{place}/frameworks of {role}", sorter.chances())
    return sorter.drf_order()


class _Run:
    """A round under way, on a scratch copy of the state that holds what was granted so far."""

    def __init__(self, state: State, now_s: float, chance: Chance) -> None:
        self.grants: list[Grant] = []
        self._state = state
        self._now_s = now_s
        self._chance = chance
        self._shared: dict[str, Resources] = {}
        """By agent: shared resources offered in this round, which no second offer of it may hold."""
        self._consumed = quota.consumed_by_top_roles(state)
        self._required = quota.required_headroom(state, self._consumed)
        self._available = quota.available_headroom(state)

    # -- stage 1 ---------------------------------------------------------------------------------------------

    def guarantees(self, agent_ids: Sequence[str]) -> None:
        """Stage 1: roles whose guarantee is not met."""
        for agent_id in agent_ids:
            for role in roles_in_order(self._state, self._chance, f"1/{agent_id}"):
                if not self._state.agents[agent_id].available:
                    break
                if self._state.quota(role).guarantees:
                    self._guarantee(agent_id, role)

    def _guarantee(self, agent_id: str, role: str) -> None:
        state, limits = self._state, self._state.quota(role).limits
        unsatisfied = state.quota(role).guarantees - self._consumed.get(role, Quantities.EMPTY)
        if not unsatisfied:
            return
        for name in frameworks_in_order(state, role, self._chance, f"1/{agent_id}"):
            if not unsatisfied:
                break
            if self._is_excluded(name, role, agent_id):
                continue
            offerable = self._offerable(agent_id, role)
            if not offerable:
                break
            part = self._takeable(name, role, agent_id, offerable)
            quota_part = quota.counts_towards_quota(part)
            arrange = partial(self._chance.entries, f"1/{agent_id}/{role}/{name}/guarantee")
            guaranteed = quota.shrink(quota_part, unsatisfied, arrange)
            if not guaranteed:
                continue
            offer = guaranteed + _beyond_quota(part, role)
            more = quota_part - guaranteed
            if limits:
                room = limits - self._consumed.get(role, Quantities.EMPTY) - quota.scalars(guaranteed)
                arrange = partial(self._chance.entries, f"1/{agent_id}/{role}/{name}/limit")
                more = quota.shrink(more, room, arrange)
            more = self._within_headroom(more, f"1/{agent_id}/{role}/{name}/headroom")
            if not self._is_welcome(name, role, agent_id, offer + more):
                continue
            used = quota.scalars(guaranteed + more)
            unsatisfied = unsatisfied - used
            self._consume(role, used)
            self._required = self._required - quota.scalars(guaranteed)
            self._available = self._available - used
            self._grant(name, role, agent_id, offer + more)

    # -- stage 2 ---------------------------------------------------------------------------------------------

    def fair_share(self, agent_ids: Sequence[str]) -> None:
        """Stage 2: everybody, with what limits and headroom leave."""
        for agent_id in agent_ids:
            for role in roles_in_order(self._state, self._chance, f"2/{agent_id}"):
                if not self._state.agents[agent_id].available:
                    break
                self._share(agent_id, role)

    def _share(self, agent_id: str, role: str) -> None:
        state, limits = self._state, self._state.quota(role).limits
        for name in frameworks_in_order(state, role, self._chance, f"2/{agent_id}"):
            if self._is_excluded(name, role, agent_id):
                continue
            offerable = self._offerable(agent_id, role)
            if not offerable:
                break
            part = self._takeable(name, role, agent_id, offerable)
            more = quota.counts_towards_quota(part)
            offer = part - more
            if limits:
                room = limits - self._consumed.get(role, Quantities.EMPTY)
                arrange = partial(self._chance.entries, f"2/{agent_id}/{role}/{name}/limit")
                more = quota.shrink(more, room, arrange)
            more = self._within_headroom(more, f"2/{agent_id}/{role}/{name}/headroom")
            if not self._is_welcome(name, role, agent_id, offer + more):
                continue
            used = quota.scalars(more)
            if not state.quota(role).is_default:
                self._consume(role, used)
            self._available = self._available - used
            self._grant(name, role, agent_id, offer + more)

    # -- inverse offers --------------------------------------------------------------------------------------

    def inverse_offers(self, agent_ids: Sequence[str]) -> list[InverseGrant]:
        """Ask all that hold something of an agent with maintenance to leave it, once."""
        asked = []
        for agent_id in agent_ids:
            agent = self._state.agents[agent_id]
            if agent.unavailability is None:
                continue
            for name in dict.fromkeys(framework for framework, _ in agent.held):
                framework = self._state.frameworks.get(name)
                if framework is None or not framework.is_active or name in agent.inverse_outstanding:
                    continue
                if any(f.agent == agent_id and f.until_s > self._now_s for f in framework.inverse_filters):
                    continue
                asked.append(InverseGrant(name, agent_id, agent.unavailability))
        return asked

    # -- both stages -----------------------------------------------------------------------------------------

    def _is_excluded(self, name: str, role: str, agent_id: str) -> bool:
        return is_excluded(self._framework(name).constraints, role, self._state.agents[agent_id].info)

    def _offerable(self, agent_id: str, role: str) -> Resources:
        """What of an agent the role may get, shared resources once in a round."""
        shared = self._shared.get(agent_id, Resources.EMPTY)
        return self._state.agents[agent_id].available.allocatable_to(role).without(shared)

    def _takeable(self, name: str, role: str, agent_id: str, offerable: Resources) -> Resources:
        """What of that the framework can take; nothing if it is too little or the agent is not for it."""
        framework, options = self._framework(name), self._state.options
        if not eligibility.is_allocatable(offerable, framework, role, options):
            return Resources.EMPTY
        if not eligibility.is_capable(framework, self._state.agents[agent_id], options):
            return Resources.EMPTY
        return eligibility.stripped(offerable, framework)

    def _is_welcome(self, name: str, role: str, agent_id: str, offer: Resources) -> bool:
        """Whether an offer is worth making and the framework has not refused it."""
        state, framework = self._state, self._framework(name)
        return (
            eligibility.is_allocatable(offer, framework, role, state.options)
            and eligibility.can_serve(state.agents[agent_id], framework, role)
            and not eligibility.is_refused(state, framework, role, agent_id, offer, self._now_s)
        )

    def _within_headroom(self, more: Resources, place: str) -> Resources:
        """The part that leaves enough free for guarantees not met."""
        if not self._required or not more:
            return more
        return quota.shrink(more, self._available - self._required, partial(self._chance.entries, place))

    def _consume(self, role: str, used: Quantities) -> None:
        for each in (role, *ancestors(role)):
            self._consumed[each] = self._consumed.get(each, Quantities.EMPTY) + used

    def _grant(self, name: str, role: str, agent_id: str, offer: Resources) -> None:
        self.grants.append(Grant(name, role, agent_id, offer))
        self._shared[agent_id] = self._shared.get(agent_id, Resources.EMPTY) + offer.shared()
        self._state.hold(agent_id, name, role, offer)

    def _framework(self, name: str) -> Framework:
        return self._state.frameworks[name]


def _beyond_quota(part: Resources, role: str) -> Resources:
    """What goes with a guarantee: reserved to exactly this role, not scalar, or revocable."""
    return part.filter(
        lambda kind: kind.reservation_role == role or kind.type is not ValueType.SCALAR or kind.revocable
    )
