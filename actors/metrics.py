"""Counters and gauges of one process, read by ``/metrics/snapshot``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import isnan
from typing import NamedTuple


class Reading(NamedTuple):
    """One number as it is now. A counter only ever grows while the process lives."""

    name: str
    value: float
    is_counter: bool


class Metrics:
    """A flat table of named numbers.

    Counters are added to where things happen; gauges are functions that are only called when
    somebody looks, so that they cost nothing otherwise. A family is a function that gives several
    gauges, whose names change.
    """

    __slots__ = ("_counted", "_counters", "_families", "_gauges")

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._counted: dict[str, Callable[[], float]] = {}
        self._gauges: dict[str, Callable[[], float]] = {}
        self._families: list[Callable[[], Iterable[Reading]]] = []

    def count(self, name: str, by: int = 1) -> None:
        """Add ``by`` to the counter ``name``, which starts at 0."""
        self._counters[name] = self._counters.get(name, 0) + by

    def declare(self, *names: str) -> None:
        """Make counters visible at 0 before anything happened."""
        for name in names:
            self._counters.setdefault(name, 0)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Show what ``read`` returns under ``name``."""
        self._gauges[name] = read

    def counter(self, name: str, read: Callable[[], float]) -> None:
        """Show what ``read`` returns, which never becomes less, under ``name``."""
        self._counted[name] = read

    def family(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Show what ``read`` returns, under the names it returns."""
        self._families.append(lambda: (Reading(name, value, False) for name, value in read().items()))

    def stream(self, read: Callable[[], Iterable[Reading]]) -> None:
        """As `family`, of gauges and counters that are made one by one as they are taken.

        One that is not a number is left out: where it takes long until the next, it says that others may
        work now.
        """
        self._families.append(read)

    def forget(self, name: str) -> None:
        """Take a counter or gauge out of the table."""
        for table in (self._counters, self._counted, self._gauges):
            table.pop(name, None)

    def value(self, name: str) -> float:
        """The present value of ``name``; 0 for a counter never added to."""
        read = self._gauges.get(name) or self._counted.get(name)
        return read() if read is not None else float(self._counters.get(name, 0))

    def readings(self) -> Iterator[Reading]:
        """All numbers now, in no order. Whoever takes them may let others work in between."""
        for name, count in list(self._counters.items()):
            yield Reading(name, float(count), True)
        for name, read in list(self._counted.items()):
            yield Reading(name, float(read()), True)
        for name, read in list(self._gauges.items()):
            yield Reading(name, float(read()), False)
        for family in list(self._families):
            for name, value, is_counter in family():
                yield Reading(name, float(value), is_counter)

    def snapshot(self) -> dict[str, float]:
        """All values now, sorted by name."""
        return dict(sorted((name, value) for name, value, _ in self.readings() if not isnan(value)))
