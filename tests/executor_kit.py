"""What the tests of executors share: an agent that records, and the values it hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors import PID, Actor, Message, handles, message
from cluster.model import (
    AgentID,
    AgentInfo,
    Capability,
    CommandInfo,
    ContainerID,
    DurationInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import executor, host
from tests.limits import LIMIT_S

AGENT_NAME = "slave(1)"
FRAMEWORK = FrameworkID("fw")
AGENT_ID = AgentID("a1")


def task(task_id: str, command: str | CommandInfo = "true", **fields: Any) -> TaskInfo:
    """A command task."""
    if isinstance(command, str):
        command = CommandInfo(value=command)
    return TaskInfo(name=task_id, task_id=TaskID(task_id), agent_id=AGENT_ID, command=command, **fields)


def seconds(amount: float) -> DurationInfo:
    """A v1 duration."""
    return DurationInfo(nanoseconds=round(amount * 1e9))


def grace(amount_s: float) -> KillPolicy:
    """A kill policy."""
    return KillPolicy(grace_period=seconds(amount_s))


def environment(executor_id: str, directory: str, *, survives: bool, **more: str) -> dict[str, str]:
    """The environment an agent gives to an executor."""
    return {
        "MESOS_FRAMEWORK_ID": FRAMEWORK.value,
        "MESOS_EXECUTOR_ID": executor_id,
        "MESOS_DIRECTORY": directory,
        "MESOS_SANDBOX": directory,
        "MESOS_SLAVE_ID": AGENT_ID.value,
        "MESOS_CHECKPOINT": "1" if survives else "0",
        **more,
    }


def start(
    name: str, directory: str, *, survives: bool = True, command: CommandInfo | None = None, **more: str
) -> host.StartContainer:
    """An order for the executor ``name`` in a container of the same name."""
    return host.StartContainer(
        container_id=name,
        framework_id=FRAMEWORK.value,
        executor_id=name,
        directory=directory,
        environment=environment(name, directory, survives=survives, **more),
        survives_agent=survives,
        shutdown_grace_s=5.0,
        command=command,
    )


@message("test.executor.Bye")
class Bye(Message, frozen=True):
    """End the fake agent's actor."""


class FakeAgent(Actor):
    """Takes subscriptions, launches what is queued, records everything."""

    def __init__(self, *, acknowledges: bool = True, understands_killing: bool = True) -> None:
        self.acknowledges = acknowledges
        self.answers_subscriptions = True
        self.heard: list[object] = []
        self.host: PID | None = None
        self.executors: dict[str, PID] = {}
        self.queued: dict[str, list[TaskInfo]] = {}
        self.changed = asyncio.Event()
        capability = Capability(type=Capability.Type.TASK_KILLING_STATE)
        self.framework = FrameworkInfo(
            user="root",
            name="test",
            id=FRAMEWORK,
            capabilities=(capability,) if understands_killing else (),
        )

    # -- what tests look at -------------------------------------------------------------------

    def all(self, kind: type) -> list[object]:
        """What came of a type, oldest first."""
        return [heard for heard in self.heard if isinstance(heard, kind)]

    def statuses(self, task_id: str) -> list[TaskStatus]:
        """The updates of a task, without repeated ones."""
        found: dict[bytes, TaskStatus] = {}
        for heard in self.heard:
            if isinstance(heard, executor.Subscribe):
                found.update((s.uuid or b"", s) for s in heard.unacknowledged_updates)
            elif isinstance(heard, executor.Update):
                found[heard.status.uuid or b""] = heard.status
        return [status for status in found.values() if status.task_id.value == task_id]

    def states(self, task_id: str) -> list[str]:
        """The states of a task, without ``TASK_``."""
        return [status.state.value.removeprefix("TASK_") for status in self.statuses(task_id)]

    def last(self, task_id: str) -> TaskStatus:
        """The newest update of a task."""
        return self.statuses(task_id)[-1]

    def has(self, task_id: str, state: TaskState) -> bool:
        """Whether a task was reported in a state."""
        return any(status.state is state for status in self.statuses(task_id))

    def exit_of(self, container_id: str) -> host.ContainerExited | None:
        """How a container ended."""
        for heard in self.heard:
            if isinstance(heard, host.ContainerExited) and heard.container_id == container_id:
                return heard
        return None

    def pid_of(self, container_id: str) -> int | None:
        """The first process of a container."""
        for heard in self.heard:
            if isinstance(heard, host.ContainerStarted) and heard.container_id == container_id:
                return heard.pid
        return None

    async def until(self, reached: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Wait until something that was heard makes ``reached`` true."""
        async with asyncio.timeout(limit_s):
            while not reached():
                self.changed.clear()
                await self.changed.wait()

    # -- what tests do ------------------------------------------------------------------------

    def order(self, message: object) -> None:
        """Send to the executor host."""
        assert self.host is not None
        self.send(self.host, message)

    def run(self, message: host.StartContainer, *tasks: TaskInfo) -> None:
        """Start a container and launch tasks as soon as its executor subscribes."""
        self.queued[message.executor_id] = list(tasks)
        self.order(message)

    def tell(self, executor_id: str, message: object) -> None:
        """Send an event to an executor."""
        self.send(self.executors[executor_id], message)

    # -- messages -----------------------------------------------------------------------------

    def _hear(self, message: object) -> None:
        self.heard.append(message)
        self.changed.set()

    @handles
    def on_host_ready(self, sender: PID, message: host.HostReady) -> None:
        self.host = sender
        self.send(sender, host.HostAccepted())
        self._hear(message)

    @handles
    def on_container_started(self, sender: PID, message: host.ContainerStarted) -> None:
        self._hear(message)

    @handles
    def on_container_exited(self, sender: PID, message: host.ContainerExited) -> None:
        self._hear(message)

    @handles
    def on_subscribe(self, sender: PID, message: executor.Subscribe) -> None:
        self._hear(message)
        name = message.executor_id.value
        self.executors[name] = sender
        if not self.answers_subscriptions:
            return
        self.send(
            sender,
            executor.Subscribed(
                executor_info=ExecutorInfo(executor_id=ExecutorID(name)),
                framework_info=self.framework,
                agent_info=AgentInfo(hostname="here", id=AGENT_ID),
                container_id=ContainerID(name),
            ),
        )
        for status in message.unacknowledged_updates:
            self._acknowledge(sender, status)
        for launched in self.queued.pop(name, ()):
            self.send(sender, executor.Launch(launched))

    @handles
    def on_update(self, sender: PID, message: executor.Update) -> None:
        self._hear(message)
        self._acknowledge(sender, message.status)

    def _acknowledge(self, sender: PID, status: TaskStatus) -> None:
        if self.acknowledges:
            self.send(sender, executor.Acknowledged(status.task_id, status.uuid or b""))

    @handles
    def on_message_to_scheduler(self, sender: PID, message: executor.MessageToScheduler) -> None:
        self._hear(message)
