"""Events of the operator API of the master.

Source: reference http-endpoints.md §8; numbers from Mesos include/mesos/v1/master/master.proto.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentID,
    FrameworkID,
    FrameworkInfo,
    Task,
    TaskState,
    TaskStatus,
    V1Enum,
)
from cluster.v1.master.response import Response


class Event(V1, frozen=True, kw_only=True):
    """What happens in the cluster: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        SUBSCRIBED = "SUBSCRIBED", 1
        TASK_ADDED = "TASK_ADDED", 2
        TASK_UPDATED = "TASK_UPDATED", 3
        AGENT_ADDED = "AGENT_ADDED", 4
        AGENT_REMOVED = "AGENT_REMOVED", 5
        FRAMEWORK_ADDED = "FRAMEWORK_ADDED", 6
        FRAMEWORK_UPDATED = "FRAMEWORK_UPDATED", 7
        FRAMEWORK_REMOVED = "FRAMEWORK_REMOVED", 8
        HEARTBEAT = "HEARTBEAT", 9

    class Subscribed(V1, frozen=True, kw_only=True):
        """The first event: all there is; a heartbeat comes every so many seconds."""

        NUMBERS: ClassVar[dict[str, int]] = {"get_state": 1, "heartbeat_interval_seconds": 2}

        get_state: Response.GetState | None = None
        heartbeat_interval_seconds: float | None = None

    class TaskAdded(V1, frozen=True, kw_only=True):
        """A task is known from now on."""

        NUMBERS: ClassVar[dict[str, int]] = {"task": 1}

        task: Task

    class TaskUpdated(V1, frozen=True, kw_only=True):
        """A task has a new status; state is the newest one its agent knows."""

        NUMBERS: ClassVar[dict[str, int]] = {"framework_id": 1, "status": 2, "state": 3}

        framework_id: FrameworkID
        status: TaskStatus
        state: TaskState

    class FrameworkAdded(V1, frozen=True, kw_only=True):
        """A framework is known from now on."""

        NUMBERS: ClassVar[dict[str, int]] = {"framework": 1}

        framework: Response.GetFrameworks.Framework

    class FrameworkUpdated(V1, frozen=True, kw_only=True):
        """A framework changed."""

        NUMBERS: ClassVar[dict[str, int]] = {"framework": 1}

        framework: Response.GetFrameworks.Framework

    class FrameworkRemoved(V1, frozen=True, kw_only=True):
        """A framework ended."""

        NUMBERS: ClassVar[dict[str, int]] = {"framework_info": 1}

        framework_info: FrameworkInfo

    class AgentAdded(V1, frozen=True, kw_only=True):
        """An agent is known from now on."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent": 1}

        agent: Response.GetAgents.Agent

    class AgentRemoved(V1, frozen=True, kw_only=True):
        """An agent is no longer known."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1}

        agent_id: AgentID

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "subscribed": 2,
        "task_added": 3,
        "task_updated": 4,
        "agent_added": 5,
        "agent_removed": 6,
        "framework_added": 7,
        "framework_updated": 8,
        "framework_removed": 9,
    }

    type: Type | None = None
    subscribed: Subscribed | None = None
    task_added: TaskAdded | None = None
    task_updated: TaskUpdated | None = None
    agent_added: AgentAdded | None = None
    agent_removed: AgentRemoved | None = None
    framework_added: FrameworkAdded | None = None
    framework_updated: FrameworkUpdated | None = None
    framework_removed: FrameworkRemoved | None = None
