"""A connection that breaks: what was missed is told from the last event on, or said to be too long ago."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Browser

from cluster.http.page import events
from tests.browser.browser import LIMIT_S, Seen, opened
from tests.browser.large_process import large
from tests.browser.scene import scene
from tests.browser.wire import Stream, Wire, wire

pytestmark = pytest.mark.asyncio(loop_scope="session")

TASKS = 100
#: Reports that make more events than the master keeps; at least every second one makes one.
TOO_MANY = 2 * events.KEPT_EVENTS + 10 * TASKS


def resumed(line: Wire, first: Stream) -> Stream:
    """The last stream, which must have asked for what follows the last event of the first one."""
    last = line.streams()[-1]
    assert parse_qs(urlsplit(last.target).query) == {"after": [first.ids[-1].decode()]}
    return last


async def is_live(seen: Seen) -> None:
    await seen.page.locator("#live", has_text="Live").wait_for(timeout=LIMIT_S * 1000)


async def test_what_was_missed_is_told_from_the_last_event_on(tmp_path: Path, browser: Browser) -> None:
    async with scene(tmp_path, agents=1) as at, wire(at.address) as line:
        pipe = at.cluster.pipe()
        at.work.launch(f"read -r line < {pipe}; exit 4", task_id="guided")
        await at.until("RUNNING", "guided")
        context, seen = await opened(browser, line.address)
        await seen.go("tasks?sort=name")
        await seen.text("5 tasks")
        at.work.launch("sleep 1000", task_id="before")
        row = seen.page.locator("tbody tr", has_text="before")
        await row.get_by_text("running").wait_for(timeout=LIMIT_S * 1000)
        await seen.page.evaluate("window.isTheSame = true")

        await line.cut()
        await seen.text("has not answered since")
        (first,) = line.streams()
        pipe.say()
        await at.until("FAILED", "guided")
        await at.cluster.stop(at.work)
        await seen.page.route("**/page/tasks*", lambda route: route.abort())  # no list: events have to do
        asked = len(line.targets())
        await line.restore()
        await is_live(seen)
        row = seen.page.locator("tbody tr", has_text="guided")
        await row.get_by_text("failed").wait_for(timeout=LIMIT_S * 1000)
        row = seen.page.locator("tbody tr", has_text="sleeper")
        await row.get_by_text("killed").wait_for(timeout=LIMIT_S * 1000)

        second = resumed(line, first)
        assert b"reset" not in second.kinds
        epoch, _, number = first.ids[-1].decode().rpartition("-")
        expected = [f"{epoch}-{int(number) + 1 + n}" for n in range(len(second.ids))]
        assert [one.decode() for one in second.ids] == expected
        assert b'"TASK_FAILED"' in second.answered
        assert not [target for target in line.targets()[asked:] if target == "/" or "webui" in target]
        assert await seen.page.evaluate("window.isTheSame")
        assert await seen.page.locator("#banner").is_hidden()
        assert seen.complaints == []
        await context.close()


async def test_a_connection_that_died_in_silence_is_noticed_and_resumed(browser: Browser) -> None:
    async with large(2, 10) as at, wire(at.address) as line:
        context, seen = await opened(browser, line.address)
        await seen.page.clock.install()
        await seen.go("tasks?state=TASK_KILLING")
        await is_live(seen)
        await seen.text("No task fits this search")
        await at.change(1)
        await seen.text("1 task")
        await line.freeze()
        (first,) = line.streams()
        await at.change(2)
        async with seen.page.expect_request("**/page/events?after=*"):
            await seen.page.clock.fast_forward(41_000)  # two signs of life are missing
        await seen.text("3 tasks")
        await is_live(seen)
        second = resumed(line, first)
        assert second.kinds[:2] == [b"change", b"change"]
        assert seen.complaints == []
        await context.close()


async def test_what_is_too_long_ago_is_loaded_anew_and_that_is_said(browser: Browser) -> None:
    async with large(10, TASKS) as at, wire(at.address) as line:
        context, seen = await opened(browser, line.address)
        await seen.go("tasks?state=TASK_KILLING")
        await seen.text("No task fits this search")
        await at.change(7)
        await seen.text("7 tasks")
        await line.cut()
        await seen.text("has not answered since")
        (first,) = line.streams()
        await at.change(TOO_MANY)
        await line.restore()
        await seen.text("cut off for longer than the master keeps changes")
        await is_live(seen)
        second = resumed(line, first)
        assert second.kinds == [b"reset"]
        await seen.text(f"{TASKS} tasks")
        await seen.shoot("too-long-ago")
        assert seen.complaints == []
        await context.close()
