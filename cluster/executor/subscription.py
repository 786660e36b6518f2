"""The executor's side of its conversation with the agent, whatever kind of executor it is.

    connecting --Subscribed--> subscribed --agent lost--> connecting --too long--> abandoned

What the agent may not know (tasks without an acknowledged update, updates not acknowledged) is kept
and told again at every subscription.

Source: reference scheduler-executor-api.md §6 and §7; Mesos src/executor/executor.cpp.
"""

from __future__ import annotations

import logging

from actors import NANOS, PID, Actor, Rng, Timer, handles
from cluster.executor.agent_address import FindAgent
from cluster.executor.environment import ExecutorOptions
from cluster.model import (
    CheckStatusInfo,
    ContainerStatus,
    KillPolicy,
    Reason,
    Source,
    TaskGroupInfo,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol.executor import (
    Acknowledged,
    Error,
    Kill,
    Launch,
    LaunchGroup,
    MessageFromScheduler,
    MessageToScheduler,
    Shutdown,
    Subscribe,
    Subscribed,
    Update,
)

log = logging.getLogger(__name__)

#: Pause before a subscription that got no answer is repeated: first, and at most.
SUBSCRIBE_RETRY_S = 1.0
SUBSCRIBE_RETRY_MAX_S = 10.0
#: Pause before updates without acknowledgement are sent again. A connection that holds loses
#: nothing, so this only matters when an agent drops an update.
UPDATE_RETRY_S = 10.0


class SubscribeDue:
    """Private: time to subscribe (again)."""


class ResendDue:
    """Private: time to look for updates without acknowledgement."""


class ExecutorActor(Actor):
    """Base of executors: subclasses implement the hooks below.

    ``find_agent`` says where the agent is now (an agent may come back at another address); None
    while that is unknown.
    """

    def __init__(self, options: ExecutorOptions, find_agent: FindAgent) -> None:
        self.options = options
        #: The agent or the framework is gone for good: nobody will acknowledge anything.
        self.is_abandoned = False
        self.is_subscribed = False
        self._find_agent = find_agent
        self._agent: PID | None = None
        self._lost_since_ns: int | None = None
        self._tasks: dict[str, TaskInfo] = {}
        self._updates: dict[bytes, TaskStatus] = {}
        self._untold: list[TaskStatus] = []  # made since the last subscription was sent
        self._is_shutting_down = False
        self._subscribe_timer: Timer | None = None
        self._subscribe_wait_s = SUBSCRIBE_RETRY_S
        self._resend_timer: Timer | None = None
        self._rng: Rng | None = None

    # -- hooks --------------------------------------------------------------------------------

    def ready(self, subscribed: Subscribed) -> None:
        """Subscribed, for the first time or again."""

    def launch(self, task: TaskInfo) -> None:
        """Start a task."""
        raise NotImplementedError

    def launch_group(self, group: TaskGroupInfo) -> None:
        """Start tasks together; who cannot do that shuts down."""
        log.error("executor %s cannot run task groups; shutting down", self.options.executor_id)
        self.shut_down_once()

    def kill(self, task_id: TaskID, policy: KillPolicy | None) -> None:
        """Kill a task."""
        raise NotImplementedError

    def receive(self, data: bytes) -> None:
        """Bytes from the scheduler."""

    def acknowledged(self, status: TaskStatus) -> None:
        """The agent answers for ``status`` from now on."""

    def shut_down(self) -> None:
        """Kill all tasks, report that, and end. Called once."""
        raise NotImplementedError

    # -- for subclasses -----------------------------------------------------------------------

    def update(
        self,
        task_id: TaskID,
        state: TaskState,
        *,
        message: str | None = None,
        reason: Reason | None = None,
        data: bytes | None = None,
        healthy: bool | None = None,
        check_status: CheckStatusInfo | None = None,
        container_status: ContainerStatus | None = None,
    ) -> None:
        """Report the state of a task; repeated until the agent acknowledges it."""
        status = TaskStatus(
            task_id=task_id,
            state=state,
            message=message,
            source=Source.SOURCE_EXECUTOR,
            reason=reason,
            data=data,
            executor_id=self.options.executor_id,
            timestamp=self.clock.wall(),
            uuid=self.random().uuid().bytes,
            healthy=healthy,
            check_status=check_status,
            container_status=container_status,
        )
        assert status.uuid is not None
        self._updates[status.uuid] = status
        if self.is_subscribed:
            self._send_update(status)
        else:
            self._untold.append(status)

    def send_to_scheduler(self, data: bytes) -> None:
        """Send bytes to the scheduler; lost when there is no connection."""
        if self.is_subscribed and self._agent is not None:
            message = MessageToScheduler(self.options.framework_id, self.options.executor_id, data)
            self.send(self._agent, message)

    def shut_down_once(self) -> None:
        """Begin to shut down, unless that has begun."""
        if not self._is_shutting_down:
            self._is_shutting_down = True
            self.shut_down()

    def unacknowledged(self) -> int:
        """How many updates wait for their acknowledgement."""
        return len(self._updates)

    def random(self) -> Rng:
        """The random stream of this executor."""
        if self._rng is None:
            self._rng = self.rng()
        return self._rng

    # -- subscribing --------------------------------------------------------------------------

    def initialize(self) -> None:
        self._subscribe()

    def finalize(self) -> None:
        for timer in (self._subscribe_timer, self._resend_timer):
            if timer is not None:
                timer.cancel()

    def _subscribe(self) -> None:
        self._agent = self._find_agent()
        if self._agent is None:
            self._lost("the agent's address is not known")
            return
        self.link(self._agent)
        self._untold.clear()
        message = Subscribe(
            framework_id=self.options.framework_id,
            executor_id=self.options.executor_id,
            unacknowledged_tasks=tuple(self._tasks.values()),
            unacknowledged_updates=tuple(self._updates.values()),
        )
        self.send(self._agent, message)
        self._subscribe_in(self._subscribe_wait_s)
        self._subscribe_wait_s = min(SUBSCRIBE_RETRY_MAX_S, 2 * self._subscribe_wait_s)

    def _subscribe_in(self, wait_s: float) -> None:
        if self._subscribe_timer is not None:
            self._subscribe_timer.cancel()
        self._subscribe_timer = self.delay(wait_s, SubscribeDue())

    @handles
    def on_subscribe_due(self, sender: PID, message: SubscribeDue) -> None:
        """No answer came, or the pause after a loss is over."""
        self._subscribe_timer = None
        if not self.is_subscribed and not self.is_abandoned:
            self._subscribe()

    @handles
    def on_subscribed(self, sender: PID, message: Subscribed) -> None:
        """The agent takes this executor."""
        if self._agent is None or self.is_abandoned:
            return
        if self._subscribe_timer is not None:
            self._subscribe_timer.cancel()
            self._subscribe_timer = None
        self._subscribe_wait_s = SUBSCRIBE_RETRY_S
        self._lost_since_ns = None
        self.is_subscribed = True
        untold, self._untold = self._untold, []
        for status in untold:
            self._send_update(status)
        self._watch_updates()
        self.ready(message)

    # -- losing the agent ---------------------------------------------------------------------

    def on_exited(self, pid: PID, reason: str) -> None:
        """The agent ended, or cannot be reached."""
        if pid == self._agent:
            self._lost(reason)

    def _lost(self, reason: str) -> None:
        self._agent = None
        self.is_subscribed = False
        if self.is_abandoned:
            return
        now = self.clock.now()
        if self._lost_since_ns is None:
            self._lost_since_ns = now
            log.info("executor %s lost its agent: %s", self.options.executor_id, reason)
        left_s = self.options.recovery_timeout_s - (now - self._lost_since_ns) / NANOS
        if not self.options.survives_agent or left_s <= 0:
            self._abandon("agent")
        else:
            wait_s = self.random().uniform(0.0, self.options.subscription_backoff_max_s)
            self._subscribe_in(min(wait_s, left_s))

    def _abandon(self, by: str) -> None:
        log.info("executor %s shuts down: its %s is gone", self.options.executor_id, by)
        self.is_abandoned = True
        for timer in (self._subscribe_timer, self._resend_timer):
            if timer is not None:
                timer.cancel()
        if self._is_shutting_down:
            self.abandoned_while_shutting_down()
        else:
            self.shut_down_once()

    def abandoned_while_shutting_down(self) -> None:
        """Hook: agent or framework was lost for good after the shutdown began; no acknowledgement comes."""

    # -- events -------------------------------------------------------------------------------

    @handles
    def on_launch(self, sender: PID, message: Launch) -> None:
        """Start a task."""
        self._tasks[message.task.task_id.value] = message.task
        self.launch(message.task)

    @handles
    def on_launch_group(self, sender: PID, message: LaunchGroup) -> None:
        """Start tasks together."""
        self.launch_group(message.task_group)

    @handles
    def on_kill(self, sender: PID, message: Kill) -> None:
        """Kill a task."""
        self.kill(message.task_id, message.kill_policy)

    @handles
    def on_message_from_scheduler(self, sender: PID, message: MessageFromScheduler) -> None:
        """Bytes from the scheduler."""
        self.receive(message.data)

    @handles
    def on_error(self, sender: PID, message: Error) -> None:
        """The agent will not have this executor."""
        log.error("executor %s is refused: %s", self.options.executor_id, message.message)
        self.shut_down_once()

    @handles
    def on_shutdown(self, sender: PID, message: Shutdown) -> None:
        """Kill all tasks, report that, and end."""
        if message.acknowledges:
            self.shut_down_once()
        elif not self.is_abandoned:
            self._abandon("framework")

    # -- updates ------------------------------------------------------------------------------

    @handles
    def on_acknowledged(self, sender: PID, message: Acknowledged) -> None:
        """The agent has an update."""
        self._tasks.pop(message.task_id.value, None)
        known = self._updates.get(message.uuid)
        if known is None:
            return
        # Older updates of the task got lost: never report what it was after what it is.
        for uuid, status in list(self._updates.items()):
            if status.task_id == known.task_id:
                del self._updates[uuid]
            if uuid == message.uuid:
                break
        self.acknowledged(known)

    def _send_update(self, status: TaskStatus) -> None:
        assert self._agent is not None
        self.send(self._agent, Update(self.options.framework_id, self.options.executor_id, status))
        self._watch_updates()

    def _watch_updates(self) -> None:
        if self._resend_timer is None and self._updates:
            self._resend_timer = self.delay(UPDATE_RETRY_S, ResendDue())

    @handles
    def on_resend_due(self, sender: PID, message: ResendDue) -> None:
        """What is not acknowledged is sent again; the agent drops duplicates."""
        self._resend_timer = None
        if self.is_subscribed:
            for status in self._updates.values():
                self._send_update(status)
