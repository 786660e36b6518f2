"""What rounds come to: which agents they have to look at, and holding what they gave away.

Source: reference allocator.md §4.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator

from cluster.allocator.agents import Agent, hold_all
from cluster.allocator.books import Books
from cluster.allocator.bundle import Bundle
from cluster.allocator.candidates import Candidates
from cluster.allocator.round import Grant, Lot, Round
from cluster.allocator.seats import Seat

FEW_TASTES = 16
"""Tastes that are asked about an agent in no time."""
FEW_NAMED = 8
"""How many times fewer candidates than agents worth a look make it faster to go through the candidates."""


class Outcomes(Books):
    """Before a round and after it."""

    def expire_filters(self, now_s: float) -> None:
        """Drop filters that have ended; whoever asks sees no difference, but the agents are worth a look."""
        for _ in self.expiring_filters(now_s, 1 << 30):
            pass

    def expiring_filters(self, now_s: float, step: int) -> Iterator[None]:
        """Do the same on `step` agents at a time."""
        return self.refusals.expiring(now_s, self.full_rounds, step)

    def worth_a_look(self, candidates: Candidates, step: int) -> Generator[None, None, list[Agent]]:
        """The candidates that a round has to look at: nobody would be given anything of the others.

        Found `step` agents at a time where each of them has to be asked for.
        """
        openings = self.openings
        if openings.held_back and (self.ledger.has_grown or openings.open):
            openings.reopen_held_back()
        if not openings.open:
            return []
        if candidates.is_all:
            agents = list(openings.open)
        elif len(names := candidates.agents) * FEW_NAMED < len(openings.open):
            named = [self.agents[name] for name in sorted(names) if name in self.agents]
            agents = [agent for agent in named if agent in openings.open]
        else:
            agents = [agent for agent in openings.open if agent.id in names]
        if self.whitelist is None and not self._inactive:
            return agents
        offered: list[Agent] = []
        for first in range(0, len(agents), step):
            part = agents[first : first + step]
            offered += [agent for agent in part if agent.is_active and self.is_whitelisted(agent)]
            yield
        return offered

    def is_whitelisted(self, agent: Agent) -> bool:
        """Whether the agent's hostname may be offered."""
        return self.whitelist is None or agent.hostname in self.whitelist

    def apply(self, result: Round) -> None:
        """Hold what a round gave away. Nothing may have happened since the round was decided."""
        for _ in self.applying(result, 1 << 30):
            pass

    def applying(self, result: Round, step: int) -> Generator[None, None, list[Lot]]:
        """Do the same, `step` grants at a time; no event and no question may come in between.

        Gives all that was given away in lots.
        """
        if result.candidates.is_all:
            self.full_rounds += 1
            self.ledger.has_grown = False
        if result.is_empty:
            self.openings.shrink()
            return []
        # Agents are alike, so seats are charged kind by kind and not grant by grant.
        opened = self.openings.open
        for lot in result.lots:
            is_everything = len(lot.agents) == len(opened)
            for first in range(0, len(lot.agents), step):
                part = lot.agents[first : first + step]
                hold_all(part, lot.seat.holder, lot.bundle, lot.seat.holds_on)
                if not is_everything:
                    for agent in part:
                        opened.pop(agent, None)
                yield
            if is_everything:
                opened.clear()
        singles: dict[tuple[Seat, Bundle], list[Agent]] = {}
        for first in range(0, len(result.singles), step):
            yield from self._hold(result.singles[first : first + step], singles, step)
            yield
        lots = list(result.lots)
        for number, lot in enumerate(lots, 1):
            self._charge_lot(lot)
            if not number % step:
                yield
        kinds = list(reversed(singles))
        while kinds:  # let go of one by one: to drop them all at once would take long, too
            for kind in kinds[: -step - 1 : -1]:
                lot = Lot(*kind, singles.pop(kind))
                lots.append(lot)
                self._charge_lot(lot)
            del kinds[-step:]
            yield
        for number, inverse in enumerate(result.inverse_offers, 1):
            self.agents[inverse.agent].inverse_outstanding[inverse.framework] = None
            if not number % step:
                yield
        yield from self._set_aside(result, step)
        return lots

    def _charge_lot(self, lot: Lot) -> None:
        if not lot.bundle.shared:
            self._charge_often(lot.seat, lot.bundle, len(lot.agents))

    def _hold(
        self, grants: Iterable[Grant], lots: dict[tuple[Seat, Bundle], list[Agent]], step: int
    ) -> Iterator[None]:
        """Agents and seats take note of grants; shared resources are charged at once, the others by lots."""
        opened = self.openings.open
        partly: dict[Agent, None] = {}
        for grant in grants:
            seat, agent, bundle = grant.seat, grant.on, grant.bundle
            lot = lots.get((seat, bundle))
            if lot is None:
                lots[seat, bundle] = [agent]
            else:
                lot.append(agent)
            if agent.hold(seat.holder, bundle):
                opened.pop(agent, None)
            elif bundle.shared:
                self._charge_seat(seat, agent.id, bundle)
            else:
                partly[agent] = None
            seat.holds_on[agent.id] = None
        effort = 0
        for agent in partly:
            effort += agent.free_effort
            if effort > step:
                effort = 0
                yield
            if not agent.free.resources:
                opened.pop(agent, None)

    def _set_aside(self, result: Round, step: int) -> Iterator[None]:
        """Look no more at agents that nobody wanted."""
        openings, tastes = self.openings, self.seats.tastes()
        few = max(1, step // (1 + len(tastes) // FEW_TASTES))
        for first in range(0, len(result.settled), few):
            for agent in result.settled[first : first + few]:
                free = agent.free
                if not free:
                    openings.forget(agent)
                elif tastes and not any(free.is_worth(taste) for taste in tastes):
                    openings.set_aside(agent, openings.poor)
                else:
                    openings.set_aside(agent, openings.settled)
            yield
        for first in range(0, len(result.held_back), step):
            for agent in result.held_back[first : first + step]:
                openings.set_aside(agent, openings.held_back)
            yield
        openings.shrink()
