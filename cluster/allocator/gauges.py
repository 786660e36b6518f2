"""What the allocator says about itself in numbers.

Source: reference allocator.md §8; Mesos src/master/allocator/mesos/metrics.cpp.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cluster.allocator.holdings import Holder
from cluster.allocator.pool import scalar_quantities
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import lineage
from cluster.model import Resources

MOST_EXPIRED = 1024
"""Agents whose filters are looked at when somebody asks; a round looks at them all."""
NAMES = ("cpus", "mem", "disk")


def gauges(state: AllocatorState, now_s: float) -> dict[str, float]:
    """All gauges by their names, without `allocator/mesos/`; amounts in whole units."""
    roles = roles_of_tree(state)
    return {
        **_resources(state),
        **_quotas(state, roles),
        **_filters(state, roles, now_s),
        **_dominant_shares(state),
    }


def roles_of_tree(state: AllocatorState) -> list[str]:
    """Roles with frameworks, reservations, quota or a weight of their own, and all above those."""
    roles = [*state.tree.roles, *state.ledger.quotas, *state.ledger.reserved_on]
    roles += [role for role, weight in state.tree.weights.items() if weight != 1]
    return sorted({above for role in roles for above in lineage(role)})


def _resources(state: AllocatorState) -> dict[str, float]:
    """What is held by frameworks that are not known counts, too.

    What is shared counts once for each role that has it, on each agent.
    """
    held: Counter[str] = Counter()
    for role in state.tree.roles.values():
        held.update(role.leaf.totals)
    for agent in state.held_by_strangers():
        known = _sums_by_role((h, r) for h, r in agent.held.items() if h[0] in state.frameworks)
        for role_path, total in _sums_by_role(agent.held.items()).items():
            held.update(dict(scalar_quantities(total).items()))
            held.subtract(dict(scalar_quantities(known.get(role_path, Resources.EMPTY)).items()))
    return {
        f"resources/{name}/{what}": amounts.get(name, 0) / 1000
        for what, amounts in (("total", state.pool.totals), ("offered_or_allocated", held))
        for name in NAMES
    }


def _sums_by_role(held: Iterable[tuple[Holder, Resources]]) -> dict[str, Resources]:
    sums: dict[str, Resources] = {}
    for (_, role), resources in held:
        sums[role] = sums.get(role, Resources.EMPTY) + resources
    return sums


def _quotas(state: AllocatorState, roles: list[str]) -> dict[str, float]:
    """`offered_or_allocated` is all held for the role and those below, of names with guarantee or limit."""
    found: dict[str, float] = {}
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
                found[f"quota/roles/{role}/resources/{name}/{what}"] = milli / 1000
    return found


def _filters(state: AllocatorState, roles: list[str], now_s: float) -> dict[str, float]:
    """Those in force; if a great many ended since the last round, some of those are counted, too."""
    next(state.expiring_filters(now_s, MOST_EXPIRED), None)
    found = {}
    for role in roles:
        known = state.tree.roles.get(role)
        active = sum(seat.filters for seat in known.seats.values()) if known is not None else 0
        found[f"offer_filters/roles/{role}/active"] = float(active)
    return found


def _dominant_shares(state: AllocatorState) -> dict[str, float]:
    """Of each role with frameworks, what it holds itself, roles below it left out."""
    if state.options.is_random:
        return {}
    found = {}
    for role in state.tree.roles.values():
        leaf = role.leaf
        found[f"roles/{role.path}/shares/dominant"] = state.pool.share(leaf.totals, leaf.over, leaf.under)
    return found
