"""Nobody waits for ever: greedy, picky and declining frameworks share a cluster on virtual time.

The bound. Take an agent, what is free of it, and the N frameworks that could be offered it. If every offer is
answered within an allocation interval, and what is refused is refused for longer than N intervals, then each
framework that can use what is free, and does not refuse it itself, is offered it within N intervals, as long
as it stays free and no more of the agent comes back (which is a new offer to all). For whoever is asked takes
it, or is out of the way until all others were asked, in whatever order. The time-outs of its own refusals
come on top.

Refusing for a shorter time may keep others waiting, in the original as here: those who hold least are asked
first, again and again. Among equals it does not, as who was asked less often comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from actors import NANOS, PID, Actor, Rng, handles
from actors.testing import Host, Simulation
from cluster.allocator import AllocatorOptions, Round
from cluster.allocator import messages as m
from cluster.allocator.actor import AllocatorActor
from cluster.allocator.agents import Agent
from cluster.model import AgentCapability, AgentInfo, Capability, Resources
from tests.allocator_kit import violations

ROLES = ("a", "a/b", "c", "d")
CAPABILITIES = (Capability.Type.MULTI_ROLE,)


@dataclass
class Behaviour:
    """How a framework answers: it wants tasks of `demand`, all that fit if greedy, on some agents only."""

    name: str
    role: str
    demand: Resources
    is_greedy: bool = False
    is_declining: bool = False
    agents: frozenset[str] | None = None
    tasks_s: tuple[float, float] = (1.0, 6.0)

    def could_use(self, agent_id: str, free: Resources) -> bool:
        """Whether an offer of this would do."""
        is_wanted = self.agents is None or agent_id in self.agents
        return is_wanted and not self.is_declining and free.contains(self.demand)


@dataclass(frozen=True)
class Answer:
    """To self: a framework answers an offer."""

    framework_id: str
    granted: m.Granted


@dataclass(frozen=True)
class Finish:
    """To self: a task ends."""

    framework_id: str
    agent_id: str
    resources: Resources


@dataclass
class Waiting:
    """How long a framework has been waiting for an agent, in timed rounds."""

    rounds: int = 0
    worst: int = 0


class Watching(AllocatorActor):
    """Counts at every timed round who could use an agent that he is not offered."""

    def __init__(self, options: AllocatorOptions, master: PID, market: Market) -> None:
        super().__init__(options, master)
        self._market = market

    def _advance(self) -> None:
        before = {agent: agent.available for agent in self.state.agents.values()}
        rounds = self.state.full_rounds
        super()._advance()
        if self.state.full_rounds > rounds and self.last_round is not None:
            self._market.count(self, self.last_round, before)


class Market(Actor):
    """Plays the master and all frameworks."""

    def __init__(
        self, rng: Rng, behaviours: list[Behaviour], options: AllocatorOptions, refuse_s: float
    ) -> None:
        self._random = rng
        self._behaviours = {each.name: each for each in behaviours}
        self._options = options
        self._refuse_s = refuse_s
        self.waits: dict[tuple[str, str], Waiting] = {}
        self.grown: set[str] = set()
        self.offers = dict.fromkeys(self._behaviours, 0)
        self.faults: list[str] = []

    def initialize(self) -> None:
        """Everybody joins."""
        self.allocator = Watching(self._options, self.pid, self)
        self._to = self.spawn(self.allocator, "allocator")
        for number in range(self._random.randint(1, 5)):
            cpus = self._random.choice([2, 4, 4, 8])
            total = Resources.scalar(cpus=cpus, mem=cpus * 100)
            info = AgentInfo(hostname="h")
            self.send(self._to, m.AddAgent(f"A{number}", 1, info, total, tuple(AgentCapability.Type), {}))
        for each in self._behaviours.values():
            self.send(self._to, m.AddFramework(each.name, (each.role,), capabilities=CAPABILITIES))

    @handles
    def on_offers_made(self, sender: PID, message: m.OffersMade) -> None:
        """Answered within an interval."""
        for granted in message.grants:
            self.offers[message.framework_id] += 1
            self.delay(self._random.uniform(0.0, 0.9), Answer(message.framework_id, granted))

    @handles
    def on_answer(self, sender: PID, message: Answer) -> None:
        """Take what it wants, refuse the rest."""
        who, granted = self._behaviours[message.framework_id], message.granted
        rest = granted.resources
        while who.could_use(granted.agent_id, rest.unallocated()):
            task = who.demand.allocated(who.role)
            rest = rest - task
            self.send(self._to, m.Allocated(who.name, granted.agent_id, granted.epoch, task))
            self.delay(self._random.uniform(*who.tasks_s), Finish(who.name, granted.agent_id, task))
            if not who.is_greedy:
                break
        if rest:
            self.send(self._to, m.Recover(who.name, granted.agent_id, granted.epoch, rest, self._refuse_s))

    @handles
    def on_finish(self, sender: PID, message: Finish) -> None:
        """More of the agent is free: all begin to wait anew."""
        self.grown.add(message.agent_id)
        done = m.Recover(
            message.framework_id, message.agent_id, 1, message.resources, None, is_allocated=True
        )
        self.send(self._to, done)

    def count(self, allocator: AllocatorActor, done: Round, before: dict[Agent, Resources]) -> None:
        """A timed round is over."""
        now_s = allocator.clock.now() / NANOS
        self.faults += violations(allocator.state, now_s)
        offered = {(grant.framework, grant.agent) for grant in done.grants}
        for agent, free in before.items():
            for who in self._behaviours.values():
                waiting = self.waits.setdefault((who.name, agent.id), Waiting())
                seat = allocator.state.frameworks[who.name].seats[who.role]
                is_eligible = who.could_use(agent.id, free) and agent not in seat.refusals
                if agent.id in self.grown or not is_eligible or (who.name, agent.id) in offered:
                    waiting.rounds = 0
                else:
                    waiting.rounds += 1
                    waiting.worst = max(waiting.worst, waiting.rounds)
        self.grown.clear()


def behaviours(rng: Rng) -> list[Behaviour]:
    """Some of each kind; whoever takes nothing holds nothing, and so comes first."""
    found = []
    for number in range(rng.randint(2, 9)):
        who = Behaviour(f"F{number}", rng.choice(ROLES), Resources.scalar(cpus=1, mem=50))
        kind = rng.choice(["greedy", "picky", "declining", "patient"])
        if kind == "greedy":
            who.is_greedy, who.tasks_s = True, rng.choice([(1.0, 4.0), (10.0, 40.0)])
        elif kind == "picky":
            who.agents = frozenset(f"A{n}" for n in rng.sample(range(5), rng.randint(1, 3)))
            who.demand = Resources.scalar(cpus=rng.choice([1, 2, 4]), mem=100)
        elif kind == "declining":
            who.is_declining = True
        found.append(who)
    return found


def run(seed: int, many: list[Behaviour], options: AllocatorOptions, refuse_s: float) -> Market:
    sim = Simulation(f"waiting {seed}")
    market = Market(Rng(f"market {seed}"), many, options, refuse_s)
    host = sim.host("10.0.0.1", lambda host: _spawn(host, market))
    host.start()
    sim.advance(120.0)
    assert not host.failures
    assert not market.faults
    return market


def _spawn(host: Host, market: Market) -> None:
    host.runtime.spawn(market, "market")


@pytest.mark.parametrize("seed", range(16))
def test_nobody_waits_longer_than_there_are_frameworks(seed: int) -> None:
    rng = Rng(f"behaviours {seed}")
    many = behaviours(rng)
    options = AllocatorOptions(is_random=seed % 4 == 3)
    refuse_s = len(many) + 1.0
    market = run(seed, many, options, refuse_s)
    # The round that offers it is the N-th, so he was passed over in N - 1.
    assert max(waiting.worst for waiting in market.waits.values()) < len(many)
    for who in many:
        for agent_id, agent in market.allocator.state.agents.items():
            if who.could_use(agent_id, agent.total):
                assert market.offers[who.name], f"{who} was never offered anything"


def test_the_bound_is_reached() -> None:
    """With everybody but one declining, that one may have to wait for all others."""
    worst = 0
    for seed in range(4):
        many = [
            Behaviour(f"F{n}", "c", Resources.scalar(cpus=1, mem=50), is_declining=n < 5) for n in range(6)
        ]
        market = run(seed, many, AllocatorOptions(), len(many) + 1.0)
        worst = max(worst, *(waiting.worst for waiting in market.waits.values()))
    assert worst == 5


def test_equals_take_turns_even_if_nothing_is_refused() -> None:
    """Whoever was asked less often comes first among those who hold the same."""
    many = [Behaviour(f"F{n}", "c", Resources.scalar(cpus=1, mem=50), is_declining=True) for n in range(6)]
    for seed in range(4):
        offers = run(seed, many, AllocatorOptions(), 0.0).offers.values()
        assert min(offers) > 100 / len(many)
        assert max(offers) - min(offers) <= 1
