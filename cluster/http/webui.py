"""Serves the web page: `/` and `/webui/<file>`. The files are read once, when the daemon starts.

The page may load nothing but what this process serves, and runs no script or style but those in its files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

from cluster.http.answers import not_found, text_answer
from cluster.http.reads import GZIP_FROM_BYTES, shown, takes_gzip
from cluster.http.router import Endpoint
from cluster.http.shared import compress
from cluster.http.v1.callers import Leadership, turned_away

KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",  # may be kept, and is asked for with its ETag
    "Vary": "Accept-Encoding",
}
FOLDER = "webui"
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    packed: bytes | None
    kind: str
    etag: str


def asset(name: str, body: bytes) -> Asset | None:
    """A file to serve; None if it is of no kind that pages consist of."""
    kind = KINDS.get(name.rpartition(".")[2])
    if kind is None:
        return None
    packed = compress(body) if len(body) >= GZIP_FROM_BYTES else None
    return Asset(body, packed, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def assets() -> dict[str, Asset]:
    """The files of the page by name."""
    folder = resources.files("cluster.http") / FOLDER
    found = {
        entry.name: asset(entry.name, entry.read_bytes()) for entry in folder.iterdir() if entry.is_file()
    }
    return {name: one for name, one in found.items() if one is not None}


class WebUi:
    """The endpoints of one master. A master that does not lead sends browsers to the one that does."""

    def __init__(self, leadership: Leadership, read: Callable[[], dict[str, Asset]] = assets) -> None:
        self._leadership = leadership
        self._assets = read()

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "": Endpoint(self._index),
            FOLDER: Endpoint(self._file),
            "page/leader": Endpoint(self._leader),
        }

    async def _index(self, request: web.BaseRequest) -> web.StreamResponse:
        leader = self._leadership()
        elsewhere = turned_away(request, leader) if leader is not None and not leader.is_here else None
        return elsewhere or _send(request, self._assets[INDEX])

    async def _file(self, request: web.BaseRequest) -> web.StreamResponse:
        found = self._assets.get(request.path.rpartition("/")[2])
        return _send(request, found) if found is not None else not_found()

    async def _leader(self, request: web.BaseRequest) -> web.StreamResponse:
        """Who leads, told by every master."""
        leader = self._leadership()
        if leader is None:
            return text_answer(503, "No leading master is known")
        return shown(request, {"address": leader.address, "is_here": leader.is_here})


def _send(request: web.BaseRequest, found: Asset) -> web.Response:
    headers = {**HEADERS, "ETag": found.etag, "Content-Type": found.kind}
    known = (tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(","))
    if found.etag in known:
        return web.Response(status=304, headers=headers)
    if found.packed is not None and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=found.packed, headers=headers)
    return web.Response(body=found.body, headers=headers)
