"""Rows of the master as the operator API shows them. Pure.

Source: reference http-endpoints.md §8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from actors import NANOS, PID, split_address
from cluster.http.endpoints.render_roles import roles_view
from cluster.master import watching
from cluster.master.reading import AgentRow, ExecutorRow, FrameworkRow, OfferRow, RoleRow
from cluster.model import (
    URL,
    Address,
    AgentID,
    AgentInfo,
    AllocationInfo,
    FrameworkID,
    Offer,
    OfferConstraints,
    OfferID,
    Resource,
    Resources,
    Role,
    TimeInfo,
    endpoint_form,
)
from cluster.v1.master import Event, Response

Agent = Response.GetAgents.Agent
Framework = Response.GetFrameworks.Framework
Executor = Response.GetExecutors.Executor

#: What is shown of a role.
SCALARS = ("cpus", "gpus", "mem", "disk")


def agent(row: AgentRow) -> Agent:
    """A registered agent."""
    return Agent(
        agent_info=row.info,
        active=row.is_connected,
        deactivated=False,
        version=row.version,
        pid=str(row.pid),
        registered_time=_time(row.registered_s),
        reregistered_time=_time(row.reregistered_s) if row.reregistered_s is not None else None,
        total_resources=_shown(row.total),
        allocated_resources=_shown(total(row.used)),
        offered_resources=_shown(total(row.offered)),
        capabilities=row.capabilities,
    )


def framework(row: FrameworkRow, used: Resources, offered: Resources) -> Framework:
    """A framework with what it has, but for its offers. Times that are not known are left out."""
    bare = announced(row)
    return Framework(
        framework_info=bare.framework_info,
        active=bare.active,
        connected=bare.connected,
        recovered=bare.recovered,
        registered_time=_known(bare.registered_time),
        reregistered_time=_known(bare.reregistered_time),
        unregistered_time=_known(bare.unregistered_time),
        allocated_resources=_shown(used),
        offered_resources=_shown(offered),
        offer_constraints=row.constraints or OfferConstraints(),
    )


def announced(row: FrameworkRow) -> Framework:
    """A framework as events show it: without what it has, and with all times.

    One that did not come back yet re-registered when it registered, as in the original.
    """
    again_s = row.registered_s if row.reregistered_s is None else row.reregistered_s
    return Framework(
        framework_info=row.info,
        active=row.is_connected,
        connected=row.is_connected,
        recovered=row.is_recovered,
        registered_time=_time(row.registered_s),
        reregistered_time=_time(again_s),
        unregistered_time=_time(row.unregistered_s),
    )


class Home(msgspec.Struct, frozen=True, gc=False):
    """What offers tell of their agent; all that is kept of agents while a picture is taken."""

    info: AgentInfo
    pid: PID


def offer(row: OfferRow, home: Home) -> Offer:
    """An outstanding offer of resources of the agent `home`."""
    host, port = split_address(home.pid.address)
    return Offer(
        id=OfferID(row.id),
        framework_id=FrameworkID(row.framework_id),
        agent_id=AgentID(row.agent_id),
        hostname=home.info.hostname,
        url=URL(
            scheme="http",
            address=Address(hostname=home.info.hostname, ip=host, port=port),
            path=f"/{home.pid.name}",
        ),
        domain=home.info.domain,
        resources=row.resources.protos(),
        attributes=home.info.attributes,
        executor_ids=row.executor_ids,
        allocation_info=AllocationInfo(role=row.role),
    )


def executor(row: ExecutorRow) -> Executor:
    """A custom executor."""
    return Executor(executor_info=row.info, agent_id=AgentID(row.agent_id))


def roles(rows: tuple[RoleRow, ...], listed: frozenset[str] | None) -> tuple[Role, ...]:
    """Roles and those above them, with what is used and offered below them."""
    return tuple(_role(view) for view in roles_view(rows, listed))


def _role(view: Mapping[str, Any]) -> Role:
    amounts: Mapping[str, float] = view["resources"]
    held = Resources.scalar(**{name: amounts[name] for name in SCALARS if name in amounts})
    return Role(
        name=view["name"],
        weight=view["weight"],
        frameworks=tuple(map(FrameworkID, view["frameworks"])),
        resources=_shown(held),
    )


def event(transition: watching.Transition) -> Event | None:
    """What subscribers are told of a transition; None if nothing.

    Agents that change or go out of reach are not told, as in the original (reference master.md §12).
    """
    kinds = Event.Type
    match transition:
        case watching.TaskAdded(task):
            return Event(type=kinds.TASK_ADDED, task_added=Event.TaskAdded(task=task))
        case watching.TaskUpdated(framework_id, status, state):
            updated = Event.TaskUpdated(framework_id=FrameworkID(framework_id), status=status, state=state)
            return Event(type=kinds.TASK_UPDATED, task_updated=updated)
        case watching.AgentAdded(row):
            return Event(type=kinds.AGENT_ADDED, agent_added=Event.AgentAdded(agent=agent(row)))
        case watching.AgentRemoved(agent_id, watching.Removal.LEFT):
            removed = Event.AgentRemoved(agent_id=AgentID(agent_id))
            return Event(type=kinds.AGENT_REMOVED, agent_removed=removed)
        case watching.FrameworkAdded(row):
            added = Event.FrameworkAdded(framework=announced(row))
            return Event(type=kinds.FRAMEWORK_ADDED, framework_added=added)
        case watching.FrameworkUpdated(row):
            changed = Event.FrameworkUpdated(framework=announced(row))
            return Event(type=kinds.FRAMEWORK_UPDATED, framework_updated=changed)
        case watching.FrameworkRemoved(info):
            ended = Event.FrameworkRemoved(framework_info=info)
            return Event(type=kinds.FRAMEWORK_REMOVED, framework_removed=ended)
        case watching.AgentUpdated() | watching.AgentRemoved():
            return None


def total(parts: Iterable[Resources]) -> Resources:
    """The sum."""
    found = Resources.EMPTY
    for part in parts:
        found = found + part
    return found


def _shown(resources: Resources) -> tuple[Resource, ...]:
    return tuple(endpoint_form(proto) for proto in resources.protos())


def _time(seconds: float) -> TimeInfo:
    return TimeInfo(nanoseconds=round(seconds * NANOS))


def _known(time: TimeInfo | None) -> TimeInfo | None:
    return time if time is not None and time.nanoseconds else None
