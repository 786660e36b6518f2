"""Validation of calls: every fault with the path of the field, as data. Pure.

Each function returns all that is wrong, in the order of the reference; the caller decides what that
means (a refused subscription, TASK_ERROR, an ignored registration).

Source: reference master.md §7.1, scheduler-executor-api.md §2.1, types.md §6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TypeVar

from cluster.model import (
    AgentInfo,
    Capability,
    CommandInfo,
    Environment,
    ExecutorInfo,
    FrameworkInfo,
    InvalidResource,
    Resource,
    Resources,
    TaskInfo,
    id_fault,
    role_fault,
    violations,
)

#: What an executor should have, in thousandths of cpus and of MB; less only earns a warning.
LEAST_EXECUTOR_CPUS_MILLI = 10
LEAST_EXECUTOR_MEM_MILLI = 32_000

#: Lists of resources of which is remembered what they come to: tasks and executors are of a few sizes.
SIZES = 4096

Wire = tuple[Resource, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault: the path of the field, from the value that was checked, and a sentence."""

    path: str
    fault: str

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}"


def sentence(violations_found: Collection[Violation]) -> str:
    """All faults in one line for people."""
    return "; ".join(str(violation) for violation in violations_found)


# -- resources --------------------------------------------------------------------------------


def resource_violations(path: str, resources: tuple[Resource, ...]) -> Iterator[Violation]:
    """Faults of each resource by itself."""
    for index, resource in enumerate(resources):
        for fault in violations(resource):
            yield Violation(f"{path}[{index}]", fault)
        if resource.name == "gpus" and resource.scalar is not None and resource.scalar.value % 1:
            yield Violation(f"{path}[{index}]", "gpus must be a whole number")


def _remembered(about: Callable[[Wire, str], T]) -> Callable[[Wire, str], T]:
    """Make a function of resources and a role remember its answers.

    Those about disks are not: volumes may hold mappings, which cannot be looked up.
    """
    known = lru_cache(SIZES)(about)

    @wraps(about)
    def look_up(resources: Wire, role: str) -> T:
        for resource in resources:
            if resource.disk is not None:
                return about(resources, role)
        return known(resources, role)

    return look_up


@_remembered
def allocated(resources: Wire, role: str) -> Resources:
    """Valid wire resources as an exact sum, allocated to `role` where they name no allocation.

    Raises:
        InvalidResource: they are not valid.
    """
    total = Resources.of(resources)
    return total.allocated(role) if not total.roles else total


@_remembered
def allocated_protos(resources: Wire, role: str) -> Wire:
    """The same in the internal format.

    Raises:
        InvalidResource: they are not valid.
    """
    return allocated(resources, role).protos()


def use_violations(resources: tuple[Resource, ...]) -> list[Violation]:
    """Faults of resources that an agent reports as in use."""
    found = list(resource_violations("resources", resources))
    if not found and any(kind.allocation is None for kind, _ in Resources.of(resources)):
        found.append(Violation("resources", "must be allocated to a role"))
    return found


@_remembered
def task_need_violations(resources: Wire, role: str) -> tuple[Violation, ...]:
    """Faults of the resources that a task needs of an offer for `role`."""
    path = "resources"
    return (*resource_violations(path, resources), *_allocation_violations(path, resources, role))


def _allocation_violations(path: str, resources: tuple[Resource, ...], role: str) -> Iterator[Violation]:
    """Valid resources must be allocated to one role, that of the offer, and not mix revocable ones."""
    try:
        total = allocated(resources, role)
    except InvalidResource:
        return  # told by `resource_violations`
    if total and total.roles != (role,):
        yield Violation(path, f"must be allocated to role {role!r} of the offer, not {total.roles!r}")
    revocable = {kind.name for kind, _ in total.revocable()}
    for name in sorted(revocable & {kind.name for kind, _ in total.nonrevocable()}):
        yield Violation(path, f"{name} is both revocable and not")


# -- commands and executors -------------------------------------------------------------------


def environment_violations(path: str, environment: Environment | None) -> Iterator[Violation]:
    """A variable has a value, or a secret, as its type says."""
    kinds = Environment.Variable.Type
    for index, variable in enumerate(environment.variables if environment is not None else ()):
        at = f"{path}.variables[{index}]"
        if not variable.name:
            yield Violation(f"{at}.name", "must not be empty")
        if variable.type is kinds.UNKNOWN:
            yield Violation(f"{at}.type", "must be VALUE or SECRET")
        elif variable.type is kinds.SECRET:
            if variable.secret is None or variable.value is not None:
                yield Violation(at, "type SECRET needs a secret and no value")
        elif variable.value is None or variable.secret is not None:
            yield Violation(at, "type VALUE needs a value and no secret")


