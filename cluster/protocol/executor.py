"""Executor and agent: the calls and events of the v1 executor API as messages.

Source: reference scheduler-executor-api.md §6.
"""

from __future__ import annotations

from actors import Message, message
from cluster.model import (
    AgentInfo,
    ContainerID,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    TaskGroupInfo,
    TaskID,
    TaskInfo,
    TaskStatus,
)

# -- calls ------------------------------------------------------------------------------------


@message("executor.Subscribe")
class Subscribe(Message, frozen=True):
    """Begin, or begin again: what the agent may not know is repeated."""

    framework_id: FrameworkID
    executor_id: ExecutorID
    unacknowledged_tasks: tuple[TaskInfo, ...] = ()
    unacknowledged_updates: tuple[TaskStatus, ...] = ()


@message("executor.Update")
class Update(Message, frozen=True):
    """A task's new status; repeated until acknowledged. `status.uuid` has 16 bytes."""

    framework_id: FrameworkID
    executor_id: ExecutorID
    status: TaskStatus


@message("executor.Message")
class MessageToScheduler(Message, frozen=True):
    """Bytes for the scheduler, best effort."""

    framework_id: FrameworkID
    executor_id: ExecutorID
    data: bytes


# -- events -----------------------------------------------------------------------------------


@message("executor.Subscribed")
class Subscribed(Message, frozen=True):
    """The first event."""

    executor_info: ExecutorInfo
    framework_info: FrameworkInfo
    agent_info: AgentInfo
    container_id: ContainerID


@message("executor.Launch")
class Launch(Message, frozen=True):
    """Start a task."""

    task: TaskInfo


@message("executor.LaunchGroup")
class LaunchGroup(Message, frozen=True):
    """Start tasks together."""

    task_group: TaskGroupInfo


@message("executor.Kill")
class Kill(Message, frozen=True):
    """Kill a task."""

    task_id: TaskID
    kill_policy: KillPolicy | None = None


@message("executor.Acknowledged")
class Acknowledged(Message, frozen=True):
    """The agent has the update and answers for it from now on."""

    task_id: TaskID
    uuid: bytes


@message("executor.SchedulerMessage")
class MessageFromScheduler(Message, frozen=True):
    """Bytes from the scheduler, best effort."""

    data: bytes


@message("executor.Error")
class Error(Message, frozen=True):
    """The subscription is refused for good."""

    message: str


@message("executor.Shutdown")
class Shutdown(Message, frozen=True):
    """Kill all tasks, report that, and end. Of a framework that is gone no report is acknowledged."""

    acknowledges: bool = True
