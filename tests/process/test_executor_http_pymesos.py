"""The executor driver of pymesos, unmodified, under real agents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster.model import Reason, Source
from tests.process.cluster import free_port, running_cluster
from tests.process.observed import Observed

if os.environ.get("TEPUI_REQUIRE_ALL") != "1":
    pytest.importorskip("pymesos", reason="pymesos is not installed: make test does that")
from tests.process.pymesos_executor import pymesos_executor

pytestmark = pytest.mark.process

#: The driver waits 2 s or so before it tries an agent again that is not there.
PATIENT = "--executor_reregistration_timeout=8secs"


def say(fw: Observed, words: str) -> None:
    """Send a message to the executor of the latest offer's agent."""
    agent_id = fw.offers[-1].agent_id
    fw.do(lambda: fw.message(agent_id, "echo", words.encode()))


def heard(fw: Observed) -> list[bytes]:
    """The messages of executors."""
    return [data for _, _, data in fw.messages]


async def test_tasks_messages_kill_and_shutdown(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        agent_id = await c.registered(agent)
        fw = await c.framework(master)
        executor = pymesos_executor()
        tasks = [fw.launch(task_id=f"t{n}", executor=executor, data=b"%d" % n) for n in range(30)]
        kept = fw.launch(task_id="kept", executor=executor)
        await c.until(lambda: fw.is_in("FINISHED", *tasks) and fw.is_in("RUNNING", kept))
        for number, task_id in enumerate(tasks):
            assert fw.states(task_id) == ["RUNNING", "FINISHED"]
            last = fw.last(task_id).status
            assert (last.data, last.source) == (b"%d" % number, Source.SOURCE_EXECUTOR)
            assert last.executor_id == executor.executor_id
            assert last.container_status is not None
        assert heard(fw)[0] == f"registered {fw.name} {fw.offers[0].hostname} CUSTOM".encode()
        say(fw, "hello there")
        await c.until(lambda: len(fw.messages) == 2)
        pid, _, words = heard(fw)[1].partition(b" ")
        assert words == b"hello there"
        assert int(pid) in [process.pid for process in c.tasks()]
        assert fw.messages[1][:2] == (agent_id, "echo")
        fw.do(lambda: fw.kill(kept))
        await c.until(lambda: fw.is_in("KILLED", kept))
        again = fw.launch(task_id="again", executor=executor)
        await c.until(lambda: fw.is_in("RUNNING", again))
        fw.do(lambda: fw.shutdown_executor(agent_id, "echo"))
        await c.until(lambda: fw.is_in("KILLED", again) and fw.failures)
        assert fw.failures[0][:2] == (agent_id, "echo")
        fault = agent.find("Traceback|ERROR")
        assert fault is None, fault.string


async def test_the_end_of_its_framework_ends_it(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        fw = await c.framework(master)
        fw.launch(task_id="t", executor=pymesos_executor())
        await c.until(lambda: fw.is_in("RUNNING", "t"))
        processes = c.tasks()
        await c.stop(fw)
        await c.gone(processes)
        await agent.line("executor echo of .* ended with status 0")


async def test_a_killed_executor_takes_its_tasks_along(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        fw = await c.framework(master)
        fw.launch(task_id="t", executor=pymesos_executor())
        await c.until(lambda: fw.is_in("RUNNING", "t"))
        for process in c.tasks():
            process.kill()
        await c.until(lambda: fw.is_in("FAILED", "t") and fw.failures)
        assert fw.last("t").reason is Reason.REASON_EXECUTOR_TERMINATED
        assert fw.failures[0][1:] == ("echo", 9)


@pytest.mark.parametrize("death", ["kill", "terminate"])
async def test_it_survives_its_agent(tmp_path: Path, death: str) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, PATIENT, port=free_port())
        fw = await c.framework(master, checkpoint=True)
        fw.launch(task_id="before", executor=pymesos_executor())
        await c.until(lambda: fw.is_in("RUNNING", "before"))
        say(fw, "who")
        await c.until(lambda: len(fw.messages) == 2)
        await (agent.kill() if death == "kill" else agent.terminate())
        since = len(agent.lines)
        await agent.start()
        await agent.line("executor echo of .* subscribed at http-executor-1@", since)
        await c.registered(agent, since)
        say(fw, "who")
        await c.until(lambda: heard(fw)[1] in heard(fw)[2:])  # the same process
        say(fw, "finish before")
        fw.launch(task_id="after", executor=pymesos_executor())
        await c.until(lambda: fw.is_in("FINISHED", "before") and fw.is_in("RUNNING", "after"))
        assert fw.states("before") == ["RUNNING", "FINISHED"]
        assert not fw.failures
