"""Master and agent as programs: how they start, how they refuse to, how they end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cluster.model import Reason
from cluster.protocol import operator
from tests.process.cluster import LOOPBACK, SOON_BY_FORCE, Daemon, held_port, running_cluster
from tests.process.echo_executor import echo_executor
from tests.process.observed import Holding

pytestmark = pytest.mark.process


async def refused(daemon: Daemon) -> list[str]:
    """Start a daemon that cannot; what it writes before it ends with code 1."""
    await daemon.launch()
    assert await daemon.ended() == 1
    assert daemon.out == []
    return daemon.lines


async def test_sigterm_ends_master_and_agent_with_code_0(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        assert await agent.terminate() == 0
        assert agent.lines[-1].endswith("mesos-agent ends with exit code 0")
        assert await master.terminate() == 0
        assert master.lines[-1].endswith("mesos-master ends with exit code 0")
        assert not master.find("WARNING|ERROR|CRITICAL")
        assert not agent.find("WARNING|ERROR|CRITICAL")


@pytest.mark.parametrize("ready", [True, False])
async def test_an_idle_executor_host_ends_with_its_agent(tmp_path: Path, ready: bool) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        host = c.host_of(agent)
        if ready:
            await agent.line("executor host .* is ready")
        assert await agent.terminate() == 0
        await c.gone([host])


async def test_sigterm_of_an_agent_ends_the_tasks_that_do_not_survive_it(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        fw = await c.framework(master)
        fw.launch("sleep 1000", task_id="t1")
        fw.launch("sleep 1000", task_id="t2")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "t2"))
        tasks = c.tasks()
        host = c.host_of(agent)
        assert await agent.terminate() == 0
        await c.until(lambda: fw.is_in("LOST", "t1", "t2"))
        assert fw.last("t1").reason is Reason.REASON_AGENT_DISCONNECTED
        await c.gone([*tasks, host])


async def test_a_taken_port_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        with held_port() as port:
            for daemon in (
                c.daemon(["mesos-master", f"--ip={LOOPBACK}", f"--port={port}", f"--work_dir={tmp_path}/m"]),
                c.agent_daemon(master, port=port),
            ):
                (line,) = await refused(daemon)
                program = daemon.command[0]
                assert line == f"{program}: cannot listen on {LOOPBACK}:{port}: Address already in use"


@pytest.mark.parametrize(
    ("work_dir", "why"),
    [("{root}/file/below", "Not a directory"), ("/proc/tepui", "No such file or directory")],
)
async def test_an_unwritable_work_directory_is_one_line_and_exit_code_1(
    tmp_path: Path, work_dir: str, why: str
) -> None:
    (tmp_path / "file").touch()
    path = work_dir.format(root=tmp_path)
    async with running_cluster(tmp_path) as c:
        for command in (["mesos-master"], ["mesos-agent", f"--master={LOOPBACK}:5050"]):
            daemon = c.daemon([*command, f"--ip={LOOPBACK}", "--port=0", f"--work_dir={path}"])
            (line,) = await refused(daemon)
            assert line == f"{command[0]}: cannot use the work directory {path}: {why}"


async def test_the_old_name_of_the_agent(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master, program="mesos-slave")
        fw = await c.framework(master)
        fw.launch("true", task_id="t1")
        await c.until(lambda: fw.is_in("FINISHED", "t1"))


async def test_an_agent_under_an_address_that_leads_nowhere_runs_all_kinds_of_tasks(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, "--advertise_ip=127.0.0.99")
        agent_id = await c.registered(agent)
        await master.line(rf"agent {agent_id} at slave\(1\)@127\.0\.0\.99:{agent.port}")
        fw = await c.framework(master)
        fw.launch("true", task_id="t1")
        fw.launch(executor=echo_executor(), task_id="custom")
        await c.until(lambda: fw.is_in("FINISHED", "t1") and fw.is_in("RUNNING", "custom"))
        fw.do(lambda: fw.message(agent_id, "echo", b"finish custom"))
        await c.until(lambda: fw.is_in("FINISHED", "custom"))


async def test_sigusr1_unregisters_an_agent_and_ends_all_it_runs(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master, SOON_BY_FORCE)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, Holding, checkpoint=True)
        fw.launch("trap '' TERM; while :; do sleep 1000; done", task_id="t1")
        await c.until(lambda: fw.is_in("RUNNING", "t1"))
        fw.do(fw.revive)
        await c.until(lambda: len(fw.offers) == 2)
        processes = [*c.tasks(), c.host_of(agent)]
        agent.send_signal(signal.SIGUSR1)
        assert await agent.ended() == 0
        await c.until(lambda: fw.is_in("LOST", "t1") and fw.failures and fw.rescinded)
        assert fw.last("t1").reason is Reason.REASON_AGENT_REMOVED
        assert fw.failures == [(agent_id, None, None)]
        await c.gone(processes)
        agents = await c.ask(master, operator.GetAgents())
        assert (agents.agents, agents.unreachable) == ((), 0)


async def test_an_agent_that_is_not_what_it_was_says_what_to_remove(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = c.agent_daemon(master, "--resources=cpus:4;mem:1024;disk:0", name="agent")
        await agent.start()
        old_id = await c.registered(agent)
        assert await agent.terminate() == 0

        changed = c.agent_daemon(master, "--resources=cpus:2;mem:1024;disk:0", name="agent")
        await changed.launch()
        assert await changed.ended() == 1
        (line,) = [line for line in changed.lines if "CRITICAL" in line]
        latest = tmp_path / "agent/meta/slaves/latest"
        assert "resources changed" in line
        assert f"rm -f {latest}" in line

        latest.unlink()
        await changed.start()
        assert await c.registered(changed) != old_id
