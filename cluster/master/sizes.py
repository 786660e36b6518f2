"""Resources that tasks have in common, kept once.

Most tasks of a framework are of a size, and what they hold takes more room than the rest of a task. Nobody
changes it; readers of all tasks need not look at it again for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cluster.model import Resource, Resources

if TYPE_CHECKING:
    from cluster.master.state import TaskEntry

#: Sizes that are remembered of a framework.
SIZES = 1000


class Sizes:
    """The sizes of the tasks of one framework."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Resources, tuple[Resources, tuple[Resource, ...]]] = {}

    def share(self, task: TaskEntry) -> None:
        """Let a new task have the resources of another of its size, if they are the same on the wire too."""
        known = self._known.get(task.resources)
        if known is None:
            if len(self._known) < SIZES:
                self._known[task.resources] = task.resources, task.record.resources
        elif known[1] is task.record.resources:
            task.resources = known[0]
        elif known[1] == task.record.resources:
            task.resources = known[0]
            task.record = msgspec.structs.replace(task.record, resources=known[1])
