"""What a message of the master means to the state: one line for each.

Methods are looked up by the type of the message; an answer is what the next round should look at.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from cluster.allocator import messages as m
from cluster.allocator.candidates import Candidates
from cluster.allocator.state import AllocatorState

Event: TypeAlias = (
    m.AddFramework
    | m.UpdateFramework
    | m.RemoveFramework
    | m.ActivateFramework
    | m.DeactivateFramework
    | m.Suppress
    | m.Revive
    | m.AddAgent
    | m.UpdateAgent
    | m.AddResourceProvider
    | m.AddUse
    | m.RemoveAgent
    | m.ActivateAgent
    | m.DeactivateAgent
    | m.UpdateUnavailability
    | m.UpdateInverseOffer
    | m.Recover
    | m.Allocated
    | m.UpdateAllocation
    | m.UpdateQuota
    | m.UpdateWeights
    | m.UpdateWhitelist
    | m.Pause
    | m.Resume
    | m.BeginRecovery
)

Effect: TypeAlias = Callable[[AllocatorState, Any, float], Candidates | None]
"""Changes the state by a message at a time (seconds)."""

Work: TypeAlias = Generator[None, None, Candidates | None]
"""An effect a step at a time."""

Slow: TypeAlias = Callable[[AllocatorState, Any, int], Work | None]
"""What would take long in one go, so many at a time; None if it would not."""

EFFECTS: dict[type, Effect] = {
    m.AddFramework: lambda s, e, now_s: s.add_framework(
        e.framework_id,
        e.roles,
        suppressed=e.suppressed,
        capabilities=e.capabilities,
        is_active=e.is_active,
        min_allocatable=e.min_allocatable,
        constraints=e.constraints,
        used=e.used,
    ),
    m.UpdateFramework: lambda s, e, now_s: s.update_framework(
        e.framework_id,
        e.roles,
        suppressed=e.suppressed,
        capabilities=e.capabilities,
        min_allocatable=e.min_allocatable,
        constraints=e.constraints,
    ),
    m.RemoveFramework: lambda s, e, now_s: s.remove_framework(e.framework_id),
    m.ActivateFramework: lambda s, e, now_s: s.activate_framework(e.framework_id),
    m.DeactivateFramework: lambda s, e, now_s: s.deactivate_framework(e.framework_id),
    m.Suppress: lambda s, e, now_s: s.suppress(e.framework_id, e.roles),
    m.Revive: lambda s, e, now_s: s.revive(e.framework_id, e.roles),
    m.AddAgent: lambda s, e, now_s: s.add_agent(
        e.agent_id,
        e.info,
        e.total,
        epoch=e.epoch,
        capabilities=e.capabilities,
        used=e.used,
        unavailability=e.unavailability,
    ),
    m.UpdateAgent: lambda s, e, now_s: s.update_agent(
        e.agent_id, info=e.info, total=e.total, capabilities=e.capabilities
    ),
    m.AddResourceProvider: lambda s, e, now_s: s.add_resource_provider(e.agent_id, e.total, used=e.used),
    m.AddUse: lambda s, e, now_s: s.add_use(e.agent_id, e.framework_id, e.resources),
    m.RemoveAgent: lambda s, e, now_s: s.remove_agent(e.agent_id),
    m.ActivateAgent: lambda s, e, now_s: s.activate_agent(e.agent_id),
    m.DeactivateAgent: lambda s, e, now_s: s.deactivate_agent(e.agent_id),
    m.UpdateUnavailability: lambda s, e, now_s: s.update_unavailability(e.agent_id, e.unavailability),
    m.UpdateInverseOffer: lambda s, e, now_s: s.update_inverse_offer(
        e.agent_id, e.framework_id, now_s=now_s, status=e.status, refuse_s=e.refuse_s
    ),
    m.Recover: lambda s, e, now_s: s.recover(
        e.framework_id,
        e.agent_id,
        e.resources,
        now_s=now_s,
        refuse_s=e.refuse_s,
        is_allocated=e.is_allocated,
    ),
    m.Allocated: lambda s, e, now_s: s.transition_offered_to_allocated(
        e.framework_id, e.agent_id, e.resources
    ),
    m.UpdateAllocation: lambda s, e, now_s: s.update_allocation(
        e.framework_id, e.agent_id, e.offered, e.conversions
    ),
    m.UpdateQuota: lambda s, e, now_s: s.update_quota(e.role, e.quota.guarantees, e.quota.limits),
    m.UpdateWeights: lambda s, e, now_s: s.update_weights(e.weights),
    m.UpdateWhitelist: lambda s, e, now_s: s.update_whitelist(e.hostnames),
    m.Pause: lambda s, e, now_s: s.pause(),
    m.Resume: lambda s, e, now_s: s.resume(),
    m.BeginRecovery: lambda s, e, now_s: s.begin_recovery(e.expected_agents, e.quotas),
}

SLOW: dict[type, Slow] = {
    m.AddFramework: lambda s, e, step: (
        s.adding_framework(
            e.framework_id,
            e.roles,
            e.suppressed,
            e.capabilities,
            e.is_active,
            e.min_allocatable,
            e.constraints,
            e.used,
            step,
        )
        if len(e.roles) + len(e.used) > step or s.has_much(e.framework_id, step)
        else None
    ),
    m.UpdateFramework: lambda s, e, step: (
        s.updating_framework(
            e.framework_id, e.roles, e.suppressed, e.capabilities, e.min_allocatable, e.constraints, step
        )
        if len(e.roles) > step or s.is_busy(e.framework_id, step)
        else None
    ),
    m.RemoveFramework: lambda s, e, step: (
        s.removing_framework(e.framework_id, step) if s.is_busy(e.framework_id, step) else None
    ),
    m.ActivateFramework: lambda s, e, step: (
        s.activating_framework(e.framework_id, step) if s.is_busy(e.framework_id, step) else None
    ),
    m.DeactivateFramework: lambda s, e, step: (
        s.deactivating_framework(e.framework_id, step) if s.is_busy(e.framework_id, step) else None
    ),
    m.Suppress: lambda s, e, step: (
        s.suppressing(e.framework_id, e.roles, step) if s.is_busy(e.framework_id, step) else None
    ),
    m.Revive: lambda s, e, step: (
        s.reviving(e.framework_id, e.roles, step) if s.is_busy(e.framework_id, step) else None
    ),
    m.AddAgent: lambda s, e, step: (
        s.adding_agent(e.agent_id, e.info, e.total, e.epoch, e.capabilities, e.used, e.unavailability, step)
        if len(e.used) > step
        else None
    ),
    m.UpdateAllocation: lambda s, e, step: (
        s.updating_allocation(e.framework_id, e.agent_id, e.offered, e.conversions, step)
        if len(e.conversions) > step
        else None
    ),
    m.UpdateWeights: lambda s, e, step: (
        s.updating_weights(e.weights, step) if len(e.weights) > step else None
    ),
}
"""Events that are done a step at a time, if there is much to them."""

PRELUDES: dict[type, Slow] = {
    m.RemoveAgent: lambda s, e, step: (
        s.clearing_agent(e.agent_id, step) if s.is_crowded(e.agent_id, step) else None
    ),
    m.UpdateAgent: lambda s, e, step: (
        s.voiding_refusals(e.agent_id, step)
        if s.is_moved(e.agent_id, e.info) and s.is_crowded(e.agent_id, step)
        else None
    ),
}
"""Events that are easy once that is done beforehand, if there is much to it."""


def slowly(state: AllocatorState, event: Any, now_s: float, step: int) -> Work | None:
    """The effect of an event, so many at a time; None if it may happen at once.

    No other event and no question may come in between.
    """
    kind = type(event)
    if kind in SLOW:
        return SLOW[kind](state, event, step)
    if kind in PRELUDES and (prelude := PRELUDES[kind](state, event, step)) is not None:
        return _after(prelude, lambda: EFFECTS[kind](state, event, now_s))
    return None


def _after(prelude: Work, effect: Callable[[], Candidates | None]) -> Work:
    yield from prelude
    return effect()
