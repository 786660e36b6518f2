"""/containers and /monitor/statistics of the agent: what its executors use.

Source: reference http-endpoints.md §4.2, agent.md §13.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil
from aiohttp import web

from actors import NANOS, PID, Runtime, split_address
from cluster.agent.reading import AgentView, ExecutorView, GetAgentView
from cluster.agent.state import Phase
from cluster.containerizer.usage import Usage
from cluster.http.answers import BadRequest
from cluster.http.endpoints.render_amounts import total_milli
from cluster.http.queries import text_of
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.model import ContainerID, ContainerStatus, NetworkInfo, ResourceStatistics, Task, TaskInfo

#: How long the agent may take to answer.
ANSWER_S = 5.0
#: Statistics are read at most this often; requests in between wait for the next reading.
INTERVAL_S = 0.5
MEGABYTE = 1 << 20

#: Reads the usage of containers by name, given the first process of each; called in a thread.
ReadUsage = Callable[[Mapping[str, int]], Mapping[str, Usage]]


@dataclass(frozen=True, slots=True)
class Measured:
    """An executor that runs, and what it uses if that could be read."""

    framework_id: str
    executor: ExecutorView
    statistics: ResourceStatistics | None


class AgentContainers:
    """The endpoints of one agent; also gives the figures to other audiences."""

    def __init__(self, runtime: Runtime, agent: PID, read_usage: ReadUsage) -> None:
        self._runtime = runtime
        self._agent = agent
        self._read_usage = read_usage
        self._next: asyncio.Future[list[Measured]] | None = None
        self._due_ns = 0

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "containers": Endpoint(self._containers, methods=None),
            "monitor/statistics": Endpoint(self._statistics, methods=None),
            "containerizer/debug": Endpoint(self._debug, methods=None),
        }

    async def measured(self) -> list[Measured]:
        """All executors that run, with what they use now."""
        view: AgentView = await self._runtime.ask(self._agent, GetAgentView(), ANSWER_S)
        running = [
            (framework.id, executor)
            for framework in view.frameworks
            for executor in framework.executors
            if executor.phase is not Phase.TERMINATED
        ]
        roots = {e.container_id: e.first_pid for _, e in running if e.first_pid}
        usage = await asyncio.to_thread(self._read_usage, roots)
        now_s = self._runtime.clock.wall()
        return [
            Measured(framework_id, executor, figures(executor, usage.get(executor.container_id), now_s))
            for framework_id, executor in running
        ]

    async def _statistics(self, request: web.BaseRequest) -> web.Response:
        found = await self._next_measurement()
        return shown(
            request,
            [_named(m) | {"statistics": m.statistics} for m in found if m.statistics is not None],
        )

    async def _next_measurement(self) -> list[Measured]:
        """One measurement for all who ask before it begins; two do not begin at the same time."""
        if self._next is None:
            waiting: asyncio.Future[list[Measured]] = asyncio.get_running_loop().create_future()
            self._next = waiting
            wait_s = max(0.0, (self._due_ns - self._runtime.clock.now()) / NANOS)
            self._runtime.clock.call_later(wait_s, lambda: self._begin(waiting))
        return await asyncio.shield(self._next)

    def _begin(self, waiting: asyncio.Future[list[Measured]]) -> None:
        self._next = None
        self._due_ns = self._runtime.clock.now() + int(INTERVAL_S * NANOS)
        task = asyncio.get_running_loop().create_task(self.measured())
        task.add_done_callback(lambda done: _hand_over(done, waiting))

    async def _containers(self, request: web.BaseRequest) -> web.Response:
        wanted = _wanted(request)
        host, _ = split_address(self._agent.address)
        found = [m for m in await self.measured() if wanted(m)]
        return shown(request, [_container(m, host) for m in found])

    async def _debug(self, request: web.BaseRequest) -> web.Response:
        """Operations of the containerizer that take long; there are none that could hang here."""
        return shown(request, {"pending": []})


def _hand_over(done: asyncio.Task[list[Measured]], waiting: asyncio.Future[list[Measured]]) -> None:
    if waiting.cancelled() or done.cancelled():
        return
    if (fault := done.exception()) is not None:
        waiting.set_exception(fault)
    else:
        waiting.set_result(done.result())


def _wanted(request: web.BaseRequest) -> Callable[[Measured], bool]:
    """Which containers are asked for.

    Raises:
        BadRequest: by a mix of ids that names nothing.
    """
    container_id = text_of(request, "container_id")
    framework_id, executor_id = text_of(request, "framework_id"), text_of(request, "executor_id")
    if container_id is not None and (framework_id is not None or executor_id is not None):
        raise BadRequest("query parameter 'container_id': excludes 'framework_id' and 'executor_id'")
    if executor_id is not None and framework_id is None:
        raise BadRequest("query parameter 'executor_id': needs 'framework_id' too")
    return lambda m: (
        container_id in (None, m.executor.container_id)
        and framework_id in (None, m.framework_id)
        and executor_id in (None, m.executor.id)
    )


def _named(measured: Measured) -> dict[str, object]:
    info = measured.executor.info
    return {
        "framework_id": measured.framework_id,
        "executor_id": measured.executor.id,
        "executor_name": info.name or "",
        "source": info.source or "",
    }


def _container(measured: Measured, host: str) -> dict[str, object]:
    executor = measured.executor
    entry = _named(measured) | {
        "container_id": executor.container_id,
        "status": container_status(executor, host),
    }
    if measured.statistics is not None:
        entry["statistics"] = measured.statistics
    return entry


def container_status(executor: ExecutorView, host: str) -> ContainerStatus:
    """Where a container is; `host` is the agent's address, which its containers share."""
    address = NetworkInfo.IPAddress(ip_address=host)
    return ContainerStatus(
        container_id=ContainerID(executor.container_id),
        network_infos=(NetworkInfo(ip_addresses=(address,)),),
        executor_pid=executor.first_pid or None,
    )


def figures(executor: ExecutorView, usage: Usage | None, now_s: float) -> ResourceStatistics | None:
    """What a container uses and may use; None if the first could not be read."""
    if usage is None:
        return None
    resources = executor.resources()
    memory_bytes = int(resources.mem * MEGABYTE)
    return ResourceStatistics(
        timestamp=now_s,
        processes=usage.processes,
        threads=usage.threads,
        cpus_user_time_secs=usage.user_s,
        cpus_system_time_secs=usage.system_s,
        cpus_soft_limit=resources.cpus,
        cpus_limit=_cpus_limit(executor),
        mem_rss_bytes=usage.rss_bytes,
        mem_soft_limit_bytes=memory_bytes,
        mem_limit_bytes=_memory_limit(executor, memory_bytes),
    )


def _memory_limit(executor: ExecutorView, requested_bytes: int) -> int:
    limit = _limit(executor, "mem")
    if limit is None:
        return requested_bytes
    return psutil.virtual_memory().total if math.isinf(limit) else int(limit * MEGABYTE)


def _cpus_limit(executor: ExecutorView) -> float | None:
    limit = _limit(executor, "cpus")
    return float(os.cpu_count() or 1) if limit is not None and math.isinf(limit) else limit


def _limit(executor: ExecutorView, name: str) -> float | None:
    """The limit on all tasks together: with what a task without one asks for; None if no task has one.

    Infinite if one of them may use whatever there is.
    """
    tasks: tuple[TaskInfo | Task, ...] = (*executor.queued, *executor.launched)
    if not any(name in task.limits for task in tasks):
        return None
    return sum(
        task.limits[name].value if name in task.limits else total_milli(task.resources, name) / 1000
        for task in tasks
    )
