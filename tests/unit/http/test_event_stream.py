"""Streams of events to one client: what is kept for it, when it is cut off, how its end is known."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from actors import Process, Timer, bind
from cluster.http import Endpoint, HttpLimits, http_factory
from cluster.http.v1.event_stream import EventStream
from tests.limits import LIMIT_S

LIMIT_BYTES = 4096


class HeldClock:
    """A clock whose calls are run by the test."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> int:
        return 0

    def wall(self) -> float:
        return 0.0

    def call_soon(self, call: Callable[[], object]) -> None:
        raise AssertionError("nothing is to be called soon")

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Timer:
        entry = (delay_s, call)
        self.calls.append(entry)

        class Entry:
            def cancel(_) -> None:
                if entry in self.calls:
                    self.calls.remove(entry)

        return Entry()

    def beat(self) -> float:
        """Run what is due next; how long it was waited for."""
        delay_s, call = self.calls.pop(0)
        call()
        return delay_s


class Served:
    """A process with one stream at `/events`, made when the process is."""

    def __init__(self, process: Process, limit_bytes: int) -> None:
        self.process = process
        self.reasons: list[str] = []
        self.ended = asyncio.Event()
        self.began = asyncio.Event()
        self.stream = EventStream(process.runtime, self._ended, limit_bytes)

    def _ended(self, reason: str) -> None:
        self.reasons.append(reason)
        self.ended.set()

    async def show(self, request: web.BaseRequest) -> web.StreamResponse:
        self.began.set()
        return await self.stream.serve(request, "application/json", {"Mesos-Stream-Id": "s"})

    async def connect(self, receive_buffer: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client that asked for the stream."""
        host, _, port = self.process.runtime.address.rpartition(":")
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(LIMIT_S):
            await self.began.wait()
        return reader, writer

    async def closed(self) -> str:
        """Wait until the stream is over; why it is."""
        async with asyncio.timeout(LIMIT_S):
            await self.ended.wait()
        (reason,) = self.reasons
        assert not self.stream.is_open
        return reason


@asynccontextmanager
async def served(limit_bytes: int = LIMIT_BYTES, stall_s: float = 60.0) -> AsyncIterator[Served]:
    process = Process(sock=bind("127.0.0.1", 0))
    s = Served(process, limit_bytes)
    front = http_factory(process.runtime, "none", {"events": Endpoint(s.show)}, HttpLimits(stall_s=stall_s))
    await process.listen(http=front)
    try:
        yield s
    finally:
        await process.close()
        await front.close(0.1)


async def content(reader: asyncio.StreamReader, chunks: int) -> bytes:
    """The content of the next chunks."""
    data = b""
    async with asyncio.timeout(LIMIT_S):
        for _ in range(chunks):
            size = int(await reader.readuntil(b"\r\n"), 16)
            data += await reader.readexactly(size)
            assert await reader.readexactly(2) == b"\r\n"
    return data


async def turn() -> None:
    """Let whoever is ready run."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)
    await passed.wait()


async def head(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        return await reader.readuntil(b"\r\n\r\n")


async def test_the_head_comes_before_any_record() -> None:
    async with served() as s:
        reader, writer = await s.connect()
        lines = (await head(reader)).split(b"\r\n")
        assert lines[0] == b"HTTP/1.1 200 OK"
        assert {
            b"Content-Type: application/json",
            b"Mesos-Stream-Id: s",
            b"Transfer-Encoding: chunked",
        } <= set(lines)
        writer.close()
        assert await s.closed() == "the client went away"


async def test_records_written_together_go_in_one_chunk() -> None:
    async with served() as s:
        s.stream.write(b"before")
        reader, writer = await s.connect()
        await head(reader)
        assert await content(reader, 1) == b"6\nbefore"
        s.stream.write(b"")
        s.stream.write("ä".encode())
        assert s.stream.waiting_bytes == 6
        assert await content(reader, 1) == b"0\n2\n\xc3\xa4"
        s.stream.end()
        s.stream.write(b"too late")
        assert await content(reader, 1) == b""  # the last chunk
        assert await s.closed() == "it was ended"
        assert s.stream.waiting_bytes == 0
        writer.close()


async def test_a_stream_that_ended_before_it_was_served_still_says_what_it_had_to() -> None:
    async with served() as s:
        s.stream.write(b"error")
        s.stream.end()
        s.stream.end()
        reader, writer = await s.connect()
        await head(reader)
        assert await content(reader, 2) == b"5\nerror"
        assert await s.closed() == "it was ended"
        writer.close()


async def test_a_record_may_be_larger_than_all_that_may_wait() -> None:
    async with served() as s:
        large = b"x" * (300 * LIMIT_BYTES)
        s.stream.write(large)
        reader, writer = await s.connect()
        await head(reader)
        framed = b"%d\n%b" % (len(large), large)
        data = b""
        while len(data) < len(framed):
            data += await content(reader, 1)
        assert data == framed
        writer.close()
        assert await s.closed() == "the client went away"


async def test_a_reader_that_falls_behind_is_cut_off() -> None:
    async with served() as s:
        reader, writer = await s.connect(receive_buffer=4096)
        await head(reader)
        record = b"x" * 1000
        written = 0
        while s.stream.is_open:
            assert written < 100_000_000
            s.stream.write(record)
            assert s.stream.waiting_bytes <= LIMIT_BYTES + len(record) + 5
            written += len(record)
            if written % 100_000 == 0:
                await turn()
        assert (await s.closed()).startswith("the client reads too slowly: ")
        assert s.process.runtime.metrics.snapshot()["http/slow_readers"] == 1
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            while True:
                await content(reader, 1)
        writer.close()


async def test_who_was_cut_off_before_it_was_served_is_served_nothing() -> None:
    async with served() as s:
        for _ in range(3):
            s.stream.write(b"x" * LIMIT_BYTES)
        assert len(s.reasons) == 1
        reader, writer = await s.connect()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await head(reader)
        writer.close()
        assert len(s.reasons) == 1


async def test_a_reader_that_takes_nothing_is_cut_off_after_a_while() -> None:
    async with served(limit_bytes=1 << 30, stall_s=0.1) as s:
        _, writer = await s.connect(receive_buffer=4096)
        for _ in range(50):
            s.stream.write(b"x" * (1 << 20))
        assert await s.closed() == "the client went away"
        writer.close()


async def test_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as s:
        clock = HeldClock()
        monkeypatch.setattr(s.stream, "_clock", clock)
        s.stream.heartbeat_every(15.0, b"beat")
        reader, writer = await s.connect()
        await head(reader)
        for _ in range(2):
            assert clock.beat() == 15.0
            assert await content(reader, 1) == b"4\nbeat"
        s.stream.heartbeat_every(7.0, b"other")
        assert [delay_s for delay_s, _ in clock.calls] == [7.0]
        s.stream.end()
        assert clock.calls == []
        s.stream.heartbeat_every(15.0, b"beat")
        assert clock.calls == []
        writer.close()


async def test_a_stream_without_a_client_has_no_heartbeat() -> None:
    async with served() as s:
        clock = HeldClock()
        s.stream._clock = clock
        s.stream.heartbeat_every(15.0, b"beat")
        _, writer = await s.connect()
        writer.close()
        assert await s.closed() == "the client went away"
        assert clock.calls == []
