"""Seats: a framework in a role, the one that is offered things. Sets of seats are integers, a bit each.

What keeps seats from an agent (no capability, a refusal, too little) is kept as such sets, so that whoever
may be offered an agent is found by a few operations on integers, however many frameworks there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cluster.allocator.bundle import Taste
from cluster.allocator.filters import Refusal
from cluster.allocator.ranking import Client
from cluster.model import Quantities

if TYPE_CHECKING:
    from cluster.allocator.agents import Agent
    from cluster.allocator.frameworks import Framework
    from cluster.allocator.tree import Role


FEW_TASTES = 16
"""So many more than there can be are not worth tidying up."""


class Seat(Client):
    """A framework in a role: what it holds there, what it refused there, and its bit."""

    __slots__ = (
        "bit",
        "filters",
        "framework",
        "holder",
        "holds_on",
        "is_listed",
        "refusals",
        "role",
        "taste",
    )

    def __init__(self, framework: Framework, role: Role, bit: int, taste: Taste) -> None:
        super().__init__(framework.id)
        self.framework = framework
        self.role = role
        self.bit = bit
        self.taste = taste
        self.holder = (framework.id, role.path)
        self.is_listed = False
        #: Agents it holds something on.
        self.holds_on: dict[str, None] = {}
        #: What it refused, by agent, and how many filters these are.
        self.refusals: dict[Agent, Refusal] = {}
        self.filters = 0


class SeatTable:
    """Bits of seats, and which seats are listed, or lack what some agents ask for."""

    def __init__(self) -> None:
        self._by_index: list[Seat | None] = []
        self._free: list[int] = []
        self._tastes: dict[tuple[tuple[Quantities, ...], tuple[bool, bool, bool]], Taste] = {}
        #: Seats that want offers now.
        self.listed = 0
        #: Seats, listed or not, whose framework ...
        self.lacks_gpus = 0  # is not offered agents with GPUs
        self.lacks_region = 0  # is not offered remote agents
        self.is_multi_role = 0  # is not offered agents without MULTI_ROLE
        self.is_nested = 0  # has a role of the kind that agents without HIERARCHICAL_ROLE do not know
        self.has_constraints = 0
        self.has_host_constraints = 0

    def __len__(self) -> int:
        return len(self._by_index) - len(self._free)

    def new_bit(self) -> int:
        """A bit that no seat has."""
        if not self._free:
            self._by_index.append(None)
            return 1 << (len(self._by_index) - 1)
        return 1 << self._free.pop()

    def add(self, seat: Seat) -> None:
        """A seat came to be, with a new bit."""
        self._by_index[seat.bit.bit_length() - 1] = seat
        self.describe(seat)

    def remove(self, seat: Seat) -> None:
        """A seat is gone; nothing about agents may mention its bit any more."""
        self.unlist(seat)
        keep = ~seat.bit
        self.lacks_gpus &= keep
        self.lacks_region &= keep
        self.is_multi_role &= keep
        self.is_nested &= keep
        self.has_constraints &= keep
        self.has_host_constraints &= keep
        index = seat.bit.bit_length() - 1
        self._by_index[index] = None
        self._free.append(index)

    def describe(self, seat: Seat) -> None:
        """Take over what the framework of a seat can take."""
        framework, bit = seat.framework, seat.bit
        self.lacks_gpus = _with(self.lacks_gpus, bit, not framework.takes_gpus)
        self.lacks_region = _with(self.lacks_region, bit, not framework.takes_remote)
        self.is_multi_role = _with(self.is_multi_role, bit, framework.has_multi_role)
        self.is_nested = _with(self.is_nested, bit, "/" in seat.role.path)
        constraints = framework.constraints.get(seat.role.path)
        self.has_constraints = _with(self.has_constraints, bit, constraints is not None)
        is_about_hosts = constraints is not None and constraints.is_about_hosts
        self.has_host_constraints = _with(self.has_host_constraints, bit, is_about_hosts)

    def taste(self, alternatives: tuple[Quantities, ...], takes: tuple[bool, bool, bool]) -> Taste:
        """The one taste with these properties."""
        found = self._tastes.get((alternatives, takes))
        if found is None:
            if len(self._tastes) > FEW_TASTES + 2 * len(self):
                self._forget_tastes()
            found = self._tastes[alternatives, takes] = Taste(alternatives, takes)
        return found

    def _forget_tastes(self) -> None:
        """Drop those that no seat has any more: a framework may change its mind as often as it likes."""
        used = {seat.taste for seat in self._by_index if seat is not None}
        self._tastes = {key: taste for key, taste in self._tastes.items() if taste in used}

    def tastes(self) -> list[Taste]:
        """Tastes of the seats that are listed."""
        return [taste for taste in self._tastes.values() if taste.mask]

    def list(self, seat: Seat) -> None:
        """The seat wants offers."""
        seat.is_listed = True
        self.listed |= seat.bit
        seat.taste.mask |= seat.bit
        seat.role.mask |= seat.bit
        seat.role.seating.add(seat)

    def unlist(self, seat: Seat) -> None:
        """The seat wants no offers."""
        if seat.is_listed:
            seat.is_listed = False
            self.listed &= ~seat.bit
            seat.taste.mask &= ~seat.bit
            seat.role.mask &= ~seat.bit
            seat.role.seating.discard(seat)

    def of(self, mask: int) -> Iterator[Seat]:
        """The seats of a set."""
        by_index = self._by_index
        while mask:
            low = mask & -mask
            mask ^= low
            seat = by_index[low.bit_length() - 1]
            assert seat is not None, "a seat that is gone is still in a set"
            yield seat


def _with(mask: int, bit: int, is_member: bool) -> int:
    return mask | bit if is_member else mask & ~bit
