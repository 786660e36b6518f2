"""The v1 types: defaults, codecs, numbers, ids, roles, attributes."""

import enum
import importlib
import pkgutil
from collections.abc import Iterator
from typing import TypeVar

import msgspec
import pytest

import cluster.model as model
from cluster.model import (
    V1,
    AgentID,
    AgentInfo,
    Capability,
    CommandInfo,
    ContainerID,
    DurationInfo,
    Environment,
    Filters,
    FrameworkInfo,
    HealthCheck,
    Id,
    InvalidAttributes,
    Limits,
    NetworkInfo,
    Offer,
    Operation,
    OperationState,
    Quantities,
    Range,
    Ranges,
    Reason,
    Resources,
    Scalar,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    Text,
    V1Enum,
    ValueType,
    ancestors,
    id_fault,
    is_strict_subrole,
    parse_attributes,
    parse_quantities,
    print_attributes,
    role_fault,
)
from cluster.model.errors import InvalidResources

T = TypeVar("T")

for found in pkgutil.iter_modules(model.__path__):
    importlib.import_module(f"cluster.model.{found.name}")


def below(kind: type[T]) -> Iterator[type[T]]:
    children: list[type[T]] = kind.__subclasses__()
    for child in children:
        yield child
        yield from below(child)


STRUCTS: list[type[msgspec.Struct]] = [*below(V1), *below(Id), ContainerID, model.UUID]
ENUMS = list(below(V1Enum))


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda kind: kind.__qualname__)
def test_every_field_has_its_own_number(struct: type[msgspec.Struct]) -> None:
    fields = list(struct.__struct_fields__)
    numbers = struct.NUMBERS  # type: ignore[attr-defined]  # every one of STRUCTS has it, Struct has not
    assert list(numbers) == fields
    assert len(set(numbers.values())) == len(fields)
    msgspec.json.Decoder(struct)  # resolves every annotation


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__qualname__)
def test_every_enum_value_is_its_name_and_has_its_own_number(kind: type[V1Enum]) -> None:
    assert [member.value for member in kind] == [member.name for member in kind]
    assert len({member.number for member in kind}) == len(kind)
    assert all(member.number >= 0 for member in kind)


def test_enums_are_named_on_the_wire() -> None:
    status = TaskStatus(task_id=TaskID("t"), state=TaskState.TASK_RUNNING)
    assert msgspec.json.encode(status) == b'{"task_id":{"value":"t"},"state":"TASK_RUNNING"}'
    assert TaskState.TASK_STAGING.number == 6
    assert TaskState("TASK_LOST") is TaskState.TASK_LOST
    assert Reason.REASON_AGENT_DRAINING.number == 34
    assert Capability.Type.REGION_AWARE.number == 8
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"task_id":{"value":"t"},"state":1}', type=TaskStatus)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Filters(), {"refuse_seconds": 5.0}),
        (CommandInfo(value="true"), {"shell": True, "value": "true"}),
        (CommandInfo.URI(value="u"), {"value": "u", "extract": True}),
        (Environment.Variable(name="a", value="b"), {"name": "a", "type": "VALUE", "value": "b"}),
        (AgentInfo(hostname="h"), {"hostname": "h", "port": 5051}),
        (
            FrameworkInfo(user="u", name="n"),
            {"user": "u", "name": "n", "failover_timeout": 0.0, "checkpoint": False},
        ),
        (NetworkInfo.IPAddress(), {"protocol": "IPv4"}),
        (
            HealthCheck(),
            {
                "delay_seconds": 15.0,
                "interval_seconds": 10.0,
                "timeout_seconds": 20.0,
                "consecutive_failures": 3,
                "grace_period_seconds": 10.0,
            },
        ),
    ],
)
def test_declared_defaults_are_written_and_nothing_else_unset_is(value: V1, written: object) -> None:
    text = msgspec.json.encode(value)
    assert msgspec.json.decode(text) == written
    assert msgspec.json.decode(text, type=type(value)) == value


def test_a_deep_value_survives_both_codecs() -> None:
    resources = Resources.parse("cpus:1;ports:[1-2]").allocated("web").protos()
    task = TaskInfo(
        name="t",
        task_id=TaskID("t"),
        agent_id=AgentID("a"),
        resources=resources,
        data=b"\x00\xff",
        limits={"cpus": Scalar(value=2.0)},
        max_completion_time=DurationInfo(nanoseconds=5),
    )
    operation = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=(task,)))
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(operation), type=Operation) == operation


def test_required_fields_are_required() -> None:
    with pytest.raises(msgspec.ValidationError, match="framework_id"):
        msgspec.json.decode(b'{"id":{"value":"o"}}', type=Offer)


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Filters().refuse_seconds = 1.0  # type: ignore[misc]  # the point of the test


# --- ids ---


