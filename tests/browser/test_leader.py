"""A master that does not lead, or does not lead any more, takes the browser to the one that does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser

from actors import PID, Process, bind
from cluster.allocator import AllocatorOptions
from cluster.http import http_factory
from cluster.http.endpoints.master import master_endpoints
from cluster.http.v1.callers import Leader
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from tests.browser.browser import LIMIT_S, opened

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Candidate:
    """A master that leads until it is told who does."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.address = process.runtime.address
        self.leader = Leader(self.address, is_here=True)


@asynccontextmanager
async def candidate() -> AsyncIterator[Candidate]:
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    made = Candidate(process)
    runtime.spawn(MasterActor(MasterSettings(hostname="m"), AllocatorOptions(), {}), NAME)
    table = master_endpoints(runtime, PID(NAME, made.address), {}, leadership=lambda: made.leader)
    front = http_factory(runtime, NAME, table)
    await process.listen(http=front)
    try:
        yield made
    finally:
        await process.close()
        await front.close(0.1)


async def test_a_follower_leads_to_the_leader(browser: Browser) -> None:
    async with candidate() as first, candidate() as second:
        context, seen = await opened(browser, first.address)
        await seen.go("agents?search=x")
        await seen.text("Live")
        first.leader = Leader(second.address, is_here=False)
        second.leader = Leader(second.address, is_here=True)
        events = first.process.runtime.by_name["page-events"]
        events.finalize()  # type: ignore[attr-defined]  # as a master does that stops leading: streams end
        await seen.page.wait_for_url(f"http://{second.address}/#/agents?search=x", timeout=LIMIT_S * 1000)
        await seen.text("Live")
        await seen.page.goto(f"http://{first.address}/#/tasks")
        await seen.page.wait_for_url(f"http://{second.address}/#/tasks", timeout=LIMIT_S * 1000)
        await seen.text("There are no tasks yet")
        await context.close()
