"""What does it cost a large master to be looked at?

Run as ``python -m bench.http``. A master of this process has the given numbers of agents and tasks. Readers
in another process poll /state while a framework here declines one offer after the other; the longest time
without an offer, and the longest stretch during which nothing else got its turn, are measured with and
without readers. The limit beside it: msgspec writing the same bytes from objects that are ready. At the end
the launch rate through the scheduler API, see `bench.http_launch`.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import sys
import threading
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from actors import Process, bind
from bench import http_launch
from bench.http_cluster import Picky, fill, subscribe
from cluster.allocator import AllocatorOptions
from cluster.cli.collector import Collector
from cluster.http import http_factory
from cluster.http.endpoints.master import master_endpoints
from cluster.http.endpoints.master_state import MasterState
from cluster.http.endpoints.render_tasks import write_task
from cluster.master import state
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.master.state import TaskEntry

#: How often the event loop is asked whether it still turns.
PROBE_S = 0.001
READERS = 8
MANY = 1 << 30
OPERATOR_CALLS = ("GET_TASKS", "GET_STATE", "SUBSCRIBE")
#: Other answers that are long, read by all readers at once.
LONG_ANSWERS = ("/state-summary", "/frameworks", "/slaves", "GET_STATE", "SUBSCRIBE")
#: Frameworks of the master whose numbers are read, and how.
NUMBERED = 1000
NUMBERS = ("/metrics/snapshot", "/metrics/prometheus", "GET_METRICS")
PAGES = (
    "/tasks?limit=100",
    "/tasks?limit=100&order=asc&offset=50000",
    "/slaves?limit=100",
    "/slaves?limit=100&offset=5000",
)
#: Targets. Stretches are in CPU time of the thread: on the clock they hold what others do to the machine.
TARGET_STRETCH_MS = 20.0
#: Tasks that change between two answers.
CHANGED = 1000
TARGET_RATIO = 2.0
TARGET_PAGE_MS = 5.0
#: The longest time without an offer while many read, in times of that when nobody does.
TARGET_STALL = 1.5

# -- readers ----------------------------------------------------------------------------------


@dataclass
class Polled:
    """What the readers saw: seconds and bytes of each answer."""

    seconds: list[float] = field(default_factory=list)
    bytes_on_wire: list[int] = field(default_factory=list)


def poll(address: str, path: str, accept: str, until: threading.Event, seen: Polled, most: int) -> None:
    """Ask for a path again and again."""
    while not until.is_set() and len(seen.seconds) < most:
        began = perf_counter()
        _, size = fetch(address, path, accept)
        seen.seconds.append(perf_counter() - began)
        seen.bytes_on_wire.append(size)


def fetch(address: str, path: str, accept: str = "identity") -> tuple[bytes, int]:
    """One answer, and how many bytes of it came over the wire. A path in capitals is an operator call."""
    connection = http.client.HTTPConnection(address, timeout=300)
    headers = {"Accept-Encoding": accept}
    try:
        if path.isupper():
            call = json.dumps({"type": path, **({path.lower(): {}} if path == "GET_METRICS" else {})})
            headers |= {"Content-Type": "application/json", "Accept": "application/x-protobuf"}
            connection.request("POST", "/api/v1", call, headers)
        else:
            connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        if path == "SUBSCRIBE":  # never ends: the first record, which is the whole state
            body = answer.read(int(answer.readline()))
        else:
            body = answer.read()
        return body, len(body)
    finally:
        connection.close()


def be_readers(address: str, path: str, count: int, accept: str, for_s: float, most: int) -> None:
    """The other process: poll with several readers when told to, print what they saw."""
    print(flush=True)
    sys.stdin.readline()
    until, seen = threading.Event(), Polled()
    threads = [
        threading.Thread(target=poll, args=(address, path, accept, until, seen, most)) for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    if most == MANY:
        until.wait(for_s)
        until.set()
    for thread in threads:
        thread.join()
    print(json.dumps(asdict(seen)))


# -- measuring --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stretch:
    """The longest time between two turns of the event loop, and the most CPU time, in ms.

    On a machine with other work the first holds the time of others too.
    """

    wall_ms: float = 0.0
    cpu_ms: float = 0.0

    def __str__(self) -> str:
        return f"{self.cpu_ms:.1f} ms ({self.wall_ms:.0f} ms)"


class Probe:
    """Asks the event loop all the time whether it still turns."""

    def __init__(self) -> None:
        self.longest = Stretch()
        self._last = (0.0, 0.0)
        self._handle: asyncio.TimerHandle | None = None

    def __enter__(self) -> Probe:
        self._last = perf_counter(), thread_time()
        self._turn()
        return self

    def _turn(self) -> None:
        now = perf_counter(), thread_time()
        self.longest = Stretch(
            max(self.longest.wall_ms, (now[0] - self._last[0] - PROBE_S) * 1000),
            max(self.longest.cpu_ms, (now[1] - self._last[1]) * 1000),
        )
        self._last = now
        self._handle = asyncio.get_running_loop().call_later(PROBE_S, self._turn)

    def __exit__(self, *_: object) -> None:
        assert self._handle is not None
        self._handle.cancel()


@dataclass(frozen=True)
class Figures:
    """Everything measured in one run. `_s` seconds, `_ms` milliseconds; answers are whole /state."""

    agents: int
    tasks: int
    calibration_s: float
    state_bytes: int
    gzip_bytes: int
    encode_cpu_s: float
    render_first_cpu_s: float
    render_again_cpu_s: float
    render_changed_cpu_s: float
    write_cpu_us: float
    records_cpu_s: float
    first_s: float
    again_s: float
    gzip_s: float
    first_stretch: Stretch
    again_stretch: Stretch
    idle_stretch: Stretch
    idle_stall_ms: float
    readers: int
    readers_answers: int
    readers_median_s: float
    readers_stretch: Stretch
    readers_stall_ms: float
    shared: int
    operator_stretches: dict[str, Stretch]
    crowd_stretches: dict[str, Stretch]
    metrics_stretches: dict[str, Stretch]
    pages_ms: dict[str, float]
    launches: list[http_launch.Row]
    digest: str


def calibrate() -> float:
    """Seconds for summing `range(50_000_000)`."""
    began = perf_counter()
    sum(range(50_000_000))
    return perf_counter() - began


async def read_by_others(
    address: str, path: str, count: int = 1, accept: str = "identity", for_s: float = 0.0, most: int = MANY
) -> tuple[Polled, Stretch]:
    """Let the other process read, for a while or some answers; what it saw, and the longest stretch."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.http", "--readers-of", address, "--path", path, "--accept", accept,
        "--readers", str(count), "--seconds", str(for_s), "--answers", str(most),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert reader.stdin is not None
    assert reader.stdout is not None
    await reader.stdout.readline()  # it is there: starting it stops a large process for a moment
    with Probe() as probe:
        reader.stdin.write(b"\n")
        out = await reader.stdout.read()
    await reader.wait()
    return Polled(**json.loads(out)), probe.longest


