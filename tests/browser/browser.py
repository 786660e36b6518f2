"""A real Chromium for tests: pages that note every complaint, screenshots, and the accessibility checker."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.limits import LIMIT_S

#: What a run leaves for people to look at.
OUT = Path(__file__).parent / "out"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = (1360, 900), (390, 844)
#: The file of axe-core.
AXE = "TEPUI_AXE"


def plain(text: str) -> str:
    """A text as it is read: the page keeps figures and their units together with spaces that do not break."""
    return text.replace("\xa0", " ")


def missing(what: str) -> None:
    """The machine lacks something: a skipped test, or a failure where nothing may be skipped."""
    if os.environ.get("TEPUI_REQUIRE_ALL") == "1":
        pytest.fail(what)
    pytest.skip(what)


def chromium_path() -> str:
    """The program."""
    found = os.environ.get("TEPUI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("there is no chromium: apt-get install chromium, or name one in TEPUI_CHROMIUM")
    assert found is not None
    return found


def axe_source() -> str:
    """The accessibility checker as a script."""
    path = os.environ.get(AXE)
    if path is None or not Path(path).is_file():
        missing(f"{AXE} does not name axe.min.js of the npm package axe-core")
    assert path is not None
    return Path(path).read_text()


class Seen:
    """A page of the browser, and everything it complained about."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _is_expected(message.text):
            self.complaints.append(f"{message.type}: {message.text}")

    async def go(self, view: str) -> None:
        """Show a view: what follows `#/`."""
        await self.page.goto(f"http://{self.address}/#/{view}")

    async def text(self, words: str, inside: str = "body") -> None:
        """Wait until some words can be read."""
        found = self.page.locator(inside).get_by_text(words).locator("visible=true")
        await found.first.wait_for(timeout=LIMIT_S * 1000)

    async def shoot(self, name: str) -> None:
        """Leave a picture."""
        OUT.mkdir(exist_ok=True)
        await self.page.screenshot(path=str(OUT / f"{name}.png"))

    async def faults(self, axe: str, rules: Sequence[str] = ()) -> list[str]:
        """What the accessibility checker finds serious; `rules`: only by these."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(axe)
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if rules:
            options["runOnly"] = {"type": "rule", "values": list(rules)}
        found: dict[str, Any] = await self.page.evaluate("(options) => axe.run(document, options)", options)
        return [
            f"{one['id']}: {one['help']}: {json.dumps([node['html'][:160] for node in one['nodes'][:4]])}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]


def _is_expected(text: str) -> bool:
    """A browser tells of every answer that is no success; the page says so in its own words."""
    return "Failed to load resource" in text or "net::ERR" in text


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with a profile of its own."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(FLAGS), timeout=LIMIT_S * 1000
        )
        try:
            yield browser
        finally:
            await browser.close()


async def opened(
    browser: Browser, address: str, *, theme: Any = "light", size: tuple[int, int] = WIDE
) -> tuple[BrowserContext, Seen]:
    """A fresh window."""
    context = await browser.new_context(
        color_scheme=theme, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
    )
    context.set_default_timeout(LIMIT_S * 1000)
    return context, Seen(await context.new_page(), address)
