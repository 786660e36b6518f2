"""What a round decided, small enough to keep: what was given away, not what was not (see `explain`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec

from cluster.allocator.agents import Agent
from cluster.allocator.bundle import Bundle
from cluster.allocator.candidates import Candidates
from cluster.allocator.seats import Seat
from cluster.model import Resources, Unavailability


class Grant(msgspec.Struct, frozen=True, gc=False):
    """A bundle of an agent that a seat gets."""

    seat: Seat
    on: Agent
    bundle: Bundle

    @property
    def framework(self) -> str:
        """Who gets it."""
        return self.seat.framework.id

    @property
    def role(self) -> str:
        """For which role."""
        return self.seat.role.path

    @property
    def agent(self) -> str:
        """Of which agent."""
        return self.on.id

    @property
    def resources(self) -> Resources:
        """What, in unallocated form."""
        return self.bundle.resources


class Lot(msgspec.Struct, frozen=True, gc=False):
    """A bundle of each of several agents that a seat gets."""

    seat: Seat
    bundle: Bundle
    agents: list[Agent]

    def grants(self) -> Iterator[Grant]:
        """The same one by one."""
        return (Grant(self.seat, agent, self.bundle) for agent in self.agents)


@dataclass(frozen=True, slots=True)
class InverseGrant:
    """A framework is asked to leave an agent; no resources are named."""

    framework: str
    agent: str
    unavailability: Unavailability


@dataclass(frozen=True, slots=True)
class Round:
    """Outcome of one round. Its sequences are those in which it was decided; nobody changes them any more."""

    candidates: Candidates
    lots: tuple[Lot, ...]
    """What was given away wholesale."""
    singles: Sequence[Grant]
    """All the rest, in the order decided: guarantees, then the fair share."""
    inverse_offers: tuple[InverseGrant, ...]
    looked_at: int
    """Agents looked at: those that changed, or about whom somebody may think otherwise now."""
    settled: Sequence[Agent]
    """Agents with something free that nobody wants: not worth a look until something changes."""
    held_back: Sequence[Agent]
    """Agents of which quota kept something from somebody."""
    at_s: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing comes of it."""
        return not (self.lots or self.singles or self.inverse_offers or self.settled or self.held_back)

    def grants_one_by_one(self) -> Iterator[Grant]:
        """All that was given away, made as they are taken."""
        return chain(*(lot.grants() for lot in self.lots), self.singles)

    @property
    def grants(self) -> tuple[Grant, ...]:
        """All that was given away."""
        return tuple(self.grants_one_by_one())

    def offers(self) -> dict[str, dict[str, dict[str, Resources]]]:
        """Framework to role to agent to resources, allocated to the role, as offers carry them."""
        offers: dict[str, dict[str, dict[str, Resources]]] = {}
        for grant in self.grants:
            by_agent = offers.setdefault(grant.framework, {}).setdefault(grant.role, {})
            mine = grant.bundle.allocated(grant.role)
            before = by_agent.get(grant.agent)
            by_agent[grant.agent] = mine if before is None else before + mine
        return offers
