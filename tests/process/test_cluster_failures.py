"""kill -9 of every kind of process of a cluster, and what comes back."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import psutil
import pytest

from cluster.model import Reason
from cluster.protocol import operator
from tests.process.cluster import SOON_BY_FORCE, Cluster, Daemon, free_port, running_cluster
from tests.process.echo_executor import echo_executor
from tests.process.observed import Holding

pytestmark = pytest.mark.process


def first_process(c: Cluster, executor_id: str) -> psutil.Process:
    """The process that the container of an executor began with: a child of the executor host."""
    (found,) = [
        process
        for process in c.tasks()
        if process.environ()["MESOS_EXECUTOR_ID"] == executor_id
        and "cluster.executor.host" in process.parent().cmdline()
    ]
    return found


# -- agent ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("port", ["same port", "another port"])
async def test_checkpointed_tasks_survive_their_agent(tmp_path: Path, number: int, port: str) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, port=free_port() if port == "same port" else 0)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, checkpoint=True)
        gate, early_gate = c.pipe(), c.pipe()
        fw.launch(f"read line < {gate}; echo $line", task_id="t1")
        fw.launch(f"read line < {early_gate}; exit 3", task_id="early")
        fw.launch(executor=echo_executor(), task_id="custom")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "early", "custom"))
        survivor, early = first_process(c, "t1"), first_process(c, "early")

        agent.send_signal(number)
        assert await agent.ended() == (0 if number == signal.SIGTERM else -number)
        early_gate.say()
        await c.gone([early])
        assert survivor.is_running()
        since = len(agent.lines)
        await agent.start()
        assert await c.registered(agent, since) == agent_id

        await c.until(lambda: fw.is_in("FAILED", "early"))
        assert fw.last("early").message == "Command exited with status 3"
        gate.say()
        await c.until(lambda: fw.is_in("FINISHED", "t1"))
        fw.do(lambda: fw.message(agent_id, "echo", b"finish custom"))
        await c.until(lambda: fw.is_in("FINISHED", "custom"))
        fw.launch("true", task_id="t2")
        await c.until(lambda: fw.is_in("FINISHED", "t2"))
        assert fw.states("t1") == ["STARTING", "RUNNING", "FINISHED"]


async def test_tasks_that_do_not_checkpoint_are_lost_with_their_agent_at_once(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, SOON_BY_FORCE)
        fw = await c.framework(master)
        fw.launch("trap '' TERM; setsid sleep 1000 & while :; do sleep 1000; done", task_id="t1")
        fw.launch(executor=echo_executor(), task_id="custom")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "custom"))
        processes = [*c.tasks(), c.host_of(agent)]
        await agent.kill()
        await c.until(lambda: fw.is_in("LOST", "t1", "custom"))
        assert fw.last("t1").reason is Reason.REASON_AGENT_DISCONNECTED
        await c.gone(processes)
        await agent.start()
        fw.launch("true", task_id="t2", cpus=4)
        await c.until(lambda: fw.is_in("FINISHED", "t2"))


async def test_an_agent_that_stays_away_is_unreachable(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master("--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=2")
        agent = await c.agent(master, "--recovery_timeout=1secs", "--executor_shutdown_grace_period=500ms")
        agent_id = await c.registered(agent)
        fw = await c.framework(master, Holding, checkpoint=True)
        old = await c.framework(master, checkpoint=True, capabilities=())
        fw.launch("sleep 1000", task_id="t1")
        old.launch("sleep 1000", task_id="t1")
        await c.until(lambda: fw.is_in("RUNNING", "t1"))
        fw.do(lambda: fw.decline(fw.session.offers.values()))
        await c.until(lambda: old.is_in("RUNNING", "t1"))
        fw.do(fw.revive)
        await c.until(lambda: fw.session.offers)
        (offer,) = fw.session.offers.values()
        tasks = c.tasks()

        await agent.kill()
        await c.until(lambda: offer in fw.rescinded)
        await c.until(lambda: fw.is_in("UNREACHABLE", "t1") and old.is_in("LOST", "t1"))
        await c.until(lambda: fw.failures and old.failures)
        assert [event.partition(":")[0] for event in fw.story()[-3:]] == ["rescinded", "update", "failure"]
        assert fw.failures == old.failures == [(agent_id, None, None)]
        assert fw.last("t1").reason is old.last("t1").reason is Reason.REASON_AGENT_REMOVED
        assert fw.last("t1").status.unreachable_time is not None
        assert (await c.ask(master, operator.GetAgents())).unreachable == 1
        await c.gone(tasks)  # their executors waited for the agent, but not for ever


# -- executors --------------------------------------------------------------------------------


async def test_a_killed_executor_host_takes_its_tasks_along_and_is_replaced(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        fw = await c.framework(master, checkpoint=True)
        fw.launch("setsid sleep 1000 & sleep 1000", task_id="t1")
        fw.launch("trap '' TERM; while :; do sleep 1000; done", task_id="t2")
        fw.launch(executor=echo_executor(), task_id="custom")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "t2", "custom"))
        processes = c.tasks()
        host = c.host_of(agent)
        host.kill()
        await c.until(lambda: fw.is_in("FAILED", "t1", "t2", "custom"))
        for task_id in ("t1", "t2", "custom"):
            assert fw.last(task_id).reason is Reason.REASON_EXECUTOR_TERMINATED
        await c.gone(processes)
        fw.launch("true", task_id="t3", cpus=4)
        await c.until(lambda: fw.is_in("FINISHED", "t3"))
        assert c.host_of(agent).pid != host.pid


async def test_a_killed_custom_executor_fails_its_tasks_only(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent_id = await c.registered(await c.agent(master))
        fw = await c.framework(master, Holding)
        fw.launch(executor=echo_executor(cpus=2), task_id="t1")
        fw.launch(executor=echo_executor(cpus=2), task_id="t2")
        fw.launch("sleep 1000", task_id="other")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "t2", "other"))
        fw.do(lambda: fw.message(agent_id, "echo", b"child"))
        await c.until(lambda: fw.messages)
        child = int(fw.messages[0][2])
        first_process(c, "echo").kill()
        await c.until(lambda: fw.is_in("FAILED", "t1", "t2") and fw.failures)
        assert fw.last("t1").reason is Reason.REASON_EXECUTOR_TERMINATED
        assert fw.failures == [(agent_id, "echo", signal.SIGKILL)]
        await c.gone([child])
        assert fw.is_in("RUNNING", "other")
        fw.launch(executor=echo_executor(cpus=2), task_id="t3", cpus=1.5)
        await c.until(lambda: fw.is_in("RUNNING", "t3"))


# -- scheduler --------------------------------------------------------------------------------


async def lone_scheduler(c: Cluster, master: Daemon, failover_s: float, command: str) -> tuple[Daemon, str]:
    """A scheduler in a process of its own, with a running task; its framework id."""
    options = json.dumps({"failover_timeout_s": failover_s})
    lone = c.daemon(["python", "-m", "tests.process.lone_scheduler", master.address, options, command])
    await lone.launch()
    framework_id = (await lone.line(r"^subscribed (\S+)"))[1]
    await lone.line("^t1 TASK_RUNNING")
    return lone, framework_id


async def test_a_framework_comes_back_within_its_failover_time(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        gate = c.pipe()
        lone, framework_id = await lone_scheduler(c, master, 1000, f"read line < {gate}")
        task = first_process(c, "t1")
        await lone.kill()
        await master.line(f"framework {framework_id} is disconnected")
        fw = await c.framework(master, framework_id=framework_id, failover_timeout_s=1000.0)
        assert fw.framework_id == framework_id
        await c.until(lambda: fw.states("t1"))
        # As reconciled, and once more if the acknowledgement died with the first scheduler.
        assert set(fw.states("t1")) == {"RUNNING"}
        assert task.is_running()
        gate.say()
        await c.until(lambda: fw.is_in("FINISHED", "t1"))


@pytest.mark.parametrize("failover_s", [0.0, 0.5])
async def test_a_framework_that_does_not_come_back_loses_its_tasks(tmp_path: Path, failover_s: float) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        lone, framework_id = await lone_scheduler(c, master, failover_s, "sleep 1000 & sleep 1000")
        tasks = c.tasks()
        await lone.kill()
        await c.gone(tasks)
        await master.line(f"framework {framework_id} is removed")
        late = await c.framework(master, framework_id=framework_id, awaited=False)
        await c.until(lambda: late.errors)
        assert late.errors == ["Framework has been removed"]


# -- master -----------------------------------------------------------------------------------


async def test_agents_and_frameworks_come_back_to_a_new_master_at_the_old_address(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master(port=free_port())
        agent = await c.agent(master)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, failover_timeout_s=1000.0)
        gate, early_gate = c.pipe(), c.pipe()
        fw.launch(f"read line < {gate}", task_id="t1")
        fw.launch(f"read line < {early_gate}", task_id="early")
        fw.launch(executor=echo_executor(), task_id="custom")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "early", "custom"))
        framework_id = fw.framework_id
        survivor, early = first_process(c, "t1"), first_process(c, "early")

        await master.kill()
        await c.until(lambda: fw.disconnections)
        early_gate.say()
        await c.gone([early])
        since, registered = len(master.lines), len(agent.lines)
        await master.start()
        assert await c.registered(agent, registered) == agent_id
        await c.until(lambda: len(fw.subscriptions) == 2)
        assert fw.framework_id == framework_id
        assert await master.line(f"agent {agent_id} at .* is back with", since)

        await c.until(lambda: fw.is_in("FINISHED", "early"))
        assert survivor.is_running()
        gate.say()
        fw.do(lambda: fw.message(agent_id, "echo", b"finish custom"))
        await c.until(lambda: fw.is_in("FINISHED", "t1", "custom"))
        fw.launch("true", task_id="t2", cpus=3)
        await c.until(lambda: fw.is_in("FINISHED", "t2"))
