"""A custom executor for tests: what a task does is written in its data."""

from __future__ import annotations

import logging
import signal
import sys

from cluster.executor import Executor, run
from cluster.model import TaskInfo
from cluster.protocol.executor import Subscribed


class Puppet(Executor):
    def on_ready(self, subscribed: Subscribed) -> None:
        print("ready", subscribed.framework_info.name, flush=True)

    def on_launch(self, task: TaskInfo) -> None:
        what = (task.data or b"").decode()
        if what == "raise":
            raise ValueError("cannot do that")
        self.update(task.task_id, "TASK_RUNNING")
        if what == "hang":
            signal.pause()
        elif what == "finish":
            self.update(task.task_id, "TASK_FINISHED", data=b"result")
        elif what == "stop":
            self.update(task.task_id, "TASK_FINISHED")
            self.stop()

    def on_kill(self, task_id: str) -> None:
        self.update(task_id, "TASK_KILLED", message="as told")

    def on_message(self, data: bytes) -> None:
        if data == b"raise":
            raise RuntimeError("message")
        self.send(data.upper())

    def on_shutdown(self) -> None:
        self.update("all", "TASK_KILLED", message="shut down")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(run(Puppet()))
