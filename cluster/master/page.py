"""What the web page is told of the master's state. Nothing here changes anything, or walks over much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from actors import NANOS
from cluster.master.state import FrameworkEntry, MasterState, OfferEntry
from cluster.model import Task, from_milli
from cluster.protocol import page as protocol


def overview(state: MasterState) -> protocol.Overview:
    """The cluster in a few numbers."""
    tally = state.tally
    offered: Counter[str] = Counter()
    for part in tally.role_offered.by_name.values():
        offered.update(part.milli)
    connected = sum(agent.is_connected for agent in state.agents.values())
    agents = {
        "connected": connected,
        "disconnected": len(state.agents) - connected,
        "unreachable": len(state.unreachable_agents),
        "gone": len(state.gone_agents),
    }
    frameworks = Counter(framework.standing.value for framework in state.frameworks.values())
    frameworks["completed"] = len(state.completed_frameworks)
    return protocol.Overview(
        total=_amounts(tally.total.milli),
        used=_amounts(tally.used.milli),
        offered=_amounts(offered),
        agents=agents,
        frameworks=dict(frameworks),
        tasks={task_state.value: count for task_state, count in tally.states.items() if count},
        offers=len(state.offers),
    )


def offers(state: MasterState, asked: protocol.GetOffers, now_ns: int, wall_s: float) -> protocol.Offers:
    """Outstanding offers. The state keeps them in the order in which they were made."""
    found = [offer for offer in _some(state, asked).values() if asked.role in (None, offer.role)]
    start = max(0, asked.offset)
    shown = found[start : start + max(0, min(asked.limit, protocol.PAGE))]
    return protocol.Offers(tuple(_offer(state, offer, now_ns, wall_s) for offer in shown), len(found))


def _some(state: MasterState, asked: protocol.GetOffers) -> Mapping[str, OfferEntry]:
    """Offers of the framework and the agent that are named."""
    found: Mapping[str, OfferEntry] = state.offers
    if asked.framework_id is not None:
        framework = state.frameworks.get(asked.framework_id)
        found = framework.offers if framework is not None else {}
    if asked.agent_id is not None:
        found = {name: offer for name, offer in found.items() if offer.agent_id == asked.agent_id}
    return found


def _offer(state: MasterState, offer: OfferEntry, now_ns: int, wall_s: float) -> protocol.OfferView:
    age_s = (now_ns - offer.made_ns) / NANOS
    return protocol.OfferView(
        id=offer.id,
        framework_id=offer.framework_id,
        framework_name=state.frameworks[offer.framework_id].info.name,
        agent_id=offer.agent_id,
        hostname=state.agents[offer.agent_id].info.hostname,
        role=offer.role,
        resources=str(offer.resources.unallocated()),
        age_s=age_s,
        made_s=wall_s - age_s,
    )


def task(state: MasterState, asked: protocol.GetTask) -> protocol.TaskFound | protocol.TaskUnknown:
    """One task: the one that runs, else the newest of that id that is remembered."""
    known = state.frameworks.get(asked.framework_id) or state.completed_frameworks.get(asked.framework_id)
    if known is None:
        return protocol.TaskUnknown(f"there is no framework {asked.framework_id}")
    found = _record(known, asked.task_id)
    if found is None:
        return protocol.TaskUnknown(f"framework {known.id} has no task {asked.task_id!r}")
    record, standing = found
    agent = state.agents.get(record.agent_id.value)
    entry = known.tasks.get(asked.task_id)
    return protocol.TaskFound(
        task=record,
        standing=standing,
        framework_name=known.info.name,
        hostname=agent.info.hostname if agent is not None else None,
        agent_pid=str(agent.pid) if agent is not None else None,
        is_kill_wanted=entry is not None and entry.kill is not None,
    )


def _record(framework: FrameworkEntry, task_id: str) -> tuple[Task, str] | None:
    if (entry := framework.tasks.get(task_id)) is not None:
        return entry.record, "active"
    if (away := framework.unreachable.get(task_id)) is not None:
        return away, "unreachable"
    ended = (record for record in reversed(framework.completed) if record.task_id.value == task_id)
    return next(((record, "completed") for record in ended), None)


def _amounts(milli: Mapping[str, int]) -> dict[str, float]:
    return {name: from_milli(amount) for name, amount in sorted(milli.items()) if amount}
