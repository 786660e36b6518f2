"""What quota allows in a round: consumption and headroom, charged as the round gives things away.

Source: reference allocator.md §4.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING

from cluster.allocator.bundle import Bundle
from cluster.allocator.quota import shrink
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.model import Limits, Quantities, Resources

if TYPE_CHECKING:
    from cluster.allocator.state import AllocatorState

ArrangeFor = Callable[[str, list[Resources]], list[Resources]]
"""Puts single entries in the order in which they are cut, for a use."""


MOST_OFFERS = 4096
"""Offers put together that are remembered for a round."""


class Allowance:
    """Consumption of the roles with quota, and the headroom there is and that must be left.

    During a round there is only ever less room, so what is refused once is refused again.
    """

    def __init__(self, state: AllocatorState) -> None:
        """Use `preparing`, or `of`."""
        self._ledger = state.ledger
        self._roles = state.tree.roles
        self._consumed: dict[str, Quantities] = {}
        self._required = Quantities.EMPTY
        self._available = Quantities.EMPTY  # needed only if something is required
        #: Roles whose guarantees are not met.
        self.unsatisfied: dict[str, None] = {}
        #: Their seats that want offers.
        self.wanting = 0
        self._offers: dict[tuple[Bundle, Bundle, Bundle, str | None], Bundle] = {}
        self._tastes = state.seats.tastes()
        self._closed: dict[Bundle, int] = {}
        # With these, what is not scalar makes no difference to whether an offer is worth making.
        self._is_about_scalars = all(
            len(alternative) == 1 for taste in self._tastes for alternative in taste.alternatives
        )

    @staticmethod
    def of(state: AllocatorState) -> Allowance | None:
        """The allowance at the start of a round; None if there is no quota at all."""
        return at_once(Allowance.preparing(state, ALL_AT_ONCE))

    @staticmethod
    def preparing(state: AllocatorState, step: int) -> Generator[None, None, Allowance | None]:
        """Find out the same, `step` roles or agents at a time.

        What happens in between is counted or not, as it comes.
        """
        if not state.ledger.quotas:
            return None
        allowance = Allowance(state)
        for number, role in enumerate(sorted(state.ledger.quotas), 1):
            allowance._look_at(role)
            if not number % step:
                yield
        if allowance._required:
            allowance._available = yield from state.available_headroom(step)
        return allowance

    def _look_at(self, role: str) -> None:
        """Count in what a role with quota has, and what is missing to its guarantee."""
        consumed = self._consumed[role] = self._ledger.consumed(role)
        missing = self._ledger.quota(role).guarantees - consumed
        if missing:
            self._required = self._required + missing
            self.unsatisfied[role] = None
            self.wanting |= self._roles[role].mask if role in self._roles else 0

    # -- guarantees ------------------------------------------------------------------------------------------

    def guaranteed(self, role: str, part: Bundle, arrange: ArrangeFor) -> tuple[Bundle, Bundle]:
        """What a guarantee asks for of what a framework can take, and the offer with what goes along."""
        quota = self._ledger.quota(role)
        consumed = self._consumed[role]
        whole = part.quota_part()
        guaranteed = shrink(whole, quota.guarantees - consumed, partial(arrange, "guarantee"))
        if not guaranteed:
            return guaranteed, guaranteed
        more = whole.without(guaranteed)
        if quota.limits:
            room = quota.limits - consumed - _scalars(guaranteed)
            more = shrink(more, room, partial(arrange, "limit"))
        more = self._within_headroom(more, arrange)
        return guaranteed, self._offer_of(role, part, guaranteed, more)

    def _offer_of(self, role: str, part: Bundle, guaranteed: Bundle, more: Bundle) -> Bundle:
        """The two with what goes along; agents are alike, and so are their parts."""
        key = (part, guaranteed, more, None if part.is_open else role)
        offer = self._offers.get(key)
        if offer is None:
            along = part.counts_beyond_quota(role)
            offer = Bundle.of(guaranteed.resources + along.resources + more.resources)
            if len(self._offers) < MOST_OFFERS and not part.resources.has_details:
                self._offers[key] = offer
        return offer

    def consume_guaranteed(self, role: str, guaranteed: Bundle, offer: Bundle) -> None:
        """An offer is made, some of it because of a guarantee."""
        used = _scalars(offer.quota_part())
        self._required = self._required - _scalars(guaranteed)
        self._available = self._available - used
        consumed = self._consumed[role] = self._consumed[role] + used
        if not self._ledger.quota(role).guarantees - consumed:
            del self.unsatisfied[role]
            self.wanting &= ~self._roles[role].mask

    # -- fair share ------------------------------------------------------------------------------------------

    def cut(self, role: str, offer: Bundle, arrange: ArrangeFor) -> tuple[Bundle, bool]:
        """The part of an offer that limits and headroom leave, and whether limits had to do with it."""
        whole = more = offer.quota_part()
        limits = self._ledger.quota(role).limits
        if limits and not _fits(limits, self._consumed[role], whole):
            more = shrink(more, limits - self._consumed[role], partial(arrange, "limit"))
        is_limited = more is not whole
        more = self._within_headroom(more, arrange)
        if more is whole:
            return offer, False
        return Bundle.of(offer.beyond_quota().resources + more.resources), is_limited

    def consume(self, role: str, offer: Bundle) -> None:
        """An offer is made."""
        used = _scalars(offer.quota_part())
        if self._required:
            self._available = self._available - used
        if role in self._consumed:
            self._consumed[role] = self._consumed[role] + used

    def would_leave(self, role: str, free: Bundle, *, with_headroom: bool) -> Bundle:
        """What both stages would let a role have of what is free, if nobody else was asked about it."""
        quota = self._ledger.quota(role)
        consumed = self._consumed.get(role, Quantities.EMPTY)
        whole = free.quota_part()
        guaranteed = shrink(whole, quota.guarantees - consumed, _by_text)
        more = whole.without(guaranteed)
        if quota.limits:
            more = shrink(more, quota.limits - consumed - _scalars(guaranteed), _by_text)
        if with_headroom:
            more = self._within_headroom(more, lambda use, entries: _by_text(entries))
        return Bundle.of(free.beyond_quota().resources + guaranteed.resources + more.resources)

    def close_to(self, free: Bundle, seats: int) -> None:
        """Quota keeps these seats from agents with so much free."""
        likeness = self._likeness(free)
        self._closed[likeness] = self._closed.get(likeness, 0) | seats

    def open_to(self, free: Bundle, seats: int) -> int:
        """Those of the seats that quota does not keep from agents with so much free, as far as known."""
        return seats & ~self._closed.get(self._likeness(free), 0) if self._closed else seats

    # -- both ------------------------------------------------------------------------------------------------

    def _within_headroom(self, more: Bundle, arrange: ArrangeFor) -> Bundle:
        """The part that leaves enough free for guarantees not met."""
        if not self._required or not more:
            return more
        return shrink(more, self._available - self._required, partial(arrange, "headroom"))

    def _likeness(self, free: Bundle) -> Bundle:
        """What makes agents alike to quota: their scalars, if nothing else decides."""
        if not (self._is_about_scalars and free.is_open) or free.has_revocable:
            return free
        beyond = free.beyond_quota()
        return free if any(beyond.is_worth(taste) for taste in self._tastes) else free.quota_part()


def _fits(limits: Limits, consumed: Quantities, more: Bundle) -> bool:
    quantities = _scalars(more)
    return all(consumed[name] + quantities[name] <= most for name, most in limits.items())


def _by_text(entries: list[Resources]) -> list[Resources]:
    return sorted(entries, key=str)


def _scalars(bundle: Bundle) -> Quantities:
    return bundle.resources.quantities()
