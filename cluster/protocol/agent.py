"""Agent and master. Ids are plain text here; v1 values travel inside.

Source: reference master.md §5 and agent.md §4, §7, §8.
"""

from __future__ import annotations

from actors import Message, message
from cluster.model import (
    AgentCapability,
    AgentInfo,
    ExecutorInfo,
    FrameworkInfo,
    KillPolicy,
    Task,
    TaskInfo,
    TaskState,
    TaskStatus,
)

# -- joining ----------------------------------------------------------------------------------


@message("agent.Register")
class RegisterAgent(Message, frozen=True):
    """A new agent wants an id."""

    info: AgentInfo
    version: str
    capabilities: tuple[AgentCapability, ...] = ()


class ExecutorReport(Message, frozen=True):
    """A custom executor that runs on the agent."""

    framework_id: str
    info: ExecutorInfo


@message("agent.Reregister")
class ReregisterAgent(Message, frozen=True):
    """An agent with an id is back, with all it runs. `info.id` is set."""

    info: AgentInfo
    version: str
    capabilities: tuple[AgentCapability, ...] = ()
    frameworks: tuple[FrameworkInfo, ...] = ()
    tasks: tuple[Task, ...] = ()
    executors: tuple[ExecutorReport, ...] = ()


@message("agent.Registered")
class AgentRegistered(Message, frozen=True):
    """The agent has an id; without a ping for `ping_timeout_s` it registers again."""

    agent_id: str
    ping_timeout_s: float


class TaskName(Message, frozen=True):
    """A task, by framework and id."""

    framework_id: str
    task_id: str


class ExecutorName(Message, frozen=True):
    """A custom executor, by framework and id."""

    framework_id: str
    executor_id: str


@message("agent.Reregistered")
class AgentReregistered(Message, frozen=True):
    """The agent is taken back. Of the tasks in `missing` it must account for those it lacks.

    Of the executors in `missing_executors` it must say that those have ended that do not run.
    """

    agent_id: str
    ping_timeout_s: float
    missing: tuple[TaskName, ...] = ()
    missing_executors: tuple[ExecutorName, ...] = ()


@message("agent.Unregister")
class UnregisterAgent(Message, frozen=True):
    """The agent leaves for good."""

    agent_id: str


@message("agent.Shutdown")
class ShutdownAgent(Message, frozen=True):
    """The agent must kill everything and end."""

    reason: str


@message("agent.Ping")
class Ping(Message, frozen=True):
    """Are you there? `connected`: whether the master counts the agent as connected."""

    connected: bool


@message("agent.Pong")
class Pong(Message, frozen=True):
    """Yes."""


# -- work -------------------------------------------------------------------------------------


@message("agent.RunTask")
class RunTask(Message, frozen=True):
    """Launch a task; `launch_executor`: the master counts on a new executor being started."""

    framework: FrameworkInfo
    task: TaskInfo
    launch_executor: bool


@message("agent.KillTask")
class KillTask(Message, frozen=True):
    """Kill a task."""

    framework_id: str
    task_id: str
    kill_policy: KillPolicy | None = None


@message("agent.ShutdownFramework")
class ShutdownFramework(Message, frozen=True):
    """Kill all a framework has on the agent."""

    framework_id: str


@message("agent.ShutdownExecutor")
class ShutdownExecutor(Message, frozen=True):
    """Shut one executor down."""

    framework_id: str
    executor_id: str


@message("agent.UpdateFramework")
class UpdateFrameworkInfo(Message, frozen=True):
    """A framework subscribed (again) or changed: resend its oldest unacknowledged updates."""

    framework: FrameworkInfo


@message("agent.StatusUpdate")
class StatusUpdate(Message, frozen=True):
    """A task's status for the scheduler; repeated until acknowledged.

    `latest_state` is the newest state the agent knows, which may be ahead of `status.state`.
    """

    framework_id: str
    status: TaskStatus
    latest_state: TaskState


@message("agent.StatusUpdateAcknowledged")
class StatusUpdateAcknowledged(Message, frozen=True):
    """The scheduler dealt with the update."""

    framework_id: str
    task_id: str
    uuid: bytes


@message("agent.ExecutorExited")
class ExecutorExited(Message, frozen=True):
    """A custom executor ended; `status` is a raw wait status, -1 if unknown."""

    agent_id: str
    framework_id: str
    executor_id: str
    status: int


@message("agent.MessageToExecutor")
class MessageToExecutor(Message, frozen=True):
    """Bytes from a scheduler for an executor."""

    framework_id: str
    executor_id: str
    data: bytes


@message("agent.MessageToScheduler")
class MessageToScheduler(Message, frozen=True):
    """Bytes from an executor for its scheduler."""

    agent_id: str
    framework_id: str
    executor_id: str
    data: bytes
