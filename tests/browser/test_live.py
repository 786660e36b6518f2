"""What happens is seen without a reload: agents, tasks, logs, a master that restarts."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from tests.browser.browser import LIMIT_S, chromium, opened
from tests.browser.scene import scene

GREEN = r"printf '\033[32mgreen\033[0m plain\n'"


async def test_agents_and_tasks_appear_and_change_by_themselves(tmp_path: Path) -> None:
    async with scene(tmp_path, agents=1) as at, chromium() as browser:
        _, seen = await opened(browser, at.address)
        await seen.go("agents")
        await seen.text("1 agent")
        newcomer = at.cluster.agent_daemon(
            at.master, "--hostname=newcomer.example", "--resources=cpus:3;mem:512;disk:64;ports:[5-6]"
        )
        await newcomer.start()
        await at.cluster.registered(newcomer)
        began = perf_counter()
        await seen.text("newcomer.example")
        took_s = perf_counter() - began
        row = seen.page.locator("tbody tr", has_text="newcomer.example")
        for words in ("of 3", "of 512 MB", "of 64 MB", "5-6"):
            await row.get_by_text(words).wait_for(timeout=LIMIT_S * 1000)
        assert took_s < 1.5, f"a new agent was seen after {took_s:.2f} s"  # a second, and the test's own way

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


async def test_a_log_is_followed_with_its_colours_and_however_long(tmp_path: Path) -> None:
    async with scene(tmp_path, agents=1) as at, chromium() as browser:
        pipe = at.cluster.pipe()
        talk = f'{GREEN}; while read -r line; do echo "$line"; done < {pipe}'
        at.work.launch(talk, task_id="talker")
        await at.until("RUNNING", "talker")
        _, seen = await opened(browser, at.address)
        page = seen.page
        await seen.go(at.files("talker", "log", "/stdout"))
        assert await page.locator(".log .fg2").first.inner_text() == "green"
        pipe.say("a line that came later")
        await seen.text("a line that came later", ".log")

        (stdout,) = tmp_path.rglob("executors/talker/runs/*/stdout")
        with stdout.open("ab") as file:  # a sparse gigabyte, as a task that writes a lot would leave
            os.ftruncate(file.fileno(), 1 << 30)
        with stdout.open("ab") as file:
            file.write(b"\n" + b"".join(b"line %d\n" % n for n in range(50_000)))
        await seen.text("line 49999", ".log")
        pipe.say("the very end")
        await seen.text("the very end", ".log")
        assert await page.locator(".log .line").count() < 500
        await page.get_by_role("button", name="Start").click()
        await seen.text("a line that came later", ".log")
        assert await page.get_by_role("button", name="Follow").get_attribute("aria-pressed") == "false"
        await page.get_by_role("button", name="End").click()
        await seen.text("the very end", ".log")
        await page.mouse.move(400, 500)
        await page.mouse.wheel(0, -1500)
        await seen.text("line 49900", ".log")
        held = await page.evaluate("performance.memory ? performance.memory.usedJSHeapSize : 0")
        assert held < 200 << 20
        async with page.expect_download() as download:
            await page.goto(f"http://{at.address}/#/{at.files('failing')}")
            await page.get_by_role("link", name="Download stdout").click()
        saved = await (await download.value).path()
        assert await asyncio.to_thread(Path(saved).read_bytes) == b"out\n"

        at.agents[0].send_signal(19)  # SIGSTOP: it does not answer any more
        try:
            await seen.go(at.files("talker", "log", "/stdout"))
            await seen.text("The agent does not answer")
        finally:
            at.agents[0].send_signal(18)
        await seen.text("the very end", ".log")
        assert seen.complaints == []


async def test_the_page_outlives_the_master(tmp_path: Path) -> None:
    async with scene(tmp_path, agents=1) as at, chromium() as browser:
        _, seen = await opened(browser, at.address)
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
