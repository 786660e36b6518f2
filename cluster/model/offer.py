"""Offers, inverse offers, and the operations that answer an offer.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.attribute import Attribute
from cluster.model.base import V1, V1Enum
from cluster.model.domain import DomainInfo
from cluster.model.executor import ExecutorInfo
from cluster.model.ids import UUID, AgentID, ExecutorID, FrameworkID, OfferID, OperationID, ResourceProviderID
from cluster.model.resource import AllocationInfo, DiskInfo, Resource
from cluster.model.task import TaskGroupInfo, TaskInfo
from cluster.model.times import Unavailability
from cluster.model.urls import URL
from cluster.model.values import Scalar


class Offer(V1, frozen=True, kw_only=True):
    """Resources of one agent offered to one framework for one role."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "id": 1,
        "framework_id": 2,
        "agent_id": 3,
        "hostname": 4,
        "url": 8,
        "domain": 11,
        "resources": 5,
        "attributes": 7,
        "executor_ids": 6,
        "unavailability": 9,
        "allocation_info": 10,
    }

    id: OfferID
    framework_id: FrameworkID
    agent_id: AgentID
    hostname: str
    url: URL | None = None
    domain: DomainInfo | None = None
    resources: tuple[Resource, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    executor_ids: tuple[ExecutorID, ...] = ()
    unavailability: Unavailability | None = None
    allocation_info: AllocationInfo | None = None


class InverseOffer(V1, frozen=True, kw_only=True):
    """A request to give resources back before a machine goes away."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "id": 1,
        "url": 2,
        "framework_id": 3,
        "agent_id": 4,
        "unavailability": 5,
        "resources": 6,
    }

    id: OfferID
    url: URL | None = None
    framework_id: FrameworkID
    agent_id: AgentID | None = None
    unavailability: Unavailability
    resources: tuple[Resource, ...] = ()


class Operation(V1, frozen=True, kw_only=True):
    """An answer to an offer: exactly the member named by type is set."""

    class Type(V1Enum):
        """Kind of operation."""

        UNKNOWN = "UNKNOWN", 0
        LAUNCH = "LAUNCH", 1
        LAUNCH_GROUP = "LAUNCH_GROUP", 6
        RESERVE = "RESERVE", 2
        UNRESERVE = "UNRESERVE", 3
        CREATE = "CREATE", 4
        DESTROY = "DESTROY", 5
        GROW_VOLUME = "GROW_VOLUME", 11
        SHRINK_VOLUME = "SHRINK_VOLUME", 12
        CREATE_DISK = "CREATE_DISK", 13
        DESTROY_DISK = "DESTROY_DISK", 14

    class Launch(V1, frozen=True, kw_only=True):
        """Launch tasks."""

        NUMBERS: ClassVar[dict[str, int]] = {"task_infos": 1}

        task_infos: tuple[TaskInfo, ...] = ()

    class LaunchGroup(V1, frozen=True, kw_only=True):
        """Launch a group under the default executor."""

        NUMBERS: ClassVar[dict[str, int]] = {"executor": 1, "task_group": 2}

        executor: ExecutorInfo
        task_group: TaskGroupInfo

    class Reserve(V1, frozen=True, kw_only=True):
        """Push a reservation onto resources; source tells them apart when refining."""

        NUMBERS: ClassVar[dict[str, int]] = {"source": 2, "resources": 1}

        source: tuple[Resource, ...] = ()
        resources: tuple[Resource, ...] = ()

    class Unreserve(V1, frozen=True, kw_only=True):
        """Pop the last reservation."""

        NUMBERS: ClassVar[dict[str, int]] = {"resources": 1}

        resources: tuple[Resource, ...] = ()

    class Create(V1, frozen=True, kw_only=True):
        """Create persistent volumes."""

        NUMBERS: ClassVar[dict[str, int]] = {"volumes": 1}

        volumes: tuple[Resource, ...] = ()

    class Destroy(V1, frozen=True, kw_only=True):
        """Destroy persistent volumes."""

        NUMBERS: ClassVar[dict[str, int]] = {"volumes": 1}

        volumes: tuple[Resource, ...] = ()

    class GrowVolume(V1, frozen=True, kw_only=True):
        """Make a volume larger."""

        NUMBERS: ClassVar[dict[str, int]] = {"volume": 1, "addition": 2}

        volume: Resource
        addition: Resource

    class ShrinkVolume(V1, frozen=True, kw_only=True):
        """Make a volume smaller."""

        NUMBERS: ClassVar[dict[str, int]] = {"volume": 1, "subtract": 2}

        volume: Resource
        subtract: Scalar

    class CreateDisk(V1, frozen=True, kw_only=True):
        """Turn raw disk of a provider into MOUNT or BLOCK disk."""

        NUMBERS: ClassVar[dict[str, int]] = {"source": 1, "target_type": 2, "target_profile": 3}

        source: Resource
        target_type: DiskInfo.Source.Type
        target_profile: str | None = None

    class DestroyDisk(V1, frozen=True, kw_only=True):
        """Turn provider disk back into raw disk."""

        NUMBERS: ClassVar[dict[str, int]] = {"source": 1}

        source: Resource

    NUMBERS: ClassVar[dict[str, int]] = {
        "type": 1,
        "id": 12,
        "launch": 2,
        "launch_group": 7,
        "reserve": 3,
        "unreserve": 4,
        "create": 5,
        "destroy": 6,
        "grow_volume": 13,
        "shrink_volume": 14,
        "create_disk": 15,
        "destroy_disk": 16,
    }

    type: Type | None = None
    id: OperationID | None = None
    launch: Launch | None = None
    launch_group: LaunchGroup | None = None
    reserve: Reserve | None = None
    unreserve: Unreserve | None = None
    create: Create | None = None
    destroy: Destroy | None = None
    grow_volume: GrowVolume | None = None
    shrink_volume: ShrinkVolume | None = None
    create_disk: CreateDisk | None = None
    destroy_disk: DestroyDisk | None = None


class OperationState(V1Enum):
    """State of an operation."""

    OPERATION_UNSUPPORTED = "OPERATION_UNSUPPORTED", 0
    OPERATION_PENDING = "OPERATION_PENDING", 1
    OPERATION_FINISHED = "OPERATION_FINISHED", 2
    OPERATION_FAILED = "OPERATION_FAILED", 3
    OPERATION_ERROR = "OPERATION_ERROR", 4
    OPERATION_DROPPED = "OPERATION_DROPPED", 5
    OPERATION_UNREACHABLE = "OPERATION_UNREACHABLE", 6
    OPERATION_GONE_BY_OPERATOR = "OPERATION_GONE_BY_OPERATOR", 7
    OPERATION_RECOVERING = "OPERATION_RECOVERING", 8
    OPERATION_UNKNOWN = "OPERATION_UNKNOWN", 9


class OperationStatus(V1, frozen=True, kw_only=True):
    """A status of an operation."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "operation_id": 1,
        "state": 2,
        "message": 3,
        "converted_resources": 4,
        "uuid": 5,
        "agent_id": 6,
        "resource_provider_id": 7,
    }

    operation_id: OperationID | None = None
    state: OperationState
    message: str | None = None
    converted_resources: tuple[Resource, ...] = ()
    uuid: UUID | None = None
    agent_id: AgentID | None = None
    resource_provider_id: ResourceProviderID | None = None


class OperationRecord(V1, frozen=True, kw_only=True):
    """An operation as master and agent remember it (v1 name: Operation)."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "framework_id": 1,
        "agent_id": 2,
        "info": 3,
        "latest_status": 4,
        "statuses": 5,
        "uuid": 6,
    }

    framework_id: FrameworkID | None = None
    agent_id: AgentID | None = None
    info: Operation
    latest_status: OperationStatus
    statuses: tuple[OperationStatus, ...] = ()
    uuid: UUID
