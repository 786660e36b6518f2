"""Transitions that happen while a picture of the state is taken, and which of them it already shows.

A walk settles at its beginning who is in it, and says of everybody what is true when that page is made.
So of what happens meanwhile, a picture already shows the updates of those whose row is made afterwards;
all else has to be told after the picture. What comes into being or ends is told always: a walk shows
neither. With that, picture and events are one sequence without a gap, and nothing in it goes back.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from cluster.master import watching
from cluster.master.reading import ACTIVE, AgentRow, FrameworkRow, Row, TaskRows

E = TypeVar("E")

#: Whom an update is about: `task`, `agent` or `framework` with its ids.
Whom = tuple[str, ...]


class HeldBack(Generic[E]):
    """What happened since a walk was opened; each transition with what is to be told of it."""

    def __init__(self) -> None:
        self._events: dict[int, E] = {}
        self._next = 0
        self._updates: dict[Whom, list[int]] = {}

    def __len__(self) -> int:
        return len(self._events)

    def hold(self, transition: watching.Transition, event: E) -> None:
        """Something happened."""
        number, self._next = self._next, self._next + 1
        self._events[number] = event
        match transition:
            case watching.TaskUpdated(framework_id, status):
                self._updates.setdefault(("task", framework_id, status.task_id.value), []).append(number)
            case watching.AgentUpdated(row):
                self._updates.setdefault(("agent", row.id), []).append(number)
            case watching.FrameworkUpdated(row):
                self._updates.setdefault(("framework", row.id), []).append(number)
            case watching.TaskAdded(task):
                self._renew(("task", task.framework_id.value, task.task_id.value))
            case watching.AgentAdded(row):
                self._renew(("agent", row.id))
            case watching.FrameworkAdded(row):
                self._renew(("framework", row.id))
            case watching.AgentRemoved() | watching.FrameworkRemoved():
                pass

    def _renew(self, whom: Whom) -> None:
        """There is somebody new of that name, whom the walk does not have; it may have the one before."""
        self._updates[whom] = _Closed(self._updates.get(whom, ()))

    def met(self, rows: Iterable[Row]) -> None:
        """The walk has these rows: they show what was held of them."""
        for row in rows:
            match row:
                case AgentRow():
                    self._shown(("agent", row.id))
                case FrameworkRow() if not row.is_completed:
                    self._shown(("framework", row.id))
                case TaskRows() if row.list == ACTIVE:
                    for record in row.records:
                        self._shown(("task", record.framework_id.value, record.task_id.value))
                case _:
                    pass  # what had ended is shown as it was when the walk began

    def _shown(self, whom: Whom) -> None:
        for number in self._updates.pop(whom, ()):
            del self._events[number]

    def events(self) -> Iterator[E]:
        """What has to be told after the picture, in order."""
        return iter(self._events.values())


class _Closed(list[int]):
    """Takes no more: updates of somebody new are never shown by the walk."""

    def append(self, number: int) -> None:
        """Not kept."""