def tasks_of(books: state.MasterState) -> list[TaskEntry]:
    """The tasks in the master, framework by framework."""
    return [task for framework in books.frameworks.values() for task in framework.tasks.values()]


def change(books: state.MasterState, tasks: list[TaskEntry]) -> float:
    """Replace the records of tasks; CPU seconds."""
    pairs = [(books.frameworks[str(task.record.framework_id)], task) for task in tasks]
    began = process_time()
    for framework, task in pairs:
        books.update_task(framework, task, msgspec.structs.replace(task.record))
    return process_time() - began


async def render_s(state: MasterState) -> float:
    """CPU seconds for making one answer, without sending it."""
    began = process_time()
    async for _ in state._state():
        pass
    return process_time() - began


def longest_gap_ms(times: list[float], begin_s: float, end_s: float) -> float:
    """The longest time without an offer."""
    inside = [begin_s, *(at for at in times if begin_s < at < end_s), end_s]
    return max(after - before for before, after in pairwise(inside)) * 1000


async def page_ms(address: str, path: str, rounds: int) -> float:
    """The median of some answers."""
    seen, _ = await read_by_others(address, path, most=rounds)
    return median(seen.seconds) * 1000


async def measure(agent_count: int, task_count: int, readers: int, seconds: float) -> Figures:
    """Build the master, and look at it in every way."""
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    settings = MasterSettings(ping_timeout_s=3600.0)
    options = AllocatorOptions(allocation_interval_s=0.1)
    master = runtime.spawn(MasterActor(settings, options, {}, write_task), NAME)
    front = http_factory(runtime, NAME, master_endpoints(runtime, master, {}))
    await process.listen(http=front)
    await fill(process, master, agent_count, task_count)
    picky = Picky(master)
    runtime.spawn(picky, "picky")
    collector = Collector(runtime)  # as a daemon has it
    address = runtime.address
    try:
        first, first_stretch = await read_by_others(address, "/state", most=1)
        again, again_stretch = await read_by_others(address, "/state", most=5)
        packed, _ = await read_by_others(address, "/state", accept="gzip", most=3)
        body, size = await asyncio.to_thread(fetch, address, "/state")
        objects = msgspec.json.decode(body)
        encoder = msgspec.json.Encoder()
        encode_s, rendered_s = [], []
        rendered = MasterState(runtime, master, {})
        render_first_s = await render_s(rendered)
        for _ in range(3):
            began = process_time()
            encoder.encode(objects)
            encode_s.append(process_time() - began)
            rendered_s.append(await render_s(rendered))
        actor = runtime.by_name[NAME]
        assert isinstance(actor, MasterActor)
        tasks = tasks_of(actor.state)
        some = tasks[:: max(1, len(tasks) // CHANGED)]
        write_us = change(actor.state, some) / len(some) * 1e6
        changed_s = await render_s(rendered)
        began = process_time()
        encoder.encode([task.record for task in tasks])
        records_s = process_time() - began
        assert len(objects["slaves"]) == agent_count
        assert sum(len(f["tasks"]) for f in objects["frameworks"]) == task_count
        digest = hashlib.sha256(repr(sorted(a["id"] for a in objects["slaves"])).encode()).hexdigest()[:16]
        del objects
        begin = perf_counter()
        with Probe() as idle:
            await asyncio.sleep(min(2.0, seconds))
        idle_stall = longest_gap_ms(picky.offers_s, begin, perf_counter())
        hits = runtime.metrics.value("master/http_cache_hits")
        begin = perf_counter()
        seen, busy_stretch = await read_by_others(address, "/state", readers, "gzip", seconds)
        stall = longest_gap_ms(picky.offers_s, begin, perf_counter())
        hits = runtime.metrics.value("master/http_cache_hits") - hits
        return Figures(
            agents=agent_count,
            tasks=task_count,
            calibration_s=calibrate(),
            state_bytes=size,
            gzip_bytes=packed.bytes_on_wire[0],
            encode_cpu_s=median(encode_s),
            render_first_cpu_s=render_first_s,
            render_again_cpu_s=median(rendered_s),
            render_changed_cpu_s=changed_s,
            write_cpu_us=write_us,
            records_cpu_s=records_s,
            first_s=first.seconds[0],
            again_s=median(again.seconds),
            gzip_s=median(packed.seconds),
            first_stretch=first_stretch,
            again_stretch=again_stretch,
            idle_stretch=idle.longest,
            idle_stall_ms=idle_stall,
            readers=readers,
            readers_answers=len(seen.seconds),
            readers_median_s=median(seen.seconds),
            readers_stretch=busy_stretch,
            readers_stall_ms=stall,
            shared=int(hits),
            operator_stretches={
                call: (await read_by_others(address, call, most=1))[1] for call in OPERATOR_CALLS
            },
            crowd_stretches={
                path: (await read_by_others(address, path, readers, "gzip", most=1))[1]
                for path in LONG_ANSWERS
            },
            metrics_stretches={},
            pages_ms={path: await page_ms(address, path, 20) for path in PAGES},
            launches=[],
            digest=digest,
        )
    finally:
        collector.stop()
        await process.close()
        await front.close(0.1)


async def measure_numbers(frameworks: int, readers: int) -> dict[str, Stretch]:
    """The longest stretches while the numbers of many frameworks are read."""
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    master = runtime.spawn(MasterActor(MasterSettings(), AllocatorOptions(), {}, write_task), NAME)
    front = http_factory(runtime, NAME, master_endpoints(runtime, master, {}))
    await process.listen(http=front)
    await subscribe(process, master, frameworks)
    collector = Collector(runtime)
    address = runtime.address
    try:
        return {path: (await read_by_others(address, path, readers, most=3))[1] for path in NUMBERS}
    finally:
        collector.stop()
        await process.close()
        await front.close(0.1)


def show(figures: Figures) -> None:
    """The table."""
    f = figures
    title = f"/state of a master with {f.agents:,} agents and {f.tasks:,} tasks"
    table = Table(title=title, caption=f"digest {f.digest}, sum(range(50_000_000)) {f.calibration_s:.2f} s")
    for name in ("what", "figure", "target", "met"):
        table.add_column(name, justify="left" if name == "what" else "right")

    def row(what: str, figure: str, target: str = "", met: bool | None = None) -> None:
        table.add_row(what, figure, target, "" if met is None else "yes" if met else "NO")

    def stretch_row(what: str, stretch: Stretch) -> None:
        is_met = stretch.cpu_ms < TARGET_STRETCH_MS
        row(f"longest stretch, {what}", str(stretch), f"{TARGET_STRETCH_MS:.0f} ms", is_met)

    row("bytes, and with gzip", f"{f.state_bytes:,} / {f.gzip_bytes:,}")
    row("CPU of msgspec for the same bytes from ready objects", f"{f.encode_cpu_s:.2f} s")
    for which, cpu_s in (("first", f.render_first_cpu_s), ("next", f.render_again_cpu_s)):
        ratio = cpu_s / f.encode_cpu_s
        text = f"{cpu_s:.2f} s ({ratio:.1f}x)"
        row(f"CPU for the {which} answer", text, f"{TARGET_RATIO:.0f}x", ratio <= TARGET_RATIO)
    changed = f"{f.render_changed_cpu_s:.2f} s ({f.render_changed_cpu_s / f.encode_cpu_s:.1f}x)"
    is_met = f.render_changed_cpu_s <= TARGET_RATIO * f.encode_cpu_s
    row(f"CPU for the next when {CHANGED:,} tasks changed", changed, f"{TARGET_RATIO:.0f}x", is_met)
    row("CPU for changing a task, its text included", f"{f.write_cpu_us:.1f} us")
    row("CPU of msgspec for the tasks as the master has them", f"{f.records_cpu_s:.2f} s")
    row("time of first, next, next with gzip", f"{f.first_s:.2f} s, {f.again_s:.2f} s, {f.gzip_s:.2f} s")
    stretch_row("nobody reads: CPU (clock)", f.idle_stretch)
    stretch_row("first answer", f.first_stretch)
    stretch_row("next answers", f.again_stretch)
    stretch_row(f"{f.readers} readers, gzip", f.readers_stretch)
    for call, stretch in f.operator_stretches.items():
        stretch_row(f"{call}, protobuf", stretch)
    for path, stretch in f.crowd_stretches.items():
        stretch_row(f"{f.readers} readers of {path}", stretch)
    for path, stretch in f.metrics_stretches.items():
        stretch_row(f"{f.readers} readers of {path}, {NUMBERED:,} frameworks", stretch)
    answers = f"{f.readers_answers}, {f.readers_median_s:.2f} s, {f.shared}"
    row(f"{f.readers} readers: answers, median time, shared", answers)
    stall = f"{f.readers_stall_ms:.0f} ms ({f.idle_stall_ms:.0f} ms idle)"
    is_near = f.readers_stall_ms <= TARGET_STALL * f.idle_stall_ms
    row("longest time without an offer meanwhile", stall, f"{TARGET_STALL}x idle", is_near)
    for path, ms in f.pages_ms.items():
        row(path, f"{ms:.1f} ms", f"{TARGET_PAGE_MS:.0f} ms", ms < TARGET_PAGE_MS)
    for launch in f.launches:
        row(f"launches over HTTP, {launch.per_call} an ACCEPT", f"{launch.http_per_s:,.0f} tasks/s")
    Console().print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the readers poll")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--smallest", action="store_true", help="a few seconds, only to see that it works")
    for name in ("--readers-of", "--path", "--accept"):  # for the process of the readers
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--answers", type=int, default=MANY, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.readers_of:
        be_readers(
            options.readers_of,
            options.path,
            options.readers,
            options.accept,
            options.seconds,
            options.answers,
        )
        return 0
    if options.smallest:
        options.agents, options.tasks, options.seconds = 50, 500, 1.0
    # Before the large master, of which much is left behind for the collector to find.
    numbers = uvloop.run(measure_numbers(20 if options.smallest else NUMBERED, options.readers))
    figures = uvloop.run(measure(options.agents, options.tasks, options.readers, options.seconds))
    figures.metrics_stretches.update(numbers)
    launches = http_launch.Size.smallest() if options.smallest else http_launch.Size(rounds=1)
    figures.launches.extend(http_launch.measure(launches).rows)
    show(figures)
    if options.json is not None:
        options.json.write_text(json.dumps({**asdict(figures), "cpus": os.cpu_count()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
