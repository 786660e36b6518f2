"""Second part of mesos-demo: two frameworks work on real files and share the agents under DRF.

The shares shown are the allocator's own, asked for whenever something changed.
"""

from __future__ import annotations

import asyncio
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from actors import PID, Process
from cluster.cli.demo_meter import Meter
from cluster.cli.demo_view import Lane, Load, View
from cluster.examples import file_work
from cluster.examples.sharing import Batch, Demand, FileWork, batches_of
from cluster.protocol import operator
from cluster.scheduler import Timing, attach

#: What a task of each framework needs. One is hungry for memory, the other for cpus.
DEMANDS = {file_work.COMPRESS: Demand(0.5, 1024), file_work.DIGEST: Demand(1.5, 512)}
#: Bytes of the files of one task; the more files there are, the more tasks.
BATCH_BYTES = 800_000
#: Fewer tasks than this of each framework would leave nothing to see.
MIN_BATCHES = 12
TIMING = Timing(backoff_min_s=0.02)
#: How long the master may take to answer, and the cluster to do everything.
ASK_S, ALL_S = 20.0, 600.0


@dataclass(frozen=True, slots=True)
class Files:
    """The files to work on: in a list on disk for the tasks, cut into batches."""

    directory: str
    paths: tuple[str, ...]
    total_bytes: int
    batches: tuple[Batch, ...]
    list_path: str


def source_files(directory: str) -> Iterator[Path]:
    """The source files of the standard library that can be read, sorted; not what was installed later."""
    for path in sorted(Path(directory).rglob("*.py")):
        installed = {"site-packages", "dist-packages"} & set(path.parts)
        if not installed and path.is_file() and os.access(path, os.R_OK):
            yield path


