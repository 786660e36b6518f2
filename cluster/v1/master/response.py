"""Answers of the operator API of the master.

Lists made with `declared` are written in JSON even when they are empty.

Source: reference http-endpoints.md §8; numbers from Mesos include/mesos/v1/master/master.proto.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentCapability,
    AgentID,
    AgentInfo,
    ClusterStatus,
    DrainInfo,
    ExecutorInfo,
    FileInfo,
    Flag,
    FrameworkInfo,
    InverseOffer,
    MasterInfo,
    Metric,
    Offer,
    OfferConstraints,
    OperationRecord,
    QuotaStatus,
    Resource,
    ResourceProviderInfo,
    Role,
    Schedule,
    Task,
    TimeInfo,
    Uint32,
    Uint64,
    V1Enum,
    VersionInfo,
    WeightInfo,
    declared,
)


class Response(V1, frozen=True, kw_only=True):
    """What the master answers an operator: `type`, and the member of that name."""

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
        GET_AGENTS = "GET_AGENTS", 9
        GET_FRAMEWORKS = "GET_FRAMEWORKS", 10
        GET_EXECUTORS = "GET_EXECUTORS", 11
        GET_OPERATIONS = "GET_OPERATIONS", 19
        GET_TASKS = "GET_TASKS", 12
        GET_ROLES = "GET_ROLES", 13
        GET_WEIGHTS = "GET_WEIGHTS", 14
        GET_MASTER = "GET_MASTER", 15
        GET_MAINTENANCE_STATUS = "GET_MAINTENANCE_STATUS", 16
        GET_MAINTENANCE_SCHEDULE = "GET_MAINTENANCE_SCHEDULE", 17
        GET_QUOTA = "GET_QUOTA", 18

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
        """Everything the master knows."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "get_tasks": 1,
            "get_executors": 2,
            "get_frameworks": 3,
            "get_agents": 4,
        }

        get_tasks: "Response.GetTasks | None" = None
        get_executors: "Response.GetExecutors | None" = None
        get_frameworks: "Response.GetFrameworks | None" = None
        get_agents: "Response.GetAgents | None" = None

    class GetAgents(V1, frozen=True, kw_only=True):
        """Registered agents, and those of the registry that are not back yet."""

        class Agent(V1, frozen=True, kw_only=True):
            """An agent; resources in the endpoint format."""

            class ResourceProvider(V1, frozen=True, kw_only=True):
                """A resource provider of an agent."""

                NUMBERS: ClassVar[dict[str, int]] = {"resource_provider_info": 1, "total_resources": 2}

                resource_provider_info: ResourceProviderInfo
                total_resources: tuple[Resource, ...] = ()

            NUMBERS: ClassVar[dict[str, int]] = {
                "agent_info": 1,
                "active": 2,
                "deactivated": 12,
                "version": 3,
                "pid": 4,
                "registered_time": 5,
                "reregistered_time": 6,
                "total_resources": 7,
                "allocated_resources": 8,
                "offered_resources": 9,
                "capabilities": 10,
                "resource_providers": 11,
                "drain_info": 13,
                "estimated_drain_start_time": 14,
            }

            agent_info: AgentInfo
            active: bool
            deactivated: bool | None = None
            version: str
            pid: str | None = None
            registered_time: TimeInfo | None = None
            reregistered_time: TimeInfo | None = None
            total_resources: tuple[Resource, ...] = ()
            allocated_resources: tuple[Resource, ...] = ()
            offered_resources: tuple[Resource, ...] = ()
            capabilities: tuple[AgentCapability, ...] = ()
            resource_providers: tuple[ResourceProvider, ...] = ()
            drain_info: DrainInfo | None = None
            estimated_drain_start_time: TimeInfo | None = None

        NUMBERS: ClassVar[dict[str, int]] = {"agents": 1, "recovered_agents": 2}

        agents: tuple[Agent, ...] = declared(())
        recovered_agents: tuple[AgentInfo, ...] = declared(())

    class GetFrameworks(V1, frozen=True, kw_only=True):
        """Frameworks, and those that ended."""

        class Framework(V1, frozen=True, kw_only=True):
            """A framework; resources in the endpoint format."""

            NUMBERS: ClassVar[dict[str, int]] = {
                "framework_info": 1,
                "active": 2,
                "connected": 3,
                "recovered": 11,
                "registered_time": 4,
                "reregistered_time": 5,
                "unregistered_time": 6,
                "offers": 7,
                "inverse_offers": 8,
                "allocated_resources": 9,
                "offered_resources": 10,
                "offer_constraints": 12,
            }

            framework_info: FrameworkInfo
            active: bool
            connected: bool
            recovered: bool
            registered_time: TimeInfo | None = None
            reregistered_time: TimeInfo | None = None
            unregistered_time: TimeInfo | None = None
            offers: tuple[Offer, ...] = ()
            inverse_offers: tuple[InverseOffer, ...] = ()
            allocated_resources: tuple[Resource, ...] = ()
            offered_resources: tuple[Resource, ...] = ()
            offer_constraints: OfferConstraints | None = None

        NUMBERS: ClassVar[dict[str, int]] = {
            "frameworks": 1,
            "completed_frameworks": 2,
            "recovered_frameworks": 3,
        }

        frameworks: tuple[Framework, ...] = declared(())
        completed_frameworks: tuple[Framework, ...] = declared(())
        recovered_frameworks: tuple[FrameworkInfo, ...] = ()

    class GetExecutors(V1, frozen=True, kw_only=True):
        """Custom and default executors."""

        class Executor(V1, frozen=True, kw_only=True):
            """An executor and its agent."""

            NUMBERS: ClassVar[dict[str, int]] = {"executor_info": 1, "agent_id": 2}

            executor_info: ExecutorInfo
            agent_id: AgentID

        NUMBERS: ClassVar[dict[str, int]] = {"executors": 1, "orphan_executors": 2}

        executors: tuple[Executor, ...] = declared(())
        orphan_executors: tuple[Executor, ...] = ()

    class GetOperations(V1, frozen=True, kw_only=True):
        """Operations on offers that are known."""

        NUMBERS: ClassVar[dict[str, int]] = {"operations": 1}

        operations: tuple[OperationRecord, ...] = ()

    class GetTasks(V1, frozen=True, kw_only=True):
        """Tasks by what became of them."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "pending_tasks": 1,
            "tasks": 2,
            "unreachable_tasks": 5,
            "completed_tasks": 3,
            "orphan_tasks": 4,
        }

        pending_tasks: tuple[Task, ...] = ()
        tasks: tuple[Task, ...] = declared(())
        unreachable_tasks: tuple[Task, ...] = declared(())
        completed_tasks: tuple[Task, ...] = declared(())
        orphan_tasks: tuple[Task, ...] = ()

    class GetRoles(V1, frozen=True, kw_only=True):
        """Roles that are in use."""

        NUMBERS: ClassVar[dict[str, int]] = {"roles": 1}

        roles: tuple[Role, ...] = ()

    class GetWeights(V1, frozen=True, kw_only=True):
        """Weights that were set."""

        NUMBERS: ClassVar[dict[str, int]] = {"weight_infos": 1}

        weight_infos: tuple[WeightInfo, ...] = ()

    class GetMaster(V1, frozen=True, kw_only=True):
        """The master; times in seconds since the epoch."""

        NUMBERS: ClassVar[dict[str, int]] = {"master_info": 1, "start_time": 2, "elected_time": 3}

        master_info: MasterInfo | None = None
        start_time: float | None = None
        elected_time: float | None = None

    class GetMaintenanceStatus(V1, frozen=True, kw_only=True):
        """Machines that are draining or down."""

        NUMBERS: ClassVar[dict[str, int]] = {"status": 1}

        status: ClusterStatus

    class GetMaintenanceSchedule(V1, frozen=True, kw_only=True):
        """The plan of maintenance."""

        NUMBERS: ClassVar[dict[str, int]] = {"schedule": 1}

        schedule: Schedule

    class GetQuota(V1, frozen=True, kw_only=True):
        """The quotas of all roles."""

        NUMBERS: ClassVar[dict[str, int]] = {"status": 1}

        status: QuotaStatus

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
        "get_agents": 10,
        "get_frameworks": 11,
        "get_executors": 12,
        "get_operations": 20,
        "get_tasks": 13,
        "get_roles": 14,
        "get_weights": 15,
        "get_master": 16,
        "get_maintenance_status": 17,
        "get_maintenance_schedule": 18,
        "get_quota": 19,
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
    get_agents: GetAgents | None = None
    get_frameworks: GetFrameworks | None = None
    get_executors: GetExecutors | None = None
    get_operations: GetOperations | None = None
    get_tasks: GetTasks | None = None
    get_roles: GetRoles | None = None
    get_weights: GetWeights | None = None
    get_master: GetMaster | None = None
    get_maintenance_status: GetMaintenanceStatus | None = None
    get_maintenance_schedule: GetMaintenanceSchedule | None = None
    get_quota: GetQuota | None = None
