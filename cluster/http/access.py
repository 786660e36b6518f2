"""Who may ask for what: looked at in one place, before a request reaches what serves it.

Two functions are given in: one finds out who asks, one decides what they may do. Without them, everybody may
do everything.

Source: reference http-endpoints.md §1 (auth, method check, non-leading master).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from cluster.http.answers import text_answer, wrong_method
from cluster.http.router import READS, Route
from cluster.http.v1.callers import CALLER, Caller, admitted

#: Finds out who makes a request to a realm: None if they do not say so, or not truly. An answer is sent in
#: place of the usual one (401).
Authenticate = Callable[[web.BaseRequest, str], Caller | web.Response | None]
#: Decides whether a caller may use a method on a path, which comes without the name of the daemon.
Authorize = Callable[[Caller, str, str], bool]

#: Paths that anybody may see: whether the daemon lives and leads, and the page, whose data are elsewhere.
OPEN = frozenset({"", "health", "help", "page/leader", "redirect", "version", "webui"})
#: Realms of paths, where it is not the one for reading.
REALMS = {
    **dict.fromkeys(
        (
            "api/v1", "create-volumes", "destroy-volumes", "logging/toggle", "machine/down", "machine/up",
            "maintenance/schedule", "profiler/start", "profiler/stop", "quota", "reserve", "tasks/kill",
            "teardown", "unreserve", "weights",
        ),
        "readwrite",
    ),
    "api/v1/executor": "executor",
    "api/v1/resource_provider": "resource-provider",
    "api/v1/scheduler": "scheduler",
}  # fmt: skip
#: Paths that take any method as long as nothing is asked of who may do what.
READ_WHEN_AUTHORIZED = frozenset({"containerizer/debug", "containers", "flags", "monitor/statistics"})


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked of callers; nothing, unless functions are given."""

    authenticate: Authenticate | None = None
    authorize: Authorize | None = None


class Door:
    """Lets requests of one process in. `delegate`: its first actor, `master` or `slave(1)`."""

    def __init__(self, delegate: str, access: Access) -> None:
        self._is_master = delegate == "master"
        self._kind = "master" if self._is_master else "agent"
        self._authenticate = access.authenticate
        self._authorize = access.authorize

    def realm(self, path: str) -> str | None:
        """The realm of a path; None if it is in none."""
        if path in OPEN:
            return None
        return f"mesos-{self._kind}-{REALMS.get(path, 'readonly')}"

    def turned_away(self, request: web.BaseRequest, route: Route) -> web.Response | None:
        """The answer to a request that is not let in; None if it is. Then it carries its caller.

        In this order: who asks (401, and 403 for claims without a name), whether this process serves it
        (307, 503), the method (405), whether they may (403).
        """
        caller = Caller()
        realm = self.realm(route.path)
        if realm is not None and self._authenticate is not None:
            found = self._who(request, realm)
            if isinstance(found, web.Response):
                return found
            caller = found
        endpoint = route.endpoint
        if endpoint.elsewhere is not None and (answer := endpoint.elsewhere(request)) is not None:
            return answer
        methods = endpoint.methods
        if self._authorize is not None and route.path in READ_WHEN_AUTHORIZED:
            methods = READS
        if methods is not None and request.method not in methods:
            return wrong_method(request.method, methods)
        request[CALLER] = caller
        if realm is None or self._authorize is None or self._authorize(caller, request.method, route.path):
            return None
        return text_answer(403)

    def _who(self, request: web.BaseRequest, realm: str) -> Caller | web.Response:
        assert self._authenticate is not None
        found = self._authenticate(request, realm)
        if found is None:
            return text_answer(401, headers={"WWW-Authenticate": f'Basic realm="{realm}"'})
        return admitted(request, lambda _: found) if self._is_master else found
