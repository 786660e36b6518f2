"""Calls of the scheduler API.

Source: reference scheduler-executor-api.md §3.
"""

from typing import ClassVar

from cluster.model import (
    V1,
    AgentID,
    ExecutorID,
    Filters,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    OfferConstraints,
    OfferID,
    Operation,
    OperationID,
    ResourceProviderID,
    TaskID,
    V1Enum,
)
from cluster.model import Request as ResourceRequest


class Call(V1, frozen=True, kw_only=True):
    """What a scheduler asks of the master: `type`, and the member of that name."""

    class Type(V1Enum):
        """Which member counts."""

        UNKNOWN = "UNKNOWN", 0
        SUBSCRIBE = "SUBSCRIBE", 1
        TEARDOWN = "TEARDOWN", 2
        ACCEPT = "ACCEPT", 3
        DECLINE = "DECLINE", 4
        ACCEPT_INVERSE_OFFERS = "ACCEPT_INVERSE_OFFERS", 13
        DECLINE_INVERSE_OFFERS = "DECLINE_INVERSE_OFFERS", 14
        REVIVE = "REVIVE", 5
        KILL = "KILL", 6
        SHUTDOWN = "SHUTDOWN", 7
        ACKNOWLEDGE = "ACKNOWLEDGE", 8
        ACKNOWLEDGE_OPERATION_STATUS = "ACKNOWLEDGE_OPERATION_STATUS", 15
        RECONCILE = "RECONCILE", 9
        RECONCILE_OPERATIONS = "RECONCILE_OPERATIONS", 16
        MESSAGE = "MESSAGE", 10
        REQUEST = "REQUEST", 11
        SUPPRESS = "SUPPRESS", 12
        UPDATE_FRAMEWORK = "UPDATE_FRAMEWORK", 17

    class Subscribe(V1, frozen=True, kw_only=True):
        """Begin, or begin again, to receive events."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "framework_info": 1,
            "suppressed_roles": 2,
            "offer_constraints": 3,
        }

        framework_info: FrameworkInfo
        suppressed_roles: tuple[str, ...] = ()
        offer_constraints: OfferConstraints | None = None

    class Accept(V1, frozen=True, kw_only=True):
        """Use offers of one agent for operations."""

        NUMBERS: ClassVar[dict[str, int]] = {"offer_ids": 1, "operations": 2, "filters": 3}

        offer_ids: tuple[OfferID, ...] = ()
        operations: tuple[Operation, ...] = ()
        filters: Filters | None = None

    class Decline(V1, frozen=True, kw_only=True):
        """Give offers back."""

        NUMBERS: ClassVar[dict[str, int]] = {"offer_ids": 1, "filters": 2}

        offer_ids: tuple[OfferID, ...] = ()
        filters: Filters | None = None

    class AcceptInverseOffers(V1, frozen=True, kw_only=True):
        """Agree to give resources back before a machine goes away."""

        NUMBERS: ClassVar[dict[str, int]] = {"inverse_offer_ids": 1, "filters": 2}

        inverse_offer_ids: tuple[OfferID, ...] = ()
        filters: Filters | None = None

    class DeclineInverseOffers(V1, frozen=True, kw_only=True):
        """Say that resources will not be given back in time."""

        NUMBERS: ClassVar[dict[str, int]] = {"inverse_offer_ids": 1, "filters": 2}

        inverse_offer_ids: tuple[OfferID, ...] = ()
        filters: Filters | None = None

    class Revive(V1, frozen=True, kw_only=True):
        """Lift suppression and filters of roles, of all if none is named."""

        NUMBERS: ClassVar[dict[str, int]] = {"roles": 1}

        roles: tuple[str, ...] = ()

    class Kill(V1, frozen=True, kw_only=True):
        """Kill a task."""

        NUMBERS: ClassVar[dict[str, int]] = {"task_id": 1, "agent_id": 2, "kill_policy": 3}

        task_id: TaskID
        agent_id: AgentID | None = None
        kill_policy: KillPolicy | None = None

    class Shutdown(V1, frozen=True, kw_only=True):
        """Shut a custom executor down."""

        NUMBERS: ClassVar[dict[str, int]] = {"executor_id": 1, "agent_id": 2}

        executor_id: ExecutorID
        agent_id: AgentID

    class Acknowledge(V1, frozen=True, kw_only=True):
        """The status with this uuid (16 bytes) is dealt with."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "task_id": 2, "uuid": 3}

        agent_id: AgentID
        task_id: TaskID
        uuid: bytes

    class AcknowledgeOperationStatus(V1, frozen=True, kw_only=True):
        """The status of an operation with this uuid (16 bytes) is dealt with."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "agent_id": 1,
            "resource_provider_id": 2,
            "uuid": 3,
            "operation_id": 4,
        }

        agent_id: AgentID | None = None
        resource_provider_id: ResourceProviderID | None = None
        uuid: bytes
        operation_id: OperationID

    class Reconcile(V1, frozen=True, kw_only=True):
        """Ask for the states of tasks, of all known ones if none is named."""

        class Task(V1, frozen=True, kw_only=True):
            """A task whose state is asked for."""

            NUMBERS: ClassVar[dict[str, int]] = {"task_id": 1, "agent_id": 2}

            task_id: TaskID
            agent_id: AgentID | None = None

        NUMBERS: ClassVar[dict[str, int]] = {"tasks": 1}

        tasks: tuple[Task, ...] = ()

    class ReconcileOperations(V1, frozen=True, kw_only=True):
        """Ask for the states of operations, of all known ones if none is named."""

        class Operation(V1, frozen=True, kw_only=True):
            """An operation whose state is asked for."""

            NUMBERS: ClassVar[dict[str, int]] = {"operation_id": 1, "agent_id": 2, "resource_provider_id": 3}

            operation_id: OperationID
            agent_id: AgentID | None = None
            resource_provider_id: ResourceProviderID | None = None

        NUMBERS: ClassVar[dict[str, int]] = {"operations": 1}

        operations: tuple[Operation, ...] = ()

    class Message(V1, frozen=True, kw_only=True):
        """Bytes for an executor, best effort."""

        NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "executor_id": 2, "data": 3}

        agent_id: AgentID
        executor_id: ExecutorID
        data: bytes

    class Request(V1, frozen=True, kw_only=True):
        """Resources the framework would like; the built-in allocator ignores it."""

        NUMBERS: ClassVar[dict[str, int]] = {"requests": 1}

        requests: tuple[ResourceRequest, ...] = ()

    class Suppress(V1, frozen=True, kw_only=True):
        """No more offers for roles, for all if none is named."""

        NUMBERS: ClassVar[dict[str, int]] = {"roles": 1}

        roles: tuple[str, ...] = ()

    class UpdateFramework(V1, frozen=True, kw_only=True):
        """Replace what the framework said of itself when it subscribed."""

        NUMBERS: ClassVar[dict[str, int]] = {
            "framework_info": 1,
            "suppressed_roles": 2,
            "offer_constraints": 3,
        }

        framework_info: FrameworkInfo
        suppressed_roles: tuple[str, ...] = ()
        offer_constraints: OfferConstraints | None = None

    NUMBERS: ClassVar[dict[str, int]] = {
        "framework_id": 1,
        "type": 2,
        "subscribe": 3,
        "accept": 4,
        "decline": 5,
        "accept_inverse_offers": 13,
        "decline_inverse_offers": 14,
        "revive": 15,
        "kill": 6,
        "shutdown": 7,
        "acknowledge": 8,
        "acknowledge_operation_status": 17,
        "reconcile": 9,
        "reconcile_operations": 18,
        "message": 10,
        "request": 11,
        "suppress": 16,
        "update_framework": 19,
    }

    framework_id: FrameworkID | None = None
    type: Type | None = None
    subscribe: Subscribe | None = None
    accept: Accept | None = None
    decline: Decline | None = None
    accept_inverse_offers: AcceptInverseOffers | None = None
    decline_inverse_offers: DeclineInverseOffers | None = None
    revive: Revive | None = None
    kill: Kill | None = None
    shutdown: Shutdown | None = None
    acknowledge: Acknowledge | None = None
    acknowledge_operation_status: AcknowledgeOperationStatus | None = None
    reconcile: Reconcile | None = None
    reconcile_operations: ReconcileOperations | None = None
    message: Message | None = None
    request: Request | None = None
    suppress: Suppress | None = None
    update_framework: UpdateFramework | None = None
