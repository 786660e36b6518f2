"""A framework as allocation sees it: roles, what it can take, what it refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cluster.allocator.filters import OfferFilters
from cluster.model import Capability, FrameworkInfo, Quantities

FrameworkCapability = Capability.Type
MinAllocatable = Mapping[str, tuple[Quantities, ...]]
"""By role: alternatives of which an offer must hold one. No alternatives: anything; no role: the flag's."""


class Framework:
    """One framework. `suppressed` outlives deactivation, `filters` do not."""

    def __init__(
        self,
        framework_id: str,
        roles: Iterable[str],
        suppressed: Iterable[str],
        capabilities: Iterable[FrameworkCapability],
        min_allocatable: MinAllocatable,
        is_active: bool,
    ) -> None:
        self.id = framework_id
        self.roles: dict[str, None] = dict.fromkeys(roles)
        """Subscribed roles, in order."""
        self.tracked: dict[str, None] = {}
        """Roles in whose sorter it is: subscribed ones and those it still holds something under."""
        self.suppressed: set[str] = set(suppressed)
        self.min_allocatable: MinAllocatable = dict(min_allocatable)
        self.is_active = is_active
        self.filters = OfferFilters()
        self.set_capabilities(capabilities)

    def set_capabilities(self, capabilities: Iterable[FrameworkCapability]) -> None:
        """Take over capabilities; those that rounds read become plain attributes."""
        self.capabilities = frozenset(capabilities)
        self.has_multi_role = FrameworkCapability.MULTI_ROLE in self.capabilities
        self.takes_gpus = FrameworkCapability.GPU_RESOURCES in self.capabilities
        self.takes_remote = FrameworkCapability.REGION_AWARE in self.capabilities
        self.takes_shared = FrameworkCapability.SHARED_RESOURCES in self.capabilities
        self.takes_revocable = FrameworkCapability.REVOCABLE_RESOURCES in self.capabilities
        self.takes_refined = FrameworkCapability.RESERVATION_REFINEMENT in self.capabilities

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
