"""Whether cost follows what changed, and not the size of the cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from actors import Rng
from bench.allocator_cluster import FOREVER_S, TOTAL, Cluster, Digest, Took, Yardstick, best, timed
from bench.allocator_figures import Amount, Figure
from bench.allocator_shapes import Shape
from cluster.allocator import messages as m
from cluster.allocator.quota import Quota
from cluster.model import Label, Labels, Limits, Quantities, ReservationInfo, Resources

MOST_GROWTH = 2.0
"""How much more the same may cost in a cluster that is larger by far: caches are what they are."""
CHANGED = 100


# -- steady state ----------------------------------------------------------------------------------------


def _steady(shape: Shape, seed: int, digest: Digest) -> Cluster:
    """Every agent is held by somebody, frameworks even."""
    cluster = shape.cluster(seed, digest)
    cluster.tell(cluster.returns(cluster.offers()))
    cluster.interval()
    return cluster


def _after_changes(cluster: Cluster, changed: int, rounds: int) -> tuple[Took, Took]:
    """Agents become free: the events and the round that hands them out again, each the best."""
    held = {g.agent_id: (o.framework_id, g) for o in cluster.offers() for g in o.grants}
    rng, names = Rng("changes"), list(held)
    events, decisions = [], []
    for _ in range(rounds):
        rng.shuffle(names)
        back = [
            m.Recover(name, granted.agent_id, granted.epoch, granted.resources)
            for name, granted in map(held.__getitem__, names[:changed])
        ]
        events.append(timed(lambda back=back: cluster.tell(back), collect=False))  # type: ignore[misc]
        decisions.append(timed(cluster.interval, collect=False))
        made = cluster.offers()
        assert sum(len(o.grants) for o in made) == changed
        held.update({g.agent_id: (o.framework_id, g) for o in made for g in o.grants})
    return best(events), best(decisions)


def steady(large: Shape, small: Shape, seed: int, rounds: int, digest: Digest) -> Iterator[Figure | Amount]:
    """Rounds after some agents changed, in a large cluster and in one of hardly more than those agents."""
    changed = min(CHANGED, small.agents)
    costs = []
    for shape in (small, large):
        yardstick = Yardstick()
        cluster = _steady(shape, seed, digest)
        events, decision = _after_changes(cluster, changed, max(10, 5 * rounds))
        idle = timed(cluster.interval, times=20)
        yard = yardstick.look()
        name = f"{shape}, steady"
        yield Figure.of("changes", name, f"events: {changed} agents are free", events, yard)
        yield Figure.of("changes", name, f"round after {changed} agents changed", decision, yard)
        yield Figure.of("changes", name, "idle timer round", idle, yard)
        costs.append((events.cpu_s + decision.cpu_s) / yard)
    what = f"cost of {changed} changed agents, against {small.agents:,} / {small.frameworks:,}"
    growth = costs[1] / costs[0]
    yield Amount("changes", f"{large}, steady", what, growth, "times", most=MOST_GROWTH)


# -- what must not bring agents x frameworks back --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """Something that could make every agent meet every framework."""

    name: str
    roles: str
    total: Callable[[int], Resources]
    dress: Callable[[Cluster], None]


def plain(number: int) -> Resources:
    """What agents usually have."""
    return Resources.parse(TOTAL)


def labelled(number: int) -> Resources:
    """Two reservations with labels that no other agent has, beside what is free for all."""
    return Resources.parse(TOTAL) + labelled_part(f"a{number}") + labelled_part(f"b{number}")


def labelled_part(label: str, role: str = "others", amounts: str = "cpus:1;mem:128") -> Resources:
    """Something reserved with a label."""
    labels = Labels(labels=(Label(key="key", value=label),))
    reservation = ReservationInfo(type=ReservationInfo.Type.DYNAMIC, role=role, labels=labels)
    return Resources.of(
        msgspec.structs.replace(entry, reservations=(reservation,))
        for entry in Resources.parse(amounts).protos()
    )


def _as_is(cluster: Cluster) -> None:
    """Nothing in the way."""


def _refused(cluster: Cluster) -> None:
    """Every agent was refused by a tenth of the frameworks."""
    for _ in range(len(cluster.state.frameworks) // 10):
        cluster.tell(cluster.returns(cluster.offers(), FOREVER_S))
        cluster.interval()


def _guaranteed(cluster: Cluster) -> None:
    """Every role has a guarantee and a limit: half and twice of what it would get anyway."""
    agents, roles = len(cluster.epochs), list(cluster.state.tree.roles)
    each = agents * 24_000 // len(roles)
    quota = Quota(Quantities({"cpus": each // 2}), Limits({"cpus": each * 2}))
    cluster.tell(m.UpdateQuota(role, quota) for role in roles)


def _suppressed(cluster: Cluster) -> None:
    """Hardly anybody wants offers: two, as one alone is a case of its own."""
    cluster.tell(m.Suppress(name) for name in list(cluster.state.frameworks)[2:])


VARIANTS = (
    Variant("plain", "one", plain, _as_is),
    Variant("filters, a tenth of all pairs", "one", plain, _refused),
    Variant("quota for every role", "each", plain, _guaranteed),
    Variant("all but two suppressed", "one", plain, _suppressed),
    Variant("labelled reservations", "one", labelled, _as_is),
)


def _variant(
    variant: Variant, shape: Shape, seed: int, rounds: int, digest: Digest
) -> tuple[Took, Took, float]:
    """A full round and one with nothing free, the best of each, and the yardstick."""
    yardstick = Yardstick()
    cluster = Cluster(seed, digest, shape.options())
    joining = cluster.new_agents(shape.agents)
    cluster.tell(dataclasses.replace(each, total=variant.total(n)) for n, each in enumerate(joining))
    cluster.tell_each(shape.frameworks_in_it())
    variant.dress(cluster)
    full, none = [], []
    for _ in range(rounds + 1):
        cluster.tell(cluster.returns(cluster.offers()))
        full.append(timed(cluster.interval))
        none.append(timed(cluster.interval, times=5))
    cluster.offers()
    return best(full), best(none), yardstick.look()


def variants(
    agents: int, few: int, many: int, seed: int, rounds: int, digest: Digest
) -> Iterator[Figure | Amount]:
    """Full rounds in the same cluster with few and with many frameworks, in circumstances of all kinds."""
    for variant in VARIANTS:
        costs = []
        for frameworks in (few, many):
            shape = Shape(agents, frameworks, variant.roles)
            full, none, yard = _variant(variant, shape, seed, rounds, digest)
            yield Figure.of("variants", str(shape), f"{variant.name}: full round", full, yard)
            yield Figure.of("variants", str(shape), f"{variant.name}: nothing more to give", none, yard)
            costs.append(full.cpu_s / yard)
        what = f"{variant.name}: growth of a full round from {few:,} frameworks on"
        growth = costs[1] / costs[0]
        yield Amount(
            "variants", str(Shape(agents, many, variant.roles)), what, growth, "times", most=MOST_GROWTH
        )
