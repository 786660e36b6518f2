"""What is allocated to roles, taken apart by role."""

from __future__ import annotations

from functools import lru_cache

from cluster.allocator.bundle import Bundle
from cluster.model import Resources

Parts = tuple[tuple[str, Bundle], ...]


def by_role(resources: Resources) -> Parts:
    """Allocated resources in unallocated form by the role they are allocated to."""
    # What rides along and does not compare must not be mixed up with that of others.
    return _taken_apart(resources) if resources.has_details else _known(resources)


def _taken_apart(resources: Resources) -> Parts:
    assert all(kind.allocation is not None for kind, _ in resources), f"not all allocated: {resources}"
    return tuple((role, Bundle.of(resources.allocated_to(role).unallocated())) for role in resources.roles)


#: What comes back is mostly what was offered, and offers are alike.
_known = lru_cache(maxsize=1 << 14)(_taken_apart)
