"""The executor host as its agent sees it: a process to start, to find again, and to end.

Two forms exist: :mod:`cluster.executor.launch_host` (this host) and
:mod:`cluster.executor.simulated_host` (in ``actors.testing``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from actors import PID


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """Names one process for ever; for the agent to keep on disk.

    ``started`` counts clock ticks from the start of the machine to that of the process, which tells
    it from a later one with the same pid.
    """

    pid: int
    started: int


class HostProcess(Protocol):
    """At most one executor host; ``on_exit`` is called once, later, when it ends.

    ``on_exit`` gets the raw wait status, or -1 of a process that was adopted. It is not called any
    more after :meth:`close`.
    """

    def start(self, agent: PID, on_exit: Callable[[int], None]) -> HostIdentity:
        """Start a host, which will send ``HostReady`` to ``agent``.

        Raises:
            LaunchError: it cannot be started.
        """

    def adopt(self, identity: HostIdentity, on_exit: Callable[[int], None]) -> bool:
        """Take over the host an earlier agent started; False when it lives no more."""

    def is_alive(self) -> bool:
        """Whether there is a host."""

    def kill(self) -> None:
        """SIGKILL the host; its tasks go on and are for ``Processes.kill_leftovers``."""

    def close(self) -> None:
        """The agent ends: watch the host no longer, and let it live."""
