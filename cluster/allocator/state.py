"""What the allocator knows, and how every event changes it. No decision is made here; `allocate` makes them.

Event methods return the agents the next round should look at; those that want no round of their own return
nothing. While paused, or while a new master waits for agents, nothing is wanted, and what would have been is
forgotten.

Source: reference allocator.md §1, §3, §6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator

from cluster.allocator.agent_events import AgentEvents
from cluster.allocator.agents import Agent
from cluster.allocator.cluster_events import ClusterEvents
from cluster.allocator.framework_events import FrameworkEvents
from cluster.allocator.outcomes import Outcomes
from cluster.allocator.resource_events import ResourceEvents
from cluster.model import Quantities


class AllocatorState(FrameworkEvents, AgentEvents, ResourceEvents, ClusterEvents, Outcomes):
    """Agents, frameworks, roles and what is held; read by rounds and explanations, changed by events only.

    A role exists while a framework is tracked under it: subscribed to it, or still holding something there.
    """

    # -- questions -----------------------------------------------------------------------------------------

    def active_filters(self, role: str, now_s: float) -> int:
        """Offer filters of all frameworks in force for a role."""
        known = self.tree.roles.get(role)
        if known is None:
            return 0
        self.expire_filters(now_s)
        return sum(seat.filters for seat in known.seats.values())

    def held_by_strangers(self) -> Iterator[Agent]:
        """Agents of which frameworks hold something that are not known; events may happen in between."""
        told: dict[str, None] = {}
        for framework_id in list(self._strangers):
            for name in list(self._strangers.get(framework_id, ())):
                if name not in told and name in self.agents:
                    told[name] = None
                    yield self.agents[name]

    def available_headroom(self, step: int) -> Generator[None, None, Quantities]:
        """See `Ledger.available_headroom`; what is revocable is counted `step` agents at a time."""
        revocable: Counter[str] = Counter()
        effort = 0
        for agent in list(self.agents.values()) if self._revocable_agents else ():
            if agent.whole.has_revocable:
                effort += agent.free_effort
                revocable.update(dict(agent.free.revocable_counted()))
            effort += 1
            if effort >= step:
                effort = 0
                yield
        return self.ledger.available_headroom(self.pool.totals, self.tree.root.totals, Quantities(revocable))
