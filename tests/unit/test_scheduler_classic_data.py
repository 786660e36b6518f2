"""The two data styles of classic frameworks."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from cluster import model
from cluster.classic import Dict, decode_data, encode_data, mesos_pb2
from cluster.classic.messages import from_model, message_class
from cluster.classic.scheduler_driver import constructor_options, framework_info
from cluster.classic.styles import DictStyle, ProtobufStyle, listed, style_of, to_bytes, to_model
from cluster.model import Offer, Operation, Resources, TaskID, TaskInfo, TaskState, TaskStatus
from tests.fake_master import make_offer, make_status, uuid_of


def protobuf_task(offer: Any) -> Any:
    """As in the example framework of Mesos."""
    task = mesos_pb2.TaskInfo()
    task.task_id.value = "1"
    task.slave_id.value = offer.slave_id.value
    task.name = "task 1"
    task.command.value = "echo hello"
    cpus = task.resources.add()
    cpus.name = "cpus"
    cpus.type = mesos_pb2.Value.SCALAR
    cpus.scalar.value = 1
    mem = task.resources.add()
    mem.name = "mem"
    mem.type = mesos_pb2.Value.SCALAR
    mem.scalar.value = 128
    return task


def dict_task(offer: Any) -> Any:
    """As in frameworks for pymesos."""
    task = Dict()
    task.task_id.value = "1"
    task.agent_id.value = offer.agent_id.value
    task.name = "task 1"
    task.command.value = "echo hello"
    task.resources = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 128}},
    ]
    return task


@pytest.mark.parametrize(
    ("style", "make"), [(ProtobufStyle(), protobuf_task), (DictStyle(), dict_task)], ids=["pb", "dict"]
)
def test_both_styles_describe_the_same_task(style: Any, make: Any) -> None:
    task = to_model(TaskInfo, make(style.show(make_offer("o1"))))
    assert (task.name, task.task_id, task.agent_id.value) == ("task 1", TaskID("1"), "a1")
    assert task.command is not None
    assert (task.command.value, task.command.shell) == ("echo hello", True)
    assert Resources.of(task.resources) == Resources.scalar(cpus=1, mem=128)
    assert to_model(TaskInfo, style.show(task)) == task


def test_offers_in_messages() -> None:
    offer: Any = from_model(make_offer("o1", resources="cpus:4;ports:[1-3]", role="web"))
    assert offer.id.value == "o1"
    assert offer.slave_id.value == offer.agent_id.value == "a1"
    assert offer.hostname == "a1.example"
    assert offer.resources[0].scalar.value == 4.0
    assert [(r.begin, r.end) for r in offer.resources[1].ranges.range] == [(1, 3)]
    assert offer.resources[1].type == mesos_pb2.Value.RANGES
    assert offer.HasField("url")
    assert not offer.HasField("unavailability")
    assert to_model(Offer, offer) == make_offer("o1", resources="cpus:4;ports:[1-3]", role="web")


def test_offers_in_dicts() -> None:
    offer: Any = DictStyle().show(make_offer("o1"))
    assert offer["id"]["value"] == offer.id.value == "o1"
    assert offer.slave_id.value == "a1"
    first = offer.resources[0]
    assert (first.name, first["type"], first.scalar.value) == ("cpus", "SCALAR", 4.0)
    assert "unavailability" not in offer
    assert offer.get("unavailability") is None


def test_states_in_messages_are_numbers_and_in_dicts_names() -> None:
    status = make_status("t", "TASK_RUNNING", uuid_of(7))
    message: Any = from_model(status)
    assert message.state == mesos_pb2.TASK_RUNNING == 1
    assert mesos_pb2.TaskState.Name(message.state) == "TASK_RUNNING"
    assert mesos_pb2.TaskState.Value("TASK_LOST") == mesos_pb2.TASK_LOST == 5
    assert message.source == mesos_pb2.TaskStatus.SOURCE_EXECUTOR
    assert message.uuid == uuid_of(7)
    plain: Any = DictStyle().show(status)
    assert plain.state == "TASK_RUNNING"
    assert decode_data(plain.uuid) == uuid_of(7)
    for shown in (message, plain):
        assert to_model(TaskStatus, shown) == status


def test_reading_sets_nothing_and_writing_sets_everything_above() -> None:
    task: Any = mesos_pb2.TaskInfo()
    assert task.executor.command.value == ""
    assert not task.HasField("executor")
    task.executor.command.environment.variables.add(name="A", value="b")
    assert task.HasField("executor")
    assert task.executor.HasField("command")
    assert task.executor.command.shell is True
    assert not task.executor.command.HasField("shell")
    task.ClearField("executor")
    assert not task.HasField("executor")
    assert not task.IsInitialized()
    assert task.FindInitializationErrors() == ["name", "task_id", "agent_id"]


def test_messages_are_copied_not_shared() -> None:
    executor: Any = mesos_pb2.ExecutorInfo(executor_id={"value": "e"}, name="n")
    task: Any = mesos_pb2.TaskInfo()
    task.executor.MergeFrom(executor)
    executor.name = "changed"
    assert task.executor.name == "n"
    other: Any = mesos_pb2.TaskInfo()
    other.CopyFrom(task)
    assert other == task
    other.executor.name = "changed"
    assert other != task
    operation: Any = mesos_pb2.Offer.Operation()
    operation.type = mesos_pb2.Offer.Operation.LAUNCH
    operation.launch.task_infos.extend([task, other])
    task.executor.name = "changed too"
    assert [t.executor.name for t in operation.launch.task_infos] == ["n", "changed"]
    for twin in (copy.deepcopy(operation), pickle.loads(pickle.dumps(operation))):
        assert twin == operation
    with pytest.raises(TypeError):
        task.MergeFrom(executor)


def test_messages_refuse_what_does_not_belong() -> None:
    task: Any = mesos_pb2.TaskInfo()
    with pytest.raises(AttributeError, match="no field 'colour'"):
        task.colour = "red"
    with pytest.raises(AttributeError, match="Assignment not allowed"):
        task.task_id = mesos_pb2.TaskID(value="1")
    with pytest.raises(TypeError, match="name takes str"):
        task.name = 5
    with pytest.raises(ValueError, match="no member 99"):
        mesos_pb2.TaskStatus(state=99)
    with pytest.raises(ValueError, match="no member"):
        mesos_pb2.TaskState.Name(99)
    with pytest.raises(TypeError, match="unhashable"):
        hash(task)


def test_the_text_form() -> None:
    message: Any = mesos_pb2.TaskStatus(task_id={"value": "t"}, state=mesos_pb2.TASK_LOST, healthy=True)
    message.data = "bytes"
    assert str(message) == ('task_id {\n  value: "t"\n}\nstate: TASK_LOST\ndata: "bytes"\nhealthy: true\n')


def test_maps() -> None:
    task: Any = mesos_pb2.TaskInfo()
    task.limits["cpus"].value = 2
    task.task_id.value = task.slave_id.value = task.name = "x"
    assert to_model(TaskInfo, task).limits["cpus"].value == 2.0
    assert from_model(to_model(TaskInfo, task)) == task


def test_every_type_of_the_model_is_there() -> None:
    for name in model.__all__:
        member = getattr(model, name)
        if isinstance(member, type) and issubclass(member, model.V1):
            if member is model.V1:
                continue
            assert getattr(mesos_pb2, name)() == message_class(member)()
    assert mesos_pb2.SlaveID is message_class(model.AgentID)
    assert mesos_pb2.FrameworkInfo.Capability.PARTITION_AWARE == 5
    assert mesos_pb2.DRIVER_STOPPED == 4
    with pytest.raises(AttributeError):
        mesos_pb2.NoSuchThing  # noqa: B018


def test_dicts_fill_themselves_in_only_when_written() -> None:
    task: Any = Dict(name="n")
    assert not task.command.environment.variables
    assert task == {"name": "n"}
    task.command.uris = [{"value": "u"}]
    assert task == {"name": "n", "command": {"uris": [{"value": "u"}]}}
    assert task.command.uris[0].value == "u"
    del task.command
    assert "command" not in task
    with pytest.raises(KeyError):
        task["missing"]


def test_dicts_forgive_what_the_json_api_forgives() -> None:
    made = to_model(
        TaskInfo,
        {
            "name": "n",
            "task_id": {"value": "t"},
            "slave_id": {"value": "s"},
            "resources": {"name": "cpus", "type": "SCALAR", "scalar": {"value": "1.5"}},
            "container": None,
            "unheard_of": {"a": 1},
            "data": encode_data(b"\x00\x01"),
            "command": {"value": "x", "shell": "false"},
        },
    )
    assert made.agent_id.value == "s"
    assert made.resources[0].scalar is not None
    assert made.resources[0].scalar.value == 1.5
    assert made.data == b"\x00\x01"
    assert made.command is not None
    assert made.command.shell is False
    with pytest.raises(ValueError, match=r"malformed TaskInfo.*agent_id"):
        to_model(TaskInfo, {"name": "n", "task_id": {"value": "t"}})


def test_data() -> None:
    assert encode_data(b"hello") == "aGVsbG8="
    assert decode_data("aGVsbG8=") == b"hello"
    assert to_bytes("aGVsbG8=") == to_bytes(b"hello") == b"hello"
    assert to_bytes("not base64!") == b"not base64!"


def test_one_or_several() -> None:
    offer_id = mesos_pb2.OfferID(value="o")
    assert listed(offer_id) == [offer_id]
    assert listed({"value": "o"}) == [{"value": "o"}]
    assert listed([offer_id]) == [offer_id]
    assert listed(()) == []


def test_operations_in_both_styles() -> None:
    message: Any = mesos_pb2.Offer.Operation(type=mesos_pb2.Offer.Operation.LAUNCH)
    message.launch.task_infos.add(name="n", task_id={"value": "t"}, agent_id={"value": "a"})
    plain = {
        "type": "LAUNCH",
        "launch": {"task_infos": [{"name": "n", "task_id": {"value": "t"}, "agent_id": {"value": "a"}}]},
    }
    assert to_model(Operation, message) == to_model(Operation, plain)


def test_constructors() -> None:
    info = mesos_pb2.FrameworkInfo(user="", name="n")
    credential = mesos_pb2.Credential(principal="p", secret="s")
    options = constructor_options(("s", info, "m", 0, credential), {})
    assert (options["implicit_acknowledgements"], options["principal"]) == (0, "p")
    options = constructor_options(("s", info, "m", credential), {})
    assert (options["implicit_acknowledgements"], options["principal"]) == (True, "p")
    options = constructor_options(("s", {}, "m", True), {"principal": "q", "timeout": 5})
    assert (options["use_addict"], options["implicit_acknowledgements"], options["principal"]) == (
        True,
        True,
        "q",
    )
    options = constructor_options((), {"sched": "s", "framework": {}, "master_uri": "m"})
    assert (options["scheduler"], options["master"]) == ("s", "m")
    with pytest.raises(TypeError, match="needs master"):
        constructor_options(("s", info), {})
    with pytest.raises(TypeError, match="no argument colour"):
        constructor_options(("s", info, "m"), {"colour": 1})
    with pytest.raises(TypeError, match="twice"):
        constructor_options(("s", info, "m"), {"master": 1})
    with pytest.raises(TypeError, match="at most 5"):
        constructor_options(("s", info, "m", 1, credential, 6), {})


def test_descriptions_of_frameworks() -> None:
    message: Any = mesos_pb2.FrameworkInfo(user="", name="n")
    message.id.value = ""
    info = framework_info(message, "p")
    assert (info.name, info.id, info.principal, info.failover_timeout) == ("n", None, "p", 0.0)
    assert not info.capabilities
    info = framework_info({"name": "n", "checkpoint": True, "role": "web"}, None)
    assert (info.user, info.role, info.checkpoint, info.failover_timeout) == ("", "web", True, 100.0)
    assert [c.type for c in info.capabilities] == [model.Capability.Type.GPU_RESOURCES]


def test_the_style_follows_the_description() -> None:
    assert isinstance(style_of({}), DictStyle)
    assert isinstance(style_of(mesos_pb2.FrameworkInfo()), ProtobufStyle)
    assert ProtobufStyle().show_data(b"x") == b"x"
    assert DictStyle().show_data(b"x") == "eA=="
    assert TaskState.TASK_RUNNING.number == mesos_pb2.TASK_RUNNING
