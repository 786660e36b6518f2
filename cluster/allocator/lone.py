"""One seat alone wants offers: it is given everything that nothing speaks against, agent after agent.

That is the first framework of a cluster, or the only one that is not suppressed. There is nobody to compare
with and so no order to keep, and agents are mostly alike: they are put together in lots.

Source: reference allocator.md §4, with a single client.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from cluster.allocator.agents import Agent
from cluster.allocator.bundle import Bundle
from cluster.allocator.round import Lot
from cluster.allocator.seats import Seat

FEW = 4
"""Work, in plain agents, up to which it is soon found out what is free of one."""


class Lone:
    """What a seat without rivals gets."""

    __slots__ = ("_alike", "_given", "_left", "_lots", "_seat", "others")

    def __init__(self, seat: Seat, agents: Iterable[Agent]) -> None:
        self._seat = seat
        self._left = iter(agents)
        self._lots: dict[Bundle, Lot] = {}
        self._alike: Bundle | None = None
        self._given: list[Agent] = []
        #: Agents that want a closer look.
        self.others: list[Agent] = []

    def advance(self, agents: int) -> bool:
        """Look at so many more agents; whether that was all."""
        taste, others = self._seat.taste, self.others
        alike, given = self._alike, self._given
        part = list(islice(self._left, agents))
        for agent in part:
            if agent.refused_by or not agent.is_ordinary:
                others.append(agent)
                continue
            free = agent.known_free
            if free is not alike or free is None:
                if agent.free_effort > FEW:
                    others.append(agent)
                    continue
                free = agent.free
                if not (free.is_open and free.is_common and free.is_worth(taste)):
                    others.append(agent)
                    continue
                lot = self._lots.get(free)
                if lot is None:
                    lot = self._lots[free] = Lot(self._seat, free, [])
                alike, given = free, lot.agents
            given.append(agent)
        self._alike, self._given = alike, given
        return len(part) < agents

    def lots(self) -> tuple[Lot, ...]:
        """What was given so far."""
        return tuple(self._lots.values())
