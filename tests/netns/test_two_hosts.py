"""A cluster over a network: the hosts and command lines of the guide, cut cables, one-way roads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.netns.network import Host, Network
from tests.process.cluster import Cluster, Daemon, running_cluster

pytestmark = pytest.mark.netns

WORK_DIR = "--work_dir=/var/lib/mesos"
MASTER = ["mesos-master", "--ip=10.10.10.11", WORK_DIR]
AGENT = ["mesos-agent", "--master=10.10.10.11:5050", WORK_DIR]


async def start(c: Cluster, host: Host, command: list[str], *more: str, **environment: str) -> Daemon:
    """Start a daemon on a host."""
    daemon = c.daemon(command, name=host.name, wrapper=host.wrapper(), **environment)
    await daemon.start(*more)
    return daemon


async def scheduler(
    c: Cluster, host: Host, command: str, *, master: str = "10.10.10.11:5050", **options: object
) -> Daemon:
    """Start a scheduler on a host."""
    program = ["python", "-m", "tests.process.lone_scheduler", master, json.dumps(options), command]
    daemon = c.daemon(program, name=host.name, wrapper=host.wrapper())
    await daemon.launch()
    return daemon


async def test_the_command_lines_of_the_guide(network: Network, tmp_path: Path) -> None:
    one, two = network.host("one", "10.10.10.11"), network.host("two", "10.10.10.13")
    three = network.host("three", "10.10.10.14")
    async with running_cluster(tmp_path) as c:
        master = await start(c, one, MASTER)
        assert master.address == "10.10.10.11:5050"
        agent = await start(c, two, AGENT)
        assert agent.address == "10.10.10.13:5051"
        agent_id = await c.registered(agent)
        lone = await scheduler(c, three, "hostname; ip -4 -brief addr show eth0")
        await lone.line(r"^offer of \S+ at 10\.10\.10\.13:5051: ")
        assert await lone.ended() == 0
        assert lone.find("^t1 TASK_FINISHED")
        (output,) = two.var_lib.glob(f"mesos/slaves/{agent_id}/frameworks/*/executors/t1/runs/*/stdout")
        hostname, address = output.read_text().splitlines()
        assert hostname == "two"
        assert "10.10.10.13/24" in address


async def test_an_agent_behind_a_cut_cable_comes_back_with_its_tasks(
    network: Network, tmp_path: Path
) -> None:
    one, two = network.host("one", "10.10.10.11"), network.host("two", "10.10.10.13")
    three = network.host("three", "10.10.10.14")
    async with running_cluster(tmp_path) as c:
        pings = ("--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=2")
        master = await start(c, one, MASTER, *pings)
        agent = await start(c, two, AGENT)
        agent_id = await c.registered(agent)
        gate = c.pipe()
        lone = await scheduler(c, three, f"read line < {gate}", checkpoint=True)
        await lone.line("^t1 TASK_RUNNING")

        two.unplug()
        await lone.line(r"^t1 TASK_UNREACHABLE \(REASON_AGENT_REMOVED\)")
        await lone.line(f"^failure of {agent_id}")
        await agent.line("registering with .*: no ping for")
        since, registered = len(lone.lines), len(agent.lines)
        two.plug_in()
        assert await c.registered(agent, registered) == agent_id
        await lone.line(r"^t1 TASK_RUNNING \(REASON_AGENT_REREGISTERED\)", since)
        gate.say()
        assert await lone.ended() == 0
        assert lone.find("^t1 TASK_FINISHED", since)
        assert master.is_running


async def test_a_scheduler_behind_a_cut_cable_finds_its_task_again(network: Network, tmp_path: Path) -> None:
    one, two = network.host("one", "10.10.10.11"), network.host("two", "10.10.10.13")
    async with running_cluster(tmp_path) as c:
        await start(c, one, MASTER)
        await c.registered(await start(c, one, AGENT))
        gate = c.pipe()
        lone = await scheduler(c, two, f"read line < {gate}")
        await lone.line("^t1 TASK_RUNNING")
        two.unplug()
        gate.say()
        await c.gone(c.tasks())
        assert not lone.find("^t1 TASK_FINISHED")
        two.plug_in()
        assert await lone.ended() == 0
        assert lone.find("^t1 TASK_FINISHED")


async def test_agent_and_scheduler_that_the_master_cannot_reach(network: Network, tmp_path: Path) -> None:
    one, router = network.host("one", "10.10.10.11"), network.host("router", "10.10.10.1")
    inside = network.host_behind(router, "inside", "192.168.7.2", "192.168.7.1")
    async with running_cluster(tmp_path) as c:
        master = await start(c, one, MASTER)
        forwarder = c.daemon(
            ["python", "-m", "tests.netns.forwarder", "192.168.7.1:5050", "10.10.10.11:5050"],
            wrapper=router.wrapper(),
        )
        await forwarder.launch()
        await forwarder.line("^forwards")
        agent = await start(
            c, inside, ["mesos-agent", "--master=192.168.7.1:5050", "--ip=192.168.7.2", WORK_DIR]
        )
        await c.registered(agent)
        await master.line(r"slave\(1\)@192\.168\.7\.2:5051")
        lone = await scheduler(c, inside, "exit 0", master="192.168.7.1:5050")
        assert await lone.ended() == 0
        assert lone.find("^t1 TASK_FINISHED")
        assert await agent.terminate() == 0
        assert await master.terminate() == 0
        await forwarder.kill()


async def test_an_agent_that_advertises_an_address_nobody_reaches(network: Network, tmp_path: Path) -> None:
    one, two = network.host("one", "10.10.10.11"), network.host("two", "10.10.10.13")
    async with running_cluster(tmp_path) as c:
        master = await start(c, one, MASTER)
        agent = await start(c, two, AGENT, "--advertise_ip=198.51.100.7")
        await c.registered(agent)
        await master.line(r"slave\(1\)@198\.51\.100\.7:5051")
        lone = await scheduler(c, one, "exit 0")
        assert await lone.ended() == 0
        assert lone.find("^t1 TASK_FINISHED")
