"""The shapes of the C++ original's table, its figures, and the same measured here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.allocator_cluster import FOREVER_S, Cluster, Digest, Took, Yardstick, best, framework, timed
from bench.allocator_figures import Figure
from cluster.allocator import AllocatorOptions
from cluster.allocator import messages as m

ROUND_FLOOR = 5.0
OTHER_FLOOR = 50.0
LARGE = 10_000
"""Agents from which on the targets count."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A size of cluster. `roles`: all in `*` ("one"), in a tree ("nested"), or one each ("each")."""

    agents: int
    frameworks: int
    roles: str = "one"
    is_random: bool = False

    def __str__(self) -> str:
        sorter = ", random" if self.is_random else ""
        return f"{self.agents:,} / {self.frameworks:,} {self.roles}{sorter}"

    def role(self, number: int) -> str:
        """The role of a framework."""
        if self.roles == "nested":
            return f"a{number % 5}/b{number % 20}/c{number % 100}"
        return f"role-{number:05}" if self.roles == "each" else "*"

    def options(self) -> AllocatorOptions:
        """How the allocator is set up for it."""
        return AllocatorOptions(is_random=self.is_random)

    def frameworks_in_it(self) -> list[m.AddFramework]:
        """All that will subscribe."""
        return [framework(number, self.role(number)) for number in range(self.frameworks)]

    def cluster(self, seed: int, digest: Digest | None = None) -> Cluster:
        """Agents and frameworks; the first framework was handed everything."""
        cluster = Cluster(seed, digest, self.options())
        cluster.tell(cluster.new_agents(self.agents))
        cluster.tell_each(self.frameworks_in_it())
        return cluster


@dataclass(frozen=True, slots=True)
class Original:
    """Figures of the C++ original, in seconds and MB: best of three runs, one thread."""

    shape: Shape
    add_s: float | None = None
    full_s: float | None = None
    none_s: float | None = None
    memory_mb: float | None = None
    limit_s: float | None = None
    """How long a full round may take where there is no figure."""


TABLE = (
    Original(Shape(1_000, 200), 0.029, 0.021, 0.002, 44),
    Original(Shape(10_000, 200), 0.67, 0.30, 0.023, 318),
    Original(Shape(10_000, 1_000), 4.4, 0.41, 0.033, 320),
    Original(Shape(10_000, 200, "nested"), 6.8, 0.48, 0.16, 1_419),
    Original(Shape(10_000, 200, "one", True), 0.86, 0.60, 0.040, 253),
    Original(Shape(10_000, 1_000, "each"), 45.0, 1.6, 1.3, 5_900),
    Original(Shape(20_000, 200), 3.9, 0.80, 0.061, 618),
    Original(Shape(50_000, 200), 8.5, 1.8, 0.33, 1_450),
    Original(Shape(50_000, 200, "each"), 78.0, 2.5, 0.68, 7_050),
    Original(Shape(50_000, 6_000), limit_s=1.0),
)
SMALLEST = (
    Original(Shape(40, 8)),
    Original(Shape(40, 8, "nested")),
    Original(Shape(40, 8, "one", True)),
    Original(Shape(40, 8, "each")),
)


@dataclass(slots=True)
class Run:
    """One run over a shape; the best of several counts, cell by cell."""

    agents: Took
    first: Took
    others: Took
    recover: Took
    full: Took
    none: Took


def run(shape: Shape, seed: int, digest: Digest) -> Run:
    """Build the cluster, hand everything out, take it back, and hand it out again."""
    cluster = Cluster(seed, digest, shape.options())
    joining, frameworks = cluster.new_agents(shape.agents), shape.frameworks_in_it()
    agents = timed(lambda: cluster.tell(joining))
    first = timed(lambda: cluster.tell_each(frameworks[:1]))
    others = timed(lambda: cluster.tell_each(frameworks[1:]))
    back = cluster.returns(cluster.offers())
    recover = timed(lambda: cluster.tell(back))
    full = timed(cluster.interval)
    none = timed(cluster.interval, times=10)
    cluster.tell(cluster.returns(cluster.offers()))
    full = best((full, timed(cluster.interval)))
    cluster.offers()
    return Run(agents, first, others, recover, full, none)


