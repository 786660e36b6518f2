"""Averages over time."""

from __future__ import annotations

from collections.abc import Mapping

from actors import NANOS


class Meter:
    """Shares of several holders, each weighted with the time for which it held.

    A sample holds until the next one; only the time from samples that count is averaged.
    """

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counted_ns = 0
        self._last_ns = 0
        self._last: dict[str, float] | None = None  # None: it does not count

    def note(self, now_ns: int, shares: Mapping[str, float], *, counts: bool) -> None:
        """A sample was taken."""
        if self._last is not None:
            span_ns = now_ns - self._last_ns
            self._counted_ns += span_ns
            for name, share in self._last.items():
                self._sums[name] = self._sums.get(name, 0.0) + share * span_ns
        self._last = dict(shares) if counts else None
        self._last_ns = now_ns

    @property
    def counted_s(self) -> float:
        """The time that was averaged."""
        return self._counted_ns / NANOS

    def average(self, name: str) -> float | None:
        """The average of a holder; None if no time counted."""
        return self._sums.get(name, 0.0) / self._counted_ns if self._counted_ns else None
