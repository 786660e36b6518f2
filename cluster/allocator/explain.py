"""Why a framework got no offer: every "no" of a round as data, worked out only when somebody asks.

An answer reads the state as it is when asked, and the record of a round for what was taken in it. Agents are
judged one by one, those that are alike once, and in slices if the caller must not take long.

Source: reference allocator.md §4, §5.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from cluster.allocator import eligibility
from cluster.allocator.agents import Agent, AgentCapabilityType
from cluster.allocator.allowance import Allowance
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.filters import blocking
from cluster.allocator.frameworks import Framework, FrameworkCapability
from cluster.allocator.round import Round
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import lineage

MAX_TAKERS = 20
"""Takers, and holders, named in an explanation; the rest is counted only."""


class Why(enum.Enum):
    """Reason for which an agent is not offered, most lasting first."""

    NOT_SUBSCRIBED = "the framework is not subscribed to the role"
    FRAMEWORK_INACTIVE = "the framework is not connected"
    SUPPRESSED = "the framework suppressed offers for the role"
    AGENT_DEACTIVATED = "the agent is deactivated"
    NOT_WHITELISTED = "the agent's hostname is not whitelisted"
    CAPABILITY = "the framework or the agent lacks a capability"
    CONSTRAINT = "the framework's offer constraints exclude the agent"
    RESERVED_TO_OTHERS = "all of the agent is reserved to other roles"
    TAKEN_EARLIER = "somebody else took it earlier in the round"
    NOTHING_FREE = "nothing the framework can take is free"
    BELOW_MIN_ALLOCATABLE = "what is free is too little for an offer"
    QUOTA_LIMIT = "the quota of the role limits it"
    HEADROOM = "it is held for roles whose quota guarantee is not met"
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
    holders: tuple[tuple[str, str], ...] = ()
    """NOTHING_FREE, BELOW_MIN_ALLOCATABLE: those that have it since an earlier round, if it is possible."""


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
    held_for: tuple[str, ...] = ()
    """HEADROOM: the roles whose guarantees are not met."""
    looked_at: int = 0
    """Agents the last round looked at; the others had not changed since they were of use to nobody."""
    until_last_s: float | None = None
    """When the last of the refusals counted ends."""
    never: dict[Why, int] = field(default_factory=dict)
    """Those of `withheld` that would not do even if they were entirely free."""
    missing: dict[str, int] = field(default_factory=dict)
    """CAPABILITY: names of what is missing to the agents it is missing for."""
    holders: dict[tuple[str, str], int] = field(default_factory=dict)
    """Framework and role to the agents they have since earlier rounds, of those that would do."""
    minimum: tuple[str, ...] = ()
    """What must be free on an agent at least, as alternatives; none if anything will do."""


def explain(
    state: AllocatorState, last: Round | None, framework: str, role: str, now_s: float
) -> Explanation:
    """Account for every agent.

    Raises: KeyError for an unknown framework.
    """
    inquiry = Inquiry(state, Takers(last), framework, role, now_s)
    while not inquiry.advance(1 << 20):
        pass
    return inquiry.result()


def judge(
    state: AllocatorState, last: Round | None, framework: str, role: str, now_s: float, agents: Iterable[str]
) -> list[Withheld | None]:
    """Say of each of these agents why it was not offered; None for one that was, in the given round.

    Raises: KeyError for an unknown framework or agent.
    """
    takers = Takers(last)
    takers.advance(1 << 30)
    inquiry = Inquiry(state, takers, framework, role, now_s)
    return [inquiry.judge(state.agents[agent]) for agent in agents]


class Takers:
    """Who took something of an agent in a round: an index, made in slices and shared by all who ask."""

    def __init__(self, of: Round | None) -> None:
        self.of = of
        self._left = of.grants_one_by_one() if of is not None else iter(())
        self._by_agent: dict[Agent, tuple[tuple[str, str], ...]] = {}

    def advance(self, grants: int) -> bool:
        """Index so many more grants; whether all are."""
        by_agent, indexed = self._by_agent, 0
        for grant in islice(self._left, grants):
            indexed += 1
            by_agent[grant.on] = (*by_agent.get(grant.on, ()), grant.seat.holder)
        return indexed < grants

    def on(self, agent: Agent) -> tuple[tuple[str, str], ...]:
        """Frameworks and roles that took something of the agent, in order."""
        return self._by_agent.get(agent, ())


class Inquiry:
    """An explanation under way. Agents that leave before their turn count as not there."""

    def __init__(
        self, state: AllocatorState, takers: Takers, framework: str, role: str, now_s: float
    ) -> None:
        """Raises: KeyError for an unknown framework."""
        self._state = state
        self._last = takers.of
        self._framework = state.frameworks[framework]
        self._role = role
        self._now_s = now_s
        self._round_takers = takers
        # Made when first needed: many may ask at once, and then wait for each other.
        self._preparing: Generator[None, None, Allowance | None] | None = None
        self._asker: _Asker | None = None
        self._left: Iterator[Agent] = iter(())
        self._agents = self._offered = self._possible = 0
        self._whys: Counter[Why] = Counter()
        self._never: Counter[Why] = Counter()
        self._missing: Counter[str] = Counter()
        self._takers: Counter[tuple[str, str]] = Counter()
        self._holders: Counter[tuple[str, str]] = Counter()
        self._ends_s: list[float] = []  # the first and the last end of a refusal

    def advance(self, agents: int) -> bool:
        """Judge so many more agents, fewer of large ones; whether all are, or the framework is gone."""
        if self.is_void:
            return True
        if not self._round_takers.advance(agents) or not self._get_ready(agents):
            return False
        effort = 0
        for agent in self._left:
            if self._state.agents.get(agent.id) is agent:
                self._count(self.judge(agent))
            effort += 1 + (len(agent.held) + len(agent.total) >> 3)
            if effort >= agents:
                return False
        return True

    @property
    def is_void(self) -> bool:
        """Whether the framework is gone, even if another one has its name now."""
        return self._state.frameworks.get(self._framework.id) is not self._framework

    def _get_ready(self, step: int) -> bool:
        """Find out what quota allows, a step at a time; whether that is known."""
        if self._asker is None:
            if self._preparing is None:
                self._preparing = Allowance.preparing(self._state, step)
            try:
                next(self._preparing)
            except StopIteration as done:
                self._asker = _Asker(self._state, self._framework, self._role, self._now_s, done.value)
                self._left = iter(list(self._state.agents.values()))
        return self._asker is not None

    def judge(self, agent: Agent) -> Withheld | None:
        """Why an agent was not offered; None if it was."""
        takers = self._round_takers.on(agent)
        if (self._framework.id, self._role) in takers:
            return None
        return self._asking().withheld(agent, takers)

    def result(self) -> Explanation:
        """The answer, once all agents are judged."""
        return Explanation(
            self._framework.id,
            self._role,
            self._agents,
            self._offered,
            {why: self._whys[why] for why in Why if self._whys[why]},
            dict(self._takers.most_common(MAX_TAKERS)),
            self._possible,
            min(self._ends_s, default=None),
            self._asking().held_for() if self._whys[Why.HEADROOM] else (),
            self._last.looked_at if self._last is not None else 0,
            max(self._ends_s, default=None),
            {why: self._never[why] for why in Why if self._never[why]},
            dict(self._missing),
            dict(self._holders.most_common(MAX_TAKERS)),
            self._asking().minimum(),
        )

    def _asking(self) -> _Asker:
        if self._asker is None:
            allowance = Allowance.of(self._state)
            self._asker = _Asker(self._state, self._framework, self._role, self._now_s, allowance)
        return self._asker

    def _count(self, verdict: Withheld | None) -> None:
        self._agents += 1
        if verdict is None:
            self._offered += 1
            self._possible += 1
            return
        self._whys[verdict.why] += 1
        self._possible += verdict.is_possible
        self._never[verdict.why] += not verdict.is_possible
        self._takers.update(verdict.takers)
        self._holders.update(verdict.holders)
        if verdict.missing is not None:
            self._missing[verdict.missing.name] += 1
        if verdict.until_s is not None:
            ends_s = (*self._ends_s, verdict.until_s)
            self._ends_s = [min(ends_s), max(ends_s)]


class _Asker:
    """A framework and role on whose behalf agents are judged."""

    def __init__(
        self,
        state: AllocatorState,
        framework: Framework,
        role: str,
        now_s: float,
        allowance: Allowance | None,
    ) -> None:
        self._state = state
        self._framework = framework
        self._role = role
        self._lineage = frozenset(lineage(role))
        self._now_s = now_s
        seat = framework.seats.get(role)
        alternatives = framework.min_allocatable.get(role, state.options.min_allocatable)
        self._taste: Taste = seat.taste if seat is not None else Taste(alternatives, framework.takes)
        self._seat = seat
        self._unwanted = self._find_unwanted()
        self._allowance = allowance
        self._free_verdicts: dict[Bundle, Why | None] = {}

    def held_for(self) -> tuple[str, ...]:
        """Roles that headroom is held for."""
        return tuple(self._allowance.unsatisfied) if self._allowance is not None else ()

    def minimum(self) -> tuple[str, ...]:
        """What an offer holds at least, as alternatives in words."""
        return tuple(str(alternative) for alternative in self._taste.alternatives)

    def withheld(self, agent: Agent, takers: tuple[tuple[str, str], ...]) -> Withheld:
        """The first reason that applies, most lasting first."""
        is_possible = self._is_possible(agent)
        if (why := self._unwanted or self._closed(agent)) is not None:
            return Withheld(agent.id, why, is_possible)
        if (missing := self._missing(agent)) is not None:
            return Withheld(agent.id, Why.CAPABILITY, is_possible, missing=missing)
        if self._seat is not None and eligibility.is_excluded(self._seat, agent):
            return Withheld(agent.id, Why.CONSTRAINT, is_possible)
        return self._short(agent, takers, is_possible)

    def _short(self, agent: Agent, takers: tuple[tuple[str, str], ...], is_possible: bool) -> Withheld:
        """Nothing stands in the way but what is free and what was refused."""
        if agent.total and not agent.whole.for_role(self._lineage):
            return Withheld(agent.id, Why.RESERVED_TO_OTHERS, is_possible)
        free = agent.free
        if free not in self._free_verdicts:
            self._free_verdicts[free] = self._about(free)
        why = self._free_verdicts[free]
        if why in (Why.NOTHING_FREE, Why.BELOW_MIN_ALLOCATABLE):
            if takers:
                return Withheld(agent.id, Why.TAKEN_EARLIER, is_possible, takers=takers)
            holders = tuple(agent.held) if is_possible else ()
            return Withheld(agent.id, why, is_possible, holders=holders)
        if why is None:
            refusal = self._seat.refusals.get(agent) if self._seat is not None else None
            offer = self._would_get(self._could_take(free), with_headroom=True)
            covering = blocking(refusal, offer.resources, self._now_s, self._state.full_rounds)
            if covering is not None:
                return Withheld(agent.id, Why.FILTERED, is_possible, until_s=covering.until_s)
        return Withheld(agent.id, why or Why.NOT_LOOKED_AT, is_possible)

    def _about(self, free: Bundle) -> Why | None:
        """What about so much that is free stands in the way."""
        part = self._could_take(free)
        if not part.is_worth(self._taste):
            return Why.BELOW_MIN_ALLOCATABLE if part else Why.NOTHING_FREE
        if not self._would_get(part, with_headroom=False).is_worth(self._taste):
            return Why.QUOTA_LIMIT
        if not self._would_get(part, with_headroom=True).is_worth(self._taste):
            return Why.HEADROOM
        return None

    def _could_take(self, free: Bundle) -> Bundle:
        return free.for_role(self._lineage).stripped(self._taste)

    def _would_get(self, part: Bundle, *, with_headroom: bool) -> Bundle:
        if self._allowance is None:
            return part
        return self._allowance.would_leave(self._role, part, with_headroom=with_headroom)

    def _find_unwanted(self) -> Why | None:
        if self._role not in self._framework.roles:
            return Why.NOT_SUBSCRIBED
        if not self._framework.is_active:
            return Why.FRAMEWORK_INACTIVE
        if self._role in self._framework.suppressed:
            return Why.SUPPRESSED
        return None

    def _closed(self, agent: Agent) -> Why | None:
        if not agent.is_active:
            return Why.AGENT_DEACTIVATED
        if not self._state.is_whitelisted(agent):
            return Why.NOT_WHITELISTED
        return None

    def _missing(self, agent: Agent) -> FrameworkCapability | AgentCapabilityType | None:
        """A capability without which nothing free on the agent can be offered."""
        missing = eligibility.missing_capability(self._state, self._framework, self._role, agent)
        if missing is not None:
            return missing
        free = agent.free.for_role(self._lineage)
        return eligibility.stripping_capability(free, self._taste) if free else None

    def _is_possible(self, agent: Agent) -> bool:
        if eligibility.missing_capability(self._state, self._framework, self._role, agent) is not None:
            return False
        if self._seat is not None and eligibility.is_excluded(self._seat, agent):
            return False
        return self._could_take(agent.whole).is_worth(self._taste)
