"""The command executor: one task, one process, no interpreter in between.

It ends with the acknowledgement of the task's terminal update.

Source: Mesos src/launcher/executor.cpp; reference agent.md §9, Command executor.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from actors import NANOS, PID, Timer, handles
from cluster.containerizer.processes import LaunchError, Processes, ProcessSpec, RunningProcess, shell
from cluster.executor.agent_address import FindAgent
from cluster.executor.command_life import CommandLife, Instruction, Phase, Report, SendSignal
from cluster.executor.environment import ExecutorOptions, task_environment
from cluster.executor.subscription import ExecutorActor
from cluster.model import (
    Capability,
    CommandInfo,
    ContainerStatus,
    DurationInfo,
    KillPolicy,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    is_terminal,
)
from cluster.protocol.executor import Subscribed

log = logging.getLogger(__name__)

#: From SIGTERM to SIGKILL when neither the call nor the task says otherwise.
KILL_GRACE_S = 3.0
#: Taken off the executor's own grace, so that the last update goes out before the container is
#: destroyed: 1 s for reaping and 1 s more, as in the reference.
SHUTDOWN_RESERVE_S = 2.0
#: How long a connected agent may take to acknowledge the last update.
LAST_ACKNOWLEDGEMENT_S = 60.0


@dataclass(frozen=True, slots=True)
class Container:
    """Where the task runs: sandbox, complete environment, user (None: that of this process)."""

    id: str
    directory: str
    environment: dict[str, str] = field(repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessStarted:
    """Private, to the executor's host: the task's process runs."""

    container_id: str
    process: RunningProcess


@dataclass(frozen=True, slots=True)
class ProcessExited:
    """Private, to the executor and its host: the task's process ended."""

    container_id: str
    status: int


class Destroyed:
    """Private, from the host: the container is killed; end without a word."""


class TimeIsUp:
    """Private: a grace period or the task's time may be over."""


class LastAcknowledgementLate:
    """Private: the agent does not acknowledge the terminal update."""


