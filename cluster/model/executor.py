"""Executors: the processes that run tasks.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, V1Enum
from cluster.model.command import CommandInfo
from cluster.model.container import ContainerInfo
from cluster.model.discovery import DiscoveryInfo
from cluster.model.ids import ExecutorID, FrameworkID
from cluster.model.labels import Labels
from cluster.model.resource import Resource
from cluster.model.times import DurationInfo


class ExecutorInfo(V1, frozen=True, kw_only=True):
    """An executor.  DEFAULT has no command, CUSTOM must have one."""

    class Type(V1Enum):
        """DEFAULT is built in, CUSTOM is the framework's."""

        UNKNOWN = "UNKNOWN", 0
        DEFAULT = "DEFAULT", 1
        CUSTOM = "CUSTOM", 2

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 15,
        "executor_id": 1,
        "framework_id": 8,
        "command": 7,
        "container": 11,
        "resources": 5,
        "name": 9,
        "source": 10,
        "data": 4,
        "discovery": 12,
        "shutdown_grace_period": 13,
        "labels": 14,
    }

    type: Type | None = None
    executor_id: ExecutorID
    framework_id: FrameworkID | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    resources: tuple[Resource, ...] = ()
    name: str | None = None
    source: str | None = None
    data: bytes | None = None
    discovery: DiscoveryInfo | None = None
    shutdown_grace_period: DurationInfo | None = None
    labels: Labels | None = None
