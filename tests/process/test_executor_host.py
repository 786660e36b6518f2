"""The executor host as a real process, against an agent in this one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from actors import PID
from cluster.containerizer.os_processes import OsProcesses
from cluster.model import CommandInfo, Reason, TaskID
from cluster.protocol import executor, host
from tests.executor_kit import grace, seconds, task
from tests.limits import LIMIT_S
from tests.process.executor_stage import Stage, ended, gate, runs, stage

pytestmark = pytest.mark.process


async def test_command_task_from_launch_to_forgotten_container(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        info = task("t1", "echo out; echo err >&2; echo $MESOS_DIRECTORY; exit 3")
        s.run("t1", info)
        await agent.until(lambda: agent.exit_of("t1") is not None)
        assert agent.states("t1") == ["STARTING", "RUNNING", "FAILED"]
        assert agent.last("t1").message == "Command exited with status 3"
        assert s.output("t1") == f"out\n{tmp_path / 't1'}\n"
        assert s.output("t1", "stderr") == "err\n"
        exited = agent.exit_of("t1")
        assert exited is not None
        assert os.waitstatus_to_exitcode(exited.status) == 3
        assert agent.pid_of("t1") is not None


async def test_grandchildren_in_other_groups_and_sessions_are_killed(tmp_path: Path) -> None:
    script = (
        "sleep 1000 & echo $!; setsid sleep 1000 & sh -c 'trap \"\" TERM; echo > gate; sleep 9' & "
        "(setsid sh -c 'env -i sleep 1000 & echo $!; echo > gate; wait' &) ; "
        "trap '' TERM; echo > gate; while :; do sleep 1000; done"
    )
    async with stage(tmp_path) as s:
        agent = s.agent
        s.run("t1", task("t1", script))
        with gate(s.directories[0]) as ready:
            await ready.passed(3)
        await agent.until(lambda: agent.pid_of("t1") is not None)
        leader = agent.pid_of("t1") or 0
        agent.tell("t1", executor.Kill(TaskID("t1"), grace(0.2)))
        await agent.until(lambda: agent.exit_of("t1") is not None)
        assert agent.states("t1") == ["STARTING", "RUNNING", "KILLING", "KILLED"]
        assert agent.last("t1").message == "Command terminated with signal Killed"
        for line in s.output("t1").split():
            await ended(int(line))
        await ended(leader)
        for pid in OsProcesses().leftovers(s.directories[0]):
            await ended(pid)
        assert OsProcesses().leftovers(s.directories[0]) == []


async def test_what_a_finished_command_leaves_behind_is_killed(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        script = "setsid sleep 1000 & echo $!; sleep 1000 & echo $!"
        s.run("t1", task("t1", script))
        await agent.until(lambda: agent.exit_of("t1") is not None)
        assert agent.states("t1") == ["STARTING", "RUNNING", "FINISHED"]
        for line in s.output("t1").split():
            await ended(int(line))


async def test_program_that_does_not_exist(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        command = CommandInfo(shell=False, value="no-such-program")
        s.run("t1", task("t1", command))
        s.run("c1", command=command)
        await agent.until(lambda: agent.exit_of("t1") is not None and agent.exit_of("c1") is not None)
        assert agent.states("t1") == ["STARTING", "FAILED"]
        assert agent.last("t1").reason is Reason.REASON_COMMAND_EXECUTOR_FAILED
        assert "No such file" in (agent.last("t1").message or "")
        exited = agent.exit_of("c1")
        assert exited is not None
        assert "'no-such-program'" in exited.failure


async def test_task_that_takes_too_long(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        info = task("t1", "trap '' TERM; sleep 1000; sleep 1000", max_completion_time=seconds(0.2))
        s.run("t1", info)
        await agent.until(lambda: agent.exit_of("t1") is not None)
        assert agent.states("t1") == ["STARTING", "RUNNING", "FAILED"]
        assert agent.last("t1").reason is Reason.REASON_MAX_COMPLETION_TIME_REACHED


async def test_custom_executor_is_a_process_of_its_own(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        command = CommandInfo(value='echo "$MESOS_EXECUTOR_ID"; exec sleep 1000')
        s.run("c1", command=command)
        await agent.until(lambda: agent.pid_of("c1") is not None)
        agent.order(host.DestroyContainer("c1"))
        await agent.until(lambda: agent.exit_of("c1") is not None)
        exited = agent.exit_of("c1")
        assert exited is not None
        assert exited.status == signal.SIGKILL


async def test_tasks_survive_the_agent_and_report_to_the_next_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        first = s.agent
        s.run("keeps", task("keeps", "read line < gate; exit 0"))
        s.run("dies", task("dies", "sleep 1000"), survives=False)
        with gate(s.directories[0]) as go:
            await first.until(lambda: None not in (first.pid_of("dies"), first.pid_of("keeps")))
            mortal, immortal = first.pid_of("dies") or 0, first.pid_of("keeps") or 0
            await s.stop_agent()
            await ended(mortal)
            assert runs(immortal)
            second = await s.start_agent()
            await second.until(lambda: second.host is not None and "keeps" in second.executors)
            (ready,) = second.all(host.HostReady)
            assert isinstance(ready, host.HostReady)
            assert s.identity is not None
            assert ready.pid == s.identity.pid
            (kept,) = [c for c in ready.containers if c.container_id == "keeps"]
            assert kept == host.Container("keeps", pid=immortal)
            go.open()
            await second.until(lambda: second.exit_of("keeps") is not None)
        assert second.states("keeps")[-1] == "FINISHED"


async def test_host_without_containers_ends_with_its_agent(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        s.run("t1", task("t1"))
        await s.agent.until(lambda: s.agent.exit_of("t1") is not None)
        s.agent.order(host.ForgetContainer("t1"))
        await s.stop_agent()
        async with asyncio.timeout(LIMIT_S):
            assert await s.host_status == 0


async def _stops(tmp_path: Path, stop: Callable[[Stage], None]) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        s.run("t1", task("t1", "trap '' TERM; sleep 1000; sleep 1000"))
        await agent.until(lambda: agent.pid_of("t1") is not None)
        pid = agent.pid_of("t1") or 0
        stop(s)
        async with asyncio.timeout(LIMIT_S):
            assert await s.host_status == 0
        await ended(pid)


async def test_stop_host_kills_all_and_ends(tmp_path: Path) -> None:
    await _stops(tmp_path, lambda s: s.agent.order(host.StopHost()))


async def test_sigterm_kills_all_and_ends_and_sigint_does_nothing(tmp_path: Path) -> None:
    def stop(s: Stage) -> None:
        assert s.identity is not None
        os.kill(s.identity.pid, signal.SIGINT)
        os.kill(s.identity.pid, signal.SIGTERM)

    await _stops(tmp_path, stop)


async def test_killed_host_leaves_what_leftovers_find_and_kill(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        agent = s.agent
        s.run("t1", task("t1", "setsid sleep 1000 & sleep 1000"))
        s.run("t2", task("t2", "sleep 1000"))
        await agent.until(lambda: None not in (agent.pid_of("t1"), agent.pid_of("t2")))
        leader, other = agent.pid_of("t1") or 0, agent.pid_of("t2") or 0
        s.launched.kill()
        assert await s.host_status == signal.SIGKILL
        processes = OsProcesses()
        assert leader in processes.leftovers(s.directories[0])
        killed = processes.kill_leftovers(s.directories[0])
        assert leader in killed
        for pid in killed:
            await ended(pid)
        assert processes.leftovers(s.directories[0]) == []
        assert runs(other)
        for pid in processes.kill_leftovers(s.directories[1]):
            await ended(pid)


async def test_host_is_adopted_by_identity(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        assert s.identity is not None
        s.launched.close()
        stranger = type(s.identity)(s.identity.pid, s.identity.started + 1)
        assert not s.launched.adopt(stranger, lambda status: None)
        assert s.launched.adopt(s.identity, s.host_status.set_result)
        s.launched.kill()
        assert await s.host_status == signal.SIGKILL
        assert not s.launched.adopt(s.identity, lambda status: None)


async def test_agent_that_never_answers_is_dialled_at_the_address_of_now(tmp_path: Path) -> None:
    made = Stage(tmp_path)
    made.agent_file.write_text("slave(1)@127.0.0.1:1\n")
    made.identity = made.launched.start(PID.parse("slave(1)@127.0.0.1:1"), made.host_status.set_result)
    await made.start_agent()
    await made.agent.until(lambda: made.agent.host is not None)
    made.agent.order(host.StopHost())
    async with asyncio.timeout(LIMIT_S):
        assert await made.host_status == 0
    await made.stop_agent()
