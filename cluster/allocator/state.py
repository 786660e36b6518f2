"""What the allocator knows, and how every event changes it. No decision is made here; `allocate` makes them.

Event methods return the agents the next round should look at; those that want no round of their own return
nothing. While paused, or while a new master waits for agents, nothing is wanted, and what would have been is
forgotten.

Source: reference allocator.md §1, §3, §6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from weakref import WeakValueDictionary

from cluster.allocator.agents import Agent, AgentCapabilityType, Holder, Place, add, take
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.candidates import ALL, NONE, Candidates, only
from cluster.allocator.constraints import constraints_of
from cluster.allocator.conversion import Conversion, converted
from cluster.allocator.filters import OfferFilter, filter_lifetime_s, refusal_s
from cluster.allocator.frameworks import Framework, FrameworkCapability, MinAllocatable
from cluster.allocator.holdings import by_role
from cluster.allocator.openings import Openings
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.pool import Pool
from cluster.allocator.quota import Ledger, Quota
from cluster.allocator.refusals import Refusals
from cluster.allocator.round import Grant, Round
from cluster.allocator.seats import Seat, SeatTable
from cluster.allocator.tree import RoleTree
from cluster.model import (
    AgentInfo,
    InverseOfferStatus,
    Limits,
    NotContained,
    OfferConstraints,
    Quantities,
    Resources,
    Unavailability,
)

_SEAT_AND_BUNDLE = attrgetter("seat", "bundle")


class AllocatorState:
    """Agents, frameworks, roles and what is held; read by rounds and explanations, changed by events only.

    A role exists while a framework is tracked under it: subscribed to it, or still holding something there.
    """

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
        self._revocable_agents = 0
        self._is_paused = False
        self._awaited_agents: int | None = None
        self._strangers: dict[str, dict[str, None]] = {}
        """Frameworks that are not known, and the agents they hold something on."""
        self._places: WeakValueDictionary[object, Place] = WeakValueDictionary()  # kept by their agents

    @property
    def is_paused(self) -> bool:
        """Whether no round may run: paused by the master, or waiting for agents to come back.

        Two reasons, so that the pause around one ACCEPT does not end the wait for agents.
        """
        return self._is_paused or self._awaited_agents is not None

    # -- frameworks ------------------------------------------------------------------------------------------

    def add_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        is_active: bool = True,
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
        used: Mapping[str, Resources] | None = None,
    ) -> Candidates:
        """A framework subscribed, with what it uses by agent; what agents said it uses is adopted too.

        Raises: BadConstraint.
        """
        assert framework_id not in self.frameworks, f"framework {framework_id} is already here"
        ready = constraints_of(constraints, self.options.regex_limits)
        framework = self.frameworks[framework_id] = Framework(framework_id, is_active=is_active)
        framework.describe(roles, suppressed, capabilities, min_allocatable, ready)
        adopted = self._strangers.pop(framework_id, {})
        for role in framework.roles:
            self._seat(framework, role)
        for agent_id in adopted:
            self._adopt(framework, self.agents[agent_id])
        for agent_id, resources in (used or {}).items():
            if agent_id in self.agents and agent_id not in adopted:
                self._note_use(self.agents[agent_id], framework_id, resources)
        self._refresh_listing(framework)
        return self._wanted(ALL if is_active else NONE)

    def update_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
    ) -> None:
        """A framework changed its description; roles that are no longer suppressed count as revived.

        Raises: BadConstraint.
        """
        framework = self.frameworks[framework_id]
        ready = constraints_of(constraints, self.options.regex_limits)
        before, was_suppressed = framework.roles, framework.suppressed
        framework.describe(roles, suppressed, capabilities, min_allocatable, ready)
        framework.refused_inverse.clear()
        for role in framework.roles:
            self._seat(framework, role)
        for role, seat in framework.seats.items():
            if role in was_suppressed - framework.suppressed or (
                role in before and role not in framework.roles
            ):
                self.refusals.forget_seat(seat)
            self._describe_seat(seat)
        self._refresh_listing(framework)
        for role in before:
            self._unseat_if_idle(framework, role)

    def remove_framework(self, framework_id: str) -> None:
        """A framework is gone; what it still holds stays held until recovered."""
        framework = self.frameworks[framework_id]
        for seat in list(framework.seats.values()):
            for agent_id in seat.holds_on:
                agent = self.agents[agent_id]
                self._strangers.setdefault(framework_id, {})[agent_id] = None
                self._discharge_seat(seat, agent_id, Bundle.of(agent.held[seat.holder]))
                if seat.holder in agent.allocated:
                    self._no_longer_uses(seat.holder, agent.allocated[seat.holder])
            self._unseat(framework, seat)
        del self.frameworks[framework_id]

    def activate_framework(self, framework_id: str) -> Candidates:
        """A framework is connected: roles that are not suppressed get offers."""
        framework = self.frameworks[framework_id]
        framework.is_active = True
        self._refresh_listing(framework)
        return self._wanted(ALL)

    def deactivate_framework(self, framework_id: str) -> None:
        """A framework is disconnected: no offers; its filters are dropped, its suppression is kept."""
        framework = self.frameworks[framework_id]
        framework.is_active = False
        framework.refused_inverse.clear()
        for seat in framework.seats.values():
            self.refusals.forget_seat(seat)
        self._refresh_listing(framework)

    def suppress(self, framework_id: str, roles: Collection[str] = ()) -> None:
        """No offers for these roles, all if none are named; filters are kept."""
        framework = self.frameworks[framework_id]
        framework.suppressed |= frozenset(roles or framework.roles)
        self._refresh_listing(framework)

    def revive(self, framework_id: str, roles: Collection[str] = ()) -> Candidates:
        """Offers for these roles again, all if none are named, whatever was refused."""
        framework = self.frameworks[framework_id]
        framework.refused_inverse.clear()
        framework.suppressed -= frozenset(roles or framework.roles)
        for role in roles or framework.roles:
            seat = framework.seats.get(role)
            if seat is not None and seat.refusals:
                self.refusals.forget_seat(seat)
        self._refresh_listing(framework)
        return self._wanted(ALL)

    # -- agents ----------------------------------------------------------------------------------------------

    def add_agent(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        *,
        capabilities: Iterable[AgentCapabilityType] = (),
        used: Mapping[str, Resources] | None = None,
        unavailability: Unavailability | None = None,
    ) -> Candidates:
        """An agent joined, with what it says each framework uses, unknown ones included.

        If it is the last one a new master waits for, this very agent gets a round.
        """
        assert agent_id not in self.agents, f"agent {agent_id} is already here"
        agent = self.agents[agent_id] = Agent(agent_id, info, total, capabilities, self.options.region)
        agent.place = self._place(info)
        self._join(agent.whole)
        self.openings.open[agent] = None
        for framework_id, resources in (used or {}).items():
            self._note_use(agent, framework_id, resources)
        if unavailability is not None:
            self._set_away(agent, unavailability)
        if self._awaited_agents is not None and len(self.agents) >= self._awaited_agents:
            self._awaited_agents = None
        return self._wanted(only(agent_id))

    def update_agent(
        self,
        agent_id: str,
        *,
        info: AgentInfo | None = None,
        total: Resources | None = None,
        capabilities: Iterable[AgentCapabilityType] | None = None,
    ) -> Candidates:
        """An agent changed; what is not given stays. New attributes void what was refused on it."""
        agent = self.agents[agent_id]
        changed = False
        if info is not None and info != agent.info:
            changed = True
            if info.attributes != agent.info.attributes:
                self._void_refusals(agent)
            agent.set_info(info, self.options.region)
            agent.place = self._place(info)
        if capabilities is not None and (new := frozenset(capabilities)) != agent.capabilities:
            changed = True
            agent.set_capabilities(new)
        if total is not None and total != agent.total:
            changed = True
            self._set_total(agent, total)
        if changed:
            self._reopen(agent)
        return self._wanted(only(agent_id) if changed else NONE)

    def add_use(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """An agent reports something in use that nobody counted, such as a task that was given up."""
        self._note_use(self.agents[agent_id], framework_id, resources)

    def add_resource_provider(
        self, agent_id: str, total: Resources, *, used: Mapping[str, Resources] | None = None
    ) -> None:
        """A resource provider adds to an agent, and reports what is in use of it."""
        agent = self.agents[agent_id]
        self._set_total(agent, agent.total + total)
        self._reopen(agent)
        for framework_id, resources in (used or {}).items():
            self._note_use(agent, framework_id, resources)

    def remove_agent(self, agent_id: str) -> None:
        """An agent is gone and whatever was held on it; recovering that later is harmless."""
        agent = self.agents.pop(agent_id)
        for holder, used in agent.allocated.items():
            self._no_longer_uses(holder, used)
        for holder, held in agent.held.items():
            self._no_longer_holds(holder, agent, Bundle.of(held))
        self._void_refusals(agent)
        self.openings.forget(agent)
        self.away.pop(agent, None)
        self._leave(agent.whole)

    def activate_agent(self, agent_id: str) -> None:
        """Offer the agent again, from the next round that looks at it."""
        self.agents[agent_id].is_active = True
        self._reopen(self.agents[agent_id])

    def deactivate_agent(self, agent_id: str) -> None:
        """Do not offer the agent; what is held on it stays."""
        self.agents[agent_id].is_active = False

    def update_unavailability(self, agent_id: str, unavailability: Unavailability | None) -> Candidates:
        """When an agent will be away. Answers so far are void, and inverse offers that are out forgotten."""
        agent = self.agents[agent_id]
        self._set_away(agent, unavailability)
        agent.inverse_outstanding.clear()
        agent.inverse_statuses.clear()
        for framework in self.frameworks.values():
            framework.refused_inverse.pop(agent_id, None)
        return self._wanted(only(agent_id))

    def update_inverse_offer(
        self,
        agent_id: str,
        framework_id: str,
        *,
        now_s: float,
        status: InverseOfferStatus.Status | None = None,
        refuse_s: float | None = None,
    ) -> None:
        """An inverse offer was answered, or (no status) rescinded.

        An answer that comes too late is no status any more, yet it refuses the next inverse offer.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        if framework_id in agent.inverse_outstanding:
            del agent.inverse_outstanding[framework_id]
            if status is not None:
                agent.inverse_statuses[framework_id] = (status, now_s)
        framework = self.frameworks.get(framework_id)
        if framework is not None and refuse_s is not None and (lifetime_s := refusal_s(refuse_s)):
            refused = framework.refused_inverse.setdefault(agent_id, [])
            refused[:] = [until_s for until_s in refused if until_s > now_s] + [now_s + lifetime_s]

    # -- resources -------------------------------------------------------------------------------------------

    def recover(
        self,
        framework_id: str,
        agent_id: str,
        resources: Resources,
        *,
        now_s: float,
        refuse_s: float | None = None,
        is_allocated: bool = False,
    ) -> None:
        """Resources came back: an offer that ended or, with `is_allocated`, something that was in use.

        With `refuse_s` they are not offered to the framework again for that long. An agent that is gone, or a
        framework that is, is no error.

        Raises: NotContained if the framework does not hold the resources.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        for role, part in by_role(resources):
            holder = (framework_id, role)
            agent.release(holder, part.resources)
            if is_allocated:
                take(agent.allocated, holder, part.resources)
                self._no_longer_uses(holder, part.resources)
            self._no_longer_holds(holder, agent, part, refuse_s, now_s)
        self._reopen(agent)

    def transition_offered_to_allocated(self, framework_id: str, agent_id: str, resources: Resources) -> None:
        """Offered resources are now in use by tasks or executors."""
        agent = self.agents.get(agent_id)
        if agent is not None:
            for role, part in by_role(resources):
                self._use(agent, (framework_id, role), part.resources)

    def update_allocation(
        self, framework_id: str, agent_id: str, offered: Resources, conversions: Iterable[Conversion]
    ) -> None:
        """What was offered is converted, and the agent's total with it; this is no further allocation.

        Another copy of something shared (nothing consumed) is held, but not part of the total.

        Raises: NotContained if the operations do not fit what was offered.
        """
        agent = self.agents[agent_id]
        ((role, before),) = by_role(offered)
        after, total = offered, agent.total
        for conversion in conversions:
            after = conversion.apply(after)
            if conversion.consumed:
                total = conversion.unallocated().apply(total)
        holder = (framework_id, role)
        agent.release(holder, before.resources)
        for _, part in by_role(after) if after else ():
            agent.hold(holder, part)
            self._note_holder(holder, agent)
        framework = self.frameworks.get(framework_id)
        if framework is not None:
            seat = framework.seats[role]
            self._discharge_seat(seat, agent_id, before)
            for _, part in by_role(after) if after else ():
                self._charge_seat(seat, agent_id, part, allocations=0)
        if holder not in agent.held:
            self._forget_holder(holder, agent)
        self._set_total(agent, total)
        self._reopen(agent)

    def update_available(self, agent_id: str, conversions: Iterable[Conversion]) -> bool:
        """An operator converts what is free: whether it was there; if not, nothing happens."""
        agent = self.agents[agent_id]
        conversions = tuple(conversions)
        try:
            converted(agent.available, conversions)
            total = converted(agent.total, conversions)
        except NotContained:
            return False
        self._set_total(agent, total)
        self._reopen(agent)
        return True

    def apply(self, result: Round) -> None:
        """Hold what a round gave away. Nothing may have happened since the round was decided."""
        for _ in self.applying(result, max(1, len(result.grants))):
            pass

    def applying(self, result: Round, step: int) -> Iterator[tuple[Grant, ...]]:
        """Do the same, `step` grants at a time; no event and no question may come in between."""
        grants = result.grants
        if result.candidates.is_all:
            self.full_rounds += 1
            self.ledger.has_grown = False
        plain: Counter[tuple[Seat, Bundle]] = Counter()
        for first in range(0, len(grants), step):
            part = grants[first : first + step]
            self._hold(part)
            plain.update(map(_SEAT_AND_BUNDLE, part))
            yield part
        # Agents are alike, so seats are charged kind by kind and not grant by grant.
        for number, ((seat, bundle), times) in enumerate(plain.items(), 1):
            if not bundle.shared:
                self._charge_often(seat, bundle, times)
            if not number % step:
                yield ()
        for inverse in result.inverse_offers:
            self.agents[inverse.agent].inverse_outstanding[inverse.framework] = None
        yield from self._set_aside(result, step)

    # -- whole cluster ---------------------------------------------------------------------------------------

    def update_quota(
        self, role: str, guarantees: Quantities = Quantities.EMPTY, limits: Limits = Limits.EMPTY
    ) -> None:
        """Set the quota of a top-level role, which need not exist yet; the default removes it."""
        assert "/" not in role, f"quota of {role}, which is not a top-level role"
        self.ledger.update(role, Quota(guarantees, limits))

    def update_weights(self, weights: Mapping[str, float]) -> None:
        """Set weights of roles, which need not exist yet; 1 is the default."""
        for role, weight in weights.items():
            self.tree.update_weight(role, weight)

    def update_whitelist(self, hostnames: Iterable[str] | None) -> None:
        """Offer only agents with these hostnames; None for all."""
        self.whitelist = None if hostnames is None else frozenset(hostnames)
        self.openings.reopen_settled(with_poor=True)

    def pause(self) -> None:
        """No rounds until resumed, so that none sees a change half done."""
        self._is_paused = True

    def resume(self) -> None:
        """Rounds may run again; this by itself wants none."""
        self._is_paused = False

    def begin_recovery(self, expected_agents: int, quotas: Mapping[str, Quota]) -> None:
        """A new master, before anything else: quotas, and how many agents there were.

        With quota there is something to get wrong with half the agents, so most of them are waited for.
        """
        for role, quota in quotas.items():
            self.ledger.update(role, Quota(quota.guarantees, quota.limits))
        awaited = expected_agents * self.options.agent_recovery_percent // 100
        if quotas and awaited:
            self._awaited_agents = awaited

    def end_recovery(self) -> None:
        """Wait no longer; this by itself wants no round."""
        self._awaited_agents = None

    # -- looking ---------------------------------------------------------------------------------------------

    def expire_filters(self, now_s: float) -> None:
        """Drop filters that have ended; whoever asks sees no difference, but the agents are worth a look."""
        self.refusals.expire(now_s, self.full_rounds)

    def worth_a_look(self, candidates: Candidates) -> list[Agent]:
        """The candidates that a round has to look at: nobody would be given anything of the others."""
        openings = self.openings
        if openings.held_back and (self.ledger.has_grown or openings.open):
            openings.reopen_held_back()
        if not openings.open:
            return []
        if candidates.is_all:
            agents = list(openings.open)
        else:
            named = [self.agents[a] for a in sorted(candidates.agents) if a in self.agents]
            agents = [agent for agent in named if agent in openings.open]
        if self.whitelist is None:
            return [agent for agent in agents if agent.is_active]
        return [agent for agent in agents if agent.is_active and self.is_whitelisted(agent)]

    def is_whitelisted(self, agent: Agent) -> bool:
        """Whether the agent's hostname may be offered."""
        return self.whitelist is None or agent.hostname in self.whitelist

    def active_filters(self, role: str, now_s: float) -> int:
        """Offer filters of all frameworks in force for a role."""
        known = self.tree.roles.get(role)
        if known is None:
            return 0
        self.expire_filters(now_s)
        return sum(seat.filters for seat in known.seats.values())

    def held_by_strangers(self) -> list[Agent]:
        """Agents of which frameworks hold something that are not known."""
        names = dict.fromkeys(name for agents in self._strangers.values() for name in agents)
        return [self.agents[name] for name in names]

    def available_headroom(self) -> Quantities:
        """See `Ledger.available_headroom`."""
        revocable = Quantities.EMPTY
        for agent in self.agents.values() if self._revocable_agents else ():
            if agent.whole.has_revocable:
                revocable = revocable + agent.available.revocable().scalars().quantities()
        return self.ledger.available_headroom(self.pool.totals, self.tree.root.totals, revocable)

    # -- inside ----------------------------------------------------------------------------------------------

    def _wanted(self, candidates: Candidates) -> Candidates:
        return NONE if self.is_paused else candidates

    def _reopen(self, agent: Agent) -> None:
        if agent.id in self.agents:
            self.openings.reopen(agent)

    def _set_aside(self, result: Round, step: int) -> Iterator[tuple[Grant, ...]]:
        """Look no more at agents that nobody wanted."""
        openings, tastes = self.openings, self.seats.tastes()
        for first in range(0, len(result.settled), step):
            for agent in result.settled[first : first + step]:
                free = agent.free
                if not free:
                    openings.forget(agent)
                elif tastes and not any(free.is_worth(taste) for taste in tastes):
                    openings.set_aside(agent, openings.poor)
                else:
                    openings.set_aside(agent, openings.settled)
            yield ()
        for first in range(0, len(result.held_back), step):
            for agent in result.held_back[first : first + step]:
                openings.set_aside(agent, openings.held_back)
            yield ()
        openings.shrink()

    # totals

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

    def _set_away(self, agent: Agent, unavailability: Unavailability | None) -> None:
        agent.unavailability = unavailability
        if unavailability is None:
            self.away.pop(agent, None)
        else:
            self.away[agent] = None

    def _place(self, info: AgentInfo) -> Place:
        return self._places.setdefault((info.attributes, info.domain), Place())

    # holding

    def _hold(self, grants: Iterable[Grant]) -> None:
        """Agents and seats take note of grants; shared resources are charged at once, the others later."""
        opened = self.openings.open
        for grant in grants:
            seat, agent, bundle = grant.seat, grant.on, grant.bundle
            if agent.hold(seat.holder, bundle):
                opened.pop(agent, None)
            elif bundle.shared:
                self._charge_seat(seat, agent.id, bundle)
            elif not agent.free.resources:
                opened.pop(agent, None)
            seat.holds_on[agent.id] = None

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
        add(agent.allocated, holder, resources)
        if holder[0] in self.frameworks:
            self.ledger.in_use.add(holder[1], Bundle.of(resources).quota_part().counted)

    def _no_longer_uses(self, holder: Holder, resources: Resources) -> None:
        if holder[0] in self.frameworks:
            self.ledger.in_use.take(holder[1], Bundle.of(resources).quota_part().counted)

    def _adopt(self, framework: Framework, agent: Agent) -> None:
        """A framework that holds something of an agent is known now."""
        for holder, held in agent.held.items():
            if holder[0] == framework.id:
                self._charge(framework, holder[1], agent.id, Bundle.of(held))
        for holder, used in agent.allocated.items():
            if holder[0] == framework.id:
                self.ledger.in_use.add(holder[1], Bundle.of(used).quota_part().counted)

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

    # refusing

    def _refuse(self, seat: Seat, agent: Agent, refused: Bundle, refuse_s: float, now_s: float) -> None:
        lifetime_s = filter_lifetime_s(refuse_s, self.options.allocation_interval_s)
        if lifetime_s > 0:
            new = OfferFilter(refused.resources, now_s + lifetime_s, self.full_rounds)
            self.refusals.add(seat, agent, new)

    def _void_refusals(self, agent: Agent) -> None:
        self.refusals.forget_agent(agent)
        for framework in self.frameworks.values():
            if framework.refused_inverse:
                framework.refused_inverse.pop(agent.id, None)

    # seats

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
        self._forget_verdicts(seat)
        self.refusals.seat_changed(seat)
        seat.taste = self._taste(seat.framework, seat.role.path)
        self.seats.describe(seat)

    def _forget_verdicts(self, seat: Seat) -> None:
        keep = ~seat.bit
        for place in self._places.values() if self.seats.has_constraints & seat.bit else ():
            place.judged &= keep
            place.excluded &= keep
        for agent in self.agents.values() if self.seats.has_host_constraints & seat.bit else ():
            agent.judged &= keep
            agent.excluded &= keep

    def _unseat(self, framework: Framework, seat: Seat) -> None:
        """A framework is no longer tracked under a role."""
        self.refusals.forget_seat(seat)
        self._forget_verdicts(seat)
        self.seats.remove(seat)
        role = seat.role
        del framework.seats[role.path], role.seats[framework.id]
        if not role.seats:
            self.tree.remove(role)

    def _unseat_if_idle(self, framework: Framework, path: str) -> None:
        seat = framework.seats.get(path)
        if seat is not None and path not in framework.roles and not seat.holds_on:
            self._unseat(framework, seat)

    def _refresh_listing(self, framework: Framework) -> None:
        """List the framework in exactly those roles it wants offers for."""
        for role, seat in framework.seats.items():
            if not framework.wants(role):
                self.seats.unlist(seat)
            elif not seat.is_listed:
                is_new_taste = not seat.taste.mask
                self.seats.list(seat)
                self.openings.reopen_settled(with_poor=is_new_taste)
