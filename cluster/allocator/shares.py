"""Who holds which share of the cluster, as people ask for it.

Source: reference allocator.md §2, §8.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster.allocator.sorter import Share
from cluster.allocator.state import AllocatorState


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
    return tuple(
        RoleShare(role, state.role_sorter.share(role), order, framework_shares(state, role))
        for order, role in enumerate(state.role_sorter.walk())
    )


def framework_shares(state: AllocatorState, role: str) -> tuple[FrameworkShare, ...]:
    """The frameworks of a role.

    Raises: KeyError for a role without frameworks.
    """
    sorter = state.roles[role]
    listed = sorter.sort()
    others = sorted(client for client in sorter.clients() if not sorter.is_active(client))
    return (
        *(FrameworkShare(f, sorter.share(f), order) for order, f in enumerate(listed)),
        *(FrameworkShare(f, sorter.share(f), None) for f in others),
    )
