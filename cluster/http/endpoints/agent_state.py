"""/state of the agent.

Source: reference http-endpoints.md §4.1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from aiohttp import web
from msgspec import UNSET

from actors import PID, Runtime
from cluster.agent.reading import AgentView, ExecutorView, FrameworkView, GetAgentView
from cluster.http.answers import encode_json, text_answer
from cluster.http.endpoints.host_name import HostName
from cluster.http.endpoints.render_agents import attributes, capability_names, full, full_by_role
from cluster.http.endpoints.render_amounts import by_role, number, of_list, of_resources
from cluster.http.endpoints.render_tasks import command_view, role_of, task_view
from cluster.http.endpoints.write_lists import ListWriter, opened
from cluster.http.process import version_fields
from cluster.http.reads import streamed
from cluster.http.router import Endpoint
from cluster.http.shared import Shared, let_others
from cluster.model import AgentInfo, Capability, FrameworkInfo, Resources, TaskInfo
from cluster.validation import framework_roles

#: How long the agent may take to answer.
ANSWER_S = 5.0


class AgentState:
    """The endpoint of one agent."""

    def __init__(self, runtime: Runtime, agent: PID, flags: Mapping[str, str]) -> None:
        self._runtime = runtime
        self._agent = agent
        self._flags = dict(flags)
        self._shared = Shared(self._write, self._hit)
        self._master_name = HostName()

    def table(self) -> dict[str, Endpoint]:
        """The endpoint by path."""
        return {"state": Endpoint(self._show, methods=None)}

    def _hit(self) -> None:
        self._runtime.metrics.count("slave/http_cache_hits")

    async def _show(self, request: web.BaseRequest) -> web.StreamResponse:
        if (await self._view()).is_recovering:
            return text_answer(503, "Agent has not finished recovery")
        return await streamed(request, self._shared.join())

    async def _view(self) -> AgentView:
        found: AgentView = await self._runtime.ask(self._agent, GetAgentView(), ANSWER_S)
        return found

    async def _write(self) -> AsyncIterator[bytes]:
        view = await self._view()
        name = await self._master_name.of(view.master.address) if view.master is not None else None
        yield opened(encode_json(self._head(view) | ({"master_hostname": name} if name else {})))
        lists = ListWriter("frameworks", "completed_frameworks")
        for name in ("frameworks", "completed_frameworks"):
            for framework in getattr(view, name):
                yield lists.items(name, [opened(encode_json(_framework(framework)))])
                executors = ListWriter("executors", "completed_executors")
                for among, executor in [
                    *(("executors", e) for e in framework.executors),
                    *(("completed_executors", e) for e in framework.completed_executors),
                ]:
                    yield executors.items(among, [encode_json(_executor(executor))])
                    await let_others()
                yield executors.end() + b"}"
        yield lists.end() + b"}"

    def _head(self, view: AgentView) -> dict[str, object]:
        info = view.info
        total = Resources.of(info.resources)
        used = [executor.resources() for f in view.frameworks for executor in f.executors]
        shown: dict[str, object] = {
            **version_fields(),
            "start_time": view.started_s,
            "id": info.id.value if info.id is not None else "",
            "pid": str(self._agent),
            "hostname": info.hostname,
            "capabilities": capability_names(view.capabilities),
            "resources": of_resources(total),
            "reserved_resources": by_role(total),
            "unreserved_resources": of_resources(total.unreserved()),
            "reserved_resources_full": full_by_role(total),
            "unreserved_resources_full": full(total.unreserved()),
            "reserved_resources_allocated": _reserved(used),
            "unreserved_resources_allocated": of_resources(*(part.unreserved() for part in used)),
            "resource_providers": [],
            "attributes": attributes(info.attributes),
            "flags": self._flags,
        }
        shown |= _domain(info)
        for name in ("log_dir", "external_log_file"):
            if (value := self._flags.get(name)) is not None:
                shown[name] = value
        return shown


def _reserved(used: list[Resources]) -> dict[str, object]:
    roles = dict.fromkeys(kind.reservation_role for part in used for kind, _ in part)
    return {role: of_resources(*(p.reserved(role) for p in used)) for role in roles if role is not None}


def _domain(info: AgentInfo) -> dict[str, object]:
    return {"domain": info.domain} if info.domain is not None else {}


def _framework(view: FrameworkView) -> dict[str, object]:
    info = view.info
    shown: dict[str, object] = {
        "id": view.id,
        "name": info.name,
        "user": info.user,
        "failover_timeout": number(info.failover_timeout),
        "checkpoint": info.checkpoint,
        "hostname": info.hostname or "",
    }
    if info.principal is not None:
        shown["principal"] = info.principal
    return shown | _roles(info)


def _roles(info: FrameworkInfo) -> dict[str, object]:
    roles = framework_roles(info)
    is_multi = any(c.type is Capability.Type.MULTI_ROLE for c in info.capabilities)
    return {"roles": roles} if is_multi else {"role": roles[0]}


def _executor(view: ExecutorView) -> dict[str, object]:
    info = view.info
    shown: dict[str, object] = {
        "id": view.id,
        "name": info.name or "",
        "source": info.source or "",
        "container": view.container_id,
        "directory": view.directory,
        "resources": of_resources(view.resources()),
        "tasks": [task_view(task) for task in view.launched],
        "queued_tasks": [_queued(task) for task in view.queued],
        "completed_tasks": [task_view(task) for task in (*view.completed, *view.terminated)],
    }
    if info.resources:
        shown["role"] = role_of(info.resources)
    if info.labels is not None:
        shown["labels"] = info.labels.labels
    if info.type is not None:
        shown["type"] = info.type
    return shown


def _queued(task: TaskInfo) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": task.task_id.value,
        "name": task.name,
        "slave_id": task.agent_id.value,
        "resources": of_list(task.resources),
        "role": role_of(task.resources),
        "command": command_view(task.command) if task.command is not None else UNSET,
        "executor_id": task.executor.executor_id.value if task.executor is not None else UNSET,
        "discovery": task.discovery if task.discovery is not None else UNSET,
    }
    return {name: value for name, value in shown.items() if value is not UNSET}
