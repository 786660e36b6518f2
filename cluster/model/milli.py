"""Scalars as whole thousandths, so that 0.1 + 0.2 == 0.3 and sums never drift.

Source: Mesos src/common/values.cpp (convertToFixed, convertToFloating); reference types.md §4.4.
"""

import math

UNIT = 1000  # thousandths in one


def to_milli(value: float) -> int:
    """Round a number to thousandths, half away from zero: 0.0005 -> 1, 0.0004 -> 0.

    Raises:
        ValueError: value is not finite.
    """
    scaled = value * UNIT
    if not math.isfinite(scaled):
        raise ValueError(f"{value} is not a finite number")
    whole = int(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return whole


def from_milli(milli: int) -> float:
    """Turn thousandths back into a number."""
    return milli / UNIT


def print_milli(milli: int) -> str:
    """Print thousandths as a number without needless digits: 1500 -> 1.5, 2000 -> 2."""
    sign = "-" if milli < 0 else ""
    whole, rest = divmod(abs(milli), UNIT)
    return f"{sign}{whole}.{rest:03}".rstrip("0").rstrip(".")
