"""What an agent runs: frameworks, executors, tasks. Bookkeeping only.

Source: reference agent.md §3.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from actors import PID
from cluster.agent.history import MAX_TASKS, History
from cluster.allocator import capabilities_of
from cluster.model import (
    Capability,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    Reason,
    Task,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    is_terminal,
)


class Phase(enum.Enum):
    """Where an executor is in its life."""

    REGISTERING = "registering"
    RUNNING = "running"
    TERMINATING = "terminating"
    TERMINATED = "terminated"


@dataclass(slots=True, eq=False)
class AgentTask:
    """A task. `is_sent`: the executor was told to launch it. `kill` is the policy of a wanted kill.

    `statuses`: one for each change of its state, the latest of that state.
    """

    info: TaskInfo
    state: TaskState = TaskState.TASK_STAGING
    is_sent: bool = False
    kill: KillPolicy | None = None
    is_kill_wanted: bool = False
    statuses: tuple[TaskStatus, ...] = ()

    def enter(self, status: TaskStatus) -> None:
        """Take over what a status says."""
        earlier = self.statuses[:-1] if self.statuses and self.state is status.state else self.statuses
        self.statuses = (*earlier, status)
        self.state = status.state

    @property
    def id(self) -> str:
        """The id the framework gave it."""
        return self.info.task_id.value

    @property
    def is_ended(self) -> bool:
        """Whether its last state is a terminal one."""
        return is_terminal(self.state)


@dataclass(slots=True, eq=False)
class Executor:
    """An executor and its container. `pid` is set while it is subscribed.

    `is_command`: made for one command task. `tasks` holds those whose end is not acknowledged yet.
    `completed` are records of those whose end is. `reason` and `words` say why it is being ended, for
    its tasks.
    """

    id: str
    framework_id: str
    info: ExecutorInfo
    container_id: str
    directory: str
    is_command: bool
    phase: Phase = Phase.REGISTERING
    pid: PID | None = None
    tasks: dict[str, AgentTask] = field(default_factory=dict)
    is_started: bool = False  # the host was told
    has_worked: bool = False  # a task was sent to it
    first_pid: int | None = None  # operating system process that leads the container
    reason: Reason | None = None
    words: str = ""
    completed: deque[Task] = field(default_factory=lambda: deque(maxlen=MAX_TASKS))

    def live_tasks(self) -> list[AgentTask]:
        """The tasks that have not ended."""
        return [task for task in self.tasks.values() if not task.is_ended]

    def has_ended(self, task_id: TaskID) -> bool:
        """Whether a task was here whose end is dealt with."""
        return any(task.task_id == task_id for task in self.completed)

    @property
    def is_pointless(self) -> bool:
        """Whether all it was started for has ended, and it would never end by itself."""
        return not self.live_tasks() and (self.is_command or not self.has_worked)


@dataclass(slots=True, eq=False)
class Framework:
    """A framework with executors here."""

    id: str
    info: FrameworkInfo
    is_terminating: bool = False
    executors: dict[str, Executor] = field(default_factory=dict)

    @property
    def checkpoints(self) -> bool:
        """Whether its executors survive the agent."""
        return self.info.checkpoint

    @property
    def dropped_state(self) -> TaskState:
        """The state of a task that did not get through."""
        return self._if_aware(TaskState.TASK_DROPPED)

    @property
    def gone_state(self) -> TaskState:
        """The state of a task whose executor vanished."""
        return self._if_aware(TaskState.TASK_GONE)

    def _if_aware(self, state: TaskState) -> TaskState:
        aware = Capability.Type.PARTITION_AWARE in capabilities_of(self.info)
        return state if aware else TaskState.TASK_LOST


class AgentState:
    """All frameworks of an agent, and what ended."""

    def __init__(self, max_completed: int) -> None:
        self.frameworks: dict[str, Framework] = {}
        self._by_container: dict[str, Executor] = {}
        self.history = History(max_completed)

    def executors(self) -> Iterator[Executor]:
        """All executors; the state may change meanwhile."""
        for framework in list(self.frameworks.values()):
            yield from list(framework.executors.values())

    def executor(self, framework_id: str, executor_id: str) -> Executor | None:
        """An executor by name."""
        framework = self.frameworks.get(framework_id)
        return framework.executors.get(executor_id) if framework is not None else None

    def by_container(self, container_id: str) -> Executor | None:
        """The executor that runs in a container."""
        return self._by_container.get(container_id)

    def task(self, framework_id: str, task_id: str) -> tuple[Executor, AgentTask] | None:
        """A task by name, with its executor."""
        framework = self.frameworks.get(framework_id)
        if framework is None:
            return None
        own = framework.executors.get(task_id)  # a command task's executor has its name
        likely: list[Executor] = (
            [own] if own is not None and own.is_command else list(framework.executors.values())
        )
        for executor in likely:
            task = executor.tasks.get(task_id)
            if task is not None:
                return executor, task
        return None

    def sandbox(self, framework_id: str, executor_id: str) -> str | None:
        """The latest sandbox of an executor that runs or ended not long ago."""
        executor = self.executor(framework_id, executor_id)
        if executor is not None:
            return executor.directory
        return self.history.sandbox(framework_id, executor_id)

    def add_executor(self, executor: Executor) -> None:
        """Index an executor of a known framework."""
        self.history.framework_runs(executor.framework_id)
        self.frameworks[executor.framework_id].executors[executor.id] = executor
        self._by_container[executor.container_id] = executor

    def remove_executor(self, executor: Executor) -> None:
        """An executor is history; so is a framework without executors."""
        framework = self.frameworks[executor.framework_id]
        del framework.executors[executor.id]
        del self._by_container[executor.container_id]
        self.history.executor_ended(framework, executor)
        if not framework.executors:
            del self.frameworks[framework.id]
            self.history.framework_ended(framework)


def task_record(framework_id: str, executor: Executor, task: AgentTask) -> Task:
    """A task as it is reported to a master."""
    info = task.info
    return Task(
        name=info.name,
        task_id=info.task_id,
        framework_id=FrameworkID(framework_id),
        executor_id=None if executor.is_command else executor.info.executor_id,
        agent_id=info.agent_id,
        state=task.state,
        resources=info.resources,
        labels=info.labels,
        discovery=info.discovery,
        container=info.container,
        health_check=info.health_check,
        kill_policy=info.kill_policy,
        limits=info.limits,
    )


def task_view(executor: Executor, task: AgentTask) -> Task:
    """A task as it is shown: with its history, and the user who is named for it."""
    own = task.info.command or (task.info.executor.command if task.info.executor is not None else None)
    record = task_record(executor.framework_id, executor, task)
    return replace(record, statuses=task.statuses, user=own.user if own is not None else None)
