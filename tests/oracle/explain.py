"""Why a framework was not offered an agent, worked out from the state as it is and the last round.

The first reason that applies counts, most lasting first, in the order of `Why`. What an offer would be now is
worked out as both stages of a round would, on an agent nobody else is asked about.

Source: reference allocator.md §4, §5.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster.model import Quantities, Resources
from tests.oracle import eligibility, quota
from tests.oracle.chance import ByName
from tests.oracle.constraints import is_excluded
from tests.oracle.records import Agent, Framework, State
from tests.oracle.round import Round


class Why(enum.Enum):
    """Reason for which an agent is not offered, most lasting first."""

    NOT_SUBSCRIBED = enum.auto()
    FRAMEWORK_INACTIVE = enum.auto()
    SUPPRESSED = enum.auto()
    AGENT_DEACTIVATED = enum.auto()
    NOT_WHITELISTED = enum.auto()
    CAPABILITY = enum.auto()
    CONSTRAINT = enum.auto()
    RESERVED_TO_OTHERS = enum.auto()
    TAKEN_EARLIER = enum.auto()
    NOTHING_FREE = enum.auto()
    BELOW_MIN_ALLOCATABLE = enum.auto()
    QUOTA_LIMIT = enum.auto()
    HEADROOM = enum.auto()
    FILTERED = enum.auto()
    NOT_LOOKED_AT = enum.auto()


@dataclass
class Explanation:
    """How the agents looked to a framework and role; `offered` and `withheld` add up to `agents`."""

    agents: int = 0
    offered: int = 0
    withheld: Counter[Why] = field(default_factory=Counter)
    possible: int = 0
    """Agents that would do if they were entirely free; 0 tells "never with these agents" from "not now"."""
    takers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """TAKEN_EARLIER: frameworks and roles, by agents they took something of."""
    held_for: Counter[str] = field(default_factory=Counter)
    """HEADROOM: roles whose guarantee is not met, by agents held back."""


def explain(state: State, last: Round | None, name: str, role: str, now_s: float) -> Explanation:
    """Account for every agent."""
    answer = Explanation(agents=len(state.agents))
    framework = state.frameworks[name]
    for agent_id, agent in state.agents.items():
        grants = last.grants if last is not None else ()
        takers = dict.fromkeys((g.framework, g.role) for g in grants if g.agent == agent_id)
        answer.possible += is_possible(state, framework, role, agent)
        if (name, role) in takers:
            answer.offered += 1
            continue
        why = _why(state, framework, role, agent_id, bool(takers), now_s)
        answer.withheld[why] += 1
        if why is Why.TAKEN_EARLIER:
            answer.takers.update(list(takers))
        if why is Why.HEADROOM:
            answer.held_for.update(unsatisfied_roles(state))
    return answer


def is_possible(state: State, framework: Framework, role: str, agent: Agent) -> bool:
    """Whether the agent would do if all of it were free and nothing refused, quota left aside."""
    most = eligibility.stripped(agent.total.allocatable_to(role), framework)
    return (
        eligibility.is_capable(framework, agent, state.options)
        and eligibility.can_serve(agent, framework, role)
        and not is_excluded(framework.constraints, role, agent.info)
        and eligibility.is_allocatable(most, framework, role, state.options)
    )


def unsatisfied_roles(state: State) -> list[str]:
    """Roles that headroom is held for."""
    consumed = quota.consumed_by_top_roles(state)
    return [role for role in sorted(consumed) if state.quota(role).guarantees - consumed[role]]


def _why(state: State, framework: Framework, role: str, agent_id: str, was_taken: bool, now_s: float) -> Why:
    agent = state.agents[agent_id]
    if (lasting := _lasting(state, framework, role, agent)) is not None:
        return lasting
    if agent.total and not agent.total.allocatable_to(role):
        return Why.RESERVED_TO_OTHERS
    free = eligibility.stripped(agent.available.allocatable_to(role), framework)
    if not eligibility.is_allocatable(free, framework, role, state.options):
        if was_taken:
            return Why.TAKEN_EARLIER
        return Why.BELOW_MIN_ALLOCATABLE if free else Why.NOTHING_FREE
    within_limit = _offer(state, role, free, has_headroom=False)
    if not eligibility.is_allocatable(within_limit, framework, role, state.options):
        return Why.QUOTA_LIMIT
    offer = _offer(state, role, free, has_headroom=True)
    if not eligibility.is_allocatable(offer, framework, role, state.options):
        return Why.HEADROOM
    if eligibility.is_refused(state, framework, role, agent_id, offer, now_s):
        return Why.FILTERED
    return Why.NOT_LOOKED_AT


def _lasting(state: State, framework: Framework, role: str, agent: Agent) -> Why | None:
    """Reasons that have nothing to do with what is free."""
    if role not in framework.roles:
        return Why.NOT_SUBSCRIBED
    if not framework.is_active:
        return Why.FRAMEWORK_INACTIVE
    if role in framework.suppressed:
        return Why.SUPPRESSED
    if not agent.is_active:
        return Why.AGENT_DEACTIVATED
    if state.whitelist is not None and agent.info.hostname not in state.whitelist:
        return Why.NOT_WHITELISTED
    free = agent.available.allocatable_to(role)
    if (
        not eligibility.is_capable(framework, agent, state.options)
        or not eligibility.can_serve(agent, framework, role)
        or (free and not eligibility.stripped(free, framework))
    ):
        return Why.CAPABILITY
    return Why.CONSTRAINT if is_excluded(framework.constraints, role, agent.info) else None


def _offer(state: State, role: str, free: Resources, has_headroom: bool) -> Resources:
    """What the role would be offered now of what is free, with or without regard to headroom."""
    consumption = quota.consumed_by_top_roles(state)
    consumed, mine = consumption.get(role, Quantities.EMPTY), state.quota(role)

    def by_text(entries: Sequence[Resources]) -> list[Resources]:
        return ByName().entries("", entries)

    more = quota.counts_towards_quota(free)
    beyond = free - more
    guaranteed = quota.shrink(more, mine.guarantees - consumed, by_text)
    more = more - guaranteed
    if mine.limits:
        more = quota.shrink(more, mine.limits - consumed - quota.scalars(guaranteed), by_text)
    required = quota.required_headroom(state, consumption)
    if has_headroom and required:
        more = quota.shrink(more, quota.available_headroom(state) - required, by_text)
    return beyond + guaranteed + more
