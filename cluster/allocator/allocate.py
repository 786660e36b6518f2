"""One round of allocation: who is offered what. A decision, which `state.apply` carries out.

Stage 1 meets guarantees, stage 2 is the fair share. A round can be decided in slices, as long as nothing
happens to the state in between.

Source: reference allocator.md §4, §7; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, §4.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial, reduce
from operator import or_

from cluster.allocator.agents import Agent
from cluster.allocator.allowance import Allowance
from cluster.allocator.bundle import Bundle, Taste
from cluster.allocator.candidates import Candidates
from cluster.allocator.draws import Chances, Draws
from cluster.allocator.eligibility import blocked_seats, excluded_seats, incapable_seats, judging
from cluster.allocator.filters import blocking
from cluster.allocator.lone import Lone
from cluster.allocator.maintenance import inverse_offers
from cluster.allocator.ranking import Contest
from cluster.allocator.round import Grant, Lot, Round
from cluster.allocator.seats import Seat
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Role, TreeContest

LIGHT = 4
"""How many seats asked, or kinds of resources looked through, are as much work as a plain agent."""
MANY = 64
"""Grants of a single agent that are charged at once, and tastes or seats that are asked about it."""
NOBODY: frozenset[str] = frozenset()
"""For this role there is only what nobody reserved."""
CUT = 8
"""How many plain agents it is as much work as to find out what quota leaves of an offer."""
FEW = 8
"""How many times fewer clients there must be than in the order for picking them out of it to be faster."""


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
        self._effort = 0
        """What was done so far, about a plain agent each: a clock would be asked too often."""
        self._tree = TreeContest(state.tree, state.pool, self._worked)
        self._contests: dict[Role, Contest[Seat]] = {}
        self._agents = agents
        self._looked_at = len(self._agents)
        self._tastes = state.seats.tastes()
        self._lone = self._lone_of()
        self._only_role = next(iter(state.tree.roles.values())) if len(state.tree.roles) == 1 else None
        self._chances = chances
        self._names: dict[Role, list[str]] = {}
        self._reserved_seats: dict[str, int] = {}
        """By role, those that may have what is reserved to it."""
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
        until = self._effort + agents
        return all(self._effort < until for _ in self._work)

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
                self._effort += 1
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
        is_simple = self._allowance is None and self._chances is None and not self._seats.has_constraints
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
        role = self._only_role or self._tree.first()
        if not role.mask:
            return False
        contest = self._contests.get(role) or self._contest(role)
        seat = contest.order[0][3]
        self._grants.append(Grant(seat, agent, free))
        if len(contest.order) > 1:
            contest.charge(seat, agent.id, free)
        if self._only_role is None:
            self._tree.charge(role, agent.id, free)
        return True

    def _contest(self, role: Role) -> Contest[Seat]:
        contest = self._contests[role] = Contest(role.seating, self._state.pool)
        self._effort += len(contest.order)
        return contest

    def _worked(self, effort: int) -> None:
        self._effort += effort

    # -- order -----------------------------------------------------------------------------------------------

    def _roles(self, stage: int, agent: Agent, seats: int) -> Iterable[Role]:
        """Roles in the order they are asked for an agent; those without any of the seats may be left out."""
        if self._only_role is not None:
            return (self._only_role,)
        roles = self._state.tree.roles
        are_few = seats.bit_count() * FEW < len(roles)
        among = {seat.role: None for seat in self._seats.of(seats)} if are_few else None
        if self._chances is None:
            return self._tree.in_order() if among is None else self._tree.sorted(among)
        names = [role.path for role in among] if among is not None else None
        self._effort += len(names or ())
        return (roles[path] for path in self._draws.roles(stage, agent.id, self._chances, names))

    def _seats_of(self, stage: int, agent: Agent, role: Role, seats: int) -> Iterable[Seat]:
        """Seats of a role in the order they are asked; those that are not in the set may be left out."""
        are_few = (asked := seats.bit_count()) * FEW < len(role.seating)
        if self._chances is not None:
            names = [seat.framework.id for seat in self._seats.of(seats)] if are_few else self._all_of(role)
            drawn = self._draws.frameworks(stage, agent.id, role.path, names)
            return (role.seats[name] for name in drawn)
        contest = self._contests.get(role) or self._contest(role)
        if are_few:
            self._effort += asked
            return contest.sorted(self._seats.of(seats))
        return (key[3] for key in contest.order)

    def _all_of(self, role: Role) -> list[str]:
        names = self._names.get(role)
        if names is None:
            names = self._names[role] = [seat.framework.id for seat in role.seating.members]
            self._effort += len(names)
        return names

    def _charge_seats(self, role: Role, grants: list[Grant]) -> None:
        if self._chances is None and role in self._contests:
            contest = self._contests[role]
            for grant in grants:
                contest.charge(grant.seat, grant.on.id, grant.bundle)

    def _charge_roles(self, grants: list[Grant]) -> Iterator[None]:
        if self._chances is None and self._only_role is None:
            for number, grant in enumerate(grants, 1):
                self._tree.charge(grant.seat.role, grant.on.id, grant.bundle)
                if not number % MANY:
                    self._effort += MANY
                    yield

    # -- stage 1 ---------------------------------------------------------------------------------------------

    def _guarantee(self, agent: Agent, allowance: Allowance) -> Iterator[None]:
        """Offer an agent to the roles whose guarantee is not met."""
        self._effort += agent.free_effort
        free = self._rest.get(agent, agent.free)
        seats = (yield from self._interested(agent, free)) & allowance.wanting
        first = len(self._grants)
        for passed, role in enumerate(self._roles(1, agent, seats) if seats else (), 1):
            if not free:
                break
            if role.mask & seats and role.path in allowance.unsatisfied:
                self._effort += len(free.resources) // LIGHT
                free = yield from self._guarantee_role(agent, role, free, seats, allowance)
                yield
            elif not passed % MANY:
                self._effort += MANY // LIGHT
                yield
        yield from self._note(agent, free, first)
        self._effort += 1
        yield

    def _guarantee_role(
        self, agent: Agent, role: Role, free: Bundle, seats: int, allowance: Allowance
    ) -> Generator[None, None, Bundle]:
        offerable, first = free.for_role(role.lineage), len(self._grants)
        for seat in self._seats_of(1, agent, role, seats & role.mask):
            if not offerable or role.path not in allowance.unsatisfied:
                break
            if not seat.bit & seats or not offerable.is_worth(seat.taste):
                continue
            self._effort += CUT
            yield
            part = offerable.stripped(seat.taste)
            if not part.quota_part().is_cut_one_way:
                self._undecided[agent] = None
            arrange = partial(self._draws.entries, 1, agent.id, role.path, seat.framework.id)
            guaranteed, offer = allowance.guaranteed(role.path, part, arrange)
            if not guaranteed or not self._is_welcome(seat, agent, offer):
                continue
            allowance.consume_guaranteed(role.path, guaranteed, offer)
            self._grants.append(Grant(seat, agent, offer))
            free, offerable = free.without(offer), offerable.without(offer)
        self._charge_seats(role, self._grants[first:])
        return free

    # -- stage 2 ---------------------------------------------------------------------------------------------

    def _share_out(self, agent: Agent) -> Iterator[None]:
        """Offer one agent around until nothing is left or nobody takes it."""
        free = self._rest.get(agent) if self._rest else None
        if free is None:
            self._effort += agent.free_effort
            free = agent.free
        seats = yield from self._interested(agent, free)
        if self._allowance is not None and seats:
            within = self._allowance.open_to(free, seats)
            if within != seats:
                self._cut_on, seats = agent, within
        first, whole = len(self._grants), free
        if seats:
            for passed, role in enumerate(self._roles(2, agent, seats), 1):
                if role.mask & seats:
                    self._effort += len(free.resources) // LIGHT
                    count = len(self._grants)
                    free, seats = yield from self._share_with(agent, role, free, seats)
                    if seats and any(grant.bundle.for_role(NOBODY) for grant in self._grants[count:]):
                        seats = yield from self._within_reach(free, seats)
                    if self._allowance is not None and free is not whole:
                        seats = self._allowance.open_to(free, seats)
                    if not free or not seats:
                        break
                    yield
                elif not passed % MANY:
                    self._effort += MANY // LIGHT
                    yield
        if len(self._grants) > first:
            yield from self._note(agent, free, first)
        elif agent not in self._rest and agent not in self._undecided:
            (self._held_back if self._cut_on is agent else self._settled).append(agent)
        self._effort += 1
        yield

    def _share_with(
        self, agent: Agent, role: Role, free: Bundle, seats: int
    ) -> Generator[None, None, tuple[Bundle, int]]:
        """Offer what is free of an agent to a role; what is left of it, and who may still want that."""
        offerable = free if free.is_open else free.for_role(role.lineage)
        if not offerable:
            return free, seats
        grants, first = self._grants, len(self._grants)
        for passed, seat in enumerate(self._seats_of(2, agent, role, seats & role.mask), 1):
            if not passed % MANY:
                self._effort += MANY // LIGHT
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
            if not self._is_welcome(seat, agent, offer):
                continue
            grants.append(Grant(seat, agent, offer))
            if self._allowance is not None:
                self._allowance.consume(role.path, offer)
            free = free.without(offer)
            offerable = offerable.without(offer)
            if not offerable:
                break
        if len(grants) > first:
            self._charge_seats(role, grants[first:])
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
        self._effort += CUT
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

    def _interested(self, agent: Agent, free: Bundle) -> Generator[None, None, int]:
        """Seats that may want something of what is free of an agent."""
        table = self._seats
        seats = table.listed
        if agent.refused_by:
            blocked = agent.blocked
            if agent.blocked_for is not free:
                blocked = yield from self._blocked(agent, free)
            seats &= ~blocked
        if not agent.is_ordinary:
            seats &= ~incapable_seats(self._state, agent)
        if table.has_constraints:
            for judged in judging(self._state, agent):
                self._effort += judged // LIGHT
                yield
            seats &= ~excluded_seats(self._state, agent)
        return (yield from self._within_reach(free, seats))

    def _within_reach(self, free: Bundle, seats: int) -> Generator[None, None, int]:
        """Those of the seats that could take enough of what is free: of it all, or of what is not reserved."""
        theirs = 0 if free.is_open else self._reserved_for(free.reserved_to)
        part = free if free.is_open else free.for_role(NOBODY)
        for number, taste in enumerate(self._tastes, 1):
            if not part.stripped(taste).is_worth(taste):
                is_worth = theirs and free.stripped(taste).is_worth(taste)
                seats &= ~(taste.mask & ~theirs) if is_worth else ~taste.mask
            if not number % MANY:
                self._effort += MANY // LIGHT
                yield
        return seats

    def _reserved_for(self, roles: frozenset[str]) -> int:
        """Seats that resources reserved to these roles may go to."""
        seats, known = 0, self._reserved_seats
        for role in roles:
            mask = known.get(role)
            if mask is None:
                below = [each.mask for each in self._state.tree.at_or_below(role)]
                mask = known[role] = reduce(or_, below, 0)
                self._effort += len(below) // LIGHT
            seats |= mask
        self._effort += len(roles) // MANY
        return seats

    def _blocked(self, agent: Agent, free: Bundle) -> Generator[None, None, int]:
        looking = blocked_seats(self._state, agent, free, self._now_s)
        while True:
            try:
                self._effort += next(looking) // LIGHT
            except StopIteration as found:
                return int(found.value)
            yield

    def _is_welcome(self, seat: Seat, agent: Agent, offer: Bundle) -> bool:
        """Whether an offer is worth making and the framework has not refused it."""
        if not offer.is_worth(seat.taste):
            return False
        if not agent.refused_by & seat.bit:
            return True
        refusal = seat.refusals[agent]
        return blocking(refusal, offer.resources, self._now_s, self._state.full_rounds) is None

    def _note(self, agent: Agent, free: Bundle, first: int) -> Iterator[None]:
        """An agent was offered around; what came of it, if anything, begins with the grant `first`."""
        grants = self._grants[first:]
        yield from self._charge_roles(grants)
        if grants and (free or self._allowance is not None):
            self._rest[agent] = free
