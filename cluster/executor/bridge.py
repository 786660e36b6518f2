"""The actor behind a custom executor: passes events to user code and its answers to the agent.

It lives in a thread of its own with the connection; user code runs elsewhere and is only reached
through ``deliver``. So slow user code delays nothing here, and the process ends in time even when
user code does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from actors import PID, Timer, handles
from cluster.executor.agent_address import FindAgent
from cluster.executor.environment import ExecutorOptions
from cluster.executor.subscription import ExecutorActor
from cluster.model import KillPolicy, Reason, TaskID, TaskInfo, TaskState, TaskStatus, is_terminal
from cluster.protocol.executor import Subscribed

log = logging.getLogger(__name__)


# -- for user code ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """Subscribed, for the first time or again."""

    subscribed: Subscribed


@dataclass(frozen=True, slots=True)
class LaunchTask:
    """Start a task."""

    task: TaskInfo


@dataclass(frozen=True, slots=True)
class KillTask:
    """Kill a task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes from the scheduler."""

    data: bytes


class ShutDown:
    """Kill all tasks and report that; the end."""


Event = Ready | LaunchTask | KillTask | Data | ShutDown


# -- from user code -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GiveStatus:
    """Report the state of a task."""

    task_id: TaskID
    state: TaskState
    message: str | None = None
    reason: Reason | None = None
    data: bytes | None = None
    healthy: bool | None = None


@dataclass(frozen=True, slots=True)
class GiveData:
    """Send bytes to the scheduler."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LaunchRaised:
    """User code raised at the launch of a task."""

    task_id: TaskID
    words: str


class Finish:
    """User code is done: end when all updates are acknowledged."""


class TooLate:
    """Private: the grace period is over."""


class DriverActor(ExecutorActor):
    """``deliver`` takes events for user code, ``hard_exit`` ends the process at once with a code."""

    def __init__(
        self,
        options: ExecutorOptions,
        find_agent: FindAgent,
        deliver: Callable[[Event], None],
        hard_exit: Callable[[int], None],
    ) -> None:
        super().__init__(options, find_agent)
        self._deliver = deliver
        self._hard_exit = hard_exit
        self._live: dict[str, None] = {}  # tasks launched and not ended
        self._is_finishing = False
        self._too_late: Timer | None = None

    def finalize(self) -> None:
        super().finalize()
        if self._too_late is not None:
            self._too_late.cancel()

    # -- from the agent -----------------------------------------------------------------------

    def ready(self, subscribed: Subscribed) -> None:
        self._deliver(Ready(subscribed))

    def launch(self, task: TaskInfo) -> None:
        self._live[task.task_id.value] = None
        self._deliver(LaunchTask(task))

    def kill(self, task_id: TaskID, policy: KillPolicy | None) -> None:
        self._deliver(KillTask(task_id.value))

    def receive(self, data: bytes) -> None:
        self._deliver(Data(data))

    def acknowledged(self, status: TaskStatus) -> None:
        self._end_if_done()

    def shut_down(self) -> None:
        """User code has the grace period for it; after that the process ends as it is."""
        self._watch_end()
        self._deliver(ShutDown())

    def abandoned_while_shutting_down(self) -> None:
        self._end_if_done()

    # -- from user code -----------------------------------------------------------------------

    @handles
    def on_give_status(self, sender: PID, message: GiveStatus) -> None:
        """Report the state of a task."""
        if is_terminal(message.state):
            self._live.pop(message.task_id.value, None)
        self.update(
            message.task_id,
            message.state,
            message=message.message,
            reason=message.reason,
            data=message.data,
            healthy=message.healthy,
        )

    @handles
    def on_give_data(self, sender: PID, message: GiveData) -> None:
        """Send bytes to the scheduler."""
        self.send_to_scheduler(message.data)

    @handles
    def on_launch_raised(self, sender: PID, message: LaunchRaised) -> None:
        """A task whose launch raised has failed, unless user code said how it ended."""
        if message.task_id.value in self._live:
            failed = GiveStatus(message.task_id, TaskState.TASK_FAILED, message.words)
            self.on_give_status(sender, failed)

    @handles
    def on_finish(self, sender: PID, message: Finish) -> None:
        """User code is done."""
        self._is_finishing = True
        self._watch_end()
        self._end_if_done()

    # -- the end ------------------------------------------------------------------------------

    def _end_if_done(self) -> None:
        if self._is_finishing and (self.is_abandoned or not self.unacknowledged()):
            self.terminate()

    def _watch_end(self) -> None:
        if self._too_late is None:
            self._too_late = self.delay(self.options.shutdown_grace_s, TooLate())

    @handles
    def on_too_late(self, sender: PID, message: TooLate) -> None:
        """Updates are not acknowledged in time, or user code does not return."""
        log.error("executor %s does not end in time", self.options.executor_id)
        if self._is_finishing:
            self.terminate()
        else:
            self._hard_exit(1)
