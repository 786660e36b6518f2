"""Calls of the operator API of the agent.

Source: reference http-endpoints.md §9; numbers from Mesos include/mesos/v1/agent/agent.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model import (
    V1,
    CommandInfo,
    ContainerID,
    ContainerInfo,
    DurationInfo,
    Image,
    Int32,
    Resource,
    ResourceProviderID,
    ResourceProviderInfo,
    Scalar,
    Uint32,
    Uint64,
    V1Enum,
)
from cluster.v1.agent.process_io import ProcessIO


class Call(V1, frozen=True, kw_only=True):
    """What an operator asks of an agent: `type`, and the member of that name if there is one."""

    class Type(V1Enum):
        """Which member counts; many types have none."""

        UNKNOWN = "UNKNOWN", 0
        GET_HEALTH = "GET_HEALTH", 1
        GET_FLAGS = "GET_FLAGS", 2
        GET_VERSION = "GET_VERSION", 3
        GET_METRICS = "GET_METRICS", 4
        GET_LOGGING_LEVEL = "GET_LOGGING_LEVEL", 5
        SET_LOGGING_LEVEL = "SET_LOGGING_LEVEL", 6
        LIST_FILES = "LIST_FILES", 7
        READ_FILE = "READ_FILE", 8
        GET_STATE = "GET_STATE", 9
        GET_CONTAINERS = "GET_CONTAINERS", 10
        GET_FRAMEWORKS = "GET_FRAMEWORKS", 11
        GET_EXECUTORS = "GET_EXECUTORS", 12
        GET_OPERATIONS = "GET_OPERATIONS", 31
        GET_TASKS = "GET_TASKS", 13
        GET_AGENT = "GET_AGENT", 20
        GET_RESOURCE_PROVIDERS = "GET_RESOURCE_PROVIDERS", 26
        LAUNCH_NESTED_CONTAINER = "LAUNCH_NESTED_CONTAINER", 14
        WAIT_NESTED_CONTAINER = "WAIT_NESTED_CONTAINER", 15
        KILL_NESTED_CONTAINER = "KILL_NESTED_CONTAINER", 16
        REMOVE_NESTED_CONTAINER = "REMOVE_NESTED_CONTAINER", 21
        LAUNCH_NESTED_CONTAINER_SESSION = "LAUNCH_NESTED_CONTAINER_SESSION", 17
        ATTACH_CONTAINER_INPUT = "ATTACH_CONTAINER_INPUT", 18
        ATTACH_CONTAINER_OUTPUT = "ATTACH_CONTAINER_OUTPUT", 19
        LAUNCH_CONTAINER = "LAUNCH_CONTAINER", 22
        WAIT_CONTAINER = "WAIT_CONTAINER", 23
        KILL_CONTAINER = "KILL_CONTAINER", 24
        REMOVE_CONTAINER = "REMOVE_CONTAINER", 25
        ADD_RESOURCE_PROVIDER_CONFIG = "ADD_RESOURCE_PROVIDER_CONFIG", 27
        UPDATE_RESOURCE_PROVIDER_CONFIG = "UPDATE_RESOURCE_PROVIDER_CONFIG", 28
        REMOVE_RESOURCE_PROVIDER_CONFIG = "REMOVE_RESOURCE_PROVIDER_CONFIG", 29
        MARK_RESOURCE_PROVIDER_GONE = "MARK_RESOURCE_PROVIDER_GONE", 32
        PRUNE_IMAGES = "PRUNE_IMAGES", 30

    class GetMetrics(V1, frozen=True, kw_only=True):
        """Numbers of the process, leaving out what takes longer than the time-out."""

        NUMBERS: ClassVar[dict[str, int]] = {"timeout": 1}

        timeout: DurationInfo | None = None

    class SetLoggingLevel(V1, frozen=True, kw_only=True):
        """Log at another level for a while."""

        NUMBERS: ClassVar[dict[str, int]] = {"level": 1, "duration": 2}

        level: Uint32
        duration: DurationInfo

    class ListFiles(V1, frozen=True, kw_only=True):
        """List a directory."""

        NUMBERS: ClassVar[dict[str, int]] = {"path": 1}

        path: str

    class ReadFile(V1, frozen=True, kw_only=True):
        """Read a piece of a file; offset and length in bytes."""

        NUMBERS: ClassVar[dict[str, int]] = {"path": 1, "offset": 2, "length": 3}

        path: str
        offset: Uint64
        length: Uint64 | None = None

    class GetContainers(V1, frozen=True, kw_only=True):
        """List containers, nested and standalone ones only if asked for."""

        NUMBERS: ClassVar[dict[str, int]] = {"show_nested": 1, "show_standalone": 2}

        show_nested: bool | None = None
        show_standalone: bool | None = None

    class LaunchNestedContainer(V1, frozen=True, kw_only=True):
        """Start a container inside that of an executor."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1, "command": 2, "container": 3}

        container_id: ContainerID
        command: CommandInfo | None = None
        container: ContainerInfo | None = None

    class WaitNestedContainer(V1, frozen=True, kw_only=True):
        """Wait until a nested container ends."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1}

        container_id: ContainerID

    class KillNestedContainer(V1, frozen=True, kw_only=True):
        """Send a signal to a nested container, 9 if none is named."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1, "signal": 2}

        container_id: ContainerID
        signal: Int32 | None = None

    class RemoveNestedContainer(V1, frozen=True, kw_only=True):
        """Remove what an ended nested container left."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1}

        container_id: ContainerID

    class LaunchNestedContainerSession(V1, frozen=True, kw_only=True):
        """Start a nested container that lives as long as the connection, and attach to it."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1, "command": 2, "container": 3}

        container_id: ContainerID
        command: CommandInfo | None = None
        container: ContainerInfo | None = None

    class AttachContainerInput(V1, frozen=True, kw_only=True):
        """One record of a stream: first the container, then its input."""

        class Type(V1Enum):
            """Which member counts."""

            UNKNOWN = "UNKNOWN", 0
            CONTAINER_ID = "CONTAINER_ID", 1
            PROCESS_IO = "PROCESS_IO", 2

        NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "container_id": 2, "process_io": 3}

        type: Type | None = None
        container_id: ContainerID | None = None
        process_io: ProcessIO | None = None

    class AttachContainerOutput(V1, frozen=True, kw_only=True):
        """Stream the output of a container."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1}

        container_id: ContainerID

    class LaunchContainer(V1, frozen=True, kw_only=True):
        """Start a container, standalone or nested."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "container_id": 1,
            "command": 2,
            "resources": 3,
            "container": 4,
            "limits": 5,
        }

        container_id: ContainerID
        command: CommandInfo | None = None
        resources: tuple[Resource, ...] = ()
        container: ContainerInfo | None = None
        limits: dict[str, Scalar] = msgspec.field(default_factory=dict)

    class WaitContainer(V1, frozen=True, kw_only=True):
        """Wait until a container ends."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1}

        container_id: ContainerID

    class KillContainer(V1, frozen=True, kw_only=True):
        """Send a signal to a container, 9 if none is named."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1, "signal": 2}

        container_id: ContainerID
        signal: Int32 | None = None

    class RemoveContainer(V1, frozen=True, kw_only=True):
        """Remove what an ended container left."""

        NUMBERS: ClassVar[dict[str, int]] = {"container_id": 1}

        container_id: ContainerID

    class AddResourceProviderConfig(V1, frozen=True, kw_only=True):
        """Start a resource provider."""

        NUMBERS: ClassVar[dict[str, int]] = {"info": 1}

        info: ResourceProviderInfo

    class UpdateResourceProviderConfig(V1, frozen=True, kw_only=True):
        """Change a resource provider."""

        NUMBERS: ClassVar[dict[str, int]] = {"info": 1}

        info: ResourceProviderInfo

    class RemoveResourceProviderConfig(V1, frozen=True, kw_only=True):
        """Stop a resource provider."""

        NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "name": 2}

        type: str
        name: str

    class MarkResourceProviderGone(V1, frozen=True, kw_only=True):
        """Declare that a resource provider never comes back."""

        NUMBERS: ClassVar[dict[str, int]] = {"resource_provider_id": 1}

        resource_provider_id: ResourceProviderID

    class PruneImages(V1, frozen=True, kw_only=True):
        """Remove images that nobody uses."""

        NUMBERS: ClassVar[dict[str, int]] = {"excluded_images": 1}

        excluded_images: tuple[Image, ...] = ()

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "get_metrics": 2,
        "set_logging_level": 3,
        "list_files": 4,
        "read_file": 5,
        "get_containers": 20,
        "launch_nested_container": 6,
        "wait_nested_container": 7,
        "kill_nested_container": 8,
        "remove_nested_container": 12,
        "launch_nested_container_session": 9,
        "attach_container_input": 10,
        "attach_container_output": 11,
        "launch_container": 13,
        "wait_container": 14,
        "kill_container": 15,
        "remove_container": 16,
        "add_resource_provider_config": 17,
        "update_resource_provider_config": 18,
        "remove_resource_provider_config": 19,
        "mark_resource_provider_gone": 22,
        "prune_images": 21,
    }

    type: Type | None = None
    get_metrics: GetMetrics | None = None
    set_logging_level: SetLoggingLevel | None = None
    list_files: ListFiles | None = None
    read_file: ReadFile | None = None
    get_containers: GetContainers | None = None
    launch_nested_container: LaunchNestedContainer | None = None
    wait_nested_container: WaitNestedContainer | None = None
    kill_nested_container: KillNestedContainer | None = None
    remove_nested_container: RemoveNestedContainer | None = None
    launch_nested_container_session: LaunchNestedContainerSession | None = None
    attach_container_input: AttachContainerInput | None = None
    attach_container_output: AttachContainerOutput | None = None
    launch_container: LaunchContainer | None = None
    wait_container: WaitContainer | None = None
    kill_container: KillContainer | None = None
    remove_container: RemoveContainer | None = None
    add_resource_provider_config: AddResourceProviderConfig | None = None
    update_resource_provider_config: UpdateResourceProviderConfig | None = None
    remove_resource_provider_config: RemoveResourceProviderConfig | None = None
    mark_resource_provider_gone: MarkResourceProviderGone | None = None
    prune_images: PruneImages | None = None
