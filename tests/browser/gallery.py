"""A cluster with one of everything that a page can show: what pictures are taken of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.browser.scene import Scene, scene
from tests.process.cluster import Daemon
from tests.process.observed import Holding, Observed

LONG_NAME = "nightly-aggregation-of-all-regional-sales-figures-for-the-quarterly-report-of-the-board"
#: A log as programs write them: stamps, colours, a line that is too long for any screen.
CHATTER = (
    r"for n in $(seq 400); do printf '2026-03-01 12:00:%02d \033[34mINFO\033[0m  worker: batch %d done\n'"
    r" $((n % 60)) $n; done; printf '\033[33mWARN\033[0m  slow: "
    + "the shard took longer than it should have " * 6
    + r"\n\033[1;31mERROR\033[0m could not reach \033[4mdb-7\033[0m, trying again\n'"
    + r"; printf '\033[32mOK\033[0m\n'; sleep 1000"
)


class Gallery(Scene):
    """The cluster, and a second master that has nothing."""

    def __init__(self, at: Scene, holder: Observed, bare: Daemon) -> None:
        super().__init__(at.cluster, at.master, at.agents, at.work)
        self.holder = holder
        self.bare = bare


@asynccontextmanager
async def gallery(root: Path) -> AsyncIterator[Gallery]:
    """The scene, a framework that holds offers, one that ended, a talkative task and one of a long name."""
    async with scene(root) as at:
        over = await at.cluster.framework(at.master, name="nightly", roles=("batch",))
        over.launch("echo done", task_id="report-1")
        await at.cluster.until(lambda: over.is_in("FINISHED", "report-1"))
        await at.cluster.stop(over)
        at.work.launch(CHATTER, task_id="chatter", mem=64)
        at.work.launch("sleep 1000", task_id=f"{LONG_NAME}-0001", name=LONG_NAME, cpus=0.25)
        await at.until("RUNNING", "chatter", f"{LONG_NAME}-0001")
        roles = ("analytics", "analytics/reports")
        holder = await at.cluster.framework(at.master, Holding, name="analytics", roles=roles)
        await at.cluster.until(lambda: holder.offers)
        bare = await at.cluster.master()
        yield Gallery(at, holder, bare)
