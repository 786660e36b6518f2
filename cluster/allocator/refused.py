"""What a framework does not want to be offered again yet, as people ask for it.

Source: reference allocator.md §5, "Offer filters".
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from heapq import nlargest
from itertools import islice
from operator import itemgetter

from cluster.allocator import messages as m
from cluster.allocator.filters import filters_of
from cluster.allocator.state import AllocatorState
from cluster.model import Resources

Filter = tuple[str, str, Resources, float]


STEP = 1024
"""Filters looked at in one step."""


def refusals_of(
    state: AllocatorState, framework_id: str, most: int, now_s: float
) -> Generator[None, None, m.Refusals]:
    """Its filters that are in force, the longest lasting first; seconds from now.

    Found a step at a time, as there may be one for every agent; nothing may happen in between.
    """
    framework = state.frameworks.get(framework_id)
    if framework is None:
        return m.Refusals((), None)
    total = sum(seat.filters for seat in framework.seats.values())
    found: list[Filter] = []
    left = _filters(state, framework_id, now_s)
    while some := list(islice(left, STEP)):
        found = nlargest(most, [*found, *some], key=itemgetter(3))
        yield
    return m.Refusals(tuple(found), total)


def _filters(state: AllocatorState, framework_id: str, now_s: float) -> Iterator[Filter]:
    for role, seat in state.frameworks[framework_id].seats.items():
        for agent, refusal in seat.refusals.items():
            for one in filters_of(refusal):
                if one.is_in_force(now_s, state.full_rounds):
                    yield role, agent.id, one.refused, max(0.0, one.until_s - now_s)
