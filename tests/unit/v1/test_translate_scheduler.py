"""The scheduler API and its messages: every call there and back, every event, every fault of a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import Message
from cluster.protocol import scheduler as protocol
from cluster.v1 import json
from cluster.v1 import translate_scheduler as translate
from cluster.v1.errors import Malformed
from cluster.v1.scheduler import Call, Event
from cluster.v1.union import member_name

GOLDEN = Path(__file__).parents[2] / "golden" / "v1" / "scheduler"
CALLS = sorted((GOLDEN / "call").glob("*.json"))
EVENTS = sorted((GOLDEN / "event").glob("*.json"))
#: Messages that are part of others.
PARTS = {protocol.TaskToReconcile, protocol.OperationToReconcile}
MESSAGES: set[type[Message]] = {
    kind
    for kind in vars(protocol).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == protocol.__name__
} - PARTS


def call(text: str) -> Call:
    return json.decode(Call, text.encode())


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_is_a_message_and_back(path: Path) -> None:
    one = call(path.read_text())
    translate.check_call(one)
    message = translate.message_of(one)
    assert message is not None
    assert translate.call_of(message) == one
    sent = msgspec.msgpack.encode(message)
    assert msgspec.msgpack.decode(sent, type=type(message)) == message


def test_every_message_is_a_call_or_an_event() -> None:
    calls = {type(translate.message_of(call(path.read_text()))) for path in CALLS}
    events = {type(message_for(path)) for path in EVENTS}
    assert calls | events == MESSAGES
    assert not calls & events


def message_for(path: Path) -> Message:
    """The message with the content of a golden event."""
    event = json.decode(Event, path.read_bytes())
    assert event.type is not None
    kind = next(kind for kind in MESSAGES if EVENT_TYPES.get(kind) is event.type)
    member: Any = getattr(event, member_name(event.type), None)
    fields = {} if member is None else {name: getattr(member, name) for name in member.__struct_fields__}
    return kind(**fields)


EVENT_TYPES: dict[type[Message], Event.Type] = {
    protocol.Subscribed: Event.Type.SUBSCRIBED,
    protocol.Offers: Event.Type.OFFERS,
    protocol.InverseOffers: Event.Type.INVERSE_OFFERS,
    protocol.Rescind: Event.Type.RESCIND,
    protocol.RescindInverseOffer: Event.Type.RESCIND_INVERSE_OFFER,
    protocol.Update: Event.Type.UPDATE,
    protocol.UpdateOperationStatus: Event.Type.UPDATE_OPERATION_STATUS,
    protocol.MessageFromExecutor: Event.Type.MESSAGE,
    protocol.Failure: Event.Type.FAILURE,
    protocol.Error: Event.Type.ERROR,
    protocol.Heartbeat: Event.Type.HEARTBEAT,
}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_message_is_an_event(path: Path) -> None:
    assert translate.event_of(message_for(path)) == json.decode(Event, path.read_bytes())


def test_members_that_may_be_missing() -> None:
    for kind, message in (("REVIVE", protocol.Revive), ("SUPPRESS", protocol.Suppress)):
        one = call(f'{{"framework_id":{{"value":"F"}},"type":"{kind}"}}')
        translate.check_call(one)
        made = translate.message_of(one)
        assert isinstance(made, message)
        assert made.roles == ()


def test_type_unknown_passes_and_stands_for_nothing() -> None:
    one = call('{"framework_id":{"value":"F"},"type":"UNKNOWN"}')
    translate.check_call(one)
    assert translate.message_of(one) is None


F = '"framework_id":{"value":"F"}'
INFO = '"user":"u","name":"n"'


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("{}", "type", "missing"),
        ('{"type":"NEWER"}', "type", "this version knows"),
        ('{"type":"SUBSCRIBE"}', "subscribe", "missing, which belongs to type SUBSCRIBE"),
        ('{"type":"KILL","kill":{"task_id":{"value":"t"}}}', "framework_id", "type KILL needs"),
        ('{"type":"UNKNOWN"}', "framework_id", "missing"),
        ('{"type":"TEARDOWN"}', "framework_id", "missing"),
        (f'{{"type":"ACCEPT",{F}}}', "accept", "missing"),
        (f'{{"type":"SUBSCRIBE",{F},"subscribe":{{"framework_info":{{{INFO}}}}}}}',
         "framework_id", "differs from subscribe.framework_info.id: 'F', ''"),
        (f'{{"type":"SUBSCRIBE","subscribe":{{"framework_info":{{{INFO},"id":{{"value":"F"}}}}}}}}',
         "framework_id", "differs from subscribe.framework_info.id: '', 'F'"),
        (f'{{"type":"UPDATE_FRAMEWORK",{F},"update_framework":{{"framework_info":{{{INFO}}}}}}}',
         "framework_id", "differs from update_framework"),
        (f'{{"type":"ACKNOWLEDGE",{F},"acknowledge":{{"agent_id":{{"value":"a"}},"task_id":{{"value":"t"}},'
         '"uuid":"AAE="}}', "acknowledge.uuid", "16 bytes, this has 2"),
        (f'{{"type":"ACKNOWLEDGE_OPERATION_STATUS",{F},"acknowledge_operation_status":'
         '{"operation_id":{"value":"o"},"uuid":"AAE="}}', "acknowledge_operation_status.uuid", "16 bytes"),
        (f'{{"type":"ACKNOWLEDGE_OPERATION_STATUS",{F},"acknowledge_operation_status":'
         '{"operation_id":{"value":"o"},"uuid":"AAAAAAAAAAAAAAAAAAAAAA=="}}',
         "acknowledge_operation_status.agent_id", "missing"),
    ],
)  # fmt: skip
def test_faults_of_a_call(text: str, path: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        translate.check_call(call(text))
    assert caught.value.path == path
    assert words in caught.value.sentence


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_without_its_member_is_refused_or_needs_none(path: Path) -> None:
    kind = Call.Type[path.stem]
    bare = call(f'{{{F},"type":"{kind}"}}')
    if kind in (Call.Type.TEARDOWN, Call.Type.REVIVE, Call.Type.SUPPRESS):
        translate.check_call(bare)
        return
    with pytest.raises(Malformed) as caught:
        translate.check_call(bare)
    assert caught.value.path == member_name(kind)


def test_an_empty_id_is_as_none() -> None:
    one = call(f'{{"type":"SUBSCRIBE","subscribe":{{"framework_info":{{{INFO},"id":{{"value":""}}}}}}}}')
    translate.check_call(one)


def test_the_principal_must_be_the_authenticated_one() -> None:
    one = call(f'{{"type":"SUBSCRIBE","subscribe":{{"framework_info":{{{INFO},"principal":"ops"}}}}}}')
    translate.check_call(one)
    translate.check_call(one, "ops")
    with pytest.raises(Malformed, match=r"subscribe\.framework_info\.principal: 'ops'"):
        translate.check_call(one, "web")
    anonymous = call(f'{{"type":"SUBSCRIBE","subscribe":{{"framework_info":{{{INFO}}}}}}}')
    translate.check_call(anonymous, "web")
