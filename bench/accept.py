"""How long does a call that launches many tasks hold the master up?

Run as ``python -m bench.accept``. A master of this process, which logs as a daemon does; an agent for each
round and a framework are actors of another process. One ACCEPT launches all tasks: in pieces, as the master
does it, and at once, in turns. The longest stretch is what nothing else got its turn in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE
from time import process_time

import uvloop
from rich.console import Console
from rich.table import Table

from actors import PID, Actor, Process, bind, handles
from bench.http import Probe
from bench.http_cluster import CAPABILITIES
from cluster.allocator import AllocatorOptions
from cluster.cli.collector import Collector
from cluster.http.endpoints.render_tasks import write_task
from cluster.master import actor as master_actor
from cluster.master.accept import TASKS_AT_ONCE
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import (
    AgentInfo,
    Capability,
    CommandInfo,
    FrameworkInfo,
    Offer,
    Operation,
    Resources,
    TaskID,
    TaskInfo,
)
from cluster.protocol import agent as agents
from cluster.protocol import scheduler as schedulers

TARGET_STRETCH_MS = 20.0
WAYS = {"in pieces": TASKS_AT_ONCE, "at once": sys.maxsize}
SIZE = Resources.parse("cpus:0.1;mem:32").protos()

# -- the other process ------------------------------------------------------------------------


class Counter(Actor):
    """An agent that counts what it is to run."""

    def __init__(self, master: PID, number: int, tasks: int, done: asyncio.Event) -> None:
        self._master = master
        total = Resources.parse(f"cpus:{tasks};mem:{tasks * 64}")
        self._info = AgentInfo(hostname=f"host{number}", resources=total.protos())
        self._left = tasks
        self._done = done

    def initialize(self) -> None:
        self.send(self._master, agents.RegisterAgent(self._info, "1.11.0", CAPABILITIES))

    @handles
    def on_run_task(self, sender: PID, message: agents.RunTask) -> None:
        self._left -= 1
        if not self._left:
            self._done.set()

    @handles
    def on_ping(self, sender: PID, message: agents.Ping) -> None:
        self.send(sender, agents.Pong())

    @handles
    def on_registered(self, sender: PID, message: agents.AgentRegistered) -> None:
        """Nothing to do."""


class Launcher(Actor):
    """A framework that keeps its offers until it is told to use one."""

    def __init__(self, master: PID) -> None:
        self._master = master
        self.offers: list[Offer] = []

    def initialize(self) -> None:
        multi = Capability(type=Capability.Type.MULTI_ROLE)
        info = FrameworkInfo(user="bench", name="launcher", roles=("bench",), capabilities=(multi,))
        self.send(self._master, schedulers.Subscribe(info))

    def launch(self, count: int) -> None:
        """Use an offer up."""
        offer = self.offers.pop()
        command = CommandInfo(value="sleep 1000")
        tasks = tuple(
            TaskInfo(
                name=f"task {number}",
                task_id=TaskID(f"{offer.id}-{number}"),
                agent_id=offer.agent_id,
                resources=SIZE,
                command=command,
            )
            for number in range(count)
        )
        operation = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=tasks))
        self.send(self._master, schedulers.Accept(offer.framework_id, (offer.id,), (operation,)))

    @handles
    def on_offers(self, sender: PID, message: schedulers.Offers) -> None:
        self.offers += message.offers

    @handles
    def on_told(self, sender: PID, message: schedulers.Subscribed | schedulers.Heartbeat) -> None:
        """Nothing to do."""


async def be_cluster(address: str, tasks: int, rounds: int) -> None:
    """The other process: launch once for each line that is read, answer with a line when all arrived."""
    process = Process(sock=bind("127.0.0.1", 0))
    await process.listen()
    master, done = PID(NAME, address), asyncio.Event()
    for number in range(rounds):
        process.runtime.spawn(Counter(master, number, tasks, done), f"agent-{number}")
    launcher = Launcher(master)
    process.runtime.spawn(launcher, "launcher")
    while len(launcher.offers) < rounds:
        await asyncio.sleep(0.01)
    for _ in range(rounds):
        print(flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        done.clear()
        launcher.launch(tasks)
        await done.wait()
    print(flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # until the master was looked at
    await process.close()


# -- measuring --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Medians of the rounds: the longest stretch in ms of CPU, and CPU in us for a task; then the worst."""

    way: str
    stretch_ms: float
    task_us: float
    worst_ms: float


async def measure(tasks: int, rounds: int) -> list[Row]:
    """Both ways in turns."""
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    options = AllocatorOptions(allocation_interval_s=0.05)
    master = MasterActor(MasterSettings(ping_timeout_s=3600.0), options, {}, write_task)
    process.runtime.spawn(master, NAME)
    await process.listen()
    collector = Collector(process.runtime)
    cluster = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.accept", "--cluster-of", process.runtime.address,
        "--tasks", str(tasks), "--rounds", str(rounds * len(WAYS)), stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    assert cluster.stdin is not None
    assert cluster.stdout is not None
    seen: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    try:
        await cluster.stdout.readline()
        for _ in range(rounds):
            for way, at_once in WAYS.items():
                master_actor.TASKS_AT_ONCE = at_once  # type: ignore[attr-defined]
                cluster.stdin.write(b"\n")
                began_s = process_time()
                with Probe() as probe:
                    await cluster.stdout.readline()
                spent_s = process_time() - began_s
                seen[way].append((probe.longest.cpu_ms, spent_s / tasks * 1e6))
        known = sum(len(framework.tasks) for framework in master.state.frameworks.values())
        cluster.stdin.write(b"\n")
        await cluster.wait()
        assert known == tasks * rounds * len(WAYS), known
    finally:
        master_actor.TASKS_AT_ONCE = TASKS_AT_ONCE  # type: ignore[attr-defined]
        collector.stop()
        await process.close()
    return [
        Row(way, median(ms for ms, _ in found), median(us for _, us in found), max(ms for ms, _ in found))
        for way, found in seen.items()
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000, help="in one call")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--smallest", action="store_true", help="a second, only to see that it works")
    parser.add_argument("--cluster-of", help=argparse.SUPPRESS)  # for the other process
    options = parser.parse_args()
    if options.cluster_of:
        uvloop.run(be_cluster(options.cluster_of, options.tasks, options.rounds))
        return 0
    if options.smallest:
        options.tasks, options.rounds = 50, 1
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logging.basicConfig(level=logging.INFO, stream=nowhere)
        rows = uvloop.run(measure(options.tasks, options.rounds))
    table = Table(title=f"an ACCEPT of {options.tasks:,} tasks, median of {options.rounds}")
    for name in ("way", "longest stretch", "worst", "CPU of the process, a task", "target", "met"):
        table.add_column(name, justify="left" if name == "way" else "right")
    for row in rows:
        figures = (f"{row.stretch_ms:.1f} ms", f"{row.worst_ms:.1f} ms", f"{row.task_us:.0f} us")
        is_met = row.stretch_ms < TARGET_STRETCH_MS
        target = (f"{TARGET_STRETCH_MS:.0f} ms", "yes" if is_met else "NO") if row.way == "in pieces" else ()
        table.add_row(row.way, *figures, *target)
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
