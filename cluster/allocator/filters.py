"""Offer filters: what a framework refused on an agent, and until when it is not to be asked again.

Source: reference allocator.md §5, "Offer filters".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cluster.model import Resources

MAX_REFUSE_S = 365 * 24 * 3600.0
DEFAULT_REFUSE_S = 5.0
"""What a negative or unreadable `refuse_seconds` stands for."""


def filter_lifetime_s(refuse_s: float, allocation_interval_s: float) -> float:
    """How long a refusal lasts: 0 for not at all, else long enough to survive one timed round."""
    if math.isnan(refuse_s) or refuse_s < 0:
        refuse_s = DEFAULT_REFUSE_S
    if refuse_s == 0:
        return 0.0
    return max(allocation_interval_s, min(refuse_s, MAX_REFUSE_S))


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Resources refused, not to be offered again before `until_s`."""

    refused: Resources
    """Unallocated form."""
    until_s: float
    round: int
    """Number of full rounds done when it was made; it outlives the next one, even one that comes late."""

    def is_in_force(self, now_s: float, rounds: int) -> bool:
        """Whether the filter still holds at this time, after so many full rounds."""
        return self.until_s > now_s or rounds <= self.round


class OfferFilters:
    """Filters of one framework, by role and agent; several may hold at once for one pair.

    Expiry needs no timer: a filter that has ended is passed over when looked at and dropped by `expire`.
    """

    def __init__(self) -> None:
        self._by_role: dict[str, dict[str, tuple[OfferFilter, ...]]] = {}

    def add(self, role: str, agent: str, new: OfferFilter) -> None:
        """Remember a refusal; older ones that it covers and outlasts make room."""
        by_agent = self._by_role.setdefault(role, {})
        old = by_agent.get(agent, ())
        kept = (f for f in old if f.until_s > new.until_s or not new.refused.contains(f.refused))
        by_agent[agent] = (*kept, new)

    def blocking(
        self, role: str, agent: str, offered: Resources, now_s: float, rounds: int
    ) -> OfferFilter | None:
        """The longest filter that covers resources about to be offered; None if none does.

        A filter covers what its refused resources contain, so a larger or different offer gets through.
        """
        by_agent = self._by_role.get(role)
        filters = by_agent.get(agent) if by_agent else None
        if not filters:
            return None
        covering = (f for f in filters if f.is_in_force(now_s, rounds) and f.refused.contains(offered))
        return max(covering, key=lambda f: f.until_s, default=None)

    def active(self, role: str, now_s: float, rounds: int) -> int:
        """How many filters of a role are in force."""
        by_agent = self._by_role.get(role, {})
        return sum(f.is_in_force(now_s, rounds) for filters in by_agent.values() for f in filters)

    def expire(self, now_s: float, rounds: int) -> None:
        """Drop every filter that has ended, to give back its memory."""
        for role, by_agent in list(self._by_role.items()):
            for agent, filters in list(by_agent.items()):
                kept = tuple(f for f in filters if f.is_in_force(now_s, rounds))
                if kept:
                    by_agent[agent] = kept
                else:
                    del by_agent[agent]
            if not by_agent:
                del self._by_role[role]

    def clear_roles(self, roles: Iterable[str]) -> None:
        """Drop the filters of these roles on all agents."""
        for role in roles:
            self._by_role.pop(role, None)

    def clear_agent(self, agent: str) -> None:
        """Drop the filters of all roles on an agent."""
        for by_agent in self._by_role.values():
            by_agent.pop(agent, None)

    def clear(self) -> None:
        """Drop all filters."""
        self._by_role.clear()
