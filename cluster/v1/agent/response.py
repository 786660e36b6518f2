"""Answers of the operator API of the agent.

Lists made with `declared` are written in JSON even when they are empty.

Source: reference http-endpoints.md §9; numbers from Mesos include/mesos/v1/agent/agent.proto.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentInfo,
    ContainerID,
    ContainerStatus,
    DrainConfig,
    ExecutorID,
    ExecutorInfo,
    FileInfo,
    Flag,
    FrameworkID,
    FrameworkInfo,
    Int32,
    Metric,
    OperationRecord,
    Reason,
    Resource,
    ResourceProviderInfo,
    ResourceStatistics,
    Task,
    TaskResourceLimitation,
    TaskState,
    TimeInfo,
    Uint32,
    Uint64,
    V1Enum,
    VersionInfo,
    declared,
)


class Response(V1, frozen=True, kw_only=True):
    """What an agent answers an operator: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        GET_HEALTH = "GET_HEALTH", 1
        GET_FLAGS = "GET_FLAGS", 2
        GET_VERSION = "GET_VERSION", 3
        GET_METRICS = "GET_METRICS", 4
        GET_LOGGING_LEVEL = "GET_LOGGING_LEVEL", 5
        LIST_FILES = "LIST_FILES", 6
        READ_FILE = "READ_FILE", 7
        GET_STATE = "GET_STATE", 8
        GET_CONTAINERS = "GET_CONTAINERS", 9
        GET_FRAMEWORKS = "GET_FRAMEWORKS", 10
        GET_EXECUTORS = "GET_EXECUTORS", 11
        GET_OPERATIONS = "GET_OPERATIONS", 17
        GET_TASKS = "GET_TASKS", 12
        GET_AGENT = "GET_AGENT", 14
        GET_RESOURCE_PROVIDERS = "GET_RESOURCE_PROVIDERS", 16
        WAIT_NESTED_CONTAINER = "WAIT_NESTED_CONTAINER", 13
        WAIT_CONTAINER = "WAIT_CONTAINER", 15

    class GetHealth(V1, frozen=True, kw_only=True):
        """Whether the process is well."""

        NUMBERS: ClassVar[dict[str, int]] = {"healthy": 1}

        healthy: bool

    class GetFlags(V1, frozen=True, kw_only=True):
        """The options of the process."""

        NUMBERS: ClassVar[dict[str, int]] = {"flags": 1}

        flags: tuple[Flag, ...] = ()

    class GetVersion(V1, frozen=True, kw_only=True):
        """Version and build of the process."""

        NUMBERS: ClassVar[dict[str, int]] = {"version_info": 1}

        version_info: VersionInfo

    class GetMetrics(V1, frozen=True, kw_only=True):
        """Numbers of the process."""

        NUMBERS: ClassVar[dict[str, int]] = {"metrics": 1}

        metrics: tuple[Metric, ...] = ()

    class GetLoggingLevel(V1, frozen=True, kw_only=True):
        """The level the process logs at."""

        NUMBERS: ClassVar[dict[str, int]] = {"level": 1}

        level: Uint32

    class ListFiles(V1, frozen=True, kw_only=True):
        """The files of a directory."""

        NUMBERS: ClassVar[dict[str, int]] = {"file_infos": 1}

        file_infos: tuple[FileInfo, ...] = ()

    class ReadFile(V1, frozen=True, kw_only=True):
        """A piece of a file, and the size of the whole in bytes."""

        NUMBERS: ClassVar[dict[str, int]] = {"size": 1, "data": 2}

        size: Uint64
        data: bytes

    class GetState(V1, frozen=True, kw_only=True):
        """Everything the agent knows."""

        NUMBERS: ClassVar[dict[str, int]] = {"get_tasks": 1, "get_executors": 2, "get_frameworks": 3}

        get_tasks: "Response.GetTasks | None" = None
        get_executors: "Response.GetExecutors | None" = None
        get_frameworks: "Response.GetFrameworks | None" = None

    class GetContainers(V1, frozen=True, kw_only=True):
        """The containers of the agent."""

        class Container(V1, frozen=True, kw_only=True):
            """A container, with what it uses."""

            NUMBERS: ClassVar[dict[str, int]] = {
                "framework_id": 1,
                "executor_id": 2,
                "executor_name": 3,
                "container_id": 4,
                "container_status": 5,
                "resource_statistics": 6,
            }

            framework_id: FrameworkID | None = None
            executor_id: ExecutorID | None = None
            executor_name: str | None = None
            container_id: ContainerID
            container_status: ContainerStatus | None = None
            resource_statistics: ResourceStatistics | None = None

        NUMBERS: ClassVar[dict[str, int]] = {"containers": 1}

        containers: tuple[Container, ...] = ()

    class GetFrameworks(V1, frozen=True, kw_only=True):
        """Frameworks with executors here, and those that ended."""

        class Framework(V1, frozen=True, kw_only=True):
            """A framework."""

            NUMBERS: ClassVar[dict[str, int]] = {"framework_info": 1}

            framework_info: FrameworkInfo

        NUMBERS: ClassVar[dict[str, int]] = {"frameworks": 1, "completed_frameworks": 2}

        frameworks: tuple[Framework, ...] = declared(())
        completed_frameworks: tuple[Framework, ...] = declared(())

    class GetExecutors(V1, frozen=True, kw_only=True):
        """Executors, and those that ended."""

        class Executor(V1, frozen=True, kw_only=True):
            """An executor."""

            NUMBERS: ClassVar[dict[str, int]] = {"executor_info": 1}

            executor_info: ExecutorInfo

        NUMBERS: ClassVar[dict[str, int]] = {"executors": 1, "completed_executors": 2}

        executors: tuple[Executor, ...] = declared(())
        completed_executors: tuple[Executor, ...] = declared(())

    class GetOperations(V1, frozen=True, kw_only=True):
        """Operations on offers that are known."""

        NUMBERS: ClassVar[dict[str, int]] = {"operations": 1}

        operations: tuple[OperationRecord, ...] = ()

    class GetTasks(V1, frozen=True, kw_only=True):
        """Tasks by how far they have come."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "pending_tasks": 1,
            "queued_tasks": 2,
            "launched_tasks": 3,
            "terminated_tasks": 4,
            "completed_tasks": 5,
        }

        pending_tasks: tuple[Task, ...] = declared(())
        queued_tasks: tuple[Task, ...] = declared(())
        launched_tasks: tuple[Task, ...] = declared(())
        terminated_tasks: tuple[Task, ...] = declared(())
        completed_tasks: tuple[Task, ...] = declared(())

    class GetAgent(V1, frozen=True, kw_only=True):
        """The agent, and whether it drains."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "agent_info": 1,
            "drain_config": 2,
            "estimated_drain_start_time": 3,
        }

        agent_info: AgentInfo | None = None
        drain_config: DrainConfig | None = None
        estimated_drain_start_time: TimeInfo | None = None

    class GetResourceProviders(V1, frozen=True, kw_only=True):
        """The resource providers of the agent."""

        class ResourceProvider(V1, frozen=True, kw_only=True):
            """A resource provider."""

            NUMBERS: ClassVar[dict[str, int]] = {"resource_provider_info": 1, "total_resources": 2}

            resource_provider_info: ResourceProviderInfo
            total_resources: tuple[Resource, ...] = ()

        NUMBERS: ClassVar[dict[str, int]] = {"resource_providers": 1}

        resource_providers: tuple[ResourceProvider, ...] = ()

    class WaitNestedContainer(V1, frozen=True, kw_only=True):
        """How a nested container ended; exit_status is a raw wait status."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "exit_status": 1,
            "state": 2,
            "reason": 3,
            "limitation": 4,
            "message": 5,
        }

        exit_status: Int32 | None = None
        state: TaskState | None = None
        reason: Reason | None = None
        limitation: TaskResourceLimitation | None = None
        message: str | None = None

    class WaitContainer(V1, frozen=True, kw_only=True):
        """How a container ended; exit_status is a raw wait status."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "exit_status": 1,
            "state": 2,
            "reason": 3,
            "limitation": 4,
            "message": 5,
        }

        exit_status: Int32 | None = None
        state: TaskState | None = None
        reason: Reason | None = None
        limitation: TaskResourceLimitation | None = None
        message: str | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "get_health": 2,
        "get_flags": 3,
        "get_version": 4,
        "get_metrics": 5,
        "get_logging_level": 6,
        "list_files": 7,
        "read_file": 8,
        "get_state": 9,
        "get_containers": 10,
        "get_frameworks": 11,
        "get_executors": 12,
        "get_operations": 18,
        "get_tasks": 13,
        "get_agent": 15,
        "get_resource_providers": 17,
        "wait_nested_container": 14,
        "wait_container": 16,
    }

    type: Type | None = None
    get_health: GetHealth | None = None
    get_flags: GetFlags | None = None
    get_version: GetVersion | None = None
    get_metrics: GetMetrics | None = None
    get_logging_level: GetLoggingLevel | None = None
    list_files: ListFiles | None = None
    read_file: ReadFile | None = None
    get_state: GetState | None = None
    get_containers: GetContainers | None = None
    get_frameworks: GetFrameworks | None = None
    get_executors: GetExecutors | None = None
    get_operations: GetOperations | None = None
    get_tasks: GetTasks | None = None
    get_agent: GetAgent | None = None
    get_resource_providers: GetResourceProviders | None = None
    wait_nested_container: WaitNestedContainer | None = None
    wait_container: WaitContainer | None = None
