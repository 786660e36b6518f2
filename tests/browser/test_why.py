"""Why is my task not running? Answers about real clusters in which the reasons are known."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, Locator

from cluster.scheduler import Offer
from tests.browser.api_framework import subscribed
from tests.browser.browser import LIMIT_S, Seen, opened, plain
from tests.browser.scene import GRACE, free_port
from tests.process.cluster import running_cluster
from tests.process.observed import Holding, Observed

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: No rounds but those that events cause, so that a test knows which round was the last.
NO_ROUNDS = "--allocation_interval=1hrs"


def whole(resources: str = "cpus:4;mem:1024;disk:1024") -> str:
    return f"--resources={resources};ports:[31000-31001]" if ";" in resources else f"--resources={resources}"


async def ask(seen: Seen, framework_id: str, name: str) -> None:
    """Show the answer about a framework."""
    await seen.go(f"why?{urlencode({'framework': framework_id})}")
    await seen.page.locator("h2", has_text=name).wait_for(timeout=LIMIT_S * 1000)


async def table(seen: Seen) -> tuple[dict[str, int], dict[str, str], int]:
    """As they can be read: agents by reason, what would have to change by reason, all agents."""
    reasons = seen.page.locator("table.reasons")
    counts: dict[str, int] = {}
    changes: dict[str, str] = {}
    for row in await reasons.locator("tbody tr").all():
        name = await row.get_attribute("data-why") or "OFFERED"
        cells = await row.locator("th, td").all_inner_texts()
        counts[name], changes[name] = int(cells[1]), plain(cells[3])
    total = int((await reasons.locator("tfoot th, tfoot td").all_inner_texts())[1])
    return counts, changes, total


async def until(place: Locator, words: str) -> str:
    """Wait until some place has these words; all that it says."""
    await place.get_by_text(words).first.wait_for(timeout=LIMIT_S * 1000)
    return plain(await place.inner_text())


async def test_what_is_never_possible_is_told_from_what_is_not_possible_now(
    tmp_path: Path, browser: Browser
) -> None:
    giants = {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": 1000}}}]}}
    exists = {"selector": {"attribute_name": "rack"}, "predicate": {"exists": {}}}
    async with running_cluster(tmp_path) as c:
        master = await c.master(port=free_port())
        for _ in range(2):
            await c.agent(master, whole())
        holder = await c.framework(master, Holding, name="holder", roles=("h",))
        await c.until(lambda: len(holder.offers) == 2)
        context, seen = await opened(browser, master.address)
        verdict = seen.page.locator(".verdict")
        async with (
            subscribed(master.address, "giant", role="giants", offer_filters={"giants": giants}) as giant,
            subscribed(
                master.address,
                "picky",
                role="picky",
                constraints={"groups": [{"attribute_constraints": [exists]}]},
            ) as picky,
            subscribed(master.address, "patient", role="patient") as patient,
        ):
            await ask(seen, giant, "giant")
            assert "No agent of today's cluster would do" in await until(verdict, "Never possible")
            counts, changes, total = await table(seen)
            assert counts == {"OFFERED": 0, "NOTHING_FREE": 2}
            assert total == 2
            assert "An offer has to hold at least cpus:1000." in changes["NOTHING_FREE"]
            assert "Larger agents would have to join" in changes["NOTHING_FREE"]
            assert await seen.page.get_by_text("Who has the rest").count() == 0  # nobody's loss would help
            await seen.shoot("why-never")

            await ask(seen, picky, "picky")
            await until(verdict, "Never possible")
            counts, changes, total = await table(seen)
            assert (counts, total) == ({"OFFERED": 0, "CONSTRAINT": 2}, 2)
            assert "relax its constraints" in changes["CONSTRAINT"]

            await ask(seen, patient, "patient")
            assert "2 agents of 2 would do if they were entirely free." in await until(verdict, "Not now")
            counts, changes, total = await table(seen)
            assert (counts, total) == ({"OFFERED": 0, "NOTHING_FREE": 2}, 2)
            rest = seen.page.get_by_role("table", name="Who has the rest")
            assert (await rest.locator("tbody tr").inner_text()).split("\t")[:2] == ["holder", "h"]

            await c.agent(master, whole("cpus:1;mem:64;disk:64;gpus:1"))  # it lives on: now 3 agents
            await until(seen.page.locator("tfoot"), "3")
            counts, changes, total = await table(seen)
            assert (counts, total) == ({"OFFERED": 0, "CAPABILITY": 1, "NOTHING_FREE": 2}, 3)
            assert changes["CAPABILITY"].startswith("GPU_RESOURCES is missing for 1 agent")
            await until(verdict, "2 agents of 3 would do")
        assert seen.complaints == []
        await context.close()


class Choosy(Observed):
    """Holds what agents of some hosts offer, and never wants anything of the others."""

    wanted: tuple[str, ...] = ("busy", "taken")

    def use(self, offer: Offer) -> None:
        if offer.hostname in self.wanted:
            offer.hold()


async def test_several_reasons_add_up_and_tell_who_was_ahead_and_until_when(
    tmp_path: Path, browser: Browser
) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master(NO_ROUNDS, "--weights=first=1000", port=free_port())
        late = await c.framework(master, name="late", roles=("late",))
        # Something of its own, so that its share is above that of the other role, whose weight is high.
        late.launch("sleep 1000", task_id="own", cpus=1, mem=64)
        await c.agent(master, "--hostname=own", "--resources=cpus:1;mem:64;disk:0;ports:[1-1]", GRACE)
        await c.until(lambda: late.is_in("RUNNING", "own"))
        await c.agent(master, "--hostname=refused", whole())
        await c.until(lambda: "refused" in {offer.hostname for offer in late.offers})
        first = await c.framework(master, Choosy, name="first", roles=("first",))
        await c.until(lambda: "refused" in {offer.hostname for offer in first.offers})
        await c.agent(master, "--hostname=gpus", whole("cpus:4;mem:1024;gpus:1"))
        await c.agent(master, "--hostname=tiny", "--resources=cpus:0.001;mem:1;disk:0;ports:[1-1]")
        await c.agent(
            master, "--hostname=reserved", "--resources=cpus(other):4;mem(other):99;disk:0;ports(other):[1-1]"
        )
        for host in ("busy", "taken"):  # the round of the latter is the last one
            await c.agent(master, f"--hostname={host}", whole())
            await c.until(lambda host=host: host in {offer.hostname for offer in first.offers})

        context, seen = await opened(browser, master.address)
        page = seen.page
        await ask(seen, str(late.framework_id), "late")
        await until(page.locator("table.reasons"), "Somebody else took it earlier in the round")
        counts, changes, total = await table(seen)
        await seen.shoot("why-several")
        assert counts == {
            "OFFERED": 0,
            "CAPABILITY": 1,  # gpus
            "RESERVED_TO_OTHERS": 1,  # reserved
            "TAKEN_EARLIER": 1,  # taken
            "NOTHING_FREE": 1,  # busy
            "BELOW_MIN_ALLOCATABLE": 2,  # own, of which ports are left, and tiny
            "FILTERED": 1,  # refused
        }
        assert sum(counts.values()) == total == 7 == (await get(page, "/page/agents"))["total"]
        assert "4 agents of 7 would do" in await until(page.locator(".verdict"), "Not now")
        assert "GPU_RESOURCES is missing for 1 agent" in changes["CAPABILITY"]
        assert "give this role more weight" in changes["TAKEN_EARLIER"]
        assert "Its refusal ends in 59 min" in changes["FILTERED"]
        assert "More of the same agent would have to become free." in changes["BELOW_MIN_ALLOCATABLE"]
        assert "Of these 1 agent is too small even if all" in changes["BELOW_MIN_ALLOCATABLE"]
        assert await page.get_by_text("(1 of them never possible)").count() == 1
        assert "Who has it is told below." in changes["NOTHING_FREE"]
        assert "unreserve" in changes["RESERVED_TO_OTHERS"]
        ahead = page.get_by_role("table", name="Who was ahead").locator("tbody tr")
        assert [(await row.inner_text()).split("\t") for row in await ahead.all()] == [
            ["first", "first", await ahead.locator("td").nth(2).inner_text(), "1"]
        ]
        rest = page.get_by_role("table", name="Who has the rest").locator("tbody tr")
        have = {
            cells[0]: cells[3] for cells in [(await row.inner_text()).split("\t") for row in await rest.all()]
        }
        assert have == {"first": "1", "late (itself)": "1"}

        await seen.go(f"frameworks/{late.framework_id}")
        await seen.text("Refusals in force: 2")  # and the ports that its own task left
        refusals = page.get_by_role("table", name="Refusals in force").locator("tbody tr")
        cells = (await refusals.filter(has_text="refused").inner_text()).split("\t")
        assert cells[0].startswith("refused")
        assert cells[1] == "late"
        assert "cpus:4" in cells[2]
        assert plain(cells[3]).startswith("59 min")
        assert seen.complaints == []
        await context.close()


async def get(page: object, path: str) -> dict[str, object]:
    """What the master answers, asked by the page."""
    found = await page.evaluate("async (path) => (await fetch(path)).json()", path)  # type: ignore[attr-defined]
    assert isinstance(found, dict)
    return found
