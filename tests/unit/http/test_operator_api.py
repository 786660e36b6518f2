"""The operator API on a real port: calls, checks, statuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cluster.http.v1.operator_api import LATER
from cluster.model import AgentID, FrameworkID, TaskState
from cluster.protocol import agent, operator, scheduler
from cluster.v1.codec import JSON, PROTOBUF
from cluster.v1.master import Call, Response
from tests.unit.http.operator_kit import agent_info, cluster, served

S = TaskState


async def test_the_state_of_an_empty_master_names_every_list() -> None:
    async with served() as at:
        assert await at.call("GET_STATE") == {
            "get_tasks": {"tasks": [], "unreachable_tasks": [], "completed_tasks": []},
            "get_executors": {"executors": []},
            "get_frameworks": {"frameworks": [], "completed_frameworks": []},
            "get_agents": {"agents": [], "recovered_agents": []},
        }


async def test_an_agent_with_what_is_used_and_offered() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        await home.next(agent.RunTask)
        (found,) = (await at.call("GET_AGENTS"))["agents"]
        assert found["agent_info"]["id"] == {"value": agent_id}
        assert (found["active"], found["deactivated"], found["version"]) == (True, False, "1.11.0")
        assert found["pid"] == f"slave(1)@{at.runtime.address}"
        assert "reregistered_time" not in found
        assert found["capabilities"] == [{"type": "MULTI_ROLE"}]
        assert amounts(found["total_resources"]) == {"cpus": 4.0, "mem": 4096.0, "ports": "31000-31010"}
        assert amounts(found["allocated_resources"]) == {"cpus": 1.0, "mem": 64.0}
        assert {one["role"] for one in found["total_resources"]} == {"*"}
        assert found["allocated_resources"][0]["allocation_info"] == {"role": "w"}


def amounts(resources: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in resources:
        if one["type"] == "SCALAR":
            found[one["name"]] = one["scalar"]["value"]
        else:
            found[one["name"]] = ",".join(f"{r['begin']}-{r['end']}" for r in one["ranges"]["range"])
    return found


async def test_a_framework_with_its_offers_and_its_end() -> None:
    async with served() as at:
        _, agent_id, framework, framework_id = await cluster(at)
        await framework.next(scheduler.Offers)
        found = await at.call("GET_FRAMEWORKS")
        (one,) = found["frameworks"]
        assert found["completed_frameworks"] == []
        assert one["framework_info"]["id"] == {"value": framework_id}
        assert (one["active"], one["connected"], one["recovered"]) == (True, True, False)
        assert one["registered_time"] == one["reregistered_time"]
        assert "unregistered_time" not in one
        assert one["offer_constraints"] == {}
        (offer,) = one["offers"]
        assert offer["agent_id"] == {"value": agent_id}
        assert offer["allocation_info"] == {"role": "w"}
        assert offer["url"]["path"] == "/slave(1)"
        assert "role" not in offer["resources"][0]
        assert amounts(one["offered_resources"])["cpus"] == 4.0
        assert await at.post({"type": "TEARDOWN", "teardown": {"framework_id": {"value": framework_id}}}) == (
            200, b"",
        )  # fmt: skip
        await framework.next(scheduler.Error)
        found = await at.call("GET_FRAMEWORKS")
        assert found["frameworks"] == []
        (one,) = found["completed_frameworks"]
        assert (one["active"], one["connected"]) == (False, False)
        assert one["unregistered_time"]["nanoseconds"] > one["registered_time"]["nanoseconds"]


async def test_tasks_by_what_became_of_them() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "runs", "ends")
        at.update(home, framework_id, agent_id, "runs", S.TASK_RUNNING)
        at.update(home, framework_id, agent_id, "ends", S.TASK_FINISHED, 2)
        await framework.next(scheduler.Update)
        status = (await framework.next(scheduler.Update)).status
        assert status.uuid is not None
        at.tell(
            framework,
            scheduler.Acknowledge(FrameworkID(framework_id), AgentID(agent_id), status.task_id, status.uuid),
        )
        found = await at.call("GET_TASKS")
        assert {name: [one["task_id"]["value"] for one in of] for name, of in found.items()} == {
            "tasks": ["runs"], "unreachable_tasks": [], "completed_tasks": ["ends"],
        }  # fmt: skip
        (runs,) = found["tasks"]
        assert runs["state"] == "TASK_RUNNING"
        assert [status["state"] for status in runs["statuses"]] == ["TASK_RUNNING"]
        assert runs["resources"][0]["allocation_info"] == {"role": "w"}
        assert "role" not in runs["resources"][0]


@pytest.mark.parametrize("name", ["GET_STATE", "GET_AGENTS", "GET_FRAMEWORKS", "GET_EXECUTORS", "GET_TASKS"])
async def test_json_and_protobuf_say_the_same(name: str) -> None:
    async with served() as at:
        _, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1", "t2")
        await at.settled()
        at.runtime.terminate(framework.pid)
        await at.settled()
        status, as_json = await at.post({"type": name})
        assert status == 200
        sent = PROTOBUF.encode(Call(type=Call.Type(name)))
        status, packed = await at.post(
            sent, accept=PROTOBUF.content_type, **{"Content-Type": PROTOBUF.content_type}
        )
        assert status == 200
        assert JSON.decode(Response, as_json) == PROTOBUF.decode(Response, packed)


async def test_long_answers_are_compressed_for_those_who_read_that() -> None:
    async with served() as at:
        await cluster(at)
        url = f"http://{at.runtime.address}/api/v1"
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        async with at.client.post(url, data=b'{"type":"GET_STATE"}', headers=headers) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert json.loads(await answer.read())["type"] == "GET_STATE"


async def test_roles_and_weights() -> None:
    async with served() as at:
        _, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        await at.settled()
        (role,) = (await at.call("GET_ROLES"))["roles"]
        assert (role["name"], role["weight"]) == ("w", 2.0)
        assert role["frameworks"] == [{"value": framework_id}]
        assert amounts(role["resources"])["cpus"] >= 1.0
        assert await at.call("GET_WEIGHTS") == {"weight_infos": [{"weight": 2.0, "role": "w"}]}


async def test_the_master_tells_who_it_is() -> None:
    async with served() as at:
        found = await at.call("GET_MASTER")
        assert found["master_info"]["pid"] == f"master@{at.runtime.address}"
        assert 0 < found["start_time"] <= found["elected_time"]


async def test_nothing_is_known_of_what_does_not_exist_yet() -> None:
    async with served() as at:
        assert await at.call("GET_QUOTA") == {"status": {}}
        assert await at.call("GET_MAINTENANCE_STATUS") == {"status": {}}
        assert await at.call("GET_MAINTENANCE_SCHEDULE") == {"schedule": {}}
        assert await at.call("GET_OPERATIONS") == {}
        assert await at.call("GET_HEALTH") == {"healthy": True}


# -- orders -----------------------------------------------------------------------------------


async def test_a_framework_that_does_not_exist_cannot_be_torn_down() -> None:
    async with served() as at:
        status, body = await at.post({"type": "TEARDOWN", "teardown": {"framework_id": {"value": "nobody"}}})
        assert status == 400
        assert b"nobody" in body


async def test_an_agent_that_is_marked_gone_is_shut_down_and_stays_away() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        await home.next(agent.RunTask)
        gone = {"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": agent_id}}}
        assert await at.post(gone) == (200, b"")
        assert (await home.next(agent.ShutdownAgent)).reason == "Agent has been marked gone"
        status = (await framework.next(scheduler.Update)).status
        assert status.state is S.TASK_GONE_BY_OPERATOR
        assert status.reason is not None
        assert status.reason.value == "REASON_AGENT_REMOVED_BY_OPERATOR"
        assert await at.post(gone) == (200, b"")
        assert (await at.call("GET_AGENTS"))["agents"] == []
        at.tell(home, agent.ReregisterAgent(replace(agent_info(), id=AgentID(agent_id)), "1.11.0", ()))
        assert (await home.next(agent.ShutdownAgent)).reason == "Agent has been marked gone"


async def test_an_agent_nobody_knows_cannot_be_gone() -> None:
    async with served() as at:
        status, body = await at.post(
            {"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "A"}}}
        )
        assert (status, body) == (404, b"agent_id: there is no agent A")


async def test_an_operator_kills_a_task() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)

        async def kill(of: str, name: str) -> object:
            return await at.runtime.ask(at.master_pid, operator.KillTask(of, name))

        await at.launch(framework, framework_id, agent_id, "t1")
        await home.next(agent.RunTask)
        assert await kill(framework_id, "t1") == operator.Done()
        assert (await home.next(agent.KillTask)).task_id == "t1"
        at.update(home, framework_id, agent_id, "t1", S.TASK_KILLED)
        await framework.next(scheduler.Update)
        assert await kill(framework_id, "t1") == operator.Refused(409, "task_id: 't1' has ended: TASK_KILLED")
        assert await kill(framework_id, "t2") == operator.Refused(404, "task_id: 't2' does not run")
        assert await kill("F", "t1") == operator.Refused(404, "framework_id: there is no framework F")


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LATER, ids=lambda kind: kind.value)
async def test_calls_of_later_features_say_why_not(kind: Call.Type) -> None:
    members: dict[str, object] = {
        "SET_QUOTA": {"quota_request": {}},
        "REMOVE_QUOTA": {"role": "r"},
        "UPDATE_MAINTENANCE_SCHEDULE": {"schedule": {}},
    }
    disk = {"name": "disk", "type": "SCALAR", "scalar": {"value": 1}}
    member = members.get(kind.value, {"agent_id": {"value": "A"}})
    if kind.value.endswith("_VOLUME"):
        member = {"volume": disk, "addition": disk, "subtract": {"value": 1}}
    async with served() as at:
        status, body = await at.post({"type": kind.value, kind.value.lower(): member})
        assert status == 501, body
        assert body.decode() == f"{kind.value}: {LATER[kind]}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", b""),
        (b"{", b""),
        (b"[]", b""),
        (b"{}", b"type: this field is missing"),
        (b'{"type":"WHAT"}', b"type: this field is missing, or names no type"),
        (b'{"type":"TEARDOWN"}', b"teardown: this member is missing, which belongs to type TEARDOWN"),
        (b'{"type":"TEARDOWN","teardown":{}}', b"teardown.framework_id: this required field is missing"),
        (
            b'{"type":"GET_METRICS"}',
            b"get_metrics: this member is missing, which belongs to type GET_METRICS",
        ),
    ],
)
async def test_bad_calls_are_told_what_is_wrong(body: bytes, words: bytes) -> None:
    async with served() as at:
        status, answer = await at.post(body)
        assert status == 400
        assert answer
        assert answer.startswith(words)


async def test_statuses_of_requests_that_are_no_calls() -> None:
    health = {"type": "GET_HEALTH"}
    async with served() as at:
        assert (await at.post({"type": "UNKNOWN"}))[0] == 501
        assert (await at.post({"type": "UNKNOWN"}, accept="text/html"))[0] == 406
        assert (await at.post({"type": "TEARDOWN"}, accept="text/html"))[0] == 400
        assert (await at.post(health, **{"Content-Type": "text/plain"}))[0] == 415
        assert (await at.post(health, accept="text/html"))[0] == 406
        assert (await at.post(health, accept=None))[0] == 200
        url = f"http://{at.runtime.address}/master/api/v1"
        async with at.client.get(url) as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "POST"
        async with at.client.post(url, json=health) as answer:
            assert await answer.json() == {"type": "GET_HEALTH", "get_health": {"healthy": True}}
        async with at.client.post(url, data=b"{}", skip_auto_headers=["Content-Type"]) as answer:
            assert answer.status == 400


async def test_a_master_that_is_gone_is_unavailable() -> None:
    async with served() as at:
        at.runtime.terminate(at.master_pid)
        assert (await at.post({"type": "GET_STATE"}))[0] == 503
