"""Who refused what of which agent, kept so that whatever happens costs as much as it changes.

A seat has its refusals by agent, an agent the set of seats that refused something of it, and an agenda says
which agent has a refusal that ends next.

Source: reference allocator.md §5, "Offer filters".
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from cluster.allocator.agents import Agent
from cluster.allocator.eligibility import could_take
from cluster.allocator.filters import MAX_FILTERS, OfferFilter, Refusal, filters_of, in_force, with_filter
from cluster.allocator.seats import Seat, SeatTable

NEVER = float("inf")
FEW_ENTRIES = 64
"""An agenda shorter than this is not worth tidying up."""


class Refusals:
    """All offer filters. `reopen` is told of agents that somebody may want again."""

    def __init__(self, seats: SeatTable, reopen: Callable[[Agent], None]) -> None:
        self._seats = seats
        self._reopen = reopen
        self._agenda: list[tuple[float, int, Agent]] = []
        self._pushed = 0
        self._tidy_at = FEW_ENTRIES
        self._overdue: dict[Agent, None] = {}  # refusals that wait for a full round to pass

    def add(self, seat: Seat, agent: Agent, new: OfferFilter) -> None:
        """Remember a refusal."""
        self._set(seat, agent, with_filter(seat.refusals.get(agent), new))
        agent.refused_by |= seat.bit
        if len(filters_of(seat.refusals[agent])) == MAX_FILTERS:
            agent.blocked_for = None  # an older one may have made room that was what blocked the seat
        elif agent.blocked_for is not None:
            offer = could_take(seat, agent.blocked_for).resources
            if new.refused is offer or new.refused.contains(offer):
                agent.blocked |= seat.bit
        if new.until_s < agent.due_s:
            self._schedule(agent, new.until_s)

    def forget_seat(self, seat: Seat) -> None:
        """The framework may be asked again, whatever it refused for the role."""
        keep = ~seat.bit
        for agent in seat.refusals:
            agent.refused_by &= keep
            agent.blocked &= keep
            self._reopen(agent)
        seat.refusals = {}
        seat.filters = 0

    def forget_agent(self, agent: Agent) -> None:
        """The agent is another one now, or gone."""
        for seat in self._seats.of(agent.refused_by):
            self._set(seat, agent, None)
        agent.refused_by = agent.blocked = 0
        agent.due_s = NEVER
        self._overdue.pop(agent, None)

    def seat_changed(self, seat: Seat) -> None:
        """The framework can take other things than before, so that a refusal may not cover all of it."""
        for agent in seat.refusals:
            agent.blocked_for = None

    def expire(self, now_s: float, rounds: int) -> None:
        """Drop every filter that has ended."""
        overdue, self._overdue = self._overdue, {}
        for agent in overdue:
            self._expire_on(agent, now_s, rounds)
        agenda = self._agenda
        while agenda and agenda[0][0] <= now_s:
            due_s, _, agent = heappop(agenda)
            if agent.due_s == due_s:
                self._expire_on(agent, now_s, rounds)

    def _expire_on(self, agent: Agent, now_s: float, rounds: int) -> None:
        next_s, has_changed = NEVER, False
        for seat in self._seats.of(agent.refused_by):
            refusal = seat.refusals[agent]
            left = in_force(refusal, now_s, rounds)
            if left is not refusal:
                has_changed = True
                self._set(seat, agent, left)
            if left is None:
                agent.refused_by &= ~seat.bit
            for each in filters_of(left):
                if each.until_s > now_s:
                    next_s = min(next_s, each.until_s)
                else:
                    self._overdue[agent] = None
        if has_changed:
            agent.blocked_for = None
            self._reopen(agent)
        agent.due_s = NEVER
        if next_s < NEVER:
            self._schedule(agent, next_s)

    def _set(self, seat: Seat, agent: Agent, refusal: Refusal | None) -> None:
        seat.filters += len(filters_of(refusal)) - len(filters_of(seat.refusals.pop(agent, None)))
        if refusal is not None:
            seat.refusals[agent] = refusal

    def _schedule(self, agent: Agent, due_s: float) -> None:
        agent.due_s = due_s
        self._pushed += 1
        heappush(self._agenda, (due_s, self._pushed, agent))
        if len(self._agenda) > self._tidy_at:
            self._tidy()

    def _tidy(self) -> None:
        """Drop entries that were overtaken: agents come and go while refusals may last a year."""
        self._agenda = [entry for entry in self._agenda if entry[2].due_s == entry[0]]
        heapify(self._agenda)
        self._tidy_at = FEW_ENTRIES + 2 * len(self._agenda)
