"""Agents as the endpoints of the master show them. Pure.

Source: reference http-endpoints.md §3.1 (Slave object), §3.3.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cluster.http.render_amounts import Shown, by_role, of_resources
from cluster.master.reading import AgentRow
from cluster.model import (
    AgentCapability,
    Attribute,
    DomainInfo,
    Resource,
    Resources,
    endpoint_form,
)
from cluster.model.attributes import value_text

Full = list[Resource]


class AgentView(msgspec.Struct, gc=False):
    """An agent. The fields that end in `_full` are shown by /slaves only."""

    id: str
    hostname: str
    port: int
    attributes: dict[str, float | str]
    pid: str
    registered_time: float
    resources: Shown
    used_resources: Shown
    offered_resources: Shown
    reserved_resources: dict[str, Shown]
    unreserved_resources: Shown
    active: bool
    deactivated: bool
    version: str
    capabilities: list[str]
    reregistered_time: float | UnsetType = UNSET
    domain: DomainInfo | UnsetType = UNSET
    reserved_resources_full: dict[str, Full] | UnsetType = UNSET
    unreserved_resources_full: Full | UnsetType = UNSET
    used_resources_full: Full | UnsetType = UNSET
    offered_resources_full: Full | UnsetType = UNSET


def agent_view(row: AgentRow) -> AgentView:
    """An agent as /state shows it."""
    resources, unreserved = of_resources(row.total), row.total.unreserved()
    view = AgentView(
        id=row.id,
        hostname=row.info.hostname,
        port=row.info.port,
        attributes=attributes(row.info.attributes),
        pid=str(row.pid),
        registered_time=row.registered_s,
        resources=resources,
        used_resources=of_resources(*row.used),
        offered_resources=of_resources(*row.offered),
        reserved_resources=by_role(row.total),
        unreserved_resources=resources if unreserved is row.total else of_resources(unreserved),
        active=row.is_connected,
        deactivated=False,
        version=row.version,
        capabilities=capability_names(row.capabilities),
    )
    if row.reregistered_s is not None:
        view.reregistered_time = row.reregistered_s
    if row.info.domain is not None:
        view.domain = row.info.domain
    return view


def full_agent_view(row: AgentRow) -> AgentView:
    """An agent as /slaves shows it."""
    view = agent_view(row)
    view.reserved_resources_full = full_by_role(row.total)
    view.unreserved_resources_full = full(row.total.unreserved())
    view.used_resources_full = full(*row.used)
    view.offered_resources_full = full(*row.offered)
    return view


def full(*parts: Resources) -> Full:
    """Whole resources in the format that old and new tools read, without allocations."""
    total = Resources.EMPTY
    for part in parts:
        total = total + part.unallocated()
    return [endpoint_form(proto) for proto in total.protos()]


def full_by_role(total: Resources) -> dict[str, Full]:
    """The reserved ones, by the role that reserved them."""
    roles = dict.fromkeys(kind.reservation_role for kind, _ in total)
    return {role: full(total.reserved(role)) for role in roles if role is not None}


def attributes(of: tuple[Attribute, ...]) -> dict[str, float | str]:
    """Attributes by name; of several with one name the last."""
    return {a.name: a.scalar.value if a.scalar is not None else value_text(a) for a in of}


def capability_names(of: tuple[AgentCapability, ...]) -> list[str]:
    """Capabilities in words."""
    return [capability.type.value for capability in of if capability.type is not None]
