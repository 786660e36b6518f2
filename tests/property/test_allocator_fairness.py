"""Fairness and quota on random demand: of the oracle and of the production allocator alike.

Source: Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, §3, §4.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.model import AgentInfo, Limits, Quantities, Resources
from tests.golden.subject_production import ProductionSubject
from tests.oracle import ByName, Options, Seeded
from tests.oracle import events as e
from tests.oracle.notation import parse
from tests.oracle.subject import Clocked, OracleSubject

NewSubject = type[OracleSubject] | type[ProductionSubject]

ANYTHING = Options(min_allocatable=())
FOREVER_S = 1e9
both = pytest.mark.parametrize("new_subject", [OracleSubject, ProductionSubject])
names = st.sampled_from(["cpus", "mem", "disk"])
amounts = st.builds(lambda c, m, d: Resources.scalar(cpus=c, mem=m, disk=d), *[st.integers(0, 9)] * 3)
clusters = st.lists(amounts, min_size=1, max_size=4).flatmap(  # with agents that are alike
    lambda totals: st.lists(st.sampled_from(totals), min_size=1, max_size=5)
)


class Cluster:
    """A subject with agents A0, A1 … of which rounds are run a second apart."""

    def __init__(self, new_subject: NewSubject, totals: list[Resources], seed: int | None = None) -> None:
        self.subject = new_subject(ANYTHING, lambda n: ByName() if seed is None else Seeded(f"{seed}/{n}"))
        self.totals = totals

    def add_agents(self) -> None:
        """All agents join."""
        for number, total in enumerate(self.totals):
            self.subject.play(e.AddAgent(f"A{number}", AgentInfo(hostname="h"), total))
        self.subject.run_round()

    def subscribe(self, name: str, role: str) -> None:
        """A framework joins; a round is run."""
        self.subject.play(e.AddFramework(name, (role,)))
        self.subject.run_round()

    def held(self, role: str) -> Quantities:
        """What is held for a role."""
        return held_for(self.subject, role)

    @property
    def pool(self) -> Counter[str]:
        """Thousandths of all agents."""
        return sum((Counter(dict(total.quantities().items())) for total in self.totals), Counter())


def held_for(subject: Clocked, role: str) -> Quantities:
    total = Quantities.EMPTY
    assert isinstance(subject, OracleSubject | ProductionSubject)
    for agent_id in subject.agents():
        for (_, its), held in subject.held(agent_id).items():
            if its == role:
                total = total + held.quantities()
    return total


# -- quota ---------------------------------------------------------------------------------------------------


@both
@given(
    totals=clusters,
    parts=st.lists(st.dictionaries(names, st.integers(1, 100)), min_size=1, max_size=3),
    greedy=st.integers(0, 2),
    headstart=st.booleans(),
    seed=st.integers(),
)
@settings(max_examples=40, deadline=None)
def test_guarantees_are_met_when_resources_suffice(
    new_subject: NewSubject,
    totals: list[Resources],
    parts: list[dict[str, int]],
    greedy: int,
    headstart: bool,
    seed: int,
) -> None:
    """Roles are guaranteed parts of the cluster that together fit; greedy ones come first, and often."""
    cluster = Cluster(new_subject, totals, seed)
    pool, asked = cluster.pool, sum((Counter(part) for part in parts), Counter())
    guarantees = {
        f"q{number}": Quantities({n: pool[n] * percent // max(100, asked[n]) for n, percent in part.items()})
        for number, part in enumerate(parts)
    }
    for role, guarantee in guarantees.items():
        cluster.subject.play(e.UpdateQuota(role, guarantee))
    for number in range(greedy if headstart else 0):
        cluster.subscribe(f"E{number}", "other")
    cluster.add_agents()
    for number in range(0 if headstart else greedy):
        cluster.subscribe(f"E{number}", "other")
    cluster.subject.advance(2)
    for role in guarantees:
        cluster.subscribe(f"F of {role}", role)
    for role, guarantee in guarantees.items():
        assert cluster.held(role).contains(guarantee)


@both
@given(totals=clusters, limit=st.dictionaries(names, st.integers(0, 20)), seed=st.integers())
@settings(max_examples=40, deadline=None)
def test_a_limited_role_alone_takes_all_it_may(
    new_subject: NewSubject, totals: list[Resources], limit: dict[str, int], seed: int
) -> None:
    """And when the limit goes, the rest, wherever it is."""
    cluster = Cluster(new_subject, totals, seed)
    limits = Limits({name: amount * 1000 for name, amount in limit.items()})
    cluster.subject.play(e.UpdateQuota("q", limits=limits))
    cluster.subscribe("F", "q")
    cluster.add_agents()
    cluster.subject.advance(1)
    pool = cluster.pool
    may = {name: min(pool[name], limit.get(name, 1000) * 1000) for name in pool}
    assert cluster.held("q") == Quantities(may)
    cluster.subject.play(e.UpdateQuota("q"))
    cluster.subject.advance(1)
    assert cluster.held("q") == Quantities(cluster.pool)


@both
def test_a_reservation_counts_towards_guarantee_and_limit(new_subject: NewSubject) -> None:
    cluster = Cluster(new_subject, [parse("2/200 + 1/100@q"), parse("2/200")])
    cluster.subject.play(e.UpdateQuota("q", Quantities({"cpus": 2000}), Limits({"cpus": 3000})))
    cluster.subscribe("E", "other")
    cluster.add_agents()
    assert cluster.held("other")["cpus"] == 3000  # one more is kept for q
    cluster.subscribe("F", "q")
    assert cluster.held("q")["cpus"] == 2000  # the reserved one, and the one that was kept
    for agent_id in cluster.subject.agents():
        for (name, role), held in list(cluster.subject.held(agent_id).items()):
            if name == "E":
                cluster.subject.play(e.Recover(name, agent_id, held.allocated(role), FOREVER_S))
    cluster.subject.advance(1)
    assert cluster.held("q")["cpus"] == 3000


# -- fairness ------------------------------------------------------------------------------------------------


def fill(
    new_subject: NewSubject, total: Resources, demands: dict[str, Resources]
) -> tuple[OracleSubject | ProductionSubject, dict[str, int]]:
    """Frameworks take one task at a time of one agent until none fits; tasks by framework."""
    subject = new_subject(ANYTHING, lambda number: ByName())
    for name in demands:
        subject.play(e.AddFramework(name, ("*",)))
    subject.play(e.AddAgent("A", AgentInfo(hostname="A"), total))
    tasks = dict.fromkeys(demands, 0)
    while done := subject.advance(1):
        if not done[0].grants:
            break
        for grant in done[0].grants:
            demand, rest = demands[grant.framework], grant.resources
            fits = rest.contains(demand)
            if fits:
                tasks[grant.framework] += 1
                rest = rest - demand
            if rest:
                refuse_s = None if fits else FOREVER_S
                subject.play(e.Recover(grant.framework, "A", rest.allocated("*"), refuse_s))
    return subject, tasks


@both
def test_the_published_example(new_subject: NewSubject) -> None:
    """Source: Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, §4.1."""
    demands = {"A": Resources.scalar(cpus=1, mem=4), "B": Resources.scalar(cpus=3, mem=1)}
    subject, tasks = fill(new_subject, Resources.scalar(cpus=9, mem=18), demands)
    assert tasks == {"A": 3, "B": 2}
    shares = {name: float(share) for name, share in subject.shares().items()}
    assert shares["* A"] == pytest.approx(2 / 3)
    assert shares["* B"] == pytest.approx(2 / 3)


@both
@given(demanded=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_sharing_incentive_and_pareto_efficiency(
    new_subject: NewSubject, demanded: list[tuple[int, int]]
) -> None:
    """Everybody gets as much as with the n-th part of the cluster, but for a task; nothing useful is left."""
    whole = 200
    total = Resources.scalar(cpus=whole, mem=whole)
    demands = {f"F{n}": Resources.scalar(cpus=c, mem=m) for n, (c, m) in enumerate(demanded)}
    subject, tasks = fill(new_subject, total, demands)
    free = subject.available("A")
    assert not any(free.contains(demand) for demand in demands.values())
    largest = Fraction(max(max(pair) for pair in demanded), whole)
    for name, (cpus, mem) in zip(demands, demanded, strict=True):
        share = Fraction(tasks[name] * max(cpus, mem), whole)
        assert share >= (1 - largest) / len(demands) - largest
