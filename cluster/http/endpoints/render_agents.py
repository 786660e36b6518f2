"""Agents as the endpoints of the master show them. Pure.

Source: reference http-endpoints.md §3.1 (Slave object), §3.3.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from cluster.http.endpoints.render_amounts import Shown, by_role, of_resources, written
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

#: Agents are of a few sizes.
SIZES = 4096


class AgentView(msgspec.Struct, gc=False):
    """An agent. The fields that end in `_full` are shown by /slaves only."""

    id: str
    hostname: str
    port: int
    attributes: dict[str, float | str]
    pid: str
    registered_time: float
    resources: Raw
    used_resources: Shown | Raw
    offered_resources: Shown | Raw
    reserved_resources: Raw
    unreserved_resources: Raw
    active: bool
    deactivated: bool
    version: str
    capabilities: list[AgentCapability.Type]
    reregistered_time: float | UnsetType = UNSET
    domain: DomainInfo | UnsetType = UNSET
    reserved_resources_full: dict[str, Full] | UnsetType = UNSET
    unreserved_resources_full: Full | UnsetType = UNSET
    used_resources_full: Full | UnsetType = UNSET
    offered_resources_full: Full | UnsetType = UNSET


def agent_view(row: AgentRow) -> AgentView:
    """An agent as /state shows it."""
    info, size = row.info, _size(row.total)
    view = AgentView(
        row.id,
        info.hostname,
        info.port,
        attributes(info.attributes),
        str(row.pid),
        row.registered_s,
        size.all,
        _held(row.used),
        _held(row.offered),
        size.reserved,
        size.unreserved,
        row.is_connected,
        False,
        row.version,
        capability_names(row.capabilities),
    )
    if row.reregistered_s is not None:
        view.reregistered_time = row.reregistered_s
    if info.domain is not None:
        view.domain = info.domain
    return view


class _Size(NamedTuple):
    """What an agent has, written."""

    all: Raw
    reserved: Raw
    unreserved: Raw


@lru_cache(SIZES)
def _size(total: Resources) -> _Size:
    resources = written(of_resources(total))
    if not any(kind.reservations for kind, _ in total):
        return _Size(resources, _NO_ROLES, resources)
    by_roles = Raw(msgspec.json.encode(by_role(total)))
    return _Size(resources, by_roles, written(of_resources(total.unreserved())))


_NO_ROLES = Raw(b"{}")
_NOTHING = written(of_resources())


def _held(parts: tuple[Resources, ...]) -> Shown | Raw:
    return of_resources(*parts) if parts else _NOTHING


def full_agent_view(row: AgentRow) -> AgentView:
    """An agent as /slaves shows it."""
    view = agent_view(row)
    view.reserved_resources_full = full_by_role(row.total)
    view.unreserved_resources_full = full(row.total.unreserved())
    view.used_resources_full = full(*row.used)
    view.offered_resources_full = full(*row.offered)
    return view


def full(*parts: Resources) -> Full:
    """Whole resources in the format that old and new tools read; of those in use, with whose they are."""
    return [endpoint_form(proto) for proto in sum(parts, Resources.EMPTY).protos()]


def full_by_role(total: Resources) -> dict[str, Full]:
    """The reserved ones, by the role that reserved them."""
    roles = dict.fromkeys(kind.reservation_role for kind, _ in total)
    return {role: full(total.reserved(role)) for role in roles if role is not None}


def attributes(of: tuple[Attribute, ...]) -> dict[str, float | str]:
    """Attributes by name; of several with one name the last."""
    if not of:
        return {}
    return {a.name: a.scalar.value if a.scalar is not None else value_text(a) for a in of}


def capability_names(of: tuple[AgentCapability, ...]) -> list[AgentCapability.Type]:
    """The kinds of capabilities, which JSON has in words."""
    return [capability.type for capability in of if capability.type is not None]
