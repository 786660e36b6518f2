"""The connection of a framework to the leading master.

The actor subscribes and subscribes again, watches heartbeats, keeps the framework's id, remembers
tasks, reconciles them, and passes on events and calls. What the user's code does with an event is
none of its business: events go to a function, calls come as messages.

Phases: IDLE (no master known), SEEKING (a subscription is under way), SUBSCRIBED, OVER.

Source: Mesos src/sched/sched.cpp (doReliableRegistration); reference scheduler-executor-api.md §2, §3.
"""

from __future__ import annotations

import enum
import logging
from typing import TypeVar

import msgspec

from actors import NANOS, PID, Actor, Rng, handles
from cluster.model import (
    AgentID,
    Capability,
    Filters,
    FrameworkInfo,
    OfferID,
    Reason,
    Source,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import scheduler as v1
from cluster.protocol.subscription import Closed
from cluster.scheduler.detector import Detector
from cluster.scheduler.events import (
    CallDue,
    CallLater,
    Disconnected,
    Dispatch,
    ReadPart,
    Started,
    Stop,
    Stopped,
)
from cluster.scheduler.files import PartReader
from cluster.scheduler.tasks import KnownTasks, Verdict
from cluster.scheduler.timers import AttemptDue, MasterDetected, ReconcileDue, SilenceDue, Timing

log = logging.getLogger(__name__)

#: Tasks asked about in one message.
TASKS_PER_QUESTION = 1000

C = TypeVar(
    "C",
    v1.Accept,
    v1.Decline,
    v1.Revive,
    v1.Suppress,
    v1.Kill,
    v1.Shutdown,
    v1.Acknowledge,
    v1.Reconcile,
    v1.MessageToExecutor,
)


class Phase(enum.Enum):
    """See the module's third paragraph."""

    IDLE = "idle"
    SEEKING = "seeking"
    SUBSCRIBED = "subscribed"
    OVER = "over"


class SchedulerActor(Actor):
    """A framework's side of its subscription.

    `info` describes the framework; with an id in it the framework of that id is continued.
    """

    def __init__(
        self, info: FrameworkInfo, detector: Detector, dispatch: Dispatch, timing: Timing | None = None
    ) -> None:
        self.info = info
        self.phase = Phase.IDLE
        self.tasks = KnownTasks()
        self._detector = detector
        self._dispatch = dispatch
        self._timing = timing or Timing()
        self._master: PID | None = None
        self._was_subscribed = False
        self._offers: dict[OfferID, AgentID] = {}
        self._suppressed: dict[str, None] = {}
        self._plan = 0
        self._round = 0
        self._backoff_s = self._timing.backoff_min_s
        self._reconcile_s = self._timing.reconcile_min_s
        self._heartbeat_s = 15.0
        self._heard_ns = 0
        self._parts = 0
        self._rng = Rng(0)

    def initialize(self) -> None:
        self._rng = self.rng()
        self._dispatch(Started(self._rng.bytes(4).hex()))
        self._detector.watch(lambda master: self.send(self.pid, MasterDetected(master)))

    def finalize(self) -> None:
        self._detector.stop()

    # -- subscribing --------------------------------------------------------------------------

    @handles
    def on_master_detected(self, sender: PID, message: MasterDetected) -> None:
        if self.phase is Phase.OVER or message.master == self._master:
            return
        log.info("master of framework %s: %s -> %s", self._name, self._master, message.master)
        if self._master is not None:
            self.unlink(self._master)
        self._master = message.master
        self._lost("another master leads")

    def on_exited(self, pid: PID, reason: str) -> None:
        if pid != self._master or self.phase is Phase.OVER:
            return
        if self.phase is Phase.SEEKING:
            log.warning("master %s: %s; trying again", pid, reason)
        self._lost(reason)

    def _lost(self, reason: str) -> None:
        """Not subscribed any more, or still not: void all offers, plan the next attempt."""
        if self.phase is Phase.SUBSCRIBED:
            log.warning("framework %s lost master %s: %s", self._name, self._master, reason)
            self._void_offers()
            self._dispatch(Disconnected(reason))
        self._plan += 1
        self.phase = Phase.IDLE if self._master is None else Phase.SEEKING
        if self.phase is Phase.SEEKING:
            self.delay(self._next_wait_s(), AttemptDue(self._plan))

    def _next_wait_s(self) -> float:
        wait_s = self._rng.uniform(0.0, self._backoff_s)
        self._backoff_s = min(self._timing.backoff_max_s, self._backoff_s * 2)
        return wait_s

    @handles
    def on_attempt_due(self, sender: PID, message: AttemptDue) -> None:
        if message.plan != self._plan or self.phase is not Phase.SEEKING:
            return
        assert self._master is not None
        self.link(self._master)
        subscribe = v1.Subscribe(framework_info=self.info, suppressed_roles=tuple(self._suppressed))
        self.send(self._master, subscribe)
        self.delay(self._timing.answer_s + self._next_wait_s(), AttemptDue(self._plan))

    @handles
    def on_subscribed(self, sender: PID, message: v1.Subscribed) -> None:
        if sender != self._master or self.phase not in (Phase.SEEKING, Phase.SUBSCRIBED):
            return
        log.info("framework %s: %s -> subscribed as %s", self._name, self.phase.value, message.framework_id)
        self._void_offers()  # a new subscription voids them without a word
        is_continued = self.info.id is not None and not self._was_subscribed
        self.info = msgspec.structs.replace(self.info, id=message.framework_id)
        self.phase = Phase.SUBSCRIBED
        self._was_subscribed = True
        self._plan += 1
        self._backoff_s = self._timing.backoff_min_s
        self._heartbeat_s = message.heartbeat_interval_seconds
        self._heard_ns = self.clock.now()
        self.delay(self._silence_s, SilenceDue(self._plan))
        self._dispatch(message)
        if is_continued:
            self._call(v1.Reconcile(framework_id=message.framework_id))
        self._reconcile_all()

    @handles
    def on_error(self, sender: PID, message: v1.Error) -> None:
        if sender == self._master and self.phase is not Phase.OVER:
            log.error("master %s ends the subscription of %s: %s", sender, self._name, message.message)
            self._void_offers()
            self._dispatch(message)
            self._end(1)

    @handles
    def on_closed(self, sender: PID, message: Closed) -> None:
        if self._is_live(sender):
            self._lost("the master closed the subscription")

    # -- watching the master ------------------------------------------------------------------

    @property
    def _silence_s(self) -> float:
        return self._heartbeat_s * self._timing.missed_heartbeats

    def _is_live(self, sender: PID) -> bool:
        """Whether an event belongs to the present subscription; its sender was heard then."""
        if self.phase is not Phase.SUBSCRIBED or sender != self._master:
            return False
        self._heard_ns = self.clock.now()
        return True

    @handles
    def on_heartbeat(self, sender: PID, message: v1.Heartbeat) -> None:
        self._is_live(sender)

    @handles
    def on_silence_due(self, sender: PID, message: SilenceDue) -> None:
        if message.plan != self._plan:
            return
        silent_s = (self.clock.now() - self._heard_ns) / NANOS
        if silent_s >= self._silence_s:
            self._lost(f"no heartbeat for {silent_s:g} s")
        else:
            self.delay(self._silence_s - silent_s, SilenceDue(self._plan))

    # -- events -------------------------------------------------------------------------------

    @handles
    def on_offers(self, sender: PID, message: v1.Offers) -> None:
        if not self._is_live(sender):
            return
        for offer in message.offers:
            self._offers[offer.id] = offer.agent_id
        if not self._dispatch(message):
            log.warning("framework %s is too busy: %d offers declined", self._name, len(message.offers))
            offer_ids = tuple(offer.id for offer in message.offers)
            self._decline(offer_ids, Filters(refuse_seconds=self._timing.refuse_s))

    @handles
    def on_rescind(self, sender: PID, message: v1.Rescind) -> None:
        if self._is_live(sender) and self._offers.pop(message.offer_id, None) is not None:
            self._dispatch(message)

    def _void_offers(self) -> None:
        offers, self._offers = self._offers, {}
        for offer_id in offers:
            self._dispatch(v1.Rescind(offer_id=offer_id))

    @handles
    def on_update(self, sender: PID, message: v1.Update) -> None:
        if self._is_live(sender):
            self._show(message)

    def _show(self, update: v1.Update) -> None:
        """Show an update to the user, or do what else it needs."""
        status = update.status
        self.tasks.answered(status)
        verdict = self.tasks.verdict(status)
        if verdict is Verdict.DEALT_WITH:
            self._acknowledge(status)
        elif verdict is Verdict.NEW:
            if self._dispatch(update):
                self.tasks.shown(status)
            elif self.tasks.must_be_asked(status):
                self._reconcile_s = self._timing.reconcile_min_s
                self._plan_questions()

    @handles
    def on_update_operation_status(self, sender: PID, message: v1.UpdateOperationStatus) -> None:
        if self._is_live(sender):
            self._dispatch(message)

    @handles
    def on_message_from_executor(self, sender: PID, message: v1.MessageFromExecutor) -> None:
        if self._is_live(sender):
            self._dispatch(message)

    @handles
    def on_failure(self, sender: PID, message: v1.Failure) -> None:
        if self._is_live(sender):
            self._dispatch(message)

    # -- reconciliation -----------------------------------------------------------------------

    def _reconcile_all(self) -> None:
        self._reconcile_s = self._timing.reconcile_min_s
        self._ask(self.tasks.ask_all())
        for kill in self.tasks.kills():
            self._call(kill)
        self._plan_questions()

    def _plan_questions(self) -> None:
        self._round += 1
        if self.tasks.unanswered():
            self.delay(self._reconcile_s, ReconcileDue(self._round, about_all=False))
            self._reconcile_s = min(self._timing.reconcile_max_s, self._reconcile_s * 2)
        else:
            self.delay(self._timing.reconcile_every_s, ReconcileDue(self._round, about_all=True))

    @handles
    def on_reconcile_due(self, sender: PID, message: ReconcileDue) -> None:
        if message.round != self._round or self.phase is not Phase.SUBSCRIBED:
            return
        if message.about_all:
            self._reconcile_all()
        else:
            self._ask(self.tasks.unanswered())
            self._plan_questions()

    def _ask(self, questions: list[v1.TaskToReconcile]) -> None:
        assert self.info.id is not None
        for start in range(0, len(questions), TASKS_PER_QUESTION):
            some = tuple(questions[start : start + TASKS_PER_QUESTION])
            self._call(v1.Reconcile(framework_id=self.info.id, tasks=some))

    # -- the user's calls ---------------------------------------------------------------------

    def _is_ours(self, sender: PID) -> bool:
        """Whether a call was made in this process; others have no business here."""
        return sender.address == self.pid.address

    def _call(self, call: C) -> bool:
        """Send a call under our id; False when there is no subscription to send it on."""
        if self.phase is not Phase.SUBSCRIBED:
            return False
        assert self._master is not None
        assert self.info.id is not None
        self.send(self._master, msgspec.structs.replace(call, framework_id=self.info.id))
        return True

    @handles
    def on_accept(self, sender: PID, message: v1.Accept) -> None:
        if not self._is_ours(sender):
            return
        tasks = launched_by(message)
        known = [offer_id for offer_id in message.offer_ids if offer_id in self._offers]
        if len(known) == len(message.offer_ids):
            for offer_id in known:
                del self._offers[offer_id]
            self.tasks.launched(tasks)
            self._call(message)
            return
        self._decline(tuple(known), message.filters)
        self.tasks.launched(tasks)
        is_lost = self.phase is not Phase.SUBSCRIBED
        for task in tasks:
            self._show(v1.Update(status=self._dropped(task, is_lost)))

    def _dropped(self, task: TaskInfo, is_lost: bool) -> TaskStatus:
        """The status of a task that could not even be sent to the master."""
        is_aware = any(c.type is Capability.Type.PARTITION_AWARE for c in self.info.capabilities)
        return TaskStatus(
            task_id=task.task_id,
            state=TaskState.TASK_DROPPED if is_aware else TaskState.TASK_LOST,
            source=Source.SOURCE_MASTER,
            reason=Reason.REASON_MASTER_DISCONNECTED if is_lost else Reason.REASON_INVALID_OFFERS,
            message="Not connected to a master" if is_lost else "The offer is no longer valid",
            agent_id=task.agent_id,
            timestamp=self.clock.wall(),
        )

    @handles
    def on_decline(self, sender: PID, message: v1.Decline) -> None:
        if self._is_ours(sender):
            known = tuple(offer_id for offer_id in message.offer_ids if offer_id in self._offers)
            self._decline(known, message.filters)

    def _decline(self, offer_ids: tuple[OfferID, ...], filters: Filters | None) -> None:
        for offer_id in offer_ids:
            self._offers.pop(offer_id, None)
        if offer_ids and self.info.id is not None:
            self._call(v1.Decline(framework_id=self.info.id, offer_ids=offer_ids, filters=filters))

    @handles
    def on_acknowledge(self, sender: PID, message: v1.Acknowledge) -> None:
        """If this is lost on the way, the update comes again and is acknowledged again."""
        if self._is_ours(sender):
            self._call(message)
            self.tasks.dealt_with(message.task_id, message.uuid)

    def _acknowledge(self, status: TaskStatus) -> None:
        assert self.info.id is not None
        if status.agent_id is not None and status.uuid is not None:
            self._call(
                v1.Acknowledge(
                    framework_id=self.info.id,
                    agent_id=status.agent_id,
                    task_id=status.task_id,
                    uuid=status.uuid,
                )
            )

    @handles
    def on_kill(self, sender: PID, message: v1.Kill) -> None:
        """Remembered and repeated after every subscription until the task ended."""
        if self._is_ours(sender):
            agent_id = message.agent_id or self.tasks.agent_of(message.task_id)
            kill = msgspec.structs.replace(message, agent_id=agent_id)
            self.tasks.kill_wanted(kill)
            self._call(kill)

    @handles
    def on_suppress(self, sender: PID, message: v1.Suppress) -> None:
        if self._is_ours(sender):
            self._suppressed.update(dict.fromkeys(message.roles or self._roles))
            self._call(message)

    @handles
    def on_revive(self, sender: PID, message: v1.Revive) -> None:
        if self._is_ours(sender):
            for role in message.roles or self._roles:
                self._suppressed.pop(role, None)
            self._call(message)

    @property
    def _roles(self) -> tuple[str, ...]:
        return self.info.roles or (self.info.role or "*",)

    @handles
    def on_reconcile(self, sender: PID, message: v1.Reconcile) -> None:
        if self._is_ours(sender):
            self.tasks.user_asks(task.task_id for task in message.tasks)
            self._call(message)

    @handles
    def on_message_to_executor(self, sender: PID, message: v1.MessageToExecutor) -> None:
        if self._is_ours(sender):
            self._call(message)

    @handles
    def on_shutdown(self, sender: PID, message: v1.Shutdown) -> None:
        if self._is_ours(sender):
            self._call(message)

    @handles
    def on_call_later(self, sender: PID, message: CallLater) -> None:
        if self._is_ours(sender):
            self.delay(message.delay_s, CallDue(message.call))

    @handles
    def on_call_due(self, sender: PID, message: CallDue) -> None:
        self._dispatch(message)

    @handles
    def on_read_part(self, sender: PID, message: ReadPart) -> None:
        if self._is_ours(sender):
            self._parts += 1
            self.spawn(PartReader(message, self._dispatch), f"{self.pid.name}/part-{self._parts}")

    # -- the end ------------------------------------------------------------------------------

    @handles
    def on_stop(self, sender: PID, message: Stop) -> None:
        if not self._is_ours(sender):
            return
        if not message.failover and self.info.id is not None:
            if self.phase is Phase.SUBSCRIBED and self._master is not None:
                self.send(self._master, v1.Teardown(framework_id=self.info.id))
            else:
                log.warning("framework %s stops unconnected: it is removed by its time-out only", self._name)
        self._end(message.exit_code)

    def _end(self, exit_code: int) -> None:
        log.info("framework %s: %s -> over, exit code %d", self._name, self.phase.value, exit_code)
        self.phase = Phase.OVER
        self._dispatch(Stopped(exit_code))
        self.terminate()

    @property
    def _name(self) -> str:
        return self.info.name


def launched_by(accept: v1.Accept) -> list[TaskInfo]:
    """The tasks an accept call launches."""
    tasks: list[TaskInfo] = []
    for operation in accept.operations:
        if operation.launch is not None:
            tasks += operation.launch.task_infos
        if operation.launch_group is not None:
            tasks += operation.launch_group.task_group.tasks
    return tasks
