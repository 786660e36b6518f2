"""The scheduler driver of the package pymesos, as published, against daemons of this project.

It speaks JSON over HTTP, has an own idea of chunks and records, and was made for the original.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster.protocol import operator
from tests.process.cluster import ROOT, Cluster, Daemon, running_cluster

if os.environ.get("TEPUI_REQUIRE_ALL") != "1":
    pytest.importorskip("pymesos", reason="pymesos is not installed: make test does that")
import pymesos

pytestmark = pytest.mark.process

Data = dict[str, Any]
CAPABILITIES = [{"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}]


def scalar(name: str, value: float) -> Data:
    """A resource."""
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}


class Watched(pymesos.Scheduler):
    """Launches what it is given, and keeps what it is told. Called on the driver's thread."""

    def __init__(self, touch: Callable[[], None]) -> None:
        self.wanted: list[Data] = []
        self.calls: list[tuple[str, Any]] = []
        self.offers: dict[str, Data] = {}
        self.states: dict[str, list[str]] = {}
        self.statuses: dict[str, Data] = {}
        self._touch = touch

    def _note(self, what: str, detail: Any) -> None:
        self.calls.append((what, detail))
        self._touch()

    def of(self, what: str) -> list[Any]:
        """What was told under a name."""
        return [detail for name, detail in list(self.calls) if name == what]

    def ended(self, state: str) -> int:
        """How many tasks were last seen in a state."""
        return sum(states[-1] == state for states in list(self.states.values()))

    # -- called by pymesos --------------------------------------------------------------------

    def registered(self, driver: Any, framework_id: Data, master: Data) -> None:
        self._note("registered", framework_id)

    def reregistered(self, driver: Any, master: Data) -> None:
        self._note("reregistered", master)

    def disconnected(self, driver: Any) -> None:
        self._note("disconnected", None)

    def resourceOffers(self, driver: Any, offers: list[Data]) -> None:
        for offer in offers:
            self.offers[offer["id"]["value"]] = offer
            if self.wanted:
                self.launch_on(driver, offer)
        self._note("offers", offers)

    def launch_on(self, driver: Any, offer: Data) -> None:
        """Launch all that is wanted on one offer."""
        del self.offers[offer["id"]["value"]]
        tasks, self.wanted = self.wanted, []
        for task in tasks:
            task["agent_id"] = offer["agent_id"]
        driver.launchTasks(offer["id"], tasks, {"refuse_seconds": 0.0})

    def offerRescinded(self, driver: Any, offer_id: Data) -> None:
        self.offers.pop(offer_id["value"], None)
        self._note("rescinded", offer_id)

    def statusUpdate(self, driver: Any, status: Data) -> None:
        task_id = status["task_id"]["value"]
        self.states.setdefault(task_id, []).append(status["state"])
        self.statuses[task_id] = status
        self._note("update", status)

    def frameworkMessage(self, driver: Any, executor_id: Data, agent_id: Data, message: str) -> None:
        self._note("message", (executor_id["value"], base64.b64decode(message)))

    def processHeartBeat(self, driver: Any) -> None:
        self._note("heartbeat", None)

    def error(self, driver: Any, message: str) -> None:
        driver.stop(True)
        self._note("error", message)


@asynccontextmanager
async def driving(
    c: Cluster, master: Daemon, framework_id: str | None = None, **options: Any
) -> AsyncIterator[tuple[Watched, Any]]:
    """A subscribed driver; whatever it has running is left when it stops."""
    loop = asyncio.get_running_loop()
    scheduler = Watched(lambda: loop.call_soon_threadsafe(c.changes.touch))
    info: Data = {"user": "root", "name": "pymesos", "failover_timeout": 600.0, "capabilities": CAPABILITIES}
    if framework_id is not None:
        info["id"] = {"value": framework_id}
    driver = pymesos.MesosSchedulerDriver(scheduler, info, master.address, **options)
    await asyncio.to_thread(driver.start)
    try:
        await c.until(lambda: scheduler.of("heartbeat"))  # comes right after SUBSCRIBED
        yield scheduler, driver
    finally:
        driver.stop(True)
        await asyncio.to_thread(driver.join)


