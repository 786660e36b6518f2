"""What stands before every API: the checks before a call is read, and how refusals are answered.

The order is that of the reference: who asks (401, 403), whether this process can answer (307, 503), the
method (405). Then the API itself looks at the request.

Source: reference scheduler-executor-api.md §2 and §6 (order of the checks), http-endpoints.md §8 and §9.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from actors import PID, ActorGone, AskTimeout, Runtime
from cluster.http.answers import text_answer, wrong_method
from cluster.http.v1.callers import Authenticate, Caller, Leader, Leadership, admitted, turned_away
from cluster.http.v1.negotiate import Refused
from cluster.v1.errors import Malformed

#: Answers a request of somebody who was let in. May raise Refused, Malformed, ActorGone and AskTimeout.
Serve = Callable[[web.BaseRequest, Caller], Awaitable[web.StreamResponse]]
#: Says why a process cannot answer, or sends the request elsewhere; None: it can. May raise the same.
Ready = Callable[[web.BaseRequest], Awaitable[web.Response | None]]


class Gate:
    """Lets requests to one API in. `admit` is an `Authenticate` that may turn away those it knows, too."""

    def __init__(self, runtime: Runtime, admit: Authenticate, ready: Ready) -> None:
        self._metrics = runtime.metrics
        self._admit = admit
        self._ready = ready

    async def open(self, request: web.BaseRequest, serve: Serve) -> web.StreamResponse:
        """The answer to a request."""
        caller = self._admit(request)
        if not isinstance(caller, Caller):
            return caller
        try:
            elsewhere = await self._ready(request)
            if elsewhere is not None:
                return elsewhere
            if request.method != "POST":
                return wrong_method(request.method, ("POST",))
            return await serve(request, caller)
        except Refused as refusal:
            return self._refused(refusal.status, str(refusal))
        except Malformed as fault:
            return self._refused(fault.http_status, str(fault))
        except (ActorGone, AskTimeout) as fault:
            return text_answer(503, str(fault))

    def _refused(self, status: int, text: str) -> web.Response:
        if status < 500:  # the client's fault
            self._metrics.count("http/bad_requests")
        return text_answer(status, text)


def master_gate(
    runtime: Runtime, master: PID, leadership: Leadership | None, authenticate: Authenticate
) -> Gate:
    """The gate of a master's API. Without `leadership`, the actor `master` of this process leads."""

    def alone() -> Leader:
        return Leader(runtime.address, is_here=True, is_recovered=master in runtime.local)

    leader = leadership or alone

    def admit(request: web.BaseRequest) -> Caller | web.Response:
        return admitted(request, authenticate)

    async def ready(request: web.BaseRequest) -> web.Response | None:
        return turned_away(request, leader())

    return Gate(runtime, admit, ready)
