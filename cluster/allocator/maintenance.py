"""Inverse offers: frameworks are asked to leave agents that will be away.

Source: reference allocator.md §7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cluster.allocator.candidates import Candidates
from cluster.allocator.round import Grant, InverseGrant

if TYPE_CHECKING:
    from cluster.allocator.agents import Agent
    from cluster.allocator.state import AllocatorState


def inverse_offers(
    state: AllocatorState, candidates: Candidates, given: Iterable[Grant], now_s: float
) -> Iterator[InverseGrant]:
    """Ask all that hold something of a candidate with maintenance to leave it, once each.

    Whoever is just being given something of it is asked too.
    """
    grants = list(given)
    for agent in state.agents.values():
        unavailability = agent.unavailability
        if unavailability is None or agent.id not in candidates:
            continue
        for name in _holders(agent, grants):
            framework = state.frameworks.get(name)
            if framework is None or not framework.is_active or name in agent.inverse_outstanding:
                continue
            if not any(until_s > now_s for until_s in framework.refused_inverse.get(agent.id, ())):
                yield InverseGrant(name, agent.id, unavailability)


def _holders(agent: Agent, grants: list[Grant]) -> dict[str, None]:
    return dict.fromkeys(
        [*(framework for framework, _ in agent.held), *(g.framework for g in grants if g.on is agent)]
    )
