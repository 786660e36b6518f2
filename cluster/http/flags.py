"""/flags: the options a process runs with.

Source: reference http-endpoints.md §2.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from cluster.http.reads import shown
from cluster.http.router import Endpoint


def flags_table(flags: Mapping[str, str]) -> dict[str, Endpoint]:
    """The endpoint by path."""

    async def show(request: web.BaseRequest) -> web.Response:
        return shown(request, {"flags": flags})

    return {"flags": Endpoint(show, methods=None)}
