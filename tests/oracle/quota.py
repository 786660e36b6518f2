"""Quota: what roles consume of it, what must be left for guarantees, and cutting offers to what is left.

Source: reference allocator.md §1 (quotaOfferedOrConsumed), §4 (headroom, shrink).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from cluster.model import Limits, Quantities, Resources, Scalar, ValueType, from_milli, is_strict_subrole
from tests.oracle.records import State

Arrange = Callable[[Sequence[Resources]], list[Resources]]


def scalars(resources: Resources) -> Quantities:
    """Amounts by name, scalars only."""
    return resources.scalars().quantities()


def counts_towards_quota(resources: Resources) -> Resources:
    """The part that quota is about: scalar, unreserved, not revocable."""
    return resources.scalars().unreserved().nonrevocable()


def is_within(role: str, of: str) -> bool:
    """Whether a role is another one or lies below it."""
    return role == of or is_strict_subrole(role, of)


def reservations(state: State, role: str | None = None) -> Quantities:
    """Scalars reserved to a role and the roles below it, allocated or not; None for all roles."""
    total = Quantities.EMPTY
    for agent in state.agents.values():
        total = total + scalars(agent.total.reserved() if role is None else agent.total.reserved_below(role))
    return total


def held_by_roles(state: State, role: str | None = None, only_allocated: bool = False) -> list[Resources]:
    """By agent what known frameworks hold for a role and the roles below it; None for all roles."""
    by_agent = []
    for agent in state.agents.values():
        total = Resources.EMPTY
        for (framework, for_role), resources in (agent.allocated if only_allocated else agent.held).items():
            if framework in state.frameworks and (role is None or is_within(for_role, role)):
                total = total + resources
        by_agent.append(total)
    return by_agent


def consumed(state: State, role: str, only_allocated: bool = False) -> Quantities:
    """Quota a role has used up: all its reservations, and what else it was offered or has allocated."""
    total = reservations(state, role)
    for resources in held_by_roles(state, role, only_allocated):
        total = total + scalars(counts_towards_quota(resources))
    return total


def consumed_by_top_roles(state: State) -> dict[str, Quantities]:
    """Consumption of every top-level role with quota."""
    return {
        role: consumed(state, role)
        for role, quota in state.quotas.items()
        if not quota.is_default and "/" not in role
    }


def required_headroom(state: State, consumption: dict[str, Quantities]) -> Quantities:
    """What must stay free for guarantees that are not met."""
    total = Quantities.EMPTY
    for role in consumption:
        total = total + (state.quota(role).guarantees - consumption[role])
    return total


def available_headroom(state: State) -> Quantities:
    """What is free, unreserved and not revocable, on all agents, whether the round looks at them or not."""
    free, held, held_reserved = Quantities.EMPTY, Quantities.EMPTY, Quantities.EMPTY
    for agent in state.agents.values():
        free = free + scalars(agent.total)
    for resources in held_by_roles(state):
        held = held + scalars(resources)
        held_reserved = held_reserved + scalars(resources.reserved())
    free = free - held
    free = free - (reservations(state) - held_reserved)
    for agent in state.agents.values():
        free = free - scalars(agent.available.revocable())
    return free


def shrink(resources: Resources, target: Quantities | Limits, arrange: Arrange) -> Resources:
    """Cut resources down to a target, entry by entry in the order `arrange` puts them.

    Of quantities, a name that is missing gets nothing; of limits, it is kept whole. What can only be had
    whole is kept if it fits, else left out.
    """
    kept = Resources.EMPTY
    for entry in arrange([Resources.of([proto]) for proto in resources.protos()]):
        (name,) = entry.quantities()
        room = target.get(name) if isinstance(target, Limits) else target[name]
        if room is None:
            kept = kept + entry
            continue
        part = _at_most(entry, room - kept.quantities()[name])
        kept = kept + part
    return kept


def _at_most(entry: Resources, room_milli: int) -> Resources:
    """As much of a single entry as there is room for."""
    ((kind, _),) = entry
    assert kind.type is ValueType.SCALAR, "only scalars are cut"
    if room_milli <= 0:
        return Resources.EMPTY
    if entry.milli(kind.name) <= room_milli:
        return entry
    if kind.lot_milli is not None:
        return Resources.EMPTY
    (whole,) = entry.protos()
    return Resources.of([msgspec.structs.replace(whole, scalar=Scalar(value=from_milli(room_milli)))])
