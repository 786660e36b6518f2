"""Answers that come late: what the page shows when one of the master's takes long, or comes last of all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Page, Route

from tests.browser.browser import LIMIT_S, opened
from tests.browser.gallery import Gallery
from tests.process.cluster import running_cluster

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: How long the first answer takes, on the page's clock. Ten times that is far more than any wait here.
SLOW_MS = 20_000
assert SLOW_MS * 10 > 2 * LIMIT_S * 1000
#: After that the page leaves the master alone for so long, and no longer.
CAP_MS = 5_000

#: Of a view: what is asked for, where the number of agents is, what it is with one and with two.
COUNTS = {
    "agents": (re.compile(r"/page/agents\?.*offset=0"), ".controls .found", "1 agent", "2 agents"),
    "": (re.compile(r"/page/now"), ".counts li:has-text('connected') >> nth=0", "connected1", "connected2"),
}


class Held:
    """Answers that are kept from a page until `is_over`."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()
        self.is_over = asyncio.Event()

    async def hold(self, route: Route) -> None:
        self.is_asked.set()
        await self.is_over.wait()
        await route.continue_()


@asynccontextmanager
async def held(page: Page, *kinds: Sequence[str | re.Pattern[str]]) -> AsyncIterator[list[Held]]:
    """Keep answers back: each kind until it is over, all of them until the block ends."""
    made = [Held() for _ in kinds]
    for one, paths in zip(made, kinds, strict=True):
        for path in paths:
            await page.route(path, one.hold)
    try:
        yield made
    finally:
        for one in made:
            one.is_over.set()
        await page.unroute_all(behavior="wait")


@pytest.mark.parametrize("view", COUNTS)
async def test_one_slow_answer_does_not_stop_the_picture(tmp_path: Path, browser: Browser, view: str) -> None:
    path, place, one, two = COUNTS[view]
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.registered(await c.agent(master))
        context, seen = await opened(browser, master.address)
        page = seen.page
        await page.clock.install()  # it goes on by itself, and by leaps
        found = page.locator(place)
        async with held(page, [path]) as [answer], asyncio.timeout(LIMIT_S):
            await seen.go(view)
            await answer.is_asked.wait()
            await page.clock.fast_forward(SLOW_MS)
            answer.is_over.set()
            await found.filter(has_text=one).wait_for()
        await c.agent(master)
        await page.clock.fast_forward(CAP_MS)
        await found.filter(has_text=two).wait_for(timeout=LIMIT_S * 1000)
        assert seen.complaints == []
        await context.close()


async def test_a_choice_is_kept_when_more_to_choose_from_arrives(browser: Browser, shown: Gallery) -> None:
    """The last of the agents is chosen; as long as the list is not there it is the only one."""
    chosen = shown.get("/page/agents?sort=hostname")["found"][-1]["id"]
    context, seen = await opened(browser, shown.address)
    page = seen.page
    the_list = re.compile(r"/page/agents\?.*sort=hostname")
    # With the next painting the choice would be right again: nothing else may come.
    async with held(page, [the_list], ["**/page/processes*", "**/page/frameworks*"]) as [answer, _]:
        await seen.go(f"actors?{urlencode({'agent': chosen})}")
        choice = page.get_by_role("combobox", name="Process")
        options = choice.locator("option")
        await options.nth(1).wait_for(state="attached", timeout=LIMIT_S * 1000)
        assert (await options.count(), await choice.input_value()) == (2, chosen)
        answer.is_over.set()
        await options.nth(2).wait_for(state="attached", timeout=LIMIT_S * 1000)
        assert (await options.count(), await choice.input_value()) == (3, chosen)
    assert seen.complaints == []
    await context.close()
