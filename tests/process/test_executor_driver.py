"""Custom executors written with the Python API, as processes started by a real host."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cluster.executor import BadEnvironment, Executor, NotRunning, run
from cluster.model import CommandInfo, TaskID, TaskState
from cluster.protocol import executor
from tests.executor_kit import task
from tests.limits import LIMIT_S
from tests.process.executor_stage import Stage, stage

pytestmark = pytest.mark.process

COMMAND = CommandInfo(
    shell=False, value=sys.executable, arguments=(sys.executable, "-P", "-m", "tests.process.custom_executor")
)
HERE = str(Path(__file__).parents[2])


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


async def puppet(s: Stage, *work: str, survives: bool = True) -> None:
    """Start the executor ``c`` with a task for every piece of work."""
    tasks = [task(what, command=COMMAND, data=what.encode()) for what in work]
    s.run("c", *tasks, survives=survives, command=COMMAND, PYTHONPATH=HERE)
    await s.agent.until(lambda: "c" in s.agent.executors)


async def test_tasks_messages_and_shutdown(s: Stage) -> None:
    agent = s.agent
    await puppet(s, "raise", "wait", "finish")
    await agent.until(lambda: agent.has("finish", TaskState.TASK_FINISHED))
    assert agent.states("raise") == ["FAILED"]
    assert agent.last("raise").message == "ValueError: cannot do that"
    assert agent.last("finish").data == b"result"
    agent.tell("c", executor.MessageFromScheduler(b"raise"))
    agent.tell("c", executor.MessageFromScheduler(b"hello"))
    agent.tell("c", executor.Kill(TaskID("wait")))
    await agent.until(lambda: agent.has("wait", TaskState.TASK_KILLED))
    (sent,) = agent.all(executor.MessageToScheduler)
    assert isinstance(sent, executor.MessageToScheduler)
    assert sent.data == b"HELLO"
    agent.tell("c", executor.Shutdown())
    await agent.until(lambda: agent.exit_of("c") is not None)
    assert agent.last("all").message == "shut down"
    exited = agent.exit_of("c")
    assert exited is not None
    assert exited.status == 0
    assert s.output("c") == "ready test\n"


async def test_executor_that_stops_by_itself(s: Stage) -> None:
    await puppet(s, "stop")
    await s.agent.until(lambda: s.agent.exit_of("c") is not None)
    assert s.agent.states("stop") == ["RUNNING", "FINISHED"]
    exited = s.agent.exit_of("c")
    assert exited is not None
    assert exited.status == 0


async def test_hanging_user_code_neither_stalls_the_connection_nor_the_end(s: Stage) -> None:
    agent = s.agent
    await puppet(s, "hang")
    await agent.until(lambda: agent.has("hang", TaskState.TASK_RUNNING))
    agent.tell("c", executor.Kill(TaskID("hang")))
    agent.tell("c", executor.Shutdown())
    await agent.until(lambda: agent.exit_of("c") is not None)
    exited = agent.exit_of("c")
    assert exited is not None
    assert os.waitstatus_to_exitcode(exited.status) == 1
    assert agent.states("hang") == ["RUNNING"]


async def test_executor_finds_the_agent_that_came_back_at_another_port(s: Stage) -> None:
    await puppet(s, "wait")
    await s.agent.until(lambda: s.agent.has("wait", TaskState.TASK_RUNNING))
    await s.stop_agent()
    agent = await s.start_agent()
    await agent.until(lambda: "c" in agent.executors)
    agent.tell("c", executor.Kill(TaskID("wait")))
    await agent.until(lambda: agent.has("wait", TaskState.TASK_KILLED))
    agent.tell("c", executor.Shutdown())
    await agent.until(lambda: agent.exit_of("c") is not None)


async def test_executor_that_does_not_survive_ends_with_the_agent(s: Stage) -> None:
    await puppet(s, survives=False)
    await s.stop_agent()
    async with asyncio.timeout(LIMIT_S):
        assert await s.host_status == 0
    assert "executor c shuts down: its agent is gone" in s.output("c", "stderr")


def test_started_by_hand() -> None:
    with pytest.raises(BadEnvironment, match="MESOS_FRAMEWORK_ID is not set: an executor is started by an"):
        run(Executor(), {})
    with pytest.raises(NotRunning):
        Executor().send(b"")
    with pytest.raises(ValueError, match="TASK_STAGING"):
        Executor().update("t", "TASK_STAGING")
    with pytest.raises(ValueError, match="TASK_NONSENSE"):
        Executor().update("t", "TASK_NONSENSE")
