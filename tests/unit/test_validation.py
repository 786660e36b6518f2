"""Validation: every rule by a plain call; all faults together, with their paths, in order."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cluster.model import (
    AgentID,
    AgentInfo,
    AllocationInfo,
    Capability,
    CheckInfo,
    CommandInfo,
    ContainerInfo,
    DiskInfo,
    DurationInfo,
    Environment,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    HealthCheck,
    InvalidResource,
    KillPolicy,
    Kind,
    OfferFilters,
    Resource,
    Resources,
    RevocableInfo,
    Scalar,
    Secret,
    TaskID,
    TaskInfo,
    ValueType,
    Volume,
)
from cluster.validation import (
    TaskContext,
    Violation,
    agent_violations,
    allocated,
    allocated_protos,
    framework_roles,
    framework_violations,
    same_executor,
    sentence,
    task_violations,
    use_violations,
)

MULTI_ROLE = (Capability(type=Capability.Type.MULTI_ROLE),)
OFFERED = Resources.parse("cpus:4;mem:1024;ports:[31000-31010]").allocated("r")
NEGATIVE = DurationInfo(nanoseconds=-1)
LONG = "x" * 256


def parsed(text: str) -> tuple[Resource, ...]:
    return Resources.parse(text).protos()


def scalar(name: str, value: float, **more: Any) -> Resource:
    return Resource(name=name, type=ValueType.SCALAR, scalar=Scalar(value=value), **more)


def task(**changes: Any) -> TaskInfo:
    good = TaskInfo(
        name="t",
        task_id=TaskID("t"),
        agent_id=AgentID("S0"),
        resources=parsed("cpus:1;mem:64"),
        command=CommandInfo(value="true"),
    )
    return replace(good, **changes)


def executor(**changes: Any) -> ExecutorInfo:
    good = ExecutorInfo(
        executor_id=ExecutorID("e"), command=CommandInfo(value="./e"), resources=parsed("cpus:0.1;mem:32")
    )
    return replace(good, **changes)


def context(**changes: Any) -> TaskContext:
    fields: dict[str, Any] = {
        "framework_id": "F", "agent_id": "S0", "role": "r", "offered": OFFERED, "taken_ids": {"taken"},
        "running": None,
    }  # fmt: skip
    return TaskContext(**fields | changes)


def paths(found: list[Violation]) -> list[str]:
    return [violation.path for violation in found]


# -- tasks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "good",
    [
        task(),
        task(command=CommandInfo(shell=False, value="/bin/true", arguments=("true",))),
        task(command=CommandInfo(shell=False)),
        task(command=None, executor=executor()),
        task(command=None, executor=executor(type=ExecutorInfo.Type.CUSTOM, framework_id=FrameworkID("F"))),
        task(command=None, executor=executor(resources=())),
        task(kill_policy=KillPolicy(grace_period=DurationInfo(nanoseconds=0))),
        task(max_completion_time=DurationInfo(nanoseconds=0), kill_policy=KillPolicy()),
        task(resources=parsed("ports:[31000-31010]")),
        task(resources=OFFERED.protos()),
        task(resources=tuple(replace(r, allocation_info=AllocationInfo(role="r")) for r in parsed("cpus:1"))),
        task(task_id=TaskID("x" * 255)),
        task(task_id=TaskID("a b:c%d")),
    ],
)
def test_a_good_task_has_no_faults(good: TaskInfo) -> None:
    assert task_violations(good, context()) == []


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"task_id": TaskID("")}, "task_id", "must not be empty"),
        ({"task_id": TaskID("a/b")}, "task_id", "invalid characters"),
        ({"task_id": TaskID("a\nb")}, "task_id", "invalid characters"),
        ({"task_id": TaskID("..")}, "task_id", "disallowed"),
        ({"task_id": TaskID(LONG)}, "task_id", "greater than 255 bytes"),
        ({"task_id": TaskID("é" * 128)}, "task_id", "greater than 255 bytes"),
        ({"task_id": TaskID("taken")}, "task_id", "taken is in use by another task of the framework"),
        ({"agent_id": AgentID("S1")}, "agent_id", "must be S0, the agent of the offer, not S1"),
        ({"kill_policy": KillPolicy(grace_period=NEGATIVE)}, "kill_policy.grace_period", "negative"),
        ({"max_completion_time": NEGATIVE}, "max_completion_time", "negative"),
        ({"check": CheckInfo()}, "check", "not supported yet"),
        ({"health_check": HealthCheck()}, "health_check", "not supported yet"),
        ({"container": ContainerInfo(type=ContainerInfo.Type.MESOS)}, "container", "not supported yet"),
        ({"limits": {"cpus": Scalar(value=2)}}, "limits", "not supported yet"),
        ({"resources": ()}, "resources", "must not be empty"),
        ({"resources": (scalar("cpus", -1),)}, "resources[0]", ""),
        ({"resources": (scalar("mem", 1), scalar("gpus", 0.5))}, "resources[1]", "whole number"),
        (
            {"resources": (scalar("cpus", 1, allocation_info=AllocationInfo(role="other")),)},
            "resources",
            "must be allocated to role 'r' of the offer",
        ),
        ({"resources": parsed("cpus:5")}, "resources", "more than what is left of the offer"),
        ({"resources": parsed("ports:[1-2]")}, "resources", "more than what is left of the offer"),
        ({"command": None}, "executor", "exactly one of"),
        ({"executor": executor()}, "executor", "exactly one of"),
        ({"command": CommandInfo()}, "command.value", "is required with shell=true"),
        (
            {"command": CommandInfo(value="x", uris=(CommandInfo.URI(value="http://h/f"),))},
            "command.uris",
            "not supported yet",
        ),
    ],
)
def test_a_bad_field_of_a_task_is_named(changes: dict[str, Any], path: str, words: str) -> None:
    found = task_violations(task(**changes), context())
    assert path in paths(found)
    assert words in next(v.fault for v in found if v.path == path)


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"executor_id": ExecutorID("a/b")}, "executor.executor_id", "invalid characters"),
        ({"type": ExecutorInfo.Type.DEFAULT}, "executor.type", "must be CUSTOM or absent in a LAUNCH"),
        ({"command": None}, "executor.command", "is required for a custom executor"),
        ({"command": CommandInfo()}, "executor.command.value", "is required with shell=true"),
        ({"framework_id": FrameworkID("G")}, "executor.framework_id", "must be F, not G"),
        ({"shutdown_grace_period": NEGATIVE}, "executor.shutdown_grace_period", "negative"),
        (
            {"container": ContainerInfo(type=ContainerInfo.Type.DOCKER)},
            "executor.container",
            "not supported yet",
        ),
        ({"resources": (scalar("cpus", float("nan")),)}, "executor.resources[0]", ""),
        (
            {"resources": (scalar("cpus", 1, allocation_info=AllocationInfo(role="x")),)},
            "executor.resources",
            "role 'r' of the offer",
        ),
        ({"resources": parsed("cpus:3.5")}, "resources", "more than what is left"),
    ],
)
def test_a_bad_field_of_an_executor_is_named(changes: dict[str, Any], path: str, words: str) -> None:
    found = task_violations(task(command=None, executor=executor(**changes)), context())
    assert paths(found) == [path] or path in paths(found)
    assert words in next(v.fault for v in found if v.path == path)


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ({"name": "", "value": "x"}, "command.environment.variables[1].name"),
        ({"name": "A"}, "command.environment.variables[1]"),
        ({"name": "A", "value": "x", "secret": Secret()}, "command.environment.variables[1]"),
        ({"name": "A", "type": Environment.Variable.Type.SECRET}, "command.environment.variables[1]"),
        (
            {"name": "A", "type": Environment.Variable.Type.SECRET, "value": "x", "secret": Secret()},
            "command.environment.variables[1]",
        ),
        (
            {"name": "A", "type": Environment.Variable.Type.UNKNOWN, "value": "x"},
            "command.environment.variables[1].type",
        ),
    ],
)
def test_a_bad_variable_is_named_by_its_place(variable: dict[str, Any], path: str) -> None:
    good = Environment.Variable(name="OK", value="")
    environment = Environment(variables=(good, Environment.Variable(**variable)))
    found = task_violations(task(command=CommandInfo(value="x", environment=environment)), context())
    assert paths(found) == [path]


def test_a_secret_is_good_where_it_is_said_to_be_one() -> None:
    secret = Environment.Variable(name="S", type=Environment.Variable.Type.SECRET, secret=Secret())
    command = CommandInfo(value="x", environment=Environment(variables=(secret,)))
    assert task_violations(task(command=command), context()) == []


def test_all_faults_come_together_in_the_order_of_the_reference() -> None:
    bad = task(
        task_id=TaskID(""), agent_id=AgentID("S9"), kill_policy=KillPolicy(grace_period=NEGATIVE),
        max_completion_time=NEGATIVE, check=CheckInfo(), health_check=HealthCheck(),
        container=ContainerInfo(type=ContainerInfo.Type.MESOS), limits={"mem": Scalar(value=1)},
        resources=parsed("cpus:100"), command=CommandInfo(uris=(CommandInfo.URI(value="u"),)),
        executor=executor(executor_id=ExecutorID("."), command=None),
    )  # fmt: skip
    found = task_violations(bad, context())
    assert paths(found) == [
        "task_id", "agent_id", "kill_policy.grace_period", "max_completion_time", "check", "health_check",
        "container", "limits", "executor", "command.value", "command.uris", "executor.executor_id",
        "executor.command", "resources",
    ]  # fmt: skip
    assert sentence(found).count("; ") >= len(found) - 1
    assert sentence(found).startswith("task_id: ID must not be empty; agent_id: must be S0")


def test_invalid_resources_are_told_once_and_not_compared_with_the_offer() -> None:
    found = task_violations(task(resources=(scalar("cpus", -1), scalar("", 1))), context())
    assert paths(found) == ["resources[0]", "resources[1]"]


def test_volumes_with_mappings_are_looked_at_as_often_as_they_come() -> None:
    kinds = Volume.Source.CSIVolume
    mode = kinds.VolumeCapability.AccessMode(mode=kinds.VolumeCapability.AccessMode.Mode.SINGLE_NODE_WRITER)
    static = kinds.StaticProvisioning(
        volume_id="v",
        volume_capability=kinds.VolumeCapability(access_mode=mode),
        volume_context={"key": "value"},
    )
    source = Volume.Source(csi_volume=kinds(plugin_name="p", static_provisioning=static))
    volume = Volume(mode=Volume.Mode.RW, container_path="path", source=source)
    resources = (scalar("cpus", 1), scalar("disk", 1, disk=DiskInfo(volume=volume)))
    for _ in range(2):
        assert allocated(resources, "r").amount(Kind("cpus", allocation="r")) == 1000
        assert allocated_protos(resources, "r")[1].disk == DiskInfo(volume=volume)
        assert paths(task_violations(task(resources=resources), context())) == [
            "resources"
        ]  # none is offered


@pytest.mark.parametrize("text", ["cpus:1;mem:2", "mem:2;cpus:1", "cpus:1;mem:3"])
@pytest.mark.parametrize("role", ["r", "q"])
def test_sizes_that_are_remembered_are_told_apart(text: str, role: str) -> None:
    fresh = Resources.of(parsed(text)).allocated(role)
    for _ in range(2):
        assert allocated(parsed(text), role) == fresh
        assert allocated_protos(parsed(text), role) == fresh.protos()
        found = task_violations(task(resources=fresh.protos()), context())
        assert any("must be allocated" in one.fault for one in found) == (role != "r")


def test_revocable_and_other_resources_of_one_name_do_not_mix() -> None:
    revocable = Resources.of((scalar("cpus", 2, revocable=RevocableInfo()),))
    offered = OFFERED + revocable.allocated("r")
    mixed = task(resources=(scalar("cpus", 1), scalar("cpus", 1, revocable=RevocableInfo())))
    found = task_violations(mixed, context(offered=offered))
    assert found == [Violation("resources", "cpus is both revocable and not")]
    pure = task(resources=(scalar("cpus", 1, revocable=RevocableInfo()), scalar("mem", 1)))
    assert task_violations(pure, context(offered=offered)) == []


def test_a_running_executor_costs_nothing_more_but_must_be_the_same() -> None:
    using = task(command=None, executor=executor(), resources=parsed("cpus:4"))
    assert paths(task_violations(using, context())) == ["resources"]
    assert task_violations(using, context(running=executor())) == []
    changed = executor(name="other")
    assert task_violations(using, context(running=changed)) == [
        Violation("executor", "differs from the one that runs under this id on the agent")
    ]


def test_executors_are_the_same_whatever_the_form_of_their_resources() -> None:
    one = executor(resources=(scalar("cpus", 1), scalar("cpus", 0.5)))
    same = executor(
        resources=(scalar("cpus", 1.5, allocation_info=AllocationInfo(role="r")),),
        framework_id=FrameworkID("F"),
    )
    assert same_executor(one, same)
    assert not same_executor(one, executor(resources=(scalar("cpus", 1),)))
    assert not same_executor(one, executor(resources=(scalar("cpus", -1),)))
    assert not same_executor(executor(), executor(data=b"x"))
    assert not same_executor(executor(), executor(command=CommandInfo(value="./f")))


def test_allocation_is_filled_in_only_where_there_is_none() -> None:
    assert allocated(parsed("cpus:1"), "r").roles == ("r",)
    other = tuple(replace(r, allocation_info=AllocationInfo(role="x")) for r in parsed("cpus:1"))
    assert allocated(other, "r").roles == ("x",)
    with pytest.raises(InvalidResource):
        allocated((scalar("cpus", -1),), "r")


# -- frameworks -------------------------------------------------------------------------------


def faults(
    info: FrameworkInfo,
    suppressed: tuple[str, ...] = (),
    allowed: frozenset[str] | None = None,
    *,
    root: bool = True,
) -> list[Violation]:
    return framework_violations(info, suppressed, allowed, root)


def framework(**changes: Any) -> FrameworkInfo:
    return replace(FrameworkInfo(user="me", name="f"), **changes)


@pytest.mark.parametrize(
    "good",
    [
        framework(),
        framework(role="a"),
        framework(role="a/b"),
        framework(id=FrameworkID("m-0000"), failover_timeout=604800.0),
        framework(id=FrameworkID("")),
        framework(capabilities=MULTI_ROLE),
        framework(capabilities=MULTI_ROLE, roles=("a", "*", "b/c")),
        framework(user="root"),
    ],
)
def test_a_good_framework_has_no_faults(good: FrameworkInfo) -> None:
    assert faults(good) == []


@pytest.mark.parametrize(
    ("info", "path"),
    [
        (framework(capabilities=MULTI_ROLE, role="a"), "framework_info.role"),
        (framework(capabilities=MULTI_ROLE, roles=("a", "a")), "framework_info.roles"),
        (framework(roles=("a",)), "framework_info.roles"),
        (framework(role="a b"), "framework_info.roles"),
        (framework(role="/a"), "framework_info.roles"),
        (framework(role="a/../b"), "framework_info.roles"),
        (framework(role="-a"), "framework_info.roles"),
        (framework(id=FrameworkID("..")), "framework_info.id"),
        (framework(failover_timeout=float("nan")), "framework_info.failover_timeout"),
        (framework(failover_timeout=float("inf")), "framework_info.failover_timeout"),
        (framework(failover_timeout=-1.0), "framework_info.failover_timeout"),
        (framework(failover_timeout=9.3e9), "framework_info.failover_timeout"),
    ],
)
def test_a_bad_field_of_a_framework_is_named(info: FrameworkInfo, path: str) -> None:
    assert paths(faults(info)) == [path]


def test_the_whitelist_of_roles_always_has_the_star() -> None:
    allowed = frozenset({"a"})
    assert faults(framework(), (), allowed) == []
    assert faults(framework(role="a"), (), allowed) == []
    several = framework(capabilities=MULTI_ROLE, roles=("a", "b", "*", "c"))
    assert [v.fault for v in faults(several, (), allowed)] == [
        "role 'b' is not one of --roles", "role 'c' is not one of --roles",
    ]  # fmt: skip


def test_suppressed_roles_are_roles_of_the_framework() -> None:
    assert faults(framework(), ("*",)) == []
    assert paths(faults(framework(role="a"), ("a", "b", "c"))) == ["suppressed_roles"] * 2


def test_root_may_be_kept_out() -> None:
    assert faults(framework(), root=False) == []
    assert paths(faults(framework(user="root"), root=False)) == ["framework_info.user"]


@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf"), None])
def test_minima_of_offers_are_amounts(value: float | None) -> None:
    def filters(*amounts: dict[str, Scalar]) -> dict[str, OfferFilters]:
        quantities = tuple(OfferFilters.ResourceQuantities(quantities=amount) for amount in amounts)
        least = OfferFilters.MinAllocatableResources(quantities=quantities)
        return {"a": OfferFilters(), "b": OfferFilters(min_allocatable_resources=least)}

    good = {"cpus": Scalar(value=0.0), "mem": Scalar(value=64)}
    bad = {"cpus": Scalar(value=value)} if value is not None else {}
    assert faults(framework(offer_filters=filters(good))) == []
    assert paths(faults(framework(offer_filters=filters(good, bad)))) == [
        "framework_info.offer_filters['b'].min_allocatable_resources.quantities[1]"
    ]


def test_what_is_in_use_is_allocated() -> None:
    assert use_violations(OFFERED.protos()) == []
    assert use_violations(()) == []
    assert paths(use_violations(parsed("cpus:1"))) == ["resources"]
    assert paths(use_violations((scalar("cpus", 1), scalar("mem", -1)))) == ["resources[1]"]


def test_all_faults_of_a_framework_come_together() -> None:
    bad = framework(user="root", roles=("x",), role="a b", failover_timeout=-1.0, id=FrameworkID("a/b"))
    assert paths(faults(bad, ("y",), root=False)) == [
        "framework_info.roles", "framework_info.roles", "suppressed_roles", "framework_info.id",
        "framework_info.failover_timeout", "framework_info.user",
    ]  # fmt: skip


def test_the_roles_of_a_framework() -> None:
    assert framework_roles(framework()) == ("*",)
    assert framework_roles(framework(role="a")) == ("a",)
    assert framework_roles(framework(roles=("a", "b"), capabilities=MULTI_ROLE)) == ("a", "b")
    assert framework_roles(framework(capabilities=MULTI_ROLE)) == ()


# -- agents -----------------------------------------------------------------------------------


def test_agents() -> None:
    assert agent_violations(AgentInfo(hostname="h", resources=parsed("cpus:4;gpus:2"))) == []
    bad = AgentInfo(
        hostname="", id=AgentID("a/b"), resources=(scalar("cpus", 1), scalar("gpus", 1.5), scalar("mem", -1))
    )
    assert paths(agent_violations(bad)) == [
        "info.resources[1]", "info.resources[2]", "info.hostname", "info.id",
    ]  # fmt: skip
    allocated_ = AgentInfo(hostname="h", resources=OFFERED.protos())
    assert {v.fault for v in agent_violations(allocated_)} == {"must not be allocated"}
    assert sentence(agent_violations(bad)).startswith("info.resources[1]: gpus must be a whole number; ")