def figures(original: Original, seed: int, rounds: int, digest: Digest) -> Iterator[Figure]:
    """The row of the table: all times, best of so many rounds."""
    shape, name = original.shape, str(original.shape)
    yardstick = Yardstick()
    runs = []
    for number in range(rounds):
        runs.append(run(shape, seed, digest if number == 0 else Digest()))
        yardstick.look()
    yard = yardstick.look()
    is_large = shape.agents >= LARGE
    floor, other = (ROUND_FLOOR, OTHER_FLOOR) if is_large else (None, None)

    def cell(what: str, took: Took, **more: object) -> Figure:
        return Figure.of("table", name, what, took, yard, **more)

    full = best(each.full for each in runs)
    none = best(each.none for each in runs)
    free = best(each.first + each.others for each in runs)
    busy = best(each.others for each in runs)
    yield cell("full round, all free", full, cpp_s=original.full_s, floor=floor, limit_s=original.limit_s)
    yield cell("round with nothing free", none, cpp_s=original.none_s, floor=other)
    yield cell("add frameworks, cluster busy", busy, cpp_s=original.add_s, floor=other)
    yield cell("add frameworks, all free at first", free, cpp_s=original.add_s, floor=other)
    is_like = shape.roles == "one" and not shape.is_random and shape.frameworks == 200
    added = {10_000: 0.2, 50_000: 1.4}.get(shape.agents) if is_like else None
    back = 1.5 if shape.agents == 50_000 and is_like else None
    yield cell("add agents", best(each.agents for each in runs), cpp_s=added)
    yield cell("recover everything", best(each.recover for each in runs), cpp_s=back)


# -- further figures of the original ---------------------------------------------------------------------


def revive(
    agents: int, frameworks: int, seed: int, rounds: int, digest: Digest, cpp_s: float | None
) -> Figure:
    """All frameworks revive in one burst while all agents are busy."""
    shape = Shape(agents, frameworks)
    cluster = shape.cluster(seed, digest)
    cluster.tell(cluster.returns(cluster.offers()))
    cluster.interval()
    cluster.offers()
    names = list(cluster.state.frameworks)
    yardstick = Yardstick()
    took = best(timed(lambda: cluster.tell(map(m.Revive, names))) for _ in range(rounds))
    yard = yardstick.look()
    what = "REVIVE from all, agents busy"
    return Figure.of("table", str(shape), what, took, yard, cpp_s=cpp_s, floor=cpp_s and OTHER_FLOOR)


def declined(
    agents: int, frameworks: int, seed: int, digest: Digest, cpp_s: float | None
) -> Iterator[Figure]:
    """Every framework declines every agent for ever; then further rounds, which offer nothing."""
    shape = Shape(agents, frameworks)
    cluster = shape.cluster(seed, digest)
    yardstick = Yardstick()
    offering, declining, rounds = [], [], 0
    made = cluster.offers()
    while made:
        back = cluster.returns(made, FOREVER_S)
        declining.append(timed(lambda back=back: cluster.tell(back), collect=False))  # type: ignore[misc]
        offering.append(timed(cluster.interval, collect=False))
        made, rounds = cluster.offers(), rounds + 1
    filters = sum(seat.filters for f in cluster.state.frameworks.values() for seat in f.seats.values())
    assert filters == agents * frameworks, f"{filters} filters after {rounds} rounds"
    took = timed(cluster.interval, times=10)
    changed = list(cluster.state.agents)[: max(1, agents // 10)]
    again = [m.DeactivateAgent(name) for name in changed] + [m.ActivateAgent(name) for name in changed]
    cluster.tell(again)
    reopened = timed(cluster.interval)
    assert not cluster.offers()
    yard = yardstick.look()

    def cell(what: str, took: Took, **more: object) -> Figure:
        return Figure.of("declined", str(shape), what, took, yard, **more)

    total = filters * 1.0
    yield cell("further round, offers nothing", took, cpp_s=cpp_s, floor=cpp_s and OTHER_FLOOR)
    yield cell("the same, a tenth of the agents changed", reopened)
    yield cell("a decline, on the average", sum(declining, Took(0, 0)) / total)
    yield cell("a grant on the way there", sum(offering, Took(0, 0)) / total)
