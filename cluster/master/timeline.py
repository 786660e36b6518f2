"""Tasks in the order of their first status, kept as they come and go.

A list of the tasks of one framework by that order would have to be sorted for every page that somebody
looks at. New tasks get their first status at the end of the order, or close to it, and those that leave are
mostly among the oldest, so that the order is cheap to keep.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING

from cluster.model import Task

if TYPE_CHECKING:
    from cluster.master.state import TaskEntry

    #: When the first status was made, and a number that settles what came at the same time.
    Entry = tuple[float, int, TaskEntry]

#: Entries that are copied at once for somebody who walks along.
BLOCK = 32


def first_s(statuses: tuple[object, ...]) -> float | None:
    """When the first status of a task was made, in seconds since the epoch; None without a status.

    A time that nothing can be sorted by counts as none given.
    """
    if not statuses:
        return None
    at_s = getattr(statuses[0], "timestamp", None)
    return at_s if at_s is not None and isfinite(at_s) else 0.0


class Timeline:
    """The order of the tasks that a framework has; those without a status are kept beside."""

    __slots__ = ("_started", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, TaskEntry] = {}
        self._started: list[Entry] = []

    def add(self, task: TaskEntry, serial: int) -> None:
        """A task is new, or has its first status. `serial` is another each time."""
        at_s = first_s(task.record.statuses)
        if at_s is None:
            self._waiting[task.id] = task
        else:
            self._waiting.pop(task.id, None)
            task.place = at_s, serial
            insort(self._started, (at_s, serial, task))

    def remove(self, task: TaskEntry) -> None:
        """A task left."""
        self._waiting.pop(task.id, None)
        if task.place is not None:
            del self._started[bisect_left(self._started, task.place)]
            task.place = None

    def waiting(self) -> list[TaskEntry]:
        """The tasks without a status."""
        return list(self._waiting.values())

    # -- as a line, see `offsets` -------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._started)

    def time_at(self, place: int) -> float:
        """The time of the task at a place."""
        return self._started[place][0]

    def before(self, at_s: float) -> int:
        """How many tasks are older."""
        return self._place((at_s,))

    def through(self, at_s: float) -> int:
        """How many tasks are older or as old."""
        return self._place((at_s, inf))

    def _place(self, start: tuple[float, ...]) -> int:
        """Where what begins like this would stand: before all entries that do."""
        return bisect_left(self._started, start)

    # -- walks --------------------------------------------------------------------------------

    def oldest_first(self, start: int = 0) -> Iterator[tuple[float, TaskEntry]]:
        """The tasks with a status. They may come and go meanwhile: who is there all the time is met once."""
        at = start
        while block := self._started[at : at + BLOCK]:
            yield from _still_there(block)
            last_s, serial, _ = block[-1]
            at = self._place((last_s, serial + 1))

    def newest_first(self, end: int | None = None) -> Iterator[tuple[float, TaskEntry]]:
        """The same the other way round; `end`: how many of the oldest there are to walk over."""
        at = len(self._started) if end is None else end
        while block := self._started[max(0, at - BLOCK) : at]:
            yield from _still_there(reversed(block))
            first, serial, _ = block[0]
            at = self._place((first, serial))


def _still_there(block: Iterable[Entry]) -> Iterator[tuple[float, TaskEntry]]:
    for at_s, serial, task in block:
        if task.place == (at_s, serial):
            yield at_s, task


class EndedLine:
    """Tasks of the memories of a framework in order; not to be changed. `bare`: those without a status."""

    __slots__ = ("_records", "_times", "bare")

    def __init__(self, records: Sequence[Task]) -> None:
        found = [(at_s, record) for record in records if (at_s := first_s(record.statuses)) is not None]
        found.sort(key=_time)
        self.bare = [record for record in records if not record.statuses]
        self._records = [record for _, record in found]
        self._times = [at_s for at_s, _ in found]

    def __len__(self) -> int:
        return len(self._records)

    def time_at(self, place: int) -> float:
        """The time of the task at a place."""
        return self._times[place]

    def before(self, at_s: float) -> int:
        """How many tasks are older."""
        return bisect_left(self._times, at_s)

    def through(self, at_s: float) -> int:
        """How many tasks are older or as old."""
        return bisect_right(self._times, at_s)

    def oldest_first(self, start: int = 0) -> Iterator[tuple[float, Task]]:
        """The tasks from a place on."""
        for place in range(start, len(self)):
            yield self._times[place], self._records[place]

    def newest_first(self, end: int | None = None) -> Iterator[tuple[float, Task]]:
        """The same the other way round, before a place."""
        for place in reversed(range(len(self) if end is None else end)):
            yield self._times[place], self._records[place]


class EndedOrder:
    """The memories of a framework in the same order; sorted again only when they have changed."""

    __slots__ = ("_line", "_seen")

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._line = EndedLine(())

    def of(self, completed: deque[Task], unreachable: Mapping[str, Task]) -> EndedLine:
        """Both in one order. Everything new comes at the end of a memory, so its length and ends tell."""
        last = next(reversed(unreachable.values()), None) if unreachable else None  # type: ignore[call-overload]
        ends = (completed[0], completed[-1]) if completed else (None, None)
        seen = (len(completed), *ends, len(unreachable), last)
        if len(seen) != len(self._seen) or any(a is not b for a, b in zip(seen, self._seen, strict=True)):
            self._seen = seen
            self._line = EndedLine((*completed, *unreachable.values()))
        return self._line


def _time(entry: tuple[float, Task]) -> float:
    return entry[0]
