"""What every daemon tells about itself: that it lives, its version, its numbers, its actors.

Source: reference http-endpoints.md §1 and §2 (/health, /version, /__processes__), §6 (/profiler).
"""

from __future__ import annotations

import pwd
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from aiohttp import web

from actors import ActorView, Runtime
from cluster import version
from cluster.http.answers import text_answer
from cluster.http.metrics import Measurements
from cluster.http.reads import shown
from cluster.http.router import Endpoint


class ProcessEndpoints:
    """The endpoints of one process. `delegate` is the actor whose life is the process's health."""

    def __init__(self, runtime: Runtime, delegate: str) -> None:
        self._runtime = runtime
        self._delegate = delegate

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "health": Endpoint(self._health, methods=None),
            "version": Endpoint(self._show_version, methods=None),
            **Measurements(self._runtime.metrics).table(),
            "__processes__": Endpoint(self._processes, methods=None),
            "profiler/start": Endpoint(_no_profiler, methods=None),
            "profiler/stop": Endpoint(_no_profiler, methods=None),
        }

    async def _health(self, request: web.BaseRequest) -> web.Response:
        if self._delegate in self._runtime.by_name:
            return web.Response()
        return text_answer(503, f"{self._delegate} is not running")

    async def _show_version(self, request: web.BaseRequest) -> web.Response:
        return shown(request, version_fields())

    async def _processes(self, request: web.BaseRequest) -> web.Response:
        return shown(request, [_actor(view) for view in self._runtime.view()])


async def _no_profiler(request: web.BaseRequest) -> web.Response:
    """As the original answers when it was built without."""
    return text_answer(400, "There is no profiler in this process")


def _actor(view: ActorView) -> dict[str, object]:
    """`events` is what the original lists there: the messages that wait, which are only counted here."""
    return {
        "id": view.name,
        "kind": view.kind,
        "queue_length": view.queue_length,
        "oldest_s": view.oldest_s,
        "handled": view.handled,
        "events": [],
    }


@cache
def version_fields() -> dict[str, object]:
    """Version and build. The protocol's version stands where tools look for the original's.

    Python is not built, so its source file stands for the build.
    """
    built = Path(version.__file__).stat()
    try:
        user = pwd.getpwuid(built.st_uid).pw_name
    except KeyError:
        user = str(built.st_uid)
    return {
        "version": version.PROTOCOL_VERSION,
        "tepui_version": version.VERSION,
        "build_date": datetime.fromtimestamp(built.st_mtime, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "build_time": float(int(built.st_mtime)),
        "build_user": user,
    }
