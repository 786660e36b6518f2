"""What ran on an agent and ended: executors with their tasks, and frameworks. Bounded, oldest out first.

A framework that comes back takes its history out of that of the ended ones.

Source: reference agent.md §1 (max_completed_executors_per_framework and the constants beside it) and §9.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.model import FrameworkInfo

if TYPE_CHECKING:
    from cluster.agent.state import Executor, Framework

#: How many ended frameworks are remembered, and how many ended tasks of an executor.
MAX_FRAMEWORKS = 50
MAX_TASKS = 200


@dataclass(slots=True, eq=False)
class Past:
    """The ended executors of a framework by container, and how the framework described itself."""

    info: FrameworkInfo
    executors: OrderedDict[str, Executor] = field(default_factory=OrderedDict)


class History:
    """The past of every framework that runs or ended not long ago."""

    def __init__(self, max_executors: int) -> None:
        self.max_executors = max_executors
        self._running: dict[str, Past] = {}
        self._ended: OrderedDict[str, Past] = OrderedDict()

    def framework_runs(self, framework_id: str) -> None:
        """A framework runs something here (again)."""
        past = self._ended.pop(framework_id, None)
        if past is not None:
            self._running[framework_id] = past

    def executor_ended(self, framework: Framework, executor: Executor) -> None:
        """An executor of a framework that runs ended, and its tasks are settled."""
        past = self._running.setdefault(framework.id, Past(framework.info))
        past.executors[executor.container_id] = executor
        while len(past.executors) > self.max_executors:
            past.executors.popitem(last=False)

    def framework_ended(self, framework: Framework) -> None:
        """A framework has nothing here any more."""
        past = self._running.pop(framework.id, None) or Past(framework.info)
        past.info = framework.info
        self._ended[framework.id] = past
        while len(self._ended) > MAX_FRAMEWORKS:
            self._ended.popitem(last=False)

    def executors(self, framework_id: str) -> tuple[Executor, ...]:
        """The ended executors of a framework, oldest first."""
        past = self._running.get(framework_id) or self._ended.get(framework_id)
        return tuple(past.executors.values()) if past is not None else ()

    def frameworks(self) -> Iterator[tuple[str, FrameworkInfo]]:
        """The frameworks that ended, oldest first."""
        for framework_id, past in self._ended.items():
            yield framework_id, past.info

    def sandbox(self, framework_id: str, executor_id: str) -> str | None:
        """The latest sandbox of an ended executor."""
        for executor in reversed(self.executors(framework_id)):
            if executor.id == executor_id:
                return executor.directory
        return None
