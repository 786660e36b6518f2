"""One browser, and one cluster to look at, serve all tests of a run; pictures of the run before go away.

Each test has windows of its own in that browser, which share nothing. Tests that change a cluster have
one of their own.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.browser import OUT, chromium
from tests.browser.gallery import Gallery, gallery


@pytest.fixture(scope="session", autouse=True)
def fresh_output() -> None:
    """One process of a run in several does it."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0" and OUT.is_dir():
        for picture in OUT.glob("*.png"):
            picture.unlink()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The browser of this run."""
    async with chromium() as made:
        yield made


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gallery]:
    """The cluster to look at, which no test changes."""
    async with gallery(tmp_path_factory.mktemp("gallery")) as made:
        yield made
