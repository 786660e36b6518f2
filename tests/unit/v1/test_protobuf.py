"""Protobuf both ways against the second encoder, and what the format lets peers do."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.model import ContainerID, FrameworkInfo, Resource, TaskID, TaskInfo, TaskStatus
from cluster.model import HealthCheck as Health
from cluster.v1 import protobuf
from cluster.v1.errors import Malformed
from cluster.v1.executor import Call as ExecutorCall
from cluster.v1.scheduler import Call
from tests.unit.v1 import wire
from tests.unit.v1.production import ROOTS, declaration
from tests.unit.v1.table import table
from tests.unit.v1.values import plain_of, plain_values, struct_of, without_empty

slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("key", ROOTS)
@slow
@given(data=st.data())
def test_both_encoders_agree_on_every_api(key: str, data: st.DataObject) -> None:
    agree(key, data.draw(plain_values(key)))


@pytest.mark.parametrize("key", table().messages)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_encoders_agree_on_every_message(key: str, data: st.DataObject) -> None:
    agree(key, data.draw(plain_values(key)))


def agree(key: str, plain: wire.Plain) -> None:
    struct = struct_of(key, plain)
    assert protobuf.decode(declaration(key), wire.encode(key, plain)) == struct
    assert wire.decode(key, protobuf.encode(struct)) == without_empty(plain_of(struct))


def test_unknown_fields_are_ignored() -> None:
    unknown = wire.varint(99 << 3 | 2) + b"\x03abc" + wire.varint(98 << 3) + b"\x05"
    assert protobuf.decode(TaskID, b"\x0a\x01t" + unknown) == TaskID("t")


def test_an_unknown_value_of_an_optional_enum_is_as_none() -> None:
    call = protobuf.decode(Call, wire.encode("scheduler/Call", {}) + b"\x10\x63")
    assert call == Call()


def test_an_unknown_value_of_a_required_enum_is_as_missing() -> None:
    data = wire.encode("TaskStatus", {"task_id": {"value": "t"}}) + b"\x10\x63"
    with pytest.raises(Malformed) as caught:
        protobuf.decode(TaskStatus, data)
    assert caught.value.path == "state"


def test_repeated_numbers_may_be_packed_or_not() -> None:
    head = wire.encode("HealthCheck.HTTPCheckInfo", {"port": 80})
    loose = head + b"\x20\xc8\x01\x20\xc9\x01"
    packed = head + b"\x22\x04\xc8\x01\xc9\x01"
    expected = Health.HTTPCheckInfo(port=80, statuses=(200, 201))
    assert protobuf.decode(Health.HTTPCheckInfo, loose) == expected
    assert protobuf.decode(Health.HTTPCheckInfo, packed) == expected
    assert protobuf.decode(Health.HTTPCheckInfo, protobuf.encode(expected)) == expected


def test_the_last_value_counts_and_messages_are_merged() -> None:
    one = wire.encode("scheduler/Call", {"framework_id": {"value": "a"}})
    other = wire.encode("scheduler/Call", {"framework_id": {"value": "b"}, "type": "REVIVE"})
    call = protobuf.decode(Call, one + other)
    assert call.framework_id is not None
    assert (call.framework_id.value, call.type) == ("b", Call.Type.REVIVE)


def test_presence_is_kept_for_what_has_no_default() -> None:
    unset = struct_of("TaskStatus", {"task_id": {"value": ""}, "state": "TASK_STARTING"})
    empty = struct_of(
        "TaskStatus", {"task_id": {"value": ""}, "state": "TASK_STARTING", "message": "", "healthy": False}
    )
    assert protobuf.decode(TaskStatus, protobuf.encode(unset)).message is None
    read = protobuf.decode(TaskStatus, protobuf.encode(empty))
    assert (read.message, read.healthy) == ("", False)


def test_every_missing_field_is_named() -> None:
    plain = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {}}}
    with pytest.raises(Malformed) as caught:
        protobuf.decode(Call, wire.encode("scheduler/Call", plain))
    assert caught.value.path == "subscribe.framework_info.user"
    assert "subscribe.framework_info.name" in str(caught.value)
    with pytest.raises(Malformed, match="executor_id"):
        protobuf.decode(ExecutorCall, b"")


def test_the_path_of_a_missing_field_leads_through_lists_and_maps() -> None:
    plain = {
        "resources": [{"name": "a", "type": "SCALAR"}, {}],
        "limits": {"cpus": {}},
        "name": "",
        "task_id": {"value": ""},
        "agent_id": {"value": ""},
    }
    with pytest.raises(Malformed) as caught:
        protobuf.decode(TaskInfo, wire.encode("TaskInfo", plain))
    assert caught.value.path == "resources[1].name"
    assert 'limits["cpus"].value' in str(caught.value)


NOT_UTF8 = b"\xff\xfe"


@pytest.mark.parametrize(
    ("struct", "data", "path"),
    [
        (TaskID, b"\x0a\x02" + NOT_UTF8, "value"),
        (FrameworkInfo, b"\x0a\x01u\x12\x01n\x62\x01r\x62\x02" + NOT_UTF8, "roles[1]"),
        (Resource, b"\x0a\x01c\x10\x00\x6a\x04\x1a\x02" + NOT_UTF8, "reservations[0].role"),
    ],
)
def test_text_that_is_not_utf8_is_named(struct: type, data: bytes, path: str) -> None:
    with pytest.raises(Malformed, match="UTF-8") as caught:
        protobuf.decode(struct, data)
    assert caught.value.path == path


def test_keys_of_maps_that_are_not_utf8_do_not_crash_the_process() -> None:
    """The library's own search for missing fields does; only another process can tell."""
    entry = b"\x7a\x05\x0a\x01\xff\x12\x00"  # limits, without the required value
    whole = (
        wire.encode("TaskInfo", {"name": "", "task_id": {"value": ""}, "agent_id": {"value": ""}})
        + b"\x7a\x0e\x0a\x01\xff\x12\x09\x09"
        + bytes(8)
    )
    script = (
        "from cluster.model import TaskInfo\nfrom cluster.v1 import protobuf\n"
        "from cluster.v1.errors import Malformed\n"
        f"for data in ({entry!r}, {whole!r}):\n"
        "    try: protobuf.decode(TaskInfo, data)\n"
        "    except Malformed as fault: print(fault.path)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "limits\nlimits\n"), done.stderr


def test_nesting_has_a_limit() -> None:
    data = b""
    for _ in range(150):
        data = b"\x0a\x01c" + (b"\x12" + wire.varint(len(data)) + data if data else b"")
    with pytest.raises(Malformed):
        protobuf.decode(ContainerID, data)


def test_names_cannot_collide_with_other_generated_messages() -> None:
    from google.protobuf import descriptor_pool

    protobuf.encode(TaskID("t"))
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("cluster.model.ids.TaskID")


def test_threads_may_meet_a_type_at_once() -> None:
    script = (
        "import sys\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "from cluster.v1 import protobuf\nfrom cluster.v1.master import Response\n"
        "sys.setswitchinterval(1e-6)\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(set(pool.map(lambda _: protobuf.decode(Response, b''), range(32))) == {Response()})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64))
def test_random_bytes_are_a_call_or_malformed(data: bytes) -> None:
    for root in (Call, ExecutorCall, TaskInfo):
        try:
            protobuf.decode(root, data)
        except Malformed:
            continue


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_messages_are_a_call_or_malformed(data: st.DataObject) -> None:
    body = bytearray(wire.encode("scheduler/Call", data.draw(plain_values("scheduler/Call"))))
    for _ in range(data.draw(st.integers(1, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        call = protobuf.decode(Call, bytes(body))
    except Malformed:
        return
    assert protobuf.decode(Call, protobuf.encode(call)) == call or "nan" in repr(call)