def test_ids_print_sort_and_hash_by_value() -> None:
    assert str(TaskID("t")) == "t"
    assert sorted([TaskID("b"), TaskID("a")]) == [TaskID("a"), TaskID("b")]
    assert {TaskID("a"): 1}[TaskID("a")] == 1
    nothing: object = AgentID("a")
    assert nothing != TaskID("a")


def test_nested_containers_print_their_chain() -> None:
    inner = ContainerID("c", ContainerID("b", ContainerID("a")))
    assert str(inner) == "a.b.c"
    assert inner.root == ContainerID("a")
    assert msgspec.json.decode(msgspec.json.encode(inner), type=ContainerID) == inner


@pytest.mark.parametrize("value", ["a", "a b:c", "x" * 255, "...", "é"])
def test_good_ids(value: str) -> None:
    assert id_fault(value) is None


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a\nb", "\x7f", "x" * 256, "é" * 128])
def test_bad_ids(value: str) -> None:
    assert id_fault(value)


# --- roles ---


@pytest.mark.parametrize("name", ["*", "a", "a/b", "a-b", "a.b", "a/...", "*a", "über"])
def test_good_roles(name: str) -> None:
    assert role_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/.",
        "a/../b",
        "a/*",
        "*/a",
        "-a",
        "a/-b",
        "a b",
        "a\t",
        "\x7f",
        "a\v",
    ],
)
def test_bad_roles(name: str) -> None:
    assert role_fault(name)


def test_subroles() -> None:
    assert is_strict_subrole("a/b", "a")
    assert is_strict_subrole("a/b/c", "a")
    assert not is_strict_subrole("a", "a")
    assert not is_strict_subrole("ab", "a")
    assert not is_strict_subrole("a", "a/b")
    assert ancestors("a/b/c") == ("a", "a/b")
    assert ancestors("a") == ()


# --- attributes ---


def test_attributes_take_their_type_from_the_text() -> None:
    rack, size, span, url = parse_attributes("rack:r1;size:4.5\nspan:[1-3,4-5];url:http://h:80")
    assert (rack.name, rack.type, rack.text) == ("rack", ValueType.TEXT, Text(value="r1"))
    assert (size.type, size.scalar) == (ValueType.SCALAR, Scalar(value=4.5))
    assert (span.type, span.ranges) == (ValueType.RANGES, Ranges(range=(Range(begin=1, end=5),)))
    assert url.text == Text(value="http://h:80")


def test_attributes_keep_order_and_duplicates_and_print_back() -> None:
    text = "b:x;a:1.5;b:[1-2, 4-5]"
    assert [attribute.name for attribute in parse_attributes(text)] == ["b", "a", "b"]
    assert print_attributes(parse_attributes(text)) == text
    assert parse_attributes("") == ()
    assert parse_attributes("t:-5")[0].text == Text(value="-5")


@pytest.mark.parametrize("text", ["rack", "rack:", ":r1", "a:{b}", "a:[1-", "a:1;b", "a:x[1]"])
def test_bad_attributes(text: str) -> None:
    with pytest.raises(InvalidAttributes):
        parse_attributes(text)


# --- quantities ---


def test_quantities_text_has_alternatives() -> None:
    assert parse_quantities("cpus:0.01|mem:32") == (Quantities({"cpus": 10}), Quantities({"mem": 32_000}))
    assert parse_quantities("cpus:1;mem:2") == (Quantities({"cpus": 1000, "mem": 2000}),)
    assert parse_quantities("cpus:0") == (Quantities.EMPTY,)
    assert parse_quantities("") == ()


@pytest.mark.parametrize(
    "text", ["cpus", "cpus:", "cpus:x", "cpus:-1", "cpus:[1-2]", "cpus:1;cpus:2", "a:1:2"]
)
def test_bad_quantities(text: str) -> None:
    with pytest.raises(InvalidResources):
        parse_quantities(text)


def test_resources_become_quantities_whatever_their_metadata() -> None:
    total = Resources.parse("cpus:1;cpus(web):2;ports:[1-10];bugs:{a,b}")
    assert total.quantities() == Quantities({"cpus": 3000, "ports": 10_000, "bugs": 2000})
    assert total.quantities()["gpus"] == 0


def test_an_absent_limit_is_none() -> None:
    limits = Limits({"cpus": 1000, "gpus": 0})
    assert limits.contains(Quantities({"cpus": 1000, "mem": 10**9}))
    assert not limits.contains(Quantities({"gpus": 1}))
    assert limits.get("mem") is None
    assert limits.contains_limits(Limits({"cpus": 5, "gpus": 0}))
    assert not limits.contains_limits(Limits({"cpus": 5}))
    with pytest.raises(ValueError, match="negative"):
        Limits.from_scalars({"cpus": Scalar(value=-1)})
    with pytest.raises(ValueError, match="negative"):
        Quantities.from_scalars({"cpus": Scalar(value=-1)})


def test_operation_states_have_their_numbers() -> None:
    assert OperationState.OPERATION_UNKNOWN.number == 9
    assert issubclass(OperationState, enum.Enum)
