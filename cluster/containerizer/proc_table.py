"""The process table of this host, read from /proc: who descends from whom, who belongs where."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import NamedTuple

from cluster.containerizer.processes import SANDBOX_VARIABLES

_CHUNK_BYTES = 1 << 17


class Entry(NamedTuple):
    """One process. ``started`` counts clock ticks since the host's start."""

    pid: int
    parent: int
    group: int
    session: int
    started: int
    is_zombie: bool


class ProcessTable:
    """A snapshot of all processes, indexed for walking down from one of them."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._children: dict[int, list[int]] = {}
        self._groups: dict[int, list[int]] = {}
        self._sessions: dict[int, list[int]] = {}
        for entry in entries:
            self._children.setdefault(entry.parent, []).append(entry.pid)
            self._groups.setdefault(entry.group, []).append(entry.pid)
            self._sessions.setdefault(entry.session, []).append(entry.pid)

    def below(self, roots: Iterable[int]) -> list[int]:
        """``roots``, their descendants, and all groups and sessions that one of these leads.

        A group or session that merely contains one is left alone: it may be a person's shell.

        Source: Mesos 3rdparty/stout/include/stout/os/posix/killtree.hpp (groups and sessions).
        """
        found = dict.fromkeys(roots)
        waiting = list(found)
        while waiting:
            pid = waiting.pop()
            for related in (self._children, self._groups, self._sessions):
                for other in related.get(pid, ()):
                    if other not in found:
                        found[other] = None
                        waiting.append(other)
        return list(found)


def parse_stat(stat: bytes) -> Entry:
    """Read the content of a ``/proc/<pid>/stat``.

    Source: proc(5); the name in parentheses may hold spaces and parentheses itself.
    """
    pid, _, rest = stat.partition(b" ")
    fields = rest[rest.rindex(b")") + 2 :].split()
    return Entry(
        pid=int(pid),
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        started=int(fields[19]),
        is_zombie=fields[0] in (b"Z", b"X"),
    )


def all_pids() -> list[int]:
    """The ids of all processes of this host."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def entry_of(pid: int) -> Entry | None:
    """The entry of one process; None when there is none."""
    stat = read_file(f"/proc/{pid}/stat")
    return parse_stat(stat) if stat else None


def read_table() -> ProcessTable:
    """Take a snapshot; costs some 4 us a process."""
    return ProcessTable(entry for pid in all_pids() if (entry := entry_of(pid)) is not None)


def belongs(environ: bytes, directories: Collection[bytes]) -> bool:
    """Whether the content of a ``/proc/<pid>/environ`` names one of the sandboxes."""
    if b"MESOS_" not in environ:
        return False
    for variable in environ.split(b"\0"):
        name, _, value = variable.partition(b"=")
        if name in _NAMES and value in directories:
            return True
    return False


_NAMES = frozenset(name.encode() for name in SANDBOX_VARIABLES)


def environ_of(pid: int) -> bytes:
    """The environment a process was started with; empty when it ended or is another user's."""
    return read_file(f"/proc/{pid}/environ")


def read_file(path: str) -> bytes:
    """The content of a file of /proc; empty when it is gone, or another user's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = os.read(descriptor, _CHUNK_BYTES)
        whole = data
        while len(data) == _CHUNK_BYTES:
            data = os.read(descriptor, _CHUNK_BYTES)
            whole += data
        return whole
    except OSError:  # it ended while we read
        return b""
    finally:
        os.close(descriptor)
