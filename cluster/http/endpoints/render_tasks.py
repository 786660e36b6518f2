"""Tasks as the endpoints of master and agent show them. Pure.

Source: reference http-endpoints.md §3.1 (Task object).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cluster.http.answers import encode_json
from cluster.http.endpoints.render_amounts import limits, of_list, written
from cluster.model import (
    CgroupInfo,
    CommandInfo,
    ContainerID,
    ContainerInfo,
    ContainerStatus,
    DiscoveryInfo,
    HealthCheck,
    Label,
    Labels,
    NetworkInfo,
    Resource,
    Task,
    TaskState,
    TaskStatus,
)

Flat = tuple[Label, ...]


class NetworkView(msgspec.Struct, gc=False, omit_defaults=True):
    """A network whose labels are a flat list."""

    groups: tuple[str, ...] = ()
    labels: Flat = ()
    ip_addresses: tuple[NetworkInfo.IPAddress, ...] = ()
    name: str | UnsetType = UNSET
    port_mappings: tuple[NetworkInfo.PortMapping, ...] = ()


class ContainerStatusView(msgspec.Struct, gc=False, omit_defaults=True):
    """What a status tells of a container."""

    container_id: ContainerID | None = None
    network_infos: tuple[NetworkInfo | NetworkView, ...] = ()
    cgroup_info: CgroupInfo | None = None


class StatusView(msgspec.Struct, gc=False):
    """One status: neither message nor reason."""

    state: TaskState
    timestamp: float
    labels: Flat | UnsetType = UNSET
    container_status: ContainerStatus | ContainerStatusView | UnsetType = UNSET
    healthy: bool | UnsetType = UNSET


class TaskView(msgspec.Struct, gc=False):
    """A task."""

    id: str
    name: str
    framework_id: str
    executor_id: str
    slave_id: str
    state: TaskState
    resources: Raw
    role: str
    statuses: list[StatusView]
    limits: Mapping[str, float | str] | UnsetType = UNSET
    user: str | UnsetType = UNSET
    labels: Flat | UnsetType = UNSET
    discovery: DiscoveryInfo | UnsetType = UNSET
    container: ContainerInfo | UnsetType = UNSET
    health_check: HealthCheck | UnsetType = UNSET


class CommandView(msgspec.Struct, gc=False):
    """A command; `argv` is what is called `arguments` elsewhere."""

    shell: bool
    argv: tuple[str, ...]
    uris: tuple[UriView, ...]
    value: str | UnsetType = UNSET
    environment: object | UnsetType = UNSET


class UriView(msgspec.Struct, gc=False):
    """A file to fetch."""

    value: str
    executable: bool


def task_view(task: Task) -> TaskView:
    """A task as it is shown."""
    return task_views((task,))[0]


def write_task(task: Task) -> bytes:
    """A task as it is shown, as text."""
    return encode_json(task_view(task))


def task_views(tasks: Iterable[Task], framework_id: str | None = None) -> list[TaskView]:
    """Tasks as they are shown; resources that neighbours have in common are written once.

    `framework_id`: of all of them. Every value that need not be looked at counts: they are all over memory.
    """
    views = []
    resources: tuple[Resource, ...] | None = None
    shown, role = Raw(), ""
    for task in tasks:
        if task.resources is not resources:
            if task.resources != resources:
                shown, role = written(of_list(task.resources)), role_of(task.resources)
            resources = task.resources
        executor_id = task.executor_id
        view = TaskView(
            task.task_id.value,
            task.name,
            framework_id or task.framework_id.value,
            "" if executor_id is None else executor_id.value,
            task.agent_id.value,
            task.state,
            shown,
            role,
            _statuses(task.statuses),
        )
        if task.limits:
            view.limits = limits(task.limits)
        if task.user is not None:
            view.user = task.user
        if task.labels is not None:
            view.labels = task.labels.labels
        if task.discovery is not None:
            view.discovery = task.discovery
        if task.container is not None:
            view.container = task.container
        if task.health_check is not None:
            view.health_check = task.health_check
        views.append(view)
    return views


def role_of(resources: tuple[Resource, ...]) -> str:
    """The role that the first resource is allocated to."""
    if resources and resources[0].allocation_info is not None:
        return resources[0].allocation_info.role or "*"
    return "*"


def flat(labels: Labels | None) -> Flat | UnsetType:
    """Labels as a flat list, if there are any."""
    return labels.labels if labels is not None else UNSET


def command_view(command: CommandInfo | None) -> CommandView | dict[str, object]:
    """A command."""
    if command is None:
        return {"argv": [], "uris": []}
    return CommandView(
        shell=command.shell,
        argv=command.arguments,
        uris=tuple(UriView(uri.value, bool(uri.executable)) for uri in command.uris),
        value=command.value if command.value is not None else UNSET,
        environment=command.environment if command.environment is not None else UNSET,
    )


def _statuses(statuses: tuple[TaskStatus, ...]) -> list[StatusView]:
    """Statuses; one that tells the same of the container as the one before does not have it looked at."""
    views = []
    container: ContainerStatus | None = None
    shown: ContainerStatus | ContainerStatusView | UnsetType = UNSET
    for status in statuses:
        if status.container_status is not container:
            container = status.container_status
            shown = UNSET if container is None else _container_status(container)
        labels, healthy = status.labels, status.healthy
        views.append(
            StatusView(
                status.state,
                status.timestamp or 0.0,
                UNSET if labels is None else labels.labels,
                shown,
                UNSET if healthy is None else healthy,
            )
        )
    return views


def _container_status(status: ContainerStatus) -> ContainerStatus | ContainerStatusView:
    """The status itself if it has nothing that is shown in another way, or not at all."""
    for network in status.network_infos:
        if network.labels is not None:
            break
    else:
        if status.executor_pid is None:
            return status
    networks = [_network(one) if one.labels is not None else one for one in status.network_infos]
    return ContainerStatusView(status.container_id, tuple(networks), status.cgroup_info)


def _network(network: NetworkInfo) -> NetworkView:
    return NetworkView(
        network.groups,
        network.labels.labels if network.labels is not None else (),
        network.ip_addresses,
        network.name if network.name is not None else UNSET,
        network.port_mappings,
    )
