"""What must be true of an allocator's state after every step, worked out from scratch.

    assert not violations(state, now_s)

Nothing is repaired or expired by looking, so that a check may stand between any two events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from cluster.allocator import AllocatorState
from cluster.allocator.agents import Agent
from cluster.allocator.allowance import Allowance
from cluster.allocator.bundle import Bundle
from cluster.allocator.eligibility import could_take, is_excluded, missing_capability
from cluster.allocator.filters import blocking, filters_of
from cluster.allocator.holdings import Holder
from cluster.allocator.ranking import Level
from cluster.allocator.seats import Seat
from cluster.allocator.tree import VIRTUAL, RoleNode, lineage
from cluster.model import Kind, Resources

Amounts = dict[str, int]


def violations(state: AllocatorState, now_s: float) -> list[str]:
    """Everything that is wrong, in words."""
    checks: tuple[Callable[[AllocatorState, float], Iterable[str]], ...] = (
        agents_add_up,
        totals_add_up,
        sorters_hold_what_frameworks_hold,
        ledger_is_what_agents_say,
        seats_are_those_of_frameworks,
        no_bit_is_left_over,
        refusals_agree_both_ways,
        verdicts_are_right,
        nobody_is_kept_waiting,
    )
    return [f"{check.__name__}: {fault}" for check in checks for fault in check(state, now_s)]


# -- resources -----------------------------------------------------------------------------------------------


def agents_add_up(state: AllocatorState, now_s: float) -> Iterator[str]:
    """Free and held make the total; what shrank under its holders has nothing free of that."""
    for agent in state.agents.values():
        total, held = agent.total.nonshared(), _sum(r.nonshared() for r in agent.held.values())
        free = agent.free.resources
        if free != total.without(held) + agent.total.shared():
            yield f"{agent.id} has free {free} of {total}, {held} held"
        if total.contains(held) and free.nonshared() + held != total:
            yield f"{agent.id}: {free} free and {held} held do not make {total}"
        for holder, used in agent.allocated.items():
            if not agent.held.get(holder, Resources.EMPTY).contains(used):
                yield f"{agent.id}: {holder} uses {used}, more than it holds"


def totals_add_up(state: AllocatorState, now_s: float) -> Iterator[str]:
    """The pool and the lists of special agents are what agents make them."""
    totals = _amounts(agent.total for agent in state.agents.values())
    yield from _differ("cluster total", state.pool.totals, totals)
    weighed = {name: milli for name, milli in totals.items() if name not in state.options.fair_share_excluded}
    yield from _differ("what shares are measured against", state.pool.weighed, weighed)
    away = {a.id for a in state.agents.values() if a.unavailability is not None}
    yield from _differ("away", {a.id for a in state.away}, away)
    with_revocable = sum(bool(a.total.revocable()) for a in state.agents.values())
    yield from _differ("agents with revocable resources", state._revocable_agents, with_revocable)
    strangers: dict[str, dict[str, None]] = {}
    for agent in state.agents.values():
        for name, _ in agent.held:
            if name not in state.frameworks:
                strangers.setdefault(name, {})[agent.id] = None
    yield from _differ("strangers", state._strangers, strangers)


def sorters_hold_what_frameworks_hold(state: AllocatorState, now_s: float) -> Iterator[str]:
    """Clients of sorters hold what the known frameworks below them hold of agents, shared things once."""
    below: dict[RoleNode, dict[str, Resources]] = {}
    for agent_id, (framework, path), held in _known_holdings(state):
        for node in state.tree.roles[path].leaf.ancestry():
            by_agent = below.setdefault(node, {})
            by_agent[agent_id] = by_agent.get(agent_id, Resources.EMPTY) + held
        if agent_id not in state.frameworks[framework].seats[path].holds_on:
            yield f"{framework} does not know that it holds something of {agent_id} for {path}"
    for seat in _seats(state):
        agents = [state.agents[name] for name in seat.holds_on if name in state.agents]
        yield from _differ(
            f"agents {seat.holder} holds something on",
            len(agents),
            sum(seat.holder in a.held for a in agents),
        )
        by_agent = {a.id: a.held.get(seat.holder, Resources.EMPTY) for a in agents}
        yield from _differ(f"totals of {seat.holder}", seat.totals, _amounts(by_agent.values()))
        yield from _differ(f"shared by {seat.holder}", seat.shared, _shared(by_agent))
    for node in _nodes(state.tree.root):
        by_agent = below.get(node, {})
        yield from _differ(f"totals of node '{node.path}'", node.totals, _amounts(by_agent.values()))
        yield from _differ(f"shared of node '{node.path}'", node.shared, _shared(by_agent))
        yield from _order_is_right(state, f"below '{node.path}'", node.level)
    for role in state.tree.roles.values():
        yield from _order_is_right(state, f"of {role.path}", role.seating)


def _order_is_right(state: AllocatorState, where: str, level: Level[Any]) -> Iterator[str]:
    """Whoever was not touched since stands where he belongs, unless all will be sorted anyway."""
    if level._sorted_at != state.pool.version:
        return
    for key in level._order:
        client = key[3]
        share = state.pool.share(client.totals, client.over, client.under)
        if client not in level._touched and key[:3] != (share, client.count, client.path):
            yield f"order {where}: {client.path} stands at {key[:3]}, belongs at {share}, {client.count}"
    if level._order != sorted(level._order):
        yield f"order {where} is none"
    if not level._touched and {key[3] for key in level._order} != set(level.members):
        yield f"order {where} has other members than the level"


def ledger_is_what_agents_say(state: AllocatorState, now_s: float) -> Iterator[str]:
    """What roles consume, as added up by events, is what adding up agents gives."""
    held: dict[str, Amounts] = {}
    used: dict[str, Amounts] = {}
    reserved: dict[str, Amounts] = {}
    opened: Counter[str] = Counter()
    for _, (_, path), resources in _known_holdings(state):
        _add_above(held, path, _quota_part(resources))
        opened.update(dict(resources.scalars().unreserved().quantities().items()))
    for agent in state.agents.values():
        for (framework, path), resources in agent.allocated.items():
            if framework in state.frameworks:
                _add_above(used, path, _quota_part(resources))
        for entry in agent.total:
            role = entry[0].reservation_role
            if role is not None:
                _add_above(reserved, role, agent.total.filter(_same(entry[0])).scalars())
    ledger = state.ledger
    for what, tally, expected in (
        ("held", ledger.held, held),
        ("in use", ledger.in_use, used),
        ("reserved", ledger.reserved, reserved),
    ):
        for role in {**tally._by_role, **expected}:
            yield from _differ(f"{what} of {role}", dict(tally.of(role).items()), expected.get(role, {}))
    yield from _differ("unreserved that is held", {n: m for n, m in ledger._open.items() if m}, dict(opened))
    all_reserved = _amounts(agent.total.reserved() for agent in state.agents.values())
    yield from _differ("all reserved", {n: m for n, m in ledger._reserved.items() if m}, all_reserved)
    places = Counter(
        role
        for agent in state.agents.values()
        for role in {kind.reservation_role for kind, _ in agent.total}
        if role is not None
    )
    yield from _differ("agents reserved to roles", dict(+ledger.reserved_on), dict(places))


# -- seats ---------------------------------------------------------------------------------------------------


def seats_are_those_of_frameworks(state: AllocatorState, now_s: float) -> Iterator[str]:
    """A framework has a seat where it subscribed or holds something, and is listed where it wants offers."""
    wanted = {(f.id, role) for f in state.frameworks.values() for role in f.roles}
    wanted |= {holder for _, holder, _ in _known_holdings(state)}
    yield from _differ("seats", {seat.holder for seat in _seats(state)}, wanted)
    yield from _differ("roles", set(state.tree.roles), {path for _, path in wanted})
    for path, role in state.tree.roles.items():
        mine = {f.id: f.seats[path] for f in state.frameworks.values() if path in f.seats}
        yield from _differ(f"seats of {path}", role.seats, mine)
        listed = {seat for seat in mine.values() if seat.framework.wants(path)}
        yield from _differ(f"members of {path}", set(role.seating.members), listed)
        yield from _differ(f"mask of {path}", role.mask, _mask(listed))
        where = path if role.leaf.name != VIRTUAL else f"{path}/{VIRTUAL}"
        yield from _differ(f"leaf of {path}", (role.leaf.path, role.leaf.role), (where, role))
    for node in _nodes(state.tree.root):
        yield from _differ(f"children of '{node.path}'", set(node.level.members), set(node.children.values()))
        if node.parent is not None and bool(node.children) == (node.role is not None):
            yield f"node '{node.path}' is neither a level nor a leaf"
        weight = Fraction(str(1 if node.name == VIRTUAL else state.tree.weights.get(node.path, 1)))
        yield from _differ(f"weight of '{node.path}'", Fraction(node.over, node.under), weight)
    for seat in _seats(state):
        yield from _differ(
            f"taste of {seat.holder}", seat.taste, state._taste(seat.framework, seat.role.path)
        )
        yield from _differ(f"listing of {seat.holder}", seat.is_listed, seat.framework.wants(seat.role.path))


def no_bit_is_left_over(state: AllocatorState, now_s: float) -> Iterator[str]:
    """Every set of seats holds the seats it should, and none that is gone."""
    table, seats = state.seats, _seats(state)
    everybody = _mask(seats)
    if everybody.bit_count() != len(seats) or len(table) != len(seats):
        yield f"{len(seats)} seats have {everybody.bit_count()} bits, the table counts {len(table)}"
    yield from _differ("seats by bit", set(table.of(everybody)), set(seats))
    listed = [seat for seat in seats if seat.is_listed]
    yield from _differ("listed", table.listed, _mask(listed))
    for taste in table._tastes.values():
        yield from _differ("mask of a taste", taste.mask, _mask(s for s in listed if s.taste is taste))
    constraints = {seat: seat.framework.constraints.get(seat.role.path) for seat in seats}
    for what, mask, expected in (
        ("lacks_gpus", table.lacks_gpus, [s for s in seats if not s.framework.takes_gpus]),
        ("lacks_region", table.lacks_region, [s for s in seats if not s.framework.takes_remote]),
        ("is_multi_role", table.is_multi_role, [s for s in seats if s.framework.has_multi_role]),
        ("is_nested", table.is_nested, [s for s in seats if "/" in s.role.path]),
        ("has_constraints", table.has_constraints, [s for s, c in constraints.items() if c is not None]),
        (
            "has_host_constraints",
            table.has_host_constraints,
            [s for s, c in constraints.items() if c is not None and c.is_about_hosts],
        ),
    ):
        yield from _differ(what, mask, _mask(expected))
    for agent in state.agents.values():
        for what in ("refused_by", *["blocked"] * (agent.blocked_for is not None)):
            if getattr(agent, what) & ~everybody:
                yield f"{agent.id}.{what} names a seat that is gone"
        if (agent.judged | agent.excluded) & ~(everybody | state._void_by_host):
            yield f"{agent.id} has judged a seat that is gone"
    for place in state._places.values():
        if (place.judged | place.excluded) & ~(everybody | state._void_by_place):
            yield "a place names a seat that is gone"


# -- why not -------------------------------------------------------------------------------------------------


def refusals_agree_both_ways(state: AllocatorState, now_s: float) -> Iterator[str]:
    """Agents know who refused them, seats count their filters, and each filter's end is on the agenda."""
    refused_by: Counter[Agent] = Counter()
    known = set(state.agents.values())
    for seat in _seats(state):
        yield from _differ(
            f"filters of {seat.holder}", seat.filters, sum(len(filters_of(r)) for r in seat.refusals.values())
        )
        for agent, refusal in seat.refusals.items():
            refused_by[agent] += seat.bit
            if agent not in known:
                yield f"{seat.holder} refuses {agent.id}, which is gone"
            ends = [each.until_s for each in filters_of(refusal)]
            if not ends:
                yield f"{seat.holder} refuses nothing of {agent.id}"
            if min(ends) < agent.due_s and agent not in state.refusals._overdue:
                yield f"{seat.holder} refuses {agent.id} until {min(ends)}, which is due at {agent.due_s}"
    agenda = set(state.refusals._agenda)
    for agent in known:
        yield from _differ(f"who refuses {agent.id}", agent.refused_by, refused_by[agent])
        if agent.due_s < float("inf") and (agent.due_s, agent) not in agenda:
            yield f"{agent.id} is due at {agent.due_s}, which is not on the agenda"


