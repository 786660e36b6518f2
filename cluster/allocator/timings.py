"""How long things took: the last value, and statistics over the latest ones, as metrics show them."""

from __future__ import annotations

from collections import deque

PERCENTILES = {
    "min": 0.0,
    "max": 1.0,
    "p50": 0.5,
    "p90": 0.9,
    "p95": 0.95,
    "p99": 0.99,
    "p999": 0.999,
    "p9999": 0.9999,
}
KEPT = 1000
"""Values that statistics are made of."""


class Timings:
    """A timer by the name `name`, which ends in its unit, `_ms`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._latest: deque[float] = deque(maxlen=KEPT)

    def note(self, took_ms: float) -> None:
        """Something took so long."""
        self._latest.append(took_ms)

    def values(self) -> dict[str, float]:
        """The metrics; none before anything was timed."""
        if not self._latest:
            return {}
        values = sorted(self._latest)
        found = {self._name: self._latest[-1], f"{self._name}/count": float(len(values))}
        for name, part in PERCENTILES.items():
            place = part * (len(values) - 1)
            low = int(place)
            high = min(low + 1, len(values) - 1)
            found[f"{self._name}/{name}"] = values[low] + (values[high] - values[low]) * (place - low)
        return found
