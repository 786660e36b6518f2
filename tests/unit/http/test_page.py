"""What the web page reads and orders beside the endpoints of the original."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cluster.http.page import events as page_events
from cluster.http.page.events import EventLog
from cluster.http.page.lists import MOST_SKIPPED
from cluster.model import TaskState
from cluster.protocol import agent, scheduler
from tests.limits import LIMIT_S
from tests.unit.http.operator_kit import AgentPart, Served, agent_info, cluster, served

S = TaskState


async def test_the_overview_counts() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        await home.next(agent.RunTask)
        found = await at.get("/page/overview")
        assert found["total"] == {"cpus": 4.0, "mem": 4096.0, "ports": 11.0}
        assert found["used"] == {"cpus": 1.0, "mem": 64.0}
        assert found["agents"] == {"connected": 1, "disconnected": 0, "unreachable": 0, "gone": 0}
        assert found["frameworks"] == {"connected": 1, "completed": 0}
        assert found["tasks"] == {"TASK_STAGING": 1}


async def test_offers_with_their_age() -> None:
    async with served() as at:
        _, agent_id, framework, framework_id = await cluster(at)
        await framework.next(scheduler.Offers)
        found = await at.get("/offers")
        (offer,) = found["offers"]
        assert found["total"] == 1
        assert (offer["framework_id"], offer["agent_id"]) == (framework_id, agent_id)
        assert (offer["role"], offer["hostname"], offer["framework_name"]) == ("w", "agent1", "work")
        assert 0 <= offer["age_s"] < 60
        assert abs(offer["made_s"] + offer["age_s"] - at.runtime.clock.wall()) < 60
        assert offer["resources"] == "cpus:4; mem:4096; ports:[31000-31010]"
        assert (await at.get(f"/offers?framework_id={framework_id}&role=w&agent_id={agent_id}"))["total"] == 1
        for other in ("framework_id=x", "agent_id=x", "role=x"):
            assert await at.get(f"/offers?{other}") == {"offers": [], "total": 0}
        assert await at.get("/offers?offset=1") == {"offers": [], "total": 1}
        status, words = await at.get("/offers?limit=many")
        assert status == 400
        assert "'limit'" in words


async def test_shares_and_explanations() -> None:
    async with served() as at:
        _, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        await at.settled()
        roles = (await at.get("/shares"))["roles"]
        (role,) = [role for role in roles if role["role"] == "w"]
        assert role["weight"] == 2.0
        assert [one["framework_id"] for one in role["frameworks"]] == [framework_id]
        found = await at.get(f"/explain?framework_id={framework_id}&role=w")
        assert found["agents"] == 1 == found["offered"] + sum(found["withheld"].values())
        assert (await at.get("/explain?framework_id=x&role=w"))["fault"] == "no such framework"
        assert (await at.get("/explain?role=w"))[0] == 400


async def test_one_task_with_its_history() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        at.update(home, framework_id, agent_id, "t1", S.TASK_RUNNING)
        await framework.next(scheduler.Update)
        path = f"/page/task?framework_id={framework_id}&task_id="
        found = await at.get(path + "t1")
        assert (found["standing"], found["hostname"], found["is_kill_wanted"]) == ("active", "agent1", False)
        assert [one["state"] for one in found["task"]["statuses"]] == ["TASK_RUNNING"]
        assert found["agent_pid"] == f"slave(1)@{at.runtime.address}"
        assert (await at.get(path + "t2"))[0] == 404
        assert (await at.get("/page/task?framework_id=x&task_id=t1"))[0] == 404


async def test_a_task_is_killed_from_the_page() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        assert await at.form("/tasks/kill", frameworkId=framework_id, taskId="t1") == (202, "")
        assert (await home.next(agent.KillTask)).task_id == "t1"
        found = await at.get(f"/page/task?framework_id={framework_id}&task_id=t1")
        assert found["is_kill_wanted"]
        assert (await at.form("/master/tasks/kill", frameworkId=framework_id, taskId="t2"))[0] == 404
        assert (await at.form("/tasks/kill", frameworkId="x", taskId="t1"))[0] == 404
        status, words = await at.form("/tasks/kill", frameworkId=framework_id)
        assert (status, words) == (400, "Missing 'taskId' parameter in the request body")
        assert (await at.get("/tasks/kill"))[0] == 405
        at.update(home, framework_id, agent_id, "t1", S.TASK_KILLED)
        await framework.next(scheduler.Update)
        assert (await at.form("/tasks/kill", frameworkId=framework_id, taskId="t1"))[0] == 409


# -- lists ------------------------------------------------------------------------------------


async def many(at: Served) -> tuple[str, list[str]]:
    home, agent_id, framework, framework_id = await cluster(at)
    await at.launch(framework, framework_id, agent_id, "Aa", "b", "ab")
    at.update(home, framework_id, agent_id, "b", S.TASK_RUNNING)
    for number, name in ((2, "zeta"), (3, "Alpha")):
        part = AgentPart()
        at.add(part, f"slave({number})")
        at.tell(part, agent.RegisterAgent(agent_info(name), "1.11.0", ()))
        await part.next(agent.AgentRegistered)
    return framework_id, [agent_id]


async def ids(at: Served, path: str) -> list[str]:
    return [one["id"] for one in (await at.get(path))["found"]]


async def test_tasks_are_searched_sorted_and_cut() -> None:
    async with served() as at:
        framework_id, (agent_id,) = await many(at)
        assert await ids(at, "/page/tasks") == ["Aa", "ab", "b"]
        assert await ids(at, "/page/tasks?order=desc&limit=2") == ["b", "ab"]
        assert await ids(at, "/page/tasks?offset=2") == ["b"]
        assert (await at.get("/page/tasks?offset=2"))["total"] == 3
        assert await ids(at, "/page/tasks?search=A") == ["Aa", "ab"]
        assert await ids(at, "/page/tasks?state=TASK_RUNNING") == ["b"]
        assert await ids(at, "/page/tasks?sort=updated&order=desc&limit=1") == ["b"]
        assert await ids(at, f"/page/tasks?framework_id={framework_id}&agent_id={agent_id}&list=tasks") == [
            "Aa", "ab", "b",
        ]  # fmt: skip
        assert await ids(at, "/page/tasks?framework_id=x") == []
        assert await ids(at, "/page/tasks?list=completed_tasks") == []


async def test_agents_and_frameworks_are_listed() -> None:
    async with served() as at:
        framework_id, _ = await many(at)
        found = (await at.get("/page/agents?sort=hostname"))["found"]
        assert [one["hostname"] for one in found] == ["Alpha", "agent1", "zeta"]
        assert found[1]["used"]["cpus"] == 3.0
        assert found[1]["frameworks"] == [framework_id]
        assert (await at.get("/page/agents?search=ALPH&state=connected"))["total"] == 1
        assert (await at.get("/page/agents?state=disconnected"))["total"] == 0
        (framework,) = (await at.get("/page/frameworks?role=w&state=active"))["found"]
        assert (framework["id"], framework["name"]) == (framework_id, "work")
        assert framework["used"] == {"cpus": 3.0, "mem": 192.0}
        assert (await at.get("/page/frameworks?role=x"))["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "sort=age",
        "order=up",
        "limit=1001",
        "limit=-1",
        f"offset={MOST_SKIPPED + 1}",
        "offset=x",
        "state=X",
        "list=x",
    ],
)
async def test_bad_queries_name_the_parameter(query: str) -> None:
    async with served() as at:
        status, words = await at.get(f"/page/tasks?{query}")
        assert status == 400
        assert repr(query.partition("=")[0]) in words


# -- events -----------------------------------------------------------------------------------


class Listener:
    """A browser's end of the stream."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.last_id = ""

    async def event(self) -> tuple[str, Any]:
        """The next event; comments are passed over."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(LIMIT_S):
            while True:
                line = (await self._answer.content.readline()).decode()
                assert line, "the stream ended"
                if line == "\n" and fields:
                    self.last_id = fields["id"]
                    return fields["event"], json.loads(fields["data"])
                if line != "\n" and not line.startswith(":"):
                    name, _, value = line.rstrip("\n").partition(": ")
                    fields[name] = value


def listen(at: Served, after: str = "") -> Any:
    headers = {"Last-Event-ID": after} if after else {}
    return at.client.get(f"http://{at.runtime.address}/page/events", headers=headers)


async def test_a_page_hears_what_happens_and_resumes() -> None:
    async with served() as at:
        async with listen(at) as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            page = Listener(answer)
            assert await page.event() == ("reset", {})
            home, agent_id, framework, framework_id = await cluster(at)
            kind, data = await page.event()
            assert (kind, data["type"], data["agent"]["id"]) == ("change", "agent_added", agent_id)
            last_id = page.last_id
        await at.launch(framework, framework_id, agent_id, "t1")
        at.update(home, framework_id, agent_id, "t1", S.TASK_RUNNING)
        await framework.next(scheduler.Update)
        async with listen(at, last_id) as answer:
            page = Listener(answer)
            told = [(await page.event())[1] for _ in range(3)]
            assert [one["type"] for one in told] == ["framework_added", "task_added", "task_updated"]
            assert told[0]["framework"]["id"] == framework_id
            assert (told[1]["task"]["id"], told[1]["task"]["state"]) == ("t1", "TASK_STAGING")
            assert (told[2]["task_id"], told[2]["state"], told[2]["at_s"]) == (
                "t1", "TASK_RUNNING", 1700000000.5,
            )  # fmt: skip
            at.runtime.terminate(home.pid)
            assert (await page.event())[1]["agent"]["state"] == "disconnected"


@pytest.mark.parametrize("after", ["x", "x-1", "-", "é-٣"])
async def test_who_had_something_else_begins_anew(after: str) -> None:
    async with served() as at:
        url = f"http://{at.runtime.address}/page/events"
        async with at.client.get(url, params={"after": after}) as answer:
            assert await Listener(answer).event() == ("reset", {})


async def test_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_events, "HEARTBEAT_S", 0.02)
    monkeypatch.setattr(page_events, "IDLE_S", 0.05)
    async with served() as at:
        async with listen(at) as answer:
            await Listener(answer).event()
            lines = [await answer.content.readline() for _ in range(3)]
            assert b"".join(lines) == page_events.ALIVE
        async with asyncio.timeout(LIMIT_S):
            while at.master.context.feed.is_watched:
                await at.settled()


def test_the_log_keeps_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_events, "KEPT_EVENTS", 3)
    log = EventLog("e")
    assert log.after("e-0") == []
    sent = [log.add(b"%d" % number) for number in range(5)]
    assert log.after("e-5") == []
    assert log.after("e-4") == sent[4:]
    assert log.after("e-2") == sent[2:]
    for lost in ("e-1", "e-6", "f-4", None, ""):
        assert log.after(lost) == [b"id: e-5\nevent: reset\ndata: {}\n\n"]
    monkeypatch.setattr(page_events, "KEPT_BYTES", 100)
    log.add(b"x" * 60)
    assert log.after("e-5") == [b"id: e-6\nevent: change\ndata: " + b"x" * 60 + b"\n\n"]
    assert log.after("e-4")[0].startswith(b"id: e-6\nevent: reset")
