"""/tasks, /roles, /weights, /quota and other tables of the master that are short, or shown in pages.

Source: reference http-endpoints.md §2, §3.4.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from actors import PID, Runtime
from cluster.http.answers import encode_json
from cluster.http.endpoints.render_roles import roles_view
from cluster.http.endpoints.render_tasks import task_views
from cluster.http.endpoints.walk_master import ANSWER_S, MasterWalk
from cluster.http.queries import slice_of, text_of
from cluster.http.reads import shown, streamed
from cluster.http.router import Endpoint
from cluster.http.shared import Shared
from cluster.master.reading import GetRoles, Roles, TaskRows, WantedTasks

#: How many tasks are shown when nobody says how many.
TASKS_SHOWN = 100


class MasterTables:
    """The tables of one master. `listed_roles`: the only roles there are, if it has a list."""

    def __init__(self, runtime: Runtime, master: PID, listed_roles: frozenset[str] | None) -> None:
        self._runtime = runtime
        self._master = master
        self._listed_roles = listed_roles
        self._walk = MasterWalk(runtime, master)

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "tasks": Endpoint(self._tasks, methods=None),
            "roles": Endpoint(self._roles, methods=None),
        }

    async def _tasks(self, request: web.BaseRequest) -> web.StreamResponse:
        part = slice_of(request, limit=TASKS_SHOWN)
        wanted = WantedTasks(
            offset=part.offset,
            end=part.end,
            is_ascending=request.rel_url.query.get("order") == "asc",
            framework_id=text_of(request, "framework_id"),
            task_id=text_of(request, "task_id"),
        )
        return await streamed(request, Shared(lambda: self._tasks_of(wanted), _no_hit).join())

    async def _tasks_of(self, wanted: WantedTasks) -> AsyncIterator[bytes]:
        _, pages = await self._walk.begin(wanted)
        yield b'{"tasks":['
        comma = b""
        async for rows in pages:
            records = [record for row in rows if isinstance(row, TaskRows) for record in row.records]
            if records:
                yield comma + encode_json(task_views(records))[1:-1]
                comma = b","
        yield b"]}"

    async def _roles(self, request: web.BaseRequest) -> web.Response:
        return shown(request, {"roles": roles_view((await self._get_roles()).roles, self._listed_roles)})

    async def weights(self, request: web.BaseRequest) -> web.Response:
        """Those that were given."""
        weights = (await self._get_roles()).weights
        return shown(request, [{"role": role, "weight": weight} for role, weight in weights])

    async def quota(self, request: web.BaseRequest) -> web.Response:
        """No role has any yet."""
        return shown(request, {"infos": [], "configs": []})

    async def _get_roles(self) -> Roles:
        found: Roles = await self._runtime.ask(self._master, GetRoles(), ANSWER_S)
        return found


def _no_hit() -> None:
    """What was asked for is nobody else's answer."""