def choose_files(count: int, list_path: Path) -> Files:
    """List `count` files (0: all), evenly taken from the standard library, in the file `list_path`."""
    directory = sysconfig.get_path("stdlib")
    found = list(source_files(directory))
    if 0 < count < len(found):
        found = [found[index * len(found) // count] for index in range(count)]
    paths = tuple(str(path) for path in found)
    list_path.write_text("\0".join(paths), encoding="utf-8", errors="surrogateescape")
    sizes = [path.stat().st_size for path in found]
    most_bytes = min(BATCH_BYTES, max(1, sum(sizes) // MIN_BATCHES))
    return Files(directory, paths, sum(sizes), tuple(batches_of(sizes, most_bytes)), str(list_path))


class Sharing:
    """Two frameworks at work, and what the master says of their shares meanwhile."""

    def __init__(
        self, process: Process, master: str, names: Mapping[str, str], files: Files, view: View
    ) -> None:
        self._runtime = process.runtime
        self._master = PID("master", master)
        self._names = names  # of the agents, by id
        self._view = view
        self._changed = asyncio.Event()
        self.frameworks = [
            FileWork(kind, demand, files.batches, files.list_path, self._changed.set)
            for kind, demand in DEMANDS.items()
        ]
        self.meter = Meter()
        self._shares: dict[str, tuple[float, str]] = {}
        self.dominant: dict[str, str] = {}
        self.took_s = 0.0

    async def work(self) -> None:
        """Run both frameworks to their end.

        Raises:
            TimeoutError: they take far too long.
        """
        began_ns = self._now()
        for framework in self.frameworks:
            attach(self._runtime, framework, self._master, name=framework.name, timing=TIMING)
        with self._view.live():
            async with asyncio.timeout(ALL_S):
                while not all(framework.is_over for framework in self.frameworks):
                    await self._changed.wait()
                    self._changed.clear()
                    await self._sample()
            self.took_s = (self._now() - began_ns) / 1e9
            await self._sample(is_last=True)
        for framework in self.frameworks:
            framework.stop()
            await self._runtime.wait(PID(framework.name, self._runtime.address))

    def _now(self) -> int:
        return self._runtime.clock.now()

    # -- watching -----------------------------------------------------------------------------

    async def _sample(self, *, is_last: bool = False) -> None:
        both_hungry = all(framework.is_hungry for framework in self.frameworks)
        shares = await self._runtime.ask(self._master, operator.GetShares(), ASK_S)
        assert isinstance(shares, operator.Shares)
        known = {f.framework_id: (f.share, f.dominant) for role in shares.roles for f in role.frameworks}
        found = {f.name: known.get(f.framework_id or "", (0.0, "")) for f in self.frameworks}
        both_hungry = both_hungry and all(framework.is_hungry for framework in self.frameworks)
        self.meter.note(self._now(), {name: share for name, (share, _) in found.items()}, counts=both_hungry)
        if both_hungry:
            self.dominant |= {name: dominant for name, (_, dominant) in found.items() if dominant}
        self._view.lanes(
            [_lane(framework, *found[framework.name]) for framework in self.frameworks],
            await self._loads() if is_last or self._view.is_picture_due else [],
            is_last=is_last,
        )

    async def _loads(self) -> list[Load]:
        agents = await self._runtime.ask(self._master, operator.GetAgents(), ASK_S)
        assert isinstance(agents, operator.Agents)
        loads = [_load(self._names.get(agent.id, agent.id), agent) for agent in agents.agents]
        return sorted(loads, key=lambda load: load.name)


def _lane(framework: FileWork, share: float, dominant: str) -> Lane:
    return Lane(
        framework.name,
        str(framework.demand),
        framework.done,
        framework.total,
        len(framework.running),
        share,
        dominant,
    )


def _load(name: str, agent: operator.AgentView) -> Load:
    used, total = Demand.of_text(agent.used), Demand.of_text(agent.total)
    return Load(name, used.cpus, total.cpus, used.mem / 1024, total.mem / 1024)


# -- the same once more, alone ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the cluster's results compare with those of a serial run, by framework."""

    equal: dict[str, int]
    different: dict[str, list[str]]  # paths; at most a few are shown
    took_s: float

    @property
    def is_good(self) -> bool:
        """Whether all results are there and the same."""
        return not any(self.different.values())


class Serial:
    """All the work once more, one file after the other, in a thread of this process."""

    def __init__(self, paths: Sequence[str], told: Callable[[int], None]) -> None:
        self._paths = paths
        self._told = told
        self._is_wanted = True

    def give_up(self) -> None:
        """Nobody waits for it any more."""
        self._is_wanted = False

    def results(self) -> dict[str, list[str]]:
        """The result of each kind of work for each file."""
        found: dict[str, list[str]] = {kind: [] for kind in DEMANDS}
        for index, path in enumerate(self._paths, 1):
            if not self._is_wanted:
                break
            content = Path(path).read_bytes()
            for kind, results in found.items():
                results.append(file_work.WORK[kind](content))
            self._told(index)
        return found


async def compare(process: Process, files: Files, frameworks: Sequence[FileWork], view: View) -> Comparison:
    """Do all the work in this process, and compare."""
    loop, clock = asyncio.get_running_loop(), process.runtime.clock
    words = "the same, one by one"
    total = len(files.paths)

    def told(done: int) -> None:
        loop.call_soon_threadsafe(view.check, words, done, total)

    serial = Serial(files.paths, told)
    began_ns = clock.now()
    with view.live():
        try:
            expected = await asyncio.to_thread(serial.results)
        finally:
            serial.give_up()
        view.check(words, total, total)
    took_s = (clock.now() - began_ns) / 1e9
    equal: dict[str, int] = {}
    different: dict[str, list[str]] = {}
    for framework in frameworks:
        wanted = expected[framework.kind]
        wrong = [
            path for index, path in enumerate(files.paths) if framework.results.get(index) != wanted[index]
        ]
        equal[framework.name] = total - len(wrong)
        different[framework.name] = wrong
    return Comparison(equal, different, took_s)
