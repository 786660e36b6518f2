"""Which agents the next round is to look at; what an event asks for and what the actor gathers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidates:
    """Agents to look at: all of them, or these; false if there is nothing to do.

    Gather with `|`; a burst of events then costs one round.
    """

    is_all: bool = False
    agents: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.is_all or bool(self.agents)

    def __or__(self, other: Candidates) -> Candidates:
        if self.is_all or other.is_all:
            return ALL
        return Candidates(agents=self.agents | other.agents)

    def __contains__(self, agent: str) -> bool:
        return self.is_all or agent in self.agents


ALL = Candidates(is_all=True)
NONE = Candidates()


def only(*agents: str) -> Candidates:
    """Just these agents."""
    return Candidates(agents=frozenset(agents))
