"""The operator API of the agent: `POST /api/v1`.

Requests are checked in the order of the reference and answered from what the agent's actor says. Calls of
features that do not exist yet answer 501 with the reason.

Source: reference http-endpoints.md §9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from actors import PID, Runtime
from cluster.agent.reading import AgentView, GetAgentView, IsRecovering, Recovering
from cluster.http.endpoints.agent_containers import AgentContainers
from cluster.http.router import Endpoint
from cluster.http.v1 import agent_views
from cluster.http.v1.agent_media import Forms, call_in
from cluster.http.v1.callers import Authenticate, Caller, anybody
from cluster.http.v1.daemon_calls import NOT_MINE, DaemonCalls, NotMine
from cluster.http.v1.gate import Gate
from cluster.http.v1.negotiate import Refused
from cluster.v1.agent import Call, Response

#: How long the agent may take to answer.
ANSWER_S = 5.0

T = Call.Type

_NESTED = "containers inside of those of executors do not exist yet"
_ALONE = "containers without an executor do not exist yet"
_ATTACHED = "the streams of containers cannot be attached to yet"
_PROVIDERS = "resource providers do not exist yet"

#: Calls of features that come later, and why they cannot be served.
LATER: Mapping[T, str] = {
    T.LAUNCH_NESTED_CONTAINER: _NESTED,
    T.WAIT_NESTED_CONTAINER: _NESTED,
    T.KILL_NESTED_CONTAINER: _NESTED,
    T.REMOVE_NESTED_CONTAINER: _NESTED,
    T.LAUNCH_NESTED_CONTAINER_SESSION: _NESTED,
    T.ATTACH_CONTAINER_INPUT: _ATTACHED,
    T.ATTACH_CONTAINER_OUTPUT: _ATTACHED,
    T.LAUNCH_CONTAINER: _ALONE,
    T.WAIT_CONTAINER: _ALONE,
    T.KILL_CONTAINER: _ALONE,
    T.REMOVE_CONTAINER: _ALONE,
    T.ADD_RESOURCE_PROVIDER_CONFIG: _PROVIDERS,
    T.UPDATE_RESOURCE_PROVIDER_CONFIG: _PROVIDERS,
    T.REMOVE_RESOURCE_PROVIDER_CONFIG: _PROVIDERS,
    T.MARK_RESOURCE_PROVIDER_GONE: _PROVIDERS,
    T.PRUNE_IMAGES: "images of containers are not supported yet, so there are none to be removed",
}

#: Calls that are answered from one look at the agent.
_READS: Mapping[T, Callable[[AgentView], Response]] = {
    T.GET_STATE: agent_views.state,
    T.GET_TASKS: agent_views.tasks,
    T.GET_EXECUTORS: agent_views.executors,
    T.GET_FRAMEWORKS: agent_views.frameworks,
    T.GET_AGENT: agent_views.agent,
    T.GET_OPERATIONS: agent_views.operations,
    T.GET_RESOURCE_PROVIDERS: agent_views.resource_providers,
}


class AgentApi:
    """The endpoint of one agent. `daemon`: the calls that every daemon answers."""

    def __init__(
        self,
        runtime: Runtime,
        agent: PID,
        daemon: DaemonCalls,
        containers: AgentContainers,
        authenticate: Authenticate = anybody,
    ) -> None:
        self._runtime = runtime
        self._agent = agent
        self._daemon = daemon
        self._containers = containers
        self._gate = Gate(runtime, authenticate, self._ready)

    def table(self) -> dict[str, Endpoint]:
        """The endpoint by path."""
        return {"api/v1": Endpoint(self.serve, methods=None)}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, after the checks of the reference in their order."""
        return await self._gate.open(request, self._serve)

    async def _ready(self, request: web.BaseRequest) -> web.Response | None:
        recovering: Recovering = await self._runtime.ask(self._agent, IsRecovering(), ANSWER_S)
        if recovering.yes:
            raise Refused(503, "The agent has not finished its recovery")
        return None

    async def _serve(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        forms = Forms.of(request)
        call = await call_in(request, forms)
        codec = forms.answer
        if call.type is T.GET_METRICS:
            return await self._daemon.metrics(request, Response, codec)
        response = await self._answer(call)
        if response is None:
            return web.Response()
        headers = {"Content-Type": codec.content_type, "Cache-Control": "no-store"}
        return web.Response(body=codec.encode(response), headers=headers)

    async def _answer(self, call: Call) -> Response | None:
        """What a call is answered; None: with nothing.

        Raises:
            Refused: it cannot be served.
        """
        assert call.type is not None
        if call.type in LATER:
            raise Refused(501, f"{call.type}: {LATER[call.type]}")
        if (read := _READS.get(call.type)) is not None:
            view: AgentView = await self._runtime.ask(self._agent, GetAgentView(), ANSWER_S)
            return read(view)
        if call.type is T.GET_CONTAINERS:
            return agent_views.containers(await self._containers.measured(), self._agent.address)
        answer: Response | NotMine | None = await self._daemon.answer(call, Response)
        if answer is NOT_MINE:
            raise Refused(501, f"type: calls of type {call.type} do not exist")
        return answer