def command_violations(path: str, command: CommandInfo) -> Iterator[Violation]:
    """A shell command has a value; without a shell there is a program or nothing."""
    if command.shell and command.value is None:
        yield Violation(f"{path}.value", "is required with shell=true")
    if command.uris:
        yield Violation(f"{path}.uris", "fetching files is not supported yet")
    yield from environment_violations(f"{path}.environment", command.environment)


def executor_violations(path: str, info: ExecutorInfo, framework_id: str, role: str) -> Iterator[Violation]:
    """Faults of a custom executor."""
    if fault := id_fault(info.executor_id.value):
        yield Violation(f"{path}.executor_id", fault)
    if info.type is ExecutorInfo.Type.DEFAULT:
        yield Violation(f"{path}.type", "must be CUSTOM or absent in a LAUNCH")
    if info.command is None:
        yield Violation(f"{path}.command", "is required for a custom executor")
    else:
        yield from command_violations(f"{path}.command", info.command)
    if info.framework_id is not None and info.framework_id.value != framework_id:
        yield Violation(f"{path}.framework_id", f"must be {framework_id}, not {info.framework_id}")
    if info.shutdown_grace_period is not None and info.shutdown_grace_period.nanoseconds < 0:
        yield Violation(f"{path}.shutdown_grace_period", "must not be negative")
    if info.container is not None:
        yield Violation(
            f"{path}.container", "containers with images, volumes or networks are not supported yet"
        )
    yield from resource_violations(f"{path}.resources", info.resources)
    yield from _allocation_violations(f"{path}.resources", info.resources, role)


