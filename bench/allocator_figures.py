"""What a measurement of the allocator yields, and how it compares with the C++ original.

The original's figures were taken elsewhere, so they are calibrated: a machine that needs longer for the
yardstick is expected to need longer for everything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bench.allocator_cluster import Took

REFERENCE_YARDSTICK_S = 0.65
"""The yardstick where the original was measured; 0.61 to 0.75 were seen."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell of the tables.

    `yardstick_s` was measured right before and after; `floor` is how many times faster than the original it
    has to be, `limit_s` how long it may take on the reference's machine.
    """

    section: str
    shape: str
    what: str
    cpu_s: float
    wall_s: float
    yardstick_s: float
    cpp_s: float | None = None
    floor: float | None = None
    limit_s: float | None = None
    note: str = ""

    @staticmethod
    def of(section: str, shape: str, what: str, took: Took, yardstick_s: float, **more: Any) -> Figure:
        """A figure of what something took."""
        return Figure(section, shape, what, took.cpu_s, took.wall_s, yardstick_s, **more)

    @property
    def calibrated_s(self) -> float:
        """Processor seconds the reference's machine would need."""
        return self.cpu_s * REFERENCE_YARDSTICK_S / self.yardstick_s

    @property
    def ratio(self) -> float | None:
        """How many times faster than the original, processor time, calibrated."""
        return None if self.cpp_s is None else self.cpp_s / max(self.calibrated_s, 1e-9)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is; None without one."""
        if self.limit_s is not None:
            return self.calibrated_s <= self.limit_s
        if self.floor is None or self.ratio is None:
            return None
        return self.ratio >= self.floor

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            **asdict(self),
            "calibrated_s": self.calibrated_s,
            "ratio": self.ratio,
            "is_met": self.is_met,
        }


@dataclass(frozen=True, slots=True)
class Amount:
    """Not the time of something, but memory, a stretch, a rate. `most` or `least` is the target."""

    section: str
    shape: str
    what: str
    value: float
    unit: str
    cpp: float | None = None
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is; None without one."""
        if self.most is not None:
            return self.value <= self.most
        if self.least is not None:
            return self.value >= self.least
        return None

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "is_met": self.is_met}


Line = Figure | Amount
