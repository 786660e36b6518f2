"""How fast are actors, next to the least code that does the same without them?

Run as ``python -m bench.actors``. Every row measures raw code and actors in alternating rounds of
the same run and reports the median of the ratios, so that a busy machine moves both alike. Local
rows count CPU time, remote rows wall time between processes on the loopback interface. Each round
checks what arrived: the number of messages and the sum of their numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count as count_up
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

if sys.path[0] == str(Path(__file__).parent):  # run as a file: this folder hides the package
    sys.path[0] = str(Path(__file__).parents[1])

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from actors import PID, Process, Rng, Runtime, run
from bench import ours, raw
from bench.child import HOST, child

OPAQUE_BYTES = 85  # with a number and the names of both fields, 100
LARGE_BYTES = 65_536
WINDOW = 4_000  # messages under way in a stream
WINDOW_LARGE = 64
WINDOW_OF_MANY = 500  # for each of the connections
TELLS = 1_000
IN_FLIGHT = 100
CONNECTIONS = 100


@dataclass(frozen=True)
class Sample:
    """One measurement: how much per second (or bytes, or ns), what arrived, and latencies in us."""

    value: float
    digest: tuple[int, int]
    p50_us: float = 0.0
    p99_us: float = 0.0


Measure = Callable[[], Awaitable[Sample]]


@dataclass
class Row:
    """One line of the table. A floor is a least ratio ours/raw; a ceiling a most of ``ours``."""

    name: str
    unit: str
    limited_by: str
    rivals: str
    floor: float | None = None
    ceiling: float | None = None
    raw: float = 0.0
    ours: float = 0.0
    ratio: float | None = None
    detail: dict[str, float] = field(default_factory=dict)
    digest: tuple[int, int] = (0, 0)

    @property
    def is_met(self) -> bool:
        """Whether the floor or ceiling is kept."""
        if self.floor is not None:
            return self.ratio is not None and self.ratio >= self.floor
        return self.ceiling is None or self.ours <= self.ceiling

    @property
    def target(self) -> str:
        """The floor or ceiling as text."""
        if self.floor is not None:
            return f"≥ {self.floor:g}"
        return f"< {self.ceiling:g}" if self.ceiling is not None else ""


@dataclass(frozen=True)
class Sizes:
    """How much is measured: ``rounds`` alternations, counts multiplied by ``scale``."""

    rounds: int
    scale: float
    seed: int

    def of(self, count: int, multiple: int = 1) -> int:
        """``count`` scaled, at least one ``multiple`` and a whole number of them."""
        return max(1, round(count * self.scale / multiple)) * multiple


@contextmanager
def _timed(clock: Callable[[], float]) -> Iterator[Callable[[], float]]:
    start = clock()
    yield lambda: clock() - start


def _latencies(took: list[int], total: int) -> Sample:
    """A sample from the ns of each of a series of round trips."""
    ordered = sorted(took)
    p50, p99 = (ordered[int(len(ordered) * part)] / 1000 for part in (0.5, 0.99))
    return Sample(len(took) / sum(took) * 1e9, (len(took), total), p50, p99)


def _expected(got: int, want: int) -> None:
    if got != want:
        raise AssertionError(f"checksum {got}, expected {want}")


# -- one process ------------------------------------------------------------------------------


def tell(sizes: Sizes) -> tuple[Measure, Measure]:
    """Messages from one local actor to another, 1,000 at a time."""
    batches = sizes.of(400)

    async def measure_raw() -> Sample:
        with _timed(process_time) as took:
            count, total = raw.hand_off(batches, TELLS)
            return Sample(count / took(), (count, total))

    async def measure_ours() -> Sample:
        with _timed(process_time) as took:
            count, total = await ours.tell(batches, TELLS)
            return Sample(count / took(), (count, total))

    return measure_raw, measure_ours


def local_ask(sizes: Sizes) -> tuple[Measure, Measure]:
    """Questions from outside to an actor of the same process."""
    count = sizes.of(50_000)

    async def measure_raw() -> Sample:
        with _timed(process_time) as took:
            total = await raw.future_round_trips(count)
            return Sample(count / took(), (count, total))

    async def measure_ours() -> Sample:
        with _timed(process_time) as took:
            total = await ours.local_asks(count)
            return Sample(count / took(), (count, total))

    return measure_raw, measure_ours


# -- two processes ----------------------------------------------------------------------------


class Ends:
    """The connections of this process to the servers of both kinds."""

    def __init__(self, stack: AsyncExitStack, seed: int) -> None:
        ports = map(int, stack.enter_context(child("serve_raw")).split())
        self.raw_echo, self.raw_gathering, self.raw_sink, self.raw_large = ports
        self.port = int(stack.enter_context(child("serve_ours", 1)))
        self._asleep_port: int | None = None
        self.opaque = {"data": Rng(seed).bytes(OPAQUE_BYTES)}
        self.large = {"data": Rng(seed).bytes(LARGE_BYTES)}
        self._stack = stack
        self._names = 0

    def at(self, name: str) -> PID:
        """An actor of the server."""
        return PID(name, f"{HOST}:{self.port}")

    def asleep(self, name: str) -> PID:
        """An actor of a server that never waits awake; it is started for this."""
        if self._asleep_port is None:
            self._asleep_port = int(self._stack.enter_context(child("serve_ours", 0)))
        return PID(name, f"{HOST}:{self._asleep_port}")

    async def process(self, *, spins: bool = True) -> Process:
        """A runtime that only dials."""
        process = Process(spins=spins)
        self._stack.push_async_callback(process.close)
        return process

    async def raw_asker(self, port: int = 0) -> raw.EchoClient:
        """A connected raw client, of the plain echo unless told."""
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_connection(raw.EchoClient, HOST, port or self.raw_echo)
        self._stack.callback(transport.close)
        return client

    async def raw_streamer(self, kind: Stream, port: int) -> raw.StreamClient:
        """A connected raw sender."""
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_connection(
            lambda: raw.StreamClient(kind.fields, kind.batch, kind.window), HOST, port
        )
        self._stack.callback(transport.close)
        return client

    async def streamer(self, kind: Stream, to: str) -> ours.Streamer:
        """A sending actor in a runtime, on a connection, of its own."""
        streamer = ours.Streamer(self.at(to), kind.message, kind.fields.values(), kind.batch, kind.window)
        process = await self.process()
        self._names += 1
        process.runtime.spawn(streamer, f"streamer-{self._names}")
        return streamer


@dataclass(frozen=True)
class Stream:
    """What is streamed, and how far ahead of the receiver."""

    message: ours.Kind
    fields: dict[str, Any]
    batch: int = raw.BATCH
    window: int = WINDOW


async def remote_ask(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """Questions to another process, one at a time."""
    return await _one_by_one((await ends.process()).runtime, ends.at("echo"), ends, sizes)


async def asleep_ask(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """The same when neither end waits awake, as raw code does not."""
    return await _one_by_one((await ends.process(spins=False)).runtime, ends.asleep("echo"), ends, sizes)


async def _one_by_one(runtime: Runtime, echo: PID, ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    count = sizes.of(5_000)
    client = await ends.raw_asker()

    async def measure_raw() -> Sample:
        return _latencies(await raw.ask_one_by_one(client, 0, count), 0)

    async def measure_ours() -> Sample:
        return _latencies(await ours.ask_one_by_one(runtime, echo, 0, count), 0)

    return measure_raw, measure_ours


async def _in_flight(ask: Callable[[int], Awaitable[int]], each: int) -> Sample:
    async def asker(number: int) -> int:
        return sum([await ask(n) for n in range(number * each, (number + 1) * each)])

    count = IN_FLIGHT * each
    with _timed(perf_counter) as took:
        total = sum(await asyncio.gather(*map(asker, range(IN_FLIGHT))))
        rate = count / took()
    _expected(total, count * (count - 1) // 2)
    return Sample(rate, (count, total))


async def many_asks(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """Questions to another process, 100 under way."""
    return await _many_asks(ends, sizes, ends.raw_echo)


async def gathered_asks(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """The same next to raw code that gathers the answers to what one read brought."""
    return await _many_asks(ends, sizes, ends.raw_gathering)


async def _many_asks(ends: Ends, sizes: Sizes, raw_port: int) -> tuple[Measure, Measure]:
    each = sizes.of(400)
    client = await ends.raw_asker(raw_port)
    runtime = (await ends.process()).runtime
    echo = ends.at("echo")

    async def ask(n: int) -> int:
        return int((await runtime.ask(echo, ours.Question(n))).n)

    return (lambda: _in_flight(client.ask, each)), (lambda: _in_flight(ask, each))


async def _streams(senders: Sequence[Callable[[int], Awaitable[int]]], each: int, before: int) -> Sample:
    """Have all senders stream; checks the sums the receiver made since the connections opened."""
    with _timed(perf_counter) as took:
        totals = await asyncio.gather(*(send(each) for send in senders))
        rate = each * len(senders) / took()
    sent = each * (before + 1)
    for total in totals:
        _expected(total, sent * (sent + 1) // 2)
    return Sample(rate, (each * len(senders), each * (each + 1) // 2 * len(senders)))


async def _alternating(
    ends: Ends, kind: Stream, each: int, connections: int = 1, *, large: bool = False
) -> tuple[Measure, Measure]:
    raws = [
        (await ends.raw_streamer(kind, ends.raw_large if large else ends.raw_sink)).stream
        for _ in range(connections)
    ]
    actors = [(await ends.streamer(kind, "large" if large else "sink")).stream for _ in range(connections)]
    raw_rounds, our_rounds = count_up(), count_up()
    return (
        lambda: _streams(raws, each, next(raw_rounds)),
        lambda: _streams(actors, each, next(our_rounds)),
    )


async def stream(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """100-byte messages of five fields one way."""
    return await _alternating(ends, Stream(ours.Note, raw.FIELDS), sizes.of(200_000, raw.BATCH))


async def opaque(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """100-byte messages that are one piece, so that packing them is next to nothing."""
    return await _alternating(ends, Stream(ours.Chunk, ends.opaque), sizes.of(200_000, raw.BATCH))


async def large(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """64 KiB messages one way."""
    kind = Stream(ours.Chunk, ends.large, raw.BATCH_LARGE, WINDOW_LARGE)
    return await _alternating(ends, kind, sizes.of(8_000, raw.BATCH_LARGE), large=True)


async def many_streams(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """100 connections that stream into one actor."""
    kind = Stream(ours.Note, raw.FIELDS, window=WINDOW_OF_MANY)
    return await _alternating(ends, kind, sizes.of(2_000, raw.BATCH), CONNECTIONS)


async def loaded_ask(ends: Ends, sizes: Sizes) -> tuple[Measure, Measure]:
    """How many times slower the slowest questions get while a third process streams."""
    count = sizes.of(2_000)
    client = await ends.raw_asker()
    runtime = (await ends.process()).runtime
    echo = ends.at("echo")

    async def compare(kind: str, port: int, ask: Callable[[int], Awaitable[list[int]]], n: int) -> Sample:
        quiet = _latencies(await ask(count), 0)
        with child(kind, port, WINDOW):
            loaded = _latencies(await ask(n), 0)
        return Sample(loaded.p99_us / quiet.p99_us, (count, 0), quiet.p99_us, loaded.p99_us)

    # The raw questions go to another port than the raw stream, but to the same process and loop. It
    # reads as long as something comes, so that questions take long and fewer of them must do.
    return (
        lambda: compare(
            "load_raw", ends.raw_sink, lambda n: raw.ask_one_by_one(client, 0, n), max(1, count // 20)
        ),
        lambda: compare("load_ours", ends.port, lambda n: ours.ask_one_by_one(runtime, echo, 0, n), count),
    )


# -- rows -------------------------------------------------------------------------------------


async def _compare(row: Row, pair: tuple[Measure, Measure], rounds: int, tick: Callable[[], object]) -> Row:
    """Fill a row from alternating rounds; one more before them to warm up."""
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for number in range(rounds + 1):
        for which in (0, 1) if number % 2 else (1, 0):
            samples[which].append(await pair[which]())
        tick()
    raws, actors = samples[0][1:], samples[1][1:]
    row.raw, row.ours = median(s.value for s in raws), median(s.value for s in actors)
    row.ratio = median(ours.value / raw.value for raw, ours in zip(raws, actors, strict=True))
    row.digest = actors[-1].digest
    assert raws[-1].digest == row.digest, f"{row.name}: {raws[-1].digest} is not {row.digest}"
    for kind, some in (("raw", raws), ("ours", actors)):
        if some[0].p50_us:
            row.detail[f"{kind}_p50_us"] = median(s.p50_us for s in some)
            row.detail[f"{kind}_p99_us"] = median(s.p99_us for s in some)
    return row


def idle_rows(sizes: Sizes, tick: Callable[[], object]) -> list[Row]:
    """Memory and time of actors that wait."""
    rows = []
    for base in (10_000, 100_000):
        count = sizes.of(base, 1_000)
        measured = []
        for _ in range(min(3, sizes.rounds)):
            with child("idle", count) as line:
                measured.append([float(word) for word in line.split()])
        tick()
        each_bytes, each_ns, spawned = (median(column) for column in zip(*measured, strict=True))
        for unit, value, ceiling, rivals, why in (
            (
                "kB each",
                each_bytes / 1000,
                1.5,
                "xoscar 1.2, casty 6",
                "actor, its PID, two tables of actors",
            ),
            ("us each", each_ns / 1000, 3.0, "xoscar 49, casty 32", "constructor, PID, two tables of actors"),
        ):
            row = Row(f"{count:,} idle actors", unit, why, rivals, ceiling=ceiling, ours=value)
            row.digest = (int(spawned), 0)
            rows.append(row)
    return rows


LOCAL: list[tuple[Callable[[Sizes], tuple[Measure, Measure]], Row]] = [
    (
        tell,
        Row(
            "local tell, 1,000 at a time",
            "/s",
            "two Python frames, a tuple and a limit check a message",
            "astage 0.13, xoscar 0.09, pykka 0.08",
            0.35,
        ),
    ),
    (
        local_ask,
        Row(
            "local ask",
            "/s",
            "coroutine, name, deadline, two turns of the loop: 3 us more",
            "xoscar 0.63, thespian 0.23",
            0.6,
        ),
    ),
]
REMOTE: list[tuple[Callable[[Ends, Sizes], Awaitable[tuple[Measure, Measure]]], Row]] = [
    (
        remote_ask,
        Row(
            "remote ask, one in flight",
            "/s",
            "both ends wait awake up to 50 us, where raw code sleeps",
            "casty 0.34, dask 0.24, xoscar 0.23",
            0.8,
        ),
    ),
    (
        asleep_ask,
        Row(
            "the same, both ends sleep",
            "/s",
            "4 to 7 us of CPU at each end more than raw: names, types, a turn",
            "",
        ),
    ),
    (
        many_asks,
        Row(
            "remote ask, 100 in flight",
            "/s",
            "CPU of the asking process: name, deadline, envelope, a turn",
            "casty 0.24, dask 0.06, xoscar 0.05",
            0.7,
        ),
    ),
    (
        gathered_asks,
        Row(
            "the same, raw answers gathered",
            "/s",
            "as above; raw code writes once for what one read brought",
            "",
        ),
    ),
    (
        stream,
        Row(
            "remote stream, 100 bytes",
            "/s",
            "CPU of the sender: three Python frames and an encoding a message",
            "xoscar 0.32 by hand, dask 0.31",
            0.5,
        ),
    ),
    (opaque, Row("remote stream, 100 opaque bytes", "/s", "as above; raw next to nothing but copying", "")),
    (
        large,
        Row(
            "remote stream, 64 KiB",
            "/s",
            "copying, as often as in raw code",
            "casty 0.80, dask 0.38",
            0.8,
        ),
    ),
    (
        many_streams,
        Row(
            "100 connections to one actor",
            "/s",
            "CPU of the senders, as with one",
            "dask 0.26, casty 0.14",
            0.55,
        ),
    ),
    (
        loaded_ask,
        Row(
            "ask p99, loaded/unloaded",
            "times",
            "three processes on two cores; slices of 32 messages",
            "",
            ceiling=10.0,
        ),
    ),
]


async def measure(sizes: Sizes, chosen: Callable[[Row], bool], progress: Progress) -> list[Row]:
    """All chosen rows, in order."""
    local = [(make, row) for make, row in LOCAL if chosen(row)]
    remote = [(make, row) for make, row in REMOTE if chosen(row)]
    idle = chosen(Row("idle actors", "", "", ""))
    task = progress.add_task("", total=(len(local) + len(remote)) * (sizes.rounds + 1) + 2 * idle)

    def tick() -> None:
        progress.advance(task)

    rows = []
    for make, row in local:
        progress.update(task, description=row.name)
        rows.append(await _compare(row, make(sizes), sizes.rounds, tick))
    async with AsyncExitStack() as stack:
        ends = Ends(stack, sizes.seed) if remote else None
        for make_remote, row in remote:
            assert ends is not None
            progress.update(task, description=row.name)
            rows.append(await _compare(row, await make_remote(ends, sizes), sizes.rounds, tick))
    if idle:
        progress.update(task, description="idle actors")
        rows += idle_rows(sizes, tick)
    return rows


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table_of(rows: list[Row]) -> Table:
    """The rows as a table."""
    table = Table(title="actors next to raw code", show_lines=True)
    for column in ("what", "raw", "ours", "", "ratio", "target"):
        table.add_column(column, justify="left" if column in ("what", "") else "right")
    table.add_column("best other libraries")
    table.add_column("limited by")
    for row in rows:
        p = row.detail
        times = ""
        if p:
            p50, p99 = (
                "/".join(_number(p[f"{kind}_{q}_us"]) for kind in ("raw", "ours")) for q in ("p50", "p99")
            )
            names = ("p99 unloaded", "p99 loaded") if row.unit == "times" else ("p50", "p99")
            times = f"\n{names[0]} {p50} us\n{names[1]} {p99} us"
        table.add_row(
            row.name + times,
            _number(row.raw) if row.raw else "-",
            _number(row.ours),
            row.unit,
            f"{row.ratio:.2f}" if row.ratio is not None else "-",
            f"[{'green' if row.is_met else 'red'}]{row.target}",
            row.rivals,
            row.limited_by,
        )
    return table


def digest_of(rows: list[Row]) -> str:
    """One word for what arrived in all rows; the same for the same sizes."""
    return hashlib.sha256(repr([(row.name, row.digest) for row in rows]).encode()).hexdigest()[:16]


def yardstick() -> float:
    """Seconds this machine takes to add up range(50_000_000)."""
    with _timed(perf_counter) as took:
        sum(range(50_000_000))
        return took()


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7, help="alternations of raw and ours [7]")
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of messages [1]")
    parser.add_argument("--smallest", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--seed", type=int, default=1, help="of the payloads [1]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    parser.add_argument("--strict", action="store_true", help="exit status 1 if a target is missed")
    args = parser.parse_args(argv)
    sizes = Sizes(1, 0.02, args.seed) if args.smallest else Sizes(args.rounds, args.scale, args.seed)
    console = Console(width=None if sys.stdout.isatty() else 160)
    yardstick_s = yardstick()
    rows: list[Row] = []

    async def work() -> int:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            rows.extend(await measure(sizes, lambda row: args.only in row.name, progress))
        return 0

    run(work)
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    console.print(table_of(rows))
    console.print(f"{machine}; sum(range(50_000_000)) takes {yardstick_s:.2f} s; digest {digest_of(rows)}")
    if args.json:
        report = {
            "machine": machine,
            "yardstick_s": yardstick_s,
            "sizes": asdict(sizes),
            "digest": digest_of(rows),
            "rows": [asdict(row) | {"is_met": row.is_met} for row in rows],
        }
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if args.strict and not all(row.is_met for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
