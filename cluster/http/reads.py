"""What all endpoints that show something have in common: JSON with a decimal point, jsonp, gzip, streaming.

Source: reference http-endpoints.md §1 (jsonp, gzip, doubles).
"""

from __future__ import annotations

import re

from aiohttp import web

from cluster.http.answers import BadRequest, encode_json
from cluster.http.shared import Rendering, compress, let_others

JSON_TYPE = "application/json"
#: Shorter answers are not compressed.
GZIP_FROM_BYTES = 1024
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.\[\]]{0,199}", re.ASCII)


def callback_of(request: web.BaseRequest) -> str | None:
    """The function that a script wants the answer handed to.

    Raises:
        BadRequest: it is no name of a function, and could be anything.
    """
    name = request.rel_url.query.get("jsonp")
    if name is None:
        return None
    if not _CALLBACK.fullmatch(name):
        raise BadRequest("query parameter 'jsonp': expected the name of a function")
    return name


def takes_gzip(request: web.BaseRequest) -> bool:
    """Whether the client reads gzip.

    Source: RFC 9110 §12.5.3.
    """
    wildcard = False
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        refused = any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
        if coding in ("gzip", "x-gzip"):
            return not refused
        wildcard |= coding == "*" and not refused
    return wildcard


def shown(request: web.BaseRequest, value: object) -> web.Response:
    """A value as JSON, or handed to a function."""
    return body_answer(request, encode_json(value))


def body_answer(request: web.BaseRequest, body: bytes) -> web.Response:
    """JSON that is written already."""
    return _at_once(request, body, callback_of(request), JSON_TYPE)


def _at_once(request: web.BaseRequest, body: bytes, callback: str | None, content_type: str) -> web.Response:
    if callback is not None:
        body = callback.encode() + b"(" + body + b")"
    headers = _headers(callback, content_type)
    if len(body) >= GZIP_FROM_BYTES and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = compress(body)
    return web.Response(body=body, headers=headers)


async def streamed(
    request: web.BaseRequest, rendering: Rendering, content_type: str = JSON_TYPE
) -> web.StreamResponse:
    """An answer that may be long, and is passed on as it is made. Only JSON can be handed to a function."""
    callback = callback_of(request) if content_type == JSON_TYPE else None
    transport = request.transport
    abort = transport.abort if transport is not None else _nothing
    rendering.readers.add(abort)
    try:
        if (body := await rendering.whole()) is not None:
            return _at_once(request, body, callback, content_type)
        return await _stream(request, rendering, callback, content_type)
    finally:
        rendering.readers.discard(abort)


async def _stream(
    request: web.BaseRequest, rendering: Rendering, callback: str | None, content_type: str
) -> web.StreamResponse:
    headers = _headers(callback, content_type)
    pack = callback is None and takes_gzip(request)  # what is put around it would have to be packed too
    if pack:
        headers["Content-Encoding"] = "gzip"
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        if callback is not None:
            await response.write(callback.encode() + b"(")
        async for piece in (rendering.gzipped() if pack else rendering).pieces():
            if piece:
                await response.write(piece)
                await let_others()  # writing to a fast reader never waits
        if callback is not None:
            await response.write(b")")
    except ConnectionError:
        raise
    except Exception:
        if request.transport is not None:  # half an answer must not look like a whole one
            request.transport.abort()
        raise
    await response.write_eof()
    return response


def _headers(callback: str | None, content_type: str) -> dict[str, str]:
    return {
        "Content-Type": content_type if callback is None else "text/javascript",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }


def _nothing() -> None:
    """There is no connection any more."""
