"""Where a page begins that is far down a list merged from many sorted ones. Pure.

To walk to the 50,000th of 100,000 tasks takes a tenth of a second; to find where it is in the list of each
framework takes a few looks into each list.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

#: How many lists can be looked into for what it costs to write a task.
LOOKS = 4


class Line(Protocol):
    """A list sorted by time."""

    def __len__(self) -> int: ...

    def time_at(self, place: int) -> float:
        """The time of the entry at a place."""

    def before(self, at_s: float) -> int:
        """How many entries are older."""

    def through(self, at_s: float) -> int:
        """How many entries are older or as old."""


def cut(lines: Sequence[Line], count: int, last_first: bool) -> Generator[tuple[int, None], None, list[int]]:
    """How much each line has of the `count` oldest entries of all; yields what it costs, and no row.

    Of entries as old as each other those of the first lines count first, or, `last_first`, of the last.
    """
    low, high = [0] * len(lines), [len(line) for line in lines]
    while (widest := max(range(len(lines)), key=lambda n: high[n] - low[n], default=-1)) >= 0:
        if low[widest] >= high[widest]:
            break
        at_s = lines[widest].time_at((low[widest] + high[widest]) // 2)
        through = [line.through(at_s) for line in lines]
        yield 1 + len(lines) // LOOKS, None
        if sum(through) <= count:
            low = through
            continue
        before = [line.before(at_s) for line in lines]
        if sum(before) > count:
            high = before
            continue
        return _shared_out(before, through, count - sum(before), last_first)
    return low


def _shared_out(before: list[int], through: list[int], left: int, last_first: bool) -> list[int]:
    """What is before, and `left` of those that are as old as each other."""
    cuts = before.copy()
    order = range(len(cuts))
    for number in reversed(order) if last_first else order:
        taken = min(left, through[number] - before[number])
        cuts[number] += taken
        left -= taken
    return cuts
