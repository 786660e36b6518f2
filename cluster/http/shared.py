"""Long answers that are made piece by piece and once for all who asked at about the same time.

A request never shares an answer whose making began before it came, so that nobody is told less than what
was known when the question was asked. While one answer is being made, all further requests wait for the
next one.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

#: Pieces are passed on when they are as long as this.
PIECE_BYTES = 128 << 10
#: Bytes of answers that clients still read, before the next answer is made. Those who read the oldest one
#: have `PATIENCE_S` seconds to be through with it; then they are cut off.
MOST_KEPT_BYTES = 256 << 20
PATIENCE_S = 10.0
LOOK_S = 0.05
#: Compression: the cheapest already makes a twentieth of the JSON of a large cluster.
GZIP_LEVEL = 1
GZIP_WINDOW = 31  # the container format of gzip

Produce = Callable[[], AsyncIterator[bytes]]


async def let_others() -> None:
    """Let the event loop do what waits."""
    loop = asyncio.get_running_loop()
    turn: asyncio.Future[None] = loop.create_future()
    loop.call_soon(_end, turn)
    await turn


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


class Rendering:
    """One answer: the pieces so far, and those who wait for more."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._is_over = False
        self._fault: Exception | None = None
        self._news = asyncio.Event()
        self._gzipped: Rendering | None = None
        self._packing: asyncio.Task[None] | None = None
        self._size = 0
        #: How to get rid of the clients that read this.
        self.readers: set[Callable[[], object]] = set()

    async def produce(self, pieces: AsyncIterator[bytes]) -> None:
        """Take the answer from where it is made, in pieces of a good size."""
        gathered: list[bytes] = []
        size = 0
        try:
            async for piece in pieces:
                gathered.append(piece)
                size += len(piece)
                if size >= PIECE_BYTES:
                    self._add(b"".join(gathered))
                    gathered, size = [], 0
            self._is_over = True
            self._add(b"".join(gathered))
        except Exception as fault:
            self._fault = fault
            self._tell()

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        self._tell()

    @property
    def size(self) -> int:
        """Bytes that are kept of it."""
        return self._size + (self._gzipped.size if self._gzipped is not None else 0)

    async def packed(self) -> None:
        """Wait until it is compressed, if anybody wants that."""
        if self._packing is not None:
            await self._packing

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces from the first to the last.

        Raises: what went wrong where they are made.
        """
        at = 0
        while True:
            while at < len(self._pieces):
                at += 1
                yield self._pieces[at - 1]
            if self._fault is not None:
                raise self._fault
            if self._is_over:
                return
            await self._news.wait()

    async def whole(self) -> bytes | None:
        """The whole answer if it is a short one, None if it comes in several pieces."""
        while not self._pieces and self._fault is None:
            await self._news.wait()
        if self._fault is not None and not self._pieces:
            raise self._fault
        return self._pieces[0] if self._is_over and len(self._pieces) == 1 else None

    def gzipped(self) -> Rendering:
        """The same compressed, once for all; the work is done beside the event loop."""
        if self._gzipped is None:
            made = self._gzipped = Rendering()
            work = made.produce(compressed(self.pieces()))
            self._packing = asyncio.get_running_loop().create_task(work)
        return self._gzipped


async def compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces compressed with gzip by a thread, which does not hold Python up."""
    loop = asyncio.get_running_loop()
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    async for piece in pieces:
        if packed := await loop.run_in_executor(None, packer.compress, piece):
            yield packed
    yield packer.flush()


def compress(body: bytes) -> bytes:
    """A short body compressed with gzip."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


class Shared:
    """The answers to one kind of request. `hit` is called when a request shares an answer."""

    def __init__(self, produce: Produce, hit: Callable[[], object]) -> None:
        self._produce = produce
        self._hit = hit
        self._next: Rendering | None = None
        self._running: asyncio.Task[Any] | None = None
        self._kept: list[Rendering] = []

    def join(self) -> Rendering:
        """The answer to a request that came now."""
        if self._next is not None:
            self._hit()
            return self._next
        self._next = Rendering()
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._run())
        return self._next

    async def _run(self) -> None:
        """Make answers, one after the other, while there are requests."""
        try:
            while self._next is not None:
                rendering, self._next = self._next, None
                self._kept.append(rendering)
                await rendering.produce(self._produce())
                await rendering.packed()
                await self._make_room()
        finally:
            self._running = None

    async def _make_room(self) -> None:
        """Wait for those who still read, when they keep too much."""
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + PATIENCE_S
        while self._kept_bytes() > MOST_KEPT_BYTES:
            left_s = give_up_s - loop.time()
            if left_s <= 0:
                for cut_off in list(self._kept.pop(0).readers):
                    cut_off()
                continue
            pause: asyncio.Future[None] = loop.create_future()
            timer = loop.call_later(min(left_s, LOOK_S), _end, pause)
            try:
                await pause
            finally:
                timer.cancel()

    def _kept_bytes(self) -> int:
        self._kept = [kept for kept in self._kept if kept.readers]
        return sum(kept.size for kept in self._kept)
