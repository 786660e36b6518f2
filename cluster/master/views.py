"""What people see of the master: pages of frozen values. Nothing here changes anything."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping

from cluster.allocator import RoleShare
from cluster.allocator import messages as alloc
from cluster.master import reading
from cluster.master.state import AgentEntry, FrameworkEntry, MasterState
from cluster.model import Resources
from cluster.protocol import operator as protocol


def agents(state: MasterState, asked: protocol.GetAgents) -> protocol.Agents:
    """A page of agents."""
    names, is_last = _page(state.agents, asked.after, asked.limit)
    views = tuple(_agent(state.agents[name]) for name in names)
    return protocol.Agents(views, len(state.unreachable_agents), is_last)


def frameworks(state: MasterState, asked: protocol.GetFrameworks) -> protocol.Frameworks:
    """A page of frameworks."""
    known = state.completed_frameworks if asked.completed else state.frameworks
    names, is_last = _page(known, asked.after, asked.limit)
    return protocol.Frameworks(
        tuple(_framework(state, known[name], asked.completed) for name in names), is_last
    )


def tasks(state: MasterState, asked: protocol.GetTasks) -> protocol.Tasks:
    """A page of a framework's tasks; none for an unknown framework."""
    framework = state.frameworks.get(asked.framework_id) or state.completed_frameworks.get(asked.framework_id)
    if framework is None:
        return protocol.Tasks((), True)
    if asked.completed:
        records = {record.task_id.value: record for record in framework.completed}
    else:
        records = {task.id: task.record for task in framework.tasks.values()}
    names, is_last = _page(records, asked.after, asked.limit)
    return protocol.Tasks(tuple(records[name] for name in names), is_last)


def shares(roles: Iterable[RoleShare]) -> protocol.Shares:
    """Who holds what, as the allocator told."""
    return protocol.Shares(
        tuple(
            protocol.RoleShareView(
                role.role,
                float(role.share.share),
                role.share.dominant or "",
                float(role.share.weight),
                tuple(
                    protocol.FrameworkShareView(f.framework, float(f.share.share), f.share.dominant or "")
                    for f in role.frameworks
                ),
            )
            for role in roles
        )
    )


def explanation(found: alloc.Explained) -> protocol.Explanation:
    """Why there are no offers, as the allocator told."""
    why = found.explanation
    if why is None:
        return protocol.Explanation(0, 0, {}, 0, "no such framework")
    withheld = {reason.name: count for reason, count in why.withheld.items()}
    return protocol.Explanation(
        why.agents,
        why.offered,
        withheld,
        why.possible,
        takers={f"{framework} {role}": agents for (framework, role), agents in why.takers.items()},
        held_for=why.held_for,
        looked_at=why.looked_at,
    )


def roles(state: MasterState, weights: Mapping[str, float]) -> reading.Roles:
    """Every role that somebody uses, reserves for, or gave a weight."""
    tally = state.tally
    subscribed: dict[str, list[str]] = {}
    for framework in state.frameworks.values():
        for role in framework.roles:
            subscribed.setdefault(role, []).append(framework.id)
    known = (subscribed, weights, tally.reserved.by_name, tally.role_used.by_name, tally.role_offered.by_name)
    rows = tuple(
        reading.RoleRow(
            name,
            weights.get(name, 1.0),
            tally.role_used.of(name).milli.copy(),
            tally.role_offered.of(name).milli.copy(),
            tally.reserved.of(name).milli.copy(),
            tally.reserved_used.of(name).milli.copy(),
            tuple(subscribed.get(name, ())),
        )
        for name in sorted({name: None for names in known for name in names})
    )
    return reading.Roles(rows, tuple(sorted(weights.items())))


def _page(names: Iterable[str], after: str, limit: int) -> tuple[list[str], bool]:
    ordered = sorted(names)
    start = bisect_right(ordered, after)
    stop = start + max(1, min(limit, protocol.PAGE))
    return ordered[start:stop], stop >= len(ordered)


def _sum(parts: Iterable[Resources]) -> str:
    total = Resources.EMPTY
    for part in parts:
        total = total + part.unallocated()
    return str(total) if total else ""


def _agent(agent: AgentEntry) -> protocol.AgentView:
    return protocol.AgentView(
        id=agent.id,
        pid=str(agent.pid),
        hostname=agent.info.hostname,
        version=agent.version,
        is_connected=agent.is_connected,
        registered_s=agent.registered_s,
        total=str(agent.total),
        used=_sum(agent.used.values()),
        offered=_sum(offer.resources for offer in agent.offers.values()),
        tasks=len(agent.tasks),
    )


def _framework(state: MasterState, framework: FrameworkEntry, completed: bool) -> protocol.FrameworkView:
    states = Counter(task.state.value for task in framework.tasks.values())
    states.update(record.state.value for record in framework.completed)
    states.update(record.state.value for record in framework.unreachable.values())
    used = (agent.used[framework.id] for agent in state.agents.values() if framework.id in agent.used)
    return protocol.FrameworkView(
        id=framework.id,
        name=framework.info.name,
        user=framework.info.user,
        roles=framework.roles,
        standing="completed" if completed else framework.standing.value,
        registered_s=framework.registered_s,
        used=_sum(used),
        offered=_sum(offer.resources for offer in framework.offers.values()),
        tasks=dict(sorted(states.items())),
    )
