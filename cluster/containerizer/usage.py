"""What containers use, read from /proc: CPU time and memory of a process and everything below it.

CPU time of processes that ended counts if one that lives waited for them, so that it only grows while the
first process lives. Blocks: some 10 us for each process of the host.

Source: proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cluster.containerizer.proc_table import ProcessTable, all_pids, parse_stat, read_file

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """What the processes of a container use: times in seconds, memory in bytes."""

    user_s: float
    system_s: float
    rss_bytes: int
    processes: int
    threads: int


class _Own(NamedTuple):
    """What one process uses: times in clock ticks."""

    user: int
    system: int
    rss_bytes: int
    threads: int


def read_usage(roots: Mapping[str, int]) -> dict[str, Usage]:
    """The usage of containers by their name, for those whose first process lives."""
    stats = {pid: stat for pid in all_pids() if (stat := read_file(f"/proc/{pid}/stat"))}
    table = ProcessTable(parse_stat(stat) for stat in stats.values())
    found: dict[str, Usage] = {}
    for name, root in roots.items():
        if root in stats:
            found[name] = _sum(_own(stats[pid]) for pid in table.below([root]) if pid in stats)
    return found


def _own(stat: bytes) -> _Own:
    fields = stat[stat.rindex(b")") + 2 :].split()
    user, system, waited_user, waited_system = map(int, fields[11:15])
    return _Own(user + waited_user, system + waited_system, int(fields[21]) * _PAGE_BYTES, int(fields[17]))


def _sum(parts: Iterable[_Own]) -> Usage:
    user = system = rss = processes = threads = 0
    for part in parts:
        user += part.user
        system += part.system
        rss += part.rss_bytes
        processes += 1
        threads += part.threads
    return Usage(user / _TICKS, system / _TICKS, rss, processes, threads)
