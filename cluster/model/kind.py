"""Kind: everything that tells two resources apart except how much there is of them.

Kinds are interned: two amounts add up exactly when their kinds are the same object, so comparing and hashing
a kind costs nothing.  The table of kinds is weak: a kind nobody uses is forgotten.

Source: Mesos src/common/resources.cpp (addable, subtractable, operator== of DiskInfo and ReservationInfo);
reference types.md §4.5.
"""

from functools import lru_cache
from typing import NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from cluster.model.resource import DiskInfo, ReservationInfo
from cluster.model.roles import is_strict_subrole
from cluster.model.values import ValueType

Stack: TypeAlias = tuple[ReservationInfo, ...]

_INDIVISIBLE = (DiskInfo.Source.Type.MOUNT, DiskInfo.Source.Type.BLOCK)


class Disk(NamedTuple):
    """What of a DiskInfo counts for identity.

    Where a volume is mounted and who created it does not: a task may mount it where it likes.
    """

    source: DiskInfo.Source | None = None
    persistence_id: str | None = None

    @property
    def is_indivisible(self) -> bool:
        """Whether only the whole disk can be taken: volumes, MOUNT, BLOCK, and RAW with an id."""
        if self.persistence_id is not None:
            return True
        if self.source is None:
            return False
        if self.source.type is DiskInfo.Source.Type.RAW:
            return self.source.id is not None
        return self.source.type in _INDIVISIBLE


class Kind:
    """An interned identity of resources.  Immutable; compare with `is` or `==` alike.

    allocation: role the resources are allocated to. reservations: stack, outermost first, labels sorted.
    lot_milli: size in thousandths of what can only be had whole; amounts of such a kind count pieces
    (copies, if shared). provider: id of the resource provider.
    """

    __slots__ = (
        "__weakref__",
        "allocation",
        "disk",
        "lot_milli",
        "name",
        "provider",
        "reservation_role",
        "reservations",
        "revocable",
        "shared",
        "type",
    )

    name: str
    type: ValueType
    reservations: Stack
    allocation: str | None
    revocable: bool
    shared: bool
    disk: Disk | None
    provider: str | None
    lot_milli: int | None
    reservation_role: str | None  # role of the innermost reservation

    def __new__(
        cls,
        name: str,
        type: ValueType = ValueType.SCALAR,
        reservations: Stack = (),
        allocation: str | None = None,
        revocable: bool = False,
        shared: bool = False,
        disk: Disk | None = None,
        provider: str | None = None,
        lot_milli: int | None = None,
    ) -> "Kind":
        key = (name, type, reservations, allocation, revocable, shared, disk, provider, lot_milli)
        known = _interned.get(key)
        if known is not None:
            return known
        kind = super().__new__(cls)
        kind.name = name
        kind.type = type
        kind.reservations = reservations
        kind.allocation = allocation
        kind.revocable = revocable
        kind.shared = shared
        kind.disk = disk
        kind.provider = provider
        kind.lot_milli = lot_milli
        kind.reservation_role = reservations[-1].role if reservations else None
        _interned[key] = kind
        return kind

    def __reduce__(self) -> tuple[object, ...]:
        return Kind, self._key(self.reservations, self.allocation)

    def __repr__(self) -> str:
        return f"Kind{self._key(self.reservations, self.allocation)!r}"

    def _key(self, stack: Stack, allocation: str | None) -> "_Key":
        """The arguments that make this kind, but for reservations and allocation."""
        return (
            self.name,
            self.type,
            stack,
            allocation,
            self.revocable,
            self.shared,
            self.disk,
            self.provider,
            self.lot_milli,
        )

    def allocated(self, role: str | None) -> "Kind":
        """The same, allocated to a role, or to none."""
        return _allocated(self, role)

    def reserved(self, stack: Stack) -> "Kind":
        """The same under another stack of reservations."""
        return Kind(*self._key(stack, self.allocation))

    @property
    def is_reserved(self) -> bool:
        """Whether there is any reservation."""
        return self.reservation_role is not None

    @property
    def is_dynamic(self) -> bool:
        """Whether the innermost reservation is dynamic."""
        return bool(self.reservations) and self.reservations[-1].type is ReservationInfo.Type.DYNAMIC

    @property
    def is_persistent(self) -> bool:
        """Whether this is a persistent volume."""
        return self.disk is not None and self.disk.persistence_id is not None

    def is_allocatable_to(self, role: str) -> bool:
        """Whether a role may get this: unreserved, or reserved to it or to a role above it."""
        mine = self.reservation_role
        return mine is None or mine == role or is_strict_subrole(role, mine)


_Key: TypeAlias = tuple[str, ValueType, Stack, str | None, bool, bool, Disk | None, str | None, int | None]
_interned: WeakValueDictionary[_Key, Kind] = WeakValueDictionary()


@lru_cache(maxsize=1 << 14)  # every offer and every recovery asks; a bound, so that old roles are forgotten
def _allocated(kind: Kind, role: str | None) -> Kind:
    return Kind(*kind._key(kind.reservations, role))
