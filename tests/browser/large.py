"""A master with very many agents and tasks in one process: `python -m tests.browser.large AGENTS TASKS`.

Prints its address when it is full. From then on each line on standard input is a number: so many tasks change
their state in the second that follows; it answers with a line when the master has dealt with them. No
executor is behind them. From the line `watch` to the line `stretch` the event loop is watched: the second one
is answered with the longest time that it was at one thing, in milliseconds of processor time.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from itertools import count

import uvloop

from actors import NANOS, PID, Process, bind
from bench.http import Probe
from bench.http_cluster import FRAMEWORKS, fill
from cluster.allocator import AllocatorOptions
from cluster.http import http_factory
from cluster.http.endpoints.master import master_endpoints
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import AgentID, Source, TaskID, TaskState, TaskStatus
from cluster.protocol import agent as agents
from cluster.protocol.page import GetOverview

STEPS = 50  # parts of a second
SETTLED_S = 60.0


class Changes:
    """Reports of the silent agents: tasks go back and forth between two states of the living."""

    def __init__(self, process: Process, master: PID, agent_count: int, task_count: int) -> None:
        self._runtime = process.runtime
        self._master = master
        self._each = task_count // agent_count
        self._tasks = task_count
        self._numbers = count()

    def report(self) -> None:
        number = next(self._numbers)
        task = number * 7919 % self._tasks
        home = task // self._each
        is_back = number // self._tasks % 2 == 1
        status = TaskStatus(
            task_id=TaskID(f"task-{task:06d}"),
            state=TaskState.TASK_RUNNING if is_back else TaskState.TASK_KILLING,
            agent_id=AgentID(f"bench-S{home}"),
            source=Source.SOURCE_EXECUTOR,
            timestamp=self._runtime.clock.wall(),
            uuid=number.to_bytes(16, "big"),
        )
        update = agents.StatusUpdate(f"bench-{task % FRAMEWORKS:04d}", status, status.state)
        self._runtime.send(self._master, update, PID(f"agent-{home}", self._runtime.address))

    async def second(self, number: int) -> None:
        """So many changes, evenly in a second."""
        loop = asyncio.get_running_loop()
        began_ns = self._runtime.clock.now()
        for step in range(STEPS):
            for _ in range(number * (step + 1) // STEPS - number * step // STEPS):
                self.report()
            turn: asyncio.Future[None] = loop.create_future()
            due_s = (step + 1) / STEPS - (self._runtime.clock.now() - began_ns) / NANOS
            loop.call_later(max(0.0, due_s), turn.set_result, None)
            await turn


async def main(agent_count: int, task_count: int) -> None:
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    settings = MasterSettings(hostname="127.0.0.1", ping_timeout_s=1e6, reregister_timeout_s=1e6)
    master = runtime.spawn(MasterActor(settings, AllocatorOptions(), {}), NAME)
    http = http_factory(runtime, NAME, master_endpoints(runtime, PID(NAME, runtime.address), {}))
    await process.listen(http)
    gc.disable()  # a million objects that all stay
    ended = asyncio.ensure_future(process.until_stopped())
    filled = asyncio.ensure_future(fill(process, master, agent_count, task_count))
    await asyncio.wait((ended, filled), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        filled.cancel()
        sys.exit(1)
    gc.freeze()
    gc.enable()
    changes = Changes(process, master, agent_count, task_count)
    print(runtime.address, flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line == "watch\n":
            with Probe() as probe:
                print("watching", flush=True)
                assert await loop.run_in_executor(None, sys.stdin.readline) == "stretch\n"
            print(probe.longest.cpu_ms, flush=True)
            continue
        await changes.second(int(line))
        await runtime.ask(master, GetOverview(), SETTLED_S)  # answered in its turn
        print("done", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
