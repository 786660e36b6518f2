"""The v1 executor API and the messages between executor and agent: the same, in other envelopes.

Source: reference scheduler-executor-api.md §6.
"""

from __future__ import annotations

from msgspec.structs import replace

from actors import Message
from cluster.model import CheckInfo, CheckStatusInfo, ExecutorID, Source, TaskState, TaskStatus
from cluster.protocol import executor as protocol
from cluster.v1.errors import Malformed
from cluster.v1.executor import Call, Event
from cluster.v1.union import check_member, check_uuid, fields_in, member_name

_EVENTS: dict[type[Message], tuple[Event.Type, type]] = {
    protocol.Subscribed: (Event.Type.SUBSCRIBED, Event.Subscribed),
    protocol.Launch: (Event.Type.LAUNCH, Event.Launch),
    protocol.LaunchGroup: (Event.Type.LAUNCH_GROUP, Event.LaunchGroup),
    protocol.Kill: (Event.Type.KILL, Event.Kill),
    protocol.Acknowledged: (Event.Type.ACKNOWLEDGED, Event.Acknowledged),
    protocol.MessageFromScheduler: (Event.Type.MESSAGE, Event.Message),
    protocol.Error: (Event.Type.ERROR, Event.Error),
}
_SHUTDOWN = Event(type=Event.Type.SHUTDOWN)

#: Says that the agent is there.  Messages need none: their connections have their own.
HEARTBEAT = Event(type=Event.Type.HEARTBEAT)


def check_call(call: Call) -> None:
    """See that a call says what its type needs.

    Raises:
        Malformed: something is missing, or does not fit together.
    """
    check_member(call)
    if call.type is Call.Type.UPDATE and call.update is not None:
        _check_status(call.update.status, call.executor_id)


def _check_status(status: TaskStatus, executor_id: ExecutorID) -> None:
    check_uuid(status.uuid, "update.status.uuid")
    if status.source is not Source.SOURCE_EXECUTOR:
        raise Malformed("update.status.source", f"expected SOURCE_EXECUTOR, got {status.source or 'nothing'}")
    if status.state is TaskState.TASK_STAGING:
        raise Malformed("update.status.state", "an executor cannot report TASK_STAGING")
    if status.executor_id is not None and status.executor_id != executor_id:
        raise Malformed("update.status.executor_id", f"differs from executor_id: {status.executor_id}")
    if status.check_status is not None:
        _check_check(status.check_status)


def _check_check(check: CheckStatusInfo) -> None:
    path = "update.status.check_status"
    match check.type:
        case None:
            raise Malformed(f"{path}.type", "this field is missing")
        case CheckInfo.Type.UNKNOWN:
            raise Malformed(f"{path}.type", "UNKNOWN is no type of a check")
        case CheckInfo.Type.COMMAND | CheckInfo.Type.HTTP | CheckInfo.Type.TCP:
            name = member_name(check.type)
            if getattr(check, name) is None:
                raise Malformed(f"{path}.{name}", f"this member is missing, which belongs to {check.type}")


def message_of(call: Call) -> Message | None:
    """The message a call stands for; None for HEARTBEAT and UNKNOWN.  It has passed `check_call`."""
    framework_id, executor_id = call.framework_id, call.executor_id
    match call.type:
        case Call.Type.SUBSCRIBE if call.subscribe is not None:
            return protocol.Subscribe(
                framework_id=framework_id,
                executor_id=executor_id,
                unacknowledged_tasks=call.subscribe.unacknowledged_tasks,
                unacknowledged_updates=tuple(one.status for one in call.subscribe.unacknowledged_updates),
            )
        case Call.Type.UPDATE if call.update is not None:
            return protocol.Update(
                framework_id=framework_id, executor_id=executor_id, status=call.update.status
            )
        case Call.Type.MESSAGE if call.message is not None:
            return protocol.MessageToScheduler(
                framework_id=framework_id, executor_id=executor_id, data=call.message.data
            )
        case _:
            return None


def call_of(message: protocol.Subscribe | protocol.Update | protocol.MessageToScheduler) -> Call:
    """The call that says what a message to the agent says."""
    call = Call(framework_id=message.framework_id, executor_id=message.executor_id)
    match message:
        case protocol.Subscribe():
            updates = tuple(Call.Update(status=status) for status in message.unacknowledged_updates)
            subscribe = Call.Subscribe(
                unacknowledged_tasks=message.unacknowledged_tasks, unacknowledged_updates=updates
            )
            return replace(call, type=Call.Type.SUBSCRIBE, subscribe=subscribe)
        case protocol.Update():
            return replace(call, type=Call.Type.UPDATE, update=Call.Update(status=message.status))
        case protocol.MessageToScheduler():
            return replace(call, type=Call.Type.MESSAGE, message=Call.Message(data=message.data))


def event_of(message: Message) -> Event:
    """The event that says what a message from the agent says."""
    if isinstance(message, protocol.Shutdown):
        return _SHUTDOWN
    kind, member = _EVENTS[type(message)]
    return Event(type=kind, **{member_name(kind): member(**fields_in(message))})
