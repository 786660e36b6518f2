"""Volumes and images: what a container finds in its file system.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1, V1Enum, declared
from cluster.model.command import Secret
from cluster.model.credentials import Credential
from cluster.model.labels import Labels, Parameters


class MountPropagation(V1, frozen=True, kw_only=True):
    """How mounts made on one side appear on the other."""

    class Mode(V1Enum):
        """Direction of propagation."""

        UNKNOWN = "UNKNOWN", 0
        HOST_TO_CONTAINER = "HOST_TO_CONTAINER", 1
        BIDIRECTIONAL = "BIDIRECTIONAL", 2

    NUMBERS: ClassVar[dict[str, int]] = {"mode": 1}

    mode: Mode | None = None


class Image(V1, frozen=True, kw_only=True):
    """A container image."""

    class Type(V1Enum):
        """Format of an image."""

        APPC = "APPC", 1
        DOCKER = "DOCKER", 2

    class Appc(V1, frozen=True, kw_only=True):
        """An Appc image."""

        NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "id": 2, "labels": 3}

        name: str
        id: str | None = None
        labels: Labels | None = None

    class Docker(V1, frozen=True, kw_only=True):
        """A Docker image."""

        NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "credential": 2, "config": 3}

        name: str
        credential: Credential | None = None
        config: Secret | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "appc": 2, "docker": 3, "cached": 4}

    type: Type
    appc: Appc | None = None
    docker: Docker | None = None
    cached: bool = declared(True)


class Volume(V1, frozen=True, kw_only=True):
    """A directory of a container: exactly one of host_path, image, source."""

    class Mode(V1Enum):
        """Whether the container may write."""

        RW = "RW", 1
        RO = "RO", 2

    class Source(V1, frozen=True, kw_only=True):
        """Where the content comes from; the member named by type must be set."""

        class Type(V1Enum):
            """Kind of source."""

            UNKNOWN = "UNKNOWN", 0
            DOCKER_VOLUME = "DOCKER_VOLUME", 1
            HOST_PATH = "HOST_PATH", 4
            SANDBOX_PATH = "SANDBOX_PATH", 2
            SECRET = "SECRET", 3
            CSI_VOLUME = "CSI_VOLUME", 5

        class DockerVolume(V1, frozen=True, kw_only=True):
            """A volume of a Docker volume driver."""

            NUMBERS: ClassVar[dict[str, int]] = {"driver": 1, "name": 2, "driver_options": 3}

            driver: str | None = None
            name: str
            driver_options: Parameters | None = None

        class HostPath(V1, frozen=True, kw_only=True):
            """A path of the host."""

            NUMBERS: ClassVar[dict[str, int]] = {"path": 1, "mount_propagation": 2}

            path: str
            mount_propagation: MountPropagation | None = None

        class SandboxPath(V1, frozen=True, kw_only=True):
            """A path in the own or the parent's sandbox."""

            class Type(V1Enum):
                """Whose sandbox."""

                UNKNOWN = "UNKNOWN", 0
                SELF = "SELF", 1
                PARENT = "PARENT", 2

            NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "path": 2}

            type: Type | None = None
            path: str

        class CSIVolume(V1, frozen=True, kw_only=True):
            """A volume of a CSI plugin."""

            class VolumeCapability(V1, frozen=True, kw_only=True):
                """How a CSI volume is accessed."""

                class BlockVolume(V1, frozen=True, kw_only=True):
                    """Access as a block device."""

                class MountVolume(V1, frozen=True, kw_only=True):
                    """Access as a file system."""

                    NUMBERS: ClassVar[dict[str, int]] = {"fs_type": 1, "mount_flags": 2}

                    fs_type: str | None = None
                    mount_flags: tuple[str, ...] = ()

                class AccessMode(V1, frozen=True, kw_only=True):
                    """Who may use the volume at once."""

                    class Mode(V1Enum):
                        """Number of machines and writers."""

                        UNKNOWN = "UNKNOWN", 0
                        SINGLE_NODE_WRITER = "SINGLE_NODE_WRITER", 1
                        SINGLE_NODE_READER_ONLY = "SINGLE_NODE_READER_ONLY", 2
                        MULTI_NODE_READER_ONLY = "MULTI_NODE_READER_ONLY", 3
                        MULTI_NODE_SINGLE_WRITER = "MULTI_NODE_SINGLE_WRITER", 4
                        MULTI_NODE_MULTI_WRITER = "MULTI_NODE_MULTI_WRITER", 5

                    NUMBERS: ClassVar[dict[str, int]] = {"mode": 1}

                    mode: Mode

                NUMBERS: ClassVar[dict[str, int]] = {"block": 1, "mount": 2, "access_mode": 3}

                block: BlockVolume | None = None
                mount: MountVolume | None = None
                access_mode: AccessMode

            class StaticProvisioning(V1, frozen=True, kw_only=True):
                """A CSI volume that exists already."""

                NUMBERS: ClassVar[dict[str, int]] = {
                    "volume_id": 1,
                    "volume_capability": 2,
                    "node_stage_secrets": 3,
                    "node_publish_secrets": 4,
                    "volume_context": 5,
                }

                volume_id: str
                volume_capability: "Volume.Source.CSIVolume.VolumeCapability"
                node_stage_secrets: dict[str, Secret] = msgspec.field(default_factory=dict)
                node_publish_secrets: dict[str, Secret] = msgspec.field(default_factory=dict)
                volume_context: dict[str, str] = msgspec.field(default_factory=dict)

            NUMBERS: ClassVar[dict[str, int]] = {"plugin_name": 1, "static_provisioning": 2}

            plugin_name: str
            static_provisioning: StaticProvisioning | None = None

        NUMBERS: ClassVar[dict[str, int]] = {
            "type": 1,
            "docker_volume": 2,
            "host_path": 5,
            "sandbox_path": 3,
            "secret": 4,
            "csi_volume": 6,
        }

        type: Type | None = None
        docker_volume: DockerVolume | None = None
        host_path: HostPath | None = None
        sandbox_path: SandboxPath | None = None
        secret: Secret | None = None
        csi_volume: CSIVolume | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "mode": 3,
        "container_path": 1,
        "host_path": 2,
        "image": 4,
        "source": 5,
    }

    mode: Mode
    container_path: str
    host_path: str | None = None
    image: Image | None = None
    source: Source | None = None
