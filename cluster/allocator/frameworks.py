"""A framework as allocation sees it: roles, what it can take, what it refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cluster.allocator.constraints import Constraints
from cluster.allocator.seats import Seat
from cluster.model import Capability, FrameworkInfo, Quantities

FrameworkCapability = Capability.Type
MinAllocatable = Mapping[str, tuple[Quantities, ...]]
"""By role: alternatives of which an offer must hold one. No alternatives: anything; no role: the flag's."""


class Framework:
    """One framework. `suppressed` outlives deactivation, what it refused does not."""

    def __init__(self, framework_id: str, *, is_active: bool) -> None:
        self.id = framework_id
        self.is_active = is_active
        self.roles: dict[str, None] = {}
        """Subscribed roles, in order."""
        self.seats: dict[str, Seat] = {}
        """By role: subscribed ones, and those it still holds something under."""
        self.suppressed: frozenset[str] = frozenset()
        self.refused_inverse: dict[str, list[float]] = {}
        """By agent until when inverse offers are refused."""

    def describe(
        self,
        roles: Iterable[str],
        suppressed: Iterable[str],
        capabilities: Iterable[FrameworkCapability],
        min_allocatable: MinAllocatable | None,
        constraints: Mapping[str, Constraints],
    ) -> None:
        """Take over a description; capabilities that rounds read become plain attributes."""
        self.roles = dict.fromkeys(roles)
        self.suppressed = frozenset(suppressed)
        self.min_allocatable: MinAllocatable = dict(min_allocatable or {})
        self.constraints = constraints
        has = tuple(capabilities).__contains__  # a few; to hash one takes longer than to compare them all
        self.has_multi_role = has(FrameworkCapability.MULTI_ROLE)
        self.takes_gpus = has(FrameworkCapability.GPU_RESOURCES)
        self.takes_remote = has(FrameworkCapability.REGION_AWARE)
        self.takes = (
            has(FrameworkCapability.SHARED_RESOURCES),
            has(FrameworkCapability.REVOCABLE_RESOURCES),
            has(FrameworkCapability.RESERVATION_REFINEMENT),
        )
        """Whether it takes shared, revocable, refined resources."""

    def wants(self, role: str) -> bool:
        """Whether offers for a role are wanted now."""
        return self.is_active and role in self.roles and role not in self.suppressed


def capabilities_of(info: FrameworkInfo) -> frozenset[FrameworkCapability]:
    """Capabilities a framework declares."""
    return frozenset(c.type for c in info.capabilities if c.type is not None)


def min_allocatable_of(info: FrameworkInfo) -> dict[str, tuple[Quantities, ...]]:
    """Smallest offers a framework declares worth sending, by role.

    Source: reference types.md §2, offer_filters.
    """
    return {
        role: tuple(
            Quantities.from_scalars(alternative.quantities)
            for alternative in filters.min_allocatable_resources.quantities
        )
        for role, filters in info.offer_filters.items()
        if filters.min_allocatable_resources is not None
    }
