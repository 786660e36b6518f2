"""The operator API of a real agent, with a task in it."""

from __future__ import annotations

import asyncio
import base64
import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.process.cluster import LIMIT_S, Daemon, running_cluster

pytestmark = pytest.mark.process


async def ask(agent: Daemon, kind: str, **member: Any) -> Any:
    """What the agent answers to a call, without the envelope."""

    def call() -> Any:
        connection = HTTPConnection(agent.address, timeout=LIMIT_S)
        try:
            body = json.dumps({"type": kind} | ({kind.lower(): member} if member else {}))
            connection.request("POST", "/slave(1)/api/v1", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert (answer.status, answer.getheader("Content-Type")) == (200, "application/json"), text
            return json.loads(text)[kind.lower()]
        finally:
            connection.close()

    return await asyncio.to_thread(call)


async def test_a_task_is_seen_running_and_ended(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, "--attributes=rack:r1")
        agent_id = await c.registered(agent)
        fw = await c.framework(master, role="batch")
        gate = c.pipe()
        fw.launch(f"echo begun; read line < {gate}", task_id="t1", cpus=0.5)
        await c.until(lambda: fw.is_in("RUNNING", "t1"))

        state = await ask(agent, "GET_STATE")
        (task,) = state["get_tasks"]["launched_tasks"]
        assert (task["task_id"], task["state"]) == ({"value": "t1"}, "TASK_RUNNING")
        assert task["agent_id"] == {"value": agent_id}
        assert [one["state"] for one in task["statuses"]] == ["TASK_STARTING", "TASK_RUNNING"]
        (executor,) = state["get_executors"]["executors"]
        assert executor["executor_info"]["source"] == "t1"
        assert [r["scalar"]["value"] for r in executor["executor_info"]["resources"]] == [0.1, 32.0]
        (framework,) = state["get_frameworks"]["frameworks"]
        assert framework["framework_info"]["id"] == {"value": fw.framework_id}
        (container,) = (await ask(agent, "GET_CONTAINERS"))["containers"]
        assert container["executor_id"] == {"value": "t1"}
        assert container["container_status"]["executor_pid"] in [process.pid for process in c.tasks()]
        assert container["resource_statistics"]["cpus_soft_limit"] == 0.6
        assert container["resource_statistics"]["mem_rss_bytes"] > 0
        info = (await ask(agent, "GET_AGENT"))["agent_info"]
        assert info["attributes"] == [{"name": "rack", "type": "TEXT", "text": {"value": "r1"}}]
        flags = {flag["name"]: flag["value"] for flag in (await ask(agent, "GET_FLAGS"))["flags"]}
        assert flags["attributes"] == "rack:r1"

        run = f"/frameworks/{fw.framework_id}/executors/t1/runs/latest"
        listed = {one["path"] for one in (await ask(agent, "LIST_FILES", path=run))["file_infos"]}
        assert f"{run}/stdout" in listed
        read = await ask(agent, "READ_FILE", path=f"{run}/stdout", offset=2)
        assert read == {"size": 6, "data": base64.b64encode(b"gun\n").decode()}
        metrics = await ask(agent, "GET_METRICS", timeout={"nanoseconds": 10**9})
        assert {"name": "slave/frameworks_active", "value": 1.0} in metrics["metrics"]

        gate.say()
        await c.until(lambda: fw.is_in("FINISHED", "t1"))
        await agent.line("executor t1 of .* ended with status 0")
        after = await ask(agent, "GET_STATE")
        assert after["get_tasks"]["launched_tasks"] == []
        (done,) = after["get_tasks"]["completed_tasks"] + after["get_tasks"]["terminated_tasks"]
        assert done["state"] == "TASK_FINISHED"
