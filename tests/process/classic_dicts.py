"""A classic framework with its executor, as written for pymesos: dicts and base64 data.

python -m tests.process.classic_dicts MASTER      # the scheduler
python -m tests.process.classic_dicts             # the executor, started by an agent
"""

from __future__ import annotations

import os
import sys
import uuid
from threading import Thread
from typing import Any

from cluster.classic import (
    Dict,
    Executor,
    MesosExecutorDriver,
    MesosSchedulerDriver,
    Scheduler,
    decode_data,
    encode_data,
)

TASK_CPU = 0.2
TASK_MEM = 32
EXECUTOR_CPUS = 0.1
EXECUTOR_MEM = 32
TASKS = 2


class MinimalScheduler(Scheduler):
    def __init__(self, executor: Any) -> None:
        self.executor = executor
        self.launched = 0
        self.killed: list[str] = []

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        filters = {"refuse_seconds": 5}
        for offer in offers:
            cpus = self.getResource(offer.resources, "cpus")
            mem = self.getResource(offer.resources, "mem")
            if self.launched == TASKS or cpus < TASK_CPU or mem < TASK_MEM:
                driver.declineOffer(offer.id, filters)
                continue
            self.launched += 1
            task = Dict()
            task_id = str(uuid.UUID(int=self.launched))
            task.task_id.value = task_id
            task.agent_id.value = offer.agent_id.value
            task.name = f"task {task_id}"
            task.executor = self.executor
            task.data = encode_data(b"Hello from task " + task_id.encode() + b"!")
            task.resources = [
                dict(name="cpus", type="SCALAR", scalar={"value": TASK_CPU}),  # noqa: C408
                dict(name="mem", type="SCALAR", scalar={"value": TASK_MEM}),  # noqa: C408
            ]
            driver.launchTasks(offer.id, [task], {"refuse_seconds": 0})

    def getResource(self, res: Any, name: str) -> float:
        for r in res:
            if r.name == name:
                return float(r.scalar.value)
        return 0.0

    def statusUpdate(self, driver: Any, update: Any) -> None:
        print(f"Status update TID {update.task_id.value} {update.state}")
        if update.state == "TASK_RUNNING":
            driver.sendFrameworkMessage(update.executor_id, update.agent_id, encode_data(b"ping"))
        if update.state == "TASK_KILLED":
            self.killed.append(update.task_id.value)
            if len(self.killed) == TASKS:
                driver.stop()

    def frameworkMessage(self, driver: Any, executor_id: Any, agent_id: Any, message: Any) -> None:
        word, _, task_id = decode_data(message).decode().partition(" ")
        print(f"Message {word}")
        driver.killTask({"value": task_id})


class MinimalExecutor(Executor):
    def registered(self, driver: Any, executor_info: Any, framework_info: Any, agent_info: Any) -> None:
        self.tasks: list[str] = []
        print(f"registered for {framework_info.name} on {agent_info.hostname}", file=sys.stderr)

    def launchTask(self, driver: Any, task: Any) -> None:
        def run_task(task: Any) -> None:
            update = Dict()
            update.task_id.value = task.task_id.value
            update.state = "TASK_RUNNING"
            update.timestamp = 1.0
            self.tasks.append(task.task_id.value)
            driver.sendStatusUpdate(update)
            print(decode_data(task.data), file=sys.stderr)

        thread = Thread(target=run_task, args=(task,))
        thread.start()

    def frameworkMessage(self, driver: Any, message: Any) -> None:
        assert decode_data(message) == b"ping"
        driver.sendFrameworkMessage(encode_data(b"pong " + self.tasks.pop().encode()))

    def killTask(self, driver: Any, task_id: Any) -> None:
        driver.sendStatusUpdate({"task_id": task_id, "state": "TASK_KILLED"})


def schedule(master: str) -> None:
    path = os.environ["PYTHONPATH"]
    executor = Dict(
        executor_id=Dict(value="MinimalExecutor"),
        name="MinimalExecutor",
        command=Dict(value=f"PYTHONPATH={path} {sys.executable} -m tests.process.classic_dicts"),
        resources=[
            {"name": "mem", "type": "SCALAR", "scalar": {"value": EXECUTOR_MEM}},
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": EXECUTOR_CPUS}},
        ],
    )
    framework = Dict(user="", name="MinimalFramework", hostname="here")
    driver = MesosSchedulerDriver(MinimalScheduler(executor), framework, master, use_addict=True)
    driver.run()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        schedule(sys.argv[1])
    else:
        MesosExecutorDriver(MinimalExecutor(), use_addict=True).run()
