"""The classes that classic frameworks and executors inherit from: every callback does nothing.

Source: Mesos src/python/interface/src/mesos/interface/__init__.py, and pymesos.
"""

from __future__ import annotations

import sys
from typing import Any


class Scheduler:
    """Callbacks of a scheduler, called one at a time on a thread of the driver."""

    def registered(self, driver: Any, frameworkId: Any, masterInfo: Any) -> None:
        """The master took the framework for the first time."""

    def reregistered(self, driver: Any, masterInfo: Any) -> None:
        """The master took the framework again."""

    def disconnected(self, driver: Any) -> None:
        """The master is lost; the driver looks for it by itself."""

    def processHeartBeat(self, driver: Any) -> None:
        """Never called: the driver watches heartbeats by itself."""

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        """Resources are offered; every offer must be accepted or declined, now or later."""

    def inverseOffers(self, driver: Any, offers: Any) -> None:
        """Resources are asked back."""

    def offerRescinded(self, driver: Any, offerId: Any) -> None:
        """An offer is no longer valid."""

    def inverseOfferRescinded(self, driver: Any, offerId: Any) -> None:
        """An inverse offer is no longer valid."""

    def statusUpdate(self, driver: Any, status: Any) -> None:
        """A task's state; acknowledged when this returns, unless acknowledging is explicit."""

    def operationStatusUpdate(self, driver: Any, status: Any) -> None:
        """An operation's state."""

    def frameworkMessage(self, driver: Any, executorId: Any, slaveId: Any, message: Any) -> None:
        """An executor sent a message, best effort."""

    def slaveLost(self, driver: Any, slaveId: Any) -> None:
        """An agent is lost."""

    def executorLost(self, driver: Any, executorId: Any, slaveId: Any, status: int) -> None:
        """An executor ended, with a raw wait status."""

    def error(self, driver: Any, message: str) -> None:
        """The driver gave up; it is aborted already."""
        print(f"Error from Mesos: {message}", file=sys.stderr)


class Executor:
    """Callbacks of an executor, called one at a time on a thread of the driver."""

    def registered(self, driver: Any, executorInfo: Any, frameworkInfo: Any, slaveInfo: Any) -> None:
        """The agent took the executor for the first time."""

    def reregistered(self, driver: Any, slaveInfo: Any) -> None:
        """A restarted agent took the executor."""

    def disconnected(self, driver: Any) -> None:
        """The agent is lost for now."""

    def launchTask(self, driver: Any, task: Any) -> None:
        """Start a task; nothing else is called until this returns."""

    def launchTaskGroup(self, driver: Any, task_infos: Any) -> None:
        """Start tasks together."""
        for task in task_infos:
            self.launchTask(driver, task)

    def killTask(self, driver: Any, taskId: Any) -> None:
        """Kill a task and report TASK_KILLED."""

    def frameworkMessage(self, driver: Any, message: Any) -> None:
        """The scheduler sent a message, best effort."""

    def shutdown(self, driver: Any) -> None:
        """Kill all tasks; the executor ends."""

    def error(self, driver: Any, message: str) -> None:
        """The driver gave up; it is aborted already."""
        print(f"Error from Mesos: {message}", file=sys.stderr)