def verdicts_are_right(state: AllocatorState, now_s: float) -> Iterator[str]:
    """What agents remember about who cannot have them is what asking again gives."""
    for agent in state.agents.values():
        place, seen = agent.place, agent.blocked_for
        if seen is not None and not _is_due(state, agent, now_s):
            blocked = [s for s in _seats(state) if _is_blocked(state, s, agent, could_take(s, seen), now_s)]
            yield from _differ(f"who is blocked on {agent.id}", agent.blocked, _mask(blocked))
        for seat in _seats(state):
            is_host = bool(seat.bit & state.seats.has_host_constraints)
            judged, excluded = (agent.judged, agent.excluded) if is_host else (place.judged, place.excluded)
            judged &= ~(state._void_by_host if is_host else state._void_by_place)
            if judged & seat.bit and bool(excluded & seat.bit) != is_excluded(seat, agent):
                yield f"{seat.holder} judges {agent.id} wrongly"


def nobody_is_kept_waiting(state: AllocatorState, now_s: float) -> Iterator[str]:
    """An agent with something free is looked at, or set aside because nobody would be given any of it."""
    openings = state.openings
    places = (openings.open, openings.settled, openings.held_back, openings.poor)
    count = Counter(agent for place in places for agent in place)
    for agent in state.agents.values():
        if count[agent] > 1 or (agent.free and not count[agent]):
            yield f"{agent.id} with {agent.free} free is in {count[agent]} places"
    if set(count) - set(state.agents.values()):
        yield "an agent that is gone is worth a look"
    listed = [seat for seat in _seats(state) if seat.is_listed]
    for agent in openings.poor:
        for seat in listed:
            if agent.free.is_worth(seat.taste):
                yield f"{agent.id} with {agent.free} free is not too little for {seat.holder}"
    will_reopen = state.ledger.has_grown or bool(openings.open)
    for agent in (*openings.settled, *(() if will_reopen else openings.held_back)):
        if _is_due(state, agent, now_s):
            continue  # looked at as soon as anybody looks at filters
        with_quota = agent in openings.held_back
        for seat in listed:
            for offer in _offers(state, seat, agent, with_quota=with_quota):
                if offer.is_worth(seat.taste) and not _is_blocked(state, seat, agent, offer, now_s):
                    yield f"{agent.id} was set aside, and {seat.holder} would take {offer}"


