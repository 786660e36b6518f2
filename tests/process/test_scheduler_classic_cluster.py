"""Classic frameworks with their executors in a cluster of real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process.cluster import running_cluster

pytestmark = pytest.mark.process


async def test_scheduler_and_executor_of_protobuf_messages(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        scheduler = c.daemon(["python", "-m", "tests.process.classic_protobuf", master.address])
        await scheduler.launch()
        code = await scheduler.ended()
        assert code == 0, scheduler.lines
        states = sorted(line for line in scheduler.out if line.startswith("Task "))
        wanted = [f"Task {n} is in state TASK_{state}" for n in range(3) for state in ("FINISHED", "RUNNING")]
        assert states == wanted
        assert sum(line.startswith("Received message") for line in scheduler.out) == 3


async def test_scheduler_and_executor_of_dicts(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        scheduler = c.daemon(["python", "-m", "tests.process.classic_dicts", master.address])
        await scheduler.launch()
        code = await scheduler.ended()
        assert code == 0, scheduler.lines
        words = sorted(line.rpartition(" ")[2] for line in scheduler.out)
        assert words == ["TASK_KILLED"] * 2 + ["TASK_RUNNING"] * 2 + ["pong"] * 2
