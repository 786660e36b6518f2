"""A sandbox that is gone: the page says why, whatever the reason is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.browser import Seen, opened
from tests.browser.scene import GRACE, Scene, free_port
from tests.process.cluster import Cluster, Daemon, running_cluster

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def prepared(c: Cluster) -> Scene:
    """An agent that remembers one ended executor, and a framework."""
    master = await c.master(port=free_port())
    agent = await c.agent(master, "--max_completed_executors_per_framework=1", GRACE)
    work = await c.framework(master, name="jobs")
    return Scene(c, master, [agent], work)


def remove(root: Path, task_id: str) -> None:
    """As an operator who tidies up."""
    (runs,) = root.rglob(f"slaves/*/frameworks/*/executors/{task_id}/runs")
    shutil.rmtree(runs.parent)


async def says(seen: Seen, title: str, *words: str) -> None:
    """Wait until the page gives a reason."""
    note = ".gone"
    await seen.text(title, note)
    for each in words:
        await seen.text(each, note)


async def finished(at: Scene, *task_ids: str) -> None:
    """Run tasks one after the other; the agent then deals with their ends in this order."""
    (agent,) = at.agents
    for task_id in task_ids:
        at.work.launch("echo out", task_id=task_id)
        await at.until("FINISHED", task_id)
        await agent.line(rf"executor {task_id} of \S+ ended with status")


async def test_each_reason_is_told(tmp_path: Path, browser: Browser) -> None:
    async with running_cluster(tmp_path) as c:
        at = await prepared(c)
        await finished(at, "forgotten", "removed")
        context, seen = await opened(browser, at.address)
        await seen.go(at.files("removed", name="/none.txt", kind="log"))
        await says(seen, "The file is not there", "has no 'none.txt'")

        await seen.go(at.files("removed"))
        await seen.text("stdout")
        remove(tmp_path, "removed")
        await says(seen, "The sandbox was removed", "remembers executor removed, which ended")
        await seen.text("What follows is the last picture.")
        await seen.shoot("gone-removed")
        remove(tmp_path, "forgotten")
        await seen.go(at.files("forgotten", "log", "/stdout"))
        await says(seen, "The sandbox is gone and forgotten", "remembers the last 1 executors")

        other = at.files("removed").replace("latest", "another")
        await seen.go(other.replace(at.framework_id, "nobody"))
        await says(seen, "The sandbox is gone, or never was", "knows nothing of its framework")

        at.work.launch("echo out", task_id="stopped", user="no-such-user-here")
        await c.until(lambda: at.work.statuses("stopped") and at.work.last("stopped").is_terminal)
        await seen.go(at.files("stopped"))
        await says(seen, "There never was a sandbox", "before it was started on agent", "It was said: ")
        await seen.shoot("gone-never-started")

        await c.stop(at.work)
        await seen.go(at.files("removed"))
        await says(seen, "The sandbox is gone with its framework", "The framework jobs ended", "Since 20")
        await seen.shoot("gone-framework")
        assert seen.complaints == []
        await context.close()


async def test_a_daemon_that_is_away_is_named(tmp_path: Path, browser: Browser) -> None:
    async with running_cluster(tmp_path) as c:
        at = await prepared(c)
        await finished(at, "task")
        view = at.files("task")
        context, seen = await opened(browser, at.address)
        await seen.go(view)
        await seen.text("stdout")
        agent: Daemon = at.agents[0]
        await agent.kill()
        await says(seen, "The agent is disconnected", "is lost, and it has not come back yet", "Since 20")
        await agent.start()
        await seen.page.locator(".gone").wait_for(state="detached")  # it reads what an earlier life left
        await seen.text("stdout")
        assert seen.complaints == []
        await context.close()
