"""What operators may do from the page: it says what will be lost, and does nothing before they agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.browser import opened
from tests.browser.scene import scene

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_tasks_are_killed_and_frameworks_torn_down(tmp_path: Path, browser: Browser) -> None:
    async with scene(tmp_path, agents=1) as at:
        context, seen = await opened(browser, at.address)
        page = seen.page
        await seen.go(at.task_view("sleeper"))
        await page.get_by_role("button", name="Kill …").click()
        dialog = page.get_by_role("dialog")
        await seen.text("1 CPU, 32 MB mem become free.", "dialog")
        await dialog.get_by_role("button", name="Keep it").click()
        assert at.work.is_in("RUNNING", "sleeper")
        await page.get_by_role("button", name="Kill …").click()
        await dialog.get_by_role("button", name="Kill the task").click()
        await at.until("KILLED", "sleeper")
        await seen.text("It was killed")

        await seen.go(f"frameworks/{at.framework_id}")
        await page.get_by_role("button", name="Tear down …").click()
        await seen.text("1 task of it that has not ended will be killed", "dialog")
        await dialog.get_by_role("button", name="Tear down work").click()
        await seen.text("was torn down")
        await seen.text("completed", "h1 + .state")
        await at.cluster.until(lambda: at.work.errors)
        assert seen.complaints == []
        await context.close()
