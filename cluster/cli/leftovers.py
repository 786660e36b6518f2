"""What a cluster on this host left running, found by its directory in the environment of processes.

Nothing is found by name or command line, so that a person who looks into the directory is safe.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence

from cluster.containerizer.proc_table import all_pids, environ_of
from cluster.containerizer.processes import SANDBOX_VARIABLES

#: Variable of the daemons of a cluster and of what inherits their environment.
MARKER = "TEPUI_CLUSTER"
#: How often leftovers are looked for anew: each time only what was born since remains.
PASSES = 10


def belongs(environ: bytes, directory: bytes) -> bool:
    """Whether the content of a `/proc/<pid>/environ` is of a process of the cluster in `directory`."""
    if directory not in environ:
        return False
    for variable in environ.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name == _MARKER and value == directory:
            return True
        if name in _SANDBOX and value.startswith(directory + b"/"):
            return True
    return False


_MARKER = MARKER.encode()
_SANDBOX = frozenset(name.encode() for name in SANDBOX_VARIABLES)


def leftovers(directory: str) -> list[int]:
    """The processes of the cluster in `directory` that live, without this one."""
    wanted = os.fsencode(directory)
    own = os.getpid()
    return [pid for pid in all_pids() if pid != own and belongs(environ_of(pid), wanted)]


async def kill_leftovers(directory: str) -> list[int]:
    """Kill every process of the cluster in `directory`, and wait until they are dead; their ids."""
    killed: dict[int, None] = {}
    for _ in range(PASSES):
        found = [
            (pid, pidfd) for pid, pidfd in _held(leftovers(directory)) if _is_ours(pid, pidfd, directory)
        ]
        if not found:
            break
        for pid, pidfd in found:
            killed[pid] = None
            _kill(pidfd)
        await _ended([pidfd for _, pidfd in found])
    return list(killed)


def _held(pids: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each with a descriptor that names this very process, whoever gets its id later."""
    for pid in pids:
        try:
            yield pid, os.pidfd_open(pid)
        except OSError:
            continue


def _is_ours(pid: int, pidfd: int, directory: str) -> bool:
    """Looked at again with the descriptor in hand; it is closed if not."""
    if belongs(environ_of(pid), os.fsencode(directory)):
        return True
    os.close(pidfd)
    return False


def _kill(pidfd: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except OSError:  # it ended, or is another user's
        return


async def _ended(pidfds: Sequence[int]) -> None:
    """Wait until all have ended; closes the descriptors."""
    loop = asyncio.get_running_loop()
    for pidfd in pidfds:
        over = asyncio.Event()
        loop.add_reader(pidfd, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(pidfd)
            os.close(pidfd)
