"""Checks of single numbers, used by the tables: each gives no line or one line with the fault."""

from __future__ import annotations

from collections.abc import Callable

from cluster.config.units import format_duration

MINUTES_S = 60.0
HOURS_S = 3_600.0
DAYS_S = 86_400.0
WEEKS_S = 604_800.0


def between(
    flag: str, value: float | None, low: float, high: float, show: Callable[[float], str] = str
) -> list[str]:
    """Faults a value outside `low` to `high`, both allowed; None is not checked."""
    if value is None or low <= value <= high:
        return []
    return [f"{flag} is {show(value)}: allowed are {show(low)} to {show(high)}"]


def at_least(flag: str, value: float | None, low: float, show: Callable[[float], str] = str) -> list[str]:
    """Faults a value below `low`; None is not checked."""
    return (
        [] if value is None or value >= low else [f"{flag} is {show(value)}: at least {show(low)} is needed"]
    )


def at_most(flag: str, value: float | None, high: float, show: Callable[[float], str] = str) -> list[str]:
    """Faults a value above `high`; None is not checked."""
    return (
        []
        if value is None or value <= high
        else [f"{flag} is {show(value)}: at most {show(high)} is allowed"]
    )


def not_empty(flag: str, text: str | None) -> list[str]:
    """Faults an empty text; None is not checked."""
    return [f"{flag} is empty"] if text == "" else []


def above_zero(flag: str, seconds: float | None) -> list[str]:
    """Faults a duration in seconds that is not above zero; None is not checked."""
    if seconds is None or seconds > 0:
        return []
    return [f"{flag} is {format_duration(seconds)}: it must be above zero"]


def port(flag: str, value: int | None) -> list[str]:
    """Faults a port outside 0 to 65535; 0 means any free port."""
    return between(flag, value, 0, 65535)
