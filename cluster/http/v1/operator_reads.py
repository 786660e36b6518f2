"""Large answers of the operator API: many readers at once share one reading of the state.

Source: reference http-endpoints.md §1 (batching), §8.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from actors import PID, Runtime
from cluster.http.endpoints.walk_master import MasterWalk
from cluster.http.reads import GZIP_FROM_BYTES, takes_gzip
from cluster.http.shared import Rendering, Shared, let_others
from cluster.http.v1.operator_state import WANTED, StatePicture, Type
from cluster.v1.codec import JSON, PROTOBUF, Codec
from cluster.v1.descriptors import message_class
from cluster.v1.master import Event, Response


class OperatorReads:
    """Answers GET_STATE and its parts."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        for form in (Response, Event):  # made at its first use, one would hold everything up for 30 ms
            message_class(form)
        self._walk = MasterWalk(runtime, master)
        hit = partial(runtime.metrics.count, "master/http_cache_hits")
        self._shared = {
            (kind, codec.content_type): Shared(partial(self._produce, kind, codec), hit)
            for kind in WANTED
            for codec in (JSON, PROTOBUF)
        }

    async def answer(self, request: web.BaseRequest, kind: Type, codec: Codec) -> web.StreamResponse:
        """Answer a request.

        Raises: ActorGone, AskTimeout: the master does not answer.
        """
        rendering = self._shared[kind, codec.content_type].join()
        transport = request.transport
        abort = transport.abort if transport is not None else lambda: None
        rendering.readers.add(abort)
        try:
            return await self._send(request, rendering, codec)
        finally:
            rendering.readers.discard(abort)

    async def _send(self, request: web.BaseRequest, rendering: Rendering, codec: Codec) -> web.StreamResponse:
        """Send pieces, of which none comes before all are made; so a fault can still be told."""
        headers = {"Content-Type": codec.content_type, "Cache-Control": "no-store"}
        whole = await rendering.whole()
        if whole is not None and len(whole) < GZIP_FROM_BYTES:
            return web.Response(body=whole, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            rendering = rendering.gzipped()
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        async for piece in rendering.pieces():
            if piece:
                await response.write(piece)
                await let_others()  # writing to a fast reader never waits
        await response.write_eof()
        return response

    async def _produce(self, kind: Type, codec: Codec) -> AsyncIterator[bytes]:
        picture = StatePicture(codec, (kind,))
        _, pages = await self._walk.begin(WANTED[kind])
        async for rows in pages:
            picture.add(rows)
        for piece in picture.response(kind):
            yield piece
            await let_others()
