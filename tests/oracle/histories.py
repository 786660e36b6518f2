"""Random histories: events of all kinds with arguments that make sense, to be replayed on any subject.

What makes sense depends on what was granted so far, so a history is drawn by playing it on the oracle. Each
one leaves some kinds of events out, so that some meet each other often.

Source: Groce et al., "Swarm testing", ISSTA 2012.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from actors import Rng
from cluster.model import (
    AgentCapability,
    AgentInfo,
    Capability,
    DomainInfo,
    InverseOfferStatus,
    Limits,
    OfferConstraints,
    Quantities,
    Resources,
    TimeInfo,
    Unavailability,
    parse_attributes,
)
from tests.oracle import events as e
from tests.oracle.chance import Seeded
from tests.oracle.notation import parse, parse_alternatives, parse_constraints
from tests.oracle.operations import operations
from tests.oracle.records import Agent, Options, State
from tests.oracle.subject import Chances, OracleSubject

T = TypeVar("T")

ROLES = ("*", "a", "a/b", "a/b/c", "a/d", "b", "b/e", "c")
TOP_ROLES = ("a", "b", "c")
HOSTS = ("h1", "h2", "h3")
CONSTRAINTS = ("rack = r1", "rack != r1 & disk missing", "@hostname ~ h[12]", "rack exists")
MINIMA = ("anything", "cpus:2|mem:600", "gpus:1", "disk:10")


@dataclass(frozen=True)
class RunRound:
    """Run what is wanted."""


@dataclass(frozen=True)
class Advance:
    """Let time pass."""

    seconds: float


Step: TypeAlias = e.Event | RunRound | Advance


@dataclass(frozen=True)
class History:
    """What happens to an allocator; everything follows from seed, length and what was left out."""

    seed: int
    options: Options
    steps: tuple[Step, ...]

    def chances(self) -> Chances:
        """The chance of its rounds, the same for every subject."""
        return lambda number: Seeded(f"{self.seed}/{number}")


def draw(seed: int, length: int, without: Collection[str] = ()) -> History:
    """Draw a history of so many steps; `without` names methods and `FEATURES` to leave out."""
    return _Drawing(seed, without).history(length)


FEATURES = ("constraints", "unavailability", "random", "operations")
"""What can be left out besides events."""


class _Drawing:
    """A history under way."""

    def __init__(self, seed: int, without: Collection[str]) -> None:
        self._seed = seed
        self._rng = Rng(seed)
        self._without = set(without)
        self._steps: list[Step] = []
        options = Options(
            allocation_interval_s=self._rng.choice([1.0, 1.0, 5.0]),
            fair_share_excluded=frozenset(self._rng.choice([[], [], ["gpus"]])),
            filter_gpu_resources=self._chance(0.8),
            region=self._rng.choice([None, "near"]),
            is_random="random" not in self._without and self._chance(0.2),
        )
        self._history = History(seed, options, ())
        self._subject = OracleSubject(options, self._history.chances())
        self._names = 0
        self._totals: list[Resources] = []  # of agents so far

    @property
    def _state(self) -> State:
        return self._subject.oracle.state

    def history(self, length: int) -> History:
        """Draw it."""
        if self._chance(0.2):
            self._play(self._begin_recovery())
        kinds = [kind for kind in self._kinds() if self._chance(0.85)]
        makers = [maker for maker, weight in kinds for _ in range(weight)] or [self._add_agent]
        while len(self._steps) < length:
            few = len(self._state.agents) < 2 or len(self._state.frameworks) < 2
            maker = self._rng.choice([self._add_agent, self._add_framework] if few else makers)
            if not self._play(maker()):
                continue
            if self._chance(0.6):
                self._step(RunRound())
            if self._chance(0.25):
                self._step(Advance(self._rng.choice([0.25, 1.0, 1.0, 2.5, 6.0])))
            if self._subject.oracle.state.is_paused and self._chance(0.5):
                self._play(e.Resume())
        return History(self._seed, self._history.options, tuple(self._steps))

    def _kinds(self) -> list[tuple[Callable[[], e.Event | None], int]]:
        return [
            (self._add_framework, 2),
            (self._update_framework, 2),
            (self._remove_framework, 1),
            (self._activate_framework, 1),
            (self._deactivate_framework, 1),
            (self._suppress, 2),
            (self._revive, 2),
            (self._add_agent, 2),
            (self._update_agent, 2),
            (self._add_use, 1),
            (self._add_resource_provider, 1),
            (self._remove_agent, 1),
            (self._activate_agent, 1),
            (self._deactivate_agent, 1),
            (self._update_unavailability, 2),
            (self._update_inverse_offer, 2),
            (self._recover, 12),
            (self._finish, 3),
            (self._transition_offered_to_allocated, 4),
            (self._update_allocation, 5),
            (self._update_available, 2),
            (self._update_quota, 3),
            (self._update_weights, 1),
            (self._update_whitelist, 1),
            (self._pause, 1),
        ]

    def _play(self, event: e.Event | None) -> bool:
        if event is None or e.method_of(event) in self._without:
            return False
        self._step(event)
        return True

    def _step(self, step: Step) -> None:
        self._steps.append(step)
        match step:
            case RunRound():
                self._subject.run_round()
            case Advance():
                self._subject.advance(step.seconds)
            case _:
                self._subject.play(step)

    # -- drawing ---------------------------------------------------------------------------------------------

    def _chance(self, probability: float) -> bool:
        return self._rng.chance(probability)

    def _some(self, items: Sequence[T], least: int = 0) -> tuple[T, ...]:
        most = min(len(items), 3)
        return tuple(self._rng.sample(items, self._rng.randint(min(least, most), most))) if items else ()

    def _one(self, items: Collection[T]) -> T | None:
        return self._rng.choice(list(items)) if items else None

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def _amount(self) -> Resources:
        """What an agent may have."""
        cpus, mem, disk = (self._rng.randint(1, most) for most in (8, 2000, 200))
        amount = parse(f"{cpus}/{mem}/{disk}")
        role, sub = self._rng.choice(["a", "b", "c"]), self._rng.choice(["a/b", "a/d"])
        extras = [
            f"{cpus}/{mem}@{role}",
            f"disk:100@{role}",
            f"{cpus}/100@a@!{sub}",
            f"mount:{self._rng.choice([50, 100])}=/m@{role}",
            f"mount:{self._rng.choice([50, 100])}=/m",
            "ports:[1-3,7-9]",
            f"gpus:{self._rng.randint(1, 2)}",
            f"cpus:{self._rng.randint(1, 4)}~",
            f"cpus:0.{cpus}",
        ]
        for extra in self._some(extras):
            amount = amount + parse(extra)
        return amount

    def _part(self, resources: Resources) -> Resources:
        """All of it, or a part."""
        entries = [Resources.of([proto]) for proto in resources.protos()]
        if not entries or self._chance(0.6):
            return resources
        part = Resources.EMPTY
        for entry in self._some(entries, least=1):
            part = part + entry
        return part

    def _holdings(self, is_allocated: bool) -> list[tuple[str, str, str, Resources]]:
        """Agent, framework, role and what it has there: allocated, or offered only."""
        found = []
        for agent_id, agent in self._state.agents.items():
            for (framework, role), held in agent.held.items():
                allocated = agent.allocated.get((framework, role), Resources.EMPTY)
                mine = allocated if is_allocated else held.without(allocated)
                if mine and held.contains(mine):
                    found.append((agent_id, framework, role, mine))
        return found

    # -- frameworks ------------------------------------------------------------------------------------------

    def _described(self, name: str) -> e.UpdateFramework:
        types = [c for c in Capability.Type if c is not Capability.Type.UNKNOWN]
        roles = self._some(ROLES, least=1)
        role = self._rng.choice(roles)
        minimum = parse_alternatives(self._rng.choice(MINIMA))
        groups = tuple(parse_constraints(text) for text in self._some(CONSTRAINTS, least=1))
        wanted = OfferConstraints(role_constraints={role: OfferConstraints.RoleConstraints(groups=groups)})
        is_constrained = "constraints" not in self._without and self._chance(0.2)
        return e.UpdateFramework(
            name,
            roles,
            self._some(roles) if self._chance(0.2) else (),
            tuple(types) if self._chance(0.5) else self._some(types),
            {role: minimum} if self._chance(0.15) else {},
            wanted if is_constrained else None,
        )

    def _add_framework(self) -> e.Event | None:
        if len(self._state.frameworks) >= 6:
            return None
        unknown = {f for a in self._state.agents.values() for f, _ in a.held} - self._state.frameworks.keys()
        name = self._one(sorted(unknown)) if self._chance(0.5) else None
        used: dict[str, Resources] = {}
        for agent_id, agent in self._state.agents.items() if name else ():
            for (framework, role), held in agent.held.items():
                if framework == name:
                    used[agent_id] = used.get(agent_id, Resources.EMPTY) + held.allocated(role)
        described = vars(self._described(name or self._name("F")))
        return e.AddFramework(**described, is_active=self._chance(0.85), used=used)

    def _update_framework(self) -> e.Event | None:
        name = self._one(self._state.frameworks)
        return None if name is None else self._described(name)

    def _remove_framework(self) -> e.Event | None:
        name = self._one(self._state.frameworks)
        if name is None:
            return None
        if self._chance(0.5):
            for agent_id, framework, role, mine in self._holdings(is_allocated=False):
                if framework == name:
                    self._play(e.Recover(name, agent_id, mine.allocated(role)))
        return e.RemoveFramework(name)

    def _activate_framework(self) -> e.Event | None:
        name = self._one([f for f, framework in self._state.frameworks.items() if not framework.is_active])
        return None if name is None else e.ActivateFramework(name)

    def _deactivate_framework(self) -> e.Event | None:
        name = self._one(self._state.frameworks)
        return None if name is None else e.DeactivateFramework(name)

    def _suppress(self) -> e.Event | None:
        name = self._one(self._state.frameworks)
        return None if name is None else e.Suppress(name, self._some(self._state.frameworks[name].roles))

    def _revive(self) -> e.Event | None:
        name = self._one(self._state.frameworks)
        return None if name is None else e.Revive(name, self._some(self._state.frameworks[name].roles))

    # -- agents ----------------------------------------------------------------------------------------------

    def _agent(self) -> str | None:
        return self._one(self._state.agents)

    def _info(self) -> AgentInfo:
        domain, f = None, DomainInfo.FaultDomain
        if self._chance(0.2):
            region = f.RegionInfo(name=self._rng.choice(["near", "far"]))
            domain = DomainInfo(fault_domain=f(region=region, zone=f.ZoneInfo(name="z")))
        attributes = parse_attributes(self._rng.choice(["", "", "rack:r1", "rack:r2;disk:ssd", "rack:7"]))
        return AgentInfo(hostname=self._rng.choice(HOSTS), domain=domain, attributes=attributes)

    def _agent_capabilities(self) -> tuple[AgentCapability.Type, ...]:
        return tuple(AgentCapability.Type) if self._chance(0.8) else self._some(tuple(AgentCapability.Type))

    def _unavailability(self) -> Unavailability | None:
        if "unavailability" in self._without or self._chance(0.3):
            return None
        return Unavailability(start=TimeInfo(nanoseconds=self._rng.randint(1, 1000) * 10**9))

    def _use(self, free: Resources) -> dict[str, Resources]:
        """Part of what is free in use by a framework known or unknown."""
        if not free or self._chance(0.6):
            return {}
        name = self._one(self._state.frameworks) if self._chance(0.6) else self._name("F")
        role = self._rng.choice(ROLES)
        part = self._part(free.allocatable_to(role).nonshared())
        return {name: part.allocated(role)} if name is not None and part else {}

    def _add_agent(self) -> e.Event | None:
        if len(self._state.agents) >= 6:
            return None
        is_alike = bool(self._totals) and self._chance(0.4)  # what decides about one agent decides about many
        total = self._rng.choice(self._totals) if is_alike else self._amount()
        self._totals.append(total)
        away = self._unavailability() if self._chance(0.2) else None
        return e.AddAgent(
            self._name("A"), self._info(), total, self._agent_capabilities(), self._use(total), away
        )

    def _update_agent(self) -> e.Event | None:
        if (name := self._agent()) is None:
            return None
        total = None
        if self._chance(0.5):
            present = self._state.agents[name].total
            total = self._rng.choice([present + parse("cpus:2~"), present + parse("1/64"), self._amount()])
        capabilities = self._agent_capabilities() if self._chance(0.3) else None
        return e.UpdateAgent(name, self._info() if self._chance(0.3) else None, total, capabilities)

    def _add_use(self) -> e.Event | None:
        if (name := self._agent()) is None:
            return None
        for framework, resources in self._use(self._state.agents[name].available).items():
            return e.AddUse(name, framework, resources)
        return None

    def _add_resource_provider(self) -> e.Event | None:
        if (name := self._agent()) is None:
            return None
        total = self._amount()
        used = {f: r for f, r in self._use(total).items() if f in self._state.frameworks}
        return e.AddResourceProvider(name, total, used)

    def _remove_agent(self) -> e.Event | None:
        return None if (name := self._agent()) is None else e.RemoveAgent(name)

    def _activate_agent(self) -> e.Event | None:
        return None if (name := self._agent()) is None else e.ActivateAgent(name)

    def _deactivate_agent(self) -> e.Event | None:
        return None if (name := self._agent()) is None else e.DeactivateAgent(name)

    def _update_unavailability(self) -> e.Event | None:
        return (
            None if (name := self._agent()) is None else e.UpdateUnavailability(name, self._unavailability())
        )

    def _update_inverse_offer(self) -> e.Event | None:
        out = [(a, f) for a, agent in self._state.agents.items() for f in agent.inverse_outstanding]
        if not (asked := self._one(out)):
            return None
        answers = (None, InverseOfferStatus.Status.ACCEPT, InverseOfferStatus.Status.DECLINE)
        return e.UpdateInverseOffer(*asked, self._rng.choice(answers), self._refuse_s())

    # -- resources -------------------------------------------------------------------------------------------

    def _refuse_s(self) -> float | None:
        return self._rng.choice([None, None, 0.0, 0.5, 1.0, 3.0, -1.0, 1e9])

    def _recover(self) -> e.Event | None:
        if (found := self._one(self._holdings(is_allocated=False))) is None:
            return None
        agent_id, framework, role, mine = found
        return e.Recover(framework, agent_id, self._part(mine).allocated(role), self._refuse_s())

    def _finish(self) -> e.Event | None:
        if (found := self._one(self._holdings(is_allocated=True))) is None:
            return None
        agent_id, framework, role, mine = found
        return e.Recover(framework, agent_id, self._part(mine).allocated(role), None, is_allocated=True)

    def _transition_offered_to_allocated(self) -> e.Event | None:
        if (found := self._one(self._holdings(is_allocated=False))) is None:
            return None
        agent_id, framework, role, mine = found
        return e.TransitionOfferedToAllocated(framework, agent_id, self._part(mine).allocated(role))

    def _update_allocation(self) -> e.Event | None:
        known = [found for found in self._holdings(is_allocated=False) if found[1] in self._state.frameworks]
        if "operations" in self._without or not (found := self._one(known)):
            return None
        agent_id, framework, role, mine = found
        agent = self._state.agents[agent_id]
        if not agent.total.contains(mine):  # the agent shrank under it
            return None
        choices = operations(mine, role, self._name("v"), self._may_destroy(agent), with_copies=True)
        if not (chosen := self._one(choices)):
            return None
        conversion = e.Conversion(chosen.consumed.allocated(role), chosen.converted.allocated(role))
        return e.UpdateAllocation(framework, agent_id, mine.allocated(role), (conversion,))

    def _may_destroy(self, agent: Agent) -> Callable[[Resources], bool]:
        """Whether nobody else has a copy of a shared volume."""

        def may(volume: Resources) -> bool:
            ((kind, _),) = volume
            return sum(int(str(held.amount(kind) or 0)) for held in agent.held.values()) <= 1

        return may

    def _update_available(self) -> e.Event | None:
        if "operations" in self._without or (name := self._agent()) is None:
            return None
        agent = self._state.agents[name]
        role = self._rng.choice([r for r in ROLES if r != "*"])
        source = agent.available if self._chance(0.7) else agent.total
        choices = operations(source, role, self._name("v"), self._may_destroy(agent), with_copies=False)
        return e.UpdateAvailable(name, (chosen,)) if (chosen := self._one(choices)) else None

    # -- whole cluster ---------------------------------------------------------------------------------------

    def _quota(self) -> e.Quota:
        guarantees, limits = {}, {}
        for name, most in (("cpus", 8), ("mem", 2000), ("disk", 300)):
            if self._chance(0.5):
                guarantees[name] = self._rng.randint(1, most) * 1000
            if self._chance(0.5):
                limits[name] = guarantees.get(name, 0) + self._rng.randint(0, most) * 500
        return e.Quota(Quantities(guarantees), Limits(limits))

    def _update_quota(self) -> e.Event | None:
        quota = e.Quota() if self._chance(0.25) else self._quota()
        return e.UpdateQuota(self._rng.choice(TOP_ROLES), quota.guarantees, quota.limits)

    def _update_weights(self) -> e.Event | None:
        return e.UpdateWeights({self._rng.choice(ROLES): self._rng.choice([0.5, 1.0, 2.0, 3.0])})

    def _update_whitelist(self) -> e.Event | None:
        return e.UpdateWhitelist(None if self._chance(0.6) else self._some(HOSTS))

    def _pause(self) -> e.Event | None:
        return e.Pause()

    def _begin_recovery(self) -> e.Event | None:
        quotas = {role: self._quota() for role in self._some(TOP_ROLES)}
        return e.BeginRecovery(self._rng.randint(0, 4), quotas)
