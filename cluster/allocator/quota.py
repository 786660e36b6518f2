"""Quota: guarantees and limits of roles, what counts as consumed, what must be left for guarantees.

Source: reference allocator.md §1 (quotaOfferedOrConsumed), §4 (headroom, shrink).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from cluster.allocator.bundle import Bundle, Counted
from cluster.allocator.tree import lineage
from cluster.model import Limits, Quantities, Resources, Scalar, from_milli

Arrange = Callable[[list[Resources]], list[Resources]]
"""Puts single entries in the order in which they are cut."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What a role is sure to get, and what it can get at most of what is not reserved."""

    guarantees: Quantities = Quantities.EMPTY
    limits: Limits = Limits.EMPTY

    @property
    def is_default(self) -> bool:
        """Whether it says nothing."""
        return not self.guarantees and not self.limits


NO_QUOTA = Quota()


class Tally:
    """Amounts in thousandths by role, each with what the roles below it have."""

    __slots__ = ("_by_role",)

    def __init__(self) -> None:
        self._by_role: dict[str, dict[str, int]] = {}

    def add(self, role: str, counted: Counted, times: int = 1) -> None:
        """Add amounts to a role and all above it."""
        for each in lineage(role) if counted else ():
            amounts = self._by_role.get(each)
            if amounts is None:
                amounts = self._by_role[each] = {}
            for name, milli in counted:
                amounts[name] = amounts.get(name, 0) + milli * times

    def take(self, role: str, counted: Counted) -> None:
        """Take amounts away again; nothing is kept of a role that has nothing left."""
        for each in lineage(role):
            amounts = self._by_role.get(each, {})
            for name, milli in counted:
                left = amounts.get(name, 0) - milli
                assert left >= 0, f"{each} gives back more {name} than it has"
                if left:
                    amounts[name] = left
                else:
                    amounts.pop(name, None)
            if not amounts:
                self._by_role.pop(each, None)

    def of(self, role: str) -> Quantities:
        """Amounts of a role and the roles below it."""
        return Quantities(self._by_role.get(role, {}))


class Ledger:
    """What roles consume, kept up to date so that a round need not look at any agent for it."""

    def __init__(self) -> None:
        self.quotas: dict[str, Quota] = {}
        #: Held by known frameworks: scalars neither reserved nor revocable, those in use, those not reserved.
        self.held = Tally()
        self.in_use = Tally()
        self._open: dict[str, int] = {}
        #: Scalars reserved to roles on all agents, and to all roles together.
        self.reserved = Tally()
        self._reserved: dict[str, int] = {}
        #: Roles that anything is reserved to, scalar or not, and on how many agents.
        self.reserved_on: Counter[str] = Counter()
        #: Whether somebody may get what quota kept from him in the last full round.
        self.has_grown = False

    # -- events --------------------------------------------------------------------------------------------

    def update(self, role: str, quota: Quota) -> None:
        """Set the quota of a role; the default removes it."""
        self.quotas.pop(role, None)
        if not quota.is_default:
            self.quotas[role] = quota
        self.has_grown = True

    def hold(self, role: str, bundle: Bundle, times: int = 1) -> None:
        """A known framework holds a bundle.

        What goes to a role below one with quota is not counted against that quota until the round is over,
        and then it may meet the guarantee that headroom was held for.
        """
        self.held.add(role, bundle.quota_part().counted, times)
        _add(self._open, bundle.open_counted(), times)
        if self.quotas and any(above in self.quotas for above in lineage(role)[1:]):
            self.has_grown = True

    def release(self, role: str, bundle: Bundle) -> None:
        """A known framework holds a bundle no more."""
        self.held.take(role, bundle.quota_part().counted)
        _add(self._open, bundle.open_counted(), -1)
        self.has_grown = True

    def add_total(self, whole: Bundle) -> None:
        """An agent's resources join the cluster."""
        for role, counted in whole.reservations():
            self.reserved.add(role, counted)
            self.reserved_on[role] += 1
            _add(self._reserved, counted, 1)
        self.has_grown = True

    def remove_total(self, whole: Bundle) -> None:
        """An agent's resources leave the cluster."""
        for role, counted in whole.reservations():
            self.reserved.take(role, counted)
            self.reserved_on[role] -= 1
            if not self.reserved_on[role]:
                del self.reserved_on[role]
            _add(self._reserved, counted, -1)
        self.has_grown = True

    # -- questions -----------------------------------------------------------------------------------------

    def quota(self, role: str) -> Quota:
        """Quota of a role; the default if there is none."""
        return self.quotas.get(role, NO_QUOTA)

    def consumed(self, role: str) -> Quantities:
        """Quota a role has used up: all reservations, and what else is offered or allocated."""
        return self.reserved.of(role) + self.held.of(role)

    def available_headroom(
        self, total: Mapping[str, int], held: Mapping[str, int], revocable: Quantities
    ) -> Quantities:
        """What is free, unreserved and not revocable on all agents, whether a round looks at them or not.

        Of the cluster's `total`, known frameworks hold `held`, all of it with what is reserved; `revocable`
        is free.
        """
        all_held = Quantities(held)
        held_reserved = all_held - Quantities(self._open)
        unallocated = Quantities(self._reserved) - held_reserved
        return Quantities(total) - all_held - unallocated - revocable


def _add(amounts: dict[str, int], counted: Counted, times: int) -> None:
    for name, milli in counted:
        amounts[name] = amounts.get(name, 0) + milli * times


# -- cutting -------------------------------------------------------------------------------------------------


def shrink(bundle: Bundle, target: Quantities | Limits, arrange: Arrange) -> Bundle:
    """Cut scalars down to a target, entry by entry in the order `arrange` puts them.

    Of quantities, a name that is missing gets nothing; of limits, it is kept whole. What can only be had
    whole is kept if it fits, else left out.
    """
    if not bundle or target.contains(bundle.resources.quantities()):
        return bundle
    if bundle.is_cut_one_way:
        return bundle.cut_to(target.get if isinstance(target, Limits) else target.__getitem__)
    kept = Resources.EMPTY
    for entry in arrange([Resources.of([proto]) for proto in bundle.resources.protos()]):
        (name,) = entry.quantities()
        room = target.get(name) if isinstance(target, Limits) else target[name]
        part = entry if room is None else _at_most(entry, room - kept.milli(name))
        kept = kept + part
    return Bundle.of(kept)


def _at_most(entry: Resources, room_milli: int) -> Resources:
    """As much of a single scalar entry as there is room for."""
    ((kind, _),) = entry
    if room_milli <= 0:
        return Resources.EMPTY
    if entry.milli(kind.name) <= room_milli:
        return entry
    if kind.lot_milli is not None:
        return Resources.EMPTY
    (whole,) = entry.protos()
    return Resources.of([msgspec.structs.replace(whole, scalar=Scalar(value=from_milli(room_milli)))])
