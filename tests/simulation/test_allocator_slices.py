"""Rounds in slices: whatever arrives between two of them, the outcome is that of whole rounds.

The actor works in the smallest slices there are. What it did, in the order in which it did it, is then done
again by the plain state with whole rounds, and by the oracle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import pytest

import actors.runtime
from actors import NANOS, PID, Actor, Rng, handles
from actors.testing import Host, Simulation
from cluster.allocator import (
    ALL,
    NONE,
    AllocatorOptions,
    AllocatorState,
    Candidates,
    Grant,
    allocate,
    shares,
)
from cluster.allocator import actor as allocator_actor
from cluster.allocator import messages as m
from cluster.allocator.actor import AllocatorActor, RecoveryOver
from cluster.allocator.events import EFFECTS
from cluster.model import AgentCapability, AgentInfo, Resources
from tests.allocator_kit import violations
from tests.golden.subject_production import PlacedDraws
from tests.oracle import Candidates as OracleCandidates
from tests.oracle import Grant as OracleGrant
from tests.oracle import Options, Oracle, Seeded
from tests.oracle import events as e
from tests.simulation.allocator_desk import Began, Desk

OPTIONS = AllocatorOptions(recovery_timeout_s=3.0)
ACTS = 130
SAME_BUT_NAME: dict[type, type] = {m.Allocated: e.TransitionOfferedToAllocated}


def run(seed: int, monkeypatch: pytest.MonkeyPatch, *, is_sliced: bool = True) -> tuple[Desk, Host]:
    """Have the desk tell all it has to tell, then wait for the dust to settle."""
    if is_sliced:
        monkeypatch.setattr(allocator_actor, "STEP", 1)
        monkeypatch.setattr(allocator_actor, "SLICE_NS", 0)
    monkeypatch.setattr(actors.runtime, "SHARE_MESSAGES", 1)  # everybody a message in turn
    monkeypatch.setattr(actors.runtime, "TURN_MESSAGES", 1)
    sim = Simulation(f"slices {seed}")
    desk = Desk(Rng(f"desk {seed}"), ACTS, OPTIONS)

    def boot(host: Host) -> None:
        host.runtime.spawn(desk, "desk")
        desk.allocator._draws = PlacedDraws(Seeded(seed))  # type: ignore[assignment]

    host = sim.host("10.0.0.1", boot)
    host.start()

    def is_over() -> bool:
        if desk.allocator._work is not None:
            host.runtime.metrics.snapshot()  # in the middle of things, and changes nothing
        return bool(host.failures) or desk.is_done

    sim.run_until(is_over, limit_s=600)
    sim.advance(5.0)
    assert not host.failures
    return desk, host


class Again:
    """Does what is in a log, by whole rounds; on the production state and on the oracle."""

    def __init__(self, seed: int) -> None:
        self.state = AllocatorState(OPTIONS)
        self.oracle = Oracle(Options(recovery_timeout_s=OPTIONS.recovery_timeout_s))
        self.told: list[tuple[str, m.Granted]] = []
        self.operated: list[bool] = []
        self.stale = 0
        self.wanted: Candidates = NONE
        self._chance = Seeded(seed)
        self._epochs: dict[str, int] = {}

    def do(self, now_s: float, done: object) -> None:
        match done:
            case Began():
                self._round(now_s, done)
            case RecoveryOver():
                self.state.end_recovery()
                self.oracle.end_recovery()
            case m.UpdateAvailable():
                self.operated.append(self.state.update_available(done.agent_id, done.conversions))
                steps = [e.Conversion(step.consumed, step.converted) for step in done.conversions]
                assert self.oracle.update_available(done.agent_id, steps) == self.operated[-1]
            case _:
                self._event(now_s, done)
        assert self.state.is_paused == self.oracle.is_paused

    def _event(self, now_s: float, event: object) -> None:
        is_stale = isinstance(event, m.Recover | m.Allocated | m.AddUse | m.UpdateAllocation) and (
            self._epochs.get(event.agent_id) != event.epoch
        )
        if is_stale:
            self.stale += 1
            return
        if isinstance(event, m.AddAgent):
            self._epochs[event.agent_id] = event.epoch
        wanted = EFFECTS[type(event)](self.state, event, now_s)
        if isinstance(event, m.RemoveAgent):
            del self._epochs[event.agent_id]
            self.wanted = Candidates(self.wanted.is_all, self.wanted.agents - {event.agent_id})
        self.wanted |= wanted or NONE
        twin = _for_oracle(event)
        getattr(self.oracle, e.method_of(twin))(**e.arguments_of(twin, now_s))

    def _round(self, now_s: float, began: Began) -> None:
        assert not self.state.is_paused, "a round while paused"
        assert began.candidates == (ALL if began.is_timed else self.wanted)
        self.wanted = NONE
        assert not violations(self.state, now_s)
        result = allocate(self.state, began.candidates, now_s, PlacedDraws(self._chance))
        self.state.apply(result)
        assert not violations(self.state, now_s)
        for grant in result.grants:
            granted = m.Granted(
                grant.role, grant.agent, self._epochs[grant.agent], grant.resources.allocated(grant.role)
            )
            self.told.append((grant.framework, granted))
        wanted = OracleCandidates(began.candidates.is_all, began.candidates.agents)
        expected = self.oracle.decide(wanted, now_s, self._chance)
        self.oracle.apply(expected)
        assert by_agent(result.grants) == by_agent(expected.grants)
        asked = sorted((g.framework, g.agent) for g in result.inverse_offers)
        assert asked == sorted((g.framework, g.agent) for g in expected.inverse_offers)


def _for_oracle(event: object) -> e.Event:
    """The oracle's event of the same meaning."""
    if isinstance(event, m.UpdateQuota):
        return e.UpdateQuota(event.role, event.quota.guarantees, event.quota.limits)
    kind = SAME_BUT_NAME.get(type(event)) or getattr(e, type(event).__name__)
    values = {f.name: getattr(event, f.name) for f in fields(event) if f.name != "epoch"}  # type: ignore[arg-type]
    twin: e.Event = kind(**values)
    return twin


