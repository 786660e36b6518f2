"""Service discovery: how others may find a task.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint32, V1Enum
from cluster.model.labels import Labels


class DiscoveryInfo(V1, frozen=True, kw_only=True):
    """How a task or executor wants to be found."""

    class Visibility(V1Enum):
        """Who may find it."""

        FRAMEWORK = "FRAMEWORK", 0
        CLUSTER = "CLUSTER", 1
        EXTERNAL = "EXTERNAL", 2

    NUMBERS: ClassVar[dict[str, int]] = {
        "visibility": 1,
        "name": 2,
        "environment": 3,
        "location": 4,
        "version": 5,
        "ports": 6,
        "labels": 7,
    }

    visibility: Visibility
    name: str | None = None
    environment: str | None = None
    location: str | None = None
    version: str | None = None
    ports: "Ports | None" = None
    labels: Labels | None = None


class Port(V1, frozen=True, kw_only=True):
    """A port a service listens on."""

    NUMBERS: ClassVar[dict[str, int]] = {"number": 1, "name": 2, "protocol": 3, "visibility": 4, "labels": 5}

    number: Uint32
    name: str | None = None
    protocol: str | None = None
    visibility: DiscoveryInfo.Visibility | None = None
    labels: Labels | None = None


class Ports(V1, frozen=True, kw_only=True):
    """Ports of a service."""

    NUMBERS: ClassVar[dict[str, int]] = {"ports": 1}

    ports: tuple[Port, ...] = ()
