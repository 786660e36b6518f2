"""The allocator's actor between a desk that tells it random things, and a log of what it does when.

The desk knows what a master knows: what it told, and what it was told. It is served in turns with the
allocator, a message each, so that its messages arrive between any two slices of a round.

    python -m tests.simulation.allocator_desk --seed=17

prints a digest of all that was decided.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from actors import NANOS, PID, Actor, Rng, handles
from actors.testing import Host, Simulation
from cluster.allocator import AllocatorOptions, Candidates, Conversion, Quota, gauges
from cluster.allocator import messages as m
from cluster.allocator.actor import AllocatorActor, RecoveryOver
from cluster.allocator.events import Event
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    InverseOfferStatus,
    Limits,
    Quantities,
    Resources,
    TimeInfo,
    Unavailability,
    parse_attributes,
)
from tests.oracle.notation import parse
from tests.oracle.operations import operations

T = TypeVar("T")
ROLES = ("a", "a/b", "b", "c")
TOTALS = ("4/400/100", "4/400/100", "4/400 + disk:50@a", "2/100 + 2/200/50@b", "3/100 + ports:[1-9]")
CAPABILITIES = tuple(AgentCapability.Type)
TAKES = (
    Capability.Type.MULTI_ROLE,
    Capability.Type.SHARED_RESOURCES,
    Capability.Type.RESERVATION_REFINEMENT,
)


@dataclass(frozen=True)
class Began:
    """A round began."""

    candidates: Candidates
    is_timed: bool


Done = Event | m.UpdateAvailable | RecoveryOver | Began


class WatchedAllocator(AllocatorActor):
    """Logs events when they take effect, and rounds when they begin."""

    def __init__(self, options: AllocatorOptions, master: PID) -> None:
        super().__init__(options, master)
        #: With the time in seconds.
        self.log: list[tuple[float, Done]] = []
        self.arrived_during_rounds = 0

    def _write_down(self, done: Done) -> None:
        if self._work is None and not self._waiting:
            self.log.append((self.clock.now() / NANOS, done))

    def on_event(self, sender: PID, message: Event) -> None:
        self.arrived_during_rounds += self._work is not None
        super().on_event(sender, message)

    def _let_happen(self, message: Event, now_s: float) -> None:
        self._write_down(message)
        super()._let_happen(message, now_s)

    def on_update_available(self, sender: PID, message: m.UpdateAvailable) -> None:
        self._write_down(message)
        super().on_update_available(sender, message)

    def on_recovery_over(self, sender: PID, message: RecoveryOver) -> None:
        self._write_down(message)
        super().on_recovery_over(sender, message)

    def _begin(self, candidates: Candidates, *, is_timed: bool) -> None:
        assert self._work is None, "a round in a round"
        self.log.append((self.clock.now() / NANOS, Began(candidates, is_timed)))
        super()._begin(candidates, is_timed=is_timed)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way and nothing waits."""
        return self._work is None and not self._waiting and not self._inquiries and not self._is_round_due


@dataclass(frozen=True)
class Act:
    """To self: do something."""


@dataclass
class Held:
    """Something a framework was offered, and perhaps uses."""

    framework_id: str
    role: str
    agent_id: str
    epoch: int
    resources: Resources
    is_used: bool = False


@dataclass
class AgentBook:
    """What the desk knows of an agent."""

    epoch: int
    total: Resources
    pending: Conversion | None = None
    """What an operator asked for; until the answer is here nothing else may change the total."""


@dataclass
class Asked:
    """Questions and answers."""

    explained: int = 0
    answers: list[m.Explained] = field(default_factory=list)
    others: int = 0
    other_answers: int = 0


