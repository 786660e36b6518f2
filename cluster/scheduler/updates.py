"""A task's status in the hands of a framework."""

from __future__ import annotations

from cluster.model import Reason, Source, TaskState, TaskStatus, is_terminal


class Update:
    """What happened to a task. `timestamp` in seconds since the epoch; `status` is all of it."""

    __slots__ = ("executor_id", "state", "status", "task_id")

    def __init__(self, status: TaskStatus) -> None:
        self.status = status
        self.task_id: str = status.task_id.value
        self.state: TaskState = status.state
        self.executor_id = None if status.executor_id is None else status.executor_id.value

    def __repr__(self) -> str:
        return f"<Update {self}>"

    def __str__(self) -> str:
        message = f": {self.message}" if self.message else ""
        return f"{self.task_id} {self.state.value}{message}"

    @property
    def is_terminal(self) -> bool:
        """Whether the task is over."""
        return is_terminal(self.state)

    @property
    def is_finished(self) -> bool:
        """Whether the task is over and succeeded."""
        return self.state is TaskState.TASK_FINISHED

    @property
    def needs_acknowledgement(self) -> bool:
        """Whether it comes again until it is acknowledged."""
        return self.status.uuid is not None and self.status.agent_id is not None

    @property
    def message(self) -> str:
        """Words for people; may be empty."""
        return self.status.message or ""

    @property
    def reason(self) -> Reason | None:
        """Why the task is in this state."""
        return self.status.reason

    @property
    def source(self) -> Source | None:
        """Who says so."""
        return self.status.source

    @property
    def agent_id(self) -> str | None:
        """Where the task runs or ran."""
        return None if self.status.agent_id is None else self.status.agent_id.value

    @property
    def data(self) -> bytes:
        """What the executor added."""
        return self.status.data or b""

    @property
    def timestamp(self) -> float:
        """When it happened, by the clock of whoever says so."""
        return self.status.timestamp or 0.0
