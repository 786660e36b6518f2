"""Offer filters: what a framework refused on an agent, and until when it is not to be asked again.

Source: reference allocator.md §5, "Offer filters".
"""

from __future__ import annotations

import math

import msgspec

from cluster.model import Resources

MAX_REFUSE_S = 365 * 24 * 3600.0
MAX_FILTERS = 32
"""Filters of one framework, role and agent."""
DEFAULT_REFUSE_S = 5.0
"""What a negative or unreadable `refuse_seconds` stands for."""


def refusal_s(refuse_s: float) -> float:
    """How long a framework's `refuse_seconds` stand for: 0 for not at all."""
    if math.isnan(refuse_s) or refuse_s < 0:
        return DEFAULT_REFUSE_S
    return min(refuse_s, MAX_REFUSE_S)


def filter_lifetime_s(refuse_s: float, allocation_interval_s: float) -> float:
    """How long a refusal of an offer lasts: 0 for not at all, else long enough for one timed round."""
    lifetime_s = refusal_s(refuse_s)
    return max(allocation_interval_s, lifetime_s) if lifetime_s else 0.0


class OfferFilter(msgspec.Struct, frozen=True, gc=False):
    """Resources refused, not to be offered again before `until_s`. There may be millions of these.

    `refused` is in unallocated form; `round` is the number of full rounds done when it was made: it outlives
    the next one, even one that comes late.
    """

    refused: Resources
    until_s: float
    round: int

    def is_in_force(self, now_s: float, rounds: int) -> bool:
        """Whether the filter still holds at this time, after so many full rounds."""
        return self.until_s > now_s or rounds <= self.round


Refusal = OfferFilter | tuple[OfferFilter, ...]
"""What a framework in a role refused of one agent: nearly always one thing, which needs no tuple."""


def filters_of(refusal: Refusal | None) -> tuple[OfferFilter, ...]:
    """The single filters."""
    if refusal is None:
        return ()
    return refusal if isinstance(refusal, tuple) else (refusal,)


def with_filter(refusal: Refusal | None, new: OfferFilter) -> Refusal:
    """The refusal with one more filter; if there are too many, those that end first make room."""
    if refusal is None:
        return new
    filters = (*filters_of(refusal), new)
    if len(filters) > MAX_FILTERS:
        filters = tuple(sorted(filters, key=lambda f: f.until_s)[-MAX_FILTERS:])
    return filters


def in_force(refusal: Refusal | None, now_s: float, rounds: int) -> Refusal | None:
    """What is left of a refusal; None if all of it has ended."""
    filters = filters_of(refusal)
    kept = tuple(f for f in filters if f.is_in_force(now_s, rounds))
    if len(kept) == len(filters):
        return refusal
    return kept[0] if len(kept) == 1 else kept or None


def blocking(refusal: Refusal | None, offer: Resources, now_s: float, rounds: int) -> OfferFilter | None:
    """The longest filter that covers resources about to be offered; None if none does.

    A filter covers what its refused resources contain, so a larger or different offer gets through.
    """
    covering = (
        f
        for f in filters_of(refusal)
        if f.is_in_force(now_s, rounds) and (f.refused is offer or f.refused.contains(offer))
    )
    return max(covering, key=lambda f: f.until_s, default=None)
