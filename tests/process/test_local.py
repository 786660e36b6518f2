"""mesos-local for real: a cluster that comes and goes as one."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from cluster.scheduler import Framework, Offer, Timing, Update, start
from tests.process.program import LIMIT_S, Program, running

pytestmark = pytest.mark.process

NOTHING: tuple[list[int], list[str]] = ([], [])
FLAGS = ["--port=0", "--resources=cpus:2;mem:256;disk:0;ports:[]"]


class Sleeper(Framework):
    """Runs one long task; `is_running` is set when it does."""

    def __init__(self, *, checkpoint: bool) -> None:
        super().__init__(name="sleeper", checkpoint=checkpoint, refuse_s=3600.0)
        self.is_running = asyncio.Event()
        self.pid = 0
        self._loop = asyncio.get_running_loop()
        self._is_launched = False

    def on_offers(self, offers: list[Offer]) -> None:
        if not self._is_launched:
            self._is_launched = True
            offers[0].launch(command=["sleep", "600"], cpus=1, mem=64)

    def on_update(self, update: Update) -> None:
        status = update.status.container_status
        if update.state.value == "TASK_RUNNING" and status is not None and status.executor_pid is not None:
            self.pid = status.executor_pid
            self._loop.call_soon_threadsafe(self.is_running.set)


async def master_of(local: Program) -> str:
    """The address of the master, when all is up."""
    line = await local.line("master at")
    await local.line("end with Ctrl-C")
    found = re.search(r"master at (\S+),", line)
    assert found is not None, line
    return found[1]


async def sleeping(master: str, *, checkpoint: bool) -> Sleeper:
    """A framework whose task runs; its driver is left to itself."""
    framework = Sleeper(checkpoint=checkpoint)
    start(framework, master, timing=Timing(backoff_min_s=0.02))
    async with asyncio.timeout(LIMIT_S):
        await framework.is_running.wait()
    return framework


async def test_it_runs_until_told_and_takes_everything_along(tmp_path: Path) -> None:
    async with running("mesos-local", [*FLAGS, "--agents=2"], tmp_path) as local:
        master = await master_of(local)
        assert len(re.findall(r"agent \d at \S+, registered as \S+-S\d", local.text)) == 2
        sleepers = [await sleeping(master, checkpoint=checkpoint) for checkpoint in (False, True)]
        assert {sleeper.pid for sleeper in sleepers} <= set(local.processes())
        assert await local.told(signal.SIGINT) == 0, local.text
        assert local.left() == NOTHING
        assert local.err == [""]
        for sleeper in sleepers:
            sleeper.stop()


async def test_a_directory_that_is_given_stays(tmp_path: Path) -> None:
    room = tmp_path / "room"
    for _ in range(2):  # and can be used again
        async with running("mesos-local", [*FLAGS, f"--work_dir={room}"], tmp_path) as local:
            await master_of(local)
            assert await local.told(signal.SIGTERM) == 0, local.text
            assert local.processes() == []
    assert (room / "logs" / "agent-1.log").is_file()
    assert (room / "agents" / "0" / "work").is_dir()


@pytest.mark.parametrize("victim", ["master", "agent 1"])
async def test_a_daemon_that_dies_ends_it(tmp_path: Path, victim: str) -> None:
    async with running("mesos-local", [*FLAGS], tmp_path) as local:
        master = await master_of(local)
        sleeper = await sleeping(master, checkpoint=True)
        found = re.search(rf"{victim} at .*\(process (\d+)\)", local.text)
        assert found is not None
        os.kill(int(found[1]), signal.SIGKILL)
        assert await local.ended() == 1
        assert f"mesos-local: {victim} (process {found[1]}) was ended by SIGKILL" in local.err[0]
        assert local.left() == NOTHING
        if victim != "master":  # its task had nobody left to end it
            assert "mesos-local: killed what did not end by itself: " in local.err[0]
            assert str(sleeper.pid) in local.err[0]
        sleeper.stop()


async def test_what_a_daemon_says_against_its_options_is_shown(tmp_path: Path) -> None:
    async with running("mesos-local", ["--port=0", "--resources=cpus:many"], tmp_path) as local:
        assert await local.ended() == 1
        assert "mesos-local: agent 1 (process" in local.err[0]
        assert "| mesos-agent: --resources: " in local.err[0]
        assert local.left() == NOTHING


async def test_told_before_it_is_up(tmp_path: Path) -> None:
    async with running("mesos-local", [*FLAGS, "--agents=2"], tmp_path) as local:
        await local.line("master at")
        assert await local.told(signal.SIGTERM) == 0
        assert local.left() == NOTHING


async def test_quiet(tmp_path: Path) -> None:
    async with running("mesos-local", [*FLAGS, "--quiet", "--resources=cpus:many"], tmp_path) as local:
        assert await local.ended() == 1
        assert local.out == [""]
