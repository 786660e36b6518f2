"""What the web page is told of agents that are not here, and why their files are not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from actors import PID
from cluster.allocator import messages as alloc
from cluster.allocator.quota import Quota
from cluster.http.page.sharing import ALLOCATOR
from cluster.master.away import Absence, AwayAgent
from cluster.model import Limits, Quantities
from tests.unit.http.endpoints_kit import Scene, busy_master

#: Number, kind, tasks.
AWAY = ((1, "unreachable", 7), (2, "gone", 0), (3, "unreachable", 1), (4, "left", 3))


def lose(scene: Scene) -> None:
    """As if some agents had been lost."""
    state = scene.master.state
    for number, kind, tasks in AWAY:
        pid = f"slave(1)@10.0.0.{number}:5051"
        agent = AwayAgent(
            f"S{number}", f"host{9 - number}", pid, Absence(kind), 1000.0 + number, f"why {number}",
            500.0, number, tasks,
        )  # fmt: skip
        state.away_agents.note(agent)
        if kind != "left":
            known = state.unreachable_agents if kind == "unreachable" else state.gone_agents
            known[agent.id] = agent.since_s


async def ids(scene: Scene, query: str) -> list[str]:
    return [one["id"] for one in (await scene.json(f"/page/agents?{query}"))["found"]]


async def test_they_are_listed_by_state_searched_and_sorted() -> None:
    async with busy_master() as scene:
        lose(scene)
        assert await ids(scene, "state=unreachable") == ["S1", "S3"]
        assert await ids(scene, "state=gone") == ["S2"]
        assert await ids(scene, "state=left") == ["S4"]
        assert await ids(scene, "state=away&sort=hostname") == ["S4", "S3", "S2", "S1"]
        assert await ids(scene, "state=away&sort=since&order=desc&limit=2") == ["S4", "S3"]
        assert await ids(scene, "state=away&sort=tasks&order=desc") == ["S1", "S4", "S3", "S2"]
        assert await ids(scene, "state=away&sort=flaps&offset=2") == ["S3", "S4"]
        assert await ids(scene, "state=away&search=why+3") == ["S3"]
        assert await ids(scene, "state=away&search=10.0.0.2") == ["S2"]
        assert await ids(scene, "state=unreachable&search=host7") == []
        for sort in ("id", "registered", "state"):
            assert sorted(await ids(scene, f"state=away&sort={sort}")) == ["S1", "S2", "S3", "S4"]
        found = await scene.json("/page/agents?state=gone")
        assert found["total"] == 1
        (gone,) = found["found"]
        assert gone == {
            "id": "S2", "hostname": "host7", "pid": "slave(1)@10.0.0.2:5051", "state": "gone",
            "since_s": 1002.0, "why": "why 2", "registered_s": 500.0, "flaps": 2, "tasks": 0,
        }  # fmt: skip
        assert await ids(scene, "") == await ids(scene, "state=connected") == [scene.agent_id]
        assert await ids(scene, "sort=since") == [scene.agent_id]
        counts = (await scene.json("/page/overview"))["agents"]
        assert (counts["unreachable"], counts["gone"]) == (2, 1)
        answer = await scene.ask("/page/agents?state=drunk")
        assert answer.status == 400
        assert "expected one of connected, disconnected, unreachable, gone, left, away" in answer.text


async def test_the_page_of_one_says_that_it_is_away() -> None:
    async with busy_master() as scene:
        lose(scene)
        found = await scene.json("/page/agent?id=S1")
        assert (found["agent"], found["about"], found["fault"]) == (None, None, None)
        assert (found["away"]["state"], found["away"]["why"]) == ("unreachable", "why 1")
        assert (await scene.json(f"/page/agent?id={scene.agent_id}"))["away"] is None
        assert (await scene.ask("/page/agent?id=S9")).status == 404


@pytest.mark.parametrize(
    ("agent_id", "kind", "words", "since_s"),
    [
        ("S1", "AGENT_UNREACHABLE", "agent S1 on host8 no more: why 1", 1001.0),
        ("S2", "AGENT_GONE", "why 2", 1002.0),
        ("S4", "AGENT_LEFT", "why 4", 1004.0),
        ("S9", "AGENT_UNKNOWN", "agent S9 is registered", None),
    ],
)
async def test_why_files_are_not_shown(agent_id: str, kind: str, words: str, since_s: float | None) -> None:
    async with busy_master() as scene:
        lose(scene)
        found = await reason(scene, agent_id)
        assert (found["kind"], found["since_s"]) == (kind, since_s)
        assert words in found["words"]
        assert found["title"]


async def test_an_agent_that_is_here_but_cannot_be_asked() -> None:
    async with busy_master() as scene:
        found = await reason(scene, scene.agent_id)
        assert found["kind"] == "AGENT_SILENT"  # the test speaks for it, and has no such actor
        assert "on a1 cannot be reached" in found["words"]
        scene.runtime.terminate(scene.home.pid)
        await scene.settled()
        found = await reason(scene, scene.agent_id)
        assert (found["kind"], found["since_s"] > 0) == ("AGENT_DISCONNECTED", True)
        for query in ("agent_id=x", "path=x"):
            assert (await scene.ask(f"/page/gone?{query}")).status == 400


async def reason(scene: Scene, agent_id: str) -> Any:
    path = "/frameworks/f/executors/e/runs/latest/stdout"
    return await scene.json(f"/page/gone?{urlencode({'agent_id': agent_id, 'path': path})}")


async def test_quota_is_what_the_allocator_keeps() -> None:
    async with busy_master() as scene:
        roles = await by_name(scene)
        assert {role["quota"] for role in roles.values()} == {None}
        for role in ("w", "nobody"):
            quota = Quota(Quantities({"cpus": 1500}), Limits({"mem": 0}))
            scene.runtime.send(PID(ALLOCATOR, scene.runtime.address), alloc.UpdateQuota(role, quota))
        roles = await by_name(scene)
        assert list(roles) == sorted(roles)
        assert roles["nobody"]["quota"] == {"guarantee": {"cpus": 1.5}, "limit": {"mem": 0.0}, "consumed": {}}
        assert roles["nobody"]["sharing"] is None
        assert roles["w"]["quota"]["guarantee"] == {"cpus": 1.5}
        assert roles["w"]["quota"]["consumed"]["cpus"] > 0
        assert roles["w"]["sharing"]["frameworks"]


async def by_name(scene: Scene) -> dict[str, Any]:
    return {role["name"]: role for role in (await scene.json("/page/roles"))["roles"]}


async def test_reasons_come_with_what_is_known_about_them() -> None:
    async with busy_master() as scene:
        found = await scene.json(f"/page/why?framework_id={scene.framework_id}&role=w")
        assert found["minimum"] == ["cpus:0.01", "mem:32"]
        assert found["agents"] == found["offered"] + sum(one["agents"] for one in found["withheld"])
        assert all(0 <= one["never"] <= one["agents"] for one in found["withheld"])
        assert {"takers", "holders", "missing", "until_s", "until_last_s"} <= set(found)
