"""Agents that are not here any more: killed for real, listed with the reason, and back again."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser

from cluster.protocol.operator import MarkAgentGone
from tests.browser.browser import LIMIT_S, NARROW, WIDE, Seen, axe_source, opened
from tests.browser.scene import free_port
from tests.process.cluster import Cluster, Daemon, running_cluster

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: Two seconds until an agent that is dead is unreachable.
SOON = ("--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=1")


async def here(c: Cluster, master: Daemon, hostname: str) -> Daemon:
    """An agent that can be killed: its executor host found it, and does not look for it for half a minute."""
    agent = await c.agent(master, f"--hostname={hostname}")
    await agent.line("executor host .* is ready")
    return agent


async def cells(seen: Seen, text: str) -> list[str]:
    """The row of a list that has some text, as it can be read."""
    row = seen.page.locator("table.long tbody tr", has_text=text)
    await row.wait_for(timeout=LIMIT_S * 1000)
    return await row.locator("th, td").all_inner_texts()


async def test_an_agent_that_dies_is_listed_as_unreachable_and_leaves_the_list_when_it_is_back(
    tmp_path: Path, browser: Browser
) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master(*SOON, port=free_port())
        await c.agent(master, "--hostname=stays.example")
        mortal = await here(c, master, "mortal.example")
        mortal_id = await c.registered(mortal)
        context, seen = await opened(browser, master.address)
        page = seen.page
        await seen.go("agents?state=unreachable")
        await seen.text("No agent is unreachable.")
        await seen.go("agents")
        await seen.text("2 agents")

        await mortal.kill()
        await seen.text("Not here: 1 unreachable.")  # by itself
        await seen.text("1 agent", ".controls")
        await seen.go("")
        await seen.text("Who has what")
        counts = page.locator(".panel", has_text="Agents").locator("li", has_text="unreachable")
        assert await counts.locator("b").inner_text() == "1"
        await counts.get_by_role("link").click()
        await page.wait_for_url("**/#/agents?state=unreachable")
        row = await cells(seen, "mortal.example")
        assert "unreachable" in row
        assert "it did not answer a ping" in row
        assert any(cell.endswith("ago") or cell == "now" for cell in row)
        assert await page.get_by_role("combobox", name="State").input_value() == "unreachable"
        await seen.shoot("agents-unreachable")

        await page.get_by_role("link", name="mortal.example").click()
        await seen.text("It is unreachable: it did not answer a ping.")
        await seen.text("Nobody knows what it does.")
        assert page.url.endswith(mortal_id)
        await seen.shoot("agent-unreachable")
        await seen.go(
            f"agents/{mortal_id}/files?{urlencode({'path': '/frameworks/f/executors/e/runs/latest'})}"
        )
        await seen.text("The agent is unreachable")
        await seen.text("it did not answer a ping")
        await seen.text("Since 20")
        await seen.shoot("sandbox-unreachable")

        await seen.go("agents?state=away")
        await seen.text("1 agent that is not here")
        await mortal.start()
        await c.registered(mortal)
        await seen.text("No agent is away")
        await seen.go(f"agents/{mortal_id}")
        await seen.text("connected", "h1 + .state")
        assert seen.complaints == []
        await context.close()


async def test_agents_that_are_gone_or_left_are_told_apart(tmp_path: Path, browser: Browser) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master(*SOON, port=free_port())
        doomed = await c.agent(master, "--hostname=doomed.example")
        leaver = await c.agent(master, "--hostname=leaver.example")
        doomed_id = await c.registered(doomed)
        context, seen = await opened(browser, master.address)
        for state, words in (
            ("gone", "No agent is gone: no operator has said that one never comes back."),
            ("left", "No agent has left since this master began."),
            ("away", "No agent is away: all that registered since this master began are here."),
            ("disconnected", "No agent is disconnected."),
        ):
            await seen.go(f"agents?state={state}")
            await seen.text(words)
        await seen.go("agents?state=away")
        await c.ask(master, MarkAgentGone(doomed_id))
        assert "an operator said that it never comes back" in await cells(seen, "doomed.example")
        assert "gone" in await cells(seen, "doomed.example")
        leaver.send_signal(signal.SIGUSR1)  # says goodbye
        assert await leaver.ended() == 0
        assert "left" in await cells(seen, "leaver.example")
        lost = await here(c, master, "lost.example")
        await seen.go("agents?state=unreachable")
        await lost.kill()
        await cells(seen, "lost.example")
        await c.ask(master, MarkAgentGone(await c.registered(lost)))
        await seen.text("No agent is unreachable.")  # by itself, though nothing else happened
        await seen.go("agents?state=gone&search=doomed")
        await seen.text("1 agent that is not here")
        await seen.page.get_by_role("button", name="Since").click()
        await seen.page.wait_for_url("**sort=since*")
        await seen.text("1 agent that is not here")
        await seen.go(f"agents/{doomed_id}")
        await seen.text("It is gone: an operator said that it never comes back.")
        assert seen.complaints == []
        await context.close()


async def test_the_pages_about_them_are_for_everybody(tmp_path: Path, browser: Browser) -> None:
    axe = axe_source()
    async with running_cluster(tmp_path) as c:
        master = await c.master(*SOON, port=free_port())
        lost = await here(c, master, "lost.example")
        lost_id = await c.registered(lost)
        await lost.kill()
        await master.line("is unreachable")
        path = urlencode({"path": "/frameworks/f/executors/e/runs/latest"})
        views = {
            "agents?state=unreachable": "lost.example",
            f"agents/{lost_id}": "Nobody knows what it does.",
            f"agents/{lost_id}/files?{path}": "The agent is unreachable",
        }
        faults: list[str] = []
        for theme, size in (("light", WIDE), ("dark", WIDE), ("dark", NARROW)):
            context, seen = await opened(browser, master.address, theme=theme, size=size)
            for view, words in views.items():
                await seen.go(view)
                await seen.text(words)
                faults += await seen.faults(axe)
                width = await seen.page.evaluate("document.documentElement.scrollWidth")
                assert width <= size[0], (view, width)
            assert seen.complaints == []
            await context.close()
        assert faults == []
