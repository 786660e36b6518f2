"""The operator API: `POST /api/v1` of the master.

Requests are checked in the order of the reference and answered from what the actor `master` says. Calls
that belong to features which do not exist yet answer 501 with the reason.

Source: reference http-endpoints.md §8.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from actors import PID, Runtime
from cluster.http.endpoints.walk_master import ANSWER_S, MasterWalk
from cluster.http.router import Endpoint
from cluster.http.v1.callers import Authenticate, Caller, Leadership, anybody
from cluster.http.v1.daemon_calls import NOT_MINE, DaemonCalls
from cluster.http.v1.event_stream import EventStream
from cluster.http.v1.gate import master_gate
from cluster.http.v1.negotiate import Refused, answer_codec, call_in
from cluster.http.v1.operator_events import BEHIND_BYTES, Join, Leave, OperatorEvents, Subscriber
from cluster.http.v1.operator_reads import OperatorReads
from cluster.http.v1.operator_state import WANTED
from cluster.http.v1.operator_views import roles
from cluster.master.reading import GetRoles, Roles, Wanted
from cluster.model import ClusterStatus, QuotaStatus, Schedule, WeightInfo
from cluster.protocol import operator as protocol
from cluster.v1.codec import Codec
from cluster.v1.master import Call, Response
from cluster.v1.union import check_member

#: The name of the actor that feeds the subscribers.
EVENTS_NAME = "operator-events"

#: Subscribers at once, unless the operator says otherwise.
MOST_SUBSCRIBERS = 1000

T = Call.Type
A = Response.Type

#: Calls of features that come later, with the reason for which nothing can be done yet.
LATER: dict[T, str] = {
    T.UPDATE_WEIGHTS: "weights cannot be changed while the master runs; use the flag --weights",
    T.RESERVE_RESOURCES: "dynamic reservations are not supported yet",
    T.UNRESERVE_RESOURCES: "dynamic reservations are not supported yet",
    T.CREATE_VOLUMES: "persistent volumes are not supported yet",
    T.DESTROY_VOLUMES: "persistent volumes are not supported yet",
    T.GROW_VOLUME: "persistent volumes are not supported yet",
    T.SHRINK_VOLUME: "persistent volumes are not supported yet",
    T.UPDATE_MAINTENANCE_SCHEDULE: "maintenance is not supported yet",
    T.START_MAINTENANCE: "maintenance is not supported yet",
    T.STOP_MAINTENANCE: "maintenance is not supported yet",
    T.DRAIN_AGENT: "draining is not supported yet",
    T.DEACTIVATE_AGENT: "deactivation of agents is not supported yet",
    T.REACTIVATE_AGENT: "deactivation of agents is not supported yet",
    T.UPDATE_QUOTA: "quota is not supported yet",
    T.SET_QUOTA: "quota is not supported yet",
    T.REMOVE_QUOTA: "quota is not supported yet",
}

Serve = Callable[[Call], Awaitable[Response | None]]


class OperatorApi:
    """The endpoint. `daemon`: the calls that every daemon answers; `most_subscribers`: see OperatorEvents.

    `leadership` tells which master leads: without it, this one.
    """

    def __init__(
        self,
        runtime: Runtime,
        master: PID,
        daemon: DaemonCalls,
        most_subscribers: int = MOST_SUBSCRIBERS,
        listed_roles: frozenset[str] | None = None,
        leadership: Leadership | None = None,
        authenticate: Authenticate = anybody,
    ) -> None:
        self._runtime = runtime
        self._master = master
        self._daemon = daemon
        self._listed_roles = listed_roles
        self._gate = master_gate(runtime, master, leadership, authenticate)
        self._reads = OperatorReads(runtime, master)
        self._events = runtime.spawn(OperatorEvents(master, most_subscribers), EVENTS_NAME)
        self._serve_by_type: dict[T, Serve] = {
            T.GET_OPERATIONS: self._get_operations,
            T.GET_ROLES: self._get_roles,
            T.GET_WEIGHTS: self._get_weights,
            T.GET_MASTER: self._get_master,
            T.GET_MAINTENANCE_STATUS: self._get_maintenance_status,
            T.GET_MAINTENANCE_SCHEDULE: self._get_maintenance_schedule,
            T.GET_QUOTA: self._get_quota,
            T.TEARDOWN: self._tear_down,
            T.MARK_AGENT_GONE: self._mark_agent_gone,
        }

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {"api/v1": Endpoint(self.serve, methods=None)}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        return await self._gate.open(request, self._serve)

    async def _serve(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        call = await call_in(request, Call)
        check_member(call)
        return await self._answer(request, call, answer_codec(request.headers.get("Accept")))

    async def _answer(self, request: web.BaseRequest, call: Call, codec: Codec) -> web.StreamResponse:
        assert call.type is not None
        if call.type is T.SUBSCRIBE:
            return await self._subscribe(request, codec)
        if (kind := _READS.get(call.type)) is not None:
            return await self._reads.answer(request, kind, codec)
        if call.type is T.GET_METRICS:
            return await self._daemon.metrics(request, Response, codec)
        if call.type in LATER:
            raise Refused(501, f"{call.type.value}: {LATER[call.type]}")
        serve = self._serve_by_type.get(call.type)
        response = await serve(call) if serve is not None else await self._of_daemon(call)
        if response is None:
            return web.Response()
        headers = {"Content-Type": codec.content_type, "Cache-Control": "no-store"}
        return web.Response(body=codec.encode(response), headers=headers)

    async def _of_daemon(self, call: Call) -> Response | None:
        response = await self._daemon.answer(call, Response)
        if response is NOT_MINE:
            raise Refused(501, f"type: calls of type {call.type} do not exist")
        return response

    async def _subscribe(self, request: web.BaseRequest, codec: Codec) -> web.StreamResponse:
        def left(reason: str) -> None:
            if self._events in self._runtime.local:  # not when the process ends
                self._runtime.send(self._events, Leave(subscriber))

        subscriber = Subscriber(EventStream(self._runtime, left, BEHIND_BYTES), codec)
        self._runtime.send(self._events, Join(subscriber))
        return await subscriber.stream.serve(request, codec.content_type)

    # -- what is known ------------------------------------------------------------------------

    async def _ask(self, question: object) -> Any:
        return await self._runtime.ask(self._master, question, ANSWER_S)

    async def _roles(self) -> Roles:
        found: Roles = await self._ask(GetRoles())
        return found

    async def _get_operations(self, call: Call) -> Response:
        """The master carries none out yet."""
        return Response(type=A.GET_OPERATIONS, get_operations=Response.GetOperations())

    async def _get_roles(self, call: Call) -> Response:
        found = Response.GetRoles(roles=roles((await self._roles()).roles, self._listed_roles))
        return Response(type=A.GET_ROLES, get_roles=found)

    async def _get_weights(self, call: Call) -> Response:
        infos = tuple(WeightInfo(weight=w, role=role) for role, w in (await self._roles()).weights)
        return Response(type=A.GET_WEIGHTS, get_weights=Response.GetWeights(weight_infos=infos))

    async def _get_master(self, call: Call) -> Response:
        head, _ = await MasterWalk(self._runtime, self._master).begin(Wanted())
        found = Response.GetMaster(
            master_info=head.info, start_time=head.started_s, elected_time=head.elected_s
        )
        return Response(type=A.GET_MASTER, get_master=found)

    async def _get_maintenance_status(self, call: Call) -> Response:
        status = Response.GetMaintenanceStatus(status=ClusterStatus())
        return Response(type=A.GET_MAINTENANCE_STATUS, get_maintenance_status=status)

    async def _get_maintenance_schedule(self, call: Call) -> Response:
        schedule = Response.GetMaintenanceSchedule(schedule=Schedule())
        return Response(type=A.GET_MAINTENANCE_SCHEDULE, get_maintenance_schedule=schedule)

    async def _get_quota(self, call: Call) -> Response:
        """No role has any yet."""
        return Response(type=A.GET_QUOTA, get_quota=Response.GetQuota(status=QuotaStatus()))

    # -- what is ordered ----------------------------------------------------------------------

    async def _tear_down(self, call: Call) -> None:
        assert call.teardown is not None
        answer: protocol.TornDown = await self._ask(protocol.TearDown(call.teardown.framework_id.value))
        if answer.fault:
            raise Refused(400, answer.fault)

    async def _mark_agent_gone(self, call: Call) -> None:
        assert call.mark_agent_gone is not None
        answer: protocol.Done | protocol.Refused = await self._ask(
            protocol.MarkAgentGone(call.mark_agent_gone.agent_id.value)
        )
        if isinstance(answer, protocol.Refused):
            raise Refused(answer.status, answer.why)


_READS = {T(kind.value): kind for kind in WANTED}
