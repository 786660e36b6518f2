"""Scripts and histories are played on the production allocator through this."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Any

from cluster.allocator import (
    AllocatorOptions,
    AllocatorState,
    allocate,
    explain,
    framework_shares,
    gauges,
    shares,
)
from cluster.allocator import Candidates as Wanted
from cluster.allocator import Round as Decided
from cluster.allocator.agents import Agent
from cluster.allocator.draws import Chances as Drawn
from cluster.allocator.slices import at_once
from cluster.model import Resources
from tests.oracle.chance import Chance
from tests.oracle.records import Candidates, Options
from tests.oracle.round import Grant, InverseGrant, Round
from tests.oracle.subject import Chances, Clocked


class PlacedDraws:
    """The chance of a test as that of a round: every order belongs to the place it is used in."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def agents(self, stage: int, agents: list[Agent]) -> Iterator[Agent]:
        """See `cluster.allocator.Draws`."""
        by_id = {agent.id: agent for agent in agents}
        return iter([by_id[agent_id] for agent_id in self._chance.agents(stage, list(by_id))])

    def entries(
        self, stage: int, agent: str, role: str, framework: str, use: str, entries: list[Resources]
    ) -> list[Resources]:
        """See `cluster.allocator.Draws`."""
        return self._chance.entries(f"{stage}/{agent}/{role}/{framework}/{use}", entries)

    def roles(
        self, stage: int, agent: str, chances: Drawn, among: Sequence[str] | None = None
    ) -> Iterable[str]:
        """See `cluster.allocator.Draws`."""
        names = chances.probabilities if among is None else among
        weights = {name: chances.probabilities[name] for name in names}
        return self._chance.clients(f"{stage}/{agent}/roles", weights)

    def frameworks(self, stage: int, agent: str, role: str, frameworks: Sequence[str]) -> Iterator[str]:
        """See `cluster.allocator.Draws`."""
        even = dict.fromkeys(frameworks, Fraction(1, max(1, len(frameworks))))
        return iter(self._chance.clients(f"{stage}/{agent}/frameworks of {role}", even))


class ProductionSubject(Clocked):
    """`cluster.allocator` as a subject."""

    def __init__(self, options: Options, chances: Chances) -> None:
        super().__init__(options, chances)
        self._decided: Decided | None = None
        self.state = AllocatorState(
            AllocatorOptions(
                allocation_interval_s=options.allocation_interval_s,
                min_allocatable=options.min_allocatable,
                fair_share_excluded=options.fair_share_excluded,
                filter_gpu_resources=options.filter_gpu_resources,
                region=options.region,
                is_random=options.is_random,
                recovery_timeout_s=options.recovery_timeout_s,
                agent_recovery_percent=options.agent_recovery_percent,
            )
        )

    def call(self, method: str, arguments: dict[str, Any]) -> Candidates | bool | None:
        """See `Clocked`."""
        answer = getattr(self.state, method)(**arguments)
        return Candidates(answer.is_all, answer.agents) if isinstance(answer, Wanted) else answer

    def is_paused(self) -> bool:
        """See `Clocked`."""
        return self.state.is_paused

    def round(self, candidates: Candidates, chance: Chance) -> Round:
        """See `Clocked`."""
        wanted = Wanted(candidates.is_all, frozenset() if candidates.is_all else candidates.agents)
        result = self._decided = allocate(self.state, wanted, self.now_s, PlacedDraws(chance))
        self.state.apply(result)
        # What is given wholesale comes in no order.
        given = sorted(result.grants, key=attrgetter("agent")) if result.lots else result.grants
        grants = tuple(Grant(g.framework, g.role, g.agent, g.resources) for g in given)
        place = {name: number for number, name in enumerate(self.state.agents)}
        asked = sorted(result.inverse_offers, key=lambda asked: place[asked.agent])
        inverse = tuple(InverseGrant(g.framework, g.agent, g.unavailability) for g in asked)
        return Round(candidates, grants, inverse, self.now_s)

    def agents(self) -> list[str]:
        """See `Subject`."""
        return list(self.state.agents)

    def available(self, agent_id: str) -> Resources:
        """See `Subject`."""
        return self.state.agents[agent_id].available

    def held(self, agent_id: str) -> Mapping[tuple[str, str], Resources]:
        """See `Subject`."""
        return dict(self.state.agents[agent_id].held.items())

    def shares(self) -> Mapping[str, Fraction]:
        """See `Subject`."""
        found = {}
        for each in shares(self.state):
            found[each.role] = Fraction(each.share.share) / Fraction(str(each.share.weight))
            for mine in each.frameworks:
                found[f"{each.role} {mine.framework}"] = Fraction(mine.share.share)
        return found

    def roles(self) -> list[str]:
        """See `Subject`."""
        if self.state.options.is_random:
            chances = at_once(self.state.tree.chances())
            return list(self._chances(self._rounds + 1).clients("asked/roles", chances.probabilities))
        return [each.role for each in shares(self.state)]

    def frameworks(self, role: str) -> list[str]:
        """See `Subject`."""
        listed = [f.framework for f in framework_shares(self.state, role) if f.order is not None]
        if self.state.options.is_random:
            even = dict.fromkeys(listed, Fraction(1, max(1, len(listed))))
            return list(self._chances(self._rounds + 1).clients(f"asked/frameworks of {role}", even))
        return listed

    def gauges(self) -> Mapping[str, float]:
        """See `Subject`."""
        return gauges(self.state, self.now_s)

    def withheld(self, framework_id: str, role: str) -> Mapping[str, int]:
        """See `Subject`."""
        answer = explain(self.state, self._decided, framework_id, role, self.now_s)
        assert answer.offered + sum(answer.withheld.values()) == answer.agents
        return {why.name: agents for why, agents in answer.withheld.items()}
