"""The JSON rules of the reference: what is written, what is taken, and what is said of the rest."""

from __future__ import annotations

import json as plain_json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.model import (
    UUID,
    CapabilityInfo,
    CommandInfo,
    ContainerID,
    Filters,
    FrameworkInfo,
    Offer,
    Operation,
    Range,
    Resource,
    Scalar,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    ValueType,
)
from cluster.model import HealthCheck as Health
from cluster.v1 import json, json_lenient
from cluster.v1.errors import Malformed
from cluster.v1.executor import Call as ExecutorCall
from cluster.v1.master import Call as MasterCall
from cluster.v1.scheduler import Call
from tests.unit.v1.production import ROOTS, declaration
from tests.unit.v1.table import table
from tests.unit.v1.values import plain_values, struct_of

slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

TASK = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"}}


def read(struct: type[Any], tree: object) -> Any:
    return json.decode(struct, plain_json.dumps(tree).encode())


# --- what is written ---


def test_infinite_doubles_are_text_both_ways() -> None:
    for number, text in ((math.inf, "Infinity"), (-math.inf, "-Infinity")):
        assert json.encode(Scalar(value=number)) == b'{"value":"%b"}' % text.encode()
        assert json.decode(Scalar, json.encode(Scalar(value=number))) == Scalar(value=number)


def test_infinity_deep_inside_keeps_order_and_everything_else() -> None:
    plain = {
        **TASK,
        "data": b"\xff",
        "labels": {"labels": [{"key": "null", "value": "x"}]},
        "limits": {"cpus": {"value": math.inf}, "mem": {"value": 1.0}},
    }
    assert json.encode(struct_of("TaskInfo", plain)) == (
        b'{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"},"data":"/w==",'
        b'"labels":{"labels":[{"key":"null","value":"x"}]},'
        b'"limits":{"cpus":{"value":"Infinity"},"mem":{"value":1.0}}}'
    )


def test_numbers_of_64_bits_are_numbers_and_doubles_have_a_point() -> None:
    assert json.encode(Range(begin=0, end=2**64 - 1)) == b'{"begin":0,"end":18446744073709551615}'
    assert json.encode(Scalar(value=4.0)) == b'{"value":4.0}'


def test_names_are_written_of_enums_and_base64_of_bytes() -> None:
    status = TaskStatus(task_id=TaskID("t"), state=TaskState.TASK_LOST, uuid=bytes(16))
    assert json.encode(status) == (
        b'{"task_id":{"value":"t"},"state":"TASK_LOST","uuid":"AAAAAAAAAAAAAAAAAAAAAA=="}'
    )


# --- what is taken ---


@pytest.mark.parametrize(
    ("struct", "tree", "value"),
    [
        (TaskID, {"value": "t", "unknown": {"a": [1, None]}}, TaskID("t")),
        (Filters, {"refuse_seconds": None}, Filters()),
        (Filters, {"refuse_seconds": "1.5"}, Filters(refuse_seconds=1.5)),
        (Filters, {"refuse_seconds": "-Infinity"}, Filters(refuse_seconds=-math.inf)),
        (Filters, {"refuse_seconds": 10**30}, Filters(refuse_seconds=1e30)),
        (CommandInfo, {"shell": "false", "value": None}, CommandInfo(shell=False)),
        (CommandInfo, {"arguments": "one", "uris": {"value": "u"}}, CommandInfo(
            arguments=("one",), uris=(CommandInfo.URI(value="u"),)
        )),
        (CommandInfo, {"arguments": ["a", None, ["b", ["c"]]]}, CommandInfo(arguments=("a", "b", "c"))),
        (CommandInfo, {"arguments": None, "uris": []}, CommandInfo()),
        (Range, {"begin": "5", "end": 7.9}, Range(begin=5, end=7)),
        (Range, {"begin": 1e3, "end": 2**64 - 1}, Range(begin=1000, end=2**64 - 1)),
        (Health, {"consecutive_failures": "4"}, Health(consecutive_failures=4)),
        (Call, {"type": "NEWER"}, Call()),
        (Call, {"type": None}, Call()),
        (CapabilityInfo, {"capabilities": ["KILL", "NEWER"]}, CapabilityInfo(
            capabilities=(CapabilityInfo.Capability.KILL,)
        )),
        (UUID, {"value": "AAE"}, UUID(b"\x00\x01")),
        (UUID, {"value": "AA E=\n"}, UUID(b"\x00\x01")),
        (UUID, {"value": ""}, UUID(b"")),
        (
            TaskInfo,
            {**TASK, "limits": {"cpus": None, "mem": {"value": "Infinity"}}},
            struct_of("TaskInfo", {**TASK, "limits": {"mem": {"value": math.inf}}}),
        ),
        (
            Resource,
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "web", "reservation": {}},
            struct_of("Resource", {
                "name": "cpus", "type": "SCALAR", "scalar": {"value": 1.0}, "role": "web", "reservation": {},
            }),
        ),
    ],
)  # fmt: skip
def test_odd_ways_to_write_are_taken(struct: type[Any], tree: object, value: object) -> None:
    assert read(struct, tree) == value


