"""Resources: exact, immutable sums of resources.

Source: Mesos src/common/resources.cpp, include/mesos/resources.hpp; reference types.md §4.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import ClassVar

from cluster.model import amounts as calc
from cluster.model.amounts import Amount, quantity_milli
from cluster.model.errors import InvalidResource, NotContained
from cluster.model.kind import Kind
from cluster.model.milli import from_milli, to_milli
from cluster.model.quantities import Quantities
from cluster.model.resource import DiskInfo, ReservationInfo, Resource
from cluster.model.resource_entries import details_of, entry_of, protos_of, sorted_labels
from cluster.model.resource_validation import stack_faults, violations
from cluster.model.resources_text import parse_resources, print_entry
from cluster.model.roles import ANY_ROLE, is_strict_subrole
from cluster.model.values import ValueType

_NO_DISKS: dict[Kind, DiskInfo] = {}


class Resources:
    """Amounts by kind; scalars in thousandths.  Immutable and hashable.

    Empty amounts are not kept, so equal resources have equal entries.  Indivisible things (volumes, MOUNT
    disks) count pieces of one size.  Mount path and principal of a volume ride along but do not compare;
    of two sums, the left one's stay.
    """

    __slots__ = ("_amounts", "_disks", "_hash", "_quantities")

    EMPTY: ClassVar["Resources"]

    _amounts: dict[Kind, Amount]
    _disks: dict[Kind, DiskInfo]  # only where a DiskInfo holds more than its identity
    _hash: int | None
    _quantities: Quantities | None

    def __init__(self) -> None:
        """Make empty resources; see `of`, `parse` and `scalar` for others."""
        self._amounts = {}
        self._disks = _NO_DISKS
        self._hash = None
        self._quantities = None

    @classmethod
    def _make(cls, amounts: dict[Kind, Amount], disks: dict[Kind, DiskInfo] = _NO_DISKS) -> "Resources":
        """Wrap a dict nobody else holds and which has no empty amounts."""
        made = cls.__new__(cls)
        made._amounts = amounts
        made._disks = {k: d for k, d in disks.items() if k in amounts} if disks else _NO_DISKS
        made._hash = None
        made._quantities = None
        return made

    # --- in and out ---

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> "Resources":
        """Sum up wire resources of any format; empty ones vanish.

        Raises:
            InvalidResource: one of them breaks a rule of `violations`.
        """
        amounts: dict[Kind, Amount] = {}
        disks: dict[Kind, DiskInfo] = {}
        for resource in resources:
            if faults := violations(resource):
                raise InvalidResource(resource.name, tuple(faults))
            kind, amount = entry_of(resource)
            if not amount:
                continue
            amounts[kind] = calc.plus(amounts[kind], amount) if kind in amounts else amount
            if details := details_of(resource.disk):
                disks.setdefault(kind, details)
        return cls._make(amounts, disks)

    @classmethod
    def parse(cls, text: str, default_role: str = ANY_ROLE) -> "Resources":
        """Parse `cpus:4;mem(web):1024;ports:[1-9]` or a JSON array of resources.

        Raises:
            InvalidResources: says in one sentence what is wrong.
        """
        return cls.of(parse_resources(text, default_role))

    @classmethod
    def scalar(cls, **amounts: float) -> "Resources":
        """Make unreserved scalars: `Resources.scalar(cpus=4, mem=1024)`; mem and disk in MB.

        Raises:
            InvalidResource: an amount is negative or not finite.
        """
        entries: dict[Kind, Amount] = {}
        for name, value in amounts.items():
            try:
                milli = to_milli(value)
            except ValueError as fault:
                raise InvalidResource(name, (str(fault),)) from fault
            if milli < 0:
                raise InvalidResource(name, (f"{value} is negative",))
            if milli:
                entries[Kind(name)] = milli
        return cls._make(entries)

    def protos(self) -> tuple[Resource, ...]:
        """Make wire resources in the internal format; each piece of an indivisible kind is one."""
        return tuple(
            proto
            for kind, amount in self._amounts.items()
            for proto in protos_of(kind, amount, self._disks.get(kind))
        )

    def __str__(self) -> str:
        printed = (print_entry(k, amount, self._disks.get(k)) for k, amount in self._amounts.items())
        return "; ".join(printed) or "{}"

    def __repr__(self) -> str:
        return f"Resources({self})"

    # --- looking ---

    def __iter__(self) -> Iterator[tuple[Kind, Amount]]:
        return iter(self._amounts.items())

    def __len__(self) -> int:
        return len(self._amounts)

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Resources) and self._amounts == other._amounts

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._amounts.items()))
        return self._hash

    @property
    def has_details(self) -> bool:
        """Whether something rides along that does not compare, such as where a volume is mounted."""
        return bool(self._disks)

    def in_order(self) -> "Resources":
        """The same with its entries in an order that depends on nothing but what they are."""
        kinds = sorted(self._amounts, key=_place)
        if kinds == list(self._amounts):
            return self
        return Resources._make({kind: self._amounts[kind] for kind in kinds}, self._disks)

    def amount(self, kind: Kind) -> Amount | None:
        """How much there is of a kind; None if nothing."""
        return self._amounts.get(kind)

    def milli(self, name: str) -> int:
        """Thousandths of a name over all kinds: ranges and sets count members, shared volumes count once."""
        return self.quantities()[name]

    def quantities(self) -> Quantities:
        """Amounts by name, whatever the metadata."""
        if self._quantities is None:
            total: dict[str, int] = {}
            for kind, amount in self._amounts.items():
                total[kind.name] = total.get(kind.name, 0) + quantity_milli(kind, amount)
            self._quantities = Quantities(total)
        return self._quantities

    @property
    def cpus(self) -> float:
        """CPUs, for people."""
        return from_milli(self.milli("cpus"))

    @property
    def mem(self) -> float:
        """Memory in MB, for people."""
        return from_milli(self.milli("mem"))

    @property
    def disk(self) -> float:
        """Disk in MB, for people."""
        return from_milli(self.milli("disk"))

    @property
    def gpus(self) -> float:
        """GPUs, for people."""
        return from_milli(self.milli("gpus"))

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles these are allocated to, each once, in order of entries."""
        return tuple(dict.fromkeys(k.allocation for k in self._amounts if k.allocation is not None))

    # --- arithmetic ---

    def contains(self, other: "Resources") -> bool:
        """Whether other can be taken from these."""
        mine = self._amounts
        for kind, amount in other._amounts.items():
            have = mine.get(kind)
            if have is None or not calc.covers(have, amount):
                return False
        return True

    def __add__(self, other: "Resources") -> "Resources":
        if not other._amounts:
            return self
        if not self._amounts:
            return other
        total = self._amounts.copy()
        for kind, amount in other._amounts.items():
            have = total.get(kind)
            total[kind] = amount if have is None else calc.plus(have, amount)
        if not self._disks and not other._disks:
            return Resources._make(total)
        return Resources._make(total, other._disks | self._disks)

    def __sub__(self, other: "Resources") -> "Resources":
        """Take other away.

        Raises:
            NotContained: these do not contain other.
        """
        if not self.contains(other):
            raise NotContained(str(self), str(other))
        return self.without(other)

    def without(self, other: "Resources") -> "Resources":
        """Take away what there is of other; nothing falls below zero.

        Source: Mesos Resources::operator-=.
        """
        if not other._amounts:
            return self
        left = self._amounts.copy()
        for kind, amount in other._amounts.items():
            have = left.get(kind)
            if have is None:
                continue
            if rest := calc.minus(have, amount):
                left[kind] = rest
            else:
                del left[kind]
        return Resources._make(left, self._disks)

    def exchanged(self, steps: Iterable[tuple["Resources", "Resources"]]) -> "Resources":
        """Take the first of each pair away and add the second, one pair after the other.

        The same as subtracting and adding, but thousands of pairs cost no more than what they are about.

        Raises:
            NotContained: what a pair takes is not there.
        """
        amounts, disks = self._amounts.copy(), self._disks
        for taken, given in steps:
            for kind, amount in taken._amounts.items():
                have = amounts.get(kind)
                if have is None or not calc.covers(have, amount):
                    raise NotContained(str(Resources._make(amounts, disks)), str(taken))
                if rest := calc.minus(have, amount):
                    amounts[kind] = rest
                else:
                    del amounts[kind]
                    if kind in disks:  # what rides along leaves with the last of it
                        disks = {other: disk for other, disk in disks.items() if other is not kind}
            for kind, amount in given._amounts.items():
                have = amounts.get(kind)
                amounts[kind] = amount if have is None else calc.plus(have, amount)
            if given._disks:
                disks = given._disks | disks
        return Resources._make(amounts, disks)

    def find(self, target: "Resources") -> "Resources | None":
        """Find the amounts of target here: reserved to its role first, then unreserved, then any.

        Reservations may differ from target's, everything else may not.  None if there is not enough.

        Source: Mesos Resources::find.
        """
        left = self
        found = Resources.EMPTY
        for kind, amount in target._amounts.items():
            part = left._find(kind, amount)
            if part is None:
                return None
            left = left - part
            found = found + part
        return found

    def _find(self, target: Kind, amount: Amount) -> "Resources | None":
        plain = target.reserved(())
        same = [kind for kind in self._amounts if kind.reserved(()) is plain]
        same.sort(key=lambda kind: _distance(kind, target))  # stable: keeps the order of entries
        found: dict[Kind, Amount] = {}
        for kind in same:
            if taken := calc.overlap(self._amounts[kind], amount):
                found[kind] = taken
                amount = calc.minus(amount, taken)
            if not amount:
                break
        return None if amount else Resources._make(found, self._disks)

    # --- parts ---

    def filter(self, predicate: Callable[[Kind], bool]) -> "Resources":
        """The entries whose kind satisfies the predicate."""
        kept = {kind: amount for kind, amount in self._amounts.items() if predicate(kind)}
        return self if len(kept) == len(self._amounts) else Resources._make(kept, self._disks)

    def unreserved(self) -> "Resources":
        """What nobody reserved."""
        return self.filter(lambda kind: not kind.reservations)

    def reserved(self, role: str | None = None) -> "Resources":
        """What is reserved, to exactly this role if one is given."""
        if role is None:
            return self.filter(lambda kind: bool(kind.reservations))
        return self.filter(lambda kind: kind.reservation_role == role)

    def reserved_below(self, role: str) -> "Resources":
        """What is reserved to a role or to a role below it."""

        def is_below(kind: Kind) -> bool:
            mine = kind.reservation_role
            return mine is not None and (mine == role or is_strict_subrole(mine, role))

        return self.filter(is_below)

    def allocatable_to(self, role: str) -> "Resources":
        """What a role may get: unreserved, or reserved to it or to a role above it."""
        return self.filter(lambda kind: kind.is_allocatable_to(role))

    def allocated_to(self, role: str) -> "Resources":
        """What is allocated to a role."""
        return self.filter(lambda kind: kind.allocation == role)

    def revocable(self) -> "Resources":
        """What may be taken back at any time."""
        return self.filter(lambda kind: kind.revocable)

    def nonrevocable(self) -> "Resources":
        """What may not be taken back."""
        return self.filter(lambda kind: not kind.revocable)

    def shared(self) -> "Resources":
        """Volumes several tasks may use."""
        return self.filter(lambda kind: kind.shared)

    def nonshared(self) -> "Resources":
        """Everything only one task may use."""
        return self.filter(lambda kind: not kind.shared)

    def scalars(self) -> "Resources":
        """Everything counted by a number."""
        return self.filter(lambda kind: kind.type is ValueType.SCALAR)

    def persistent_volumes(self) -> "Resources":
        """Persistent volumes only."""
        return self.filter(lambda kind: kind.is_persistent)

    # --- other metadata, same amounts ---

    def _mapped(self, change: Callable[[Kind], Kind]) -> "Resources":
        amounts: dict[Kind, Amount] = {}
        disks: dict[Kind, DiskInfo] = {}
        for kind, amount in self._amounts.items():
            changed = change(kind)
            amounts[changed] = calc.plus(amounts[changed], amount) if changed in amounts else amount
            if details := self._disks.get(kind):
                disks.setdefault(changed, details)
        return Resources._make(amounts, disks)

    def allocated(self, role: str) -> "Resources":
        """The same, allocated to a role."""
        return self._mapped(lambda kind: kind.allocated(role))

    def unallocated(self) -> "Resources":
        """The same, allocated to nobody."""
        return self._mapped(lambda kind: kind.allocated(None))

    def push_reservation(self, reservation: ReservationInfo) -> "Resources":
        """The same, reserved once more.

        Raises:
            InvalidResource: the reservation cannot stand on those below it.
        """

        def pushed(kind: Kind) -> Kind:
            stack = (*kind.reservations, sorted_labels(reservation))
            if faults := stack_faults(stack):
                raise InvalidResource(kind.name, tuple(faults))
            return kind.reserved(stack)

        return self._mapped(pushed)

    def pop_reservation(self) -> "Resources":
        """The same without the innermost reservation; all must be reserved."""
        assert all(kind.reservations for kind in self._amounts), f"not all reserved: {self}"
        return self._mapped(lambda kind: kind.reserved(kind.reservations[:-1]))

    def to_unreserved(self) -> "Resources":
        """The same without any reservation."""
        return self._mapped(lambda kind: kind.reserved(()))


Resources.EMPTY = Resources()


_USUAL = ("cpus", "gpus", "mem", "disk", "ports")


@lru_cache(maxsize=1 << 14)
def _place(kind: Kind) -> tuple[int, str, str]:
    """Place of a kind among others: the usual names as people write them, then by all it is."""
    usual = _USUAL.index(kind.name) if kind.name in _USUAL else len(_USUAL)
    return usual, kind.name, repr(kind)


def _distance(kind: Kind, target: Kind) -> int:
    """Rank of a kind in `find`: 0 reserved to target's role, 1 unreserved, 2 anything else."""
    if target.reservation_role is not None and kind.reservation_role == target.reservation_role:
        return 0
    return 1 if not kind.reservations else 2
