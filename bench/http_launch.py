"""How many tasks a second can a framework launch through the scheduler API, and what does HTTP cost?

Run as ``python -m bench.http_launch``. A real master; agents that only pretend, as actors of another
process; and a framework here, in turns over HTTP (JSON, calls on a few kept connections) and over
messages, which is the limit of the same run: the same calls and events without HTTP. A task counts
when its TASK_RUNNING is acknowledged. The CPU time of the master is told beside, because all of this
shares the processors.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from time import perf_counter
from typing import Any

import msgspec
import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from actors import PID, Actor, Process, bind, handles, run
from bench.child import until_input_ends
from bench.launch import BIN, calibrate, cpu_s, daemon
from bench.pretended_agent import PretendedAgent
from cluster.model import (
    AgentID,
    CommandInfo,
    Filters,
    FrameworkID,
    FrameworkInfo,
    OfferID,
    Operation,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
)
from cluster.protocol import scheduler as schedulers

HOST = "127.0.0.1"
#: Connections over which the framework makes its calls.
CONNECTIONS = 8
#: What an agent offers, and what a task takes.
TOTAL, NEED = "cpus:1000;mem:1000000", "cpus:0.01;mem:1"
COMMAND = "true"
INFO = FrameworkInfo(user="root", name="bench")
#: After this a round has failed.
LIMIT_S = 300.0


# -- agents that only pretend -----------------------------------------------------------------


async def pretend(count: int, address: str) -> int:
    """Be `count` agents until standard input ends."""
    process = Process(sock=bind(HOST, 0))
    await process.listen()
    for number in range(1, count + 1):
        agent = PretendedAgent(number, PID("master", address), TOTAL, TaskState.TASK_RUNNING)
        process.runtime.spawn(agent, f"slave({number})")
    print("here", flush=True)
    await until_input_ends()
    await process.close()
    return 0


@contextmanager
def pretended_agents(count: int, address: str) -> Iterator[None]:
    """Agents in a process that ends with this one."""
    command = [sys.executable, "-m", "bench.http_launch", "--pretend", str(count), "--master", address]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=Path(__file__).parents[1])
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "here\n":
            raise RuntimeError(f"{' '.join(command)} ended with code {process.wait()}")
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        finally:
            process.kill()
            process.stdout.close()


# -- the framework over HTTP ------------------------------------------------------------------


@dataclass
class Launch:
    """What is left to do: `tasks` in all, `per_call` in one ACCEPT."""

    tasks: int
    per_call: int
    launched: int = 0
    acknowledged: int = 0
    began_s: float = 0.0

    def next_ids(self) -> list[str]:
        """The ids of the tasks of the next ACCEPT."""
        if not self.began_s:
            self.began_s = perf_counter()
        first = self.launched
        self.launched = min(self.tasks, first + self.per_call)
        return [f"t{number}" for number in range(first, self.launched)]


class HttpFramework:
    """Launches over HTTP. The client is as plain as may be, for it takes time from the master's."""

    def __init__(self, address: str, launch: Launch) -> None:
        host, _, port = address.rpartition(":")
        self._place = (host, int(port))
        self._launch = launch
        self._calls: asyncio.Queue[bytes] = asyncio.Queue()
        self._head = b""
        self._id: dict[str, str] = {}
        self._need = [
            {"name": name, "type": "SCALAR", "scalar": {"value": float(amount)}}
            for name, amount in (part.split(":") for part in NEED.split(";"))
        ]

    async def run(self) -> float:
        """Launch everything; how long it took."""
        reader, writer = await asyncio.open_connection(*self._place, limit=1 << 24)
        info = {"user": INFO.user, "name": INFO.name}
        self._head = self._heads("")
        writer.write(self._request({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        stream_id = next(line for line in head.split("\r\n") if line.startswith("Mesos-Stream-Id"))
        self._head = self._heads(f"{stream_id}\r\n")
        async with asyncio.TaskGroup() as group:  # a call that fails ends all
            callers = [group.create_task(self._caller()) for _ in range(CONNECTIONS)]
            await self._events(reader)
            await self._calls.join()
            took = perf_counter() - self._launch.began_s
            self._call("TEARDOWN")
            await self._calls.join()
            for caller in callers:
                caller.cancel()
        writer.close()
        return took

    def _heads(self, more: str) -> bytes:
        fixed = "POST /api/v1/scheduler HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n"
        return f"{fixed}{more}Content-Length: ".encode()

    def _request(self, call: dict[str, Any]) -> bytes:
        body = msgspec.json.encode(call)
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def _call(self, kind: str, **member: Any) -> None:
        call: dict[str, Any] = {"type": kind, "framework_id": self._id}
        if member:
            call[kind.lower()] = member
        self._calls.put_nowait(self._request(call))

    async def _caller(self) -> None:
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            while True:
                writer.write(await self._calls.get())
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 202 "):
                    raise RuntimeError(head.decode())
                self._calls.task_done()
        finally:
            writer.close()

    async def _events(self, reader: asyncio.StreamReader) -> None:
        held = b""
        while self._launch.acknowledged < self._launch.tasks:
            held += await reader.readexactly(int(await reader.readuntil(b"\r\n"), 16))
            await reader.readexactly(2)
            while b"\n" in held:
                line, _, rest = held.partition(b"\n")
                if len(rest) < int(line):
                    break
                held = rest[int(line) :]
                self._event(msgspec.json.decode(rest[: int(line)]))

    def _event(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "SUBSCRIBED":
                self._id = event["subscribed"]["framework_id"]
            case "OFFERS":
                for offer in event["offers"]["offers"]:
                    self._accept(offer)
            case "UPDATE":
                status = event["update"]["status"]
                if status["state"] != "TASK_RUNNING":
                    raise RuntimeError(f"a task does not run: {status}")
                names = ("agent_id", "task_id", "uuid")
                self._call("ACKNOWLEDGE", **{name: status[name] for name in names})
                self._launch.acknowledged += 1
            case _:
                pass  # heartbeats, and offers taken back

    def _accept(self, offer: dict[str, Any]) -> None:
        tasks = [
            {
                "name": task_id,
                "task_id": {"value": task_id},
                "agent_id": offer["agent_id"],
                "command": {"value": COMMAND},
                "resources": self._need,
            }
            for task_id in self._launch.next_ids()
        ]
        if tasks:
            self._call(
                "ACCEPT",
                offer_ids=[offer["id"]],
                operations=[{"type": "LAUNCH", "launch": {"task_infos": tasks}}],
                filters={"refuse_seconds": 0.0},
            )


# -- the framework over messages --------------------------------------------------------------


class MessageFramework(Actor):
    """The same calls and events without HTTP."""

    def __init__(self, master: PID, launch: Launch) -> None:
        self._master = master
        self._launch = launch
        self._id = FrameworkID("")
        self._need = Resources.parse(NEED).protos()
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def initialize(self) -> None:
        self.send(self._master, schedulers.Subscribe(INFO))

    @handles
    def on_subscribed(self, sender: PID, message: schedulers.Subscribed) -> None:
        self._id = message.framework_id

    @handles
    def on_heartbeat(self, sender: PID, message: schedulers.Heartbeat) -> None:
        """The master is there."""

    @handles
    def on_offers(self, sender: PID, message: schedulers.Offers) -> None:
        for offer in message.offers:
            self._accept(offer.id, offer.agent_id)

    def _accept(self, offer_id: OfferID, agent_id: AgentID) -> None:
        tasks = tuple(
            TaskInfo(
                name=task_id,
                task_id=TaskID(task_id),
                agent_id=agent_id,
                command=CommandInfo(value=COMMAND),
                resources=self._need,
            )
            for task_id in self._launch.next_ids()
        )
        if tasks:
            launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=tasks))
            accept = schedulers.Accept(self._id, (offer_id,), (launch,), Filters(refuse_seconds=0.0))
            self.send(self._master, accept)

    @handles
    def on_update(self, sender: PID, message: schedulers.Update) -> None:
        status = message.status
        if status.state is not TaskState.TASK_RUNNING or status.agent_id is None or status.uuid is None:
            self.done.set_exception(RuntimeError(f"a task does not run: {status}"))
            return
        self.send(
            self._master, schedulers.Acknowledge(self._id, status.agent_id, status.task_id, status.uuid)
        )
        self._launch.acknowledged += 1
        if self._launch.acknowledged == self._launch.tasks:
            self.done.set_result(perf_counter() - self._launch.began_s)
            self.send(self._master, schedulers.Teardown(self._id))


async def over_messages(address: str, launch: Launch) -> float:
    """Launch everything by messages; how long it took."""
    process = Process()
    try:
        framework = MessageFramework(PID("master", address), launch)
        process.runtime.spawn(framework, "framework")
        return await framework.done
    finally:
        await process.close()


# -- measuring --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """What is launched in one run; `tasks` and `per_call` as in `Launch`."""

    agents: int = 100
    tasks: int = 5000
    per_call: tuple[int, ...] = (1, 10)
    rounds: int = 3

    @classmethod
    def smallest(cls) -> Size:
        """A few seconds, only to see that it works."""
        return cls(agents=5, tasks=200, rounds=1)


@dataclass(frozen=True)
class Row:
    """One way to launch, medians: tasks a second, and CPU of the master in microseconds each."""

    per_call: int
    http_per_s: float
    http_master_us: float
    messages_per_s: float
    messages_master_us: float


@dataclass(frozen=True)
class Figures:
    """Everything measured in one run."""

    calibration_s: float
    agents: int
    tasks: int
    rows: tuple[Row, ...]
    digest: str


def one_round(address: str, master: psutil.Process, launch: Launch, by_http: bool) -> tuple[float, float]:
    """Tasks a second, and CPU microseconds of the master for each."""

    async def limited() -> float:
        async with asyncio.timeout(LIMIT_S):
            if by_http:
                return await HttpFramework(address, launch).run()
            return await over_messages(address, launch)

    before = cpu_s(master)
    took = uvloop.run(limited())
    return launch.tasks / took, (cpu_s(master) - before) / launch.tasks * 1e6


def measure(size: Size) -> Figures:
    """Start master and agents, and let both ways take turns."""
    rows, acknowledged = [], 0
    with tempfile.TemporaryDirectory() as directory:
        command = (str(BIN / "mesos-master"), f"--ip={HOST}", "--port=0", f"--work_dir={directory}")
        with (
            daemon(*command, "--allocation_interval=10ms") as (process, address),
            pretended_agents(size.agents, address),
        ):
            master = psutil.Process(process.pid)
            for per_call in size.per_call:
                found: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
                for number in range(2 * size.rounds):
                    launch = Launch(size.tasks, per_call)
                    by_http = number % 2 == 0
                    found[by_http].append(one_round(address, master, launch, by_http))
                    acknowledged += launch.acknowledged
                middle = {way: [median(column) for column in zip(*found[way], strict=True)] for way in found}
                rows.append(Row(per_call, *middle[True], *middle[False]))
    digest = hashlib.sha256(f"{acknowledged} {list(size.per_call)}".encode()).hexdigest()[:16]
    return Figures(calibrate(), size.agents, size.tasks, tuple(rows), digest)


def show(figures: Figures) -> None:
    """The table."""
    table = Table(
        title=f"{figures.tasks:,} tasks on {figures.agents} agents, launch to acknowledged TASK_RUNNING",
        caption=f"digest {figures.digest}, sum(range(50_000_000)) {figures.calibration_s:.2f} s",
    )
    for title in ("tasks an ACCEPT", "tasks/s, HTTP", "master's CPU", "tasks/s, messages", "master's CPU"):
        table.add_column(title, justify="right")
    for row in figures.rows:
        table.add_row(
            str(row.per_call),
            f"{row.http_per_s:,.0f}",
            f"{row.http_master_us:,.0f} us",
            f"{row.messages_per_s:,.0f}",
            f"{row.messages_master_us:,.0f} us",
        )
    Console().print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = Size()
    parser.add_argument("--agents", type=int, default=usual.agents)
    parser.add_argument("--tasks", type=int, default=usual.tasks, help="tasks per round")
    parser.add_argument("--per-call", type=int, nargs="+", default=usual.per_call, help="tasks in one ACCEPT")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--smallest", action="store_true", help="a few seconds, only to see that it works")
    parser.add_argument("--pretend", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--master", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pretend:
        return run(lambda: pretend(options.pretend, options.master))
    size = Size(options.agents, options.tasks, tuple(options.per_call), options.rounds)
    figures = measure(Size.smallest() if options.smallest else size)
    show(figures)
    if options.json is not None:
        options.json.write_text(json.dumps({**asdict(figures), "cpus": os.cpu_count()}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