def test_of_duplicate_keys_the_last_counts() -> None:
    assert json.decode(TaskID, b'{"value":"a","value":"b"}') == TaskID("b")
    assert json.decode(Range, b'{"begin":1,"end":2,"begin":"7"}') == Range(begin=7, end=2)


def test_white_space_around_is_nothing() -> None:
    assert json.decode(TaskID, b' \n{ "value" : "a" }\t') == TaskID("a")


# --- what is not taken ---


@pytest.mark.parametrize(
    ("struct", "tree", "path", "words"),
    [
        (TaskID, [], "", "expected an object, got an array"),
        (TaskID, None, "", "expected an object, got null"),
        (TaskID, {}, "value", "missing"),
        (TaskID, {"value": None}, "value", "missing"),
        (TaskID, {"value": 5}, "value", "expected text, got a number"),
        (Call, {"type": 3}, "type", "name of an enum value, got a number"),
        (TaskStatus, {"task_id": {"value": "t"}, "state": "TASK_NEW"}, "state", "TASK_NEW"),
        (Call, {"framework_id": "F"}, "framework_id", "expected an object, got text"),
        (Call, {"kill": {"task_id": {"value": ["t"]}}}, "kill.task_id.value", "got an array"),
        (Call, {"accept": {"offer_ids": [{"value": "a"}, {"value": True}]}},
         "accept.offer_ids[1].value", "expected text, got a boolean"),
        (Call, {"accept": {"filters": {"refuse_seconds": "soon"}}}, "accept.filters.refuse_seconds", "soon"),
        (Filters, {"refuse_seconds": "NaN"}, "refuse_seconds", "expected a number, got the text 'NaN'"),
        (Filters, {"refuse_seconds": True}, "refuse_seconds", "expected a number, got a boolean"),
        (Filters, {"refuse_seconds": 10**400}, "refuse_seconds", "out of the range of double"),
        (CommandInfo, {"shell": 1}, "shell", "expected a boolean, got a number"),
        (CommandInfo, {"shell": "yes"}, "shell", "'yes'"),
        (Range, {"begin": -1, "end": 2}, "begin", "range of uint64"),
        (Range, {"begin": 2**64, "end": 2}, "begin", "range of uint64"),
        (Health, {"consecutive_failures": 2**32}, "consecutive_failures", "range of uint32"),
        (UUID, {"value": "AA-_"}, "value", "base64"),
        (UUID, {"value": "A"}, "value", "base64"),
        (UUID, {"value": "AA==AA"}, "value", "base64"),
        (FrameworkInfo, {"user": "u", "name": "n", "offer_filters": []}, "offer_filters", "an object"),
        (TaskInfo, {**TASK, "limits": {"cpus": 2}}, 'limits["cpus"]', "an object, got a number"),
        (TaskInfo, {**TASK, "limits": {"cpus": {}}}, 'limits["cpus"].value', "missing"),
        (ExecutorCall, {"type": "HEARTBEAT"}, "executor_id", "so are framework_id"),
        (MasterCall, {"drain_agent": {"agent_id": {"value": "a"}, "max_grace_period": "10mins"}},
         "drain_agent.max_grace_period", "expected an object, got text"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_path(struct: type[Any], tree: object, path: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(struct, tree)
    assert caught.value.path == path
    assert words in str(caught.value)


def test_all_missing_fields_are_named() -> None:
    with pytest.raises(Malformed) as caught:
        read(Offer, {"id": {}, "resources": [{"name": "cpus"}]})
    assert str(caught.value) == (
        "id.value: this required field is missing; so are framework_id, agent_id, hostname, resources[0].type"
    )


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"{]", b"nonsense", b'{"value":"a"} x', b'{"value":NaN}', b'{"value":"\xff"}', b"\xff",
     b"{'a':1}", b'{"value":"\\ud800"}', b"[" * 100_000, b'{"value":' * 5000, b"1" * 5000,
     b'{"value":1e999}'],
)  # fmt: skip
def test_what_is_no_json_is_said(data: bytes) -> None:
    with pytest.raises(Malformed):
        json.decode(Scalar, data)
    with pytest.raises(Malformed):
        json.decode(TaskID, data)


def nested(levels: int) -> bytes:
    """A task id beside something nested; the object around is a level too."""
    return b'{"value":"t","x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_nesting_ends_at_200_levels() -> None:
    assert json.decode(TaskID, nested(200)) == TaskID("t")
    for levels in (201, 202, 400, 5000):
        with pytest.raises(Malformed, match="200 levels"):
            json.decode(TaskID, nested(levels))


@pytest.mark.parametrize("text", ["]", '"]"', "\\", '\\"]', "}]"])
def test_brackets_in_text_do_not_hide_nesting(text: str) -> None:
    for levels in (200, 201):
        tree: object = text
        for _ in range(levels - 1):
            tree = [text, tree]
        data = plain_json.dumps({"value": "t", "x": tree}).encode()
        if levels == 200:
            assert json.decode(TaskID, data) == TaskID("t")
        else:
            with pytest.raises(Malformed, match="200 levels"):
                json.decode(TaskID, data)


def test_brackets_in_text_are_no_nesting() -> None:
    for text in ("9" * 30, '"{' * 500, "{[" * 500, "}]" * 500, "{}" * 500):
        assert json.decode(TaskID, plain_json.dumps({"value": text}).encode()) == TaskID(text)
    chain: ContainerID | None = None
    for _ in range(199):
        chain = ContainerID("c", chain)
    assert chain is not None
    assert json.decode(ContainerID, json.encode(chain)) == chain
    with pytest.raises(Malformed, match="200 levels"):
        json.decode(ContainerID, json.encode(ContainerID("c", ContainerID("c", chain))))


# --- all types ---


@pytest.mark.parametrize("key", ROOTS)
@slow
@given(data=st.data())
def test_what_is_written_is_read_as_the_same(key: str, data: st.DataObject) -> None:
    value = struct_of(key, data.draw(plain_values(key)))
    text = json.encode(value)
    assert b" " not in text.replace(b'" "', b"")
    assert json.decode(declaration(key), text) == value
    assert json_lenient.decode(declaration(key), text) == value


@pytest.mark.parametrize("key", table().messages)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_message_comes_back(key: str, data: st.DataObject) -> None:
    value = struct_of(key, data.draw(plain_values(key)))
    assert json.decode(declaration(key), json.encode(value)) == value
    assert json_lenient.decode(declaration(key), json.encode(value)) == value


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "5", "true", "KILL", "SCALAR", "Infinity", "AAE=", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["value", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def spoiled(draw: Callable[[st.SearchStrategy[Any]], Any], tree: Any) -> Any:
    """The tree with something put elsewhere in it."""
    if isinstance(tree, dict) and tree and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(tree)))
        return {**tree, name: spoiled(draw, tree[name])}
    if isinstance(tree, list) and tree and draw(st.integers(0, 3)):
        return [spoiled(draw, tree[0]), *tree[1:]]
    return draw(anything)


@pytest.mark.parametrize("key", ["scheduler/Call", "executor/Call", "master/Call", "agent/Call"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_fast_way_takes_nothing_the_rules_do_not(key: str, data: st.DataObject) -> None:
    """Whatever is in the JSON: a value or Malformed, and the same by both ways of reading."""
    value = struct_of(key, data.draw(plain_values(key)))
    tree = spoiled(data.draw, plain_json.loads(json.encode(value)))
    text = plain_json.dumps(tree).encode()
    results: list[object] = []
    for decode in (json.decode, json_lenient.decode):
        try:
            results.append(decode(declaration(key), text))
        except Malformed as fault:
            results.append((fault.path, fault.sentence))
    assert results[0] == results[1]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_random_bytes_are_a_value_or_malformed(data: bytes) -> None:
    for struct in (Call, TaskID, Operation):
        try:
            json.decode(struct, data)
        except Malformed:
            continue


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_text_is_a_value_or_malformed(data: st.DataObject) -> None:
    value = struct_of("scheduler/Call", data.draw(plain_values("scheduler/Call")))
    text = bytearray(json.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        json.decode(Call, bytes(text))
    except Malformed:
        return


def test_a_message_of_100_tasks_takes_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lenient, "decode", lambda *_: pytest.fail("took the slow way"))
    task = struct_of("TaskInfo", {
        **TASK,
        "data": bytes(range(256)),
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}],
    })  # fmt: skip
    launch = Operation.Launch(task_infos=(task,) * 100)
    operation = Operation(type=Operation.Type.LAUNCH, launch=launch)
    call = Call(type=Call.Type.ACCEPT, accept=Call.Accept(operations=(operation,)))
    assert json.decode(Call, json.encode(call)) == call
    assert task.resources[0].type is ValueType.SCALAR
    assert msgspec.json.encode(call) == json.encode(call)
