"""Inverse offers: frameworks are asked to leave agents that will be away.

Source: reference allocator.md §7.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from cluster.allocator.candidates import Candidates
from cluster.allocator.round import Grant, InverseGrant

if TYPE_CHECKING:
    from cluster.allocator.agents import Agent
    from cluster.allocator.state import AllocatorState


def inverse_offers(
    state: AllocatorState, candidates: Candidates, given: Iterable[Grant], now_s: float, step: int
) -> Generator[None, None, tuple[InverseGrant, ...]]:
    """Ask all that hold something of a candidate with maintenance to leave it, once each.

    Whoever is just being given something of it is asked too. Found about `step` holders at a time; no event
    may come in between.
    """
    takers: dict[Agent, dict[str, None]] = {}
    left = iter(given)
    while some := list(islice(left, step)):
        for grant in some:
            if grant.on in state.away:
                takers.setdefault(grant.on, {})[grant.framework] = None
        yield
    asked: list[InverseGrant] = []
    effort = 0
    for agent in _away(state, candidates):
        unavailability = agent.unavailability
        assert unavailability is not None, f"agent {agent.id} will not be away"
        holders = dict.fromkeys([*(framework for framework, _ in agent.held), *takers.pop(agent, ())])
        for name in holders:
            framework = state.frameworks.get(name)
            if framework is None or not framework.is_active or name in agent.inverse_outstanding:
                continue
            if not any(until_s > now_s for until_s in framework.refused_inverse.get(agent.id, ())):
                asked.append(InverseGrant(name, agent.id, unavailability))
        effort += 1 + len(holders)
        if effort >= step:
            effort = 0
            yield
    return tuple(asked)


def _away(state: AllocatorState, candidates: Candidates) -> list[Agent]:
    """Candidates with maintenance, in an order that does not depend on how sets are hashed."""
    if candidates.is_all:
        return list(state.away)
    if len(candidates.agents) < len(state.away):
        named = [state.agents[name] for name in sorted(candidates.agents) if name in state.agents]
        return [agent for agent in named if agent in state.away]
    return [agent for agent in state.away if agent.id in candidates]
