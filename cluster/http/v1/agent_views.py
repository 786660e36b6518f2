"""What an agent knows, as its operator API shows it. Pure.

Source: reference http-endpoints.md §9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actors import split_address
from cluster.agent.reading import AgentView, ExecutorView, FrameworkView
from cluster.http.endpoints.agent_containers import Measured, container_status
from cluster.model import ContainerID, ExecutorID, FrameworkID, Task, TaskInfo, TaskState
from cluster.v1.agent import Response

Type = Response.Type
Executor = Response.GetExecutors.Executor
Framework = Response.GetFrameworks.Framework
Container = Response.GetContainers.Container


def state(view: AgentView) -> Response:
    """GET_STATE: the next three together."""
    found = Response.GetState(
        get_tasks=_tasks(view), get_executors=_executors(view), get_frameworks=_frameworks(view)
    )
    return Response(type=Type.GET_STATE, get_state=found)


def tasks(view: AgentView) -> Response:
    """GET_TASKS."""
    return Response(type=Type.GET_TASKS, get_tasks=_tasks(view))


def executors(view: AgentView) -> Response:
    """GET_EXECUTORS."""
    return Response(type=Type.GET_EXECUTORS, get_executors=_executors(view))


def frameworks(view: AgentView) -> Response:
    """GET_FRAMEWORKS."""
    return Response(type=Type.GET_FRAMEWORKS, get_frameworks=_frameworks(view))


def agent(view: AgentView) -> Response:
    """GET_AGENT."""
    return Response(type=Type.GET_AGENT, get_agent=Response.GetAgent(agent_info=view.info))


def operations(view: AgentView) -> Response:
    """GET_OPERATIONS: agents carry none out yet."""
    return Response(type=Type.GET_OPERATIONS, get_operations=Response.GetOperations())


def resource_providers(view: AgentView) -> Response:
    """GET_RESOURCE_PROVIDERS: agents have none yet."""
    found = Response.GetResourceProviders()
    return Response(type=Type.GET_RESOURCE_PROVIDERS, get_resource_providers=found)


def containers(measured: Iterable[Measured], address: str) -> Response:
    """GET_CONTAINERS, of an agent at `ip:port`; there are no nested and no standalone ones yet."""
    host, _ = split_address(address)
    found = tuple(_container(one, host) for one in measured)
    return Response(type=Type.GET_CONTAINERS, get_containers=Response.GetContainers(containers=found))


def _frameworks(view: AgentView) -> Response.GetFrameworks:
    return Response.GetFrameworks(
        frameworks=tuple(Framework(framework_info=one.info) for one in view.frameworks),
        completed_frameworks=tuple(Framework(framework_info=one.info) for one in view.completed_frameworks),
    )


def _executors(view: AgentView) -> Response.GetExecutors:
    return Response.GetExecutors(
        executors=tuple(Executor(executor_info=one.info) for f in view.frameworks for one in f.executors),
        completed_executors=tuple(
            Executor(executor_info=one.info) for f in _all(view) for one in f.completed_executors
        ),
    )


def _tasks(view: AgentView) -> Response.GetTasks:
    """Tasks that wait for a decision of the agent do not exist here: it decides at once."""
    running = [one for f in view.frameworks for one in f.executors]
    ended = [one for f in _all(view) for one in f.completed_executors]
    return Response.GetTasks(
        queued_tasks=tuple(
            _queued(f.id, info) for f in view.frameworks for one in f.executors for info in one.queued
        ),
        launched_tasks=tuple(task for one in running for task in one.launched),
        terminated_tasks=tuple(task for one in (*running, *ended) for task in one.terminated),
        completed_tasks=tuple(task for one in (*running, *ended) for task in one.completed),
    )


def _all(view: AgentView) -> Iterator[FrameworkView]:
    yield from view.frameworks
    yield from view.completed_frameworks


def _queued(framework_id: str, info: TaskInfo) -> Task:
    """A task that waits for its executor to subscribe."""
    own = info.command or (info.executor.command if info.executor is not None else None)
    return Task(
        name=info.name,
        task_id=info.task_id,
        framework_id=FrameworkID(framework_id),
        executor_id=info.executor.executor_id if info.executor is not None else None,
        agent_id=info.agent_id,
        state=TaskState.TASK_STAGING,
        resources=info.resources,
        labels=info.labels,
        discovery=info.discovery,
        container=info.container,
        health_check=info.health_check,
        kill_policy=info.kill_policy,
        user=own.user if own is not None else None,
        limits=info.limits,
    )


def _container(measured: Measured, host: str) -> Container:
    executor: ExecutorView = measured.executor
    return Container(
        framework_id=FrameworkID(measured.framework_id),
        executor_id=ExecutorID(executor.id),
        executor_name=executor.info.name or "",
        container_id=ContainerID(executor.container_id),
        container_status=container_status(executor, host),
        resource_statistics=measured.statistics,
    )
