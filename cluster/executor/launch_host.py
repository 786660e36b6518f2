"""Starts the executor host as a process of this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from actors import PID
from cluster.containerizer.proc_table import entry_of
from cluster.containerizer.processes import LaunchError
from cluster.executor.environment import RECOVERY_TIMEOUT_S
from cluster.executor.host_process import HostIdentity

log = logging.getLogger(__name__)

#: In the work directory of the agent.
LOG_NAME = "executor-host.log"
_UNKNOWN_STATUS = -1


class LaunchedHost:
    """See :class:`cluster.executor.host_process.HostProcess`.

    ``agent_file``: a file in which every start of the agent writes its ``name@ip:port``, for agents
    that may come back at another port; without it the host looks where the agent was.
    """

    def __init__(
        self,
        work_dir: str,
        *,
        agent_file: str | None = None,
        recovery_timeout_s: float = RECOVERY_TIMEOUT_S,
        seed: int | None = None,
    ) -> None:
        self._work_dir = work_dir
        self._agent_file = agent_file
        self._recovery_timeout_s = recovery_timeout_s
        self._seed = seed
        self._pid = 0
        self._pidfd = -1

    def start(self, agent: PID, on_exit: Callable[[int], None]) -> HostIdentity:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        assert not self.is_alive()
        log_path = Path(self._work_dir, LOG_NAME)
        try:
            with log_path.open("ab") as log_file:
                popen = subprocess.Popen(
                    self._command(agent),
                    stdin=subprocess.DEVNULL,
                    stdout=log_file,
                    stderr=log_file,
                    start_new_session=True,
                )
        except OSError as error:
            raise LaunchError(f"cannot start the executor host: {error}") from error
        popen.returncode = 0  # it is reaped here; Popen shall neither wait for it nor complain
        self._watch(popen.pid, os.pidfd_open(popen.pid), on_exit)
        entry = entry_of(popen.pid)
        assert entry is not None  # not reaped yet
        return HostIdentity(popen.pid, entry.started)

    def _command(self, agent: PID) -> list[str]:
        where = f"--agent_file={self._agent_file}" if self._agent_file else f"--agent={agent}"
        # -P: nothing is imported from the directory the agent happens to be in.
        command = [sys.executable, "-P", "-m", "cluster.executor.host", where]
        command.append(f"--recovery_timeout={self._recovery_timeout_s}")
        if self._seed is not None:
            command.append(f"--seed={self._seed}")
        return command

    def adopt(self, identity: HostIdentity, on_exit: Callable[[int], None]) -> bool:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        assert not self.is_alive()
        try:
            pidfd = os.pidfd_open(identity.pid)
        except OSError:
            return False
        # Looked at after pidfd_open: what is compared is what is held.
        entry = entry_of(identity.pid)
        if entry is None or entry.is_zombie or entry.started != identity.started:
            os.close(pidfd)
            return False
        self._watch(identity.pid, pidfd, on_exit)
        return True

    def is_alive(self) -> bool:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        return self._pidfd >= 0

    def kill(self) -> None:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        if self.is_alive():
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def close(self) -> None:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        if self.is_alive():
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _watch(self, pid: int, pidfd: int, on_exit: Callable[[int], None]) -> None:
        self._pid, self._pidfd = pid, pidfd

        def ended() -> None:
            self.close()
            status = _reap(pid)
            log.info("the executor host (process %d) ended with wait status %d", pid, status)
            on_exit(status)

        asyncio.get_running_loop().add_reader(pidfd, ended)


def _reap(pid: int) -> int:
    try:
        return os.waitpid(pid, os.WNOHANG)[1]
    except ChildProcessError:
        return _UNKNOWN_STATUS  # adopted: the child of somebody else
