"""Who comes before whom in a round: by shares, which grow as the round gives things away, or by chance.

Source: reference allocator.md §2, §4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cluster.allocator.agents import Agent
from cluster.allocator.bundle import Bundle
from cluster.allocator.draws import Chances, Draws
from cluster.allocator.ranking import Contest
from cluster.allocator.round import Grant
from cluster.allocator.seats import Seat
from cluster.allocator.slices import Effort
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Role, TreeContest

MANY = 64
"""Grants of a single agent that are charged at once."""
FEW = 8
"""How many times fewer clients there must be than in the order for picking them out of it to be faster."""


class Precedence:
    """The order of roles, and of the seats of each, on scratch copies; counts what it does as `effort`."""

    __slots__ = ("_chances", "_contests", "_draws", "_effort", "_names", "_only_role", "_state", "_tree")

    def __init__(self, state: AllocatorState, draws: Draws, chances: Chances | None, effort: Effort) -> None:
        """Without `chances`, roles and frameworks are asked by their shares."""
        self._state = state
        self._draws = draws
        self._chances = chances
        self._effort = effort
        self._only_role = next(iter(state.tree.roles.values())) if len(state.tree.roles) == 1 else None
        self._tree = TreeContest(state.tree, state.pool, self._worked)
        self._contests: dict[Role, Contest[Seat]] = {}
        self._names: dict[Role, list[str]] = {}

    # -- by shares -------------------------------------------------------------------------------------------

    def give(self, agent: Agent, free: Bundle) -> Grant | None:
        """Give all that is free of an agent to whoever comes first; None if that role wants nothing."""
        role = self._only_role or self._tree.first()
        if not role.mask:
            return None
        contest = self._contests.get(role) or self._contest(role)
        seat = contest.order[0][3]
        if len(contest.order) > 1:
            contest.charge(seat, agent.id, free)
        if self._only_role is None:
            self._tree.charge(role, agent.id, free)
        return Grant(seat, agent, free)

    def charge_seats(self, role: Role, grants: Iterable[Grant]) -> None:
        """Seats of a role were given something."""
        if self._chances is None and role in self._contests:
            contest = self._contests[role]
            for grant in grants:
                contest.charge(grant.seat, grant.on.id, grant.bundle)

    def charge_roles(self, grants: Iterable[Grant]) -> Iterator[None]:
        """Roles were given something, of which their seats know already."""
        if self._chances is None and self._only_role is None:
            for number, grant in enumerate(grants, 1):
                self._tree.charge(grant.seat.role, grant.on.id, grant.bundle)
                if not number % MANY:
                    self._effort.done += MANY
                    yield

    def _contest(self, role: Role) -> Contest[Seat]:
        contest = self._contests[role] = Contest(role.seating, self._state.pool)
        self._effort.done += len(contest.order)
        return contest

    def _worked(self, effort: int) -> None:
        self._effort.done += effort

    # -- by shares or by chance ------------------------------------------------------------------------------

    def roles(self, stage: int, agent: Agent, seats: int) -> Iterable[Role]:
        """Roles in the order they are asked for an agent; those without any of the seats may be left out."""
        if self._only_role is not None:
            return (self._only_role,)
        roles = self._state.tree.roles
        are_few = seats.bit_count() * FEW < len(roles)
        among = {seat.role: None for seat in self._state.seats.of(seats)} if are_few else None
        if self._chances is None:
            return self._tree.in_order() if among is None else self._tree.sorted(among)
        names = [role.path for role in among] if among is not None else None
        self._effort.done += len(names or ())
        return (roles[path] for path in self._draws.roles(stage, agent.id, self._chances, names))

    def seats_of(self, stage: int, agent: Agent, role: Role, seats: int) -> Iterable[Seat]:
        """Seats of a role in the order they are asked; those that are not in the set may be left out."""
        are_few = (asked := seats.bit_count()) * FEW < len(role.seating)
        if self._chances is not None:
            table = self._state.seats
            names = [seat.framework.id for seat in table.of(seats)] if are_few else self._all_of(role)
            drawn = self._draws.frameworks(stage, agent.id, role.path, names)
            return (role.seats[name] for name in drawn)
        contest = self._contests.get(role) or self._contest(role)
        if are_few:
            self._effort.done += asked
            return contest.sorted(self._state.seats.of(seats))
        return (key[3] for key in contest.order)

    def _all_of(self, role: Role) -> list[str]:
        names = self._names.get(role)
        if names is None:
            names = self._names[role] = [seat.framework.id for seat in role.seating.members]
            self._effort.done += len(names)
        return names
