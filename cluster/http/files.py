"""/files/browse, read, download, debug: sandboxes and logs.

What may be looked at is attached under virtual paths: by the process (its log) and by its actors (the
sandboxes of an agent). The disk is touched by threads, never by the event loop.

Source: reference http-endpoints.md §5.
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from aiohttp import web

from cluster.http import file_tree
from cluster.http.answers import BadRequest, text_answer
from cluster.http.file_tree import Attached, FileFault, Found
from cluster.http.queries import text_of
from cluster.http.reads import shown
from cluster.http.router import Endpoint, Handler

#: Finds what is attached under the longest beginning of a virtual path.
Attachment = Callable[[str], Awaitable[Attached | None]]
#: All there is, virtual path to real path.
Attachments = Callable[[], Awaitable[Mapping[str, str]]]

#: Bytes of a download that are read at once.
CHUNK_BYTES = 256 << 10
#: An offset beyond which no file has anything.
MOST_OFFSET = (1 << 63) - 1


class FileEndpoints:
    """The endpoints of one process."""

    def __init__(self, find: Attachment, everything: Attachments) -> None:
        self._find = find
        self._everything = everything

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "files/browse": Endpoint(_told(self._browse), methods=None),
            "files/read": Endpoint(_told(self._read), methods=None),
            "files/download": Endpoint(_told(self._download), methods=None),
            "files/debug": Endpoint(self._debug, methods=None),
        }

    async def locate(self, path: str) -> Found:
        """The file a virtual path names.

        Raises:
            FileFault: there is none.
        """
        normal = "/" + path.strip("/")
        if ".." in normal.split("/"):
            raise FileFault(400, f"path: {path!r} must not hold '..'")
        attached = await self._find(normal)
        if attached is None:
            raise FileFault(404, f"path: there is no file {path!r}")
        return await asyncio.to_thread(file_tree.locate, attached, normal)

    async def _located(self, request: web.BaseRequest) -> Found:
        path = text_of(request, "path")
        if path is None:
            raise FileFault(400, "Expecting 'path=value' in query")
        return await self.locate(path)

    async def _browse(self, request: web.BaseRequest) -> web.StreamResponse:
        entries = await asyncio.to_thread(file_tree.browse, await self._located(request))
        return shown(request, [entry._asdict() | {"mode": stat.filemode(entry.mode)} for entry in entries])

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        offset = _number(request, "offset")
        length = _number(request, "length")
        found = await self._located(request)
        wanted = None if length == -1 else length
        piece = await asyncio.to_thread(file_tree.read, found, offset, wanted)
        is_end = piece.offset + len(piece.data) >= piece.size
        data = file_tree.whole_characters(piece.data, is_end)
        return shown(request, {"offset": piece.offset, "data": data.decode(errors="replace")})

    async def _download(self, request: web.BaseRequest) -> web.StreamResponse:
        found = await self._located(request)
        descriptor, size = await asyncio.to_thread(file_tree.open_file, found)
        try:
            return await _send(request, found, descriptor, size)
        finally:
            os.close(descriptor)

    async def _debug(self, request: web.BaseRequest) -> web.StreamResponse:
        return shown(request, await self._everything())


def _told(handler: Handler) -> Handler:
    """A handler whose faults of files are answers."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except FileFault as fault:
            return text_answer(fault.status, str(fault))

    return serve


async def _send(request: web.BaseRequest, found: Found, descriptor: int, size: int) -> web.StreamResponse:
    """A file as long as it was when it was opened, even if it grows meanwhile."""
    name = os.path.basename(found.virtual)
    response = web.StreamResponse(
        headers={
            "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "Content-Disposition": f"attachment; filename={quoted(name)}",
            "Content-Length": str(size),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
    )
    await response.prepare(request)
    at = 0
    while at < size and request.method != "HEAD":
        piece = await asyncio.to_thread(partial(os.pread, descriptor, min(CHUNK_BYTES, size - at), at))
        if not piece:  # it became shorter: the client must not take this for the whole
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write(piece)
        at += len(piece)
    await response.write_eof()
    return response


def quoted(name: str) -> str:
    """A file name for a header; plain ones as they are."""
    if name and all(c.isascii() and (c.isalnum() or c in "._-") for c in name):
        return name
    kept = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return f'"{kept}"'


def _number(request: web.BaseRequest, name: str) -> int:
    """A number of the query, -1 if it is not there.

    Raises:
        BadRequest: it is no number, or below -1.
    """
    text = text_of(request, name)
    if text is None:
        return -1
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 25):
        raise BadRequest(f"query parameter {name!r}: {text[:30]!r} is not a whole number")
    if (value := int(text)) < -1:
        raise BadRequest(f"query parameter {name!r}: {value} is below -1")
    return min(value, MOST_OFFSET)
