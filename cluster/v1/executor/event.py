"""Events of the executor API.

Source: reference scheduler-executor-api.md §6.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentInfo,
    ContainerID,
    ExecutorInfo,
    FrameworkInfo,
    KillPolicy,
    TaskGroupInfo,
    TaskID,
    TaskInfo,
    V1Enum,
)


class Event(V1, frozen=True, kw_only=True):
    """What an agent tells an executor: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        SUBSCRIBED = "SUBSCRIBED", 1
        LAUNCH = "LAUNCH", 2
        LAUNCH_GROUP = "LAUNCH_GROUP", 8
        KILL = "KILL", 3
        ACKNOWLEDGED = "ACKNOWLEDGED", 4
        MESSAGE = "MESSAGE", 5
        ERROR = "ERROR", 6
        SHUTDOWN = "SHUTDOWN", 7
        HEARTBEAT = "HEARTBEAT", 9

    class Subscribed(V1, frozen=True, kw_only=True):
        """The first event."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "executor_info": 1,
            "framework_info": 2,
            "agent_info": 3,
            "container_id": 4,
        }

        executor_info: ExecutorInfo
        framework_info: FrameworkInfo
        agent_info: AgentInfo
        container_id: ContainerID | None = None

    class Launch(V1, frozen=True, kw_only=True):
        """Start a task."""

        NUMBERS: ClassVar[dict[str, int]] = {"task": 1}

        task: TaskInfo

    class LaunchGroup(V1, frozen=True, kw_only=True):
        """Start tasks together."""

        NUMBERS: ClassVar[dict[str, int]] = {"task_group": 1}

        task_group: TaskGroupInfo

    class Kill(V1, frozen=True, kw_only=True):
        """Kill a task."""

        NUMBERS: ClassVar[dict[str, int]] = {"task_id": 1, "kill_policy": 2}

        task_id: TaskID
        kill_policy: KillPolicy | None = None

    class Acknowledged(V1, frozen=True, kw_only=True):
        """The agent has the status and answers for it from now on."""

        NUMBERS: ClassVar[dict[str, int]] = {"task_id": 1, "uuid": 2}

        task_id: TaskID
        uuid: bytes

    class Message(V1, frozen=True, kw_only=True):
        """Bytes from the scheduler, best effort."""

        NUMBERS: ClassVar[dict[str, int]] = {"data": 1}

        data: bytes

    class Error(V1, frozen=True, kw_only=True):
        """The subscription is refused for good."""

        NUMBERS: ClassVar[dict[str, int]] = {"message": 1}

        message: str

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "subscribed": 2,
        "acknowledged": 3,
        "launch": 4,
        "launch_group": 8,
        "kill": 5,
        "message": 6,
        "error": 7,
    }

    type: Type | None = None
    subscribed: Subscribed | None = None
    acknowledged: Acknowledged | None = None
    launch: Launch | None = None
    launch_group: LaunchGroup | None = None
    kill: Kill | None = None
    message: Message | None = None
    error: Error | None = None
