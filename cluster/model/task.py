"""Tasks: description, group, status, and the master's record.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1, V1Enum
from cluster.model.checks import CheckInfo, CheckStatusInfo, HealthCheck
from cluster.model.command import CommandInfo
from cluster.model.container import ContainerInfo, ContainerStatus
from cluster.model.discovery import DiscoveryInfo
from cluster.model.executor import ExecutorInfo
from cluster.model.ids import AgentID, ExecutorID, FrameworkID, TaskID
from cluster.model.labels import Labels
from cluster.model.resource import Resource
from cluster.model.times import DurationInfo, TimeInfo
from cluster.model.values import Scalar


class KillPolicy(V1, frozen=True, kw_only=True):
    """How a task is killed: time between SIGTERM and SIGKILL."""

    NUMBERS: ClassVar[dict[str, int]] = {"grace_period": 1}

    grace_period: DurationInfo | None = None


class TaskInfo(V1, frozen=True, kw_only=True):
    """A task to launch: exactly one of executor and command, except in groups."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "name": 1,
        "task_id": 2,
        "agent_id": 3,
        "resources": 4,
        "executor": 5,
        "command": 7,
        "container": 9,
        "health_check": 8,
        "check": 13,
        "kill_policy": 12,
        "data": 6,
        "labels": 10,
        "discovery": 11,
        "max_completion_time": 14,
        "limits": 15,
    }

    name: str
    task_id: TaskID
    agent_id: AgentID
    resources: tuple[Resource, ...] = ()
    executor: ExecutorInfo | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    health_check: HealthCheck | None = None
    check: CheckInfo | None = None
    kill_policy: KillPolicy | None = None
    data: bytes | None = None
    labels: Labels | None = None
    discovery: DiscoveryInfo | None = None
    max_completion_time: DurationInfo | None = None
    limits: dict[str, Scalar] = msgspec.field(default_factory=dict)


class TaskGroupInfo(V1, frozen=True, kw_only=True):
    """Tasks that start together and, by default, end together."""

    NUMBERS: ClassVar[dict[str, int]] = {"tasks": 1}

    tasks: tuple[TaskInfo, ...] = ()


class TaskState(V1Enum):
    """State of a task.  `task_state.NEXT` says what follows what."""

    TASK_STAGING = "TASK_STAGING", 6
    TASK_STARTING = "TASK_STARTING", 0
    TASK_RUNNING = "TASK_RUNNING", 1
    TASK_KILLING = "TASK_KILLING", 8
    TASK_FINISHED = "TASK_FINISHED", 2
    TASK_FAILED = "TASK_FAILED", 3
    TASK_KILLED = "TASK_KILLED", 4
    TASK_ERROR = "TASK_ERROR", 7
    TASK_LOST = "TASK_LOST", 5
    TASK_DROPPED = "TASK_DROPPED", 9
    TASK_UNREACHABLE = "TASK_UNREACHABLE", 10
    TASK_GONE = "TASK_GONE", 11
    TASK_GONE_BY_OPERATOR = "TASK_GONE_BY_OPERATOR", 12
    TASK_UNKNOWN = "TASK_UNKNOWN", 13


class Source(V1Enum):
    """Who made a status."""

    SOURCE_MASTER = "SOURCE_MASTER", 0
    SOURCE_AGENT = "SOURCE_AGENT", 1
    SOURCE_EXECUTOR = "SOURCE_EXECUTOR", 2


