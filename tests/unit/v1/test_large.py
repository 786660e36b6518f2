"""Large bodies are read in parts, and nobody can tell from what comes of it."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from cluster.model import AgentID, CommandInfo, Operation, Resources, TaskID, TaskInfo
from cluster.v1 import json as v1_json
from cluster.v1 import json_lenient, json_parts, protobuf, protobuf_parts
from cluster.v1.errors import Malformed
from cluster.v1.scheduler import Call

TASKS = 3000
RESOURCES = Resources.parse("cpus:0.1;mem:32").protos()


@pytest.fixture(scope="module")
def accept() -> Call:
    """An ACCEPT with far more than one part of tasks."""
    tasks = tuple(
        TaskInfo(
            name=f"task {number}",
            task_id=TaskID(f"t{number}"),
            agent_id=AgentID("a"),
            command=CommandInfo(value='echo "[{\\"'),
            resources=RESOURCES,
            data=bytes([number % 256]),
        )
        for number in range(TASKS)
    )
    launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=tasks))
    return Call(type=Call.Type.ACCEPT, accept=Call.Accept(operations=(launch, launch)))


@pytest.fixture(scope="module")
def tree(accept: Call) -> str:
    """The same as text, from which each test makes its own."""
    return v1_json.encode(accept).decode()


def test_no_call_reads_much(accept: Call) -> None:
    data = v1_json.encode(accept)
    assert len(data) > 4 * json_parts.PART_BYTES
    read = Mock(side_effect=v1_json._ordinary)
    assert json_parts.decode(Call, data, read) == accept
    assert max(len(call.args[1]) for call in read.call_args_list) <= json_parts.PART_BYTES
    data = protobuf.encode(accept)
    assert len(data) > 3 * protobuf_parts.PART_BYTES
    whole, fields = Mock(side_effect=protobuf._whole), Mock(side_effect=protobuf._fields_in)
    assert protobuf_parts.decode(Call, data, whole, fields) == accept
    calls = [*whole.call_args_list, *fields.call_args_list]
    assert max(len(call.args[1]) for call in calls) <= protobuf_parts.PART_BYTES


def test_both_forms_come_back(accept: Call) -> None:
    assert v1_json.decode(Call, v1_json.encode(accept)) == accept
    assert protobuf.decode(Call, protobuf.encode(accept)) == accept


def changed(tree: str, task: dict[str, Any]) -> bytes:
    """The call with other fields of one task."""
    call = json.loads(tree)
    call["accept"]["operations"][1]["launch"]["task_infos"][17] |= task
    return json.dumps(call).encode()


@pytest.mark.parametrize(
    "task",
    [
        {"unknown": {"a": [1] * 100}},
        {"labels": {"labels": {"key": "one in place of a list"}}},
        {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": "0.5"}}]},
        {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": "Infinity"}}]},
        {"data": None},
        {"unknown": "x" * (json_parts.PART_BYTES + 1)},
        {"unknown": [["y" * 100]] * 5000},
    ],
)
def test_rules_are_the_same_as_for_small_bodies(task: dict[str, Any], tree: str) -> None:
    data = changed(tree, task)
    assert v1_json.decode(Call, data) == json_lenient.decode(Call, data)
    (_, launch) = v1_json.decode(Call, data).accept.operations  # type: ignore[union-attr]
    assert len(launch.launch.task_infos) == TASKS  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ({"name": 5}, "accept.operations[1].launch.task_infos[17].name: expected text, got a number"),
        ({"task_id": {}}, "accept.operations[1].launch.task_infos[17].task_id.value: this required field"),
        ({"resources": [{"name": "x", "type": "HUGE"}]}, "infos[17].resources[0].type: 'HUGE' is no value"),
        ({"unknown": json.loads("[" * 198 + "]" * 198)}, "nested over 200 levels"),
    ],
)
def test_what_is_wrong_is_named(task: dict[str, Any], text: str, tree: str) -> None:
    with pytest.raises(Malformed) as fault:
        v1_json.decode(Call, changed(tree, task))
    assert text in str(fault.value)


def test_what_is_cut_off_is_refused(accept: Call) -> None:
    for data in (v1_json.encode(accept)[:-1], v1_json.encode(accept) + b"}", b"[" * 1_000_000):
        with pytest.raises(Malformed):
            v1_json.decode(Call, data)
    for data in (protobuf.encode(accept)[:-1], b"\xff" * 500_000, b"\x0b" * 500_000):
        with pytest.raises(Malformed):
            protobuf.decode(Call, data)


def test_messages_in_several_pieces_are_one(accept: Call) -> None:
    """What stands twice adds up, as protobuf wants it."""
    data = protobuf.encode(accept)
    twice = protobuf.decode(Call, data + data)
    assert twice.accept is not None
    assert accept.accept is not None
    assert twice.accept.operations == accept.accept.operations * 2


def test_a_missing_field_is_named(accept: Call) -> None:
    lacking = Operation.Launch.NUMBERS["task_infos"] << 3 | 2
    launch = protobuf.encode(accept.accept.operations[0].launch)  # type: ignore[union-attr, arg-type]
    with pytest.raises(Malformed, match=r"task_infos\[3000\]\.name"):
        protobuf.decode(Operation.Launch, launch + bytes([lacking, 0]))


def test_few_of_many_missing_fields_are_named(tree: str) -> None:
    call = json.loads(tree)
    for task in call["accept"]["operations"][0]["launch"]["task_infos"]:
        del task["task_id"]
    with pytest.raises(Malformed) as fault:
        v1_json.decode(Call, json.dumps(call).encode())
    assert "task_infos[0].task_id: this required field is missing; so are" in str(fault.value)
    assert str(fault.value).endswith("task_infos[19].task_id, and perhaps more")


def test_protobuf_says_where_it_is_wrong(accept: Call) -> None:
    bad = bytearray(protobuf.encode(accept))
    bad[bad.rindex(b"task 2999")] = 0xFF
    with pytest.raises(Malformed) as fault:
        protobuf.decode(Call, bytes(bad))
    assert fault.value.path == "accept.operations[1].launch.task_infos[2999].name"
    assert fault.value.sentence == "the text is not UTF-8"


def test_long_numbers_in_large_bodies_are_refused() -> None:
    with pytest.raises(Malformed, match="not JSON"):
        v1_json.decode(Call, b'{"z":1' + b"0" * 400_000 + b"}")


@pytest.mark.parametrize("member", ["roles", "map"])
def test_lists_and_maps_of_small_things(member: str) -> None:
    """In both forms, and in pieces."""
    roles = [f"role {number}" for number in range(40_000)]
    if member == "roles":
        call: dict[str, Any] = {"type": "REVIVE", "revive": {"roles": roles}}
    else:
        constraints: dict[str, Any] = {"role_constraints": {role: {"groups": []} for role in roles}}
        info = {"user": "u", "name": "n"}
        update = {"framework_info": info, "offer_constraints": constraints}
        call = {"type": "UPDATE_FRAMEWORK", "update_framework": update}
    data = json.dumps(call).encode()
    assert len(data) > json_parts.PART_BYTES
    value = v1_json.decode(Call, data)
    assert value == json_lenient.decode(Call, data)
    assert value == protobuf.decode(Call, protobuf.encode(value))
    assert json.loads(v1_json.encode(value))["type"] == call["type"]
    if member == "roles":
        assert value.revive is not None
        assert value.revive.roles == tuple(roles)
    else:
        assert value.update_framework is not None
        assert value.update_framework.offer_constraints is not None
        assert list(value.update_framework.offer_constraints.role_constraints) == roles
