"""A small real cluster with something of everything to look at."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.limits import LIMIT_S
from tests.process.cluster import Cluster, Daemon, free_port, running_cluster
from tests.process.observed import Observed

#: Frameworks of tests end while tasks run; executors then wait for an acknowledgement that nobody sends.
GRACE = "--executor_shutdown_grace_period=1secs"
#: A name that a careless page would run.
EVIL = "<img src=x onerror=alert(1)>"


class Scene:
    """The cluster and where things are in it."""

    def __init__(self, cluster: Cluster, master: Daemon, agents: list[Daemon], work: Observed) -> None:
        self.cluster = cluster
        self.master = master
        self.agents = agents
        self.work = work

    @property
    def address(self) -> str:
        return self.master.address

    def get(self, path: str) -> Any:
        """What the master answers; blocks."""
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=LIMIT_S) as answer:
            return json.load(answer)

    @property
    def framework_id(self) -> str:
        return str(self.work.framework_id)

    def task_view(self, task_id: str) -> str:
        """The address of a task's page."""
        return f"frameworks/{quote(self.framework_id, safe='')}/tasks/{quote(task_id, safe='')}"

    def agent_of(self, task_id: str) -> str:
        found = self.get(f"/page/tasks?{urlencode({'search': task_id})}")["found"]
        return str(found[0]["agent_id"])

    def files(self, task_id: str, kind: str = "files", name: str = "") -> str:
        """The address of a task's sandbox, or of a file in it."""
        path = f"/frameworks/{self.framework_id}/executors/{task_id}/runs/latest{name}"
        return f"agents/{self.agent_of(task_id)}/{kind}?{urlencode({'path': path})}"

    async def until(self, state: str, *task_ids: str) -> None:
        """Wait until the framework was told of a state."""
        await self.cluster.until(lambda: self.work.is_in(state, *task_ids))


@asynccontextmanager
async def scene(root: Path, agents: int = 2) -> AsyncIterator[Scene]:
    """Agents, a framework with running and ended tasks, and one that wants more than there is."""
    async with running_cluster(root) as cluster:
        master = await cluster.master("--weights=work=2", port=free_port())
        flags = ("--resources=cpus:4;mem:2048;disk:4096;ports:[31000-31010]", "--attributes=rack:one", GRACE)
        work, *homes = await asyncio.gather(
            cluster.framework(master, name="work <b>bold</b>", roles=("work", "work/inner")),
            *(cluster.agent(master, *flags) for _ in range(agents)),
        )
        made = Scene(cluster, master, homes, work)
        work.launch("sleep 1000", task_id="sleeper", cpus=1)
        work.launch("sleep 1000", task_id="evil", name=EVIL, cpus=0.5)
        work.launch("echo out; exit 3", task_id="failing")
        work.launch("echo out", task_id="quick")
        await made.until("RUNNING", "sleeper", "evil")
        await made.until("FAILED", "failing")
        await made.until("FINISHED", "quick")
        yield made
