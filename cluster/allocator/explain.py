"""Why a framework got no offer: every "no" of a round as data, worked out only when somebody asks.

An answer reads the state as it is when asked, and the record of a round for what was taken in it. Agents are
judged one by one, so a caller that must not take long can ask for a slice of them.

Source: reference allocator.md §4, §5.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cluster.allocator import eligibility
from cluster.allocator.agents import Agent, AgentCapabilityType
from cluster.allocator.allocate import Round
from cluster.allocator.frameworks import Framework, FrameworkCapability
from cluster.allocator.state import AllocatorState

MAX_TAKERS = 20
"""Takers named in an explanation; the rest is counted only."""


class Why(enum.Enum):
    """Reason for which an agent is not offered, most lasting first."""

    NOT_SUBSCRIBED = "the framework is not subscribed to the role"
    FRAMEWORK_INACTIVE = "the framework is not connected"
    SUPPRESSED = "the framework suppressed offers for the role"
    AGENT_DEACTIVATED = "the agent is deactivated"
    NOT_WHITELISTED = "the agent's hostname is not whitelisted"
    CAPABILITY = "the framework or the agent lacks a capability"
    RESERVED_TO_OTHERS = "all of the agent is reserved to other roles"
    TAKEN_EARLIER = "somebody else took it earlier in the round"
    NOTHING_FREE = "nothing the framework can take is free"
    BELOW_MIN_ALLOCATABLE = "what is free is too little for an offer"
    FILTERED = "the framework refused this not long ago"
    NOT_LOOKED_AT = "nothing stands in the way; the round did not look at the agent, or things changed since"


@dataclass(frozen=True, slots=True)
class Withheld:
    """An agent not offered to a framework for a role."""

    agent: str
    why: Why
    is_possible: bool
    """Whether the agent would do if all of it were free; else never with its present total."""
    until_s: float | None = None
    """FILTERED: when the refusal ends, or at the next full round if that is later."""
    missing: FrameworkCapability | AgentCapabilityType | None = None
    """CAPABILITY: the one that is missing."""
    takers: tuple[tuple[str, str], ...] = ()
    """TAKEN_EARLIER: frameworks and roles that took it, in order."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the agents looked to a framework and role; `offered` and `withheld` add up to `agents`."""

    framework: str
    role: str
    agents: int
    offered: int
    withheld: dict[Why, int]
    takers: dict[tuple[str, str], int]
    """Framework and role to the agents they took first, the greediest of them; at most `MAX_TAKERS`."""
    possible: int
    """Agents that would do if they were entirely free; 0 tells "never with these agents" from "not now"."""
    until_s: float | None
    """When the first of the refusals counted ends."""


def explain(
    state: AllocatorState, last: Round | None, framework: str, role: str, now_s: float
) -> Explanation:
    """Account for every agent.

    Raises: KeyError for an unknown framework.
    """
    whys: Counter[Why] = Counter()
    takers: Counter[tuple[str, str]] = Counter()
    agents, possible, until_s = 0, 0, None
    for verdict in judge(state, last, framework, role, now_s, state.agents):
        agents += 1
        if verdict is None:
            possible += 1
            continue
        whys[verdict.why] += 1
        possible += verdict.is_possible
        takers.update(verdict.takers)
        if verdict.until_s is not None:
            until_s = verdict.until_s if until_s is None else min(until_s, verdict.until_s)
    offered = agents - whys.total()
    withheld = {why: whys[why] for why in Why if whys[why]}
    return Explanation(
        framework, role, agents, offered, withheld, dict(takers.most_common(MAX_TAKERS)), possible, until_s
    )


def judge(
    state: AllocatorState, last: Round | None, framework: str, role: str, now_s: float, agents: Iterable[str]
) -> Iterator[Withheld | None]:
    """Say of each of these agents why it was not offered; None for one that was, in the given round.

    Raises: KeyError for an unknown framework or agent.
    """
    asker = _Asker(state, state.frameworks[framework], role, now_s)
    taken: dict[str, list[tuple[str, str]]] = {}
    for grant in last.grants if last is not None else ():
        taken.setdefault(grant.agent, []).append((grant.framework, grant.role))
    for agent_id in agents:
        takers = tuple(taken.get(agent_id, ()))
        if (framework, role) in takers:
            yield None
        else:
            yield asker.withheld(state.agents[agent_id], takers)


@dataclass(frozen=True, slots=True)
class _Asker:
    """A framework and role on whose behalf agents are judged."""

    state: AllocatorState
    framework: Framework
    role: str
    now_s: float

    def withheld(self, agent: Agent, takers: tuple[tuple[str, str], ...]) -> Withheld:
        """The first reason that applies, most lasting first."""
        is_possible = self._is_possible(agent)
        why = self._unwanted() or self._closed(agent)
        if why is not None:
            return Withheld(agent.id, why, is_possible)
        missing = self._missing(agent)
        if missing is not None:
            return Withheld(agent.id, Why.CAPABILITY, is_possible, missing=missing)
        return self._short(agent, takers, is_possible)

    def _short(self, agent: Agent, takers: tuple[tuple[str, str], ...], is_possible: bool) -> Withheld:
        """Nothing stands in the way but what is free and what was refused."""
        if not agent.total.allocatable_to(self.role) and agent.total:
            return Withheld(agent.id, Why.RESERVED_TO_OTHERS, is_possible)
        free = eligibility.stripped(agent.available.allocatable_to(self.role), self.framework, agent)
        least = eligibility.min_allocatable(self.framework, self.role, self.state.options)
        if not eligibility.is_allocatable(free, least):
            if takers:
                return Withheld(agent.id, Why.TAKEN_EARLIER, is_possible, takers=takers)
            why = Why.BELOW_MIN_ALLOCATABLE if free else Why.NOTHING_FREE
            return Withheld(agent.id, why, is_possible)
        filters = self.framework.filters
        blocking = filters.blocking(self.role, agent.id, free, self.now_s, self.state.full_rounds)
        if blocking is not None:
            return Withheld(agent.id, Why.FILTERED, is_possible, until_s=blocking.until_s)
        return Withheld(agent.id, Why.NOT_LOOKED_AT, is_possible)

    def _unwanted(self) -> Why | None:
        if self.role not in self.framework.roles:
            return Why.NOT_SUBSCRIBED
        if not self.framework.is_active:
            return Why.FRAMEWORK_INACTIVE
        if self.role in self.framework.suppressed:
            return Why.SUPPRESSED
        return None

    def _closed(self, agent: Agent) -> Why | None:
        if not agent.is_active:
            return Why.AGENT_DEACTIVATED
        if not self.state.is_whitelisted(agent):
            return Why.NOT_WHITELISTED
        return None

    def _missing(self, agent: Agent) -> FrameworkCapability | AgentCapabilityType | None:
        """A capability without which nothing free on the agent can be offered."""
        missing = eligibility.missing_capability(self.framework, agent, self.state.options)
        if missing is not None:
            return missing
        lacking = eligibility.missing_agent_capability(self.framework, self.role, agent)
        if lacking is not None:
            return lacking
        free = agent.available.allocatable_to(self.role)
        return eligibility.stripping_capability(free, self.framework) if free else None

    def _is_possible(self, agent: Agent) -> bool:
        options = self.state.options
        if eligibility.missing_capability(self.framework, agent, options) is not None:
            return False
        if eligibility.missing_agent_capability(self.framework, self.role, agent) is not None:
            return False
        most = eligibility.stripped(agent.total.allocatable_to(self.role), self.framework, agent)
        return eligibility.is_allocatable(
            most, eligibility.min_allocatable(self.framework, self.role, options)
        )
