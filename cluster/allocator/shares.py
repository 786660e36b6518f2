"""Who holds which share of the cluster, as people ask for it.

Source: reference allocator.md §2, §8.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Share

STEP = 64
"""Frameworks looked at in one step."""


@dataclass(frozen=True, slots=True)
class FrameworkShare:
    """A framework in a role: its share, and its place among those that want offers (None if it does not)."""

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
    working = sharing(state)
    while True:
        try:
            next(working)
        except StopIteration as done:
            found: tuple[RoleShare, ...] = done.value
            return found


def sharing(state: AllocatorState) -> Generator[None, None, tuple[RoleShare, ...]]:
    """Find the same a step at a time; nothing may happen in between."""
    found = []
    for order, role in enumerate(state.tree.in_order()):
        node = state.tree.find(role.path)
        assert node is not None, f"{role.path} has no place in the tree"
        frameworks: list[FrameworkShare] = []
        for each in _framework_shares(state, role.path):
            frameworks.append(each)
            if not len(frameworks) % STEP:
                yield
        found.append(RoleShare(role.path, state.tree.share(node), order, tuple(frameworks)))
        yield
    return tuple(found)


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
