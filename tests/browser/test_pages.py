"""Every page: what is on it, in both themes, on wide and narrow screens, and for those who do not see it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser

from tests.browser.browser import NARROW, WIDE, Seen, axe_source, opened
from tests.browser.gallery import LONG_NAME, Gallery
from tests.browser.scene import EVIL

pytestmark = pytest.mark.asyncio(loop_scope="session")

THEMES = ("light", "dark")
SIZES = {"wide": WIDE, "narrow": NARROW}
#: What can differ between the themes.
OF_COLOURS = ("color-contrast", "link-in-text-block")
#: Tables in which some row has more or fewer cells in sight than the head: they are under wrong titles.
ASKEW = """() => {
  const cells = (row) => [...row.cells].filter((cell) => cell.getClientRects().length).length;
  const isAskew = (table) => [...table.querySelectorAll("tr:not(.spacer, .blank)")]
    .some((row) => cells(row) !== cells(table.tHead.rows[0]));
  const shown = (table) => table.getClientRects().length && getComputedStyle(table).display === "table";
  return [...document.querySelectorAll("table")]
    .filter((table) => shown(table) && isAskew(table))
    .map((table) => table.innerText.slice(0, 80));
}"""
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass(frozen=True, slots=True)
class View:
    """A view: its address, words that must be readable, and a button to press before it is looked at."""

    address: str
    words: tuple[str, ...]
    button: str = ""
    is_bare: bool = False  # of the master that has nothing


def views(at: Gallery) -> dict[str, View]:
    """By name."""
    agent = f"agents/{at.agent_of('sleeper')}"
    holder = f"frameworks/{at.holder.framework_id}"
    work = f"frameworks/{at.framework_id}"
    over = at.get("/page/frameworks?search=nightly")["found"][0]["id"]
    gone = urlencode({"path": "/frameworks/none/executors/none/runs/latest"})
    why = f"why?{urlencode({'framework': at.framework_id})}"
    return {
        "overview": View("", ("Master", "Who has what", "What changed lately", "work <b>bold</b>", "Shares")),
        "overview-shares": View("", ("Who has what",), "Shares"),
        "agents": View("agents", ("2 agents", "rack: one", "31000-31010", "connected")),
        "agent": View(agent, ("Resources", "Executors", "sleeper", "Memory used", "rack: one")),
        "frameworks": View("frameworks", ("3 frameworks", "work <b>bold</b>", "active", "completed")),
        "framework": View(work, ("Offers held", "Refusals in force", "work/inner", "6 tasks", "Tear down …")),
        "framework-offers": View(holder, ("Offers held: 2", "analytics/reports", "There are no tasks yet")),
        "framework-ended": View(f"frameworks/{over}", ("completed", "1 task")),
        "teardown": View(work, ("will be killed",), "Tear down …"),
        "tasks": View("tasks", ("7 tasks", EVIL, "failed", "finished", "running")),
        "tasks-none": View("tasks?search=nosuchtask", ("No task fits this search.",)),
        "task": View(at.task_view("sleeper"), ("It is running.", "History", "Kill …", "1 CPU, 32 MB mem")),
        "task-long": View(at.task_view(f"{LONG_NAME}-0001"), ("It is running.", LONG_NAME)),
        "task-failed": View(at.task_view("failing"), ("It failed: its command exited with status 3.",)),
        "task-unknown": View(at.task_view("never"), ("could not be loaded", "Only the last ended tasks")),
        "kill": View(at.task_view("sleeper"), ("1 CPU, 32 MB mem become free.",), "Kill …"),
        "roles": View("roles", ("inner", "Weight", "Dominant", "cpus")),
        "offers": View("offers", ("outstanding", "analytics")),
        "why": View(why, ("All agents", "in role work")),
        "why-unasked": View("why", ("Choose a framework, a role, or both.",)),
        "sandbox": View(at.files("quick"), ("stdout", "stderr", "download")),
        "sandbox-gone": View(f"{agent}/files?{gone}", ("The sandbox is gone",)),
        "log": View(at.files("chatter", "log", "/stdout"), ("could not reach", "Follow")),
        "actors": View("actors", ("Event loop", "allocator", "Messages/s", "MasterActor")),
        "agent-actors": View(
            f"actors?{urlencode({'agent': at.agent_of('sleeper')})}", ("slave(1)", "LoopLag")
        ),
        "nowhere": View("no/such/view", ("There is nothing here",)),
        "empty-overview": View("", ("No framework is here yet", "Nothing has happened yet"), is_bare=True),
        "empty-agents": View("agents", ("No agent has registered yet",), is_bare=True),
        "empty-frameworks": View("frameworks", ("No framework has subscribed yet",), is_bare=True),
        "empty-tasks": View("tasks", ("There are no tasks yet",), is_bare=True),
        "empty-roles": View("roles", ("There are no roles yet",), is_bare=True),
        "empty-offers": View("offers", ("No offers are outstanding",), is_bare=True),
        "empty-why": View("why", ("No framework is registered",), is_bare=True),
    }


async def look(browser: Browser, at: Gallery, axe: str, theme: str, size: str) -> list[str]:
    """Go through all views; what is wrong. Nothing may stick out at the side."""
    context, seen = await opened(browser, at.address, theme=theme, size=SIZES[size])
    other, bare = await opened(browser, at.bare.address, theme=theme, size=SIZES[size])  # in front, as well
    faults: list[str] = []
    for name, view in views(at).items():
        here = bare if view.is_bare else seen
        await here.go(view.address)
        if view.button:
            await here.page.get_by_role("button", name=view.button, exact=True).click()
        for each in view.words if size == "wide" else view.words[:1]:
            await here.text(each)
        await here.page.evaluate(SETTLED)
        found = await here.faults(axe, () if theme == "light" else OF_COLOURS)
        faults += [f"{name}, {theme}, {size}: {fault}" for fault in found]
        width = await here.page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[size][0]:
            faults.append(f"{name}, {size}: it is {width} px wide")
        faults += [f"{name}, {size}: askew: {table}" for table in await here.page.evaluate(ASKEW)]
        await here.shoot(f"{name}-{theme}-{size}")
        if await here.page.locator("dialog").count():
            await here.page.keyboard.press("Escape")
    await context.close()
    await other.close()
    return faults + seen.complaints + bare.complaints


async def test_every_page_shows_what_there_is_to_everybody(browser: Browser, shown: Gallery) -> None:
    axe = axe_source()
    looks = (look(browser, shown, axe, theme, size) for theme, size in product(THEMES, SIZES))
    assert [fault for faults in await asyncio.gather(*looks) for fault in faults] == []


async def test_names_of_frameworks_and_tasks_are_text(browser: Browser, shown: Gallery) -> None:
    context, seen = await opened(browser, shown.address)
    evil = shown.task_view("evil")
    for view in ("", "tasks", evil, f"frameworks/{shown.framework_id}", "frameworks", "roles"):
        await seen.go(view)
        await seen.text("bold</b>" if view != evil else EVIL)
        assert await seen.page.locator("main img").count() == 0
        assert await seen.page.locator("main b", has_text="bold").count() == 0
    await seen.go(f"tasks?{urlencode({'search': '<script>alert(1)</script>'})}")
    await seen.text("No task fits this search.")
    assert seen.complaints == []
    await context.close()


async def test_lists_are_searched_from_the_keyboard_and_addresses_can_be_shared(
    browser: Browser, shown: Gallery
) -> None:
    context, seen = await opened(browser, shown.address)
    page = seen.page
    await seen.go("tasks")
    await seen.text("7 tasks")
    await page.keyboard.press("/")
    await page.keyboard.type("failed")
    await seen.text("1 task")
    await page.get_by_role("combobox", name="State").select_option("ended")
    await page.wait_for_url("**/#/tasks?*state=ended*")
    await page.get_by_role("button", name="Name").click()
    await page.wait_for_url("**sort=name*")
    other = Seen(await context.new_page(), shown.address)
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
    await context.close()
