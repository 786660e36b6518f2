"""Offers that a framework holds without an answer, with their age; and the quota of roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from actors import PID, Process, bind
from cluster.allocator import AllocatorOptions
from cluster.allocator import messages as alloc
from cluster.allocator.quota import Quota
from cluster.http import http_factory
from cluster.http.endpoints.master import master_endpoints
from cluster.http.page.sharing import ALLOCATOR
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import Limits, Quantities
from cluster.protocol import scheduler
from tests.browser.browser import LIMIT_S, opened
from tests.browser.scene import free_port
from tests.process.cluster import running_cluster
from tests.process.observed import Holding
from tests.unit.http.operator_kit import SchedulerPart, framework_info

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Resolves to the ages that a list shows, in whole seconds, as soon as the first is at least so much.
AGES = """async (least) => {
  const shown = () => [...document.querySelectorAll("main table td time[data-since]")];
  const ages = () => shown().map((one) => parseFloat(one.textContent));
  while (!(ages()[0] >= least)) await new Promise(requestAnimationFrame);
  return ages();
}"""


async def test_offers_that_nobody_answers_are_shown_with_a_growing_age(
    tmp_path: Path, browser: Browser
) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master(port=free_port())
        context, seen = await opened(browser, master.address)
        await seen.go("offers")
        await seen.text("No offers are outstanding")
        await c.agent(master, "--hostname=one", "--resources=cpus:2;mem:512;disk:64;ports:[1-2]")
        holder = await c.framework(master, Holding, name="holder", roles=("held",))
        await seen.text("1 offer outstanding")  # by itself
        await c.agent(master, "--hostname=two", "--resources=cpus:3;mem:512;disk:64;ports:[1-2]")
        await c.until(lambda: len(holder.offers) == 2)
        await seen.text("2 offers outstanding")
        rows = seen.page.get_by_role("table", name="Outstanding offers").locator("tbody tr")
        cells = [(await row.inner_text()).split("\t") for row in await rows.all()]
        assert [(cell[0], cell[1], cell[2].split()[0]) for cell in cells] == [
            ("holder", "held", "one"),
            ("holder", "held", "two"),
        ]
        assert "cpus:2; mem:512; disk:64; ports:[1-2]" in cells[0][3]
        ages = await seen.page.evaluate(AGES, 2)
        assert len(ages) == 2
        assert ages[0] >= ages[1]
        assert (await seen.page.evaluate(AGES, ages[0] + 1))[0] > ages[0]
        await seen.shoot("offers-held")

        await seen.go(f"frameworks/{holder.framework_id}")
        await seen.text("Offers held: 2")
        held = seen.page.get_by_role("table", name="Offers held").locator("tbody tr")
        assert [(await row.inner_text()).split()[0] for row in await held.all()] == ["one", "two"]
        assert (await seen.page.evaluate(AGES, ages[0] + 1))[0] > ages[0]
        await seen.text("5 CPUs, 1 GB mem")  # offered in all
        await seen.shoot("framework-offers-held")

        holder.do(lambda: [offer.decline() for offer in list(holder.session.offers.values())])
        await seen.text("It holds no offers now.")
        await seen.text("Refusals in force: 2")
        assert seen.complaints == []
        await context.close()


@asynccontextmanager
async def master() -> AsyncIterator[Process]:
    """A master whose allocator a test can talk to: there is no way yet to set a quota from outside."""
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    pid = runtime.spawn(MasterActor(MasterSettings(hostname="m"), AllocatorOptions(0.05), {}), NAME)
    front = http_factory(runtime, NAME, master_endpoints(runtime, pid, {}))
    await process.listen(http=front)
    try:
        yield process
    finally:
        await process.close()
        await front.close(0.1)


async def test_the_quota_of_a_role_is_the_one_that_the_allocator_keeps(browser: Browser) -> None:
    async with master() as process:
        runtime = process.runtime
        allocator = PID(ALLOCATOR, runtime.address)
        part = SchedulerPart()
        runtime.spawn(part, "scheduler")
        info = framework_info(roles=("plain",))
        runtime.send(PID(NAME, runtime.address), scheduler.Subscribe(info), part.pid)
        context, seen = await opened(browser, runtime.address)
        await seen.go("roles")
        row = seen.page.locator("tbody tr")
        await row.get_by_text("plain").wait_for(timeout=LIMIT_S * 1000)
        assert "none" in (await row.inner_text()).split("\t")
        quota = Quota(Quantities({"cpus": 2000}), Limits({"cpus": 8000, "mem": 0}))
        runtime.send(allocator, alloc.UpdateQuota("vip", quota))
        vip = seen.page.locator("tbody tr", has_text="vip")
        await vip.get_by_text("at least 2 CPUs; at most 8 CPUs, no mem").wait_for(timeout=LIMIT_S * 1000)
        await vip.get_by_text("(nothing consumed)").wait_for(timeout=LIMIT_S * 1000)
        await seen.shoot("roles-quota")
        assert "none" in (await row.filter(has_text="plain").inner_text()).split("\t")
        runtime.send(allocator, alloc.UpdateQuota("vip", Quota()))
        await vip.wait_for(state="detached", timeout=LIMIT_S * 1000)
        assert seen.complaints == []
        await context.close()
