"""Processes on virtual time: they interpret small shell scripts and obey signals.

They belong to a simulated machine and not to a process on it, so they go on when the process that
started them is killed, as real ones do, and end with :meth:`SimulatedProcesses.kill_all`.
"""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from typing import NamedTuple

from actors import Clock, Rng, Timer
from cluster.containerizer.processes import SANDBOX_VARIABLES, LaunchError, ProcessSpec

#: How long it takes until a started process does something, seconds: lowest and highest.
START_S = (0.0005, 0.003)
_FIRST_PID = 1000
_DEADLY = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGTERM})
_PROGRAMS = frozenset({"sleep", "exit", "true", "false", ":", "echo", "trap", "kill"})


class Step(NamedTuple):
    """One command of a script. ``needs_success``: it stands behind ``&&``."""

    words: tuple[str, ...]
    needs_success: bool


def parse(script: str) -> list[Step]:
    """Cut a script into commands at ``;``, newlines and ``&&``."""
    steps = []
    for sequence in script.replace("\n", ";").split(";"):
        for index, command in enumerate(sequence.split("&&")):
            words = tuple(shlex.split(command))
            if words:
                steps.append(Step(words, needs_success=index > 0))
    return steps


class SimulatedProcess:
    """A process that runs a script; see :class:`cluster.containerizer.processes.RunningProcess`."""

    def __init__(
        self,
        machine: SimulatedProcesses,
        pid: int,
        spec: ProcessSpec,
        steps: list[Step],
        on_exit: Callable[[int], None],
    ) -> None:
        self.pid = pid
        self.spec = spec
        self.signals: list[int] = []
        self._machine = machine
        self._steps = steps
        self._on_exit = on_exit
        self._code = 0
        self._ignored: set[int] = set()
        self._timer: Timer | None = None

    def signal_tree(self, signum: int) -> None:
        """See :class:`cluster.containerizer.processes.RunningProcess`."""
        if not self._machine.is_running(self.pid):
            return
        self.signals.append(int(signum))
        if signum == signal.SIGKILL or (signum in _DEADLY and signum not in self._ignored):
            self._end(int(signum))

    def go_on(self) -> None:
        """Run up to the next command that takes time."""
        self._timer = None
        while self._steps and self._machine.is_running(self.pid):
            step = self._steps.pop(0)
            if step.needs_success and self._code != 0:
                continue
            if step.words[0] == "sleep":
                self._code = 0
                self.wait(float(step.words[1]))
                return
            self._run(step.words)
        self._end(self._code << 8)

    def wait(self, delay_s: float) -> None:
        """Go on after ``delay_s`` seconds."""
        self._timer = self._machine.clock.call_later(delay_s, self.go_on)

    def _run(self, words: tuple[str, ...]) -> None:
        match words:
            case ("exit", code):
                self._code = int(code) & 0xFF
                self._steps.clear()
            case ("exit",):
                self._steps.clear()
            case ("true" | ":" | "echo", *_):
                self._code = 0
            case ("false",):
                self._code = 1
            case ("trap", "", *names):
                self._ignored.update(signal.Signals[f"SIG{name.removeprefix('SIG')}"] for name in names)
                self._code = 0
            case ("kill", option, "$$"):
                self._end(int(option.removeprefix("-")))
            case _:
                self._code = 127  # command not found

    def _end(self, status: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._machine.forget(self.pid):
            # Never inside of the call that caused it, as with real processes.
            self._machine.clock.call_soon(lambda: self._on_exit(status))


class SimulatedProcesses:
    """The processes of one simulated machine; see :class:`cluster.containerizer.processes.Processes`.

    ``clock`` must outlive the processes of the machine: the clock of the simulation, not of a host.
    Scripts know ``sleep N``, ``exit N``, ``true``, ``false``, ``echo``, ``trap '' TERM`` and
    ``kill -N $$``, joined by ``;`` and ``&&``.
    """

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self.clock = clock
        self._rng = rng
        self._last_pid = _FIRST_PID - 1
        self._running: dict[int, SimulatedProcess] = {}

    def start(self, spec: ProcessSpec, on_exit: Callable[[int], None]) -> SimulatedProcess:
        """See :class:`cluster.containerizer.processes.Processes`."""
        if spec.argv[:2] == ("/bin/sh", "-c"):
            steps = parse(spec.argv[2])
        elif spec.argv and spec.argv[0] in _PROGRAMS:
            steps = [Step(spec.argv, needs_success=False)]
        else:
            program = spec.program or (spec.argv[0] if spec.argv else "")
            raise LaunchError(f"cannot run {program!r}: No such file or directory")
        self._last_pid += 1
        process = SimulatedProcess(self, self._last_pid, spec, steps, on_exit)
        self._running[process.pid] = process
        process.wait(self._rng.uniform(*START_S))
        return process

    def leftovers(self, directory: str) -> list[int]:
        """See :class:`cluster.containerizer.processes.Processes`."""
        return [
            pid
            for pid, process in self._running.items()
            if any(process.spec.environment.get(name) == directory for name in SANDBOX_VARIABLES)
        ]

    def kill_leftovers(self, *directories: str) -> list[int]:
        """See :class:`cluster.containerizer.processes.Processes`."""
        found = [pid for directory in directories for pid in self.leftovers(directory)]
        for pid in found:
            if pid in self._running:
                self._running[pid].signal_tree(signal.SIGKILL)
        return found

    def kill_all(self) -> None:
        """The machine lost its power: nothing runs any more."""
        for process in list(self._running.values()):
            process.signal_tree(signal.SIGKILL)

    # -- seen by tests ------------------------------------------------------------------------

    @property
    def running(self) -> list[SimulatedProcess]:
        """The processes that run, oldest first."""
        return list(self._running.values())

    def is_running(self, pid: int) -> bool:
        """Whether the process ``pid`` runs."""
        return pid in self._running

    def forget(self, pid: int) -> bool:
        """A process ended; whether it ran until now."""
        return self._running.pop(pid, None) is not None
