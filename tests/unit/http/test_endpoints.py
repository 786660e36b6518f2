"""What the endpoints make of queries, forms, and odd clients."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from pathlib import Path

import pytest

from cluster.http.v1.callers import Leader
from cluster.model import FrameworkID, OfferID, TaskState
from cluster.protocol import scheduler
from tests.simulation.master_kit import launch, task
from tests.unit.http.endpoints_kit import Scene, busy_agent, busy_master, master

S = TaskState


# -- jsonp, gzip, leaders ---------------------------------------------------------------------


async def test_answers_are_handed_to_a_function() -> None:
    async with busy_master() as scene:
        answer = await scene.ask("/roles?jsonp=angular.callbacks._0")
        assert answer.headers["content-type"] == "text/javascript"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.text.startswith('angular.callbacks._0({"roles":[')
        assert answer.text.endswith("})")
        refused = await scene.ask("/state?jsonp=alert(1)//")
        assert (refused.status, refused.text.split(":")[0]) == (400, "query parameter 'jsonp'")


@pytest.mark.parametrize(
    ("accept", "is_packed"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
    ],
)
async def test_long_answers_are_compressed_for_those_who_read_that(accept: str, is_packed: bool) -> None:
    async with busy_master() as scene:
        answer = await scene.ask("/state", headers={"Accept-Encoding": accept})
        assert answer.headers["vary"] == "Accept-Encoding"
        assert (answer.headers.get("content-encoding") == "gzip") is is_packed
        body = gzip.decompress(answer.body) if is_packed else answer.body
        assert json.loads(body)["cluster"] == "demo"
        assert (
            "content-encoding"
            not in (await scene.ask("/weights", headers={"Accept-Encoding": accept})).headers
        )


async def test_a_master_that_does_not_lead_sends_readers_to_the_one_that_does() -> None:
    async with master(leader=Leader("m2:5050", is_here=False)) as scene:
        for path in ("/state?x=1", "/master/tasks", "/quota/r"):
            answer = await scene.ask(path)
            assert (answer.status, answer.headers["location"]) == (307, f"//m2:5050{path}")
        answer = await scene.ask("/teardown", "POST", b"frameworkId=x")
        assert (answer.status, answer.headers["location"]) == (307, "//m2:5050/teardown")
        for path in ("/flags", "/health", "/version", "/metrics/snapshot", "/files/debug"):
            assert (await scene.ask(path)).status == 200
        answer = await scene.ask("/redirect", "POST")
        assert (answer.status, answer.headers["location"]) == (307, "//m2:5050")
        assert (await scene.ask("/redirect/x")).status == 404


async def test_head_has_no_body() -> None:
    async with busy_master() as scene:
        for path in ("/state", "/slaves", "/tasks", "/roles", "/flags"):
            answer = await scene.ask(path, "HEAD")
            assert (answer.status, answer.body) == (200, b"")


# -- tables -----------------------------------------------------------------------------------


async def names(scene: Scene, query: str) -> list[str]:
    return [found["id"] for found in (await scene.json(f"/tasks{query}"))["tasks"]]


async def test_tasks_are_sorted_cut_and_found() -> None:
    """t1 to t3 have their first status at 0, 2 and 3 s; t4 has none."""
    async with busy_master() as scene:
        assert await names(scene, "") == ["t3", "t2", "t1", "t4"]
        assert await names(scene, "?order=asc") == ["t4", "t1", "t2", "t3"]
        assert await names(scene, "?limit=2") == ["t3", "t2"]
        assert await names(scene, "?limit=2&offset=1") == ["t2", "t1"]
        assert await names(scene, "?offset=4") == []
        assert await names(scene, "?limit=0") == []
        assert await names(scene, "?limit=-1") == ["t3", "t2", "t1", "t4"]
        assert await names(scene, "?limit=many&offset=&order=up") == ["t3", "t2", "t1", "t4"]
        assert await names(scene, "?task_id=t2") == ["t2"]
        assert await names(scene, f"?framework_id={scene.framework_id}&limit=1") == ["t3"]
        assert await names(scene, "?framework_id=nobody") == []


@pytest.mark.parametrize(
    "query",
    [
        f"offset={1 << 63}",
        f"limit={1 << 63}&offset=1",
        f"offset={(1 << 64) - 1}&limit=-1",
        f"offset={1 << 70}",
    ],
)
@pytest.mark.parametrize(
    "path", ["slaves", "tasks", "offers", "page/tasks", "page/agents", "page/frameworks"]
)
async def test_numbers_beyond_every_index(path: str, query: str) -> None:
    async with busy_master() as scene:
        assert (await scene.ask(f"/{path}?{query}")).status in (200, 400)
        assert (await scene.ask("/health")).status == 200


async def test_agents_and_frameworks_are_found() -> None:
    async with busy_master() as scene:
        assert len((await scene.json(f"/slaves?slave_id={scene.agent_id}"))["slaves"]) == 1
        assert (await scene.json("/slaves?slave_id=nobody"))["slaves"] == []
        assert (await scene.json("/slaves?limit=0"))["slaves"] == []
        assert (await scene.json("/slaves?offset=1"))["slaves"] == []
        found = await scene.json(f"/frameworks?framework_id={scene.framework_id}")
        assert (len(found["frameworks"]), found["completed_frameworks"]) == (1, [])
        found = await scene.json("/frameworks?framework_id=nobody")
        assert (found["frameworks"], found["completed_frameworks"]) == ([], [])


async def test_sums_agree_with_each_other() -> None:
    async with busy_master() as scene:
        state, summary, metrics = [
            await scene.json(path) for path in ("/state", "/state-summary", "/metrics/snapshot")
        ]
        (agent,), (framework, *_) = state["slaves"], state["frameworks"]
        for name in ("cpus", "mem", "disk"):
            assert metrics[f"master/{name}_total"] == agent["resources"][name]
            assert metrics[f"master/{name}_used"] == agent["used_resources"][name]
            total = agent["used_resources"][name] + agent["offered_resources"][name]
            assert framework["resources"][name] == total
        (role,) = [role for role in (await scene.json("/roles"))["roles"] if role["name"] == "w"]
        assert role["allocated"]["cpus"] == framework["used_resources"]["cpus"]
        assert role["offered"]["ports"] == 9.0
        assert role["weight"] == 2.0
        for found in (*summary["slaves"], *summary["frameworks"]):
            assert [found[f"TASK_{s}"] for s in ("RUNNING", "STAGING", "FINISHED")] == [2, 1, 1]
        assert summary["slaves"][0]["framework_ids"] == [scene.framework_id]
        assert metrics["master/tasks_running"] == 2
        assert metrics["master/tasks_finished"] == 1
        assert metrics["master/messages_register_framework"] == 2


# -- teardown, logging ------------------------------------------------------------------------


async def test_a_framework_is_torn_down() -> None:
    async with busy_master() as scene:
        for body, words in (
            (b"", "Missing 'frameworkId'"),
            (b"frameworkId=x", "No framework found with ID 'x'"),
        ):
            answer = await scene.ask("/teardown", "POST", body)
            assert (answer.status, words in answer.text) == (400, True)
        answer = await scene.ask("/teardown", "POST", b"\xff\xfe=%zz")
        assert (answer.status, answer.text.startswith("the body is not a form")) == (400, True)
        answer = await scene.ask("/master/teardown", "POST", f"frameworkId={scene.framework_id}".encode())
        assert (answer.status, answer.body) == (200, b"")
        await scene.framework.next(scheduler.Error)
        state = await scene.json("/state")
        assert state["frameworks"] == []
        assert len(state["completed_frameworks"]) == 2
        assert state["slaves"][0]["used_resources"]["cpus"] == 0.0
        assert scene.master.state.violated_invariants() == []


async def test_more_is_logged_for_a_while() -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.INFO)
    try:
        async with master() as scene:
            assert (await scene.ask("/logging/toggle")).text == "0\n"
            for query, words in {
                "level=1": "'duration'", "duration=1secs": "'level'", "level=x&duration=1secs": "'level'",
                "level=1&duration=soon": "'duration'", "level=99&duration=1secs": "above",
            }.items():  # fmt: skip
                answer = await scene.ask(f"/logging/toggle?{query}")
                assert (answer.status, words in answer.text) == (400, True)
            assert (await scene.ask("/logging/toggle?level=1&duration=1hrs")).status == 200
            assert root.level == logging.DEBUG
            assert (await scene.ask("/logging/toggle")).text == "1\n"
            assert (await scene.ask("/logging/toggle?level=2&duration=1ms")).status == 200
            while (await scene.ask("/logging/toggle")).text != "0\n":
                pass
            assert root.level == logging.INFO
    finally:
        root.setLevel(before)


# -- numbers ----------------------------------------------------------------------------------


async def test_prometheus_reads_the_numbers() -> None:
    async with busy_master() as scene:
        answer = await scene.ask("/metrics/prometheus")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = answer.text.splitlines()
        for line in (
            "# TYPE mesos_master_tasks gauge",
            'mesos_master_tasks{state="running"} 2.0',
            "# TYPE mesos_master_tasks_ended_total counter",
            'mesos_master_tasks_ended_total{state="finished"} 1.0',
            'mesos_master_resources_capacity{resource="cpus",revocable="false"} 10.0',
            'mesos_master_messages_total{type="launch_tasks"} 1.0',
            "mesos_master_agent_registrations_total 1.0",
        ):
            assert line in lines
        named = [line.split(" ")[2] for line in lines if line.startswith("# TYPE")]
        assert len(named) == len(set(named))


async def test_a_framework_over_http_has_no_pid() -> None:
    async with busy_master() as scene:
        (framework,) = (await scene.json("/frameworks"))["frameworks"]
        assert "pid" not in framework  # the part of the test lives at the master's own address


# -- many readers -----------------------------------------------------------------------------


async def test_readers_at_once_share_and_later_ones_see_what_is_new() -> None:
    async with busy_master() as scene:
        texts = await asyncio.gather(*(scene.ask("/state") for _ in range(8)))
        assert {len(answer.body) for answer in texts} == {len(texts[0].body)}
        assert scene.runtime.metrics.value("master/http_cache_hits") > 0
        await scene.subscribe("new")
        assert [f["name"] for f in (await scene.json("/state"))["frameworks"]] == ["work", "new"]


@pytest.mark.parametrize("path", ["/state", "/frameworks"])
async def test_texts_that_are_kept_say_what_a_reader_would_write(path: str) -> None:
    async with busy_master() as scene:
        with_texts = (await scene.ask(path)).body
        assert all(task.text for f in scene.master.state.frameworks.values() for task in f.tasks.values())
        scene.master.state.write = None
        assert (await scene.ask(path)).body == with_texts


async def test_a_reading_of_a_large_state_is_whole_while_tasks_come_and_go() -> None:
    async with busy_master() as scene:
        (offer, *_) = scene.master.state.offers.values()
        tasks = [task(f"many{n}", scene.agent_id, cpus=0.001, mem=1) for n in range(1500)]
        call = scheduler.Accept(FrameworkID(scene.framework_id), (OfferID(offer.id),), (launch(*tasks),))
        scene.tell(scene.framework, call)
        await scene.settled()
        reading = asyncio.create_task(scene.ask("/state"))
        for number in range(0, 1500, 3):
            scene.update(f"many{number}", S.TASK_FINISHED, 1.8e9, 100 + number)
            scene.acknowledge(f"many{number}", 100 + number)
            if number % 100 == 0:
                await asyncio.wait_for(scene.settled(), 10)
        (framework, *_) = (await reading).json["frameworks"]
        ids = [t["id"] for name in ("tasks", "completed_tasks") for t in framework[name]]
        assert len(ids) == len(set(ids))
        assert {f"many{n}" for n in range(1500)} <= set(ids)
        assert scene.master.state.violated_invariants() == []


# -- the agent --------------------------------------------------------------------------------


async def test_containers_are_found(tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        (found,) = await served.json("/containers?container_id=c1")
        assert found["statistics"]["cpus_user_time_secs"] == 1.5
        assert found["status"]["executor_pid"] == 4711
        assert await served.json("/containers?container_id=c9") == []
        assert len(await served.json("/containers?framework_id=F&executor_id=e")) == 1
        for query in ("executor_id=e", "container_id=c1&framework_id=F"):
            assert (await served.ask(f"/containers?{query}")).status == 400


async def test_readers_of_statistics_share_a_reading(tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        answers = await asyncio.gather(*(served.json("/monitor/statistics") for _ in range(20)))
        stamps = {answer[0]["statistics"]["timestamp"] for answer in answers}
        assert len(stamps) <= 2
