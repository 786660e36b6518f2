"""Amounts: how much of a kind there is, and what can be done with two amounts of one kind.

An amount is an int (thousandths, or pieces of an indivisible kind), pairs of a range, or a set of items.
Every empty amount is falsy.

Source: Mesos src/common/values.cpp; reference types.md §4.4, §4.5.
"""

from typing import TypeAlias

from cluster.model import ranges
from cluster.model.kind import Kind
from cluster.model.milli import UNIT
from cluster.model.ranges import Pairs

Amount: TypeAlias = int | Pairs | frozenset[str]


def plus(a: Amount, b: Amount) -> Amount:
    """Both together; what ranges or sets have in common counts once."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return ranges.union(a, b)
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a | b
    raise _mismatch(a, b)


def minus(a: Amount, b: Amount) -> Amount:
    """What is left of a, never less than nothing."""
    if isinstance(a, int) and isinstance(b, int):
        return max(0, a - b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return ranges.difference(a, b)
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a - b
    raise _mismatch(a, b)


def overlap(a: Amount, b: Amount) -> Amount:
    """What a and b have in common; of numbers the smaller."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return ranges.intersection(a, b)
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a & b
    raise _mismatch(a, b)


def covers(a: Amount, b: Amount) -> bool:
    """Whether b can be taken from a."""
    if isinstance(a, int) and isinstance(b, int):
        return a >= b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return ranges.contains(a, b)
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a >= b
    raise _mismatch(a, b)


def quantity_milli(kind: Kind, amount: Amount) -> int:
    """Thousandths an amount counts for: numbers of a range, items of a set, a shared volume once."""
    match amount:
        case int():
            if kind.lot_milli is None:
                return amount
            return kind.lot_milli if kind.shared else kind.lot_milli * amount
        case tuple():
            return ranges.count(amount) * UNIT
        case frozenset():
            return len(amount) * UNIT


def _mismatch(a: Amount, b: Amount) -> AssertionError:
    return AssertionError(f"amounts of one kind differ in type: {a!r}, {b!r}")
