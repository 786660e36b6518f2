"""Agents that a master had and has no more: who they were, since when they are away, and why.

For people only: what the master decides about such agents it decides by their ids.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import NamedTuple

#: How many agents that left by themselves are remembered.
MAX_LEFT = 1000


class Absence(enum.Enum):
    """How an agent came to be away."""

    UNREACHABLE = "unreachable"  # nobody knows what it does; it may come back
    GONE = "gone"  # an operator said so; it is shut down if it comes back
    LEFT = "left"  # it said goodbye, or another agent has its address


class AwayAgent(NamedTuple):
    """An agent that is away. `_s`: seconds since the epoch. `tasks`: how many it had when it was lost."""

    id: str
    hostname: str
    pid: str
    absence: Absence
    since_s: float
    why: str
    registered_s: float
    flaps: int
    tasks: int


class AwayAgents:
    """The memory of them. How many are kept of the first two kinds is up to whoever notes them."""

    def __init__(self) -> None:
        self._by_kind: dict[Absence, OrderedDict[str, AwayAgent]] = {kind: OrderedDict() for kind in Absence}

    def note(self, agent: AwayAgent) -> None:
        """An agent is away."""
        self.forget(agent.id)
        self._by_kind[agent.absence][agent.id] = agent
        left = self._by_kind[Absence.LEFT]
        if len(left) > MAX_LEFT:
            left.popitem(last=False)

    def declare_gone(self, agent_id: str, at_s: float, why: str) -> None:
        """One that is away is gone for good."""
        known = self.find(agent_id)
        if known is not None and known.absence is not Absence.GONE:
            self.note(known._replace(absence=Absence.GONE, since_s=at_s, why=why))

    def forget(self, agent_id: str) -> None:
        """It is back, or must make room."""
        for agents in self._by_kind.values():
            agents.pop(agent_id, None)

    def find(self, agent_id: str) -> AwayAgent | None:
        """The agent with this id; None if it is not remembered."""
        for agents in self._by_kind.values():
            if (found := agents.get(agent_id)) is not None:
                return found
        return None

    def ids(self, absence: Absence) -> list[str]:
        """Those of one kind, the longest away first."""
        return list(self._by_kind[absence])

    def listed(self, agent_id: str | None = None) -> tuple[AwayAgent, ...]:
        """All of them, or the one with this id if it is remembered."""
        if agent_id is not None:
            found = self.find(agent_id)
            return (found,) if found is not None else ()
        return tuple(agent for agents in self._by_kind.values() for agent in agents.values())
