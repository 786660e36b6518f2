"""Everything a master serves over HTTP to tools and people, but for the scheduler API.

Source: reference http-endpoints.md §1 and §2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from aiohttp import web

from actors import PID, Runtime
from cluster.http.answers import text_answer
from cluster.http.endpoints.master_actions import MasterActions
from cluster.http.endpoints.master_state import MasterState
from cluster.http.endpoints.master_tables import MasterTables
from cluster.http.endpoints.offer_constraints import OfferConstraintsDebug
from cluster.http.file_tree import Attached
from cluster.http.files import FileEndpoints
from cluster.http.flags import flags_table
from cluster.http.loop_lag import NAME as LAG_NAME
from cluster.http.loop_lag import LoopLag
from cluster.http.page.agents import PageAgents
from cluster.http.page.events import page_events
from cluster.http.page.history import PageNow
from cluster.http.page.lists import PageLists
from cluster.http.page.sharing import PageSharing
from cluster.http.router import Endpoint
from cluster.http.v1.callers import Leader, Leadership, turned_away
from cluster.http.v1.daemon_calls import DaemonCalls
from cluster.http.v1.operator_api import MOST_SUBSCRIBERS, OperatorApi
from cluster.http.verbosity import Verbosity
from cluster.http.webui import WebUi

#: Under this path the log of a master is found.
LOG = "/master/log"


def master_endpoints(
    runtime: Runtime,
    master: PID,
    flags: Mapping[str, str],
    *,
    listed_roles: frozenset[str] | None = None,
    log_path: str | None = None,
    leadership: Leadership | None = None,
    verbosity: Verbosity | None = None,
    most_subscribers: int = MOST_SUBSCRIBERS,
) -> dict[str, Endpoint]:
    """The endpoints by path. Without `leadership` the master leads."""
    leads = leadership or partial(Leader, runtime.address, is_here=True)
    tables = MasterTables(runtime, master, listed_roles)
    actions = MasterActions(runtime, master, tables, leads)
    attached = _LogOnly(log_path)
    files = FileEndpoints(attached.find, attached.everything)
    verbosity = verbosity or Verbosity(runtime.clock)
    daemon = DaemonCalls(runtime, master.name, flags, verbosity, files)
    runtime.spawn(LoopLag(), LAG_NAME)
    return {
        **{
            path: _led(endpoint, leads)
            for path, endpoint in {
                **MasterState(runtime, master, flags).table(),
                **tables.table(),
                **actions.table(),
                **PageLists(runtime, master).table(),
                **page_events(runtime, master),
                **PageAgents(runtime, master).table(),
                **PageSharing(runtime, master, listed_roles).table(),
                **PageNow(runtime, master).table(),
                **OperatorApi(runtime, master, daemon, most_subscribers, listed_roles, leads).table(),
            }.items()
        },
        **WebUi(leads).table(),
        **flags_table(flags),
        **files.table(),
        **verbosity.table(),
        **OfferConstraintsDebug(runtime, master).table(),
        "redirect": Endpoint(actions.redirect, methods=None, is_prefix=False),
        "registrar(1)/registry": Endpoint(_no_registry, methods=None),
    }


class _LogOnly:
    """The only file of a master is its log."""

    def __init__(self, log_path: str | None) -> None:
        self._files = {LOG: log_path} if log_path is not None else {}

    async def find(self, path: str) -> Attached | None:
        real = self._files.get(path)
        return Attached(path, real) if real is not None else None

    async def everything(self) -> Mapping[str, str]:
        return self._files


def _led(endpoint: Endpoint, leadership: Leadership) -> Endpoint:
    """The same, answered by the leading master only: others do not even look at the method."""
    return replace(endpoint, elsewhere=lambda request: turned_away(request, leadership()))


async def _no_registry(request: web.BaseRequest) -> web.Response:
    return text_answer(501, "501 Not Implemented: this master keeps no registry yet.")
