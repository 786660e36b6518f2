"""Tasks in a cluster of real processes: what they find, how they end, what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from cluster.model import CommandInfo, Operation, Reason, Resources, Source, TaskID, TaskInfo
from cluster.protocol import operator
from cluster.scheduler import Offer
from tests.process.cluster import MARKER, SOON_BY_FORCE, running_cluster
from tests.process.echo_executor import echo_executor
from tests.process.observed import Holding, Observed

pytestmark = pytest.mark.process


async def test_output_and_environment_of_a_task(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        agent_id = await c.registered(agent)
        fw = await c.framework(master, role="batch")
        fw.launch("env; pwd; echo to stderr >&2; echo made > file", task_id="t1", env={"MINE": "a b"})
        await c.until(lambda: fw.is_in("FINISHED", "t1"))
        assert fw.states("t1") == ["STARTING", "RUNNING", "FINISHED"]
        assert fw.handle is not None

        async def read(name: str) -> str:
            assert fw.handle is not None
            return (await asyncio.to_thread(fw.handle.read_file, agent_id, "t1", name)).decode()

        assert await read("stderr") == "to stderr\n"
        assert await read("file") == "made\n"
        *variables, directory = (await read("stdout")).splitlines()
        runs = c.root / f"agent-1/slaves/{agent_id}/frameworks/{fw.framework_id}/executors/t1/runs"
        (sandbox,) = runs.iterdir()
        assert directory == str(sandbox)
        found = dict(variable.split("=", 1) for variable in variables)
        shells = {"PWD", "OLDPWD", "SHLVL", "_"}
        assert {name: value for name, value in found.items() if name not in shells} == {
            "MESOS_FRAMEWORK_ID": fw.framework_id,
            "MESOS_EXECUTOR_ID": "t1",
            "MESOS_DIRECTORY": str(sandbox),
            "MESOS_SANDBOX": str(sandbox),
            "MESOS_SLAVE_ID": agent_id,
            "MESOS_SLAVE_PID": f"slave(1)@{agent.address}",
            "MESOS_AGENT_ENDPOINT": agent.address,
            "MESOS_CHECKPOINT": "0",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
            "MESOS_HTTP_COMMAND_EXECUTOR": "0",
            "MESOS_ALLOCATION_ROLE": "batch",
            "LIBPROCESS_PORT": "0",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "MINE": "a b",
            MARKER: c.marker,
        }


async def test_how_commands_end(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        fw = await c.framework(master)
        fw.launch("exit 3", task_id="exit")
        fw.launch("kill -KILL $$", task_id="signal")
        fw.launch(["/bin/sh", "-c", 'test "$0" = "a b"', "a b"], task_id="words")
        fw.launch(["no-such-program"], task_id="none")
        fw.launch("sleep 1000", task_id="late", max_run_s=0.2)
        fw.launch("true", task_id="stranger", user="nobody-of-this-name")
        ends = {
            "exit": ("FAILED", "Command exited with status 3", None),
            "signal": ("FAILED", "Command terminated with signal Killed", None),
            "words": ("FINISHED", "Command exited with status 0", None),
            "none": ("FAILED", "cannot run 'no-such-program'", Reason.REASON_COMMAND_EXECUTOR_FAILED),
            "late": ("FAILED", "Command terminated", Reason.REASON_MAX_COMPLETION_TIME_REACHED),
            "stranger": ("DROPPED", "nobody-of-this-name", Reason.REASON_EXECUTOR_TERMINATED),
        }
        await c.until(lambda: all(fw.is_in(state, task) for task, (state, _, _) in ends.items()))
        for task_id, (_, words, reason) in ends.items():
            update = fw.last(task_id)
            assert words in update.message
            assert update.reason is reason
            assert update.source is (Source.SOURCE_AGENT if task_id == "stranger" else Source.SOURCE_EXECUTOR)


async def test_a_task_that_asks_for_more_than_was_offered_is_an_error(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        fw = await c.framework(master, Holding)
        await c.until(lambda: fw.offers)
        offer = fw.offers[0]
        task = TaskInfo(
            name="t1",
            task_id=TaskID("t1"),
            agent_id=offer.info.agent_id,
            command=CommandInfo(value="true"),
            resources=Resources.parse("cpus:5;mem:32").protos(),
        )
        launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=(task,)))
        fw.do(lambda: fw.accept([offer], [launch], refuse_s=0))
        await c.until(lambda: fw.is_in("ERROR", "t1"))
        assert fw.last("t1").reason is Reason.REASON_TASK_INVALID
        assert "resources" in fw.last("t1").message
        await c.until(lambda: len(fw.offers) == 2)
        assert str(fw.offers[1].left) == str(offer.left)


async def test_resources_of_a_task_that_ended_are_offered_again(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master, "--resources=cpus:4;mem:1024;disk:0;ports:[31000-31009]")
        one = await c.framework(master)
        gate = c.pipe()
        one.launch(f"read line < {gate}", task_id="t1", cpus=3, mem=1000, ports=range(31000, 31008))
        await c.until(lambda: one.is_in("RUNNING", "t1"))
        one.do(one.suppress)
        other = await c.framework(master, Holding)
        await c.until(lambda: other.offers)
        assert str(other.offers[0].left) == "cpus:1; mem:24; ports:[31008-31009]"
        gate.say()
        await c.until(lambda: len(other.offers) == 2)
        assert str(other.offers[1].left) == "cpus:3; mem:1000; ports:[31000-31007]"
        await c.until(lambda: one.is_in("FINISHED", "t1"))


async def test_declined_resources_are_withheld_until_the_filter_ends_or_is_lifted(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        fw = await c.framework(master)
        await c.until(lambda: fw.offers)
        other = await c.framework(master, refuse_s=0.3)
        # Every further offer to the other one is a round in which the first got none.
        await c.until(lambda: len(other.offers) == 3)
        assert len(fw.offers) == 1
        await c.stop(other)
        await master.line(f"framework {other.framework_id} is removed")
        explained = await c.ask(master, operator.Explain(fw.framework_id or "", "*"))
        assert explained.withheld.get("FILTERED") == 1
        fw.do(fw.revive)
        await c.until(lambda: len(fw.offers) == 2)


async def test_kill_asks_first_and_then_kills_the_whole_group(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        fw = await c.framework(master)
        told = c.pipe()
        stubborn = (
            f"trap 'echo asked > {told}' TERM; "
            f"sh -c 'trap \"\" TERM; sleep 1000 & echo child $! > {told}; wait; wait' & "
            f"setsid sh -c 'trap \"\" TERM; echo child $$ > {told}; while :; do sleep 1000; done' & "
            f"echo child $! > {told}; echo child $$ > {told}; while :; do wait; done"
        )
        fw.launch(stubborn, task_id="stubborn")
        fw.launch(f"trap 'exit 0' TERM; echo child $$ > {told}; sleep 1000 & wait", task_id="polite")
        fw.launch(f"echo child $$ > {told}; exec sleep 1000", task_id="plain")
        children = [int(line.removeprefix("child ")) for line in await told.heard(6)]
        for task_id, grace_s in (("stubborn", 0.5), ("polite", 20), ("plain", 20)):
            fw.do(partial(fw.kill, task_id, grace_s=grace_s))
        await c.until(lambda: fw.is_in("KILLED", "stubborn", "polite", "plain"))
        for task_id in ("stubborn", "polite", "plain"):
            assert fw.states(task_id) == ["STARTING", "RUNNING", "KILLING", "KILLED"]
        assert fw.last("stubborn").message == "Command terminated with signal Killed"
        assert fw.last("polite").message == "Command exited with status 0"
        assert fw.last("plain").message == "Command terminated with signal Terminated"
        assert (await told.heard(7))[6] == "asked"
        await c.gone(children)


async def test_a_custom_executor_gets_and_sends_messages(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent_id = await c.registered(await c.agent(master))
        fw = await c.framework(master, Holding)
        for task_id in ("t1", "t2", "t3"):
            fw.launch(executor=echo_executor(), task_id=task_id)
        await c.until(lambda: fw.is_in("RUNNING", "t1", "t2", "t3"))
        (executor,) = c.tasks()
        fw.do(lambda: fw.message(agent_id, "echo", b"hello"))
        await c.until(lambda: fw.messages)
        assert fw.messages == [(agent_id, "echo", b"%d hello" % executor.pid)]
        fw.do(lambda: fw.message(agent_id, "echo", b"finish t1"))
        fw.do(lambda: fw.kill("t2"))
        await c.until(lambda: fw.is_in("FINISHED", "t1") and fw.is_in("KILLED", "t2"))
        fw.do(lambda: fw.shutdown_executor(agent_id, "echo"))
        await c.until(lambda: fw.is_in("KILLED", "t3") and fw.failures)
        assert fw.failures == [(agent_id, "echo", 0)]
        await c.gone([executor])


async def test_teardown_kills_all_tasks_and_frees_their_resources(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        for _ in range(2):
            await c.agent(master, SOON_BY_FORCE)
        fw = await c.framework(master, checkpoint=True)
        fw.launch("trap '' TERM; while :; do sleep 1000; done", task_id="t1", cpus=3)
        fw.launch("sleep 1000 & setsid sleep 1000", task_id="t2", cpus=3)
        fw.launch(executor=echo_executor(), task_id="t3")
        await c.until(lambda: fw.is_in("RUNNING", "t1", "t2", "t3"))
        processes = c.tasks()
        assert len(processes) >= 5
        await c.stop(fw)
        await c.gone(processes)
        other = await c.framework(master, Holding)
        await c.until(lambda: sum(offer.cpus for offer in other.offers) == 8)
        (ended,) = (await c.ask(master, operator.GetFrameworks(completed=True))).frameworks[:1]
        assert (ended.id, ended.standing) == (fw.framework_id, "completed")


class OneByOne(Observed):
    """Launches one task an offer, as long as there are offers that fit."""

    refuse_s = 0.0
    needs: Mapping[str, float] = {}
    number = 0

    def use(self, offer: Offer) -> None:
        if offer.fits(**self.needs):
            self.number += 1
            offer.launch(command="exec sleep 1000", task_id=f"t{self.number}", **self.needs)


class ManyCpus(OneByOne):
    """Its dominant resource is cpus."""

    needs = {"cpus": 3, "mem": 100}


class MuchMemory(OneByOne):
    """Its dominant resource is mem."""

    needs = {"cpus": 1, "mem": 400}


async def test_two_frameworks_share_by_dominant_resource(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        cpus = await c.framework(master, ManyCpus)
        memory = await c.framework(master, MuchMemory)
        await c.agent(master, "--resources=cpus:9;mem:1800;disk:0")
        await c.until(lambda: cpus.is_in("RUNNING", "t1", "t2"))
        await c.until(lambda: memory.is_in("RUNNING", "t1", "t2", "t3"))
        (role,) = (await c.ask(master, operator.GetShares())).roles
        shares = {share.framework_id: (share.dominant, share.share) for share in role.frameworks}
        assert shares == {
            cpus.framework_id: ("cpus", pytest.approx(2 / 3)),
            memory.framework_id: ("mem", pytest.approx(2 / 3)),
        }
