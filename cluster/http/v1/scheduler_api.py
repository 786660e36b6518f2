"""The scheduler API: `POST /api/v1/scheduler` of the master.

Requests are checked in the order of the reference, translated, and passed on to the actor `master` in
the name of the :class:`HttpScheduler` that subscribed. What a call does is decided there.

Source: reference scheduler-executor-api.md §2.
"""

from __future__ import annotations

from itertools import count

from aiohttp import web
from msgspec.structs import replace

from actors import PID, Runtime
from cluster.http.answers import text_answer
from cluster.http.router import Endpoint
from cluster.http.v1.callers import Authenticate, Caller, Leadership, anybody
from cluster.http.v1.gate import master_gate
from cluster.http.v1.http_scheduler import HttpScheduler
from cluster.http.v1.negotiate import Refused, answer_codec, call_in
from cluster.model import FrameworkID
from cluster.protocol.scheduler import Subscribe, UpdateFramework
from cluster.protocol.subscription import GetStanding, Stands
from cluster.v1 import translate_scheduler as translate
from cluster.v1.scheduler import Call

STREAM_ID = "Mesos-Stream-Id"

#: How long the master may take to say how a framework stands.
ANSWER_S = 5.0


class SchedulerApi:
    """The endpoint, and the schedulers that are subscribed through it.

    `leadership` tells which master leads: without it, this one.
    """

    def __init__(
        self,
        runtime: Runtime,
        master: PID,
        leadership: Leadership | None = None,
        authenticate: Authenticate = anybody,
    ) -> None:
        self._runtime = runtime
        self._master = master
        self._gate = master_gate(runtime, master, leadership, authenticate)
        self._connected: dict[str, HttpScheduler] = {}
        self._numbers = count(1)
        runtime.metrics.gauge("http/schedulers", lambda: len(self._connected))

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {"api/v1/scheduler": Endpoint(self.serve, methods=None)}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        return await self._gate.open(request, self._serve)

    async def _serve(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        call = await call_in(request, Call)
        translate.check_call(call, caller.principal)
        if call.type is Call.Type.SUBSCRIBE:
            return await self._subscribe(request, call, caller)
        if call.type is Call.Type.RECONCILE_OPERATIONS:
            answer_codec(request.headers.get("Accept"))
        return await self._pass_on(await self._scheduler_of(request, call, caller), call)

    # -- subscribing --------------------------------------------------------------------------

    async def _subscribe(self, request: web.BaseRequest, call: Call, caller: Caller) -> web.StreamResponse:
        codec = answer_codec(request.headers.get("Accept"))
        if STREAM_ID in request.headers:
            raise Refused(400, f"{STREAM_ID}: must not come with SUBSCRIBE, whose answer gives one")
        message = translate.message_of(_named(call, caller))
        assert isinstance(message, Subscribe)
        scheduler = HttpScheduler(self._runtime, self._master, message, codec, self._connected)
        self._runtime.spawn(scheduler, f"http-scheduler({next(self._numbers)})")
        return await scheduler.stream.serve(request, codec.content_type, {STREAM_ID: scheduler.stream_id})

    # -- all other calls ----------------------------------------------------------------------

    async def _scheduler_of(self, request: web.BaseRequest, call: Call, caller: Caller) -> HttpScheduler:
        """The subscription a call belongs to.

        Raises:
            Refused: there is none, or the request does not prove that it is the client's.
        """
        assert call.framework_id is not None
        framework_id = call.framework_id
        scheduler = self._connected.get(framework_id.value)
        if scheduler is None:
            raise _why_not_here(framework_id, await self._standing(framework_id), caller)
        _check_principal(framework_id, scheduler.principal, caller)
        stream_id = request.headers.get(STREAM_ID)
        if stream_id is None:
            raise Refused(400, f"{STREAM_ID}: is missing; every call but SUBSCRIBE needs it")
        if stream_id != scheduler.stream_id:
            raise Refused(
                400, f"{STREAM_ID}: {stream_id!r} is not the present stream of framework {framework_id}"
            )
        return scheduler

    async def _standing(self, framework_id: FrameworkID) -> Stands:
        answer = await self._runtime.ask(self._master, GetStanding(framework_id), ANSWER_S)
        assert isinstance(answer, Stands)
        return answer

    async def _pass_on(self, scheduler: HttpScheduler, call: Call) -> web.Response:
        message = translate.message_of(call)
        if message is None:
            raise Refused(501, "type: this call is unknown")
        if isinstance(message, UpdateFramework):
            return await self._update(scheduler, message)
        scheduler.call(message)
        return web.Response(status=202)

    async def _update(self, scheduler: HttpScheduler, message: UpdateFramework) -> web.Response:
        answer = await scheduler.update(message)
        if answer is None:
            return text_answer(409, f"Framework {message.framework_id} went away meanwhile")
        return text_answer(400, answer.fault) if answer.fault else web.Response()


def _why_not_here(framework_id: FrameworkID, stands: Stands, caller: Caller) -> Refused:
    """Why a call for a framework that is not subscribed over HTTP is refused."""
    if not stands.is_known:
        return Refused(400, f"framework_id: there is no framework {framework_id}")
    _check_principal(framework_id, stands.principal, caller)
    if not stands.is_connected:
        return Refused(403, f"Framework {framework_id} is not subscribed")
    return Refused(403, f"Framework {framework_id} is not subscribed over HTTP")


def _check_principal(framework_id: FrameworkID, principal: str | None, caller: Caller) -> None:
    if caller.principal is not None and caller.principal != principal:
        raise Refused(
            400,
            f"The authenticated principal {caller.principal!r} is not {principal!r}, that of framework "
            f"{framework_id}",
        )


def _named(call: Call, caller: Caller) -> Call:
    """SUBSCRIBE with the caller's principal, if it left that out."""
    assert call.subscribe is not None
    info = call.subscribe.framework_info
    if caller.principal is None or info.principal is not None:
        return call
    named = replace(call.subscribe, framework_info=replace(info, principal=caller.principal))
    return replace(call, subscribe=named)