class CommandExecutor(ExecutorActor):
    """Runs exactly one task. ``host``, if given, is told of its process."""

    def __init__(
        self,
        options: ExecutorOptions,
        find_agent: FindAgent,
        processes: Processes,
        container: Container,
        host: PID | None = None,
    ) -> None:
        super().__init__(options, find_agent)
        self._processes = processes
        self._container = container
        self._host = host
        self._task: TaskInfo | None = None
        self._life = CommandLife(reports_killing=False)
        self._process: RunningProcess | None = None
        self._timer: Timer | None = None
        self._last_timer: Timer | None = None
        self._reports_killing = False
        self._is_over = False

    def finalize(self) -> None:
        super().finalize()
        self._is_over = True
        for timer in (self._timer, self._last_timer):
            if timer is not None:
                timer.cancel()

    # -- from the agent -----------------------------------------------------------------------

    def ready(self, subscribed: Subscribed) -> None:
        capabilities = subscribed.framework_info.capabilities
        self._reports_killing = any(c.type is Capability.Type.TASK_KILLING_STATE for c in capabilities)
        self._watch_last_update()

    def launch(self, task: TaskInfo) -> None:
        if self._task is not None:
            self._refuse(task)
            return
        self._task = task
        self._life = CommandLife(reports_killing=self._reports_killing)
        self.update(task.task_id, TaskState.TASK_STARTING)
        try:
            self._process = self._processes.start(self._spec(task), self._process_ended)
        except LaunchError as error:
            self._obey(self._life.failed_to_launch(str(error)))
            return
        if self._host is not None:
            self.send(self._host, ProcessStarted(self._container.id, self._process))
        self._obey(self._life.launched(self.clock.now(), _nanoseconds(task.max_completion_time)))

    def kill(self, task_id: TaskID, policy: KillPolicy | None) -> None:
        if self._task is None or self._task.task_id != task_id:
            log.warning("executor %s does not have task %s to kill", self.options.executor_id, task_id)
            return
        self._kill(kill_grace_ns(policy, self._task.kill_policy))

    def shut_down(self) -> None:
        if self._task is None:
            self.terminate()
        elif self._life.phase is Phase.ENDED:
            self.abandoned_while_shutting_down()
        else:
            self._kill(round(max(0.0, self.options.shutdown_grace_s - SHUTDOWN_RESERVE_S) * NANOS))

    def abandoned_while_shutting_down(self) -> None:
        if self.is_abandoned and self._life.phase in (Phase.ENDED, Phase.NEW):
            self.terminate()

    def acknowledged(self, status: TaskStatus) -> None:
        if self._task is not None and status.task_id == self._task.task_id and is_terminal(status.state):
            self.terminate()

    @handles
    def on_destroyed(self, sender: PID, message: Destroyed) -> None:
        """The container is killed."""
        self.terminate()

    # -- the process --------------------------------------------------------------------------

    def _spec(self, task: TaskInfo) -> ProcessSpec:
        command = task.command or CommandInfo()
        argv, program = arguments_of(command)
        return ProcessSpec(
            argv=argv,
            program=program,
            environment=task_environment(self._container.environment, task, command),
            directory=self._container.directory,
            user=self._container.user,
        )

    def _process_ended(self, status: int) -> None:
        """Called by the process watcher, maybe after this executor ended."""
        ended = ProcessExited(self._container.id, status)
        if not self._is_over:
            self.send(self.pid, ended)
        if self._host is not None:
            self.send(self._host, ended)

    @handles
    def on_process_exited(self, sender: PID, message: ProcessExited) -> None:
        """The task's process ended."""
        self._obey(self._life.exited(message.status))

    @handles
    def on_time_is_up(self, sender: PID, message: TimeIsUp) -> None:
        """A grace period or the task's time may be over."""
        self._timer = None
        self._obey(self._life.time_is_up(self.clock.now()))

    def _kill(self, grace_ns: int) -> None:
        self._obey(self._life.kill(self.clock.now(), grace_ns))

    def _obey(self, instructions: Iterable[Instruction]) -> None:
        assert self._task is not None
        for instruction in instructions:
            match instruction:
                case Report(state, message, reason):
                    self.update(
                        self._task.task_id,
                        state,
                        message=message,
                        reason=reason,
                        container_status=self._container_status(),
                    )
                case SendSignal(signum):
                    assert self._process is not None
                    self._process.signal_tree(signum)
                case _:
                    assert_never(instruction)
        self._set_timer()
        if self._life.phase is Phase.ENDED:
            self._ended()

    def _container_status(self) -> ContainerStatus | None:
        """The agent adds the rest; it may hear of the process later than of the task's state."""
        return None if self._process is None else ContainerStatus(executor_pid=self._process.pid)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._life.due_ns is not None:
            left_s = (self._life.due_ns - self.clock.now()) / NANOS
            self._timer = self.delay(max(0.0, left_s), TimeIsUp())

    # -- the end ------------------------------------------------------------------------------

    def _ended(self) -> None:
        if self.is_abandoned:
            self.terminate()
        else:
            self._watch_last_update()

    def _watch_last_update(self) -> None:
        """Do not wait for ever for a connected agent; one that is away may take its time."""
        if self._last_timer is None and self._life.phase is Phase.ENDED and self.is_subscribed:
            self._last_timer = self.delay(LAST_ACKNOWLEDGEMENT_S, LastAcknowledgementLate())

    @handles
    def on_last_acknowledgement_late(self, sender: PID, message: LastAcknowledgementLate) -> None:
        """The agent does not acknowledge the terminal update."""
        self._last_timer = None
        if self.is_subscribed:
            log.error("executor %s ends: its last update is not acknowledged", self.options.executor_id)
            self.terminate()

    def _refuse(self, task: TaskInfo) -> None:
        assert self._task is not None
        if task.task_id != self._task.task_id:
            text = 'Attempted to run multiple tasks using a "command" executor'
            self.update(task.task_id, TaskState.TASK_FAILED, message=text)


def arguments_of(command: CommandInfo) -> tuple[tuple[str, ...], str | None]:
    """The arguments of a command, and the program when it is not the first of them."""
    value = command.value or ""
    if command.shell:
        return shell(value), None
    return command.arguments or (value,), value


def kill_grace_ns(call: KillPolicy | None, task: KillPolicy | None) -> int:
    """From SIGTERM to SIGKILL: what the call says, else the task, else `KILL_GRACE_S`."""
    for policy in (call, task):
        if policy is not None and policy.grace_period is not None:
            return max(0, policy.grace_period.nanoseconds)
    return round(KILL_GRACE_S * NANOS)


def _nanoseconds(duration: DurationInfo | None) -> int | None:
    return None if duration is None else duration.nanoseconds
