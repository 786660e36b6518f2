"""One round of allocation: who is offered what. A decision, which `state.apply` carries out.

Stage 1 meets guarantees, stage 2 is the fair share. A round can be decided in slices, as long as nothing
happens to the state in between.

Source: reference allocator.md §4, §7; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, §4.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from functools import partial

from cluster.allocator.agents import Agent
from cluster.allocator.allowance import Allowance
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.candidates import Candidates
from cluster.allocator.draws import Chances, Draws
from cluster.allocator.interest import LIGHT, NOBODY, Interest
from cluster.allocator.lone import Lone
from cluster.allocator.maintenance import inverse_offers
from cluster.allocator.precedence import Precedence
from cluster.allocator.round import Grant, Lot, Round
from cluster.allocator.seats import Seat
from cluster.allocator.slices import ALL_AT_ONCE, Effort, at_once
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Role

MANY = 64
"""Roles passed over, or seats asked about an agent, at once."""
CUT = 8
"""How many plain agents it is as much work as to find out what quota leaves of an offer."""


def allocate(state: AllocatorState, candidates: Candidates, now_s: float, draws: Draws) -> Round:
    """Decide one round over the candidates that are active, whitelisted and worth a look.

    Nothing that anybody can see of the state changes.
    """
    return at_once(decide(state, candidates, now_s, draws, ALL_AT_ONCE))


def decide(
    state: AllocatorState, candidates: Candidates, now_s: float, draws: Draws, step: int
) -> Generator[None, None, Round]:
    """Do the same, `step` agents at a time; no event and no question may come in between.

    Less than that of agents that are more work than most.
    """
    yield from state.expiring_filters(now_s, step)
    agents = yield from state.worth_a_look(candidates, step)
    if not agents and not state.away:
        return Round(candidates, (), (), (), 0, (), (), now_s)
    allowance = chances = None
    if agents:
        yield from state.forgetting_verdicts(step)
        allowance = yield from Allowance.preparing(state, step)
        if state.options.is_random:
            chances = yield from state.tree.chances()
        else:
            yield from state.pool.settling()
    decision = Decision(state, candidates, agents, now_s, draws, allowance, chances)
    del agents  # a large list held here as well would be one more for the garbage collector to walk over
    yield
    while not decision.advance(step):
        yield
    result = decision.result()
    if state.away:
        asked = yield from inverse_offers(state, candidates, result.grants_one_by_one(), now_s, step)
        result = replace(result, inverse_offers=asked)
    return result


class Decision:
    """A round being decided: on scratch orders, which are charged with what was given so far."""

    def __init__(
        self,
        state: AllocatorState,
        candidates: Candidates,
        agents: list[Agent],
        now_s: float,
        draws: Draws,
        allowance: Allowance | None,
        chances: Chances | None,
    ) -> None:
        """Without `chances`, roles and frameworks are asked by their shares."""
        self._state = state
        self._seats = state.seats
        self._candidates = candidates
        self._now_s = now_s
        self._draws = draws
        self._lots: tuple[Lot, ...] = ()
        self._grants: list[Grant] = []
        self._rest: dict[Agent, Bundle] = {}
        """What is left of agents of which something was given; shared resources are given once in a round."""
        self._settled: list[Agent] = []
        self._held_back: list[Agent] = []
        self._cut_on: Agent | None = None
        """The latest agent of which quota kept something."""
        self._undecided: dict[Agent, None] = {}
        """Agents of which quota cuts now one thing and now another, as chance has it."""
        self._allowance = allowance
        self._effort = effort = Effort()
        """About a plain agent each."""
        self._precedence = Precedence(state, draws, chances, effort)
        self._interest = Interest(state, now_s, effort)
        self._agents = agents
        self._looked_at = len(self._agents)
        self._is_by_share = chances is None
        self._tastes = state.seats.tastes()
        self._lone = self._lone_of()
        self._alike: Bundle | None = None
        """What the latest agent that was handed over had free: most have the same."""
        self._work = self._stages()

    def advance(self, agents: int) -> bool:
        """Look at so many more agents, or do as much otherwise; whether the round is decided."""
        if self._lone is not None:
            if self._lone.advance(agents):
                self._lots = self._lone.lots()
                self._agents, self._lone = self._lone.others, None
            return False
        until = self._effort.done + agents
        return all(self._effort.done < until for _ in self._work)

    def result(self) -> Round:
        """The round, once it is decided; nobody is asked to leave an agent yet."""
        return Round(
            self._candidates,
            self._lots,
            self._grants,
            (),
            self._looked_at,
            self._settled,
            self._held_back,
            self._now_s,
        )

    def _stages(self) -> Iterator[None]:
        allowance = self._allowance
        if allowance is not None and self._agents:
            for agent in self._draws.agents(1, self._agents.copy()):
                if not allowance.unsatisfied:
                    break
                yield from self._guarantee(agent, allowance)
        hand_over, share_out = self._hand_over, self._share_out
        taste = self._only_taste()
        for agent in self._draws.agents(2, self._agents):  # nobody needs it afterwards
            if taste is None or agent.refused_by or not agent.is_ordinary or not hand_over(agent, taste):
                yield from share_out(agent)
            else:
                self._effort.done += 1
                yield

    # -- the common case -------------------------------------------------------------------------------------

    def _lone_of(self) -> Lone | None:
        """Whoever wants offers, if it is a single seat and no quota has a say."""
        listed = self._seats.listed
        if self._allowance is not None or self._seats.has_constraints or listed.bit_count() != 1:
            return None
        return Lone(next(self._seats.of(listed)), self._agents)

    def _only_taste(self) -> Taste | None:
        """What everybody can take, if everybody would take all of an agent that nothing speaks against."""
        is_simple = self._allowance is None and self._is_by_share and not self._seats.has_constraints
        return self._tastes[0] if is_simple and len(self._tastes) == 1 else None

    def _hand_over(self, agent: Agent, taste: Taste) -> bool:
        """Give all that is free of an agent to whoever comes first, if that is what would happen anyway.

        Nearly all of a large round is this, and agents are mostly alike: no resources are calculated.
        """
        free = agent.known_free
        if free is not self._alike or free is None:
            if agent.free_effort > LIGHT:
                return False  # that is much work, which is counted elsewhere
            free = agent.free
            if not (free.is_open and free.is_common and free.is_worth(taste)):
                return False
            self._alike = free
        grant = self._precedence.give(agent, free)
        if grant is None:
            return False
        self._grants.append(grant)
        return True

    # -- stage 1 ---------------------------------------------------------------------------------------------

    def _guarantee(self, agent: Agent, allowance: Allowance) -> Iterator[None]:
        """Offer an agent to the roles whose guarantee is not met."""
        self._effort.done += agent.free_effort
        free = self._rest.get(agent, agent.free)
        seats = (yield from self._interest.seats(agent, free)) & allowance.wanting
        first = len(self._grants)
        for passed, role in enumerate(self._precedence.roles(1, agent, seats) if seats else (), 1):
            if not free:
                break
            if role.mask & seats and role.path in allowance.unsatisfied:
                self._effort.done += len(free.resources) // LIGHT
                free = yield from self._guarantee_role(agent, role, free, seats, allowance)
                yield
            elif not passed % MANY:
                self._effort.done += MANY // LIGHT
                yield
        yield from self._note(agent, free, first)
        self._effort.done += 1
        yield

    def _guarantee_role(
        self, agent: Agent, role: Role, free: Bundle, seats: int, allowance: Allowance
    ) -> Generator[None, None, Bundle]:
        offerable, first = free.for_role(role.lineage), len(self._grants)
        for passed, seat in enumerate(self._precedence.seats_of(1, agent, role, seats & role.mask), 1):
            if not offerable or role.path not in allowance.unsatisfied:
                break
            if not passed % MANY:
                self._effort.done += MANY // LIGHT
                yield
            if not seat.bit & seats or not offerable.is_worth(seat.taste):
                continue
            self._effort.done += CUT
            yield
            part = offerable.stripped(seat.taste)
            if not part.quota_part().is_cut_one_way:
                self._undecided[agent] = None
            arrange = partial(self._draws.entries, 1, agent.id, role.path, seat.framework.id)
            guaranteed, offer = allowance.guaranteed(role.path, part, arrange)
            if not guaranteed or not self._interest.is_welcome(seat, agent, offer):
                continue
            allowance.consume_guaranteed(role.path, guaranteed, offer)
            self._grants.append(Grant(seat, agent, offer))
            free, offerable = free.without(offer), offerable.without(offer)
        self._precedence.charge_seats(role, self._grants[first:])
        return free

    # -- stage 2 ---------------------------------------------------------------------------------------------

    def _share_out(self, agent: Agent) -> Iterator[None]:
        """Offer one agent around until nothing is left or nobody takes it."""
        free = self._rest.get(agent) if self._rest else None
        if free is None:
            self._effort.done += agent.free_effort
            free = agent.free
        seats = yield from self._interest.seats(agent, free)
        if self._allowance is not None and seats:
            within = self._allowance.open_to(free, seats)
            if within != seats:
                self._cut_on, seats = agent, within
        first, whole = len(self._grants), free
        if seats:
            for passed, role in enumerate(self._precedence.roles(2, agent, seats), 1):
                if role.mask & seats:
                    self._effort.done += len(free.resources) // LIGHT
                    count = len(self._grants)
                    free, seats = yield from self._share_with(agent, role, free, seats)
                    if not free:
                        break
                    if seats and any(grant.bundle.for_role(NOBODY) for grant in self._grants[count:]):
                        seats = yield from self._interest.within_reach(free, seats)
                    if self._allowance is not None and free is not whole:
                        seats = self._allowance.open_to(free, seats)
                    if not seats:
                        break
                    yield
                elif not passed % MANY:
                    self._effort.done += MANY // LIGHT
                    yield
        if len(self._grants) > first:
            yield from self._note(agent, free, first)
        elif agent not in self._rest and agent not in self._undecided:
            (self._held_back if self._cut_on is agent else self._settled).append(agent)
        self._effort.done += 1
        yield

    def _share_with(
        self, agent: Agent, role: Role, free: Bundle, seats: int
    ) -> Generator[None, None, tuple[Bundle, int]]:
        """Offer what is free of an agent to a role; what is left of it, and who may still want that."""
        offerable = free if free.is_open else free.for_role(role.lineage)
        if not offerable:
            return free, seats
        grants, first = self._grants, len(self._grants)
        for passed, seat in enumerate(self._precedence.seats_of(2, agent, role, seats & role.mask), 1):
            if not passed % MANY:
                self._effort.done += MANY // LIGHT
                yield
            if not seat.bit & seats:
                continue
            taste = seat.taste
            if not offerable.is_worth(taste):
                seats &= ~(taste.mask & role.mask)
                continue
            offer = offerable.stripped(taste)
            if self._allowance is not None and offer:
                offer, hopeless = self._within_quota(seat, agent, free, offer, self._allowance)
                seats &= ~hopeless
                yield
            if not self._interest.is_welcome(seat, agent, offer):
                continue
            grants.append(Grant(seat, agent, offer))
            if self._allowance is not None:
                self._allowance.consume(role.path, offer)
            free = free.without(offer)
            offerable = offerable.without(offer)
            if not offerable:
                break
        if len(grants) > first:
            self._precedence.charge_seats(role, grants[first:])
        return free, seats

    def _within_quota(
        self, seat: Seat, agent: Agent, free: Bundle, offer: Bundle, allowance: Allowance
    ) -> tuple[Bundle, int]:
        """The part of an offer that quota allows, and the seats that need not be asked about this agent."""
        role = seat.role
        arrange = partial(self._draws.entries, 2, agent.id, role.path, seat.framework.id)
        cut, is_limited = allowance.cut(role.path, offer, arrange)
        if cut is offer:
            return offer, 0
        self._effort.done += CUT
        self._cut_on = agent
        if not offer.quota_part().is_cut_one_way:
            self._undecided[agent] = None
            return cut, 0
        if cut.is_worth(seat.taste):
            return cut, 0
        # Everybody of the same taste would get the same, and there will be no more room in this round.
        hopeless = seat.taste.mask if free.is_open and not is_limited else seat.taste.mask & role.mask
        allowance.close_to(free, hopeless)
        return Bundle.EMPTY, hopeless

    # -- both stages -----------------------------------------------------------------------------------------

    def _note(self, agent: Agent, free: Bundle, first: int) -> Iterator[None]:
        """An agent was offered around; what came of it, if anything, begins with the grant `first`."""
        grants = self._grants[first:]
        yield from self._precedence.charge_roles(grants)
        if grants and (free or self._allowance is not None):
            self._rest[agent] = free