class Desk(Actor):
    """Tells and asks the allocator `acts` random things, most of them at once one after the other."""

    def __init__(self, rng: Rng, acts: int, options: AllocatorOptions) -> None:
        self._random = rng
        self._acts = acts
        self._options = options
        self.sent: list[Event | m.UpdateAvailable] = []
        self.told: list[tuple[str, m.Granted]] = []
        self.inverse: list[tuple[str, str]] = []
        self.operated: list[bool] = []
        self.asked = Asked()
        self._agents: dict[str, AgentBook] = {}
        self._frameworks: dict[str, tuple[str, ...]] = {}
        self._held: list[Held] = []
        self._names = 0
        self._is_paused = False

    def initialize(self) -> None:
        """Begin."""
        self.allocator = WatchedAllocator(self._options, self.pid)
        self._to = self.spawn(self.allocator, "allocator")
        self.send(self.pid, Act())

    @property
    def is_done(self) -> bool:
        """Whether everything was told."""
        return self._acts <= 0 and not self._is_paused

    # -- what it hears -----------------------------------------------------------------------------------

    @handles
    def on_offers_made(self, sender: PID, message: m.OffersMade) -> None:
        """A framework that left meanwhile returns what it is offered, for an agent that left it is stale."""
        for granted in message.grants:
            self.told.append((message.framework_id, granted))
            g = granted
            self._held.append(Held(message.framework_id, g.role, g.agent_id, g.epoch, g.resources))

    @handles
    def on_inverse_offers_made(self, sender: PID, message: m.InverseOffersMade) -> None:
        """Answered at some time."""
        self.inverse += [(message.framework_id, agent_id) for agent_id, _ in message.agents]

    @handles
    def on_available_updated(self, sender: PID, message: m.AvailableUpdated) -> None:
        """An operator's conversion was done, or was not."""
        self.operated.append(message.is_done)
        book = self._agents[message.agent_id]
        assert book.pending is not None, "answered twice"
        if message.is_done:
            book.total = book.pending.apply(book.total)
        book.pending = None

    @handles
    def on_explained(self, sender: PID, message: m.Explained) -> None:
        """Kept."""
        self.asked.answers.append(message)

    @handles
    def on_other(self, sender: PID, message: m.Shares | m.Refusals) -> None:
        """Counted."""
        self.asked.other_answers += 1

    # -- what it does ------------------------------------------------------------------------------------

    @handles
    def on_act(self, sender: PID, message: Act) -> None:
        """Tell or ask something; then again, at once or later."""
        self._acts -= 1
        if self._is_paused and self._random.chance(0.3):
            self._pause()
        few = len(self._agents) < 3 or len(self._frameworks) < 2
        if self._acts < 0:
            self._tell(m.Resume())
            self._is_paused = False
            return
        kinds = [self._add_agent, self._add_framework] if few else self._kinds()
        self._random.choice(kinds)()
        if self._random.chance(0.85):
            self.send(self.pid, Act())
        else:
            self.delay(self._random.choice([0.25, 0.5, 1.0, 2.5]), Act())

    def _kinds(self) -> list[Callable[[], None]]:
        once = [
            self._remove_agent,
            self._remove_framework,
            self._quota,
            self._weights,
            self._whitelist,
            self._pause,
            self._recovery,
            self._away,
            self._answer_inverse,
            self._change_framework,
            self._change_agent,
        ]
        often = [self._add_agent, self._add_framework, self._toggle, self._ask, self._operate, self._operator]
        return once + often * 2 + [self._give_back] * 12 + [self._use] * 4 + [self._operate] * 4

    def _tell(self, message: Event | m.UpdateAvailable) -> None:
        self.sent.append(message)
        self.send(self._to, message)

    def _one(self, items: list[T]) -> T | None:
        return self._random.choice(items) if items else None

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def _info(self) -> AgentInfo:
        attributes = parse_attributes(self._random.choice(["", "rack:r1"]))
        return AgentInfo(hostname=self._random.choice(["h1", "h2"]), attributes=attributes)

    # agents

    def _add_agent(self) -> None:
        """One that left may come back, with another epoch."""
        if len(self._agents) >= 7:
            return
        gone = sorted({h.agent_id for h in self._held} - self._agents.keys())
        name = self._one(gone) if gone and self._random.chance(0.6) else None
        agent_id = name or self._name("A")
        total = parse(self._random.choice(TOTALS))
        self._names += 1
        self._agents[agent_id] = AgentBook(self._names, total)
        self._tell(m.AddAgent(agent_id, self._names, self._info(), total, CAPABILITIES, {}))

    def _remove_agent(self) -> None:
        if agent_id := self._one([a for a, book in self._agents.items() if book.pending is None]):
            del self._agents[agent_id]
            self._tell(m.RemoveAgent(agent_id))

    def _change_agent(self) -> None:
        if (agent_id := self._one(list(self._agents))) is None:
            return
        book = self._agents[agent_id]
        if book.pending is not None:
            return
        if self._random.chance(0.5):
            book.total = book.total + parse("1/50")
            self._tell(m.UpdateAgent(agent_id, total=book.total))
        else:
            self._tell(m.UpdateAgent(agent_id, info=self._info()))

    def _away(self) -> None:
        if agent_id := self._one(list(self._agents)):
            away = Unavailability(start=TimeInfo(nanoseconds=10**12)) if self._random.chance(0.7) else None
            self._tell(m.UpdateUnavailability(agent_id, away))

    def _answer_inverse(self) -> None:
        if asked := self._one(self.inverse):
            status = self._random.choice([None, *InverseOfferStatus.Status])
            framework_id, agent_id = asked
            self._tell(m.UpdateInverseOffer(agent_id, framework_id, status, self._random.choice([None, 2.0])))

    # frameworks

    def _roles(self) -> tuple[str, ...]:
        return tuple(self._random.sample(ROLES, self._random.randint(1, 2)))

    def _add_framework(self) -> None:
        if len(self._frameworks) < 5:
            name, roles = self._name("F"), self._roles()
            self._frameworks[name] = roles
            self._tell(m.AddFramework(name, roles, capabilities=TAKES))

    def _change_framework(self) -> None:
        if name := self._one(list(self._frameworks)):
            self._frameworks[name] = roles = self._roles()
            minima = {roles[0]: (Quantities({"cpus": 2000}),)} if self._random.chance(0.3) else {}
            self._tell(m.UpdateFramework(name, roles, capabilities=TAKES, min_allocatable=minima))

    def _remove_framework(self) -> None:
        if name := self._one(list(self._frameworks)):
            del self._frameworks[name]
            self._tell(m.RemoveFramework(name))

    def _toggle(self) -> None:
        """Of a framework or an agent."""
        agent_id, name = self._one(list(self._agents)), self._one(list(self._frameworks))
        if agent_id is None or name is None:
            return
        choices: list[Event] = [m.Suppress(name), m.DeactivateFramework(name), m.DeactivateAgent(agent_id)]
        choices += [m.Revive(name), m.ActivateFramework(name), m.ActivateAgent(agent_id)] * 2
        self._tell(self._random.choice(choices))

    # resources

    def _give_back(self) -> None:
        if (held := self._one(self._held)) is None:
            return
        self._held.remove(held)
        refuse_s = None if held.is_used else self._random.choice([None, 0.0, 1.0, 3.0, 100.0])
        self._tell(
            m.Recover(held.framework_id, held.agent_id, held.epoch, held.resources, refuse_s, held.is_used)
        )

    def _use(self) -> None:
        if held := self._one([h for h in self._held if not h.is_used]):
            held.is_used = True
            self._tell(m.Allocated(held.framework_id, held.agent_id, held.epoch, held.resources))

    def _operate(self) -> None:
        """Reserve, unreserve, make volumes of what was offered. Stale ones must not be noticed."""
        if (held := self._one([h for h in self._held if not h.is_used])) is None:
            return
        plain = held.resources.unallocated()
        if held.framework_id not in self._frameworks or not (step := self._conversion(plain, held.role)):
            return
        book = self._agents.get(held.agent_id)
        if book is not None and book.epoch == held.epoch:
            if book.pending is not None or not book.total.contains(step.consumed):
                return
            book.total = step.apply(book.total)
        mine = Conversion(step.consumed.allocated(held.role), step.converted.allocated(held.role))
        before, held.resources = held.resources, mine.apply(held.resources)
        undone = Conversion(mine.converted, mine.consumed)
        steps = (mine, undone, mine) if mine.consumed else (mine,)  # large enough to be cut
        self._tell(m.UpdateAllocation(held.framework_id, held.agent_id, held.epoch, before, steps))

    def _operator(self) -> None:
        """An operator reserves something that may be free, or not."""
        if (agent_id := self._one(list(self._agents))) is None:
            return
        book = self._agents[agent_id]
        part = Resources.scalar(cpus=1)
        if book.pending is None and book.total.contains(part):
            book.pending = Conversion(part, parse("cpus:1@!b"))
            self._tell(m.UpdateAvailable(agent_id, (book.pending,)))

    def _conversion(self, resources: Resources, role: str) -> Conversion | None:
        found = operations(resources, role, self._name("v"), lambda volume: False, with_copies=False)
        is_last = bool(found) and self._random.chance(0.5)  # those of disks come last
        step = found[-1] if is_last else self._one(found)
        return None if step is None else Conversion(step.consumed, step.converted)

    # the whole cluster

    def _quota(self) -> None:
        limits = (
            Limits({"cpus": self._random.randint(0, 8) * 1000}) if self._random.chance(0.5) else Limits.EMPTY
        )
        cpus = self._random.randint(0, 4) * 1000
        guarantees = Quantities({"cpus": cpus}) if not limits and cpus else Quantities.EMPTY
        self._tell(m.UpdateQuota(self._random.choice(["a", "b", "c"]), Quota(guarantees, limits)))

    def _weights(self) -> None:
        self._tell(m.UpdateWeights({self._random.choice(ROLES): self._random.choice([0.5, 1.0, 2.0])}))

    def _whitelist(self) -> None:
        self._tell(m.UpdateWhitelist(self._random.choice([None, None, ("h1",), ("h1", "h2")])))

    def _pause(self) -> None:
        self._is_paused = not self._is_paused
        self._tell(m.Pause() if self._is_paused else m.Resume())

    def _recovery(self) -> None:
        quotas = {"b": Quota(Quantities({"cpus": 1000}))}
        self._tell(m.BeginRecovery(self._random.randint(0, 9), quotas))

    def _ask(self) -> None:
        name = self._one(list(self._frameworks)) or "F0"
        for _ in range(self._random.randint(1, 3)):
            self.asked.explained += 1
            self.send(self._to, m.Explain(name, self._random.choice(ROLES)))
        self.asked.others += 2
        self.send(self._to, m.GetShares())
        self.send(self._to, m.GetRefusals(name, 3))


