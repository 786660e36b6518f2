"""Which form a request has, which its answer gets, and the body unpacked.

Source: reference scheduler-executor-api.md §1 (Content-Type, Accept), http-endpoints.md §8; Mesos
3rdparty/libprocess/src/http.cpp (Request::acceptsMediaType).
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from cluster.http.bodies import LARGE_BYTES
from cluster.v1.codec import JSON, PROTOBUF, Codec
from cluster.v1.errors import Malformed

T = TypeVar("T", bound=msgspec.Struct)

_CODECS = {codec.content_type: codec for codec in (JSON, PROTOBUF)}


class Refused(Exception):
    """Raised when a request is not served; the text is the body of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def request_codec(content_type: str | None) -> Codec:
    """The form of a request.  The whole header counts: parameters make another type.

    Raises:
        Refused: 400 without the header, 415 for any other type.
    """
    if content_type is None:
        raise Refused(400, "header Content-Type: is missing")
    codec = _CODECS.get(content_type)
    if codec is None:
        types = " or ".join(_CODECS)
        raise Refused(415, f"header Content-Type: expected {types}, got {content_type!r}")
    return codec


def answer_codec(accept: str | None) -> Codec:
    """The form of an answer: JSON if the client takes it, else protobuf.

    Raises:
        Refused: 406 if it takes neither.
    """
    for codec in (JSON, PROTOBUF):
        if accepts(accept, codec.content_type):
            return codec
    raise Refused(406, f"header Accept: allows neither {' nor '.join(_CODECS)}: {accept!r}")


def accepts(accept: str | None, media_type: str) -> bool:
    """Whether a header allows a type: the first range for the type itself, for its group, for all decides."""
    if accept is None:
        return True
    ranges: dict[str, bool] = {}
    for text in accept.split(","):
        name, *parameters = ["".join(part.split()) for part in text.split(";") if part.strip()] or [""]
        ranges.setdefault(name.lower(), _is_above_zero(parameters))
    group, _, _ = media_type.partition("/")
    for name in (media_type, f"{group}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return False


def _is_above_zero(parameters: list[str]) -> bool:
    """Whether the weight lets a type pass; it does if there is none."""
    weights = [text[2:] for text in parameters if text.startswith("q=")]
    if len(weights) != 1:
        return True
    try:
        return float(weights[0]) > 0
    except ValueError:
        return False


async def read_body(request: web.BaseRequest) -> bytes:
    """The body of a request, unpacked; the limit is on its unpacked size.

    Raises:
        Refused: it is too large, too slow, packed in an unknown way, damaged, or ends too early.
    """
    try:
        return await request.read()
    except web.HTTPException as fault:
        raise Refused(fault.status, fault.text or fault.reason) from None
    except RequestPayloadError as fault:
        _, _, reason = str(fault).rpartition("message:")
        raise Refused(400, f"the body cannot be read: {reason.strip()}") from None


async def call_in(request: web.BaseRequest, cls: type[T]) -> T:
    """The call in a request.

    Raises:
        Refused, Malformed: there is none.
    """
    codec = request_codec(request.headers.get("Content-Type"))
    return await decoded(codec, cls, await read_body(request))


async def decoded(codec: Codec, cls: type[T], body: bytes) -> T:
    """What a body says; a large one is read beside the event loop.

    Raises:
        Malformed: it is no value of the type.
    """
    if len(body) <= LARGE_BYTES:
        return codec.decode(cls, body)
    found = await asyncio.to_thread(_decoded, codec, cls, body)
    if isinstance(found, Malformed):
        raise found
    return found


def _decoded(codec: Codec, cls: type[T], body: bytes) -> T | Malformed:
    """As `decoded`. What was read when a fault is found hangs on its traceback, and is dropped here."""
    try:
        return codec.decode(cls, body)
    except Malformed as fault:
        return Malformed(fault.path, fault.sentence)
