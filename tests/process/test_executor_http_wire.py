"""The executor API of real agents, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.model import Reason, Source
from cluster.scheduler import executor_info
from tests.process.cluster import Cluster, Daemon, free_port, running_cluster
from tests.process.observed import Observed
from tests.process.raw_executor import RawExecutor, Stream, acknowledged

pytestmark = pytest.mark.process

#: How long executors may take to come back.
PATIENT = "--executor_reregistration_timeout=3secs"
#: The process that a test speaks for hears nothing, so that it ends only by force when its grace is over.
DEAF = "--executor_shutdown_grace_period=500ms"


@pytest.fixture(autouse=True)
def spoken_for() -> Iterator[list[RawExecutor]]:
    """The executors a test speaks for; their connections are closed at its end."""
    SPOKEN_FOR.clear()
    yield SPOKEN_FOR
    for executor in SPOKEN_FOR:
        executor.close()


SPOKEN_FOR: list[RawExecutor] = []


def speak(agent: Daemon, framework_id: str | None, executor_id: str = "raw") -> RawExecutor:
    """Speak for an executor."""
    SPOKEN_FOR.append(RawExecutor(agent.address, framework_id or "", executor_id))
    return SPOKEN_FOR[-1]


def launch(c: Cluster, fw: Observed, *task_ids: str, **more: Any) -> None:
    """Launch tasks for an executor whose process shows its environment, says so, and sleeps."""
    command = f"env -0 > environment; echo > {c.root}/up; exec sleep 1000"
    executor = executor_info("raw", command, cpus=0.1, mem=32)
    for task_id in task_ids:
        fw.launch(task_id=task_id, executor=executor, **more)


async def start(c: Cluster, agent: Daemon, fw: Observed, *task_ids: str, **more: Any) -> RawExecutor:
    """Launch tasks for that executor, and speak for it once it runs."""
    is_up = c.pipe("up")
    launch(c, fw, *task_ids, **more)
    await is_up.heard()
    return speak(agent, fw.framework_id)


async def subscribe(executor: RawExecutor, **repeated: Any) -> tuple[Stream, dict[str, Any]]:
    """Subscribe; the stream and its first event."""
    stream = await asyncio.to_thread(lambda: executor.subscribe(**repeated))
    assert stream.status == 200
    first = await asyncio.to_thread(stream.event)
    assert first["type"] == "SUBSCRIBED"
    return stream, first["subscribed"]


async def test_the_life_of_an_executor(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, role="batch")
        executor = await start(c, agent, fw, "t1", "t2", data=b"\0in")
        status, text = executor.update("t1", "TASK_RUNNING", 1)
        assert (status, text[:13]) == (403, "executor_id: ")  # it has not subscribed

        stream, first = await subscribe(executor, piece_bytes=7)
        names = {line.partition(b":")[0].lower() for line in stream.head.split(b"\r\n")[1:]}
        assert b"transfer-encoding" in names
        assert not names & {b"content-length", b"mesos-stream-id"}
        assert first["executor_info"]["executor_id"] == {"value": "raw"}
        assert first["executor_info"]["type"] == "CUSTOM"
        assert first["framework_info"]["id"] == {"value": fw.framework_id}
        assert first["agent_info"]["id"] == {"value": agent_id}
        launched = await asyncio.to_thread(stream.events, 2)
        assert [event["launch"]["task"]["task_id"]["value"] for event in launched] == ["t1", "t2"]
        task = launched[0]["launch"]["task"]
        assert task["data"] == base64.b64encode(b"\0in").decode()
        assert task["resources"][0] == {
            "name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, "allocation_info": {"role": "batch"},
        }  # fmt: skip

        # Each update is acknowledged, also one that came before, or behind the last.
        states = [("TASK_RUNNING", 1), ("TASK_RUNNING", 1), ("TASK_FINISHED", 2), ("TASK_FAILED", 3)]
        for state, number in states:
            assert executor.update("t1", state, number, message="é") == (202, "")
            assert await asyncio.to_thread(stream.event) == acknowledged("t1", number)
        await c.until(lambda: fw.is_in("FINISHED", "t1"))
        assert fw.states("t1") == ["RUNNING", "FINISHED"]
        last = fw.last("t1").status
        assert (last.uuid, last.source, last.message) == (
            (2).to_bytes(16, "big"),
            Source.SOURCE_EXECUTOR,
            "é",
        )
        assert last.agent_id is not None
        assert last.agent_id.value == agent_id
        assert last.timestamp is not None
        assert last.container_status is not None
        assert last.container_status.executor_pid == c.tasks()[0].pid

        assert executor.message(b"\0 out") == (202, "")
        await c.until(lambda: fw.messages == [(agent_id, "raw", b"\0 out")])
        fw.do(lambda: fw.message(agent_id, "raw", b"back \xff"))
        event = await asyncio.to_thread(stream.event)
        assert event == {"type": "MESSAGE", "message": {"data": base64.b64encode(b"back \xff").decode()}}
        fw.do(lambda: fw.kill("t2", 2.5))
        assert await asyncio.to_thread(stream.event) == {
            "type": "KILL",
            "kill": {
                "task_id": {"value": "t2"},
                "kill_policy": {"grace_period": {"nanoseconds": 2_500_000_000}},
            },
        }
        fw.do(lambda: fw.shutdown_executor(agent_id, "raw"))
        assert await asyncio.to_thread(stream.record) == b'{"type":"SHUTDOWN"}'
        late = await asyncio.to_thread(executor.subscribe)
        assert (late.status, await asyncio.to_thread(late.record)) == (200, b'{"type":"SHUTDOWN"}')
        assert await asyncio.to_thread(late.is_ended)
        assert executor.update("t2", "TASK_KILLED", 4) == (202, "")
        assert await asyncio.to_thread(stream.event) == acknowledged("t2", 4)
        await c.until(lambda: fw.is_in("KILLED", "t2"))
        for process in c.tasks():
            process.terminate()
        await c.until(lambda: fw.failures)


async def test_its_environment(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, "--executor_shutdown_grace_period=1500ms", PATIENT)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, checkpoint=True)
        executor = await start(c, agent, fw, "t1")
        stream, first = await subscribe(executor)
        runs = c.root / f"agent-1/slaves/{agent_id}/frameworks/{fw.framework_id}/executors/raw/runs"
        sandbox = runs / first["container_id"]["value"]
        lines = (sandbox / "environment").read_text().split("\0")
        found = dict(line.split("=", 1) for line in lines if line)
        assert found == found | {
            "MESOS_FRAMEWORK_ID": fw.framework_id,
            "MESOS_EXECUTOR_ID": "raw",
            "MESOS_DIRECTORY": str(sandbox),
            "MESOS_SANDBOX": str(sandbox),
            "MESOS_SLAVE_ID": agent_id,
            "MESOS_SLAVE_PID": f"slave(1)@{agent.address}",
            "MESOS_AGENT_ENDPOINT": agent.address,
            "MESOS_CHECKPOINT": "1",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "1500ms",
            "MESOS_RECOVERY_TIMEOUT": "15mins",
            "MESOS_SUBSCRIPTION_BACKOFF_MAX": "3secs",
            "MESOS_HTTP_COMMAND_EXECUTOR": "0",
            "LIBPROCESS_PORT": "0",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        assert "MESOS_EXECUTOR_AUTHENTICATION_TOKEN" not in found
        stream.close()


async def test_a_second_subscription(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, DEAF)
        fw = await c.framework(master)
        executor = await start(c, agent, fw, "t1", "t2", "t3")
        one, _ = await subscribe(executor)
        launched = [event["launch"]["task"] for event in await asyncio.to_thread(one.events, 3)]
        assert executor.update("t1", "TASK_RUNNING", 1) == (202, "")
        assert await asyncio.to_thread(one.event) == acknowledged("t1", 1)

        # t2 did not arrive, or so it says; an update of t3 is repeated, which the agent has not seen.
        running = executor.status("t3", "TASK_RUNNING", 3)
        two, _ = await subscribe(executor, tasks=(launched[2],), updates=(running,))
        assert await asyncio.to_thread(one.is_ended)  # without a word
        assert await asyncio.to_thread(two.event) == acknowledged("t3", 3)
        await c.until(lambda: fw.is_in("DROPPED", "t2") and fw.is_in("RUNNING", "t1", "t3"))
        dropped = fw.last("t2")
        assert (dropped.source, dropped.reason) == (Source.SOURCE_AGENT, Reason.REASON_AGENT_RESTARTED)

        # An executor that is not connected may report, and hears nothing.
        two.close()
        await agent.line("the stream of executor raw of .* ended: the client went away")
        assert executor.update("t1", "TASK_FINISHED", 4) == (202, "")
        await c.until(lambda: fw.is_in("FINISHED", "t1"))
        launch(c, fw, "t4")
        three, _ = await subscribe(executor, updates=(executor.status("t1", "TASK_FINISHED", 4),))
        kinds = [event["type"] for event in await asyncio.to_thread(three.events, 2)]
        assert sorted(kinds) == ["ACKNOWLEDGED", "LAUNCH"]
        three.close()


async def test_it_comes_back_to_an_agent_that_restarted(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, PATIENT, DEAF, port=free_port())
        fw = await c.framework(master, checkpoint=True)
        executor = await start(c, agent, fw, "t1", "t2", "t3")
        stream, before = await subscribe(executor)
        launched = [event["launch"]["task"] for event in await asyncio.to_thread(stream.events, 3)]
        assert executor.update("t1", "TASK_RUNNING", 1) == (202, "")
        assert await asyncio.to_thread(stream.event) == acknowledged("t1", 1)
        await c.until(lambda: fw.is_in("RUNNING", "t1"))
        await agent.kill()
        with pytest.raises((EOFError, OSError)):
            await asyncio.to_thread(stream.event)

        since = len(agent.lines)
        await agent.start()
        again = speak(agent, fw.framework_id)
        # As long as executors may come back they must subscribe before anything else.
        status, text = again.update("t1", "TASK_FINISHED", 2)
        assert (status, "recover" in text) == (503, True)
        updates = (again.status("t1", "TASK_FINISHED", 2), again.status("t3", "TASK_RUNNING", 3))
        stream, after = await subscribe(again, tasks=(launched[2],), updates=updates)
        assert after["container_id"] == before["container_id"]
        assert await asyncio.to_thread(stream.events, 2) == [acknowledged("t1", 2), acknowledged("t3", 3)]
        await c.registered(agent, since)
        await c.until(lambda: fw.is_in("FINISHED", "t1") and fw.is_in("RUNNING", "t3"))
        await c.until(lambda: fw.is_in("DROPPED", "t2"))
        assert fw.states("t1") == ["RUNNING", "FINISHED"]
        assert again.update("t3", "TASK_FINISHED", 5) == (202, "")
        assert await asyncio.to_thread(stream.event) == acknowledged("t3", 5)
        await c.until(lambda: fw.is_in("FINISHED", "t3"))


async def test_one_that_stays_away_is_ended(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, "--executor_reregistration_timeout=500ms", port=free_port())
        fw = await c.framework(master, checkpoint=True)
        executor = await start(c, agent, fw, "t1")
        stream, _ = await subscribe(executor)
        await asyncio.to_thread(stream.event)
        processes = c.tasks()
        await agent.kill()
        await agent.start()
        await c.until(lambda: fw.is_in("GONE", "t1"))
        assert fw.last("t1").reason is Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT
        await c.gone(processes)


async def test_one_whose_tasks_were_killed_before_it_subscribed_is_ended(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        fw = await c.framework(master)
        await start(c, agent, fw, "t1")
        fw.do(lambda: fw.kill("t1"))
        await c.until(lambda: fw.is_in("KILLED", "t1"))
        assert fw.last("t1").reason is Reason.REASON_TASK_KILLED_DURING_LAUNCH
        await agent.line("executor raw of .* ended with status")


async def test_odd_requests_disturb_nobody(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, DEAF)
        fw = await c.framework(master)
        executor = await start(c, agent, fw, "t1")
        stream, _ = await subscribe(executor)
        await asyncio.to_thread(stream.event)
        other = speak(agent, fw.framework_id, "nobody")
        assert other.update("t1", "TASK_FINISHED", 1)[0] == 400
        stranger = speak(agent, "nobody")
        assert stranger.update("t1", "TASK_FINISHED", 1)[0] == 400
        assert executor.call(type="UPDATE", update={"status": {"state": "TASK_FINISHED"}})[0] == 400
        assert executor.call(type="MESSAGE", message={"data": "!"})[0] == 400
        assert executor.update("t1", "TASK_FINISHED", 1, agent_id={"value": "elsewhere"}) == (202, "")
        assert executor.update("t1", "TASK_RUNNING", 2) == (202, "")
        # What another agent's update said was dropped without an acknowledgement.
        assert await asyncio.to_thread(stream.event) == acknowledged("t1", 2)
        await c.until(lambda: fw.is_in("RUNNING", "t1"))
        assert fw.states("t1") == ["RUNNING"]
        assert json.dumps(fw.failures) == "[]"
