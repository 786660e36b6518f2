"""Work that can be done a slice at a time, or at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

ALL_AT_ONCE = 1 << 30
"""As a number of steps: no pause."""


class Effort:
    """What was done of something so far, in units of its own: a clock would be asked too often."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0


def at_once(work: Generator[None, None, T]) -> T:
    """Do all of it; what it comes to."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result