async def torn_down(driver: Any) -> None:
    """Stop a driver for good: it ends its framework."""
    driver.stop()
    await asyncio.to_thread(driver.join)


def command_task(task_id: str, command: str) -> Data:
    """A task that runs a shell command."""
    return {
        "task_id": {"value": task_id},
        "name": task_id,
        "command": {"value": command},
        "resources": [scalar("cpus", 0.01), scalar("mem", 4)],
    }


async def wanted(c: Cluster, scheduler: Watched, driver: Any, *tasks: Data) -> None:
    """Have tasks launched on the offer that is there, or comes."""
    scheduler.wanted += tasks
    await c.until(lambda: scheduler.offers or not scheduler.wanted)
    if scheduler.wanted:
        await asyncio.to_thread(scheduler.launch_on, driver, next(iter(scheduler.offers.values())))


async def test_a_hundred_tasks_and_the_teardown(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        async with driving(c, master) as (scheduler, driver):
            names = [f"t{n}" for n in range(100)]
            await wanted(c, scheduler, driver, *(command_task(name, "exit 0") for name in names))
            await c.until(lambda: scheduler.ended("TASK_FINISHED") == len(names))
            assert scheduler.states.keys() == set(names)
            in_order = ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
            assert all(states == in_order for states in scheduler.states.values())
            status = scheduler.statuses["t0"]
            assert (status["source"], status["message"]) == (
                "SOURCE_EXECUTOR",
                "Command exited with status 0",
            )
            assert len(base64.b64decode(status["uuid"])) == 16
            framework_id = driver.framework_id
            await wanted(c, scheduler, driver, command_task("lasting", "sleep 1000"))
            await c.until(lambda: scheduler.states.get("lasting", [])[-1:] == ["TASK_RUNNING"])
            running = c.tasks()
            assert running
            await torn_down(driver)
            await c.gone(running)
        (view,) = (await c.ask(master, operator.GetFrameworks(completed=True))).frameworks
        assert (view.id, view.name) == (framework_id, "pymesos")
        assert view.tasks == {"TASK_FINISHED": 100, "TASK_KILLED": 1}


async def test_kill_and_reconcile(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        agent = await c.agent(master)
        agent_id = {"value": await c.registered(agent)}
        async with driving(c, master) as (scheduler, driver):
            await wanted(c, scheduler, driver, *(command_task(name, "sleep 1000") for name in ("a", "b")))
            await c.until(lambda: scheduler.ended("TASK_RUNNING") == 2)
            await asyncio.to_thread(driver.killTask, {"value": "a"})
            await c.until(lambda: scheduler.ended("TASK_KILLED") == 1)
            assert scheduler.states["a"][-2:] == ["TASK_KILLING", "TASK_KILLED"]
            asked = [{"task_id": {"value": name}} for name in ("b", "ghost")]
            await asyncio.to_thread(driver.reconcileTasks, asked)
            await c.until(lambda: "ghost" in scheduler.states)
            assert scheduler.states["ghost"] == ["TASK_UNKNOWN"]
            seen = scheduler.statuses["b"]
            assert (seen["state"], seen["reason"], seen["agent_id"]) == (
                "TASK_RUNNING", "REASON_RECONCILIATION", agent_id,
            )  # fmt: skip
            assert "uuid" not in seen
            before = len(scheduler.of("update"))
            await asyncio.to_thread(driver.reconcileTasks, [])
            await c.until(lambda: len(scheduler.of("update")) > before)
            assert scheduler.of("update")[before]["task_id"] == {"value": "b"}
            await torn_down(driver)


async def test_messages_to_and_from_an_executor(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        async with driving(c, master) as (scheduler, driver):
            task = {
                "task_id": {"value": "t"},
                "name": "t",
                "resources": [scalar("cpus", 0.1), scalar("mem", 32)],
                "executor": {
                    "executor_id": {"value": "echo"},
                    "command": {
                        "shell": False,
                        "value": sys.executable,
                        "arguments": [sys.executable, "-m", "tests.process.echo_executor"],
                        "environment": {"variables": [{"name": "PYTHONPATH", "value": str(ROOT)}]},
                    },
                    "resources": [scalar("cpus", 0.5), scalar("mem", 32)],
                },
            }
            await wanted(c, scheduler, driver, task)
            await c.until(lambda: scheduler.ended("TASK_RUNNING") == 1)
            agent_id = scheduler.statuses["t"]["agent_id"]

            def say(words: str) -> None:
                data = base64.b64encode(words.encode()).decode()
                driver.sendFrameworkMessage({"value": "echo"}, agent_id, data)

            await asyncio.to_thread(say, "hellö")
            await c.until(lambda: scheduler.of("message"))
            ((executor_id, heard),) = scheduler.of("message")
            assert executor_id == "echo"
            assert heard.split()[1].decode() == "hellö"
            await asyncio.to_thread(say, "finish t")
            await c.until(lambda: scheduler.ended("TASK_FINISHED") == 1)
            await torn_down(driver)


async def test_suppress_and_revive(tmp_path: Path) -> None:
    """While it is suppressed another framework is offered what it gave back."""
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        async with driving(c, master) as (scheduler, driver):
            await c.until(lambda: scheduler.offers)
            await asyncio.to_thread(driver.suppressOffers)
            for offer_id in list(scheduler.offers):
                await asyncio.to_thread(driver.declineOffer, {"value": offer_id}, {"refuse_seconds": 0.0})
            scheduler.offers.clear()
            rival = await c.framework(master)
            await c.until(lambda: rival.offers)
            await c.stop(rival)
            rival = await c.framework(master)  # it is offered the same again, so the first was passed over
            await c.until(lambda: rival.offers)
            assert not scheduler.offers
            await c.stop(rival)
            await asyncio.to_thread(driver.reviveOffers)
            await c.until(lambda: scheduler.offers)
            await torn_down(driver)


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_fail_over_with_the_same_framework_id(tmp_path: Path, leaves_first: bool) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        async with driving(c, master) as (first, driver):
            await wanted(c, first, driver, command_task("t", "sleep 1000"))
            await c.until(lambda: first.ended("TASK_RUNNING") == 1)
            # The driver acknowledges when its handler is done; what it hears next tells that it has.
            await asyncio.to_thread(driver.reconcileTasks, [{"task_id": {"value": "t"}}])
            await c.until(lambda: len(first.states["t"]) == 2)
            framework_id = driver.framework_id
            if leaves_first:
                driver.stop(True)
                await asyncio.to_thread(driver.join)
                await master.line(rf"framework {framework_id} is disconnected")
            async with driving(c, master, framework_id) as (second, heir):
                assert [name for name, _ in second.calls][:2] == ["reregistered", "heartbeat"]
                if not leaves_first:
                    await c.until(lambda: first.of("error"))
                    assert first.of("error") == ["Framework failed over"]
                await c.until(lambda: second.offers)
                await asyncio.to_thread(heir.reconcileTasks, [{"task_id": {"value": "t"}}])
                await c.until(lambda: second.states)
                assert second.states["t"] == ["TASK_RUNNING"]
                await asyncio.to_thread(heir.killTask, {"value": "t"})
                await c.until(lambda: second.ended("TASK_KILLED") == 1)
                await torn_down(heir)


async def test_calls_that_a_cluster_without_operations_hears(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        async with driving(c, master) as (scheduler, driver):
            told: list[Data] = []
            scheduler.operationStatusUpdate = lambda _, status: told.append(status)
            await asyncio.to_thread(driver.requestResources, [{"resources": [scalar("cpus", 1.0)]}])
            await asyncio.to_thread(driver.acceptInverseOffers, [{"value": "i"}])
            await asyncio.to_thread(driver.declineInverseOffer, [{"value": "i"}])
            await asyncio.to_thread(driver.reconcileOperations, [{"operation_id": {"value": "o"}}])
            await asyncio.to_thread(driver.reconcileTasks, [{"task_id": {"value": "later"}}])
            await c.until(lambda: scheduler.states)
            assert [status["state"] for status in told] == ["OPERATION_UNKNOWN"]
            await torn_down(driver)
