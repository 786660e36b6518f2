"""Lists are shown to their end, however long they are and however they are sorted."""

from __future__ import annotations

from playwright.async_api import Page, Request

from tests.browser.browser import chromium, opened
from tests.browser.large_process import large

AGENTS, TASKS = 1000, 100_000
#: By which the list can be sorted, and its last task then: in ascending order, in descending order.
SORTS = {
    "name": ("task 99999", "task 0"),
    "id": ("task 99999", "task 0"),
    "state": ("task 99999", "task 0"),  # all run, so their ids decide
    "started": ("task 99999", "task 0"),
    "updated": ("task 99999", "task 0"),
}
#: Resolves to the visible rows as soon as none of them is blank: their numbers and names.
ROWS = """async () => {
  const rows = () => [...document.querySelectorAll("tbody tr[aria-rowindex]")];
  const full = () => rows().length && !rows().some((row) => row.classList.contains("blank"));
  do await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); while (!full());
  return rows().map((row) => [row.getAttribute("aria-rowindex"), row.querySelector("th").innerText]);
}"""
AT_TOP = "(async () => { while (scrollY) await new Promise(requestAnimationFrame); })()"
BOTTOM = "scrollTo(0, document.documentElement.scrollHeight)"
#: As somebody who drags the scroll bar from top to bottom.
DRAG = """async () => {
  for (let step = 0; step <= 120; step++) {
    scrollTo(0, (document.documentElement.scrollHeight - innerHeight) * step / 120);
    await new Promise(requestAnimationFrame);
  }
}"""


async def rows(page: Page) -> list[tuple[int, str]]:
    """Numbers (the head is 1) and names of the rows in the page."""
    return [(int(number), name) for number, name in await page.evaluate(ROWS)]


async def test_the_last_of_a_hundred_thousand_tasks_is_reached_in_every_order() -> None:
    async with large(AGENTS, TASKS) as at, chromium() as browser:
        _, seen = await opened(browser, at.address)
        page = seen.page
        for sort, lasts in SORTS.items():
            for order, last in zip(("asc", "desc"), lasts, strict=True):
                await seen.go(f"tasks?sort={sort}&order={order}")
                await seen.text("100,000 tasks")
                await rows(page)
                await page.evaluate(BOTTOM)
                found = await rows(page)
                assert found[-1] == (TASKS + 1, last), (sort, order)
                numbers = [number for number, _ in found]
                assert numbers == list(range(numbers[0], TASKS + 2)), (sort, order)
                assert len(found) < 100  # only what is in sight is in the page
                assert await page.locator("table.long").get_attribute("aria-rowcount") == str(TASKS + 1)
        await seen.shoot("large-end")

        asked: list[str] = []
        page.on("request", lambda request: _note(asked, request))
        await seen.go("tasks?sort=id")
        await seen.text("100,000 tasks")
        await page.evaluate(DRAG)
        assert (await rows(page))[-1] == (TASKS + 1, "task 99999")
        assert len(asked) < 30, "blocks were loaded that nobody stopped at"
        await page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 3)")
        found = await rows(page)
        assert [f"task {number - 2}" for number, _ in found] == [name for _, name in found]
        await page.keyboard.press("Home")
        await page.evaluate(AT_TOP)
        assert (await rows(page))[0] == (2, "task 0")
        assert seen.complaints == []


def _note(asked: list[str], request: Request) -> None:
    if "/page/tasks" in request.url:
        asked.append(request.url)
