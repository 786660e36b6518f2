"""The longest time the allocator keeps the event loop to itself, on a real process with a real clock.

    python -m bench.allocator_stretch --agents=50000 --frameworks=1000

prints lines of JSON, one for every phase. A function that reschedules itself on the loop forever measures
the time from one of its turns to the next; whatever ran in between is the stretch. Every handler of the
allocator is timed, too, as is the garbage collector, so that the longest stretch can be put down to one.

Processor time of the thread counts, because others on the machine may interrupt a turn at any time. On a
virtual machine that goes on while the host runs somebody else; the kernel counts how long (`steal` in
/proc/stat, in hundredths of a second), and what it says of this processor during a stretch is taken off and
said beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from actors import PID, Actor, Process, handles, run
from bench.allocator_cluster import Cluster
from bench.allocator_figures import Amount
from bench.allocator_shapes import Shape
from cluster.allocator import AllocatorOptions, Quota
from cluster.allocator import messages as m
from cluster.allocator.actor import AllocatorActor
from cluster.cli.collector import Collector
from cluster.model import Limits, Quantities

MOST_MS = 20.0
LOOK_NS = 100_000
"""Shorter turns are not worth a look at what the host took."""
ROOT = Path(__file__).parents[1]


class Host:
    """How long the host of this virtual machine ran others while this process could have run."""

    def __init__(self) -> None:
        self._cpu = f"cpu{max(os.sched_getaffinity(0))} "
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        self._tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        self._taken = self._read()

    def took_ns(self) -> int:
        """Since the last time."""
        before, self._taken = self._taken, self._read()
        return (self._taken - before) * self._tick_ns

    def _read(self) -> int:
        for line in Path("/proc/stat").read_text().splitlines():
            if line.startswith(self._cpu):
                return int(line.split()[8])
        return 0


class Watch:
    """What ran since the loop had its last turn, and the longest of those times."""

    def __init__(self) -> None:
        self._host = Host()
        self._ran: Counter[str] = Counter()
        self._depth = 0
        self._collecting_ns = 0
        self.reset()
        gc.callbacks.append(self._on_collector)

    def reset(self) -> None:
        """Begin a phase."""
        self.longest_ns = self.longest_wall_ns = self.turns = self.longest_taken_ns = 0
        self._host.took_ns()
        self.longest_ran: dict[str, int] = {}
        self._since = (time.thread_time_ns(), time.perf_counter_ns())
        self._ran.clear()

    def turn(self) -> None:
        """The loop has its turn."""
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        took = cpu - self._since[0]
        if took > LOOK_NS:
            taken = min(self._host.took_ns(), took)
            took -= taken
            if took > self.longest_ns:
                self.longest_ns, self.longest_ran, self.longest_taken_ns = took, dict(self._ran), taken
        self.longest_wall_ns = max(self.longest_wall_ns, wall - self._since[1])
        self.turns += 1
        self._ran.clear()
        self._since = (time.thread_time_ns(), time.perf_counter_ns())

    def timed(self, name: str, handler: Callable[..., None]) -> Callable[..., None]:
        """The handler, timed; those it calls itself are part of it."""

        def run_timed(sender: PID, message: object) -> None:
            began = time.thread_time_ns()
            self._depth += 1
            try:
                handler(sender, message)
            finally:
                self._depth -= 1
                if not self._depth:
                    took = time.thread_time_ns() - began
                    self._ran[name if name != "on_event" else type(message).__name__] += took

        return run_timed

    def _on_collector(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_ns = time.thread_time_ns()
        else:
            took = time.thread_time_ns() - self._collecting_ns
            self._ran[f"(collector, generation {info['generation']})"] += took


class Desk(Actor):
    """Where the master would sit: keeps what it is told since `made` was looked at."""

    def __init__(self) -> None:
        self.made: deque[m.OffersMade] = deque()
        self.answers = 0

    @handles
    def on_offers(self, sender: PID, message: m.OffersMade) -> None:
        self.made.append(message)

    @handles
    def on_other(
        self, sender: PID, message: m.InverseOffersMade | m.Explained | m.Shares | m.Refusals
    ) -> None:
        self.answers += 1


class Bench:
    """The allocator in a process, and phases that are watched one by one."""

    def __init__(self, options: AllocatorOptions) -> None:
        self.process = Process(seed=1)
        self.collector = Collector(self.process.runtime)
        self.desk, self.watch = Desk(), Watch()
        self.actor: Any = AllocatorActor(options, PID("master", self.process.runtime.address))
        for name in sorted(set(AllocatorActor.handlers.values())):
            setattr(self.actor, name, self.watch.timed(name, getattr(self.actor, name)))
        self.runtime = self.process.runtime
        self.master = self.runtime.spawn(self.desk, "master")
        self.allocator = self.runtime.spawn(self.actor, "allocator")

    async def phase(
        self,
        name: str,
        messages: Iterable[object],
        rounds: int = 0,
        also: Coroutine[None, None, None] | None = None,
    ) -> None:
        """Put messages in the mailbox all at once; watch until they, so many rounds and `also` are done."""
        messages = list(messages)
        until = self._runs() + rounds
        for message in messages:
            self.runtime.send(self.allocator, message, self.master)
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        besides = loop.create_task(also) if also is not None else None

        def turn() -> None:
            self.watch.turn()
            if self._is_busy() or self._runs() < until or (besides is not None and not besides.done()):
                loop.call_soon(turn)
            else:
                done.set_result(None)

        self.watch.reset()
        loop.call_soon(turn)
        await done
        if besides is not None:
            await besides
        watch = self.watch
        ran = {what: ns / 1e6 for what, ns in sorted(watch.longest_ran.items(), key=lambda i: -i[1])}
        found = {"phase": name, "cpu_ms": watch.longest_ns / 1e6, "wall_ms": watch.longest_wall_ns / 1e6}
        if watch.longest_taken_ns:
            ran["taken by the host"] = watch.longest_taken_ns / 1e6
        print(json.dumps({**found, "turns": watch.turns, "ran_ms": ran}), flush=True)

    def _runs(self) -> float:
        return self.runtime.metrics.value("allocator/mesos/allocation_runs")

    def _is_busy(self) -> bool:
        actor = self.actor
        is_waiting = bool(actor._mail is not None and actor._mail.queue)
        return is_waiting or bool(actor._work) or bool(actor._waiting) or bool(actor._inquiries)

    def back(self, made: Iterable[m.OffersMade], refuse_s: float | None = None) -> Iterator[object]:
        """All that was handed out comes back."""
        for offers in made:
            for g in offers.grants:
                yield m.Recover(offers.framework_id, g.agent_id, g.epoch, g.resources, refuse_s)

    def made(self) -> list[m.OffersMade]:
        """What was handed out since the last time."""
        made, self.desk.made = list(self.desk.made), deque()
        return made


async def watch(shape: Shape) -> int:
    """All phases."""
    bench = Bench(
        AllocatorOptions(
            is_random=shape.is_random, allocation_interval_s=3.0 if shape.agents >= 1_000 else 0.1
        )
    )
    agents = Cluster(1).new_agents(shape.agents)
    frameworks = shape.frameworks_in_it()
    names = [each.framework_id for each in frameworks]
    role = shape.role(0)
    await bench.phase("all agents join at once", agents)
    await bench.phase("all frameworks subscribe at once", frameworks, rounds=1)
    await bench.phase("everything comes back at once", bench.back(bench.made()))
    await bench.phase("timed round, everything free", [], rounds=1)
    made = bench.made()
    tenth = made[: max(1, len(made) // 10)]
    await bench.phase("a tenth comes back and is refused", bench.back(tenth, 3600.0))
    await bench.phase("round over what is refused", [], rounds=1)
    await bench.phase("idle timed round", [], rounds=1)
    await bench.phase("all frameworks revive at once", map(m.Revive, names), rounds=1)
    out = [*made[len(tenth) :], *bench.made()]
    await bench.phase("64 explanations at once", [m.Explain(name, role) for name in names[:64]])
    await bench.phase("shares are asked for", [m.GetShares()])
    await bench.phase("refusals are asked for", [m.GetRefusals(names[0], 1000)])
    quota = Quota(Quantities({"cpus": 1_000_000}), Limits({"cpus": 2_000_000}))
    await bench.phase("quota is set", [m.UpdateQuota("role-00000", quota), m.Revive(names[0])], rounds=1)
    await bench.phase("whitelist is set", [m.UpdateWhitelist(("host1",))])
    await bench.phase("all frameworks suppress at once", map(m.Suppress, names))
    await bench.phase("one framework is removed", [m.RemoveFramework(names[0])])
    await one_takes_all(bench, names[1:], [*out, *bench.made()])
    await bench.phase("all agents leave at once", [m.RemoveAgent(each.agent_id) for each in agents])
    bench.collector.stop()
    await bench.process.close()
    return 0


async def one_takes_all(bench: Bench, names: list[str], out: list[m.OffersMade]) -> None:
    """Of all frameworks, which are suppressed, one that is offered everything and refuses it."""
    one, others = names[0], names[1:]
    await bench.phase("everything comes back, nobody wants it", bench.back(out))
    opened = [m.UpdateWhitelist(None), m.UpdateQuota("role-00000", Quota()), m.Revive(one)]
    await bench.phase("one framework gets all that is free", opened, rounds=1)
    await bench.phase("it refuses everything", bench.back(bench.made(), 3600.0))
    await bench.phase("its refusals are asked for", [m.GetRefusals(one, 1000)])
    await bench.phase("it revives", [m.Revive(one)], rounds=1)
    await bench.phase("it refuses everything for a while", bench.back(bench.made(), 1.0))
    await bench.phase("all its refusals end at once", [], rounds=3)
    await bench.phase("it refuses everything again", bench.back(bench.made(), 3600.0))
    await bench.phase("it is disconnected", [m.DeactivateFramework(one)])
    await bench.phase("all others revive", map(m.Revive, others), rounds=1)
    bench.made()


def in_child(module: str, sizes: Mapping[str, object]) -> list[dict[str, Any]]:
    """All phases of a module like this one, watched in a fresh process."""
    command = [sys.executable, "-m", module, *(f"--{name}={size}" for name, size in sizes.items())]
    lines = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    return [json.loads(line) for line in lines]


def phases(
    module: str, sizes: Mapping[str, object], title: str, rounds: int, is_target: bool
) -> Iterator[Amount]:
    """The longest stretch of every phase, in the run that was disturbed least by the rest of the machine."""
    runs = [in_child(module, sizes) for _ in range(rounds)]
    for several in zip(*runs, strict=True):
        found = min(several, key=lambda run: float(run["cpu_ms"]))
        ran = ", ".join(f"{what} {ms:.1f}" for what, ms in list(found["ran_ms"].items())[:4])
        most = MOST_MS if is_target else None
        note = f"{ran}; wall {found['wall_ms']:.1f}"
        yield Amount("stretch", title, found["phase"], found["cpu_ms"], "ms", None, most, note=note)


def stretches(shape: Shape, rounds: int, is_target: bool) -> Iterator[Amount]:
    """Those of one shape."""
    sizes = {"agents": shape.agents, "frameworks": shape.frameworks, "roles": shape.roles}
    return phases("bench.allocator_stretch", sizes, str(shape), rounds, is_target)


def main() -> int:
    """Watch one shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, required=True)
    parser.add_argument("--frameworks", type=int, required=True)
    parser.add_argument("--roles", default="one")
    options = parser.parse_args()
    return run(lambda: watch(Shape(options.agents, options.frameworks, options.roles)))


if __name__ == "__main__":
    sys.exit(main())
