"""What operators have the master do, and where the leading master is.

What depends on features that do not exist yet answers 501 and says which.

Source: reference http-endpoints.md §2.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from actors import PID, Runtime
from cluster.http.answers import text_answer, wrong_method
from cluster.http.endpoints.master_tables import MasterTables
from cluster.http.endpoints.walk_master import ANSWER_S
from cluster.http.queries import form_of, required
from cluster.http.reads import shown
from cluster.http.router import READS, Endpoint, Handler
from cluster.http.v1.callers import Leadership
from cluster.protocol.operator import Done, KillTask, Refused, TearDown, TornDown

POST = frozenset({"POST"})

#: Changes that are not possible yet: methods and the reason, by path.
LATER: dict[str, tuple[frozenset[str], str]] = {
    "quota": (frozenset({"POST", "DELETE"}), "quota cannot be changed over HTTP yet"),
    "weights": (frozenset({"PUT"}), "weights cannot be changed over HTTP yet; use the flag --weights"),
    "maintenance/schedule": (POST, "maintenance is not supported yet"),
    "machine/down": (POST, "maintenance is not supported yet"),
    "machine/up": (POST, "maintenance is not supported yet"),
    "reserve": (POST, "dynamic reservations are not supported yet"),
    "unreserve": (POST, "dynamic reservations are not supported yet"),
    "create-volumes": (POST, "persistent volumes are not supported yet"),
    "destroy-volumes": (POST, "persistent volumes are not supported yet"),
}


class MasterActions:
    """The endpoints that change something, with the ones that show the same thing."""

    def __init__(self, runtime: Runtime, master: PID, tables: MasterTables, leadership: Leadership) -> None:
        self._runtime = runtime
        self._master = master
        self._leadership = leadership
        self._reads: dict[str, Handler] = {
            "quota": tables.quota,
            "weights": tables.weights,
            "maintenance/schedule": partial(_constant, {"windows": []}),
        }

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        table = {path: self._later(path) for path in LATER}
        table["teardown"] = Endpoint(self._tear_down, POST)
        table["tasks/kill"] = Endpoint(self._kill, POST)
        table["maintenance/status"] = Endpoint(
            partial(_constant, {"draining_machines": [], "down_machines": []})
        )
        return table

    def _later(self, path: str) -> Endpoint:
        changes, reason = LATER[path]
        read = self._reads.get(path)

        async def serve(request: web.BaseRequest) -> web.StreamResponse:
            if request.method in changes:
                return text_answer(501, f"501 Not Implemented: {reason}.")
            if read is not None and request.method in READS:
                return await read(request)
            return wrong_method(request.method, changes | (READS if read is not None else frozenset()))

        return Endpoint(serve, methods=None)

    async def _tear_down(self, request: web.BaseRequest) -> web.Response:
        framework_id = required(await form_of(request), "frameworkId")
        answer: TornDown = await self._runtime.ask(self._master, TearDown(framework_id), ANSWER_S)
        return text_answer(400, answer.fault) if answer.fault else web.Response()

    async def _kill(self, request: web.BaseRequest) -> web.Response:
        """Kill a task, named like the framework of /teardown: form fields `frameworkId` and `taskId`.

        The original has no such order. 202: its agent is told, and told again when it comes back; the
        framework learns it from the status update. 404: there is no such task. 409: it has ended.
        """
        form = await form_of(request)
        order = KillTask(required(form, "frameworkId"), required(form, "taskId"))
        answer: Done | Refused = await self._runtime.ask(self._master, order, ANSWER_S)
        if isinstance(answer, Refused):
            return text_answer(answer.status, answer.why)
        return web.Response(status=202)

    async def redirect(self, request: web.BaseRequest) -> web.Response:
        """Where the leading master is; any method."""
        leader = self._leadership()
        if leader is None:
            return text_answer(503, "No leading master is known")
        return text_answer(307, headers={"Location": f"//{leader.address}"})


async def _constant(value: object, request: web.BaseRequest) -> web.Response:
    """Something that is always the same for now."""
    return shown(request, value)
