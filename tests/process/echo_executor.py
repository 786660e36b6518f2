"""A custom executor for tests: ``python -m tests.process.echo_executor``.

Its tasks run until they are killed. Messages come back with its process id in front; ``finish ID`` finishes
a task, ``child`` starts a process in a session of its own and answers with its process id.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from cluster.executor import Executor, run
from cluster.model import ExecutorInfo, TaskInfo
from cluster.scheduler import executor_info
from tests.process.cluster import ROOT


class Echo(Executor):
    """See above."""

    def __init__(self) -> None:
        self._tasks: dict[str, None] = {}
        self._children: list[subprocess.Popen[bytes]] = []

    def on_launch(self, task: TaskInfo) -> None:
        self._tasks[task.task_id.value] = None
        self.update(task.task_id, "TASK_RUNNING")

    def on_kill(self, task_id: str) -> None:
        self._end(task_id, "TASK_KILLED")

    def on_message(self, data: bytes) -> None:
        words = data.decode().split()
        if words[0] == "finish":
            self._end(words[1], "TASK_FINISHED")
        elif words[0] == "child":
            self._children.append(subprocess.Popen(["sleep", "1000"], start_new_session=True))
            self.send(str(self._children[-1].pid).encode())
        else:
            self.send(b"%d %s" % (os.getpid(), data))

    def on_shutdown(self) -> None:
        for task_id in list(self._tasks):
            self._end(task_id, "TASK_KILLED")

    def _end(self, task_id: str, state: str) -> None:
        if task_id in self._tasks:
            del self._tasks[task_id]
            self.update(task_id, state)


def echo_executor(executor_id: str = "echo", *, cpus: float = 0.5, mem: float = 32) -> ExecutorInfo:
    """The description of this executor."""
    command = (sys.executable, "-m", "tests.process.echo_executor")
    return executor_info(executor_id, command, cpus=cpus, mem=mem, env={"PYTHONPATH": str(ROOT)})


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(run(Echo()))
