"""Which seats cannot be offered an agent, as sets of seats; and of one framework, for want of what.

Source: reference allocator.md §5.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from cluster.allocator.agents import Agent, AgentCapabilityType, Place
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.filters import blocking
from cluster.allocator.frameworks import Framework, FrameworkCapability

if TYPE_CHECKING:
    from cluster.allocator.books import Books
    from cluster.allocator.seats import Seat

JUDGED_AT_ONCE = 64
LOOKED_AT_ONCE = 1024


def incapable_seats(state: Books, agent: Agent) -> int:
    """Seats whose framework lacks a capability for an agent, or whom the agent lacks one to serve."""
    table, seats = state.seats, 0
    if agent.has_gpus and state.options.filter_gpu_resources:
        seats |= table.lacks_gpus
    if agent.is_remote:
        seats |= table.lacks_region
    if not agent.has_multi_role:
        seats |= table.is_multi_role
    if not agent.has_hierarchical_role:
        seats |= table.is_nested
    return seats


def excluded_seats(state: Books, agent: Agent) -> int:
    """Seats whose constraints exclude an agent; each is looked at once for all agents of a place."""
    for _ in judging(state, agent):
        pass
    return (agent.place.excluded | agent.excluded) & state.seats.has_constraints


def judging(state: Books, agent: Agent) -> Iterator[int]:
    """Look at those that were not looked at yet, a few at a time; how many at each."""
    table = state.seats
    by_place = table.has_constraints & ~table.has_host_constraints
    whose: tuple[tuple[Place | Agent, int], ...] = (
        (agent.place, by_place),
        (agent, table.has_host_constraints),
    )
    for verdicts, seats in whose:
        seats &= ~verdicts.judged
        for count, seat in enumerate(table.of(seats), 1):
            verdicts.judged |= seat.bit
            if is_excluded(seat, agent):
                verdicts.excluded |= seat.bit
            if not count % JUDGED_AT_ONCE:
                yield JUDGED_AT_ONCE
        if seats:
            yield seats.bit_count() % JUDGED_AT_ONCE


def is_excluded(seat: Seat, agent: Agent) -> bool:
    """Whether the constraints of a seat exclude an agent."""
    constraints = seat.framework.constraints.get(seat.role.path)
    return constraints is not None and constraints.exclude(agent.info)


def blocked_seats(state: Books, agent: Agent, free: Bundle, now_s: float) -> Generator[int, None, int]:
    """Seats that refused all they could be offered of what is free, found a few at a time.

    Yields how many seats and kinds of resources were looked at. To be remembered while that is free.
    """
    seats, effort = 0, 0
    each = 1 if free.is_open else len(free.resources)
    for seat in state.seats.of(agent.refused_by):
        offer = could_take(seat, free)
        if blocking(seat.refusals[agent], offer.resources, now_s, state.full_rounds) is not None:
            seats |= seat.bit
        effort += each
        if effort >= LOOKED_AT_ONCE:
            yield effort
            effort = 0
    if effort:
        yield effort
    if free is agent.free:
        agent.blocked, agent.blocked_for = seats, free
    return seats


def could_take(seat: Seat, free: Bundle) -> Bundle:
    """What a seat could be offered of what is free, quota left aside."""
    return free.for_role(seat.role.lineage).stripped(seat.taste)


# -- one framework, with the reason --------------------------------------------------------------------------


def missing_capability(
    state: Books, framework: Framework, role: str, agent: Agent
) -> FrameworkCapability | AgentCapabilityType | None:
    """A capability without which the framework is offered nothing of the agent; None if it may be."""
    if agent.has_gpus and not framework.takes_gpus and state.options.filter_gpu_resources:
        return FrameworkCapability.GPU_RESOURCES
    if agent.is_remote and not framework.takes_remote:
        return FrameworkCapability.REGION_AWARE
    if framework.has_multi_role and not agent.has_multi_role:
        return AgentCapabilityType.MULTI_ROLE
    if not agent.has_hierarchical_role and "/" in role:
        return AgentCapabilityType.HIERARCHICAL_ROLE
    return None


def stripping_capability(bundle: Bundle, taste: Taste) -> FrameworkCapability | None:
    """The capability for want of which nothing of a bundle can be taken; None if something can."""
    rules = (
        FrameworkCapability.SHARED_RESOURCES,
        FrameworkCapability.REVOCABLE_RESOURCES,
        FrameworkCapability.RESERVATION_REFINEMENT,
    )
    for number, capability in enumerate(rules):
        takes = tuple(has or other > number for other, has in enumerate(taste.takes))
        if not bundle.stripped(Taste(taste.alternatives, (takes[0], takes[1], takes[2]))):
            return capability
    return None
