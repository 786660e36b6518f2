"""Gauges of the allocator, and its shares.

Source: reference allocator.md §8; Mesos src/master/allocator/mesos/metrics.cpp.
"""

from __future__ import annotations

from fractions import Fraction

from cluster.model import Quantities, Resources, ancestors
from tests.oracle import quota
from tests.oracle.records import State
from tests.oracle.round import cluster_total, framework_sorter, role_sorter
from tests.oracle.sorter import leaf_of

PREFIX = "allocator/mesos/"


def roles_of_tree(state: State) -> list[str]:
    """Roles with frameworks, reservations, quota or a weight of their own, and all above those."""
    roles = [*state.tracked(), *state.quotas]
    roles += [role for role, weight in state.weights.items() if weight != 1]
    for agent in state.agents.values():
        roles += [kind.reservation_role for kind, _ in agent.total if kind.reservation_role is not None]
    return sorted({each for role in roles for each in (role, *ancestors(role))})


def gauges(state: State, now_s: float) -> dict[str, float]:
    """All gauges by their names, without the prefix; amounts in whole units."""
    return {
        **_resources(state),
        **_quotas(state),
        **{f"offer_filters/roles/{r}/active": active_filters(state, r, now_s) for r in roles_of_tree(state)},
        **_dominant_shares(state),
    }


def active_filters(state: State, role: str, now_s: float) -> int:
    """Offer filters of all frameworks in force for a role."""
    filters = [f for framework in state.frameworks.values() for f in framework.offer_filters]
    return sum(f.role == role and state.is_in_force(f, now_s) for f in filters)


def _resources(state: State) -> dict[str, float]:
    total, held = cluster_total(state), Quantities.EMPTY
    for agent in state.agents.values():
        by_role: dict[str, Resources] = {}
        for (_, role), resources in agent.held.items():
            by_role[role] = by_role.get(role, Resources.EMPTY) + resources
        for resources in by_role.values():  # what is shared counts once for a role
            held = held + quota.scalars(resources)
    return {
        f"resources/{name}/{what}": amounts[name] / 1000
        for what, amounts in (("total", total), ("offered_or_allocated", held))
        for name in ("cpus", "mem", "disk")
    }


def _quotas(state: State) -> dict[str, float]:
    """`offered_or_allocated` is all held for the role and those below, of names with guarantee or limit."""
    found: dict[str, float] = {}
    for role in roles_of_tree(state):
        mine = state.quota(role)
        held = Quantities.EMPTY
        for resources in quota.held_by_roles(state, role):
            held = held + quota.scalars(resources)
        named = dict.fromkeys([*mine.guarantees, *dict(mine.limits.items())])
        amounts = {
            "guarantee": dict(mine.guarantees.items()),
            "limit": dict(mine.limits.items()),
            "offered_or_allocated": {name: held[name] for name in named},
            "consumed": dict(quota.consumed(state, role, only_allocated=True).items()),
        }
        for what, by_name in amounts.items():
            for name, milli in by_name.items():
                found[f"quota/roles/{role}/resources/{name}/{what}"] = milli / 1000
    return found


def _dominant_shares(state: State) -> dict[str, float]:
    """Of each role with frameworks, what it holds itself, roles below it left out."""
    if state.options.is_random:
        return {}
    sorter = role_sorter(state)
    return {
        f"roles/{role}/shares/dominant": float(sorter.share(leaf_of(role, sorter.clients)))
        for role in sorter.clients
    }


def shares(state: State) -> dict[str, Fraction]:
    """Weighted dominant shares: of roles with all below them as `role`, of frameworks as `role framework`."""
    found = {}
    roles = role_sorter(state)
    for role in sorted(roles.clients):
        found[role] = roles.share(role)
        frameworks = framework_sorter(state, role)
        for name in sorted(frameworks.clients):
            found[f"{role} {name}"] = frameworks.share(name)
    return found
