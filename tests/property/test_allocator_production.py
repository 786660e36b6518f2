"""The production allocator over random histories: its books are what agents and frameworks make them."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

import pytest

from cluster.allocator import AllocatorState, allocate
from cluster.allocator import Candidates as Wanted
from cluster.allocator.agents import Agent
from cluster.allocator.seats import Seat
from cluster.model import AgentInfo, Quantities, Resources
from tests.allocator_kit import violations
from tests.golden.subject_production import PlacedDraws, ProductionSubject
from tests.oracle import Candidates, Chance, Round
from tests.oracle import events as e
from tests.oracle.histories import Advance, RunRound, Step, draw
from tests.oracle.round import Grant
from tests.property.allocator_rounds import Before, check_round

#: Without what makes agents unlike, whole clusters of equal ones meet quota and filters.
ALIKE = ("constraints", "operations", "random", "update_agent", "add_resource_provider", "add_use")
SEEDS = [*((seed, ()) for seed in range(20)), *((seed, ALIKE) for seed in range(20, 35))]


class Watched(ProductionSubject):
    """Every round is decided twice, the first time to be looked at."""

    def round(self, candidates: Candidates, chance: Chance) -> Round:
        wanted = Wanted(candidates.is_all, frozenset() if candidates.is_all else candidates.agents)
        looked_at = allocate(self.state, wanted, self.now_s, PlacedDraws(chance))
        assert not violations(self.state, self.now_s), "deciding changed something"
        grants = [Grant(g.framework, g.role, g.agent, g.resources) for g in looked_at.grants]
        check_round(before_round(self.state), grants)
        done = super().round(candidates, chance)
        by_agent = attrgetter("agent")  # what is given wholesale comes in no order
        assert sorted(done.grants, key=by_agent) == sorted(grants, key=by_agent), "deciding changed something"
        return done


def before_round(state: AllocatorState) -> Before:
    ledger = state.ledger
    offered = [a for a in state.agents.values() if a.is_active and state.is_whitelisted(a)]
    return Before(
        {agent.id: agent.available for agent in state.agents.values()},
        {role: quota.limits - ledger.consumed(role) for role, quota in ledger.quotas.items()},
        lambda name, role: state.frameworks[name].wants(role),
        {agent.id for agent in offered},
    )


def do(subject: ProductionSubject, step: Step) -> None:
    match step:
        case RunRound():
            subject.run_round()
        case Advance():
            subject.advance(step.seconds)
        case _:
            subject.play(step)


@pytest.mark.parametrize(("seed", "without"), SEEDS)
def test_books_are_right_after_every_step(seed: int, without: tuple[str, ...]) -> None:
    history = draw(seed, 60, without)
    subject = Watched(history.options, history.chances())
    for number, step in enumerate(history.steps):
        do(subject, step)
        faults = violations(subject.state, subject.now_s)
        assert not faults, f"step {number}: {step}"
    for name in list(subject.state.frameworks):
        subject.play(e.RemoveFramework(name))
        assert not violations(subject.state, subject.now_s)
    for name in subject.agents():
        subject.play(e.RemoveAgent(name))
        assert not violations(subject.state, subject.now_s)
    assert_nothing_is_left(subject.state)


def assert_nothing_is_left(state: AllocatorState) -> None:
    """Of agents and frameworks that are gone."""
    assert not len(state.seats)
    assert not len(state.openings)
    assert not state.tree.roles
    assert not state.tree.root.children
    assert not state.pool.totals
    assert not state._strangers
    assert not state.away


# -- that the books can be seen to be wrong ------------------------------------------------------------------


@pytest.fixture
def state() -> AllocatorState:
    """Two frameworks, one of which refused one of two agents and holds something of the other."""
    subject = ProductionSubject(draw(0, 0).options, draw(0, 0).chances())
    amount = Resources.parse("cpus:4;mem:400")
    info = AgentInfo(hostname="h")
    subject.play(e.UpdateQuota("q", Quantities({"cpus": 1000})))
    subject.play(e.AddFramework("F", ("a/b", "c")))
    subject.play(e.AddFramework("G", ("c",), suppressed=("c",)))
    for name in ("A1", "A2"):
        subject.play(e.AddAgent(name, info, amount, used={"F": Resources.parse("cpus:1").allocated("a/b")}))
    subject.run_round()
    for (name, role), held in list(subject.held("A1").items()):
        free = held.without(Resources.parse("cpus:1")) if role == "a/b" else held
        if free:
            subject.play(e.Recover(name, "A1", free.allocated(role), 1e6))
    subject.advance(3)
    assert not violations(subject.state, subject.now_s)
    return subject.state


def _refused(state: AllocatorState) -> tuple[Seat, Agent]:
    seats = [seat for f in state.frameworks.values() for seat in f.seats.values() if seat.refusals]
    return seats[0], next(iter(seats[0].refusals))


def _held(state: AllocatorState) -> Seat:
    return next(seat for f in state.frameworks.values() for seat in f.seats.values() if seat.holds_on)


def _forget_filters(state: AllocatorState) -> None:
    _refused(state)[0].filters = 0


def _forget_who_refused(state: AllocatorState) -> None:
    _refused(state)[1].refused_by = 0


def _forget_when(state: AllocatorState) -> None:
    _refused(state)[1].due_s = float("inf")


def _leave_a_bit(state: AllocatorState) -> None:
    next(iter(state.agents.values())).judged |= 1 << 70


def _settle_what_is_wanted(state: AllocatorState) -> None:
    agent = state.agents["A2"]
    for (name, role), held in list(agent.held.items()):
        free = held.without(agent.allocated.get((name, role), Resources.EMPTY))
        if free:
            state.recover(name, agent.id, free.allocated(role), now_s=3)
    state.openings.set_aside(agent, state.openings.settled)


def _lose_an_agent(state: AllocatorState) -> None:
    for agent in state.agents.values():
        if agent.free:
            state.openings.forget(agent)


def _hold_more(state: AllocatorState) -> None:
    _held(state).gain((("cpus", 1),))


def _consume_more(state: AllocatorState) -> None:
    state.ledger.held.add("a/b", (("cpus", 1),))


def _free_what_is_held(state: AllocatorState) -> None:
    agent = next(agent for agent in state.agents.values() if agent.held)
    agent.known_free = agent.whole


def _lose_track(state: AllocatorState) -> None:
    _held(state).holds_on.clear()


def _list_the_suppressed(state: AllocatorState) -> None:
    state.seats.list(state.frameworks["G"].seats["c"])


def _grow_the_cluster(state: AllocatorState) -> None:
    state.pool.add((("cpus", 1000),))


def _misplace(state: AllocatorState) -> None:
    seat = _held(state)
    seat.role.seating.ordered()
    seat.count += 1


@pytest.mark.parametrize(
    ("break_it", "found_by"),
    [
        (_forget_filters, "refusals_agree_both_ways"),
        (_forget_who_refused, "refusals_agree_both_ways"),
        (_forget_when, "refusals_agree_both_ways"),
        (_leave_a_bit, "no_bit_is_left_over"),
        (_settle_what_is_wanted, "nobody_is_kept_waiting"),
        (_lose_an_agent, "nobody_is_kept_waiting"),
        (_hold_more, "sorters_hold_what_frameworks_hold"),
        (_lose_track, "sorters_hold_what_frameworks_hold"),
        (_misplace, "sorters_hold_what_frameworks_hold"),
        (_consume_more, "ledger_is_what_agents_say"),
        (_free_what_is_held, "agents_add_up"),
        (_list_the_suppressed, "seats_are_those_of_frameworks"),
        (_grow_the_cluster, "totals_add_up"),
    ],
)
def test_a_wrong_book_is_noticed(
    state: AllocatorState, break_it: Callable[[AllocatorState], None], found_by: str
) -> None:
    break_it(state)
    assert any(fault.startswith(f"{found_by}:") for fault in violations(state, 3))
