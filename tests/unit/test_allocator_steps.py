"""What grows with roles, filters, agents or quotas is done a step at a time, and comes to the same."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import pytest

from actors import PID, Rng
from bench.allocator_cluster import Cluster, framework
from bench.allocator_corners import REVOCABLE, about_racks, agent
from bench.allocator_crowded import about_hosts, reservation
from cluster.allocator import ALL, AllocatorState, Quota, RandomDraws, allocate, explain, gauges
from cluster.allocator import actor as allocator_actor
from cluster.allocator import messages as m
from cluster.allocator.allocate import Decision
from cluster.allocator.allowance import Allowance
from cluster.allocator.draws import Chances
from cluster.allocator.events import EFFECTS, slowly
from cluster.allocator.explain import Inquiry, Takers
from cluster.allocator.gauges import gauging
from cluster.allocator.maintenance import inverse_offers
from cluster.allocator.pool import Pool
from cluster.allocator.ranking import FEW, Client, Level
from cluster.allocator.slices import at_once
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Quantities,
    Resources,
    TimeInfo,
    Unavailability,
)
from tests.allocator_kit import violations

TOTAL = Resources.parse("cpus:4;mem:400")
PART = Resources.parse("cpus:1;mem:100")
SOON = Unavailability(start=TimeInfo(nanoseconds=10**18))


def state_of(agents: int, frameworks: int, total: Resources = TOTAL) -> AllocatorState:
    """So many agents, and frameworks with a role each; nothing held."""
    state = AllocatorState()
    for number in range(agents):
        name = f"A{number}"
        state.add_agent(name, AgentInfo(hostname=f"host{number}"), total, capabilities=AgentCapability.Type)
    for number in range(frameworks):
        state.add_framework(f"F{number}", [f"r{number}"])
    return state


def a_round(state: AllocatorState, now_s: float = 0.0) -> int:
    """Have a round; how many grants it gave."""
    result = allocate(state, ALL, now_s, RandomDraws(Rng(1)))
    state.apply(result)
    return len(result.grants)


# -- orders --------------------------------------------------------------------------------------------------


def crowd(count: int) -> tuple[Pool, Level[Client], list[Client]]:
    """A level of many clients that hold different amounts."""
    pool = Pool()
    pool.add(Resources.scalar(cpus=1_000).quantities().items())
    level: Level[Client] = Level(pool)
    clients = [Client(f"c{number:05}") for number in range(count)]
    for number, client in enumerate(clients):
        client.gain((("cpus", number * 7919 % 101),))
        level.add(client)
    return pool, level, clients


def in_order(pool: Pool, clients: list[Client]) -> list[Client]:
    return sorted(clients, key=lambda c: (pool.share(c.totals, c.over, c.under), c.count, c.path))


def test_a_long_level_is_sorted_in_many_steps() -> None:
    pool, level, clients = crowd(5 * FEW)
    assert list(pool.crowded) == [level]
    assert len(list(pool.settling())) >= 15
    assert [key[3] for key in level.ordered()] == in_order(pool, clients)
    assert not list(pool.settling()), "it is in order now"


def test_a_few_that_moved_are_put_elsewhere_in_a_long_level_a_step_at_a_time() -> None:
    pool, level, clients = crowd(3 * FEW)
    level.ordered()
    for client in clients[:300]:
        client.gain((("cpus", 50),))
        level.touch(client)
    assert len(list(pool.settling())) >= 4
    assert [key[3] for key in level.ordered()] == in_order(pool, clients)


def test_a_level_half_in_order_is_put_in_order_by_whoever_looks() -> None:
    pool, level, clients = crowd(3 * FEW)
    for steps in (1, 2, 4, 7):
        list(islice(pool.settling(), steps))
        clients[steps].gain((("cpus", 99),))
        level.touch(clients[steps])
        assert [key[3] for key in level.ordered()] == in_order(pool, clients)
        pool.add((("cpus", 1),))


def test_a_level_that_is_short_again_is_no_crowd() -> None:
    pool, level, clients = crowd(FEW + 1)
    level.discard(clients[0])
    assert not pool.crowded
    assert [key[3] for key in level.ordered()] == in_order(pool, clients[1:])


# -- chance --------------------------------------------------------------------------------------------------


class Counting:
    """A source of chance that counts."""

    def __init__(self, seed: int) -> None:
        self._rng = Rng(seed)
        self.draws = 0

    def random(self) -> float:
        self.draws += 1
        return self._rng.random()


WEIGHTS = {"a": Fraction(1, 10), "b": Fraction(2, 10), "c": Fraction(3, 10), "d": Fraction(4, 10)}


@pytest.mark.parametrize("is_among", [False, True])
def test_whoever_is_drawn_first_and_second_follows_the_weights(is_among: bool) -> None:
    draws, chances = RandomDraws(Counting(1)), Chances(WEIGHTS)
    among = list(WEIGHTS) if is_among else None
    drawn = [tuple(draws.roles(2, "A", chances, among)) for _ in range(20_000)]
    assert all(sorted(order) == list(WEIGHTS) for order in drawn)
    firsts = Counter(order[0] for order in drawn)
    seconds = Counter(order[1] for order in drawn if order[0] == "d")
    for name, part in WEIGHTS.items():
        assert firsts[name] / 20_000 == pytest.approx(float(part), abs=0.015)
        if name != "d":
            expected = float(part / (1 - WEIGHTS["d"]))
            assert seconds[name] / firsts["d"] == pytest.approx(expected, abs=0.025)


def test_of_some_only_some_are_drawn() -> None:
    draws = RandomDraws(Counting(1))
    found = Counter(next(iter(draws.roles(2, "A", Chances(WEIGHTS), ["a", "c"]))) for _ in range(10_000))
    assert found["c"] / 10_000 == pytest.approx(0.75, abs=0.02)
    assert set(found) == {"a", "c"}


def test_one_that_weighs_far_more_than_all_others_is_not_drawn_for_ever() -> None:
    source = Counting(1)
    others = {f"r{number}": Fraction(1, 10**12) for number in range(1_000)}
    chances = Chances({"heavy": 1 - sum(others.values(), Fraction(0)), **others})
    for _ in range(20):
        first, *rest = islice(iter(RandomDraws(source).roles(2, "A", chances)), 11)
        assert first == "heavy"
        assert len({*rest}) == 10
    assert source.draws < 20 * 20


def test_many_that_weigh_far_more_than_all_others_are_not_drawn_for_ever() -> None:
    source = Counting(1)
    weights = {f"r{number}": Fraction(1, 10**9) for number in range(1_000)}
    weights.update({f"heavy{number}": Fraction(1, 40) for number in range(40)})
    chances = Chances(weights)
    for _ in range(20):
        first = list(islice(iter(RandomDraws(source).roles(2, "A", chances)), 60))
        assert sorted(name for name in first[:40] if "heavy" in name) == sorted(
            f"heavy{number}" for number in range(40)
        )
    assert source.draws < 20 * 40 * 10


def test_a_probability_too_small_for_a_float_comes_last() -> None:
    chances = Chances({"a": Fraction(1, 10**400), "b": Fraction(1, 2), "c": Fraction(1, 2)})
    for among in (None, ["a", "b", "c"]):
        drawn = list(RandomDraws(Counting(1)).roles(2, "A", chances, among))
        assert sorted(drawn) == ["a", "b", "c"]
        assert drawn[-1] == "a"


def test_the_frameworks_of_a_role_come_in_any_order_alike() -> None:
    draws, names = RandomDraws(Counting(1)), ["a", "b", "c"]
    found = Counter(tuple(draws.frameworks(2, "A", "r", names)) for _ in range(12_000))
    assert len(found) == 6
    assert all(count / 12_000 == pytest.approx(1 / 6, abs=0.02) for count in found.values())


def test_all_roles_are_drawn_in_time_that_does_not_grow_with_their_square() -> None:
    source = Counting(1)
    chances = Chances({f"r{number}": Fraction(1, 4_000) for number in range(4_000)})
    assert len(set(RandomDraws(source).roles(2, "A", chances))) == 4_000
    assert source.draws < 4 * 4_000


def test_chances_are_worked_out_once_until_roles_change() -> None:
    state = state_of(1, 300)
    assert len(list(state.tree.chances())) >= 8
    assert not list(state.tree.chances())
    state.update_weights({"r1": 3.0})
    chances = at_once(state.tree.chances())
    assert chances.probabilities["r1"] == Fraction(3, 302)
    assert sum(chances.probabilities.values()) == 1


# -- filters -------------------------------------------------------------------------------------------------


def refused_by_all(frameworks: int, refuse_s: float) -> AllocatorState:
    """One agent, refused by all."""
    state = state_of(1, frameworks, Resources.parse("cpus:1000;mem:100000"))
    for number in range(frameworks):
        used = PART.allocated(f"r{number}")
        state.add_use("A0", f"F{number}", used)
        state.recover(f"F{number}", "A0", used, now_s=0, refuse_s=refuse_s, is_allocated=True)
    state.full_rounds += 1
    return state


def filters(state: AllocatorState) -> int:
    return sum(seat.filters for f in state.frameworks.values() for seat in f.seats.values())


def test_what_many_refused_of_one_agent_ends_in_many_steps() -> None:
    state = refused_by_all(60, 5.0)
    assert filters(state) == 60
    assert len(list(state.expiring_filters(6.0, 10))) == 6
    assert filters(state) == 0
    assert not violations(state, 6.0)


@pytest.mark.parametrize("steps", range(1, 6))
def test_whoever_stops_half_way_leaves_the_rest_to_the_next(steps: int) -> None:
    state = refused_by_all(60, 5.0)
    some = state.expiring_filters(6.0, 10)
    for _ in range(steps):
        next(some)
    del some
    assert filters(state) == 60 - 10 * steps
    assert not violations(state, 6.0)
    assert not a_round(state, 6.0) or filters(state) == 0
    assert filters(state) == 0
    assert not violations(state, 6.0)


def test_an_agent_that_many_refused_leaves_or_moves_in_many_steps() -> None:
    for event in (
        m.RemoveAgent("A0"),
        m.UpdateAgent("A0", AgentInfo(hostname="host0", attributes=agent(0).info.attributes)),
    ):
        state = refused_by_all(60, 5.0)
        work = slowly(state, event, 0.0, 10)
        assert work is not None
        assert len(list(work)) == 6
        assert filters(state) == 0
        assert not violations(state, 0.0)
    state = refused_by_all(60, 5.0)
    same = m.UpdateAgent("A0", AgentInfo(hostname="elsewhere"))
    assert slowly(state, same, 0.0, 10) is None


def test_what_is_on_the_agenda_for_nothing_is_counted_too() -> None:
    state = state_of(60, 1)
    for number in range(60):
        used = PART.allocated("r0")
        state.add_use(f"A{number}", "F0", used)
        state.recover("F0", f"A{number}", used, now_s=0, refuse_s=5.0, is_allocated=True)
    state.revive("F0")
    assert len(list(state.expiring_filters(10.0, 10))) >= 5
    assert not violations(state, 10.0)


# -- quota ---------------------------------------------------------------------------------------------------


def test_many_quotas_are_looked_at_in_many_steps() -> None:
    state = state_of(4, 60)
    for number in range(60):
        state.update_quota(f"r{number}", Quantities({"cpus": 1_000}))
    assert len(list(Allowance.preparing(state, 10))) == 6 + 0
    few = at_once(Allowance.preparing(state, 1))
    assert few is not None
    assert len(few.unsatisfied) == 60


def test_headroom_is_counted_agent_by_agent_only_where_a_guarantee_is_not_met() -> None:
    state = state_of(30, 2, TOTAL + REVOCABLE)
    state.update_quota("r0", Quantities({"cpus": 1_000}))
    assert len(list(Allowance.preparing(state, 10))) == 3
    state.add_use("A0", "F0", PART.allocated("r0"))
    assert not list(Allowance.preparing(state, 10)), "it is met"


# -- maintenance ---------------------------------------------------------------------------------------------


def test_many_are_asked_to_leave_in_many_steps_each_once() -> None:
    state = state_of(40, 4)
    assert a_round(state) == 40
    for number in range(0, 40, 2):
        state.update_unavailability(f"A{number}", SOON)
    asking = list(inverse_offers(state, ALL, [], 0.0, 4))
    assert len(asking) >= 9
    result = allocate(state, ALL, 0.0, RandomDraws(Rng(1)))
    assert sorted(asked.agent for asked in result.inverse_offers) == sorted(
        f"A{number}" for number in range(0, 40, 2)
    )
    state.apply(result)
    assert not allocate(state, ALL, 1.0, RandomDraws(Rng(1))).inverse_offers


def test_a_refused_inverse_offer_is_void_with_a_new_schedule() -> None:
    state = state_of(1, 1)
    a_round(state)
    state.update_unavailability("A0", SOON)
    a_round(state)
    state.update_inverse_offer("A0", "F0", now_s=0.0, refuse_s=100.0)
    assert not allocate(state, ALL, 1.0, RandomDraws(Rng(1))).inverse_offers
    state.update_unavailability("A0", SOON)
    assert not state.frameworks["F0"].refused_inverse
    assert len(allocate(state, ALL, 1.0, RandomDraws(Rng(1))).inverse_offers) == 1


# -- verdicts ------------------------------------------------------------------------------------------------


def test_verdicts_that_are_void_are_forgotten_before_the_next_round_in_steps() -> None:
    state = state_of(30, 0)
    for number, about in enumerate((about_hosts, about_racks)):
        state.add_framework(f"F{number}", [f"r{number}"], constraints=about(f"r{number}"))
    a_round(state)
    assert all(each.judged for each in state.agents.values())
    for number in range(2):
        state.remove_framework(f"F{number}")
    assert not violations(state, 0.0)
    assert len(list(state.forgetting_verdicts(10))) >= 3
    assert not any(each.judged | each.excluded for each in state.agents.values())
    assert not list(state.forgetting_verdicts(10)), "there is nothing to forget"


def test_a_new_seat_is_not_judged_as_the_one_that_had_its_bit_before() -> None:
    state = state_of(1, 0)
    state.add_framework("F0", ["r0"], constraints=about_racks("r0"))  # no rack: excluded
    assert a_round(state) == 0
    state.remove_framework("F0")
    state.add_framework("F1", ["r1"], constraints=about_hosts("r1"))
    state.add_framework("F2", ["r2"], constraints=None)
    state.suppress("F2")
    assert a_round(state) == 1
    assert not violations(state, 0.0)


# -- questions -----------------------------------------------------------------------------------------------


def test_gauges_are_found_one_by_one_while_roles_and_agents_come_and_go() -> None:
    state = state_of(20, 20)
    for number in range(20):
        state.add_use(f"A{number}", f"X{number % 3}", PART.allocated("x"))
    whole = gauges(state, 0.0)
    assert whole["resources/cpus/offered_or_allocated"] == 20.0
    taken: dict[str, float] = {}
    for number, (name, value) in enumerate(gauging(state)):
        assert bool(name) is not math.isnan(value)
        taken[name] = value
        if not number % 5 and state.frameworks:
            state.remove_framework(next(iter(state.frameworks)))
            state.add_framework(f"N{number}", [f"n{number}"]) if number < 40 else None
            state.remove_agent(next(reversed(state.agents))) if len(state.agents) > 10 else None
    assert {name for name in whole if "/shares/" not in name} >= {"resources/cpus/total"}
    assert taken["resources/cpus/total"] < whole["resources/cpus/total"]


def test_no_single_number_takes_many_roles() -> None:
    state = state_of(2, 50)
    state.add_use("A0", "X", PART.allocated("x"))
    until_first = 0
    for name, _ in gauging(state):
        if name:
            break
        until_first += 1
    assert until_first == 50 + 1


def test_an_explanation_that_needs_many_quotas_gets_them_in_steps() -> None:
    state = state_of(30, 60)
    for number in range(60):
        state.update_quota(f"r{number}", Quantities({"cpus": 1_000}))
    result = allocate(state, ALL, 0.0, RandomDraws(Rng(1)))
    inquiry = Inquiry(state, Takers(result), "F0", "r0", 0.0)
    steps = 0
    while not inquiry.advance(10):
        steps += 1
    assert steps >= 3 + 6 + 3
    assert inquiry.result() == explain(state, result, "F0", "r0", 0.0)


def test_a_framework_that_came_again_is_not_the_one_that_was_asked_about() -> None:
    state = state_of(30, 1)
    inquiry = Inquiry(state, Takers(None), "F0", "r0", 0.0)
    assert not inquiry.advance(10)
    state.remove_framework("F0")
    assert inquiry.is_void
    state.add_framework("F0", ["r0"])
    assert inquiry.is_void
    assert inquiry.advance(10)


def test_an_agent_that_came_again_is_not_counted_as_it_was() -> None:
    state = state_of(30, 1)
    inquiry = Inquiry(state, Takers(None), "F0", "r0", 0.0)
    assert not inquiry.advance(10)
    state.remove_agent("A29")
    state.add_agent("A29", AgentInfo(hostname="h"), Resources.EMPTY, capabilities=AgentCapability.Type)
    while not inquiry.advance(10):
        pass
    assert inquiry.result().agents == 29


# -- events --------------------------------------------------------------------------------------------------


def test_many_weights_and_many_roles_are_taken_over_in_steps() -> None:
    state = state_of(1, 60)
    work = slowly(state, m.UpdateWeights({f"r{number}": 2.0 for number in range(60)}), 0.0, 10)
    assert work is not None
    assert len(list(work)) == 6
    assert state.tree.weights["r59"] == 2.0
    roles = tuple(f"q{number}" for number in range(60))
    work = slowly(state, m.AddFramework("G", roles), 0.0, 10)
    assert work is not None
    assert len(list(work)) >= 6
    assert set(state.frameworks["G"].seats) == set(roles)
    assert not violations(state, 0.0)


@pytest.mark.parametrize(
    "event",
    [
        m.UpdateFramework("G", tuple(f"q{number}" for number in range(30, 90)), ("q31",)),
        m.Suppress("G"),
        m.Revive("G"),
        m.DeactivateFramework("G"),
        m.ActivateFramework("G"),
        m.RemoveFramework("G"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_of_a_framework_with_many_roles_happen_in_steps(event: object) -> None:
    slow, fast = state_of(5, 1), state_of(5, 1)
    for state in (slow, fast):
        roles = [f"q{number}" for number in range(60)]
        state.add_framework("G", roles, suppressed=roles[::2])
        for number in range(5):
            used = PART.allocated(f"q{number}")
            state.add_use(f"A{number}", "G", used)
            state.recover("G", f"A{number}", used, now_s=0, refuse_s=5.0, is_allocated=True)
    work = slowly(slow, event, 0.0, 10)
    assert work is not None
    steps = list(work)
    assert len(steps) >= 6
    EFFECTS[type(event)](fast, event, 0.0)
    for state in (slow, fast):
        assert not violations(state, 0.0)
    assert gauges(slow, 0.0) == gauges(fast, 0.0)
    assert slow.seats.listed.bit_count() == fast.seats.listed.bit_count()
    assert [each.id for each in slow.openings.open] == [each.id for each in fast.openings.open]


def test_an_agent_that_many_use_joins_in_steps() -> None:
    state = state_of(0, 60)
    used = {f"F{number}": PART.allocated(f"r{number}") for number in range(60)}
    total = Resources.parse("cpus:100;mem:100000")
    event = m.AddAgent("A", 1, AgentInfo(hostname="h"), total, tuple(AgentCapability.Type), used)
    work = slowly(state, event, 0.0, 10)
    assert work is not None
    assert len(list(work)) == 6
    assert len(state.agents["A"].held) == 60
    assert not violations(state, 0.0)


def test_what_is_given_wholesale_of_agents_that_all_differ_is_charged_in_steps() -> None:
    state = state_of(0, 1)
    for number in range(60):
        total = Resources.parse(f"cpus:4;mem:{400 + number}")
        state.add_agent(f"A{number}", AgentInfo(hostname="h"), total, capabilities=AgentCapability.Type)
    result = allocate(state, ALL, 0.0, RandomDraws(Rng(1)))
    assert len(result.lots) == 60
    assert len(list(state.applying(result, 10))) >= 60 + 6
    assert not violations(state, 0.0)


def test_events_of_one_turn_share_one_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen of them are handled before the runtime looks at the clock: 64 ms of those that take four."""
    cluster = Cluster(1)
    actor, clock = cluster.actor, iter(range(0, 10**12, allocator_actor.SLICE_NS // 4))
    happened: list[str] = []

    def slow(message: m.Revive, now_s: float) -> None:
        happened.append(message.framework_id)
        next(clock)

    monkeypatch.setattr(actor, "_now", lambda: next(clock))
    monkeypatch.setattr(type(actor), "turn_ns", property(lambda self: 7))
    monkeypatch.setattr(actor, "_let_happen", slow)
    for number in range(16):
        actor.on_event(PID("master", "here"), m.Revive(f"F{number}"))
    assert 1 < len(happened) < 6
    first = list(happened)
    monkeypatch.setattr(type(actor), "turn_ns", property(lambda self: 8))
    actor.on_go_on(actor.pid, allocator_actor.GoOn())
    assert happened[: len(first)] == first
    assert len(first) < len(happened) < 16
    for turn in range(9, 40):
        monkeypatch.setattr(type(actor), "turn_ns", property(lambda self, turn=turn: turn))
        actor.on_go_on(actor.pid, allocator_actor.GoOn())
    assert happened == [f"F{number}" for number in range(16)]


# -- who is asked --------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often an agent is offered to a role."""
    found: Counter[str] = Counter()
    plain = Decision._share_with

    def counted(self: Decision, on: object, *rest: object) -> Iterator[None]:
        found[on.id] += 1  # type: ignore[attr-defined]
        return plain(self, on, *rest)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(Decision, "_share_with", counted)
    return found


def test_nobody_is_asked_about_what_is_left_if_nobody_can_take_it(asked: Counter[str]) -> None:
    state = state_of(5, 50, TOTAL + REVOCABLE)
    assert a_round(state) == 5
    assert set(asked.values()) == {1}
    assert a_round(state) == 0
    assert set(asked.values()) == {1}
    assert not violations(state, 0.0)


def test_only_those_are_asked_for_whom_it_is_reserved(asked: Counter[str]) -> None:
    state = state_of(5, 50, TOTAL + reservation(7, 50, "part") + reservation(8, 50, "part"))
    for name in ("role-00007", "role-00008/below"):
        state.add_framework(name, [name])
    assert a_round(state) == 15
    assert max(asked.values()) <= 4
    assert not violations(state, 0.0)
    state.suppress("role-00007")
    for name in list(state.agents):
        for (framework_id, role), held in state.agents[name].held.items():
            state.recover(framework_id, name, held.allocated(role), now_s=0.0)
    asked.clear()
    assert a_round(state) == 10
    assert max(asked.values()) <= 3
    assert not violations(state, 0.0)


def test_a_quota_in_every_role_is_told_in_steps() -> None:
    cluster = Cluster(1)
    cluster.tell(cluster.new_agents(3))
    cluster.tell(m.UpdateQuota(f"r{n}", Quota(Quantities({"cpus": 1}))) for n in range(200))
    cluster.tell_each(framework(n, f"r{n}") for n in range(4))
    cluster.tell([m.GetShares()])
    (answer,) = cluster.desk.rest
    assert isinstance(answer, m.Shares)
    assert len(answer.consumed) == len(answer.quotas) == 200
