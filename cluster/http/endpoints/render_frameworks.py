"""Frameworks as the endpoints of the master show them, without the lists that follow. Pure.

Source: reference http-endpoints.md §3.1 (Framework object).
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cluster.http.endpoints.render_amounts import Shown, number, of_amounts, of_list, of_resources
from cluster.http.endpoints.render_tasks import CommandView, Flat, command_view, flat, role_of
from cluster.master.reading import ExecutorRow, FrameworkRow, OfferRow
from cluster.model import Capability, ExecutorInfo, OfferConstraints, Resource

_NO_CONSTRAINTS = OfferConstraints()


class FrameworkView(msgspec.Struct, gc=False):
    """A framework."""

    id: str
    name: str
    used_resources: Shown
    offered_resources: Shown
    capabilities: list[str]
    hostname: str
    webui_url: str
    active: bool
    connected: bool
    recovered: bool
    user: str
    failover_timeout: float | str
    checkpoint: bool
    registered_time: float
    unregistered_time: float
    resources: Shown
    offer_constraints: OfferConstraints
    pid: str | UnsetType = UNSET
    reregistered_time: float | UnsetType = UNSET
    principal: str | UnsetType = UNSET
    roles: tuple[str, ...] | UnsetType = UNSET
    role: str | UnsetType = UNSET
    labels: Flat | UnsetType = UNSET


class OfferView(msgspec.Struct, gc=False):
    """An offer."""

    id: str
    framework_id: str
    allocation_info: dict[str, str]
    slave_id: str
    resources: Shown


class ExecutorView(msgspec.Struct, gc=False):
    """A custom executor."""

    executor_id: str
    name: str
    framework_id: str
    command: CommandView | dict[str, object]
    resources: Shown
    slave_id: str
    role: str | UnsetType = UNSET
    labels: Flat | UnsetType = UNSET
    type: ExecutorInfo.Type | UnsetType = UNSET


def framework_view(row: FrameworkRow, here: str) -> FrameworkView:
    """A framework as it is shown. One that is `here`, at the master's own address, speaks HTTP: no pid."""
    info = row.info
    view = FrameworkView(
        id=row.id,
        name=info.name,
        used_resources=of_amounts(row.used),
        offered_resources=of_amounts(row.offered),
        capabilities=capability_names(row.capabilities),
        hostname=info.hostname or "",
        webui_url=info.webui_url or "",
        active=row.is_connected,
        connected=row.is_connected,
        recovered=row.is_recovered,
        user=info.user,
        failover_timeout=number(info.failover_timeout),
        checkpoint=info.checkpoint,
        registered_time=row.registered_s,
        unregistered_time=row.unregistered_s,
        resources=of_amounts(row.used, row.offered),
        offer_constraints=row.constraints or _NO_CONSTRAINTS,
    )
    if row.pid is not None and row.pid.address != here:
        view.pid = str(row.pid)
    if row.reregistered_s is not None:
        view.reregistered_time = row.reregistered_s
    if info.principal is not None:
        view.principal = info.principal
    if Capability.Type.MULTI_ROLE in row.capabilities:
        view.roles = row.roles
    else:
        view.role = row.roles[0]
    if info.labels is not None:
        view.labels = info.labels.labels
    return view


def capability_names(of: frozenset[Capability.Type]) -> list[str]:
    """Capabilities in words, in the order of their numbers."""
    return [kind.value for kind in sorted(of, key=lambda kind: kind.number)]


def offer_view(row: OfferRow) -> OfferView:
    """An offer as it is shown."""
    return OfferView(row.id, row.framework_id, {"role": row.role}, row.agent_id, of_resources(row.resources))


def executor_view(framework_id: str, row: ExecutorRow) -> ExecutorView:
    """A custom executor as it is shown."""
    info = row.info
    return ExecutorView(
        executor_id=info.executor_id.value,
        name=info.name or "",
        framework_id=framework_id,
        command=command_view(info.command),
        resources=of_list(info.resources),
        slave_id=row.agent_id,
        role=allocated_role(info.resources),
        labels=flat(info.labels),
        type=info.type if info.type is not None else UNSET,
    )


def allocated_role(resources: tuple[Resource, ...]) -> str | UnsetType:
    """The role of the first resource, if there is any."""
    return role_of(resources) if resources else UNSET
