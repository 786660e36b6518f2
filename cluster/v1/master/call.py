"""Calls of the operator API of the master.

Source: reference http-endpoints.md §8; numbers from Mesos include/mesos/v1/master/master.proto.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentID,
    DurationInfo,
    FrameworkID,
    MachineID,
    QuotaConfig,
    QuotaRequest,
    Resource,
    Scalar,
    Schedule,
    Uint32,
    Uint64,
    V1Enum,
    WeightInfo,
    declared,
)
from cluster.v1.master.duration import Duration


class Call(V1, frozen=True, kw_only=True):
    """What an operator asks of the master: `type`, and the member of that name if there is one."""

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
        GET_AGENTS = "GET_AGENTS", 10
        GET_FRAMEWORKS = "GET_FRAMEWORKS", 11
        GET_EXECUTORS = "GET_EXECUTORS", 12
        GET_OPERATIONS = "GET_OPERATIONS", 33
        GET_TASKS = "GET_TASKS", 13
        GET_ROLES = "GET_ROLES", 14
        GET_WEIGHTS = "GET_WEIGHTS", 15
        UPDATE_WEIGHTS = "UPDATE_WEIGHTS", 16
        GET_MASTER = "GET_MASTER", 17
        SUBSCRIBE = "SUBSCRIBE", 18
        RESERVE_RESOURCES = "RESERVE_RESOURCES", 19
        UNRESERVE_RESOURCES = "UNRESERVE_RESOURCES", 20
        CREATE_VOLUMES = "CREATE_VOLUMES", 21
        DESTROY_VOLUMES = "DESTROY_VOLUMES", 22
        GROW_VOLUME = "GROW_VOLUME", 34
        SHRINK_VOLUME = "SHRINK_VOLUME", 35
        GET_MAINTENANCE_STATUS = "GET_MAINTENANCE_STATUS", 23
        GET_MAINTENANCE_SCHEDULE = "GET_MAINTENANCE_SCHEDULE", 24
        UPDATE_MAINTENANCE_SCHEDULE = "UPDATE_MAINTENANCE_SCHEDULE", 25
        START_MAINTENANCE = "START_MAINTENANCE", 26
        STOP_MAINTENANCE = "STOP_MAINTENANCE", 27
        DRAIN_AGENT = "DRAIN_AGENT", 37
        DEACTIVATE_AGENT = "DEACTIVATE_AGENT", 38
        REACTIVATE_AGENT = "REACTIVATE_AGENT", 39
        GET_QUOTA = "GET_QUOTA", 28
        UPDATE_QUOTA = "UPDATE_QUOTA", 36
        SET_QUOTA = "SET_QUOTA", 29
        REMOVE_QUOTA = "REMOVE_QUOTA", 30
        TEARDOWN = "TEARDOWN", 31
        MARK_AGENT_GONE = "MARK_AGENT_GONE", 32

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

    class UpdateWeights(V1, frozen=True, kw_only=True):
        """Give roles other weights."""

        NUMBERS: ClassVar[dict[str, int]] = {"weight_infos": 1}

        weight_infos: tuple[WeightInfo, ...] = ()

    class ReserveResources(V1, frozen=True, kw_only=True):
        """Reserve resources of an agent; source tells what they are now when refining."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "source": 3, "resources": 2}

        agent_id: AgentID
        source: tuple[Resource, ...] = ()
        resources: tuple[Resource, ...] = ()

    class UnreserveResources(V1, frozen=True, kw_only=True):
        """Pop the last reservation of resources of an agent."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "resources": 2}

        agent_id: AgentID
        resources: tuple[Resource, ...] = ()

    class CreateVolumes(V1, frozen=True, kw_only=True):
        """Create persistent volumes on an agent."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "volumes": 2}

        agent_id: AgentID
        volumes: tuple[Resource, ...] = ()

    class DestroyVolumes(V1, frozen=True, kw_only=True):
        """Destroy persistent volumes of an agent."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "volumes": 2}

        agent_id: AgentID
        volumes: tuple[Resource, ...] = ()

    class GrowVolume(V1, frozen=True, kw_only=True):
        """Make a volume larger."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "volume": 2, "addition": 3}

        agent_id: AgentID | None = None
        volume: Resource
        addition: Resource

    class ShrinkVolume(V1, frozen=True, kw_only=True):
        """Make a volume smaller."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "volume": 2, "subtract": 3}

        agent_id: AgentID | None = None
        volume: Resource
        subtract: Scalar

    class UpdateMaintenanceSchedule(V1, frozen=True, kw_only=True):
        """Replace the plan of maintenance."""

        NUMBERS: ClassVar[dict[str, int]] = {"schedule": 1}

        schedule: Schedule

    class StartMaintenance(V1, frozen=True, kw_only=True):
        """Take machines down."""

        NUMBERS: ClassVar[dict[str, int]] = {"machines": 1}

        machines: tuple[MachineID, ...] = ()

    class StopMaintenance(V1, frozen=True, kw_only=True):
        """Bring machines back up."""

        NUMBERS: ClassVar[dict[str, int]] = {"machines": 1}

        machines: tuple[MachineID, ...] = ()

    class DrainAgent(V1, frozen=True, kw_only=True):
        """Kill the tasks of an agent, and offer it no more."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "max_grace_period": 2, "mark_gone": 3}

        agent_id: AgentID
        max_grace_period: Duration | None = None
        mark_gone: bool = declared(False)

    class DeactivateAgent(V1, frozen=True, kw_only=True):
        """Offer an agent no more."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1}

        agent_id: AgentID

    class ReactivateAgent(V1, frozen=True, kw_only=True):
        """Offer an agent again."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1}

        agent_id: AgentID

    class UpdateQuota(V1, frozen=True, kw_only=True):
        """Replace the quotas of roles; force skips the check against the capacity."""

        NUMBERS: ClassVar[dict[str, int]] = {"force": 1, "quota_configs": 2}

        force: bool | None = None
        quota_configs: tuple[QuotaConfig, ...] = ()

    class SetQuota(V1, frozen=True, kw_only=True):
        """Set a quota in the old form."""

        NUMBERS: ClassVar[dict[str, int]] = {"quota_request": 1}

        quota_request: QuotaRequest

    class RemoveQuota(V1, frozen=True, kw_only=True):
        """Remove a quota set in the old form."""

        NUMBERS: ClassVar[dict[str, int]] = {"role": 1}

        role: str

    class Teardown(V1, frozen=True, kw_only=True):
        """End a framework."""

        NUMBERS: ClassVar[dict[str, int]] = {"framework_id": 1}

        framework_id: FrameworkID

    class MarkAgentGone(V1, frozen=True, kw_only=True):
        """Declare that an agent never comes back."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1}

        agent_id: AgentID

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "get_metrics": 2,
        "set_logging_level": 3,
        "list_files": 4,
        "read_file": 5,
        "update_weights": 6,
        "reserve_resources": 7,
        "unreserve_resources": 8,
        "create_volumes": 9,
        "destroy_volumes": 10,
        "grow_volume": 18,
        "shrink_volume": 19,
        "update_maintenance_schedule": 11,
        "start_maintenance": 12,
        "stop_maintenance": 13,
        "drain_agent": 21,
        "deactivate_agent": 22,
        "reactivate_agent": 23,
        "update_quota": 20,
        "teardown": 16,
        "mark_agent_gone": 17,
        "set_quota": 14,
        "remove_quota": 15,
    }

    type: Type | None = None
    get_metrics: GetMetrics | None = None
    set_logging_level: SetLoggingLevel | None = None
    list_files: ListFiles | None = None
    read_file: ReadFile | None = None
    update_weights: UpdateWeights | None = None
    reserve_resources: ReserveResources | None = None
    unreserve_resources: UnreserveResources | None = None
    create_volumes: CreateVolumes | None = None
    destroy_volumes: DestroyVolumes | None = None
    grow_volume: GrowVolume | None = None
    shrink_volume: ShrinkVolume | None = None
    update_maintenance_schedule: UpdateMaintenanceSchedule | None = None
    start_maintenance: StartMaintenance | None = None
    stop_maintenance: StopMaintenance | None = None
    drain_agent: DrainAgent | None = None
    deactivate_agent: DeactivateAgent | None = None
    reactivate_agent: ReactivateAgent | None = None
    update_quota: UpdateQuota | None = None
    teardown: Teardown | None = None
    mark_agent_gone: MarkAgentGone | None = None
    set_quota: SetQuota | None = None
    remove_quota: RemoveQuota | None = None
