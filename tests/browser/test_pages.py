"""Every page: what is on it, in both themes, on wide and narrow screens, and for those who do not see it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlencode

from playwright.async_api import Browser

from tests.browser.browser import NARROW, WIDE, Seen, axe_source, chromium, opened
from tests.browser.scene import EVIL, Scene, scene


def views(at: Scene) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name, address, and words that must be readable."""
    agent = f"agents/{at.agent_of('sleeper')}"
    gone = urlencode({"path": "/frameworks/none/executors/none/runs/latest"})
    return {
        "overview": ("", ("Master", "Who has what", "What changed lately", "work <b>bold</b>", "Shares")),
        "agents": ("agents", ("2 agents", "rack: one", "31000-31010", "connected")),
        "agent": (agent, ("Resources", "Executors", "sleeper", "Memory used", "rack: one")),
        "frameworks": ("frameworks", ("1 framework", "work <b>bold</b>", "active")),
        "framework": (
            f"frameworks/{at.framework_id}",
            ("Offers held", "Refusals in force", "work/inner", "4 tasks", "Tear down …"),
        ),
        "tasks": ("tasks", ("4 tasks", EVIL, "failed", "finished", "running")),
        "task": (at.task_view("sleeper"), ("It is running.", "History", "Kill …", "1 CPU, 32 MB mem")),
        "task-failed": (at.task_view("failing"), ("It failed: its command exited with status 3.",)),
        "task-unknown": (at.task_view("never"), ("could not be loaded", "Only the last ended tasks")),
        "roles": ("roles", ("inner", "Weight", "Dominant", "cpus")),
        "offers": ("offers", ("outstanding",)),
        "why": (f"why?{urlencode({'framework': at.framework_id})}", ("All agents", "in role work")),
        "sandbox": (at.files("quick"), ("stdout", "stderr", "download")),
        "sandbox-gone": (f"{agent}/files?{gone}", ("The sandbox is gone",)),
        "log": (at.files("failing", "log", "/stdout"), ("out", "Follow")),
        "actors": ("actors", ("Event loop", "allocator", "Messages/s", "MasterActor")),
        "agent-actors": (f"actors?{urlencode({'agent': at.agent_of('sleeper')})}", ("slave(1)", "LoopLag")),
        "nowhere": ("no/such/view", ("There is nothing here",)),
    }


async def look(browser: Browser, at: Scene, axe: str, theme: str) -> list[str]:
    """Go through all views; what is wrong."""
    context, seen = await opened(browser, at.address, theme=theme, size=WIDE)
    faults: list[str] = []
    for name, (view, words) in views(at).items():
        await seen.go(view)
        for each in words:
            await seen.text(each)
        await seen.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        faults += [f"{name}, {theme}: {fault}" for fault in await seen.faults(axe)]
        await seen.shoot(f"{name}-{theme}")
    await context.close()
    return faults + seen.complaints


async def narrow(browser: Browser, at: Scene) -> list[str]:
    """On a telephone nothing sticks out at the side."""
    context, seen = await opened(browser, at.address, theme="dark", size=NARROW)
    faults = []
    for name, (view, words) in views(at).items():
        await seen.go(view)
        await seen.text(words[0])
        width = await seen.page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW[0]:
            faults.append(f"{name} is {width} px wide")
        await seen.shoot(f"{name}-narrow")
    await context.close()
    return faults + seen.complaints


async def test_every_page_shows_what_there_is_to_everybody(tmp_path: Path) -> None:
    axe = axe_source()
    async with scene(tmp_path) as at, chromium() as browser:
        looks = (look(browser, at, axe, "light"), look(browser, at, axe, "dark"), narrow(browser, at))
        assert [fault for faults in await asyncio.gather(*looks) for fault in faults] == []


async def test_names_of_frameworks_and_tasks_are_text(tmp_path: Path) -> None:
    async with scene(tmp_path, agents=1) as at, chromium() as browser:
        _, seen = await opened(browser, at.address)
        for view in (
            "",
            "tasks",
            at.task_view("evil"),
            f"frameworks/{at.framework_id}",
            "frameworks",
            "roles",
        ):
            await seen.go(view)
            await seen.text("bold</b>" if view != at.task_view("evil") else EVIL)
            assert await seen.page.locator("main img").count() == 0
            assert await seen.page.locator("main b", has_text="bold").count() == 0
        await seen.go(f"tasks?{urlencode({'search': '<script>alert(1)</script>'})}")
        await seen.text("No task fits this search.")
        assert seen.complaints == []


async def test_lists_are_searched_from_the_keyboard_and_addresses_can_be_shared(tmp_path: Path) -> None:
    async with scene(tmp_path, agents=1) as at, chromium() as browser:
        context, seen = await opened(browser, at.address)
        page = seen.page
        await seen.go("tasks")
        await seen.text("4 tasks")
        await page.keyboard.press("/")
        await page.keyboard.type("failed")
        await seen.text("1 task")
        await page.get_by_role("combobox", name="State").select_option("ended")
        await page.wait_for_url("**/#/tasks?*state=ended*")
        await page.get_by_role("button", name="Name").click()
        await page.wait_for_url("**sort=name*")
        other = Seen(await context.new_page(), at.address)
        await other.page.goto(page.url)
        await other.text("1 task")
        assert await other.page.get_by_role("searchbox", name="Search by id").input_value() == "failed"
        assert await other.page.locator("th[aria-sort=ascending]").inner_text() == "Name ↑".removesuffix(" ↑")
        await seen.go("")
        await seen.text("Who has what")
        await page.keyboard.press("/")
        await page.keyboard.type("sleeper")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/#/tasks?search=sleeper")
        await seen.text("1 task")
        assert seen.complaints + other.complaints == []
