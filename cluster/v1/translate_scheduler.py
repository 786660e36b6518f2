"""The v1 scheduler API and the messages between scheduler and master: the same, in other envelopes.

Members and messages have the same fields, so a table of names is all there is to say; the exceptions have
lines of their own.

Source: reference scheduler-executor-api.md §2 (call validation), §3, §4.
"""

from __future__ import annotations

from actors import Message
from cluster.model import FrameworkID, FrameworkInfo
from cluster.protocol import scheduler as protocol
from cluster.v1.errors import Malformed
from cluster.v1.scheduler import Call, Event
from cluster.v1.union import check_member, check_uuid, fields_in, member_name

#: Types of calls whose member may be missing.
_OPTIONAL = frozenset({Call.Type.TEARDOWN, Call.Type.REVIVE, Call.Type.SUPPRESS})

_CALLS: dict[Call.Type, type[Message]] = {
    Call.Type.SUBSCRIBE: protocol.Subscribe,
    Call.Type.TEARDOWN: protocol.Teardown,
    Call.Type.ACCEPT: protocol.Accept,
    Call.Type.DECLINE: protocol.Decline,
    Call.Type.ACCEPT_INVERSE_OFFERS: protocol.AcceptInverseOffers,
    Call.Type.DECLINE_INVERSE_OFFERS: protocol.DeclineInverseOffers,
    Call.Type.REVIVE: protocol.Revive,
    Call.Type.SUPPRESS: protocol.Suppress,
    Call.Type.KILL: protocol.Kill,
    Call.Type.SHUTDOWN: protocol.Shutdown,
    Call.Type.ACKNOWLEDGE: protocol.Acknowledge,
    Call.Type.ACKNOWLEDGE_OPERATION_STATUS: protocol.AcknowledgeOperationStatus,
    Call.Type.RECONCILE: protocol.Reconcile,
    Call.Type.RECONCILE_OPERATIONS: protocol.ReconcileOperations,
    Call.Type.MESSAGE: protocol.MessageToExecutor,
    Call.Type.REQUEST: protocol.RequestResources,
    Call.Type.UPDATE_FRAMEWORK: protocol.UpdateFramework,
}
_CALL_TYPES = {message: kind for kind, message in _CALLS.items()}
_MEMBERS = {
    Call.Type.SUBSCRIBE: Call.Subscribe,
    Call.Type.ACCEPT: Call.Accept,
    Call.Type.DECLINE: Call.Decline,
    Call.Type.ACCEPT_INVERSE_OFFERS: Call.AcceptInverseOffers,
    Call.Type.DECLINE_INVERSE_OFFERS: Call.DeclineInverseOffers,
    Call.Type.REVIVE: Call.Revive,
    Call.Type.SUPPRESS: Call.Suppress,
    Call.Type.KILL: Call.Kill,
    Call.Type.SHUTDOWN: Call.Shutdown,
    Call.Type.ACKNOWLEDGE: Call.Acknowledge,
    Call.Type.ACKNOWLEDGE_OPERATION_STATUS: Call.AcknowledgeOperationStatus,
    Call.Type.RECONCILE: Call.Reconcile,
    Call.Type.RECONCILE_OPERATIONS: Call.ReconcileOperations,
    Call.Type.MESSAGE: Call.Message,
    Call.Type.REQUEST: Call.Request,
    Call.Type.UPDATE_FRAMEWORK: Call.UpdateFramework,
}
_EVENTS: dict[type[Message], tuple[Event.Type, type]] = {
    protocol.Subscribed: (Event.Type.SUBSCRIBED, Event.Subscribed),
    protocol.Offers: (Event.Type.OFFERS, Event.Offers),
    protocol.InverseOffers: (Event.Type.INVERSE_OFFERS, Event.InverseOffers),
    protocol.Rescind: (Event.Type.RESCIND, Event.Rescind),
    protocol.RescindInverseOffer: (Event.Type.RESCIND_INVERSE_OFFER, Event.RescindInverseOffer),
    protocol.Update: (Event.Type.UPDATE, Event.Update),
    protocol.UpdateOperationStatus: (Event.Type.UPDATE_OPERATION_STATUS, Event.UpdateOperationStatus),
    protocol.MessageFromExecutor: (Event.Type.MESSAGE, Event.Message),
    protocol.Failure: (Event.Type.FAILURE, Event.Failure),
    protocol.Error: (Event.Type.ERROR, Event.Error),
}
_HEARTBEAT = Event(type=Event.Type.HEARTBEAT)