def digest(seed: int, acts: int = 1200) -> str:
    """A hash of every decision of a run with the allocator's own chance; every other one is at random."""
    options = AllocatorOptions(recovery_timeout_s=3.0, is_random=bool(seed % 2))
    desk = Desk(Rng(f"desk {seed}"), acts, options)
    simulation = Simulation(f"digest {seed}")
    host = simulation.host("10.0.0.1", lambda host: _spawn(host, desk))
    host.start()
    simulation.run_until(lambda: bool(host.failures) or desk.is_done, limit_s=3_000)
    simulation.advance(5.0)
    assert not host.failures, host.failures
    found = hashlib.sha256()
    for framework_id, granted in desk.told:
        found.update(f"{framework_id} {granted.role} {granted.agent_id} {granted.resources}\n".encode())
    found.update(f"{desk.inverse} {desk.operated} {desk.asked.answers}".encode())
    found.update(f"{gauges(desk.allocator.state, 1e9)}".encode())
    volumes = sum(bool(granted.resources.persistent_volumes()) for _, granted in desk.told)
    return f"{len(desk.told)} offers, {volumes} with volumes, {found.hexdigest()}"


def _spawn(host: Host, desk: Desk) -> None:
    host.runtime.spawn(desk, "desk")


def main() -> None:
    """Print the digest of one seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    print(digest(parser.parse_args().seed))


if __name__ == "__main__":
    main()
