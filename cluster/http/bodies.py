"""The body of a request: within its time, within its size, and unpacked.

The parser hands bodies over as they are sent, so that what is wrong with a packed one is told here.

Source: reference scheduler-executor-api.md §1 (request body); RFC 9110 §8.4, RFC 1952.
"""

from __future__ import annotations

import asyncio
import zlib

from aiohttp import web

#: Packed bodies above this are unpacked beside the event loop.
LARGE_BYTES = 100_000
_GZIP = ("gzip", "x-gzip")
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class BodyFault(ValueError):
    """Raised when a body is not what its Content-Encoding says."""


class BodyTooLarge(ValueError):
    """Raised when a body unpacks to more than is taken."""


class Request(web.BaseRequest):
    """A request whose body is read whole. `body_s`: how long the client may take to send it, in seconds."""

    def __init__(self, body_s: float, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self._body_s = body_s

    async def read(self) -> bytes:
        """The body, unpacked.

        Raises:
            web.HTTPException: 400 it is damaged or cut off, 408 it did not come in time, 413 it is too
                large, 415 it is packed in a way that is not known.
        """
        if self._read_bytes is None:
            announced = self.content_length
            if announced is not None and announced > self._client_max_size:
                raise web.HTTPRequestEntityTooLarge(self._client_max_size, announced)
            coding = coding_of(self)
            try:
                async with asyncio.timeout(self._body_s):
                    packed = await super().read()
            except TimeoutError:
                text = f"the body did not arrive within {self._body_s:g} s"
                raise web.HTTPRequestTimeout(text=text) from None
            self._read_bytes = await _unpacked(packed, coding, self._client_max_size) if coding else packed
        return self._read_bytes


def coding_of(request: web.BaseRequest) -> str:
    """How the body is packed; empty if it is not.

    Raises:
        web.HTTPUnsupportedMediaType: in a way that is not known, or in several.
    """
    given = ",".join(request.headers.getall("Content-Encoding", ())).strip()
    coding = given.lower()
    if coding in ("", "identity"):
        return ""
    if coding not in _WINDOWS:
        text = f"header Content-Encoding: expected gzip, deflate or identity, got {given[:100]!r}"
        raise web.HTTPUnsupportedMediaType(text=text, headers={"Accept-Encoding": "gzip, deflate"})
    return coding


async def _unpacked(packed: bytes, coding: str, most_bytes: int) -> bytes:
    try:
        if len(packed) > LARGE_BYTES:
            return await asyncio.to_thread(unpack, packed, coding, most_bytes)
        return unpack(packed, coding, most_bytes)
    except BodyFault as fault:
        raise web.HTTPBadRequest(text=f"header Content-Encoding: {fault}") from None
    except BodyTooLarge:
        raise web.HTTPRequestEntityTooLarge(most_bytes, most_bytes + 1) from None


def unpack(packed: bytes, coding: str, most_bytes: int) -> bytes:
    """What was packed; several members of gzip after one another count as one.

    Raises:
        BodyFault, BodyTooLarge
    """
    unpacked = bytearray()
    while packed or not unpacked:
        part, packed = _member(packed, coding, most_bytes + 1 - len(unpacked))
        unpacked += part
        if len(unpacked) > most_bytes:
            raise BodyTooLarge
        if not part and not packed:
            break
        if packed and coding not in _GZIP:
            raise BodyFault(f"{len(packed)} bytes follow the end of what is packed with {coding}")
    return bytes(unpacked)


def _member(packed: bytes, coding: str, most_bytes: int) -> tuple[bytes, bytes]:
    """What one member holds, and what follows it; not more than `most_bytes`."""
    unpacker = zlib.decompressobj(_WINDOWS[coding])
    try:
        part = unpacker.decompress(packed, most_bytes)
    except zlib.error as fault:
        raise BodyFault(f"the body is not packed with {coding}: {fault}") from None
    if not unpacker.eof and len(part) < most_bytes:
        raise BodyFault(f"the body ends before what is packed with {coding} does")
    return part, unpacker.unused_data
