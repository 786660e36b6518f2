"""Which seats may want something of an agent: those that nothing known speaks against, as a set.

Found a step at a time, as there may be thousands of seats, tastes and refusals to look at.

Source: reference allocator.md §4, §5.
"""

from __future__ import annotations

from collections.abc import Generator

from cluster.allocator.agents import Agent
from cluster.allocator.bundle import Bundle
from cluster.allocator.eligibility import blocked_seats, excluded_seats, incapable_seats, judging
from cluster.allocator.filters import blocking
from cluster.allocator.seats import Seat
from cluster.allocator.slices import Effort
from cluster.allocator.state import AllocatorState

LIGHT = 4
"""How many seats asked, or kinds of resources looked through, are as much work as a plain agent."""
MANY = 64
"""Tastes that are asked about an agent at once."""
NOBODY: frozenset[str] = frozenset()
"""For this role there is only what nobody reserved."""


class Interest:
    """Who may want what, as long as a round is decided; counts what it does as `effort`."""

    __slots__ = ("_effort", "_now_s", "_reserved_seats", "_state", "_tastes")

    def __init__(self, state: AllocatorState, now_s: float, effort: Effort) -> None:
        self._state = state
        self._tastes = state.seats.tastes()
        self._now_s = now_s
        self._effort = effort
        self._reserved_seats: dict[str, int] = {}
        """By role, those that may have what is reserved to it."""

    def seats(self, agent: Agent, free: Bundle) -> Generator[None, None, int]:
        """Those that may want something of what is free of an agent."""
        table = self._state.seats
        seats = table.listed
        if agent.refused_by:
            blocked = agent.blocked
            if agent.blocked_for is not free:
                blocked = yield from self._blocked(agent, free)
            seats &= ~blocked
        if not agent.is_ordinary:
            seats &= ~incapable_seats(self._state, agent)
        if table.has_constraints:
            for judged in judging(self._state, agent):
                self._effort.done += judged // LIGHT
                yield
            seats &= ~excluded_seats(self._state, agent)
        return (yield from self.within_reach(free, seats))

    def within_reach(self, free: Bundle, seats: int) -> Generator[None, None, int]:
        """Those of some seats that could take enough of what is free: of all, or of what is not reserved."""
        theirs = 0
        if not free.is_open:
            theirs = yield from self._reserved_for(free.reserved_to)
        part = free if free.is_open else free.for_role(NOBODY)
        for number, taste in enumerate(self._tastes, 1):
            if not part.stripped(taste).is_worth(taste):
                is_worth = theirs and free.stripped(taste).is_worth(taste)
                seats &= ~(taste.mask & ~theirs) if is_worth else ~taste.mask
            if not number % MANY:
                self._effort.done += MANY // LIGHT
                yield
        return seats

    def is_welcome(self, seat: Seat, agent: Agent, offer: Bundle) -> bool:
        """Whether an offer is worth making and the framework has not refused it."""
        if not offer.is_worth(seat.taste):
            return False
        if not agent.refused_by & seat.bit:
            return True
        refusal = seat.refusals[agent]
        return blocking(refusal, offer.resources, self._now_s, self._state.full_rounds) is None

    def _reserved_for(self, roles: frozenset[str]) -> Generator[None, None, int]:
        """Seats that resources reserved to these roles may go to."""
        seats, known = 0, self._reserved_seats
        for number, role in enumerate(roles, 1):
            mask = known.get(role)
            if mask is None:
                mask = 0
                for below, each in enumerate(self._state.tree.at_or_below(role), 1):
                    mask |= each.mask
                    if not below % MANY:
                        self._effort.done += MANY // LIGHT
                        yield
                known[role] = mask
            seats |= mask
            if not number % MANY:
                self._effort.done += MANY // LIGHT
                yield
        return seats

    def _blocked(self, agent: Agent, free: Bundle) -> Generator[None, None, int]:
        looking = blocked_seats(self._state, agent, free, self._now_s)
        while True:
            try:
                self._effort.done += next(looking) // LIGHT
            except StopIteration as found:
                return int(found.value)
            yield
