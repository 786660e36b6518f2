"""The allocator as an actor: gathers events, runs rounds, tells the master who gets what.

An event only changes the state and adds to the candidates of the next round. The round itself is a
message to self, so a burst of events costs one round, behind all of them. Besides there is a round
over all agents every allocation interval.

Source: reference allocator.md §3.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from actors import NANOS, PID, Actor, Rng, handles
from cluster.allocator import messages as m
from cluster.allocator.allocate import Round, allocate
from cluster.allocator.candidates import ALL, NONE, Candidates
from cluster.allocator.explain import explain
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.shares import shares
from cluster.allocator.state import AllocatorState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoundDue:
    """To self: run a round for the candidates gathered."""


@dataclass(frozen=True, slots=True)
class IntervalOver:
    """To self: time for a round over everything."""


class AllocatorActor(Actor):
    """Owns an `AllocatorState`; answers the master `master`, which spawned it."""

    def __init__(self, options: AllocatorOptions, master: PID) -> None:
        self._options = options
        self._master = master
        self.state = AllocatorState(options)
        self._epochs: dict[str, int] = {}
        self._candidates = NONE
        self._is_round_due = False
        self.last_round: Round | None = None
        self._rng: Rng

    def initialize(self) -> None:
        self._rng = self.rng()
        self.metrics.declare("allocator/mesos/allocation_runs")
        self.delay(self._options.allocation_interval_s, IntervalOver())

    # -- rounds -------------------------------------------------------------------------------

    def _want(self, candidates: Candidates) -> None:
        if candidates:
            self._candidates |= candidates
            if not self._is_round_due:
                self._is_round_due = True
                self.send(self.pid, RoundDue())

    @handles
    def on_round_due(self, sender: PID, message: RoundDue) -> None:
        self._is_round_due = False
        if self._candidates and not self.state.is_paused:
            candidates, self._candidates = self._candidates, NONE
            self._run(candidates)

    @handles
    def on_interval_over(self, sender: PID, message: IntervalOver) -> None:
        if not self.state.is_paused:
            self._candidates = NONE
            self._run(ALL)
            self.state.expire_filters(self._now_s())
        self.delay(self._options.allocation_interval_s, IntervalOver())

    def _run(self, candidates: Candidates) -> None:
        result = allocate(self.state, candidates, self._now_s(), self._rng.shuffle)
        self.state.apply(result)
        self.last_round = result
        self.metrics.count("allocator/mesos/allocation_runs")
        for framework_id, by_role in result.offers().items():
            grants = tuple(
                m.Granted(role, agent_id, self._epochs[agent_id], resources)
                for role, by_agent in by_role.items()
                for agent_id, resources in by_agent.items()
            )
            self.send(self._master, m.OffersMade(framework_id, grants))

    def _now_s(self) -> float:
        return self.clock.now() / NANOS

    # -- frameworks ---------------------------------------------------------------------------

    @handles
    def on_add_framework(self, sender: PID, message: m.AddFramework) -> None:
        self._want(
            self.state.add_framework(
                message.framework_id,
                message.roles,
                suppressed=message.suppressed,
                capabilities=message.capabilities,
                is_active=message.is_active,
                min_allocatable=message.min_allocatable,
                used=message.used,
            )
        )

    @handles
    def on_update_framework(self, sender: PID, message: m.UpdateFramework) -> None:
        self.state.update_framework(
            message.framework_id,
            message.roles,
            suppressed=message.suppressed,
            capabilities=message.capabilities,
            min_allocatable=message.min_allocatable,
        )

    @handles
    def on_remove_framework(self, sender: PID, message: m.RemoveFramework) -> None:
        self.state.remove_framework(message.framework_id)

    @handles
    def on_activate_framework(self, sender: PID, message: m.ActivateFramework) -> None:
        self._want(self.state.activate_framework(message.framework_id))

    @handles
    def on_deactivate_framework(self, sender: PID, message: m.DeactivateFramework) -> None:
        self.state.deactivate_framework(message.framework_id)

    @handles
    def on_suppress(self, sender: PID, message: m.Suppress) -> None:
        self.state.suppress(message.framework_id, message.roles)

    @handles
    def on_revive(self, sender: PID, message: m.Revive) -> None:
        self._want(self.state.revive(message.framework_id, message.roles))

    # -- agents -------------------------------------------------------------------------------

    @handles
    def on_add_agent(self, sender: PID, message: m.AddAgent) -> None:
        self._epochs[message.agent_id] = message.epoch
        self._want(
            self.state.add_agent(
                message.agent_id,
                message.info,
                message.total,
                capabilities=message.capabilities,
                used=message.used,
            )
        )

    @handles
    def on_update_agent(self, sender: PID, message: m.UpdateAgent) -> None:
        self._want(self.state.update_agent(message.agent_id, info=message.info, total=message.total))

    @handles
    def on_add_use(self, sender: PID, message: m.AddUse) -> None:
        if self._epochs.get(message.agent_id) == message.epoch:
            self.state.add_use(message.agent_id, message.framework_id, message.resources)

    @handles
    def on_remove_agent(self, sender: PID, message: m.RemoveAgent) -> None:
        self.state.remove_agent(message.agent_id)
        del self._epochs[message.agent_id]

    @handles
    def on_activate_agent(self, sender: PID, message: m.ActivateAgent) -> None:
        self.state.activate_agent(message.agent_id)

    @handles
    def on_deactivate_agent(self, sender: PID, message: m.DeactivateAgent) -> None:
        self.state.deactivate_agent(message.agent_id)

    # -- resources ----------------------------------------------------------------------------

    @handles
    def on_recover(self, sender: PID, message: m.Recover) -> None:
        if self._epochs.get(message.agent_id) == message.epoch:
            self.state.recover(
                message.framework_id,
                message.agent_id,
                message.resources,
                now_s=self._now_s(),
                refuse_s=message.refuse_s,
                is_allocated=message.is_allocated,
            )

    @handles
    def on_allocated(self, sender: PID, message: m.Allocated) -> None:
        if self._epochs.get(message.agent_id) == message.epoch:
            self.state.transition_offered_to_allocated(
                message.framework_id, message.agent_id, message.resources
            )

    @handles
    def on_update_weights(self, sender: PID, message: m.UpdateWeights) -> None:
        self.state.update_weights(message.weights)

    # -- questions ----------------------------------------------------------------------------

    @handles
    def on_get_shares(self, sender: PID, message: m.GetShares) -> None:
        self.send(sender, m.Shares(shares(self.state)))

    @handles
    def on_explain(self, sender: PID, message: m.Explain) -> None:
        known = message.framework_id in self.state.frameworks
        found = (
            explain(self.state, self.last_round, message.framework_id, message.role, self._now_s())
            if known
            else None
        )
        self.send(sender, m.Explained(found))
