"""Processes of this host: started without an interpreter in between, watched by pidfd."""

from __future__ import annotations

import asyncio
import logging
import os
import pwd
import resource
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from cluster.containerizer.proc_table import ProcessTable, all_pids, belongs, environ_of, read_table
from cluster.containerizer.processes import LaunchError, ProcessSpec

log = logging.getLogger(__name__)

#: How often leftovers are looked for anew; each time only those born since the last time remain.
_PASSES = 20


@dataclass(frozen=True, slots=True)
class _Account:
    """A user to become."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class OsProcess:
    """A process of this host; see :class:`cluster.containerizer.processes.RunningProcess`."""

    __slots__ = ("_on_exit", "_owner", "_pidfd", "directory", "pid")

    def __init__(
        self, owner: OsProcesses, pid: int, pidfd: int, directory: str, on_exit: Callable[[int], None]
    ) -> None:
        self._owner = owner
        self._pidfd = pidfd
        self._on_exit = on_exit
        self.pid = pid
        self.directory = directory

    @property
    def is_running(self) -> bool:
        """Whether it has not been reaped, so that its pid is its own."""
        return self._pidfd >= 0

    def signal_tree(self, signum: int) -> None:
        """See :class:`cluster.containerizer.processes.RunningProcess`."""
        if not self.is_running:
            return
        members = self._owner.table().below([self.pid])
        try:
            os.killpg(self.pid, signum)  # atomic, so nobody in the group can fork away
        except (ProcessLookupError, PermissionError):
            pass
        for pid in members:
            try:
                if os.getpgid(pid) != self.pid:
                    os.kill(pid, signum)
            except (ProcessLookupError, PermissionError):
                continue

    def reap(self) -> None:
        """The pidfd became readable: it ended."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return
        self.let_go()
        self._owner.ended(self)
        self._on_exit(status)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have :meth:`reap` called when it ends."""
        loop.add_reader(self._pidfd, self.reap)

    def let_go(self) -> None:
        """Watch it no longer."""
        if self.is_running:
            self._owner.loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1


class OsProcesses:
    """Starts processes with vfork and exec; see :class:`cluster.containerizer.processes.Processes`.

    ``open_files`` is the soft limit of open files that processes get, when this process raised its
    own. Only root can start a process as another ``user``; else the wish is ignored.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None, open_files: int | None = None) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self._open_files = open_files
        self._running: dict[int, OsProcess] = {}
        self._ended: dict[str, list[int]] = {}  # sandbox -> sessions that may have members yet
        self._table: ProcessTable | None = None

    # -- starting -----------------------------------------------------------------------------

    def start(self, spec: ProcessSpec, on_exit: Callable[[int], None]) -> OsProcess:
        """See :class:`cluster.containerizer.processes.Processes`."""
        account = _account(spec.user)
        program = spec.program or (spec.argv[0] if spec.argv else "")
        try:
            pid = self._spawn(spec, program, account)
        except (OSError, ValueError) as error:
            raise LaunchError(f"cannot run {program!r}: {_words(error, program)}") from error
        try:
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise LaunchError(f"cannot watch {program!r}: {_words(error, program)}") from error
        process = OsProcess(self, pid, pidfd, spec.directory, on_exit)
        process.watch(self.loop)
        self._running[pid] = process
        return process

    def _spawn(self, spec: ProcessSpec, program: str, account: _Account | None) -> int:
        outputs: list[int] = []
        try:
            for name in ("stdout", "stderr"):
                outputs.append(_open_output(spec.directory, name, account))
            # Without a user, Popen takes vfork: the cost does not grow with our memory.
            popen = subprocess.Popen(
                spec.argv,
                executable=program,
                cwd=spec.directory,
                env=spec.environment,
                stdin=subprocess.DEVNULL,
                stdout=outputs[0],
                stderr=outputs[1],
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=account.groups if account else None,
            )
        finally:
            for descriptor in outputs:
                os.close(descriptor)
        popen.returncode = 0  # it is reaped here; Popen shall neither wait for it nor complain
        if self._open_files is not None:
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.prlimit(popen.pid, resource.RLIMIT_NOFILE, (self._open_files, hard))
        return popen.pid

    def ended(self, process: OsProcess) -> None:
        """A process was reaped; others may be left in its session."""
        del self._running[process.pid]
        self._ended.setdefault(process.directory, []).append(process.pid)

    # -- finding ------------------------------------------------------------------------------

    def table(self) -> ProcessTable:
        """All processes of the host, as of this round of the loop: many kills share a snapshot."""
        if self._table is None:
            self._table = read_table()
            self.loop.call_soon(self._forget_table)
        return self._table

    def _forget_table(self) -> None:
        self._table = None

    def leftovers(self, directory: str) -> list[int]:
        """See :class:`cluster.containerizer.processes.Processes`."""
        wanted = {os.fsencode(directory)}
        own = os.getpid()
        return sorted(pid for pid in all_pids() if pid != own and belongs(environ_of(pid), wanted))

    def kill_leftovers(self, *directories: str) -> list[int]:
        """See :class:`cluster.containerizer.processes.Processes`."""
        sessions = {pid for directory in directories for pid in self._ended.pop(directory, ())}
        wanted = {os.fsencode(directory) for directory in directories}
        killed: dict[int, None] = {}
        for _ in range(_PASSES):
            new = [pid for pid in self._remains(sessions, wanted) if pid not in killed]
            if not new:
                break
            # Before the first dies: orphans are nobody's descendants any more.
            for pid in read_table().below(new):
                killed[pid] = None
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
        return list(killed)

    def _remains(self, sessions: set[int], wanted: set[bytes]) -> list[int]:
        """Processes in ended sessions or with the environment of a sandbox.

        Sessions of processes that still run are passed over: asking for a session costs a tenth of
        reading an environment, and nearly all processes are in one of those.
        """
        own = os.getpid()
        found = []
        for pid in all_pids():
            try:
                session = os.getsid(pid)
            except (ProcessLookupError, PermissionError):
                continue
            if session == 0 or session in self._running or pid == own:
                continue
            if session in sessions or belongs(environ_of(pid), wanted):
                found.append(pid)
        return found

    def close(self) -> None:
        """Watch nothing any more; what runs goes on."""
        for process in self._running.values():
            process.let_go()
        self._running.clear()


def _open_output(directory: str, name: str, account: _Account | None) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(os.path.join(directory, name), flags, 0o644)
    if account is not None:
        os.fchown(descriptor, account.uid, account.gid)
    return descriptor


def _account(user: str | None) -> _Account | None:
    """Who to become for ``user``: None when that is who we are, or when we are not root.

    Raises:
        LaunchError: there is no such user.
    """
    if user is None or os.geteuid() != 0:
        return None
    try:
        known = pwd.getpwnam(user)
    except KeyError:
        raise LaunchError(f"there is no user {user!r} on this host") from None
    if known.pw_uid == 0:
        return None
    return _Account(known.pw_uid, known.pw_gid, tuple(os.getgrouplist(user, known.pw_gid)))


def _words(error: OSError | ValueError, program: str) -> str:
    """The operating system's words, and the file they are about when it is not ``program``."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    about = error.filename if error.filename != program else None
    return f"{error.strerror} ({about})" if about else error.strerror
