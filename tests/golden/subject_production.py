"""Scripts are played on the production allocator through this, as far as it knows their events."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from cluster.allocator import AllocatorOptions, AllocatorState, allocate, explain, framework_shares, shares
from cluster.allocator import Candidates as Wanted
from cluster.allocator import Round as Decided
from cluster.allocator.agents import Agent
from cluster.model import Resources
from tests.oracle.chance import Chance
from tests.oracle.records import Candidates, Options
from tests.oracle.round import Grant, Round
from tests.oracle.subject import Chances, Clocked, Unsupported


class ProductionSubject(Clocked):
    """`cluster.allocator` as a subject."""

    def __init__(self, options: Options, chances: Chances) -> None:
        super().__init__(options, chances)
        self._decided: Decided | None = None
        if options.is_random:
            raise Unsupported("the random sorter")
        self._state = AllocatorState(
            AllocatorOptions(
                allocation_interval_s=options.allocation_interval_s,
                min_allocatable=options.min_allocatable,
                fair_share_excluded=options.fair_share_excluded,
                filter_gpu_resources=options.filter_gpu_resources,
                region=options.region,
            )
        )

    def call(self, method: str, arguments: dict[str, Any]) -> Candidates | bool | None:
        """See `Clocked`. Arguments the method does not know may be left out if they say nothing."""
        change: Callable[..., Any] | None = getattr(self._state, method, None)
        if change is None:
            raise Unsupported(method)
        known = inspect.signature(change).parameters
        for name in arguments.keys() - known.keys():
            if arguments.pop(name):
                raise Unsupported(f"{name} of {method}")
        answer = change(**arguments)
        return Candidates(answer.is_all, answer.agents) if isinstance(answer, Wanted) else answer

    def is_paused(self) -> bool:
        """See `Clocked`."""
        return self._state.is_paused

    def round(self, candidates: Candidates, chance: Chance) -> Round:
        """See `Clocked`."""

        def shuffle(agents: list[Agent]) -> None:
            order = chance.agents(2, [agent.id for agent in agents])
            agents.sort(key=lambda agent: order.index(agent.id))

        wanted = Wanted(candidates.is_all, frozenset() if candidates.is_all else candidates.agents)
        result = self._decided = allocate(self._state, wanted, self.now_s, shuffle)
        self._state.apply(result)
        grants = tuple(Grant(g.framework, g.role, g.agent, g.resources) for g in result.grants)
        return Round(candidates, grants, (), self.now_s)

    def agents(self) -> list[str]:
        """See `Subject`."""
        return list(self._state.agents)

    def available(self, agent_id: str) -> Resources:
        """See `Subject`."""
        return self._state.agents[agent_id].available

    def held(self, agent_id: str) -> Mapping[tuple[str, str], Resources]:
        """See `Subject`."""
        return {(f, role): resources for f, role, resources in self._state.agents[agent_id].held}

    def shares(self) -> Mapping[str, Fraction]:
        """See `Subject`."""
        found = {}
        for each in shares(self._state):
            found[each.role] = Fraction(each.share.share) / Fraction(str(each.share.weight))
            for mine in each.frameworks:
                found[f"{each.role} {mine.framework}"] = Fraction(mine.share.share)
        return found

    def roles(self) -> list[str]:
        """See `Subject`."""
        return [each.role for each in shares(self._state)]

    def frameworks(self, role: str) -> list[str]:
        """See `Subject`."""
        return [f.framework for f in framework_shares(self._state, role) if f.order is not None]

    def gauges(self) -> Mapping[str, float]:
        """See `Subject`."""
        raise Unsupported("gauges")

    def withheld(self, framework_id: str, role: str) -> Mapping[str, int]:
        """See `Subject`."""
        answer = explain(self._state, self._decided, framework_id, role, self.now_s)
        return {why.name: agents for why, agents in answer.withheld.items()}
