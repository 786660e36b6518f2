"""Frameworks: subscribing, failing over, being disconnected, ending.

Source: reference scheduler-executor-api.md §2, master.md §6.
"""

from __future__ import annotations

import logging
from collections import deque

from msgspec.structs import replace

from actors import NOWHERE, PID
from cluster.allocator import BadConstraint, constraints_of, min_allocatable_of
from cluster.allocator import messages as alloc
from cluster.master.agents import Agents
from cluster.master.context import Context
from cluster.master.offers import Offers
from cluster.master.state import FrameworkEntry, Standing
from cluster.master.tasks import Tasks
from cluster.master.timers import FailoverLate, HeartbeatDue
from cluster.model import FrameworkID, FrameworkInfo, Reason, TaskState
from cluster.protocol import agent as agent_protocol
from cluster.protocol import scheduler as protocol
from cluster.protocol.subscription import Closed, FrameworkUpdated
from cluster.validation import framework_violations, sentence

log = logging.getLogger(__name__)


class Frameworks:
    """All that happens to frameworks. `agents` is set once both exist."""

    agents: Agents

    def __init__(self, context: Context, offers: Offers, tasks: Tasks) -> None:
        self._c = context
        self._offers = offers
        self._tasks = tasks

    # -- subscribing --------------------------------------------------------------------------

    def subscribe(self, pid: PID, message: protocol.Subscribe) -> None:
        """A scheduler wants events: as a new framework, or as one that exists."""
        fault = self._fault(message)
        if fault:
            log.info("subscription of %s at %s is refused: %s", message.framework_info.name, pid, fault)
            self._c.send(pid, protocol.Error(fault))
            return
        info = message.framework_info
        framework = self._c.state.frameworks.get(info.id.value) if info.id is not None else None
        if framework is None and info.id is not None and info.id.value:
            framework = self.recover(info)
        if framework is None:
            self._subscribe_new(pid, message)
        else:
            self._subscribe_again(framework, pid, message)

    def _fault(self, message: protocol.Subscribe) -> str:
        info = message.framework_info
        settings = self._c.settings
        violations = framework_violations(
            info, message.suppressed_roles, settings.roles, settings.root_submissions
        )
        if violations:
            return sentence(violations)
        if info.id is not None and info.id.value in self._c.state.completed_frameworks:
            return "Framework has been removed"
        known = self._c.state.frameworks.get(info.id.value) if info.id is not None else None
        if known is not None and known.info.principal != info.principal:
            return "framework_info.principal: must not change"
        try:
            constraints_of(message.offer_constraints, settings.regex_limits)
        except BadConstraint as fault:
            return f"offer_constraints: {fault}"
        return ""

    def _subscribe_new(self, pid: PID, message: protocol.Subscribe) -> None:
        known = self._c.state.framework_by_pid.get(pid)
        if known is not None:  # it did not hear our first answer
            self._welcome(known)
            return
        framework = self._new_entry(
            replace(message.framework_info, id=FrameworkID(self._c.ids.framework())), Standing.DISCONNECTED
        )
        log.info("framework %s (%s) at %s subscribed", framework.id, framework.info.name, pid)
        self._c.state.add_framework(framework)
        self._connect(framework, pid)
        self._c.feed.framework_added(framework)
        framework.suppressed = message.suppressed_roles
        framework.constraints = message.offer_constraints
        self._add_to_allocator(framework, is_active=True)

    def _subscribe_again(self, framework: FrameworkEntry, pid: PID, message: protocol.Subscribe) -> None:
        c = self._c
        if framework.is_connected and framework.pid == pid:
            self._welcome(framework)
            return
        log.info("framework %s (%s) subscribed again, at %s", framework.id, framework.info.name, pid)
        if framework.is_connected:
            c.tell(framework, protocol.Error("Framework failed over"))
        self._offers.discard_all_of(framework)
        self._describe(framework, message)
        framework.reregistered_s = c.wall()
        self._connect(framework, pid)
        c.feed.framework_updated(framework)
        c.allocator(alloc.ActivateFramework(framework.id))
        self._tasks.settle(framework)
        self._tell_agents(framework)

    def _tell_agents(self, framework: FrameworkEntry) -> None:
        """Agents keep the description of the framework; they resend what it did not acknowledge."""
        for agent in self._c.state.agents.values():
            if agent.is_connected:
                self._c.send(agent.pid, agent_protocol.UpdateFrameworkInfo(framework.info))

    def _describe(
        self, framework: FrameworkEntry, message: protocol.Subscribe | protocol.UpdateFramework
    ) -> None:
        """Take over a new description; user and checkpoint stay what they were."""
        old = framework.info
        framework.describe(
            replace(
                message.framework_info,
                id=FrameworkID(framework.id),
                user=old.user,
                checkpoint=old.checkpoint,
            )
        )
        framework.suppressed = message.suppressed_roles
        framework.constraints = message.offer_constraints
        self._c.allocator(
            alloc.UpdateFramework(
                framework.id,
                framework.roles,
                framework.suppressed,
                tuple(sorted(framework.capabilities, key=lambda c: c.number)),
                min_allocatable_of(framework.info),
                framework.constraints,
            )
        )

    def _connect(self, framework: FrameworkEntry, pid: PID) -> None:
        before = self._c.state.framework_by_pid.get(pid)
        if before is not None and before is not framework:
            self.disconnected(before, f"its scheduler subscribed as {framework.id}")
        self._c.state.connect_framework(framework, pid)
        framework.subscriptions += 1
        self._c.link(pid)
        self._welcome(framework)
        self._c.later(self._c.settings.heartbeat_s, HeartbeatDue(framework.id, framework.subscriptions))

    def heartbeat(self, due: HeartbeatDue) -> None:
        """Tell a framework that the master is there, and again until its subscription ends."""
        c = self._c
        framework = c.state.frameworks.get(due.framework_id)
        if framework is not None and framework.is_connected and framework.subscriptions == due.subscriptions:
            c.tell(framework, protocol.Heartbeat())
            c.later(c.settings.heartbeat_s, due)

    def _welcome(self, framework: FrameworkEntry) -> None:
        c = self._c
        c.tell(framework, protocol.Subscribed(FrameworkID(framework.id), c.settings.heartbeat_s, c.info))
        c.tell(framework, protocol.Heartbeat())

    def _new_entry(self, info: FrameworkInfo, standing: Standing) -> FrameworkEntry:
        assert info.id is not None
        settings = self._c.settings
        return FrameworkEntry(
            id=info.id.value,
            info=info,
            pid=PID("", NOWHERE),
            standing=standing,
            registered_s=self._c.wall(),
            completed=deque(maxlen=settings.max_completed_tasks),
            max_unreachable=settings.max_unreachable_tasks,
        )

    def recover(self, info: FrameworkInfo) -> FrameworkEntry:
        """Make an entry of a framework from before this master, known from an agent or itself."""
        framework = self._new_entry(info, Standing.RECOVERED)
        log.info("framework %s (%s) is recovered", framework.id, info.name)
        self._c.state.add_framework(framework)
        self._c.feed.framework_added(framework)
        self._add_to_allocator(framework, is_active=False)
        return framework

    def _add_to_allocator(self, framework: FrameworkEntry, *, is_active: bool) -> None:
        self._c.allocator(
            alloc.AddFramework(
                framework.id,
                framework.roles,
                suppressed=framework.suppressed,
                capabilities=tuple(sorted(framework.capabilities, key=lambda c: c.number)),
                is_active=is_active,
                min_allocatable=min_allocatable_of(framework.info),
                constraints=framework.constraints,
            )
        )

    def update(self, framework: FrameworkEntry, message: protocol.UpdateFramework) -> None:
        """A framework changes its description while connected."""
        fault = _change_fault(framework.info, message.framework_info) or self._fault(
            protocol.Subscribe(message.framework_info, message.suppressed_roles, message.offer_constraints)
        )
        self._c.send(framework.pid, FrameworkUpdated(fault))
        if fault:
            log.info("update of framework %s is refused: %s", framework.id, fault)
            return
        before = framework.info
        roles = framework.roles
        self._describe(framework, message)
        if framework.info != before:
            self._c.feed.framework_updated(framework)
            self._tell_agents(framework)
        gone = set(roles) - set(framework.roles)
        for offer in [offer for offer in framework.offers.values() if offer.role in gone]:
            self._offers.rescind(offer, "the framework left its role")

    # -- appetite -----------------------------------------------------------------------------

    def suppress(self, framework: FrameworkEntry, roles: tuple[str, ...]) -> None:
        """No more offers for roles; a call that names a foreign role is dropped whole."""
        if self._are_own(framework, roles, "suppress"):
            self._c.allocator(alloc.Suppress(framework.id, roles))
            framework.suppressed = tuple(dict.fromkeys((*framework.suppressed, *(roles or framework.roles))))

    def revive(self, framework: FrameworkEntry, roles: tuple[str, ...]) -> None:
        """Offers for roles again."""
        if self._are_own(framework, roles, "revive"):
            self._c.allocator(alloc.Revive(framework.id, roles))
            lifted = roles or framework.roles
            framework.suppressed = tuple(role for role in framework.suppressed if role not in lifted)

    def _are_own(self, framework: FrameworkEntry, roles: tuple[str, ...], call: str) -> bool:
        foreign = [role for role in roles if role not in framework.roles]
        if foreign:
            log.warning("%s of %s is dropped: %s are not its roles", call, framework.id, foreign)
        return not foreign

    # -- leaving ------------------------------------------------------------------------------

    def disconnected(self, framework: FrameworkEntry, why: str) -> None:
        """Nobody receives the framework's events: it has its failover time to come back."""
        log.info("framework %s is disconnected: %s", framework.id, why)
        c = self._c
        c.state.disconnect_framework(framework)
        c.feed.framework_updated(framework)
        c.allocator(alloc.DeactivateFramework(framework.id))
        self._offers.discard_all_of(framework)
        timeout_s = framework.info.failover_timeout
        if timeout_s <= 0:
            self.remove(framework, "it disconnected and has no failover time")
        else:
            c.later(timeout_s, FailoverLate(framework.id, framework.subscriptions))

    def failover_late(self, late: FailoverLate) -> None:
        """A framework did not come back in time."""
        framework = self._c.state.frameworks.get(late.framework_id)
        if (
            framework is not None
            and framework.standing is Standing.DISCONNECTED
            and framework.subscriptions == late.subscriptions
        ):
            self.remove(framework, "it did not come back within its failover time")

    def torn_down(self, framework: FrameworkEntry) -> None:
        """A scheduler ends its framework; it listens no more."""
        self._c.state.disconnect_framework(framework)
        self.remove(framework, "it was torn down")

    def remove(self, framework: FrameworkEntry, why: str) -> None:
        """End a framework for good: everything it has is killed, and its subscription is closed."""
        c = self._c
        log.info("framework %s is removed: %s", framework.id, why)
        if framework.is_connected:
            c.send(framework.pid, Closed())
        self._offers.discard_all_of(framework)
        for agent in c.state.agents.values():
            c.send(agent.pid, agent_protocol.ShutdownFramework(framework.id))
        for task in list(framework.tasks.values()):
            self._tasks.lose(
                framework, task, TaskState.TASK_KILLED, Reason.REASON_FRAMEWORK_REMOVED,
                f"Framework {framework.id} removed", tell=False,
            )  # fmt: skip
        for agent in c.state.agents.values():
            for framework_id, executor_id in list(agent.executors):
                if framework_id == framework.id:
                    self.agents.remove_executor(agent, framework_id, executor_id)
        for record in framework.unreachable.values():
            framework.completed.append(
                self._tasks.end_unreachable(
                    framework,
                    record,
                    TaskState.TASK_KILLED,
                    Reason.REASON_FRAMEWORK_REMOVED,
                    f"Framework {framework.id} removed",
                )
            )
        framework.unreachable.clear()
        c.allocator(alloc.RemoveFramework(framework.id))
        framework.unregistered_s = c.wall()
        c.state.complete_framework(framework)
        c.feed.framework_removed(framework)


def _change_fault(old: FrameworkInfo, new: FrameworkInfo) -> str:
    """Why a connected framework may not change its description like this; empty if it may."""
    fixed = ("id", "user", "checkpoint")
    changed = [name for name in fixed if getattr(old, name) != getattr(new, name)]
    return "; ".join(f"framework_info.{name}: must not change" for name in changed)
