"""The ids that a new task of a framework must not have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.master.state import FrameworkEntry


class TakenIds(Collection[str]):
    """The ids of active and unreachable tasks, without copying them."""

    __slots__ = ("_framework",)

    def __init__(self, framework: FrameworkEntry) -> None:
        self._framework = framework

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._framework.tasks or task_id in self._framework.unreachable

    def __iter__(self) -> Iterator[str]:
        yield from self._framework.tasks
        yield from self._framework.unreachable

    def __len__(self) -> int:
        return len(self._framework.tasks) + len(self._framework.unreachable)
