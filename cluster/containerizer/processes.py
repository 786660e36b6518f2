"""Processes of containers, as executors and agents see them.

Two forms exist: :mod:`cluster.containerizer.os_processes` (this host) and
:mod:`cluster.containerizer.simulated` (scripts on virtual time).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: Variables that tell which sandbox a process belongs to; inherited by all its descendants.
SANDBOX_VARIABLES = ("MESOS_DIRECTORY", "MESOS_SANDBOX")


class ContainerizerError(Exception):
    """Root of what this package raises."""


class LaunchError(ContainerizerError):
    """Raised when a process cannot be started; the text is one sentence for people."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to start: the first of a new session, in ``directory``.

    ``environment`` is complete: nothing is inherited. Output is appended to the files ``stdout``
    and ``stderr`` in ``directory``. ``program`` is what is executed when it is not ``argv[0]``.
    ``user`` None: whoever the starting process runs as.
    """

    argv: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    directory: str
    program: str | None = None
    user: str | None = None


class RunningProcess(Protocol):
    """A process that was started; it leads its session and process group."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def signal_tree(self, signum: int) -> None:
        """Send a signal to it, its group, its session and all descendants; harmless when ended."""


class Processes(Protocol):
    """Starts processes and finds what is left of them."""

    def start(self, spec: ProcessSpec, on_exit: Callable[[int], None]) -> RunningProcess:
        """Start a process; ``on_exit`` is called once, later, with its raw wait status.

        Raises:
            LaunchError: it cannot be started.
        """

    def leftovers(self, directory: str) -> list[int]:
        """Every living process that belongs to the sandbox ``directory``, whoever started it."""

    def kill_leftovers(self, *directories: str) -> list[int]:
        """SIGKILL what belongs to the sandboxes, until no more appears; which processes these were.

        A process that this object started in one of them must have ended before.
        """


def shell(command: str) -> tuple[str, ...]:
    """The arguments that run ``command`` with the shell."""
    return ("/bin/sh", "-c", command)
