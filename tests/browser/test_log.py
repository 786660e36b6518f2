"""Logs: followed live, with their colours, and just as well when they are very long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.browser import LIMIT_S, opened, plain
from tests.browser.others import watched
from tests.browser.scene import scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG_BYTES = 1 << 30
#: From the address to the last lines of a gigabyte; by as much longer as others crowd the machine meanwhile.
OPEN_S = 2.0
#: What a page that shows a part of a gigabyte may hold: its objects, the bytes they stand for, its elements.
HEAP_BYTES, BUFFER_BYTES, NODES = 24 << 20, 12 << 20, 1000
#: Writes a gigabyte of short lines, some coloured, between a first and a last line; then what it is told.
TALK = (
    r"printf '\033[31mthe very first\033[0m line\n'; "
    r"""yes "$(printf '\033[34mINFO\033[0m y\ny\ny\na line of the middle, about as long as lines are')" """
    f"| head -c {LONG_BYTES}; "
    r"printf '\n\033[32mthe last\033[0m of many\n'; echo written > {written}; "
    'while read -r line; do echo "$line"; done < {told}'
)
#: Reads upwards and downwards for a while, a screen at a time, as somebody does who is looking for something.
WANDER = """async (turns) => {
  const pane = document.querySelector(".log");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const go = async (by) => { pane.scrollTop += pane.clientHeight * by; await frame(); await frame(); };
  for (let turn = 0; turn < turns; turn++) await go(-20);
  for (let turn = 0; turn < turns; turn++) await go(20);
}"""


async def held(page: Page) -> dict[str, int]:
    """What the page holds once garbage is gone."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    nodes: int = await page.evaluate("document.querySelectorAll('*').length")
    await session.detach()
    return {"heap": int(usage["usedSize"]), "buffers": int(usage["backingStorageSize"]), "nodes": nodes}


async def colour(page: Page, words: str) -> str:
    """The class of a coloured piece of the log."""
    piece = page.locator(".log .line span", has_text=words).first
    await piece.wait_for(timeout=LIMIT_S * 1000)
    return await piece.get_attribute("class") or ""


async def test_a_log_of_a_gigabyte_is_followed_and_walked_through(
    tmp_path: Path, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    async with scene(tmp_path, agents=1) as at:
        told, written = at.cluster.pipe(), at.cluster.pipe()
        at.work.launch(TALK.replace("{told}", str(told)).replace("{written}", str(written)), task_id="talker")
        try:
            await written.heard()
            (stdout,) = tmp_path.rglob("executors/talker/runs/*/stdout")
            assert stdout.stat().st_size > LONG_BYTES
            assert stdout.stat().st_blocks * 512 >= LONG_BYTES  # really written
            context, seen = await opened(browser, at.address)
            page = seen.page
            view = at.files("talker", "log", "/stdout")
            began = perf_counter()
            with watched() as window:
                await seen.go(view)
                await seen.text("of many", ".log")
                open_s = perf_counter() - began
            limit_s = window.stretched(OPEN_S)
            assert await colour(page, "the last") == "fg2"
            assert "1 GB" in plain(await page.locator(".found").inner_text())
            figures = {"at its end": await held(page)}

            told.say("a line that came later")
            await seen.text("a line that came later", ".log")
            for number in range(200):
                told.say(f"later {number}")
            await seen.text("later 199", ".log")
            follow = page.get_by_role("button", name="Follow")
            assert await follow.get_attribute("aria-pressed") == "true"

            await page.get_by_role("button", name="Start").click()
            assert await colour(page, "the very first") == "fg1"
            assert await follow.get_attribute("aria-pressed") == "false"
            await page.get_by_role("slider", name="Place in the file").fill("500")
            assert await colour(page, "INFO") == "fg4"
            await page.evaluate(WANDER, 40)
            await seen.text("a line of the middle", ".log")
            figures["in its middle"] = await held(page)
            await page.get_by_role("button", name="Wrap lines").click()
            await page.evaluate(WANDER, 10)
            await page.get_by_role("button", name="Wrap lines").click()
            await seen.text("a line of the middle", ".log")

            await page.get_by_role("button", name="End").click()
            await seen.text("later 199", ".log")
            told.say("the very end")
            await seen.text("the very end", ".log")
            figures["at its end again"] = await held(page)
            with capsys.disabled():
                print(f"\na gigabyte: open at the end after {open_s:.3f} s; held: {figures}")
            assert open_s < limit_s
            assert max(one["heap"] for one in figures.values()) < HEAP_BYTES, figures
            assert max(one["buffers"] for one in figures.values()) < BUFFER_BYTES, figures
            assert max(one["nodes"] for one in figures.values()) < NODES, figures
            assert seen.complaints == []
            await context.close()
        finally:
            for path in tmp_path.rglob("executors/talker/runs/*/stdout"):
                path.unlink()


async def test_files_are_saved_and_an_agent_that_is_stopped_is_told_of(
    tmp_path: Path, browser: Browser
) -> None:
    async with scene(tmp_path, agents=1) as at:
        context, seen = await opened(browser, at.address)
        page = seen.page
        async with page.expect_download() as download:
            await seen.go(at.files("failing"))
            await page.get_by_role("link", name="Download stdout").click()
        saved = await (await download.value).path()
        assert await asyncio.to_thread(Path(saved).read_bytes) == b"out\n"

        view = at.files("failing", "log", "/stdout")
        at.agents[0].send_signal(19)  # SIGSTOP: it does not answer any more
        try:
            await seen.go(view)
            await seen.text("The agent does not answer")
            await seen.shoot("log-agent-away")
        finally:
            at.agents[0].send_signal(18)
        await seen.text("out", ".log")
        assert seen.complaints == []
        await context.close()
