"""The life of one command: what to do with its process, and what to report, after each event.

Events in, instructions out; no process, no timer and no clock is touched here. The caller obeys the
instructions in order and calls :meth:`CommandLife.time_is_up` when :attr:`CommandLife.due_ns` comes.

    NEW --launched--> RUNNING --kill--> STOPPING --grace over--> FORCED
                         |        max. time -^                      |
                         +-------------- exited ------------> ENDED-+

Source: Mesos src/launcher/executor.cpp; reference agent.md §9, Command executor.
"""

from __future__ import annotations

import enum
import os
import signal
from dataclasses import dataclass

from cluster.model import Reason, TaskState


class Phase(enum.Enum):
    """Where a command stands."""

    NEW = "NEW"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"  # SIGTERM was sent
    FORCED = "FORCED"  # SIGKILL was sent
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the agent a state of the task."""

    state: TaskState
    message: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class SendSignal:
    """Send a signal to the whole process tree."""

    signum: signal.Signals


Instruction = Report | SendSignal


class CommandLife:
    """A command from launch to end. Times are nanoseconds of one clock.

    ``reports_killing``: the framework understands TASK_KILLING.
    """

    def __init__(self, *, reports_killing: bool) -> None:
        self.phase = Phase.NEW
        #: When to call :meth:`time_is_up`; None: never.
        self.due_ns: int | None = None
        self._reports_killing = reports_killing
        self._kill_began_ns: int | None = None
        self._ran_too_long = False

    def launched(self, now_ns: int, max_completion_ns: int | None) -> list[Instruction]:
        """The process runs; it may for ``max_completion_ns``."""
        assert self.phase is Phase.NEW
        self.phase = Phase.RUNNING
        if max_completion_ns is not None:
            self.due_ns = now_ns + max_completion_ns
        return [Report(TaskState.TASK_RUNNING)]

    def failed_to_launch(self, why: str) -> list[Instruction]:
        """There is no process."""
        assert self.phase is Phase.NEW
        self.phase = Phase.ENDED
        return [Report(TaskState.TASK_FAILED, why, Reason.REASON_COMMAND_EXECUTOR_FAILED)]

    def kill(self, now_ns: int, grace_ns: int) -> list[Instruction]:
        """The task shall end within ``grace_ns``. Said again, it can only shorten the time left."""
        if self.phase is Phase.STOPPING:
            if self._kill_began_ns is not None and self.due_ns is not None:
                self.due_ns = min(self.due_ns, self._kill_began_ns + grace_ns)
            return []
        if self.phase is not Phase.RUNNING:
            return []
        self.phase = Phase.STOPPING
        self._kill_began_ns = now_ns
        self.due_ns = now_ns + grace_ns
        killing: list[Instruction] = [Report(TaskState.TASK_KILLING)] if self._reports_killing else []
        return [*killing, SendSignal(signal.SIGTERM)]

    def time_is_up(self, now_ns: int) -> list[Instruction]:
        """``due_ns`` may have come; harmless when it has not."""
        if self.due_ns is None or now_ns < self.due_ns:
            return []
        if self.phase is Phase.RUNNING:
            self._ran_too_long = True
            self.phase = Phase.STOPPING
            self.due_ns = now_ns  # no grace
            return [SendSignal(signal.SIGTERM)]
        if self.phase is Phase.STOPPING:
            self.phase = Phase.FORCED
            self.due_ns = None
            return [SendSignal(signal.SIGKILL)]
        return []

    def exited(self, status: int) -> list[Instruction]:
        """The process ended with a raw wait status."""
        assert self.phase in (Phase.RUNNING, Phase.STOPPING, Phase.FORCED)
        self.phase = Phase.ENDED
        self.due_ns = None
        message = f"Command {words_of(status)}"
        if self._ran_too_long:
            return [Report(TaskState.TASK_FAILED, message, Reason.REASON_MAX_COMPLETION_TIME_REACHED)]
        if self._kill_began_ns is not None:
            return [Report(TaskState.TASK_KILLED, message)]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return [Report(TaskState.TASK_FINISHED, message)]
        return [Report(TaskState.TASK_FAILED, message)]


def words_of(status: int) -> str:
    """A raw wait status in words: ``exited with status 1``, ``terminated with signal Killed``.

    Source: Mesos 3rdparty/stout/include/stout/os/wait.hpp (WSTRINGIFY).
    """
    if os.WIFEXITED(status):
        return f"exited with status {os.WEXITSTATUS(status)}"
    if os.WIFSIGNALED(status):
        dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
        number = os.WTERMSIG(status)
        return f"terminated with signal {signal.strsignal(number) or f'Unknown signal {number}'}{dumped}"
    return f"ended with wait status {status}"