class Reason(V1Enum):
    """Why a task is in its state."""

    REASON_COMMAND_EXECUTOR_FAILED = "REASON_COMMAND_EXECUTOR_FAILED", 0
    REASON_CONTAINER_LAUNCH_FAILED = "REASON_CONTAINER_LAUNCH_FAILED", 21
    REASON_CONTAINER_LIMITATION = "REASON_CONTAINER_LIMITATION", 19
    REASON_CONTAINER_LIMITATION_DISK = "REASON_CONTAINER_LIMITATION_DISK", 20
    REASON_CONTAINER_LIMITATION_MEMORY = "REASON_CONTAINER_LIMITATION_MEMORY", 8
    REASON_CONTAINER_PREEMPTED = "REASON_CONTAINER_PREEMPTED", 17
    REASON_CONTAINER_UPDATE_FAILED = "REASON_CONTAINER_UPDATE_FAILED", 22
    REASON_MAX_COMPLETION_TIME_REACHED = "REASON_MAX_COMPLETION_TIME_REACHED", 33
    REASON_EXECUTOR_REGISTRATION_TIMEOUT = "REASON_EXECUTOR_REGISTRATION_TIMEOUT", 23
    REASON_EXECUTOR_REREGISTRATION_TIMEOUT = "REASON_EXECUTOR_REREGISTRATION_TIMEOUT", 24
    REASON_EXECUTOR_TERMINATED = "REASON_EXECUTOR_TERMINATED", 1
    REASON_EXECUTOR_UNREGISTERED = "REASON_EXECUTOR_UNREGISTERED", 2
    REASON_FRAMEWORK_REMOVED = "REASON_FRAMEWORK_REMOVED", 3
    REASON_GC_ERROR = "REASON_GC_ERROR", 4
    REASON_INVALID_FRAMEWORKID = "REASON_INVALID_FRAMEWORKID", 5
    REASON_INVALID_OFFERS = "REASON_INVALID_OFFERS", 6
    REASON_IO_SWITCHBOARD_EXITED = "REASON_IO_SWITCHBOARD_EXITED", 27
    REASON_MASTER_DISCONNECTED = "REASON_MASTER_DISCONNECTED", 7
    REASON_RECONCILIATION = "REASON_RECONCILIATION", 9
    REASON_RESOURCES_UNKNOWN = "REASON_RESOURCES_UNKNOWN", 18
    REASON_AGENT_DISCONNECTED = "REASON_AGENT_DISCONNECTED", 10
    REASON_AGENT_DRAINING = "REASON_AGENT_DRAINING", 34
    REASON_AGENT_REMOVED = "REASON_AGENT_REMOVED", 11
    REASON_AGENT_REMOVED_BY_OPERATOR = "REASON_AGENT_REMOVED_BY_OPERATOR", 31
    REASON_AGENT_REREGISTERED = "REASON_AGENT_REREGISTERED", 32
    REASON_AGENT_RESTARTED = "REASON_AGENT_RESTARTED", 12
    REASON_AGENT_UNKNOWN = "REASON_AGENT_UNKNOWN", 13
    REASON_TASK_KILLED_DURING_LAUNCH = "REASON_TASK_KILLED_DURING_LAUNCH", 30
    REASON_TASK_CHECK_STATUS_UPDATED = "REASON_TASK_CHECK_STATUS_UPDATED", 28
    REASON_TASK_HEALTH_CHECK_STATUS_UPDATED = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", 29
    REASON_TASK_GROUP_INVALID = "REASON_TASK_GROUP_INVALID", 25
    REASON_TASK_GROUP_UNAUTHORIZED = "REASON_TASK_GROUP_UNAUTHORIZED", 26
    REASON_TASK_INVALID = "REASON_TASK_INVALID", 14
    REASON_TASK_UNAUTHORIZED = "REASON_TASK_UNAUTHORIZED", 15
    REASON_TASK_UNKNOWN = "REASON_TASK_UNKNOWN", 16


class TaskResourceLimitation(V1, frozen=True, kw_only=True):
    """Resources whose limit the task broke."""

    NUMBERS: ClassVar[dict[str, int]] = {"resources": 1}

    resources: tuple[Resource, ...] = ()


class TaskStatus(V1, frozen=True, kw_only=True):
    """A status of a task.  timestamp in seconds; a uuid asks for acknowledgement."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "task_id": 1,
        "state": 2,
        "message": 4,
        "source": 9,
        "reason": 10,
        "data": 3,
        "agent_id": 5,
        "executor_id": 7,
        "timestamp": 6,
        "uuid": 11,
        "healthy": 8,
        "check_status": 15,
        "labels": 12,
        "container_status": 13,
        "unreachable_time": 14,
        "limitation": 16,
    }

    task_id: TaskID
    state: TaskState
    message: str | None = None
    source: Source | None = None
    reason: Reason | None = None
    data: bytes | None = None
    agent_id: AgentID | None = None
    executor_id: ExecutorID | None = None
    timestamp: float | None = None
    uuid: bytes | None = None
    healthy: bool | None = None
    check_status: CheckStatusInfo | None = None
    labels: Labels | None = None
    container_status: ContainerStatus | None = None
    unreachable_time: TimeInfo | None = None
    limitation: TaskResourceLimitation | None = None


class Task(V1, frozen=True, kw_only=True):
    """A task as the master remembers it."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "name": 1,
        "task_id": 2,
        "framework_id": 3,
        "executor_id": 4,
        "agent_id": 5,
        "state": 6,
        "resources": 7,
        "statuses": 8,
        "status_update_state": 9,
        "status_update_uuid": 10,
        "labels": 11,
        "discovery": 12,
        "container": 13,
        "health_check": 15,
        "kill_policy": 16,
        "user": 14,
        "limits": 17,
    }

    name: str
    task_id: TaskID
    framework_id: FrameworkID
    executor_id: ExecutorID | None = None
    agent_id: AgentID
    state: TaskState
    resources: tuple[Resource, ...] = ()
    statuses: tuple[TaskStatus, ...] = ()
    status_update_state: TaskState | None = None
    status_update_uuid: bytes | None = None
    labels: Labels | None = None
    discovery: DiscoveryInfo | None = None
    container: ContainerInfo | None = None
    health_check: HealthCheck | None = None
    kill_policy: KillPolicy | None = None
    user: str | None = None
    limits: dict[str, Scalar] = msgspec.field(default_factory=dict)