def _offers(state: AllocatorState, seat: Seat, agent: Agent, *, with_quota: bool) -> Iterator[Bundle]:
    """What both stages would offer of an agent, if nobody else was asked about anything."""
    if missing_capability(state, seat.framework, seat.role.path, agent) is not None or is_excluded(
        seat, agent
    ):
        return
    offer, path = could_take(seat, agent.free), seat.role.path
    allowance = Allowance.of(state) if with_quota else None
    if allowance is None:
        yield offer
    elif offer.is_worth(seat.taste):
        if path in allowance.unsatisfied:
            guaranteed, first = allowance.guaranteed(path, offer, _by_text)
            if guaranteed:
                yield first
        yield allowance.cut(path, offer, _by_text)[0]


def _by_text(use: str, entries: list[Resources]) -> list[Resources]:
    return sorted(entries, key=str)


def _is_due(state: AllocatorState, agent: Agent, now_s: float) -> bool:
    return agent.due_s <= now_s or agent in state.refusals._overdue


def _is_blocked(state: AllocatorState, seat: Seat, agent: Agent, offer: Bundle, now_s: float) -> bool:
    refusal = seat.refusals.get(agent)
    return blocking(refusal, offer.resources, now_s, state.full_rounds) is not None


# -- adding up -----------------------------------------------------------------------------------------------


