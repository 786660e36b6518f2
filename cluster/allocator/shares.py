"""Who holds which share of the cluster, as people ask for it.

Source: reference allocator.md §2, §8.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Share


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
    found = []
    for order, role in enumerate(state.tree.in_order()):
        node = state.tree.find(role.path)
        assert node is not None, f"{role.path} has no place in the tree"
        found.append(RoleShare(role.path, state.tree.share(node), order, framework_shares(state, role.path)))
    return tuple(found)


def framework_shares(state: AllocatorState, role: str) -> tuple[FrameworkShare, ...]:
    """The frameworks of a role.

    Raises: KeyError for a role without frameworks.
    """
    seats = state.tree.roles[role]
    listed = [key[3] for key in seats.seating.ordered()]
    others = [seats.seats[name] for name in sorted(seats.seats) if not seats.seats[name].is_listed]
    return (
        *(FrameworkShare(s.framework.id, state.tree.share(s), order) for order, s in enumerate(listed)),
        *(FrameworkShare(s.framework.id, state.tree.share(s), None) for s in others),
    )