# -- tasks ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task is checked against.

    `offered`: what the offers still have, allocated to `role`. `taken_ids`: tasks of the framework
    that are active or unreachable. `running`: the executor of that id that runs on the agent already.
    """

    framework_id: str
    agent_id: str
    role: str
    offered: Resources
    taken_ids: Collection[str]
    running: ExecutorInfo | None


def task_violations(task: TaskInfo, context: TaskContext) -> list[Violation]:
    """All faults of a task to be launched."""
    return [
        *_identity_violations(task, context),
        *_timing_violations(task),
        *_unsupported(task),
        *_resource_use_violations(task, context),
        *_work_violations(task, context),
        *_fit_violations(task, context),
    ]


def _identity_violations(task: TaskInfo, context: TaskContext) -> Iterator[Violation]:
    if fault := id_fault(task.task_id.value):
        yield Violation("task_id", fault)
    elif task.task_id.value in context.taken_ids:
        yield Violation("task_id", f"{task.task_id} is in use by another task of the framework")
    if task.agent_id.value != context.agent_id:
        yield Violation(
            "agent_id", f"must be {context.agent_id}, the agent of the offer, not {task.agent_id}"
        )


def _timing_violations(task: TaskInfo) -> Iterator[Violation]:
    grace = task.kill_policy.grace_period if task.kill_policy is not None else None
    if grace is not None and grace.nanoseconds < 0:
        yield Violation("kill_policy.grace_period", "must not be negative")
    if task.max_completion_time is not None and task.max_completion_time.nanoseconds < 0:
        yield Violation("max_completion_time", "must not be negative")


def _unsupported(task: TaskInfo) -> Iterator[Violation]:
    """Fields whose feature does not exist yet are refused rather than ignored."""
    if task.check is not None:
        yield Violation("check", "checks are not supported yet")
    if task.health_check is not None:
        yield Violation("health_check", "health checks are not supported yet")
    if task.container is not None:
        yield Violation("container", "containers with images, volumes or networks are not supported yet")
    if task.limits:
        yield Violation("limits", "limits above the request are not supported yet")


def _resource_use_violations(task: TaskInfo, context: TaskContext) -> Iterator[Violation]:
    if not task.resources:
        yield Violation("resources", "must not be empty")
    yield from task_need_violations(task.resources, context.role)


def _work_violations(task: TaskInfo, context: TaskContext) -> Iterator[Violation]:
    if (task.executor is None) == (task.command is None):
        yield Violation("executor", "exactly one of executor and command must be set")
    if task.command is not None:
        yield from command_violations("command", task.command)
    if task.executor is not None:
        yield from executor_violations("executor", task.executor, context.framework_id, context.role)
        if context.running is not None and not same_executor(context.running, task.executor):
            yield Violation("executor", "differs from the one that runs under this id on the agent")


def same_executor(one: ExecutorInfo, other: ExecutorInfo) -> bool:
    """Whether two descriptions mean the same executor; resources compare as sums."""
    try:
        same_resources = (
            Resources.of(one.resources).unallocated() == Resources.of(other.resources).unallocated()
        )
    except InvalidResource:
        return False
    return (
        same_resources
        and one.executor_id == other.executor_id
        and one.command == other.command
        and one.name == other.name
        and one.data == other.data
        and one.labels == other.labels
        and one.shutdown_grace_period == other.shutdown_grace_period
    )


def _fit_violations(task: TaskInfo, context: TaskContext) -> Iterator[Violation]:
    try:
        needed = allocated(task.resources, context.role)
        if task.executor is not None and context.running is None:
            needed = needed + allocated(task.executor.resources, context.role)
    except InvalidResource:
        return  # told already
    if not context.offered.contains(needed):
        yield Violation("resources", f"{needed} is more than what is left of the offer, {context.offered}")


# -- frameworks and agents --------------------------------------------------------------------


def framework_violations(
    info: FrameworkInfo,
    suppressed: Collection[str],
    allowed_roles: Collection[str] | None,
    root_submissions: bool,
) -> list[Violation]:
    """All faults of a framework that subscribes. `allowed_roles`: None allows all."""
    return [
        *_framework_role_violations(info, allowed_roles),
        *_suppression_violations(info, suppressed),
        *_framework_field_violations(info, root_submissions),
        *_offer_filter_violations(info),
    ]


def framework_roles(info: FrameworkInfo) -> tuple[str, ...]:
    """The roles a framework asks for: `roles` if it knows several, else its one role."""
    capable = {capability.type for capability in info.capabilities}
    return info.roles if Capability.Type.MULTI_ROLE in capable else (info.role or "*",)


def _framework_role_violations(
    info: FrameworkInfo, allowed_roles: Collection[str] | None
) -> Iterator[Violation]:
    capable = {capability.type for capability in info.capabilities}
    if Capability.Type.MULTI_ROLE in capable:
        if info.role is not None:
            yield Violation("framework_info.role", "must not be set by a MULTI_ROLE framework; use roles")
        if len(set(info.roles)) != len(info.roles):
            yield Violation("framework_info.roles", "must not name a role twice")
    elif info.roles:
        yield Violation("framework_info.roles", "need the capability MULTI_ROLE")
    for role in framework_roles(info):
        if fault := role_fault(role):
            yield Violation("framework_info.roles", fault)
        elif allowed_roles is not None and role != "*" and role not in allowed_roles:
            yield Violation("framework_info.roles", f"role {role!r} is not one of --roles")


def _suppression_violations(info: FrameworkInfo, suppressed: Collection[str]) -> Iterator[Violation]:
    for role in suppressed:
        if role not in framework_roles(info):
            yield Violation("suppressed_roles", f"{role!r} is not a role of the framework")


def _framework_field_violations(info: FrameworkInfo, root_submissions: bool) -> Iterator[Violation]:
    if info.id is not None and info.id.value and (fault := id_fault(info.id.value)):
        yield Violation("framework_info.id", fault)
    timeout = info.failover_timeout
    if not math.isfinite(timeout) or not 0 <= timeout < 2**63 / 1e9:
        yield Violation("framework_info.failover_timeout", f"{timeout} is not a possible duration")
    if info.user == "root" and not root_submissions:
        yield Violation("framework_info.user", "root may not submit (--no-root_submissions)")


def _offer_filter_violations(info: FrameworkInfo) -> Iterator[Violation]:
    for role, filters in info.offer_filters.items():
        least = filters.min_allocatable_resources
        for index, alternative in enumerate(least.quantities if least is not None else ()):
            at = f"framework_info.offer_filters[{role!r}].min_allocatable_resources.quantities[{index}]"
            if not alternative.quantities:
                yield Violation(at, "must not be empty")
            for name, amount in alternative.quantities.items():
                if not math.isfinite(amount.value) or amount.value < 0:
                    yield Violation(at, f"{name}:{amount.value} is not a possible amount")


def agent_violations(info: AgentInfo) -> list[Violation]:
    """All faults of an agent that registers."""
    found = list(resource_violations("info.resources", info.resources))
    found += [
        Violation(f"info.resources[{index}]", "must not be allocated")
        for index, resource in enumerate(info.resources)
        if resource.allocation_info is not None
    ]
    if not info.hostname:
        found.append(Violation("info.hostname", "must not be empty"))
    if info.id is not None and (fault := id_fault(info.id.value)):
        found.append(Violation("info.id", fault))
    return found
