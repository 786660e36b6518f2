"""A RecordIO stream of events to one HTTP client.

Whoever has events writes them at any time and never waits: what the client has not taken yet is kept
up to a limit, and a client that falls behind by more than that is cut off. A client that takes nothing
at all is cut off by :class:`cluster.http.guard.StallGuard`.

Source: reference scheduler-executor-api.md §1 (streaming response, RecordIO).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from actors import Runtime, Timer
from cluster.http.shared import let_others
from cluster.http.v1 import recordio

log = logging.getLogger(__name__)

#: Bytes handed to the socket at once. What the guard calls a stall is no progress on so much.
PIECE_BYTES = 256 << 10


class EventStream:
    """Records on their way to one client.

    `ended(reason)` is called once, when nobody will get further records, for whatever cause: `end` was
    called and everything is sent, the client went away, or it was cut off. It may be called from
    within `write`. `limit_bytes`: what may wait for the client; by default the send buffer of peers. A
    record that comes while nothing waits may be larger.
    """

    def __init__(
        self, runtime: Runtime, ended: Callable[[str], object], limit_bytes: int | None = None
    ) -> None:
        self._clock = runtime.clock
        self._metrics = runtime.metrics
        self._metrics.declare("http/event_streams", "http/slow_readers")
        self._limit_bytes = limit_bytes or runtime.limits.send_buffer_bytes
        self._on_ended = ended
        self._opening: deque[bytes] = deque()
        self._records: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._filled = asyncio.Event()
        self._is_ending = False
        self._is_over = False
        self._heartbeat: Timer | None = None
        self._transport: asyncio.Transport | None = None

    # -- for whoever has events ---------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether records that are written now are sent."""
        return not (self._is_ending or self._is_over)

    @property
    def waiting_bytes(self) -> int:
        """What the client has not taken yet, beside what the socket holds."""
        return self._waiting_bytes

    def write(self, record: bytes) -> None:
        """Send a record, without its length; nothing happens when the stream is not open."""
        self.write_framed(recordio.encode(record))

    def write_framed(self, framed: bytes) -> None:
        """As `write`, with the length before the record; many streams can share the bytes."""
        if not self.is_open:
            return
        if self._waiting_bytes and self._waiting_bytes + len(framed) > self._limit_bytes:
            self._cut_off()
            return
        self._records.append(framed)
        self._waiting_bytes += len(framed)
        self._filled.set()

    def open_with(self, pieces: Iterable[bytes]) -> None:
        """Send these bytes before all records: a first record, framed, that is too large for one piece.

        They do not count as waiting, so that records can be written while they are sent. Streams may
        share them. To be called before the first `write`.
        """
        assert not self._records, "records were written before"
        if self.is_open:
            self._opening.extend(pieces)
            self._filled.set()

    def end(self) -> None:
        """End the stream after what was written; harmless when it ended before."""
        self._is_ending = True
        self._stop_heartbeat()
        self._filled.set()

    def heartbeat_every(self, interval_s: float, record: bytes) -> None:
        """Write `record` every `interval_s` seconds from now on, the first one after `interval_s`."""
        self._stop_heartbeat()
        if self.is_open:

            def beat() -> None:
                self.write(record)
                self.heartbeat_every(interval_s, record)

            self._heartbeat = self._clock.call_later(interval_s, beat)

    # -- for the handler of the request -------------------------------------------------------

    async def serve(
        self, request: web.BaseRequest, content_type: str, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """Answer a request with this stream; returns when it ended. To be called once."""
        self._transport = request.transport
        response = web.StreamResponse(
            headers={"Content-Type": content_type, "Cache-Control": "no-store", **(headers or {})}
        )
        self._metrics.count("http/event_streams")
        if self._is_over:
            self._abort()
        try:
            await response.prepare(request)
            await self._send(response)
            self._over("it was ended")
        finally:
            # Reached without the line above when the client is gone: the handler is cancelled then,
            # or a write fails.
            self._over("the client went away")
        return response

    async def _send(self, response: web.StreamResponse) -> None:
        while True:
            if self._opening:
                await _write(response, self._opening.popleft())
                await let_others()  # writing to a fast reader never waits
            elif piece := self._next_piece():
                await _write(response, piece)
                self._waiting_bytes -= len(piece)
            elif self._is_ending:
                return
            else:
                self._filled.clear()
                await self._filled.wait()

    def _next_piece(self) -> bytes:
        """Records to be sent together: as many as fit a piece, or a larger one alone."""
        taken: list[bytes] = []
        size = 0
        while self._records and (not taken or size + len(self._records[0]) <= PIECE_BYTES):
            taken.append(self._records.popleft())
            size += len(taken[-1])
        return taken[0] if len(taken) == 1 else b"".join(taken)

    # -- the end ------------------------------------------------------------------------------

    def _cut_off(self) -> None:
        reason = f"the client reads too slowly: {self._waiting_bytes} bytes wait for it"
        log.warning("closing an event stream: %s", reason)
        self._metrics.count("http/slow_readers")
        self._over(reason)
        self._abort()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _over(self, reason: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._opening.clear()
        self._records.clear()
        self._waiting_bytes = 0
        self.end()  # has `serve` return
        self._on_ended(reason)

    def _stop_heartbeat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    for start in range(0, len(piece), PIECE_BYTES):
        await response.write(memoryview(piece)[start : start + PIECE_BYTES])
