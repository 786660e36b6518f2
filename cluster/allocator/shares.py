"""Who holds which share of the cluster, as people ask for it.

Source: reference allocator.md §2, §8.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace

from cluster.allocator.slices import at_once
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Share

STEP = 64
"""Frameworks looked at in one step."""
Orders = Mapping[str, Mapping[str, int]]
"""Roles in an order, with the places of their frameworks."""


@dataclass(frozen=True, slots=True)
class FrameworkShare:
    """A framework in a role: its share, and its place among those that want offers.

    None if it does not want any, or did not when the round began that places are told of.
    """

    framework: str
    share: Share
    order: int | None


@dataclass(frozen=True, slots=True)
class RoleShare:
    """A role: its share with all roles below it, its place in the depth-first order, and its frameworks."""

    role: str
    share: Share
    order: int
    frameworks: tuple[FrameworkShare, ...]
    """Those that want offers in order, then the others by id."""


def shares(state: AllocatorState) -> tuple[RoleShare, ...]:
    """All roles that have frameworks, in the order the next round would start with."""
    return at_once(sharing(state))


Found = Generator[None, None, tuple[RoleShare, ...]]


def sharing(state: AllocatorState, last: Orders | None = None) -> Found:
    """Find the same a step at a time; nothing may happen in between.

    With `last`, what `ordering` said before a round, places are those of that round; roles that came since
    have places behind all others.
    """
    yield from state.pool.settling()
    found = []
    places = {path: place for place, path in enumerate(last)} if last is not None else {}
    for order, role in enumerate(state.tree.in_order()):
        node = state.tree.find(role.path)
        assert node is not None, f"{role.path} has no place in the tree"
        before = last.get(role.path) if last is not None else None
        frameworks: list[FrameworkShare] = []
        for each in _framework_shares(state, role.path):
            mine = each if before is None else replace(each, order=before.get(each.framework))
            frameworks.append(mine)
            if not len(frameworks) % STEP:
                yield
        place = places.get(role.path, len(places) + order)
        found.append(RoleShare(role.path, state.tree.share(node), place, tuple(frameworks)))
        yield
    return tuple(found)


def ordering(state: AllocatorState) -> Generator[None, None, Orders]:
    """Find the order a round begins with, a step at a time; nothing may happen in between."""
    yield from state.pool.settling()
    found: dict[str, dict[str, int]] = {}
    for role in state.tree.in_order():
        places = found[role.path] = dict[str, int]()
        for place, key in enumerate(role.seating.ordered()):
            places[key[3].framework.id] = place
            if not len(places) % STEP:
                yield
        yield
    return found


def framework_shares(state: AllocatorState, role: str) -> tuple[FrameworkShare, ...]:
    """The frameworks of a role.

    Raises: KeyError for a role without frameworks.
    """
    return tuple(_framework_shares(state, role))


def _framework_shares(state: AllocatorState, role: str) -> Iterator[FrameworkShare]:
    seats = state.tree.roles[role]
    for order, key in enumerate(seats.seating.ordered()):
        yield FrameworkShare(key[3].framework.id, state.tree.share(key[3]), order)
    for name in sorted(name for name, seat in seats.seats.items() if not seat.is_listed):
        yield FrameworkShare(name, state.tree.share(seats.seats[name]), None)
