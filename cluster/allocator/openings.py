"""Agents worth a look: what makes a round cost what changed, and not what there is.

An agent that a round looked at and nobody wanted is set aside until something happens that may change
somebody's mind; one without anything free is not here at all.
"""

from __future__ import annotations

from cluster.allocator.agents import Agent

FEW = 64
"""Agents that are copied in no time."""


class Openings:
    """Agents with something free, or that may have: `open` ones, and those set aside with the reason."""

    __slots__ = ("held_back", "open", "poor", "settled")

    def __init__(self) -> None:
        #: To be looked at.
        self.open: dict[Agent, None] = {}
        #: Nobody wants what is free.
        self.settled: dict[Agent, None] = {}
        #: Quota keeps what is free.
        self.held_back: dict[Agent, None] = {}
        #: What is free is too little for any framework there is.
        self.poor: dict[Agent, None] = {}

    def __len__(self) -> int:
        return len(self.open) + len(self.settled) + len(self.held_back) + len(self.poor)

    def reopen(self, agent: Agent) -> None:
        """Something about an agent changed."""
        self.open[agent] = None
        self.settled.pop(agent, None)
        self.held_back.pop(agent, None)
        self.poor.pop(agent, None)

    def reopen_settled(self, *, with_poor: bool) -> None:
        """Somebody wants offers who did not before; `with_poor`: perhaps smaller ones than anybody."""
        self._reopen(self.settled)
        self._reopen(self.held_back)
        if with_poor:
            self._reopen(self.poor)

    def reopen_held_back(self) -> None:
        """Quota may give something free."""
        self._reopen(self.held_back)

    def set_aside(self, agent: Agent, place: dict[Agent, None]) -> None:
        """Look at an agent no more; `place` is one of the above."""
        if agent in self.open:
            del self.open[agent]
            place[agent] = None

    def shrink(self) -> None:
        """A dict that was large is slow to walk even when hardly anything is left in it."""
        if len(self.open) < FEW:
            self.open = dict(self.open)

    def forget(self, agent: Agent) -> None:
        """The agent has nothing free, or is gone."""
        self.reopen(agent)
        del self.open[agent]

    def _reopen(self, place: dict[Agent, None]) -> None:
        if place:
            self.open.update(place)
            place.clear()
