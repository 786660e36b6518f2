"""Quantities and limits: amounts by resource name, whatever the metadata of the resources.

Amounts are thousandths; a range counts its numbers, a set its items.

Source: Mesos src/common/resource_quantities.hpp; reference types.md §4.3, §4.5.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from cluster.model.errors import InvalidResources
from cluster.model.milli import from_milli, print_milli, to_milli
from cluster.model.values import Scalar, Text
from cluster.model.values_text import InvalidValue, parse_value


class Quantities:
    """Amounts in thousandths by name.  Immutable; zero and absent are the same."""

    __slots__ = ("_hash", "_milli")

    EMPTY: ClassVar["Quantities"]

    def __init__(self, milli: Mapping[str, int] | Iterable[tuple[str, int]] = ()) -> None:
        """Take amounts in thousandths; zeros are dropped, negative ones are a bug of the caller."""
        self._milli = {name: amount for name, amount in dict(milli).items() if amount}
        self._hash: int | None = None
        assert all(amount > 0 for amount in self._milli.values()), self._milli

    @classmethod
    def _of(cls, milli: dict[str, int]) -> "Quantities":
        """Wrap a dict nobody else holds and which has positive amounts only."""
        made = cls.__new__(cls)
        made._milli = milli
        made._hash = None
        return made

    @classmethod
    def from_scalars(cls, scalars: Mapping[str, Scalar]) -> "Quantities":
        """Make quantities from a v1 map, as QuotaConfig and OfferFilters hold them.

        Raises:
            ValueError: an amount is negative or not finite.
        """
        milli = {name: to_milli(scalar.value) for name, scalar in scalars.items()}
        for name, amount in milli.items():
            if amount < 0:
                raise ValueError(f"{name}:{print_milli(amount)} is negative")
        return cls(milli)

    def to_scalars(self) -> dict[str, Scalar]:
        """Make the v1 map."""
        return {name: Scalar(value=from_milli(amount)) for name, amount in self.items()}

    def __getitem__(self, name: str) -> int:
        """Thousandths of a name, 0 if absent."""
        return self._milli.get(name, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._milli)

    def __len__(self) -> int:
        return len(self._milli)

    def __bool__(self) -> bool:
        return bool(self._milli)

    def __contains__(self, name: object) -> bool:
        return name in self._milli

    def items(self) -> Iterable[tuple[str, int]]:
        """Names with their thousandths."""
        return self._milli.items()

    def contains(self, other: "Quantities") -> bool:
        """Whether no amount of other is larger."""
        mine = self._milli
        return all(mine.get(name, 0) >= amount for name, amount in other._milli.items())

    def __add__(self, other: "Quantities") -> "Quantities":
        if not other._milli:
            return self
        total = self._milli.copy()
        for name, amount in other._milli.items():
            total[name] = total.get(name, 0) + amount
        return Quantities._of(total)

    def __sub__(self, other: "Quantities") -> "Quantities":
        """Take amounts away; none falls below zero."""
        left = self._milli.copy()
        for name, amount in other._milli.items():
            rest = left.get(name, 0) - amount
            if rest > 0:
                left[name] = rest
            else:
                left.pop(name, None)
        return Quantities._of(left)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantities) and self._milli == other._milli

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._milli.items()))
        return self._hash

    def __str__(self) -> str:
        return ";".join(f"{name}:{print_milli(amount)}" for name, amount in sorted(self.items())) or "{}"

    def __repr__(self) -> str:
        return f"Quantities({self})"


Quantities.EMPTY = Quantities()


class Limits:
    """Upper bounds in thousandths by name.  Immutable; an absent name is unbounded, zero allows nothing."""

    __slots__ = ("_milli",)

    EMPTY: ClassVar["Limits"]

    def __init__(self, milli: Mapping[str, int] | Iterable[tuple[str, int]] = ()) -> None:
        self._milli = dict(milli)
        assert all(amount >= 0 for amount in self._milli.values()), self._milli

    @classmethod
    def from_scalars(cls, scalars: Mapping[str, Scalar]) -> "Limits":
        """Make limits from a v1 map, as QuotaConfig holds them.

        Raises:
            ValueError: a limit is negative or not finite.
        """
        milli = {name: to_milli(scalar.value) for name, scalar in scalars.items()}
        for name, amount in milli.items():
            if amount < 0:
                raise ValueError(f"{name}:{print_milli(amount)} is negative")
        return cls(milli)

    def to_scalars(self) -> dict[str, Scalar]:
        """Make the v1 map."""
        return {name: Scalar(value=from_milli(amount)) for name, amount in self.items()}

    def get(self, name: str) -> int | None:
        """Thousandths a name may reach; None is no bound."""
        return self._milli.get(name)

    def items(self) -> Iterable[tuple[str, int]]:
        """Bounded names with their thousandths."""
        return self._milli.items()

    def __bool__(self) -> bool:
        return bool(self._milli)

    def contains(self, quantities: Quantities) -> bool:
        """Whether quantities stay within every bound."""
        return all(quantities[name] <= limit for name, limit in self._milli.items())

    def contains_limits(self, other: "Limits") -> bool:
        """Whether other is at least as tight on every name bounded here."""
        for name, limit in self._milli.items():
            bound = other.get(name)
            if bound is None or bound > limit:
                return False
        return True

    def __sub__(self, used: Quantities) -> "Limits":
        """What is left under each bound; none falls below zero."""
        return Limits({name: max(0, limit - used[name]) for name, limit in self._milli.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and self._milli == other._milli

    def __hash__(self) -> int:
        return hash(frozenset(self._milli.items()))

    def __str__(self) -> str:
        return ";".join(f"{name}:{print_milli(limit)}" for name, limit in sorted(self.items())) or "{}"

    def __repr__(self) -> str:
        return f"Limits({self})"


Limits.EMPTY = Limits()


def parse_quantities(text: str) -> tuple[Quantities, ...]:
    """Parse alternatives such as `cpus:0.01|mem:32`; empty text has none.

    Raises:
        InvalidResources: an alternative is not `name:number;...`.
    """
    if not text.strip():
        return ()
    return tuple(_alternative(part) for part in text.split("|"))


def _alternative(text: str) -> Quantities:
    milli: dict[str, int] = {}
    for token in filter(None, map(str.strip, text.split(";"))):
        name, colon, amount = (part.strip() for part in token.partition(":"))
        if not (name and colon and amount) or ":" in amount:
            raise InvalidResources(f"Bad quantity '{token}', expecting name:number")
        if name in milli:
            raise InvalidResources(f"Quantity '{name}' is given twice")
        try:
            value = parse_value(amount)
        except InvalidValue as fault:
            raise InvalidResources(f"Bad quantity '{token}': {fault}") from fault
        if not isinstance(value, Scalar):
            kind = "text" if isinstance(value, Text) else "a list"
            raise InvalidResources(f"Bad quantity '{token}': expecting a number, got {kind}")
        milli[name] = to_milli(value.value)
    return Quantities(milli)
