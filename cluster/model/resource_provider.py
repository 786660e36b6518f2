"""Resource providers, and the CSI plugins that stand behind storage.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.attribute import Attribute
from cluster.model.base import V1, V1Enum, declared
from cluster.model.command import CommandInfo
from cluster.model.container import ContainerInfo
from cluster.model.ids import ResourceProviderID
from cluster.model.resource import ReservationInfo, Resource


class CSIPluginContainerInfo(V1, frozen=True, kw_only=True):
    """A container that runs services of a CSI plugin."""

    class Service(V1Enum):
        """A service of a CSI plugin."""

        UNKNOWN = "UNKNOWN", 0
        CONTROLLER_SERVICE = "CONTROLLER_SERVICE", 1
        NODE_SERVICE = "NODE_SERVICE", 2

    NUMBERS: ClassVar[dict[str, int]] = {"services": 1, "command": 2, "resources": 3, "container": 4}

    services: tuple[Service, ...] = ()
    command: CommandInfo | None = None
    resources: tuple[Resource, ...] = ()
    container: ContainerInfo | None = None


class CSIPluginEndpoint(V1, frozen=True, kw_only=True):
    """Where a service of a CSI plugin is reached."""

    NUMBERS: ClassVar[dict[str, int]] = {"csi_service": 1, "endpoint": 2}

    csi_service: "CSIPluginContainerInfo.Service"
    endpoint: str


class CSIPluginInfo(V1, frozen=True, kw_only=True):
    """A CSI plugin: run in containers, or reached at endpoints."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "name": 2,
        "containers": 3,
        "endpoints": 4,
        "target_path_root": 5,
        "target_path_exists": 6,
    }

    type: str
    name: str = declared("default")
    containers: "tuple[CSIPluginContainerInfo, ...]" = ()
    endpoints: "tuple[CSIPluginEndpoint, ...]" = ()
    target_path_root: str | None = None
    target_path_exists: bool | None = None


class ResourceProviderInfo(V1, frozen=True, kw_only=True):
    """A resource provider as it describes itself."""

    class Storage(V1, frozen=True, kw_only=True):
        """Settings of a storage provider."""

        NUMBERS: ClassVar[dict[str, int]] = {"plugin": 1, "reconciliation_interval_seconds": 2}

        plugin: "CSIPluginInfo"
        reconciliation_interval_seconds: float | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "id": 1,
        "attributes": 2,
        "type": 3,
        "name": 4,
        "default_reservations": 5,
        "storage": 6,
    }

    id: ResourceProviderID | None = None
    attributes: tuple[Attribute, ...] = ()
    type: str
    name: str
    default_reservations: tuple[ReservationInfo, ...] = ()
    storage: Storage | None = None
