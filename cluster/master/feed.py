"""Tells watchers what happens. Costs next to nothing while there are none.

Source: reference master.md §12.
"""

from __future__ import annotations

from collections.abc import Callable

from actors import PID
from cluster.master import watching
from cluster.master.state import AgentEntry, FrameworkEntry, MasterState
from cluster.master.walks import agent_row, framework_row
from cluster.master.watching import Removal
from cluster.model import Reason, Task, TaskState, TaskStatus

#: Statuses that tell something new although the state is the same.
CHECKS = (Reason.REASON_TASK_CHECK_STATUS_UPDATED, Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED)


class Feed:
    """Those who watch, and the words for what happens. `send(to, message)`."""

    def __init__(self, state: MasterState, send: Callable[[PID, object], None]) -> None:
        self._state = state
        self._send = send
        self._watchers: dict[PID, None] = {}

    def watch(self, watcher: PID) -> None:
        """Tell one more from now on."""
        self._watchers[watcher] = None

    def unwatch(self, watcher: PID) -> bool:
        """Tell one no more; whether it watched."""
        found = watcher in self._watchers
        self._watchers.pop(watcher, None)
        return found

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._watchers)

    # -- what happens -------------------------------------------------------------------------

    def task_added(self, task: Task) -> None:
        """There is one more task."""
        if self._watchers:
            self._tell(watching.TaskAdded(task))

    def task_updated(self, framework_id: str, status: TaskStatus, state: TaskState) -> None:
        """A task has another status."""
        if self._watchers:
            self._tell(watching.TaskUpdated(framework_id, status, state))

    def agent_added(self, agent: AgentEntry) -> None:
        """There is one more agent."""
        if self._watchers:
            self._tell(watching.AgentAdded(agent_row(agent)))

    def agent_updated(self, agent: AgentEntry) -> None:
        """An agent changed."""
        if self._watchers:
            self._tell(watching.AgentUpdated(agent_row(agent)))

    def agent_removed(self, agent_id: str, why: Removal) -> None:
        """There is one agent less, or one that is not there any more is away for another reason."""
        if self._watchers:
            self._tell(watching.AgentRemoved(agent_id, why))

    def framework_added(self, framework: FrameworkEntry) -> None:
        """There is one more framework."""
        if self._watchers:
            self._tell(watching.FrameworkAdded(framework_row(self._state, framework, False)))

    def framework_updated(self, framework: FrameworkEntry) -> None:
        """A framework changed."""
        if self._watchers:
            self._tell(watching.FrameworkUpdated(framework_row(self._state, framework, False)))

    def framework_removed(self, framework: FrameworkEntry) -> None:
        """There is one framework less."""
        if self._watchers:
            self._tell(watching.FrameworkRemoved(framework.info))

    def _tell(self, transition: watching.Transition) -> None:
        for watcher in self._watchers:
            self._send(watcher, transition)


def is_news(before: Task, after: Task, status: TaskStatus) -> bool:
    """Whether a status that a task got tells more than a repetition of the one before."""
    if after.state is not before.state or status.reason in CHECKS:
        return True
    return not before.statuses or before.statuses[-1].state is not status.state