def check_call(call: Call, principal: str | None = None) -> None:
    """See that a call says what its type needs.  principal: who sent it, if that is known.

    Raises:
        Malformed: something is missing, or does not fit together.
    """
    check_member(call, _OPTIONAL)
    if call.subscribe is not None and call.type is Call.Type.SUBSCRIBE:
        _check_same_id(call.framework_id, call.subscribe.framework_info, "subscribe")
        _check_principal(call.subscribe.framework_info, principal)
        return
    if call.framework_id is None:
        raise Malformed("framework_id", f"this field is missing, which type {call.type} needs")
    match call.type:
        case Call.Type.ACKNOWLEDGE if call.acknowledge is not None:
            check_uuid(call.acknowledge.uuid, "acknowledge.uuid")
        case Call.Type.ACKNOWLEDGE_OPERATION_STATUS if call.acknowledge_operation_status is not None:
            check_uuid(call.acknowledge_operation_status.uuid, "acknowledge_operation_status.uuid")
            if call.acknowledge_operation_status.agent_id is None:
                raise Malformed("acknowledge_operation_status.agent_id", "this field is missing")
        case Call.Type.UPDATE_FRAMEWORK if call.update_framework is not None:
            _check_same_id(call.framework_id, call.update_framework.framework_info, "update_framework")


def _check_same_id(framework_id: FrameworkID | None, info: FrameworkInfo, member: str) -> None:
    """An empty id is as none."""
    outer = framework_id.value if framework_id is not None else ""
    inner = info.id.value if info.id is not None else ""
    if outer != inner:
        raise Malformed("framework_id", f"differs from {member}.framework_info.id: {outer!r}, {inner!r}")


def _check_principal(info: FrameworkInfo, principal: str | None) -> None:
    if principal is not None and info.principal is not None and info.principal != principal:
        raise Malformed(
            "subscribe.framework_info.principal",
            f"{info.principal!r} is not the authenticated principal {principal!r}",
        )


def message_of(call: Call) -> Message | None:
    """The message a call stands for; None for type UNKNOWN.  The call has passed `check_call`."""
    assert call.type is not None, "check_call lets no call without type pass"
    kind = _CALLS.get(call.type)
    if kind is None:
        return None
    member = getattr(call, member_name(call.type), None)
    fields = fields_in(member) if member is not None else {}
    if call.type is not Call.Type.SUBSCRIBE:
        fields["framework_id"] = call.framework_id
    if call.type is Call.Type.RECONCILE:
        fields["tasks"] = tuple(protocol.TaskToReconcile(**fields_in(one)) for one in fields["tasks"])
    elif call.type is Call.Type.RECONCILE_OPERATIONS:
        fields["operations"] = tuple(
            protocol.OperationToReconcile(**fields_in(one)) for one in fields["operations"]
        )
    return kind(**fields)


def call_of(message: Message) -> Call:
    """The call that says what a message to the master says."""
    kind = _CALL_TYPES[type(message)]
    fields = fields_in(message)
    if isinstance(message, protocol.Subscribe):
        framework_id = message.framework_info.id
    else:
        framework_id = fields.pop("framework_id")
    if isinstance(message, protocol.Reconcile):
        fields["tasks"] = tuple(Call.Reconcile.Task(**fields_in(one)) for one in message.tasks)
    elif isinstance(message, protocol.ReconcileOperations):
        fields["operations"] = tuple(
            Call.ReconcileOperations.Operation(**fields_in(one)) for one in message.operations
        )
    member = {member_name(kind): _MEMBERS[kind](**fields)} if kind in _MEMBERS else {}
    return Call(framework_id=framework_id, type=kind, **member)


def event_of(message: Message) -> Event:
    """The event that says what a message from the master says."""
    if isinstance(message, protocol.Heartbeat):
        return _HEARTBEAT
    kind, member = _EVENTS[type(message)]
    return Event(type=kind, **{member_name(kind): member(**fields_in(message))})
