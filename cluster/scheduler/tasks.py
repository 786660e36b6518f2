"""The tasks a scheduler knows of: which updates were seen, what is unanswered, what must be killed.

Plain bookkeeping without time or messages. Every table has a limit; of the oldest entries beyond it
nothing more is remembered.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from cluster.model import AgentID, Reason, TaskID, TaskInfo, TaskState, TaskStatus, is_terminal
from cluster.protocol.scheduler import Kill, TaskToReconcile

#: Tasks remembered at most, and updates remembered as dealt with.
MAX_TASKS = 200_000


class Verdict(enum.Enum):
    """What to do with a status."""

    NEW = "show it to the user"
    WAITING = "the user has it and did not deal with it yet"
    DEALT_WITH = "acknowledge it once more"
    NOTHING_NEW = "it answers our own question and says what is known"


class KnownTask:
    """One task that did not end, or whose end is not acknowledged."""

    __slots__ = ("agent_id", "asked", "kill", "state", "uuid")

    def __init__(self, agent_id: AgentID | None, state: TaskState) -> None:
        self.agent_id = agent_id
        self.state = state
        self.uuid: bytes | None = None  # of the update the user did not deal with yet
        self.kill: Kill | None = None  # wanted by the user
        self.asked = False  # the user asked, so the answer is for the user


class KnownTasks:
    """The tasks of one framework."""

    def __init__(self, limit: int = MAX_TASKS) -> None:
        self._limit = limit
        self._tasks: dict[TaskID, KnownTask] = {}
        self._dealt: dict[TaskID, bytes] = {}  # last update dealt with, by task
        self._unanswered: dict[TaskID, None] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, task_id: TaskID) -> bool:
        return task_id in self._tasks

    def agent_of(self, task_id: TaskID) -> AgentID | None:
        """Where a task runs; None if that is not known."""
        task = self._tasks.get(task_id)
        return None if task is None else task.agent_id

    # -- launching and killing ----------------------------------------------------------------

    def launched(self, tasks: Iterable[TaskInfo]) -> None:
        """Tasks were sent to the master."""
        for task in tasks:
            self._add(task.task_id, KnownTask(task.agent_id, TaskState.TASK_STAGING))

    def kill_wanted(self, kill: Kill) -> None:
        """The user wants a task killed; remembered until it ended."""
        task = self._tasks.get(kill.task_id)
        if task is not None:
            task.kill = kill

    def kills(self) -> list[Kill]:
        """Kills whose success is not known yet."""
        return [task.kill for task in self._live() if task.kill is not None]

    # -- updates ------------------------------------------------------------------------------

    def verdict(self, status: TaskStatus) -> Verdict:
        """What to do with a status that arrived."""
        task = self._tasks.get(status.task_id)
        if status.uuid is not None:
            if self._dealt.get(status.task_id) == status.uuid:
                return Verdict.DEALT_WITH
            return Verdict.WAITING if task is not None and task.uuid == status.uuid else Verdict.NEW
        is_answer = status.reason is Reason.REASON_RECONCILIATION
        if task is not None and is_answer and not task.asked and task.state is status.state:
            return Verdict.NOTHING_NEW
        return Verdict.NEW

    def answered(self, status: TaskStatus) -> None:
        """A status arrived, whatever it says: the question about its task is answered."""
        self._unanswered.pop(status.task_id, None)

    def shown(self, status: TaskStatus) -> None:
        """The user's side took the status."""
        task = self._tasks.get(status.task_id)
        if task is None:
            if status.uuid is None and (is_terminal(status.state) or status.state is TaskState.TASK_UNKNOWN):
                return
            task = KnownTask(status.agent_id, status.state)
            self._add(status.task_id, task)
        task.agent_id = status.agent_id or task.agent_id
        task.state = status.state
        task.asked = False
        if status.uuid is not None:
            task.uuid = status.uuid
        elif is_terminal(status.state):
            self._forget(status.task_id)

    def must_be_asked(self, status: TaskStatus) -> bool:
        """The user's side is full: a status with a uuid comes again, for others we must ask."""
        task = self._tasks.get(status.task_id)
        if status.uuid is not None or task is None:
            return False
        task.asked = True
        self._unanswered[status.task_id] = None
        return True

    def dealt_with(self, task_id: TaskID, uuid: bytes) -> None:
        """The update was acknowledged."""
        self._dealt.pop(task_id, None)
        self._dealt[task_id] = uuid
        if len(self._dealt) > self._limit:
            del self._dealt[next(iter(self._dealt))]
        task = self._tasks.get(task_id)
        if task is not None and task.uuid == uuid:
            task.uuid = None
            if is_terminal(task.state):
                self._forget(task_id)

    # -- reconciliation -----------------------------------------------------------------------

    def ask_all(self) -> list[TaskToReconcile]:
        """Begin a round of questions about every task that did not end."""
        self._unanswered = {task_id: None for task_id, t in self._tasks.items() if not is_terminal(t.state)}
        return self.unanswered()

    def unanswered(self) -> list[TaskToReconcile]:
        """What is still to be asked in this round."""
        self._unanswered = {task_id: None for task_id in self._unanswered if task_id in self._tasks}
        return [
            TaskToReconcile(task_id=task_id, agent_id=self._tasks[task_id].agent_id)
            for task_id in self._unanswered
        ]

    def user_asks(self, task_ids: Iterable[TaskID]) -> None:
        """The user wants to hear about these tasks (none: all), even what is known."""
        for task_id in list(task_ids) or list(self._tasks):
            task = self._tasks.get(task_id)
            if task is not None:
                task.asked = True

    # -- inside -------------------------------------------------------------------------------

    def _live(self) -> list[KnownTask]:
        return [task for task in self._tasks.values() if not is_terminal(task.state)]

    def _add(self, task_id: TaskID, task: KnownTask) -> None:
        self._tasks[task_id] = task
        if len(self._tasks) > self._limit:
            self._forget(next(iter(self._tasks)))

    def _forget(self, task_id: TaskID) -> None:
        self._tasks.pop(task_id, None)
        self._unanswered.pop(task_id, None)
