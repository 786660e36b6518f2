"""The allocator as an actor: gathers events, runs rounds, tells the master who gets what.

An event only changes the state and adds to the candidates of the next round. The round itself is a message to
self, so a burst of events costs one round, behind all of them. Besides there is a round over all agents every
allocation interval.

However large the cluster, no handler takes long: a round is decided and carried out in slices, each a message
to self, and what arrives meanwhile waits until the round is over, so slices change when things are decided,
never what.

Source: reference allocator.md §3.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from actors import NANOS, PID, Actor, Timer, handles
from actors.metrics import Reading
from cluster.allocator import messages as m
from cluster.allocator.allocate import decide
from cluster.allocator.candidates import ALL, Candidates
from cluster.allocator.draws import RandomDraws
from cluster.allocator.events import EFFECTS, Event, Work, slowly
from cluster.allocator.explain import Explanation, Inquiry, Takers
from cluster.allocator.gauges import gauging
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.refused import refusals_of
from cluster.allocator.round import InverseGrant, Lot, Round
from cluster.allocator.shares import Orders, ordering, sharing
from cluster.allocator.state import AllocatorState
from cluster.allocator.timings import Timings
from cluster.model import Unavailability

log = logging.getLogger(__name__)

SLICE_NS = 4_000_000
"""How long a handler works on something large before others get their turn."""
STEP = 64
"""Agents or grants between two looks at the clock, and offers in one message."""
MOST_EXPIRED = 1024
"""Filters that ended since the last round, and are looked at before somebody reads how many there are."""
MAX_INQUIRIES = 64
"""Explanations under way at once."""
Asker = tuple[PID, PID | None]
"""Who asked, and on whose behalf."""
WATCHED_NS = 60 * NANOS
"""How long after a question about shares the order of every round is noted, which nobody else needs."""
PREFIX = "allocator/mesos/"


@dataclass(frozen=True, slots=True)
class RoundDue:
    """To self: run a round for the candidates gathered."""


@dataclass(frozen=True, slots=True)
class IntervalOver:
    """To self: time for a round over everything."""


@dataclass(frozen=True, slots=True)
class RecoveryOver:
    """To self: wait for agents no longer."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """To self: the next slice of what is under way."""


class Wanted:
    """Candidates gathered for the next round."""

    def __init__(self) -> None:
        self._is_all = False
        self._agents: dict[str, None] = {}

    def __bool__(self) -> bool:
        return self._is_all or bool(self._agents)

    def add(self, candidates: Candidates) -> None:
        """These too."""
        self._is_all = self._is_all or candidates.is_all
        self._agents.update(dict.fromkeys(candidates.agents))

    def discard(self, agent_id: str) -> None:
        """The agent is gone."""
        self._agents.pop(agent_id, None)

    def take(self) -> Candidates:
        """All that was gathered; then gathering begins anew."""
        candidates = ALL if self._is_all else Candidates(agents=frozenset(self._agents))
        self._is_all = False
        self._agents = {}
        return candidates


class AllocatorActor(Actor):
    """Owns an `AllocatorState`; answers the master `master`, which spawned it."""

    def __init__(self, options: AllocatorOptions, master: PID) -> None:
        self._options = options
        self._master = master
        self.state = AllocatorState(options)
        self.last_round: Round | None = None
        self._wanted = Wanted()
        self._wanted_since_ns = self._interval_over_ns = 0
        self._sliced_ns = self._until_ns = -1  # the latest turn with a slice, and when that ends
        self._is_round_due = False
        self._work: Iterator[None] | None = None  # a round, or something else large, under way
        self._waiting: deque[tuple[PID, object]] = deque()  # what arrived meanwhile
        self._inquiries: deque[tuple[list[Asker], tuple[str, str], Inquiry]] = deque()
        self._takers = Takers(None)  # of the last round, if somebody asked about it
        self._order: Orders | None = None  # of the last round, while somebody asks
        self._watched_until_ns = 0
        self._is_going_on = self._is_advancing = False
        self._recovery: Timer | None = None
        self._run_times = Timings(f"{PREFIX}allocation_run_ms")
        self._latencies = Timings(f"{PREFIX}allocation_run_latency_ms")

    def initialize(self) -> None:
        self._draws = RandomDraws(self.rng())
        self._now = self.clock.now  # read for every event and step
        self.metrics.declare(f"{PREFIX}allocation_runs")
        self.metrics.gauge(f"{PREFIX}event_queue_dispatches", lambda: float(len(self._waiting)))
        self.metrics.gauge("allocator/event_queue_dispatches", lambda: float(len(self._waiting)))
        self.metrics.stream(self._readings)
        self._await_interval()

    def _readings(self) -> Iterator[Reading]:
        if self._work is None:  # else something is half done; and a round begins with this anyway
            next(self.state.expiring_filters(self._now_s(), MOST_EXPIRED), None)
        for name, value in gauging(self.state):
            yield Reading(f"{PREFIX}{name}", value, False)
        for timings in (self._run_times, self._latencies):
            for name, value in timings.values().items():
                yield Reading(name, value, False)

    def _now_s(self) -> float:
        return self._now() / NANOS

    # -- events -------------------------------------------------------------------------------

    @handles
    def on_event(self, sender: PID, message: Event) -> None:
        """Let something happen, or have it wait for the end of the round under way."""
        if self._must_wait(sender, message):
            return
        now_ns = self._now()
        if not self._is_advancing and self._is_slice_over(now_ns):
            self._waiting.append((sender, message))  # many events in one turn, each of which took its time
            self._go_on_later()
        else:
            self._let_happen(message, now_ns / NANOS)

    def _let_happen(self, message: Event, now_s: float) -> None:
        if self._is_stale(message):
            return
        if (work := slowly(self.state, message, now_s, STEP)) is not None:
            self._start(self._carry_out(message, work))
        else:
            self._happened(message, EFFECTS[type(message)](self.state, message, now_s))

    def _carry_out(self, message: Event, work: Work) -> Iterator[None]:
        wanted = yield from work
        self._happened(message, wanted)

    def _happened(self, message: Event, wanted: Candidates | None) -> None:
        if isinstance(message, m.RemoveAgent):
            self._wanted.discard(message.agent_id)
        elif isinstance(message, m.BeginRecovery):
            self._recovery = self.delay(self._options.recovery_timeout_s, RecoveryOver())
        if wanted:
            self._want(wanted)

    def _is_stale(self, message: object) -> bool:
        """Whether it is about what an agent was before it left and came back."""
        if isinstance(message, m.Recover | m.Allocated | m.AddUse | m.UpdateAllocation):
            agent = self.state.agents.get(message.agent_id)
            return agent is None or agent.epoch != message.epoch
        return False

    def _must_wait(self, sender: PID, message: object) -> bool:
        if self._work is None and not self._waiting:
            return False
        self._waiting.append((sender, message))
        return True

    @handles
    def on_update_available(self, sender: PID, message: m.UpdateAvailable) -> None:
        if not self._must_wait(sender, message):
            is_done = self.state.update_available(message.agent_id, message.conversions)
            self.send(sender, m.AvailableUpdated(message.agent_id, is_done))

    @handles
    def on_recovery_over(self, sender: PID, message: RecoveryOver) -> None:
        if not self._must_wait(sender, message):
            self.state.end_recovery()

    # -- rounds -------------------------------------------------------------------------------

    def _want(self, candidates: Candidates) -> None:
        if not self._wanted:
            self._wanted_since_ns = self._now()
        self._wanted.add(candidates)
        if not self._is_round_due:
            self._is_round_due = True
            self.send(self.pid, RoundDue())

    @handles
    def on_round_due(self, sender: PID, message: RoundDue) -> None:
        if self._must_wait(sender, message):
            return
        self._is_round_due = False
        if self._wanted and not self.state.is_paused:
            self._latencies.note((self._now() - self._wanted_since_ns) / 1e6)
            self._begin(self._wanted.take(), is_timed=False)

    @handles
    def on_interval_over(self, sender: PID, message: IntervalOver) -> None:
        if self._must_wait(sender, message):
            return
        if self.state.is_paused:
            self._await_interval()
        else:
            self._wanted.take()
            self._latencies.note(max(0, self._now() - self._interval_over_ns) / 1e6)
            self._begin(ALL, is_timed=True)

    def _await_interval(self) -> None:
        self._interval_over_ns = self._now() + round(self._options.allocation_interval_s * NANOS)
        self.delay(self._options.allocation_interval_s, IntervalOver())

    def _begin(self, candidates: Candidates, *, is_timed: bool) -> None:
        self._start(self._round(candidates, is_timed))

    def _round(self, candidates: Candidates, is_timed: bool) -> Iterator[None]:
        """Decide a round and carry it out, a step at a time."""
        began_ns = self._now()
        is_watched = began_ns < self._watched_until_ns
        self._order = (yield from ordering(self.state)) if is_watched else None
        result = yield from decide(self.state, candidates, began_ns / NANOS, self._draws, STEP)
        yield
        lots = yield from self.state.applying(result, STEP)
        for message in self._told(lots):
            if message is not None:
                self.send(self._master, message)
            yield
        for asked in self._asked(result.inverse_offers):
            if asked is not None:
                self.send(self._master, asked)
            yield
        self.last_round = result
        self.metrics.count(f"{PREFIX}allocation_runs")
        self._run_times.note((self._now() - began_ns) / 1e6)
        if is_timed:
            self._await_interval()

    def _told(self, lots: list[Lot]) -> Iterator[m.OffersMade | None]:
        """What the master is to be told, framework by framework, `STEP` agents at a time.

        The lots are used up: to drop tens of thousands all at once would take long.
        """
        by_framework: dict[str, list[Lot]] = {}
        for number, lot in enumerate(lots, 1):
            by_framework.setdefault(lot.seat.framework.id, []).append(lot)
            if not number % STEP:
                yield None
        lots.clear()
        for framework_id, theirs in by_framework.items():
            alike: list[m.Alike] = []
            room = STEP
            theirs.reverse()
            while theirs:
                lot = theirs.pop()
                role, first = lot.seat.role.path, 0
                resources = lot.bundle.allocated(role)
                while part := lot.agents[first : first + room]:
                    names, epochs = [agent.id for agent in part], [agent.epoch for agent in part]
                    alike.append(m.Alike(role, resources, tuple(names), tuple(epochs)))
                    first += len(part)
                    room -= len(part)
                    if not room:
                        yield m.OffersMade(framework_id, tuple(alike))
                        alike, room = [], STEP
            if alike:
                yield m.OffersMade(framework_id, tuple(alike))

    def _asked(self, inverse_offers: Iterable[InverseGrant]) -> Iterator[m.InverseOffersMade | None]:
        """Which agents the master is to ask frameworks to leave, `STEP` at a time."""
        by_framework: dict[str, list[tuple[str, Unavailability]]] = {}
        for number, inverse in enumerate(inverse_offers, 1):
            by_framework.setdefault(inverse.framework, []).append((inverse.agent, inverse.unavailability))
            if not number % STEP:
                yield None
        for framework_id, agents in by_framework.items():
            for first in range(0, len(agents), STEP):
                yield m.InverseOffersMade(framework_id, tuple(agents[first : first + STEP]))

    # -- slices -------------------------------------------------------------------------------

    @handles
    def on_go_on(self, sender: PID, message: GoOn) -> None:
        self._is_going_on = False
        self._advance()

    def _start(self, work: Iterator[None]) -> None:
        """Begin something large; what arrives before it is done waits."""
        self._work = work
        if not self._is_advancing:  # else it goes on where it was begun
            self._advance()

    def _advance(self) -> None:
        """Work for a slice of time; if that is not enough, go on after others had their turn.

        Several messages may be handled in one turn, each with something large to do: one slice for all.
        """
        self._is_slice_over(self._now())
        self._is_advancing = True
        while self._step():
            if self._now() >= self._until_ns:
                self._go_on_later()
                break
        self._is_advancing = False

    def _is_slice_over(self, now_ns: int) -> bool:
        """Whether this turn's share of time is used up; it begins with whoever asks first."""
        turn_ns = self.turn_ns
        if turn_ns != self._sliced_ns:
            self._sliced_ns, self._until_ns = turn_ns, now_ns + SLICE_NS
        return now_ns >= self._until_ns

    def _go_on_later(self) -> None:
        if not self._is_going_on:
            self._is_going_on = True
            self.send(self.pid, GoOn())

    def _step(self) -> bool:
        """One step of what is under way; whether there is more."""
        if self._work is not None:
            if next(self._work, self) is self:
                self._work = None
        elif self._waiting:
            self._catch_up()
        elif self._inquiries:
            self._inquire()
        return self._work is not None or bool(self._waiting) or bool(self._inquiries)

    def _catch_up(self) -> None:
        """Deal with the first of what had to wait, as if it had arrived now."""
        waiting, self._waiting = self._waiting, deque()
        sender, message = waiting.popleft()
        getattr(self, self.handlers[type(message)])(sender, message)
        waiting.extend(self._waiting)
        self._waiting = waiting

    # -- questions ----------------------------------------------------------------------------

    @handles
    def on_get_shares(self, sender: PID, message: m.GetShares) -> None:
        if not self._must_wait(sender, message):
            self._watched_until_ns = self._now() + WATCHED_NS
            self._start(self._answer(sender, self._shares()))

    @handles
    def on_get_refusals(self, sender: PID, message: m.GetRefusals) -> None:
        if not self._must_wait(sender, message):
            looking = refusals_of(self.state, message.framework_id, message.most, self._now_s())
            self._start(self._answer(sender, looking))

    def _shares(self) -> Generator[None, None, m.Shares]:
        ledger = self.state.ledger
        roles = yield from sharing(self.state, self._order)
        consumed = {}
        for number, role in enumerate(ledger.quotas, 1):
            consumed[role] = ledger.consumed(role)
            if not number % STEP:
                yield
        return m.Shares(roles, dict(ledger.quotas), consumed)

    def _answer(self, asker: PID, answering: Generator[None, None, object]) -> Iterator[None]:
        """Find out about something of which there may be much; nothing happens meanwhile."""
        answer = yield from answering
        self.send(asker, answer)

    @handles
    def on_explain(self, sender: PID, message: m.Explain) -> None:
        """Questions alike that are under way are answered together."""
        if self._must_wait(sender, message):
            return
        about = (message.framework_id, message.role)
        for askers, subject, _ in self._inquiries:
            if subject == about:
                askers.append((sender, message.asker))
                return
        if message.framework_id not in self.state.frameworks or len(self._inquiries) >= MAX_INQUIRIES:
            self.send(sender, m.Explained(None, message.asker))
            return
        if self._takers.of is not self.last_round:
            self._takers = Takers(self.last_round)
        inquiry = Inquiry(self.state, self._takers, *about, self._now_s())
        self._inquiries.append(([(sender, message.asker)], about, inquiry))
        self._go_on_later()  # many questions at once would be a slice each

    def _inquire(self) -> None:
        askers, _, inquiry = self._inquiries[0]
        answer: Explanation | None = None
        if not inquiry.advance(STEP):
            return
        if not inquiry.is_void:
            answer = inquiry.result()
        self._inquiries.popleft()
        for sender, asker in askers:
            self.send(sender, m.Explained(answer, asker))
