"""Reading the state of an agent: questions, and the frozen values of their answers.

The questions stay in the process, so answers carry values as they are. An agent runs what one host can,
so its whole state is one answer, which shares what it can with the agent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actors import PID
from cluster.agent.registration import CAPABILITIES, Standing
from cluster.agent.state import AgentState, Executor, Phase, task_view
from cluster.model import AgentCapability, AgentInfo, ExecutorInfo, FrameworkInfo, Resources, Task, TaskInfo
from cluster.version import PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class GetAgentView:
    """Asks for everything the agent knows; answered with `AgentView`."""


@dataclass(frozen=True, slots=True)
class IsRecovering:
    """Asks whether the agent still waits for executors of its last run; answered with `Recovering`."""


@dataclass(frozen=True, slots=True)
class Recovering:
    """See `IsRecovering`."""

    yes: bool


@dataclass(frozen=True, slots=True)
class ExecutorView:
    """An executor that runs or ended, with its tasks.

    `queued` wait for it to subscribe, `launched` were sent to it, the end of `terminated` is not
    acknowledged yet, that of `completed` is. `first_pid` leads its container.
    """

    id: str
    info: ExecutorInfo
    container_id: str
    directory: str
    phase: Phase
    is_command: bool
    first_pid: int | None
    queued: tuple[TaskInfo, ...]
    launched: tuple[Task, ...]
    terminated: tuple[Task, ...]
    completed: tuple[Task, ...]

    def resources(self) -> Resources:
        """What the container is for: the executor and those of its tasks that have not ended."""
        total = Resources.of(self.info.resources)
        for tasks in (self.queued, self.launched):
            for task in tasks:
                total = total + Resources.of(task.resources)
        return total


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """A framework that has executors here, or had."""

    id: str
    info: FrameworkInfo
    executors: tuple[ExecutorView, ...]
    completed_executors: tuple[ExecutorView, ...]


@dataclass(frozen=True, slots=True)
class AgentView:
    """The agent. `info.id` is None before it registered first; `started_s` since the epoch.

    `master`: the one it is registered with. `max_completed`: how many ended executors of a framework it
    remembers.
    """

    info: AgentInfo
    version: str
    capabilities: tuple[AgentCapability, ...]
    started_s: float
    is_recovering: bool
    frameworks: tuple[FrameworkView, ...]
    completed_frameworks: tuple[FrameworkView, ...]
    master: PID | None = None
    max_completed: int = 0


def agent_view(
    state: AgentState, info: AgentInfo, standing: Standing, started_s: float, master: PID | None = None
) -> AgentView:
    """The agent as it is now."""
    history = state.history
    return AgentView(
        info=info,
        version=PROTOCOL_VERSION,
        capabilities=CAPABILITIES,
        started_s=started_s,
        is_recovering=standing is Standing.RECOVERING,
        frameworks=tuple(
            FrameworkView(f.id, f.info, _views(f.executors.values()), _views(history.executors(f.id)))
            for f in state.frameworks.values()
        ),
        completed_frameworks=tuple(
            FrameworkView(framework_id, described, (), _views(history.executors(framework_id)))
            for framework_id, described in history.frameworks()
        ),
        master=master,
        max_completed=history.max_executors,
    )


def _views(executors: Iterable[Executor]) -> tuple[ExecutorView, ...]:
    return tuple(_view(executor) for executor in executors)


def _view(executor: Executor) -> ExecutorView:
    def records(*, are_ended: bool) -> tuple[Task, ...]:
        return tuple(
            task_view(executor, task)
            for task in executor.tasks.values()
            if task.is_ended is are_ended and (are_ended or task.is_sent)
        )

    return ExecutorView(
        id=executor.id,
        info=executor.info,
        container_id=executor.container_id,
        directory=executor.directory,
        phase=executor.phase,
        is_command=executor.is_command,
        first_pid=executor.first_pid,
        queued=tuple(t.info for t in executor.tasks.values() if not t.is_sent and not t.is_ended),
        launched=records(are_ended=False),
        terminated=records(are_ended=True),
        completed=tuple(executor.completed),
    )
