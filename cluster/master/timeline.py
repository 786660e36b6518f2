"""Tasks in the order of their first status, kept as they come and go.

A list of the tasks of one framework by that order would have to be sorted for every page that somebody
looks at. New tasks get their first status at the end of the order, or close to it, so that the order is
cheap to keep; those that leave are passed over, and thrown out when they are many.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from cluster.model import Task

if TYPE_CHECKING:
    from cluster.master.state import TaskEntry

#: Entries of tasks that left are thrown out when there are this many more entries than tasks, and twice.
SLACK = 64


def first_s(statuses: tuple[object, ...]) -> float | None:
    """When the first status of a task was made, in seconds since the epoch; None without a status."""
    if not statuses:
        return None
    return getattr(statuses[0], "timestamp", None) or 0.0


class Timeline:
    """The order of the tasks that a framework has. `is_here` tells whether an entry is still its task."""

    __slots__ = ("_is_here", "_started", "_waiting")

    def __init__(self, is_here: Callable[[TaskEntry], bool]) -> None:
        self._is_here = is_here
        self._waiting: dict[str, TaskEntry] = {}  # have no status yet
        self._started: list[tuple[float, int, TaskEntry]] = []

    def add(self, task: TaskEntry, serial: int) -> None:
        """A task is new, or has its first status. `serial` settles what came at the same time."""
        at_s = first_s(task.record.statuses)
        if at_s is None:
            self._waiting[task.id] = task
        else:
            self._waiting.pop(task.id, None)
            insort(self._started, (at_s, serial, task), key=_order)

    def remove(self, task: TaskEntry, count: int) -> None:
        """A task left; `count` are there still."""
        self._waiting.pop(task.id, None)
        if len(self._started) > 2 * count + SLACK:
            self._started = [entry for entry in self._started if self._is_here(entry[2])]

    def waiting(self) -> list[TaskEntry]:
        """The tasks without a status."""
        return list(self._waiting.values())

    def oldest_first(self) -> Iterator[tuple[float, TaskEntry]]:
        """The tasks with a status. They may come and go meanwhile: who is there all the time is met."""
        return self._walk(self._started.copy())

    def newest_first(self) -> Iterator[tuple[float, TaskEntry]]:
        """The same the other way round."""
        return self._walk(self._started[::-1])

    def _walk(self, entries: list[tuple[float, int, TaskEntry]]) -> Iterator[tuple[float, TaskEntry]]:
        for at_s, _, task in entries:
            if self._is_here(task):
                yield at_s, task


class EndedOrder:
    """The memories of a framework in the same order; sorted again only when they have changed."""

    __slots__ = ("_order", "_seen")

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._order: list[Task] = []

    def of(self, completed: deque[Task], unreachable: Mapping[str, Task]) -> list[Task]:
        """Both in one order. Everything new comes at the end of a memory, so its length and ends tell."""
        last = next(reversed(unreachable.values()), None) if unreachable else None  # type: ignore[call-overload]
        ends = (completed[0], completed[-1]) if completed else (None, None)
        seen = (len(completed), *ends, len(unreachable), last)
        if len(seen) != len(self._seen) or any(a is not b for a, b in zip(seen, self._seen, strict=True)):
            self._seen = seen
            self._order = sorted(
                (*completed, *unreachable.values()), key=lambda r: first_s(r.statuses) or 0.0
            )
        return self._order


def _order(entry: tuple[float, int, object]) -> tuple[float, int]:
    return entry[0], entry[1]
