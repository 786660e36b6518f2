"""What happens is seen without a reload: agents, tasks, a master that restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser

from tests.browser.browser import LIMIT_S, opened
from tests.browser.others import watched
from tests.browser.scene import scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: From an agent's registration until its resources are in the page; by as much longer as others crowd the
#: machine meanwhile.
SEEN_S = 1.0
#: Resolves to when the rows of hosts had all these words: epoch seconds by host. The master has this clock.
SEEN = """([hosts, words]) => new Promise((done) => {
  const seen = {};
  const look = () => {
    for (const row of document.querySelectorAll("tbody tr")) {
      const host = hosts.find((one) => row.textContent.includes(one));
      const text = row.textContent.replaceAll("\u00a0", " "); // between figures and units
      if (host && words.every((word) => text.includes(word))) seen[host] ??= Date.now() / 1000;
    }
    if (hosts.every((host) => seen[host])) { observer.disconnect(); done(seen); }
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
})"""


async def test_agents_and_tasks_appear_and_change_by_themselves(
    tmp_path: Path, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    async with scene(tmp_path, agents=1) as at:
        context, seen = await opened(browser, at.address)
        await seen.go("agents")
        await seen.text("1 agent")
        hosts = ["newcomer.example", "follower.example"]  # the second one while the page may still rest
        resources = "--resources=cpus:3;mem:512;disk:64;ports:[5-6]"
        newcomers = [at.cluster.agent_daemon(at.master, f"--hostname={host}", resources) for host in hosts]
        words = ["of 3", "of 512 MB", "of 64 MB", "5-6"]
        look = asyncio.ensure_future(seen.page.evaluate(SEEN, [hosts, words]))
        with watched() as window:
            await asyncio.gather(*(newcomer.start() for newcomer in newcomers))
            async with asyncio.timeout(LIMIT_S):
                seen_s = await look
        limit_s = window.stretched(SEEN_S)
        rows = (await asyncio.to_thread(at.get, "/page/agents?search=example"))["found"]
        took_s = {row["hostname"]: seen_s[row["hostname"]] - row["registered_s"] for row in rows}
        with capsys.disabled():
            print("\nfrom registration to the page:", *(f"{host} {s:.3f} s" for host, s in took_s.items()))
        assert sorted(took_s) == sorted(hosts)
        assert all(0 <= s < limit_s for s in took_s.values()), (took_s, limit_s)

        await seen.go("tasks?sort=name")
        await seen.text("4 tasks")
        pipe = at.cluster.pipe()
        at.work.launch(f"read -r line < {pipe}; exit 4", task_id="guided")
        await seen.text("5 tasks")
        row = seen.page.locator("tbody tr", has_text="guided")
        await row.get_by_text("running").wait_for(timeout=LIMIT_S * 1000)
        pipe.say()
        await row.get_by_text("failed").wait_for(timeout=LIMIT_S * 1000)
        assert seen.complaints == []
        await context.close()


async def test_the_page_outlives_the_master(tmp_path: Path, browser: Browser) -> None:
    async with scene(tmp_path, agents=1) as at:
        context, seen = await opened(browser, at.address)
        await seen.go(f"tasks?{urlencode({'search': 'sleeper'})}")
        await seen.text("1 task")
        await at.master.kill()
        await seen.text("has not answered since")
        assert await seen.page.locator("tbody").get_by_text("sleeper").first.is_visible()
        await seen.shoot("master-away")
        await at.master.start()
        await seen.text("The master was restarted")
        await seen.page.locator("#live", has_text="Live").wait_for(timeout=LIMIT_S * 1000)
        await (
            seen.page.locator("tbody tr", has_text="sleeper")
            .get_by_text("running")
            .wait_for(timeout=LIMIT_S * 1000)
        )
        at.work.launch("sleep 1000", task_id="sleeper-two")
        await seen.text("2 tasks")
        assert seen.complaints == []
        await context.close()
