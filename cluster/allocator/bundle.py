"""Bundles: resources with everything allocation asks of them worked out once.

Most agents of a cluster look alike, so equal resources share one bundle, and what is true of it (what it
counts for, who may take what of it, whether it is worth an offer) is found out once for all of them.

Source: reference allocator.md §4, §5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar
from weakref import WeakValueDictionary

import msgspec

from cluster.model import Quantities, Resources, Scalar, ValueType, from_milli, quantity_milli

MOST_CUTS = 64
"""Ways of being cut that a bundle remembers."""
MOST_KINDS = 16
"""Kinds of resources up to which a bundle remembers what was left of it."""
MOST_TASTES = 64
"""Tastes whose verdict a bundle remembers."""


class Taste:
    """What frameworks that can take the same have in common, each for a role.

    `alternatives`: one of them must be in an offer, if there are any. `takes`: whether shared, revocable and
    refined resources are taken. `mask` is the set of seats of this taste that want offers (see `seats`).
    """

    __slots__ = ("alternatives", "mask", "takes")

    def __init__(self, alternatives: tuple[Quantities, ...], takes: tuple[bool, bool, bool]) -> None:
        self.alternatives = alternatives
        self.takes = takes
        self.mask = 0


Counted = tuple[tuple[str, int], ...]
"""Names of scalars with thousandths."""


class Bundle:
    """An immutable amount of resources in unallocated form; compare with `is` only after `Bundle.of`.

    Which of two equal volumes was mounted where is no part of equality, so resources that carry such details
    have a bundle of their own.
    """

    __slots__ = (
        "__weakref__",
        "_allocated",
        "_beyond_quota",
        "_cuts",
        "_for_role",
        "_is_all_quota",
        "_is_cut_one_way",
        "_is_worth",
        "_left",
        "_open_counted",
        "_quota_part",
        "_reservations",
        "_revocable_counted",
        "_scalars",
        "_stripped",
        "counted",
        "has_refined",
        "has_revocable",
        "is_common",
        "is_open",
        "reserved_to",
        "resources",
        "shared",
    )

    EMPTY: ClassVar[Bundle]

    def __init__(self, resources: Resources) -> None:
        """Use `of` instead."""
        self.resources = resources
        self.shared = resources.shared()
        plain = resources.nonshared() if self.shared else resources
        #: What counts towards shares: scalars that are not shared.
        self.counted: Counted = tuple(plain.scalars().quantities().items())
        self.reserved_to = frozenset(
            kind.reservation_role for kind, _ in resources if kind.reservation_role is not None
        )
        #: Whether any role may have all of it.
        self.is_open = not self.reserved_to
        self.has_revocable = any(kind.revocable for kind, _ in resources)
        self.has_refined = any(len(kind.reservations) > 1 for kind, _ in resources)
        #: Whether every framework can take all of it.
        self.is_common = not (self.shared or self.has_revocable or self.has_refined)
        self._for_role: dict[frozenset[str], Bundle] = {}
        self._stripped: dict[tuple[bool, bool, bool], Bundle] = {}
        self._is_worth: dict[Taste, bool] = {}
        self._allocated: dict[str, Resources] = {}
        self._quota_part: Bundle | None = None
        self._is_all_quota = False
        self._is_cut_one_way: bool | None = None
        self._cuts: dict[tuple[int | None, ...], Bundle] = {}
        self._left: tuple[Bundle, Bundle] | None = None
        self._beyond_quota: Bundle | None = None
        self._open_counted: Counted | None = None
        self._revocable_counted: Counted | None = None
        self._scalars: Counted | None = None
        self._reservations: tuple[tuple[str, Counted], ...] | None = None

    @staticmethod
    def of(resources: Resources) -> Bundle:
        """The bundle of these resources."""
        if not resources:
            return Bundle.EMPTY
        if resources.has_details:
            return Bundle(resources)
        found = _interned.get(resources)
        if found is None:
            # In an order of its own, so that it does not matter whose resources were seen first.
            ordered = resources.in_order()
            found = _interned[ordered] = Bundle(ordered)
        return found

    def __bool__(self) -> bool:
        return bool(self.resources)

    def __repr__(self) -> str:
        return f"Bundle({self.resources})"

    # -- parts ---------------------------------------------------------------------------------------------

    def for_role(self, lineage: frozenset[str]) -> Bundle:
        """What a role may get; `lineage` is the role and all above it."""
        if self.is_open:
            return self
        theirs = self.reserved_to & lineage
        if len(theirs) == len(self.reserved_to):
            return self
        part = self._for_role.get(theirs)
        if part is None:
            part = self._for_role[theirs] = Bundle.of(
                self.resources.filter(
                    lambda kind: kind.reservation_role is None or kind.reservation_role in theirs
                )
            )
        return part

    def stripped(self, taste: Taste) -> Bundle:
        """What a framework of this taste can take."""
        if self.is_common:
            return self
        takes = taste.takes
        part = self._stripped.get(takes)
        if part is None:
            resources = self.resources
            if self.shared and not takes[0]:
                resources = resources.nonshared()
            if self.has_revocable and not takes[1]:
                resources = resources.nonrevocable()
            if self.has_refined and not takes[2]:
                resources = resources.filter(lambda kind: len(kind.reservations) < 2)
            part = self._stripped[takes] = Bundle.of(resources)
        return part

    def quota_part(self) -> Bundle:
        """What quota is about: scalars that are neither reserved nor revocable."""
        if self._is_all_quota:  # a cycle would keep it alive for ever
            return self
        if self._quota_part is None:
            part = Bundle.of(self.resources.scalars().unreserved().nonrevocable())
            if part is self:
                self._is_all_quota = True
                return self
            self._quota_part = part
        return self._quota_part

    def beyond_quota(self) -> Bundle:
        """What quota is not about."""
        if self._beyond_quota is None:
            self._beyond_quota = Bundle.of(self.resources.without(self.quota_part().resources))
        return self._beyond_quota

    def open_counted(self) -> Counted:
        """Scalars that nobody reserved, revocable ones included."""
        if self._open_counted is None:
            self._open_counted = tuple(self.resources.scalars().unreserved().quantities().items())
        return self._open_counted

    def revocable_counted(self) -> Counted:
        """Scalars that may be taken back."""
        if self._revocable_counted is None:
            revocable = self.resources.revocable() if self.has_revocable else Resources.EMPTY
            self._revocable_counted = tuple(revocable.scalars().quantities().items())
        return self._revocable_counted

    def scalars(self) -> Counted:
        """All scalars, shared ones included."""
        if self._scalars is None:
            self._scalars = tuple(self.resources.scalars().quantities().items())
        return self._scalars

    def reservations(self) -> tuple[tuple[str, Counted], ...]:
        """Scalars reserved to each role that anything is reserved to."""
        if self._reservations is None:
            by_role: dict[str, dict[str, int]] = {role: {} for role in sorted(self.reserved_to)}
            for kind, amount in self.resources.scalars():
                if kind.reservation_role is not None:
                    amounts = by_role[kind.reservation_role]
                    amounts[kind.name] = amounts.get(kind.name, 0) + quantity_milli(kind, amount)
            self._reservations = tuple((role, tuple(counted.items())) for role, counted in by_role.items())
        return self._reservations

    def has(self, name: str) -> bool:
        """Whether there is any of a resource."""
        return name in self.resources.quantities()

    def without(self, other: Bundle) -> Bundle:
        """What is left when another bundle is taken away; agents are alike, so the latest answer is kept."""
        if other is self:
            return Bundle.EMPTY
        if self._left is None or self._left[0] is not other:
            left = Bundle.of(self.resources.without(other.resources))
            if left is self or other.resources.has_details:  # a cycle; what does not compare may differ
                return left
            if len(self.resources) > MOST_KINDS:  # each of those left after it would be kept alive, too
                return left
            self._left = (other, left)
        return self._left[1]

    @property
    def is_cut_one_way(self) -> bool:
        """Whether cutting it to a target gives the same in whatever order: no name twice, nothing whole."""
        if self._is_cut_one_way is None:
            self._is_cut_one_way = len(self.resources.quantities()) == len(self.resources) and not any(
                kind.lot_milli for kind, _ in self.resources
            )
        return self._is_cut_one_way

    def cut_to(self, room: Callable[[str], int | None]) -> Bundle:
        """No more of each name than there is room for (None: whatever there is); it must be cut one way."""
        key = tuple(
            None if (most := room(name)) is None or most >= milli else most
            for name, milli in self.resources.quantities().items()
        )
        found = self._cuts.get(key)
        if found is None:
            found = Bundle.of(_cut(self.resources, key))
            if found is self:
                return self
            if len(self._cuts) >= MOST_CUTS:
                self._cuts.clear()
            self._cuts[key] = found
        return found

    # -- questions -----------------------------------------------------------------------------------------

    def is_worth(self, taste: Taste) -> bool:
        """Whether it is worth an offer: not empty, and one of the alternatives, if any, is in it."""
        answer = self._is_worth.get(taste)
        if answer is None:
            quantities, alternatives = self.resources.quantities(), taste.alternatives
            answer = bool(self.resources) and (
                not alternatives or any(quantities.contains(least) for least in alternatives)
            )
            if len(self._is_worth) >= MOST_TASTES:
                self._is_worth.clear()
            self._is_worth[taste] = answer
        return answer

    def allocated(self, role: str) -> Resources:
        """The resources allocated to a role, as offers carry them; the same object every time."""
        found = self._allocated.get(role)
        if found is None:
            found = self._allocated[role] = self.resources.allocated(role)
        return found

    def counts_beyond_quota(self, role: str) -> Bundle:
        """What goes along with a guarantee: reserved to exactly this role, not scalar, or revocable."""
        return Bundle.of(
            self.resources.filter(
                lambda kind: (
                    kind.reservation_role == role or kind.type is not ValueType.SCALAR or kind.revocable
                )
            )
        )


def _cut(resources: Resources, most: tuple[int | None, ...]) -> Resources:
    """As much of each entry, in order, as is given in thousandths; None for all."""
    cut = []
    for proto, milli in zip(resources.protos(), most, strict=True):
        if milli is None:
            cut.append(proto)
        elif milli > 0:
            cut.append(msgspec.structs.replace(proto, scalar=Scalar(value=from_milli(milli))))
    return Resources.of(cut)


_interned: WeakValueDictionary[Resources, Bundle] = WeakValueDictionary()
Bundle.EMPTY = Bundle(Resources.EMPTY)
