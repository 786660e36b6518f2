"""How busy the rest of this machine is: what limits on wall-clock time can be held against."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import psutil

#: Processors that others may use while the machine still counts as quiet.
QUIET_CPUS = 0.25
_IDLE_FIELDS = (3, 4)  # of the first line of /proc/stat: idle, waiting for disks
_FIELDS = 8  # those after are parts of the first ones


@dataclass(slots=True)
class Window:
    """A stretch of time. `others_cpus`: processors that others used in it, on the average."""

    others_cpus: float = 0.0

    @property
    def is_quiet(self) -> bool:
        return self.others_cpus < QUIET_CPUS

    def stretched(self, limit: float) -> float:
        """A limit on wall-clock time: by as much longer as the machine is crowded."""
        return limit if self.is_quiet else limit * crowding()


@contextmanager
def watched() -> Iterator[Window]:
    """Watch the machine for as long as the block takes."""
    window = Window()
    began, busy_s, own_s = perf_counter(), _busy_s(), _own_s()
    yield window
    others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
    window.others_cpus = max(0.0, others_s / (perf_counter() - began))


def crowding() -> float:
    """How much longer things take on this machine now than if it had nothing else to do; 1 at least."""
    wall, cpu = perf_counter(), process_time()
    sum(range(5_000_000))
    return max(1.0, (perf_counter() - wall) / max(1e-9, process_time() - cpu))


def _busy_s() -> float:
    """CPU time of all processes since the machine began, and what its host took from it."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:][:_FIELDS]]
    ticks = sum(fields) - sum(fields[at] for at in _IDLE_FIELDS)
    return ticks / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    """CPU time of this process and all that it started, the ended ones included."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
