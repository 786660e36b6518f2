"""Counters and gauges of one process, read by ``/metrics/snapshot``."""

from __future__ import annotations

from collections.abc import Callable


class Metrics:
    """A flat table of named numbers.

    Counters are added to where things happen; gauges are functions that are only called when
    somebody looks, so that they cost nothing otherwise.
    """

    __slots__ = ("_counters", "_gauges")

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

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

    def forget(self, name: str) -> None:
        """Take a counter or gauge out of the table."""
        self._counters.pop(name, None)
        self._gauges.pop(name, None)

    def value(self, name: str) -> float:
        """The present value of ``name``; 0 for a counter never added to."""
        gauge = self._gauges.get(name)
        return gauge() if gauge is not None else float(self._counters.get(name, 0))

    def snapshot(self) -> dict[str, float]:
        """All values now, sorted by name."""
        values = {name: float(count) for name, count in self._counters.items()}
        values.update((name, float(read())) for name, read in self._gauges.items())
        return dict(sorted(values.items()))
