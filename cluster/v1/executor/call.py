"""Calls of the executor API.

Source: reference scheduler-executor-api.md §6.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    ExecutorID,
    FrameworkID,
    TaskInfo,
    TaskStatus,
    V1Enum,
)


class Call(V1, frozen=True, kw_only=True):
    """What an executor asks of its agent: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        SUBSCRIBE = "SUBSCRIBE", 1
        UPDATE = "UPDATE", 2
        MESSAGE = "MESSAGE", 3
        HEARTBEAT = "HEARTBEAT", 4

    class Subscribe(V1, frozen=True, kw_only=True):
        """Begin, or begin again: what the agent may not know is repeated."""

        NUMBERS: ClassVar[dict[str, int]] = {"unacknowledged_tasks": 1, "unacknowledged_updates": 2}

        unacknowledged_tasks: tuple[TaskInfo, ...] = ()
        unacknowledged_updates: "tuple[Call.Update, ...]" = ()

    class Update(V1, frozen=True, kw_only=True):
        """The new status of a task, with a uuid of 16 bytes."""

        NUMBERS: ClassVar[dict[str, int]] = {"status": 1}

        status: TaskStatus

    class Message(V1, frozen=True, kw_only=True):
        """Bytes for the scheduler, best effort."""

        NUMBERS: ClassVar[dict[str, int]] = {"data": 2}

        data: bytes

    NUMBERS: ClassVar[dict[str, int]] = {
        "executor_id": 1,
        "framework_id": 2,
        "type": 3,
        "subscribe": 4,
        "update": 5,
        "message": 6,
    }

    executor_id: ExecutorID
    framework_id: FrameworkID
    type: Type | None = None
    subscribe: Subscribe | None = None
    update: Update | None = None
    message: Message | None = None
