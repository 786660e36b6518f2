"""Scheduler and master: the calls and events of the v1 scheduler API as messages.

Calls go to the actor `master`, events come to the scheduler that subscribed. Field names are those
of the v1 API, so that the HTTP front only renames the envelope.

Source: reference scheduler-executor-api.md §3 and §4.
"""

from __future__ import annotations

from actors import Message, message
from cluster.model import (
    AgentID,
    ExecutorID,
    Filters,
    FrameworkID,
    FrameworkInfo,
    InverseOffer,
    KillPolicy,
    MasterInfo,
    Offer,
    OfferConstraints,
    OfferID,
    Operation,
    OperationID,
    OperationStatus,
    Request,
    ResourceProviderID,
    TaskID,
    TaskStatus,
)

# -- calls ------------------------------------------------------------------------------------


@message("scheduler.Subscribe")
class Subscribe(Message, frozen=True):
    """Begin, or begin again, to receive events. An id in the info means: I am that framework."""

    framework_info: FrameworkInfo
    suppressed_roles: tuple[str, ...] = ()
    offer_constraints: OfferConstraints | None = None


@message("scheduler.Teardown")
class Teardown(Message, frozen=True):
    """End the framework: its tasks are killed and its id is never taken again."""

    framework_id: FrameworkID


@message("scheduler.Accept")
class Accept(Message, frozen=True):
    """Use offers of one agent for operations; what they do not use goes back with `filters`."""

    framework_id: FrameworkID
    offer_ids: tuple[OfferID, ...]
    operations: tuple[Operation, ...] = ()
    filters: Filters | None = None


@message("scheduler.Decline")
class Decline(Message, frozen=True):
    """Give offers back; their resources are not offered again while the filter lasts."""

    framework_id: FrameworkID
    offer_ids: tuple[OfferID, ...]
    filters: Filters | None = None


@message("scheduler.AcceptInverseOffers")
class AcceptInverseOffers(Message, frozen=True):
    """Agree to give resources back before a machine goes away."""

    framework_id: FrameworkID
    inverse_offer_ids: tuple[OfferID, ...]
    filters: Filters | None = None


@message("scheduler.DeclineInverseOffers")
class DeclineInverseOffers(Message, frozen=True):
    """Say that resources will not be given back in time."""

    framework_id: FrameworkID
    inverse_offer_ids: tuple[OfferID, ...]
    filters: Filters | None = None


@message("scheduler.Revive")
class Revive(Message, frozen=True):
    """Lift suppression and filters of `roles` (none: of all roles of the framework)."""

    framework_id: FrameworkID
    roles: tuple[str, ...] = ()


@message("scheduler.Suppress")
class Suppress(Message, frozen=True):
    """No more offers for `roles` (none: for all roles of the framework)."""

    framework_id: FrameworkID
    roles: tuple[str, ...] = ()


@message("scheduler.Kill")
class Kill(Message, frozen=True):
    """Kill a task; an unknown one is reconciled instead."""

    framework_id: FrameworkID
    task_id: TaskID
    agent_id: AgentID | None = None
    kill_policy: KillPolicy | None = None


@message("scheduler.Shutdown")
class Shutdown(Message, frozen=True):
    """Shut a custom executor down."""

    framework_id: FrameworkID
    executor_id: ExecutorID
    agent_id: AgentID


@message("scheduler.Acknowledge")
class Acknowledge(Message, frozen=True):
    """The update with this uuid (16 bytes) is dealt with; the next one may come."""

    framework_id: FrameworkID
    agent_id: AgentID
    task_id: TaskID
    uuid: bytes


@message("scheduler.AcknowledgeOperationStatus")
class AcknowledgeOperationStatus(Message, frozen=True):
    """The status of an operation with this uuid (16 bytes) is dealt with."""

    framework_id: FrameworkID
    operation_id: OperationID
    uuid: bytes
    agent_id: AgentID | None = None
    resource_provider_id: ResourceProviderID | None = None


class TaskToReconcile(Message, frozen=True):
    """A task whose state the scheduler wants to know."""

    task_id: TaskID
    agent_id: AgentID | None = None


@message("scheduler.Reconcile")
class Reconcile(Message, frozen=True):
    """Ask for the states of `tasks` (none: of all tasks of the framework that are known)."""

    framework_id: FrameworkID
    tasks: tuple[TaskToReconcile, ...] = ()


class OperationToReconcile(Message, frozen=True):
    """An operation whose state the scheduler wants to know."""

    operation_id: OperationID
    agent_id: AgentID | None = None
    resource_provider_id: ResourceProviderID | None = None


@message("scheduler.ReconcileOperations")
class ReconcileOperations(Message, frozen=True):
    """Ask for the states of `operations` (none: of all of the framework that are known)."""

    framework_id: FrameworkID
    operations: tuple[OperationToReconcile, ...] = ()


@message("scheduler.Message")
class MessageToExecutor(Message, frozen=True):
    """Bytes for an executor, best effort."""

    framework_id: FrameworkID
    agent_id: AgentID
    executor_id: ExecutorID
    data: bytes


@message("scheduler.RequestResources")
class RequestResources(Message, frozen=True):
    """Resources the framework would like; the built-in allocator ignores it."""

    framework_id: FrameworkID
    requests: tuple[Request, ...] = ()


@message("scheduler.UpdateFramework")
class UpdateFramework(Message, frozen=True):
    """Replace the framework's info, suppressed roles and offer constraints."""

    framework_id: FrameworkID
    framework_info: FrameworkInfo
    suppressed_roles: tuple[str, ...] = ()
    offer_constraints: OfferConstraints | None = None


# -- events -----------------------------------------------------------------------------------


@message("scheduler.Subscribed")
class Subscribed(Message, frozen=True):
    """The first event: the framework's id, and how often a heartbeat comes."""

    framework_id: FrameworkID
    heartbeat_interval_seconds: float
    master_info: MasterInfo


@message("scheduler.Offers")
class Offers(Message, frozen=True):
    """Resources to be accepted or declined; one offer per role and agent."""

    offers: tuple[Offer, ...]


@message("scheduler.InverseOffers")
class InverseOffers(Message, frozen=True):
    """Requests to give resources back before machines go away."""

    inverse_offers: tuple[InverseOffer, ...]


@message("scheduler.Rescind")
class Rescind(Message, frozen=True):
    """The offer is no longer valid."""

    offer_id: OfferID


@message("scheduler.RescindInverseOffer")
class RescindInverseOffer(Message, frozen=True):
    """The inverse offer is no longer valid."""

    inverse_offer_id: OfferID


@message("scheduler.Update")
class Update(Message, frozen=True):
    """A task's status; one with a uuid must be acknowledged."""

    status: TaskStatus


@message("scheduler.UpdateOperationStatus")
class UpdateOperationStatus(Message, frozen=True):
    """The status of an operation that was given an id."""

    status: OperationStatus


@message("scheduler.ExecutorMessage")
class MessageFromExecutor(Message, frozen=True):
    """Bytes from an executor, best effort."""

    agent_id: AgentID
    executor_id: ExecutorID
    data: bytes


@message("scheduler.Failure")
class Failure(Message, frozen=True):
    """An agent is lost (only `agent_id`), or an executor ended (`status`: raw wait status)."""

    agent_id: AgentID
    executor_id: ExecutorID | None = None
    status: int | None = None


@message("scheduler.Error")
class Error(Message, frozen=True):
    """The subscription ended for good."""

    message: str


@message("scheduler.Heartbeat")
class Heartbeat(Message, frozen=True):
    """The master is there."""
