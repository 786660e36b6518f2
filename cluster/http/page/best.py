"""A part of many entries in the order of their keys, without ever sorting all of them at once.

Entries are sorted in runs as they come; then the places in the runs between which the wanted part is are
found by bisection, and only that part is merged. Runs are let go one by one: to free the memory of a hundred
thousand entries takes ten times as long as to find some of them. So no step takes long, however many there
are and however deep in the order the part is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

import msgspec

Key = tuple[Any, ...]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Something, and the key by which it is in order.

    It is part of no cycle, and the garbage collector would walk over a hundred thousand of them at once.
    """

    key: Key
    value: Any


Run = list[Entry]

#: Entries that are sorted at once: a millisecond or two.
RUN = 4096
_key = attrgetter("key")


class Best:
    """The entries from the `offset`-th on, `limit` of them, which `found` has in order after the last of the
    `steps`. Counts all that there are.
    """

    def __init__(self, offset: int, limit: int, *, is_descending: bool) -> None:
        self._offset = offset
        self._limit = limit
        self._is_descending = is_descending
        self._runs: list[Run] = []
        self._rest: Run = []
        self.total = 0
        self.found: list[Any] = []

    def add(self, entries: Iterable[Entry]) -> None:
        """Take some more."""
        before = len(self._rest)
        self._rest.extend(entries)
        self.total += len(self._rest) - before
        if len(self._rest) >= RUN:
            self._end_run()

    def steps(self) -> Iterator[None]:
        """Find what was wanted; between two steps others can have their turn."""
        self._end_run()
        yield
        kept = sum(map(len, self._runs))
        start, end = min(self._offset, kept), min(self._offset + self._limit, kept)
        if self._is_descending:
            start, end = kept - end, kept - start
        firsts = cut(self._runs, start)
        yield
        lasts = cut(self._runs, end)
        part: Run = []
        for at, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
            part += self._runs[at][first:last]
            self._runs[at] = []
            yield
        part.sort(key=_key)
        self.found = [entry.value for entry in (reversed(part) if self._is_descending else part)]

    def _end_run(self) -> None:
        """Sort what came last, and keep what of it may be wanted."""
        run, self._rest = self._rest, []
        run.sort(key=_key)
        most = self._offset + self._limit
        if len(run) > most:
            run = run[len(run) - most :] if self._is_descending else run[:most]
        self._runs.append(run)


def cut(runs: list[Run], rank: int) -> list[int]:
    """Where to cut sorted runs so that the `rank` smallest entries are before the cuts.

    Of entries with the same key those of earlier runs are the smaller ones.
    """
    low, high = [0] * len(runs), [len(run) for run in runs]
    while True:
        width, widest = max(((high[n] - low[n], n) for n in range(len(runs))), default=(0, 0))
        if not width:
            return low
        pivot = _key(runs[widest][(low[widest] + high[widest]) // 2])
        left = [bisect_left(run, pivot, key=_key) for run in runs]
        right = [bisect_right(run, pivot, key=_key) for run in runs]
        if rank <= sum(left):
            high = list(map(min, high, left))
        elif rank >= sum(right):
            low = list(map(max, low, right))
        else:
            return _shared(left, right, rank - sum(left))


def _shared(left: list[int], right: list[int], more: int) -> list[int]:
    """`left`, and so many more of what is between it and `right`, from earlier runs first."""
    cuts = []
    for first, last in zip(left, right, strict=True):
        taken = min(more, last - first)
        more -= taken
        cuts.append(first + taken)
    return cuts