def picture(state: AllocatorState) -> object:
    """All that two states must have in common."""
    return (
        {a.id: (a.total, a.held, a.allocated, a.available, a.is_active) for a in state.agents.values()},
        {
            (seat.holder, agent.id): refusal
            for framework in state.frameworks.values()
            for seat in framework.seats.values()
            for agent, refusal in seat.refusals.items()
        },
        shares(state),
        state.ledger.quotas,
        state.full_rounds,
    )


def by_agent(grants: Iterable[Grant | OracleGrant]) -> dict[str, list[tuple[str, str, Resources]]]:
    """What each agent gave, in order; in which order agents were looked at says nothing to anybody."""
    found: dict[str, list[tuple[str, str, Resources]]] = {}
    for grant in grants:
        found.setdefault(grant.agent, []).append((grant.framework, grant.role, grant.resources))
    return found


def by_framework(told: list[tuple[str, m.Granted]]) -> dict[tuple[str, str, str, int], list[m.Granted]]:
    """What the master was told for each framework and role of each agent, in order."""
    found: dict[tuple[str, str, str, int], list[m.Granted]] = {}
    for framework_id, granted in told:
        key = (framework_id, granted.role, granted.agent_id, granted.epoch)
        found.setdefault(key, []).append(granted)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_slices_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, _ = run(seed, monkeypatch)
    allocator = desk.allocator
    again = Again(seed)
    for at_s, done in allocator.log:
        again.do(at_s, done)
    assert picture(again.state) == picture(allocator.state)
    assert again.operated == desk.operated
    # No event is lost, and none overtakes another one.
    events = [done for _, done in allocator.log if not isinstance(done, Began | RecoveryOver)]
    assert events == desk.sent
    # The master was told what was granted, each framework's in order, and nothing is wanted any more.
    assert by_framework(desk.told) == by_framework(again.told)
    assert allocator.is_idle
    assert again.wanted == NONE
    assert not violations(allocator.state, allocator.clock.now() / NANOS)
    # Every question was answered, and agents add up although they came and went meanwhile.
    assert len(desk.asked.answers) == desk.asked.explained
    assert desk.asked.other_answers == desk.asked.others
    for answer in desk.asked.answers:
        if (told := answer.explanation) is not None:
            assert told.offered + sum(told.withheld.values()) == told.agents


def test_slices_are_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """The histories above are about what they should be about."""
    desks = [run(seed, monkeypatch)[0] for seed in range(12)]
    kinds = {type(event) for desk in desks for event in desk.sent}
    assert {
        m.BeginRecovery,
        m.Pause,
        m.RemoveAgent,
        m.Recover,
        m.UpdateAllocation,
        m.UpdateAvailable,
    } <= kinds
    assert sum(desk.allocator.arrived_during_rounds for desk in desks) > 100
    stale = 0
    for seed, desk in enumerate(desks):
        again = Again(seed)
        for at_s, done in desk.allocator.log:
            again.do(at_s, done)
        stale += again.stale
    assert stale > 10
    assert sum(answer.explanation is not None for desk in desks for answer in desk.asked.answers) > 20
    assert {True, False} == {is_done for desk in desks for is_done in desk.operated}


class Crowd(Actor):
    """A master of one agent that a hundred frameworks are offered and refuse, most of them for a while."""

    def __init__(self) -> None:
        self.refused = 0

    def initialize(self) -> None:
        """Have all of them subscribe."""
        self.allocator = AllocatorActor(AllocatorOptions(), self.pid)
        self._to = self.spawn(self.allocator, "allocator")
        for number in range(100):
            self.send(self._to, m.AddFramework(f"F{number:03}", ("r",)))
        info, total = AgentInfo(hostname="host"), Resources.parse("cpus:4;mem:400")
        self.send(self._to, m.AddAgent("A", 1, info, total, tuple(AgentCapability.Type), {}))

    @handles
    def on_offers_made(self, sender: PID, message: m.OffersMade) -> None:
        """Refuse them."""
        for granted in message.grants:
            self.refused += 1
            refuse_s = 3.0 if self.refused % 3 else 1000.0
            back = (message.framework_id, granted.agent_id, granted.epoch, granted.resources, refuse_s)
            self.send(self._to, m.Recover(*back))


@pytest.mark.parametrize("reads", [False, True])
def test_numbers_are_read_in_the_middle_of_what_a_crowd_refused(
    reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round once found filters gone that whoever read the numbers had just dropped."""
    monkeypatch.setattr(allocator_actor, "SLICE_NS", 0)
    monkeypatch.setattr(allocator_actor, "STEP", 4)
    monkeypatch.setattr(actors.runtime, "SHARE_MESSAGES", 1)
    monkeypatch.setattr(actors.runtime, "TURN_MESSAGES", 1)
    sim, crowd = Simulation("crowd"), Crowd()
    host = sim.host("10.0.0.1", lambda host: host.runtime.spawn(crowd, "master"))
    host.start()
    read = 0

    def look() -> bool:
        nonlocal read
        if reads and crowd.allocator._work is not None:
            read += 1
            host.runtime.metrics.snapshot()
        return bool(host.failures) or crowd.refused >= 250

    sim.run_until(look, limit_s=3_000)
    assert not host.failures
    assert bool(read) is reads
    now_s = crowd.allocator.clock.now() / NANOS
    assert crowd.allocator._work is not None or not violations(crowd.allocator.state, now_s)