def _seats(state: AllocatorState) -> list[Seat]:
    return [seat for framework in state.frameworks.values() for seat in framework.seats.values()]


def _nodes(node: RoleNode) -> Iterator[RoleNode]:
    yield node
    for child in node.children.values():
        yield from _nodes(child)


def _known_holdings(state: AllocatorState) -> Iterator[tuple[str, Holder, Resources]]:
    for agent in state.agents.values():
        for holder, held in agent.held.items():
            if holder[0] in state.frameworks:
                yield agent.id, holder, held


def _sum(parts: Iterable[Resources]) -> Resources:
    return sum(parts, Resources.EMPTY)


def _amounts(parts: Iterable[Resources]) -> Amounts:
    """Scalars of several agents by name; what is shared counts once on each."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(dict(part.scalars().quantities().items()))
    return dict(total)


def _shared(by_agent: Mapping[str, Resources]) -> dict[str, Resources]:
    return {agent: held.shared() for agent, held in by_agent.items() if held.shared()}


def _quota_part(resources: Resources) -> Resources:
    return resources.scalars().unreserved().nonrevocable()


def _same(wanted: Kind) -> Callable[[Kind], bool]:
    return lambda kind: kind is wanted


def _add_above(tally: dict[str, Amounts], path: str, resources: Resources) -> None:
    for role in lineage(path):
        amounts = tally.setdefault(role, {})
        for name, milli in resources.quantities().items():
            amounts[name] = amounts.get(name, 0) + milli


def _mask(seats: Iterable[Seat]) -> int:
    mask = 0
    for seat in seats:
        mask |= seat.bit
    return mask


def _differ(what: str, got: object, expected: object) -> Iterator[str]:
    if got != expected:
        yield f"{what}: {got}, but {expected} by agents and frameworks"
