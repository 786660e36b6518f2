"""Who refused what of which agent, kept so that whatever happens costs as much as it changes.

A seat has its refusals by agent, an agent the set of seats that refused something of it, and an agenda says
which agent has a refusal that ends next.

Source: reference allocator.md §5, "Offer filters".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from cluster.allocator.agenda import Agenda
from cluster.allocator.agents import Agent
from cluster.allocator.eligibility import could_take
from cluster.allocator.filters import MAX_FILTERS, OfferFilter, Refusal, filters_of, in_force, with_filter
from cluster.allocator.seats import Seat, SeatTable
from cluster.allocator.slices import ALL_AT_ONCE, at_once

NEVER = float("inf")


class Refusals:
    """All offer filters. `reopen` is told of agents that somebody may want again."""

    def __init__(self, seats: SeatTable, reopen: Callable[[Agent], None]) -> None:
        self._seats = seats
        self._reopen = reopen
        self._agenda = Agenda()
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
            self._agenda.put(agent, new.until_s)

    def forget_seat(self, seat: Seat) -> None:
        """The framework may be asked again, whatever it refused for the role."""
        for _ in self.forgetting_seat(seat, len(seat.refusals) + 1):
            pass

    def forgetting_seat(self, seat: Seat, step: int) -> Iterator[None]:
        """Do the same, `step` agents at a time; no event may come in between."""
        keep, number = ~seat.bit, 0
        while seat.refusals:
            agent, _ = seat.refusals.popitem()
            agent.refused_by &= keep
            agent.blocked &= keep
            self._reopen(agent)
            number += 1
            if not number % step:
                yield
        seat.refusals = {}
        seat.filters = 0

    def forget_agent(self, agent: Agent) -> None:
        """The agent is another one now, or gone."""
        at_once(self.forgetting_agent(agent, ALL_AT_ONCE))

    def forgetting_agent(self, agent: Agent, step: int) -> Generator[None, None, None]:
        """Do the same, `step` seats at a time; no event may come in between."""
        for number, seat in enumerate(self._seats.of(agent.refused_by), 1):
            self._set(seat, agent, None)
            if not number % step:
                yield
        agent.refused_by = agent.blocked = 0
        agent.due_s = NEVER
        self._overdue.pop(agent, None)

    def seat_changed(self, seat: Seat) -> None:
        """The framework can take other things than before, so that a refusal may not cover all of it."""
        for agent in seat.refusals:
            agent.blocked_for = None

    def expiring(self, now_s: float, rounds: int, step: int) -> Iterator[None]:
        """Drop every filter that has ended, about `step` of them at a time.

        Whoever does not want to know of the rest may stop at any time.
        """
        number = 0
        overdue, self._overdue = self._overdue, {}
        try:
            while overdue:
                agent, _ = overdue.popitem()
                for _ in self._expiring_on(agent, now_s, rounds):
                    number += 1
                    if not number % step:
                        yield
        finally:
            self._overdue.update(overdue)
        for due in self._agenda.take_due(now_s):
            for _ in self._expiring_on(due, now_s, rounds) if due is not None else (None,):
                number += 1
                if not number % step:
                    yield

    def _expiring_on(self, agent: Agent, now_s: float, rounds: int) -> Iterator[None]:
        """Drop those of an agent, one by one."""
        next_s, gone, is_overdue, has_changed = NEVER, 0, False, False
        self._overdue[agent] = None  # to be looked at again, should nobody want to know of the rest
        try:
            for seat in self._seats.of(agent.refused_by):
                refusal = seat.refusals[agent]
                left = in_force(refusal, now_s, rounds)
                if left is not refusal:
                    has_changed = True
                    self._set(seat, agent, left)
                if left is None:
                    gone |= seat.bit
                for each in filters_of(left):
                    if each.until_s > now_s:
                        next_s = min(next_s, each.until_s)
                    else:
                        is_overdue = True
                yield
        finally:
            agent.refused_by &= ~gone
            if has_changed:
                agent.blocked_for = None
                self._reopen(agent)
        if not is_overdue:
            del self._overdue[agent]
        agent.due_s = NEVER
        if next_s < NEVER:
            self._agenda.put(agent, next_s)
        yield  # an agent nobody refuses any more takes its time, too

    def _set(self, seat: Seat, agent: Agent, refusal: Refusal | None) -> None:
        seat.filters += len(filters_of(refusal)) - len(filters_of(seat.refusals.pop(agent, None)))
        if refusal is not None:
            seat.refusals[agent] = refusal
