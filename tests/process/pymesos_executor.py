"""A custom executor on the driver of pymesos as it is: ``python -m tests.process.pymesos_executor``.

Its tasks run until they are killed, except those with data, which finish at once. Messages come back with
its process id in front; ``finish ID`` finishes a task. It says so when it registered.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from pymesos import Executor, MesosExecutorDriver, decode_data, encode_data

from cluster.model import ExecutorInfo
from cluster.scheduler import executor_info
from tests.process.cluster import ROOT


class Echo(Executor):  # type: ignore[misc]  # pymesos has no types
    """See above."""

    def __init__(self) -> None:
        self.tasks: list[str] = []

    def registered(self, driver: Any, executor_info: Any, framework_info: Any, agent_info: Any) -> None:
        words = f"registered {framework_info['name']} {agent_info['hostname']} {executor_info['type']}"
        driver.sendFrameworkMessage(encode_data(words.encode()))

    def launchTask(self, driver: Any, task: Any) -> None:
        task_id = task["task_id"]["value"]
        self.tasks.append(task_id)
        self.say(driver, task_id, "TASK_RUNNING")
        if task.get("data"):
            self.end(driver, task_id, "TASK_FINISHED", data=task["data"])

    def killTask(self, driver: Any, task_id: Any) -> None:
        self.end(driver, task_id["value"], "TASK_KILLED")

    def frameworkMessage(self, driver: Any, message: Any) -> None:
        words = decode_data(message).decode().split()
        if words[0] == "finish":
            self.end(driver, words[1], "TASK_FINISHED")
        else:
            driver.sendFrameworkMessage(encode_data(b"%d %s" % (os.getpid(), " ".join(words).encode())))

    def shutdown(self, driver: Any) -> None:
        for task_id in list(self.tasks):
            self.end(driver, task_id, "TASK_KILLED")

    def end(self, driver: Any, task_id: str, state: str, **more: Any) -> None:
        """Report the end of a task."""
        if task_id in self.tasks:
            self.tasks.remove(task_id)
            self.say(driver, task_id, state, **more)

    def say(self, driver: Any, task_id: str, state: str, **more: Any) -> None:
        """Report a state of a task."""
        driver.sendStatusUpdate({"task_id": {"value": task_id}, "state": state, **more})


def pymesos_executor(executor_id: str = "echo") -> ExecutorInfo:
    """The description of this executor."""
    command = (sys.executable, "-m", "tests.process.pymesos_executor")
    return executor_info(executor_id, command, cpus=0.5, mem=32, env={"PYTHONPATH": str(ROOT)})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    MesosExecutorDriver(Echo()).run()
