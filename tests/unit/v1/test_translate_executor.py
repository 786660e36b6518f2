"""The executor API and its messages: every call there and back, every event, every fault of a call."""

from __future__ import annotations

import json as plain_json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import Message
from cluster.protocol import executor as protocol
from cluster.v1 import json
from cluster.v1 import translate_executor as translate
from cluster.v1.errors import Malformed
from cluster.v1.executor import Call, Event
from cluster.v1.union import member_name

GOLDEN = Path(__file__).parents[2] / "golden" / "v1" / "executor"
CALLS = [path for path in sorted((GOLDEN / "call").glob("*.json")) if path.stem != "HEARTBEAT"]
EVENTS = [path for path in sorted((GOLDEN / "event").glob("*.json")) if path.stem != "HEARTBEAT"]
MESSAGES: set[type[Message]] = {
    kind
    for kind in vars(protocol).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind.__module__ == protocol.__name__
}
EVENT_TYPES: dict[Event.Type, type[Message]] = {
    Event.Type.SUBSCRIBED: protocol.Subscribed,
    Event.Type.LAUNCH: protocol.Launch,
    Event.Type.LAUNCH_GROUP: protocol.LaunchGroup,
    Event.Type.KILL: protocol.Kill,
    Event.Type.ACKNOWLEDGED: protocol.Acknowledged,
    Event.Type.MESSAGE: protocol.MessageFromScheduler,
    Event.Type.ERROR: protocol.Error,
    Event.Type.SHUTDOWN: protocol.Shutdown,
}


def golden_call(kind: str) -> Any:
    return plain_json.loads((GOLDEN / "call" / f"{kind}.json").read_text())


def call(tree: object) -> Call:
    return json.decode(Call, plain_json.dumps(tree).encode())


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_a_call_is_a_message_and_back(path: Path) -> None:
    one = json.decode(Call, path.read_bytes())
    translate.check_call(one)
    message = translate.message_of(one)
    assert isinstance(message, (protocol.Subscribe, protocol.Update, protocol.MessageToScheduler))
    assert translate.call_of(message) == one
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message)) == message


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_message_is_an_event(path: Path) -> None:
    event = json.decode(Event, path.read_bytes())
    assert event.type is not None
    member: Any = getattr(event, member_name(event.type), None)
    fields = {} if member is None else {name: getattr(member, name) for name in member.__struct_fields__}
    assert translate.event_of(EVENT_TYPES[event.type](**fields)) == event


def test_every_message_is_a_call_or_an_event() -> None:
    calls = {type(translate.message_of(json.decode(Call, path.read_bytes()))) for path in CALLS}
    assert calls | set(EVENT_TYPES.values()) == MESSAGES


def test_heartbeats_stand_for_no_message() -> None:
    one = call(golden_call("HEARTBEAT"))
    translate.check_call(one)
    assert translate.message_of(one) is None
    assert json.encode(translate.HEARTBEAT) == b'{"type":"HEARTBEAT"}'


def test_subscribe_may_say_nothing_more() -> None:
    one = call(
        {"type": "SUBSCRIBE", "executor_id": {"value": "e"}, "framework_id": {"value": "f"}, "subscribe": {}}
    )
    translate.check_call(one)
    assert translate.message_of(one) == protocol.Subscribe(one.framework_id, one.executor_id)


@pytest.mark.parametrize("kind", ["SUBSCRIBE", "UPDATE", "MESSAGE"])
def test_a_call_needs_its_member(kind: str) -> None:
    tree = golden_call(kind)
    del tree[kind.lower()]
    with pytest.raises(Malformed) as caught:
        translate.check_call(call(tree))
    assert caught.value.path == kind.lower()


@pytest.mark.parametrize(
    ("field", "value", "path", "words"),
    [
        ("uuid", None, "uuid", "missing"),
        ("uuid", "AAE=", "uuid", "16 bytes, this has 2"),
        ("source", None, "source", "got nothing"),
        ("source", "SOURCE_AGENT", "source", "got SOURCE_AGENT"),
        ("state", "TASK_STAGING", "state", "TASK_STAGING"),
        ("executor_id", {"value": "other"}, "executor_id", "other"),
        ("check_status", {}, "check_status.type", "missing"),
        ("check_status", {"type": "UNKNOWN"}, "check_status.type", "UNKNOWN"),
        ("check_status", {"type": "COMMAND", "http": {}}, "check_status.command", "missing"),
        ("check_status", {"type": "HTTP"}, "check_status.http", "missing"),
        ("check_status", {"type": "TCP"}, "check_status.tcp", "missing"),
    ],
)
def test_faults_of_an_update(field: str, value: object, path: str, words: str) -> None:
    tree = golden_call("UPDATE")
    translate.check_call(call(tree))
    tree["update"]["status"][field] = value
    with pytest.raises(Malformed) as caught:
        translate.check_call(call(tree))
    assert caught.value.path == f"update.status.{path}"
    assert words in caught.value.sentence


@pytest.mark.parametrize("member", ["command", "http", "tcp"])
def test_a_check_may_have_no_result_yet(member: str) -> None:
    tree = golden_call("UPDATE")
    tree["update"]["status"]["check_status"] = {"type": member.upper(), member: {}}
    translate.check_call(call(tree))
