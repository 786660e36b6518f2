"""Resources as endpoints show them: an object of name to number or text. Pure.

Source: reference http-endpoints.md §3.1 (Res).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Raw
from msgspec.json import Encoder

from cluster.master.reading import Amounts
from cluster.master.tally import shown_name
from cluster.model import (
    Amount,
    Resource,
    Resources,
    Scalar,
    from_milli,
    quantity_milli,
    to_milli,
)
from cluster.model.ranges import union
from cluster.model.values_text import print_ranges, print_set

Shown = dict[str, float | str]

_encode = Encoder().encode


def number(value: float) -> float | str:
    """A number as JSON can hold it."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def of_list(resources: tuple[Resource, ...]) -> Shown:
    """Wire resources added up by name; the fast way for the few plain scalars that a task has."""
    shown: Shown = {"cpus": 0.0, "gpus": 0.0, "mem": 0.0, "disk": 0.0}
    for resource in resources:
        scalar, name = resource.scalar, resource.name
        if scalar is None or resource.revocable is not None or shown.get(name):
            return of_resources(Resources.of(resources))
        shown[name] = scalar.value
    return shown


def of_resources(*parts: Resources) -> Shown:
    """Resources added up by name, whatever they are reserved or allocated for."""
    milli: dict[str, int] = {"cpus": 0, "gpus": 0, "mem": 0, "disk": 0}
    lists: dict[str, Amount] = {}
    for part in parts:
        for kind, amount in part:
            name = kind.name
            if type(amount) is int and kind.lot_milli is None and not kind.revocable:  # nearly all are plain
                milli[name] = milli.get(name, 0) + amount
                continue
            name = shown_name(kind)
            if isinstance(amount, int):
                milli[name] = milli.get(name, 0) + quantity_milli(kind, amount)
            else:
                lists[name] = _joined(lists.get(name), amount)
    shown: Shown = {name: from_milli(amount) for name, amount in milli.items()}
    for name, amount in lists.items():
        shown[name] = _text(amount)
    return shown


def written(shown: Shown) -> Raw:
    """The JSON, to stand in several answers."""
    return Raw(_encode(shown))


def of_amounts(*sums: Amounts) -> Shown:
    """Sums that were kept, added up."""
    shown: Shown = {"cpus": 0.0, "gpus": 0.0, "mem": 0.0, "disk": 0.0}
    for name in dict.fromkeys(name for one in sums for name in one.milli):
        shown[name] = from_milli(sum(one.milli.get(name, 0) for one in sums))
    if any(one.lists for one in sums):
        shown |= {
            name: text
            for name, text in of_resources(*(part for one in sums for part in one.lists)).items()
            if isinstance(text, str)
        }
    return shown


def by_role(total: Resources) -> dict[str, Shown]:
    """The reserved parts by the role that reserved them."""
    roles = dict.fromkeys(kind.reservation_role for kind, _ in total)
    return {role: of_resources(total.reserved(role)) for role in roles if role is not None}


def quantities(milli: dict[str, int]) -> dict[str, float]:
    """Counted amounts by name."""
    return {name: from_milli(amount) for name, amount in milli.items()}


def limits(given: dict[str, Scalar]) -> dict[str, float | str]:
    """Limits of a task, which may be infinite."""
    return {name: number(scalar.value) for name, scalar in given.items()}


def total_milli(protos: Iterable[Resource], name: str) -> int:
    """Thousandths of a scalar in wire resources."""
    return sum(to_milli(r.scalar.value) for r in protos if r.name == name and r.scalar is not None)


def _joined(before: Amount | None, amount: Amount) -> Amount:
    if isinstance(before, tuple) and isinstance(amount, tuple):
        return union(before, amount)
    if isinstance(before, frozenset) and isinstance(amount, frozenset):
        return before | amount
    return amount


def _text(amount: Amount) -> str:
    return print_ranges(amount) if isinstance(amount, tuple) else print_set(amount)  # type: ignore[arg-type]
