"""An allocator under test: what scripts and random histories are played on, whichever it is.

`Subject` is all they need. `Clocked` does for any implementation what the actor around it does: gathers the
candidates that events want, runs them as one round, runs a round over all agents every interval.

Source: reference allocator.md §3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Protocol

from cluster.model import Resources
from tests.oracle.allocator import Oracle
from tests.oracle.chance import Chance
from tests.oracle.events import BeginRecovery, EndRecovery, Event, RemoveAgent, arguments_of, method_of
from tests.oracle.explain import explain
from tests.oracle.metrics import gauges, shares
from tests.oracle.records import ALL, NONE, Candidates, Options
from tests.oracle.round import Round, frameworks_in_order, roles_in_order

Chances = Callable[[int], Chance]
"""The chance of each round, by its number."""


class Unsupported(Exception):
    """Raised when a subject does not know an event, an option or an answer, yet."""


class Subject(Protocol):
    """An allocator with a clock."""

    now_s: float

    def play(self, event: Event) -> bool:
        """Let something happen; False if it was refused. Rounds it wants are run by `run_round`."""

    def run_round(self) -> Round | None:
        """Run what is wanted; None if nothing is, or while paused."""

    def advance(self, seconds: float) -> list[Round]:
        """Let time pass, with the rounds over all agents that fall due."""

    def agents(self) -> list[str]:
        """Agents in order of arrival."""

    def available(self, agent_id: str) -> Resources:
        """What is free on an agent, shared resources always in full."""

    def held(self, agent_id: str) -> Mapping[tuple[str, str], Resources]:
        """What is offered or allocated of an agent, by framework and role, unallocated form."""

    def shares(self) -> Mapping[str, Fraction]:
        """Weighted dominant shares: of a role with all below it as `role`, else as `role framework`."""

    def roles(self) -> list[str]:
        """Roles with frameworks in the order a round would ask them now."""

    def frameworks(self, role: str) -> list[str]:
        """Frameworks of a role that want offers, in that order."""

    def gauges(self) -> Mapping[str, float]:
        """Metrics by their names, without `allocator/mesos/`."""

    def withheld(self, framework_id: str, role: str) -> Mapping[str, int]:
        """Agents not offered to a framework for a role, by the name of the reason (`explain.Why`)."""


class Clocked:
    """The part of a subject that is the same for all; the rest is `call`, `is_paused` and `round`."""

    last_round: Round | None = None

    def __init__(self, options: Options, chances: Chances) -> None:
        self.now_s = 0.0
        self._interval_s = options.allocation_interval_s
        self._recovery_timeout_s = options.recovery_timeout_s
        self._chances = chances
        self._rounds = 0
        self._wanted = NONE
        self._is_round_due = False
        self._batch_due_s = self._interval_s
        self._recovery_due_s: float | None = None

    def call(self, method: str, arguments: dict[str, Any]) -> Candidates | bool | None:
        """Carry an event out; the candidates it wants, or whether it was accepted, if it says so.

        Raises: Unsupported.
        """
        raise NotImplementedError

    def is_paused(self) -> bool:
        """Whether no round may run."""
        raise NotImplementedError

    def round(self, candidates: Candidates, chance: Chance) -> Round:
        """Decide a round and carry it out."""
        raise NotImplementedError

    def play(self, event: Event) -> bool:
        """See `Subject`."""
        answer = self.call(method_of(event), arguments_of(event, self.now_s))
        if isinstance(event, RemoveAgent):
            self._wanted = Candidates(self._wanted.is_all, self._wanted.agents - {event.agent_id})
        if isinstance(event, BeginRecovery):
            self._recovery_due_s = self.now_s + self._recovery_timeout_s
        if isinstance(answer, Candidates):
            self._want(answer)
        return answer is not False

    def run_round(self) -> Round | None:
        """See `Subject`. A round that falls into a pause is left out; its candidates stay wanted."""
        if not self._is_round_due:
            return None
        self._is_round_due = False
        if self.is_paused():
            return None
        wanted, self._wanted = self._wanted, NONE
        self._rounds += 1
        self.last_round = self.round(wanted, self._chances(self._rounds))
        return self.last_round

    def advance(self, seconds: float) -> list[Round]:
        """See `Subject`."""
        until_s, rounds = self.now_s + seconds, []
        while (due_s := min(self._batch_due_s, self._recovery_due_s or self._batch_due_s)) <= until_s:
            self.now_s = due_s
            if due_s == self._recovery_due_s:
                self._recovery_due_s = None
                self.play(EndRecovery())
            else:
                self._batch_due_s += self._interval_s
                self._want(NONE if self.is_paused() else ALL)
                rounds += [done for done in [self.run_round()] if done is not None]
        self.now_s = until_s
        return rounds

    def _want(self, candidates: Candidates) -> None:
        if candidates:
            self._wanted |= candidates
            self._is_round_due = True


class OracleSubject(Clocked):
    """The oracle as a subject."""

    def __init__(self, options: Options, chances: Chances) -> None:
        super().__init__(options, chances)
        self.oracle = Oracle(options)

    def call(self, method: str, arguments: dict[str, Any]) -> Candidates | bool | None:
        """See `Clocked`."""
        answer: Candidates | bool | None = getattr(self.oracle, method)(**arguments)
        return answer

    def is_paused(self) -> bool:
        """See `Clocked`."""
        return self.oracle.is_paused

    def round(self, candidates: Candidates, chance: Chance) -> Round:
        """See `Clocked`."""
        result = self.oracle.decide(candidates, self.now_s, chance)
        self.oracle.apply(result)
        return result

    def agents(self) -> list[str]:
        """See `Subject`."""
        return list(self.oracle.state.agents)

    def available(self, agent_id: str) -> Resources:
        """See `Subject`."""
        return self.oracle.state.agents[agent_id].available

    def held(self, agent_id: str) -> Mapping[tuple[str, str], Resources]:
        """See `Subject`."""
        return dict(self.oracle.state.agents[agent_id].held)

    def shares(self) -> Mapping[str, Fraction]:
        """See `Subject`."""
        return shares(self.oracle.state)

    def roles(self) -> list[str]:
        """See `Subject`."""
        return roles_in_order(self.oracle.state, self._chances(self._rounds + 1), "asked")

    def frameworks(self, role: str) -> list[str]:
        """See `Subject`."""
        return frameworks_in_order(self.oracle.state, role, self._chances(self._rounds + 1), "asked")

    def gauges(self) -> Mapping[str, float]:
        """See `Subject`."""
        return gauges(self.oracle.state, self.now_s)

    def withheld(self, framework_id: str, role: str) -> Mapping[str, int]:
        """See `Subject`."""
        answer = explain(self.oracle.state, self.last_round, framework_id, role, self.now_s)
        assert answer.offered + answer.withheld.total() == answer.agents
        return {why.name: agents for why, agents in answer.withheld.items()}
