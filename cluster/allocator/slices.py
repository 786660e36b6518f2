"""Work that can be done a slice at a time, or at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

ALL_AT_ONCE = 1 << 30
"""As a number of steps: no pause."""


def at_once(work: Generator[None, None, T]) -> T:
    """Do all of it; what it comes to."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
