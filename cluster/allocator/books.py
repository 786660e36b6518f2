"""The books: agents, frameworks in their seats, roles, and what is held; kept in agreement with each other.

What happens is written down by the rooms on top of this one (`framework_events`, `agent_events`,
`resource_events`, `cluster_events`, `outcomes`), by way of the methods here.

Source: reference allocator.md §1, §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakValueDictionary

from cluster.allocator.agents import Agent, Place
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.candidates import NONE, Candidates
from cluster.allocator.filters import OfferFilter, filter_lifetime_s
from cluster.allocator.frameworks import Framework
from cluster.allocator.holdings import Holder, by_role
from cluster.allocator.openings import Openings
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.pool import Pool
from cluster.allocator.quota import Ledger
from cluster.allocator.refusals import Refusals
from cluster.allocator.seats import Seat, SeatTable
from cluster.allocator.tree import RoleTree
from cluster.model import Resources


class Books:
    """Everything the allocator knows, and the bookkeeping that every event needs."""

    def __init__(self, options: AllocatorOptions | None = None) -> None:
        self.options = options or AllocatorOptions()
        self.pool = Pool(self.options.fair_share_excluded)
        self.agents: dict[str, Agent] = {}
        self.frameworks: dict[str, Framework] = {}
        self.tree = RoleTree(self.pool)
        self.seats = SeatTable()
        self.ledger = Ledger()
        self.openings = Openings()
        self.refusals = Refusals(self.seats, self._reopen)
        self.whitelist: frozenset[str] | None = None
        """Hostnames whose agents are offered; None for all."""
        self.full_rounds = 0
        """Rounds over all agents so far."""
        self.away: dict[Agent, None] = {}
        """Agents with maintenance set."""
        self._inactive: dict[Agent, None] = {}
        self._revocable_agents = 0
        self._is_paused = False
        self._awaited_agents: int | None = None
        self._strangers: dict[str, dict[str, None]] = {}
        """Frameworks that are not known, and the agents they hold something on."""
        self._places: WeakValueDictionary[object, Place] = WeakValueDictionary()  # kept by their agents
        self._void_by_place = self._void_by_host = 0
        """Seats whose constraints changed, or that are gone: what was found out about them is void."""

    # -- totals -----------------------------------------------------------------------------------------

    def _join(self, whole: Bundle) -> None:
        self.pool.add(whole.scalars())
        self.ledger.add_total(whole)
        self._revocable_agents += whole.has_revocable

    def _leave(self, whole: Bundle) -> None:
        self.pool.remove(whole.scalars())
        self.ledger.remove_total(whole)
        self._revocable_agents -= whole.has_revocable

    def _set_total(self, agent: Agent, total: Resources) -> None:
        if total != agent.total:
            self._leave(agent.whole)
            agent.set_total(total)
            self._join(agent.whole)

    # -- holding ----------------------------------------------------------------------------------------

    def _note_use(self, agent: Agent, framework_id: str, resources: Resources) -> None:
        for role, part in by_role(resources):
            holder = (framework_id, role)
            agent.hold(holder, part)
            framework = self.frameworks.get(framework_id)
            if framework is None:
                self._strangers.setdefault(framework_id, {})[agent.id] = None
                self.ledger.has_grown = True  # what it holds is not free, yet nobody known holds it
            else:
                self._charge(framework, role, agent.id, part)
            self._use(agent, holder, part.resources)

    def _use(self, agent: Agent, holder: Holder, resources: Resources) -> None:
        """Part of what is held is in use; it counts as consumed if the framework is known."""
        agent.allocated = agent.allocated.added(holder, resources)
        if holder[0] in self.frameworks:
            self.ledger.in_use.add(holder[1], Bundle.of(resources).quota_part().counted)

    def _no_longer_uses(self, holder: Holder, resources: Resources) -> None:
        if holder[0] in self.frameworks:
            self.ledger.in_use.take(holder[1], Bundle.of(resources).quota_part().counted)

    def _charge(self, framework: Framework, role: str, agent_id: str, bundle: Bundle) -> None:
        self._charge_seat(self._seat(framework, role), agent_id, bundle)

    def _charge_seat(self, seat: Seat, agent_id: str, bundle: Bundle, allocations: int = 1) -> None:
        """A known framework holds more."""
        seat.holds_on[agent_id] = None
        seat.gain(bundle.counted)
        if bundle.shared:
            seat.gain_shared(agent_id, bundle.shared)
        seat.count += allocations
        seat.role.seating.touch(seat)
        self.tree.charge(seat.role, agent_id, bundle, allocations)
        self.ledger.hold(seat.role.path, bundle)

    def _charge_often(self, seat: Seat, bundle: Bundle, times: int) -> None:
        """A known framework was given a bundle without shared resources several times."""
        seat.gain(bundle.counted, times)
        seat.count += times
        seat.role.seating.touch(seat)
        self.tree.charge_often(seat.role, bundle, times)
        self.ledger.hold(seat.role.path, bundle, times)

    def _discharge_seat(self, seat: Seat, agent_id: str, bundle: Bundle) -> None:
        """A known framework holds less."""
        seat.lose(bundle.counted)
        if bundle.shared:
            seat.lose_shared(agent_id, bundle.shared)
        seat.role.seating.touch(seat)
        self.tree.discharge(seat.role, agent_id, bundle)
        self.ledger.release(seat.role.path, bundle)

    def _no_longer_holds(
        self,
        holder: Holder,
        agent: Agent,
        bundle: Bundle,
        refuse_s: float | None = None,
        now_s: float = 0.0,
    ) -> None:
        """Something of an agent is back; bookkeeping of whoever had it."""
        framework = self.frameworks.get(holder[0])
        if framework is not None:
            seat = framework.seats[holder[1]]
            self._discharge_seat(seat, agent.id, bundle)
            if refuse_s is not None and holder[1] in framework.roles:
                self._refuse(seat, agent, bundle, refuse_s, now_s)
        if holder not in agent.held or agent.id not in self.agents:
            self._forget_holder(holder, agent)

    def _note_holder(self, holder: Holder, agent: Agent) -> None:
        framework = self.frameworks.get(holder[0])
        if framework is None:
            self._strangers.setdefault(holder[0], {})[agent.id] = None
        else:
            framework.seats[holder[1]].holds_on[agent.id] = None

    def _forget_holder(self, holder: Holder, agent: Agent) -> None:
        framework = self.frameworks.get(holder[0])
        if framework is None:
            is_left = agent.id in self.agents and any(name == holder[0] for name, _ in agent.held)
            agents = self._strangers.get(holder[0])
            if agents is not None and not is_left:
                agents.pop(agent.id, None)
                if not agents:
                    del self._strangers[holder[0]]
            return
        framework.seats[holder[1]].holds_on.pop(agent.id, None)
        self._unseat_if_idle(framework, holder[1])

    # -- refusing ---------------------------------------------------------------------------------------

    def _refuse(self, seat: Seat, agent: Agent, refused: Bundle, refuse_s: float, now_s: float) -> None:
        lifetime_s = filter_lifetime_s(refuse_s, self.options.allocation_interval_s)
        if lifetime_s > 0:
            new = OfferFilter(refused.resources, now_s + lifetime_s, self.full_rounds)
            self.refusals.add(seat, agent, new)

    def _void_refusals(self, agent: Agent) -> None:
        self.refusals.forget_agent(agent)
        self._void_inverse_refusals(agent)

    def _void_inverse_refusals(self, agent: Agent) -> None:
        for name in agent.inverse_refused_by:
            if (framework := self.frameworks.get(name)) is not None:
                framework.refused_inverse.pop(agent.id, None)
        agent.inverse_refused_by.clear()

    # -- seats ------------------------------------------------------------------------------------------

    def _seat(self, framework: Framework, path: str) -> Seat:
        """The seat of a framework in a role, made if need be."""
        seat = framework.seats.get(path)
        if seat is None:
            role = self.tree.roles.get(path) or self.tree.add(path)
            seat = Seat(framework, role, self.seats.new_bit(), self._taste(framework, path))
            framework.seats[path] = role.seats[framework.id] = seat
            self.seats.add(seat)
        return seat

    def _taste(self, framework: Framework, path: str) -> Taste:
        alternatives = framework.min_allocatable.get(path, self.options.min_allocatable)
        return self.seats.taste(alternatives, framework.takes)

    def _describe_seat(self, seat: Seat) -> None:
        """The framework is another one than before: whoever thought about it must think again."""
        self.seats.unlist(seat)
        self._void_verdicts(seat)
        self.refusals.seat_changed(seat)
        seat.taste = self._taste(seat.framework, seat.role.path)
        self.seats.describe(seat)

    def _void_verdicts(self, seat: Seat) -> None:
        """Before the next round they are forgotten, those of all such seats together."""
        self._void_by_place |= self.seats.has_constraints & seat.bit
        self._void_by_host |= self.seats.has_host_constraints & seat.bit

    def forgetting_verdicts(self, step: int) -> Iterator[None]:
        """Forget what agents and places say of seats that are others now, `step` of them at a time."""
        keep_by_place, keep_by_host = ~self._void_by_place, ~self._void_by_host
        places = list(self._places.valuerefs()) if self._void_by_place else []
        for number, reference in enumerate(places, 1):
            if (place := reference()) is not None:
                place.judged &= keep_by_place
                place.excluded &= keep_by_place
            if not number % step:
                yield
        for number, agent in enumerate(self.agents.values() if self._void_by_host else (), 1):
            agent.judged &= keep_by_host
            agent.excluded &= keep_by_host
            if not number % step:
                yield
        self._void_by_place = self._void_by_host = 0

    def _unseat(self, framework: Framework, seat: Seat) -> None:
        """A framework is no longer tracked under a role."""
        self.refusals.forget_seat(seat)
        self._void_verdicts(seat)
        self.seats.remove(seat)
        role = seat.role
        del framework.seats[role.path], role.seats[framework.id]
        if not role.seats:
            self.tree.remove(role)

    def _unseat_if_idle(self, framework: Framework, path: str) -> None:
        seat = framework.seats.get(path)
        if seat is not None and path not in framework.roles and not seat.holds_on:
            self._unseat(framework, seat)

    def _refreshing_listing(self, framework: Framework, step: int) -> Iterator[None]:
        """List the framework in exactly those roles it wants offers for, `step` of them at a time."""
        for number, (role, seat) in enumerate(framework.seats.items(), 1):
            if not framework.wants(role):
                self.seats.unlist(seat)
            elif not seat.is_listed:
                is_new_taste = not seat.taste.mask
                self.seats.list(seat)
                self.openings.reopen_settled(with_poor=is_new_taste)
            if not number % step:
                yield

    # -- wanting ----------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether no round may run: paused by the master, or waiting for agents to come back.

        Two reasons, so that the pause around one ACCEPT does not end the wait for agents.
        """
        return self._is_paused or self._awaited_agents is not None

    def _wanted(self, candidates: Candidates) -> Candidates:
        return NONE if self.is_paused else candidates

    def _reopen(self, agent: Agent) -> None:
        if agent.id in self.agents:
            self.openings.reopen(agent)
