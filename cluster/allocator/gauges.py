"""What the allocator says about itself in numbers.

They are found one by one, and whoever takes them may let others work in between: of thousands of roles there
are tens of thousands. Roles and agents that leave meanwhile are counted or not, as it comes.

Source: reference allocator.md §8; Mesos src/master/allocator/mesos/metrics.cpp.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from math import nan

from cluster.allocator.holdings import Holder
from cluster.allocator.pool import scalar_quantities
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import lineage
from cluster.model import Resources

NAMES = ("cpus", "mem", "disk")
Gauge = tuple[str, float]
NOT_YET: Gauge = ("", nan)
"""No number: something was done on the way to one."""


def gauges(state: AllocatorState, now_s: float) -> dict[str, float]:
    """All gauges by their names, without `allocator/mesos/`; amounts in whole units."""
    state.expire_filters(now_s)
    return {name: value for name, value in gauging(state) if name}


def gauging(state: AllocatorState) -> Iterator[Gauge]:
    """The same one by one, and `NOT_YET` where it takes long until the next.

    Nothing of the state changes, as a round may be half done. So filters that ended since the last one are
    counted, unless somebody dropped them (`expiring_filters`).
    """
    yield from _resources(state)
    roles = yield from roles_of_tree(state)
    yield from _quotas(state, roles)
    yield from _filters(state, roles)
    yield from _dominant_shares(state)


def roles_of_tree(state: AllocatorState) -> Generator[Gauge, None, list[str]]:
    """Roles with frameworks, reservations, quota or a weight of their own, and all above those."""
    roles = [*state.tree.roles, *state.ledger.quotas, *state.ledger.reserved_on]
    roles += [role for role, weight in state.tree.weights.items() if weight != 1]
    found: dict[str, None] = {}
    for role in roles:
        found.update(dict.fromkeys(lineage(role)))
        yield NOT_YET
    return list(found)


def _resources(state: AllocatorState) -> Iterator[Gauge]:
    """What is held by frameworks that are not known counts, too.

    What is shared counts once for each role that has it, on each agent.
    """
    held: Counter[str] = Counter()
    for role in list(state.tree.roles.values()):
        held.update(role.leaf.totals)
        yield NOT_YET
    for agent in state.held_by_strangers():
        known = _sums_by_role((h, r) for h, r in agent.held.items() if h[0] in state.frameworks)
        for role_path, total in _sums_by_role(agent.held.items()).items():
            held.update(dict(scalar_quantities(total).items()))
            held.subtract(dict(scalar_quantities(known.get(role_path, Resources.EMPTY)).items()))
            yield NOT_YET
    for what, amounts in (("total", state.pool.totals), ("offered_or_allocated", held)):
        for name in NAMES:
            yield f"resources/{name}/{what}", amounts.get(name, 0) / 1000


def _sums_by_role(held: Iterable[tuple[Holder, Resources]]) -> dict[str, Resources]:
    sums: dict[str, Resources] = {}
    for (_, role), resources in held:
        sums[role] = sums.get(role, Resources.EMPTY) + resources
    return sums


def _quotas(state: AllocatorState, roles: list[str]) -> Iterator[Gauge]:
    """`offered_or_allocated` is all held for the role and those below, of names with guarantee or limit."""
    for role in roles:
        quota = state.ledger.quota(role)
        node = state.tree.find(role)
        held = node.totals if node is not None else {}
        consumed = state.ledger.reserved.of(role) + state.ledger.in_use.of(role)
        named = dict.fromkeys([*quota.guarantees, *dict(quota.limits.items())])
        amounts = {
            "guarantee": dict(quota.guarantees.items()),
            "limit": dict(quota.limits.items()),
            "offered_or_allocated": {name: held.get(name, 0) for name in named},
            "consumed": dict(consumed.items()),
        }
        for what, by_name in amounts.items():
            for name, milli in by_name.items():
                yield f"quota/roles/{role}/resources/{name}/{what}", milli / 1000
        yield NOT_YET


def _filters(state: AllocatorState, roles: list[str]) -> Iterator[Gauge]:
    for role in roles:
        known = state.tree.roles.get(role)
        active = sum(seat.filters for seat in known.seats.values()) if known is not None else 0
        yield f"offer_filters/roles/{role}/active", float(active)


def _dominant_shares(state: AllocatorState) -> Iterator[Gauge]:
    """Of each role with frameworks, what it holds itself, roles below it left out."""
    for role in list(state.tree.roles.values()) if not state.options.is_random else ():
        leaf = role.leaf
        share = state.pool.share(leaf.totals, leaf.over, leaf.under)
        yield f"roles/{role.path}/shares/dominant", share
