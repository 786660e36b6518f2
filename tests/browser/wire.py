"""The way between the browser and a master, that a test can cut, and that remembers what went over it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from tests.process.cluster import LOOPBACK

STREAM = re.compile(rb"GET (/page/events\S*) HTTP")


class Connection:
    """One connection of the browser: all that it asked and was answered."""

    def __init__(self) -> None:
        self.asked = b""
        self.answered = b""
        self.stream = -1  # which event stream of all it carries
        self.writers: list[asyncio.StreamWriter] = []
        self.flows: set[asyncio.Task[None]] = set()


class Stream:
    """An event stream as it went over the wire."""

    def __init__(self, target: str, answered: bytes) -> None:
        self.target = target  # of the request: path and query
        self.answered = answered
        self.ids = re.findall(rb"^id: (\S+)$", answered, re.MULTILINE)
        self.kinds = re.findall(rb"^event: (change|reset)$", answered, re.MULTILINE)


class Wire:
    """Forwards bytes to the master until it is cut."""

    def __init__(self, master: str) -> None:
        host, _, port = master.rpartition(":")
        self._master = (host, int(port))
        self._server: asyncio.Server | None = None
        self._port = 0
        self._connections: list[Connection] = []
        self._streams = count()

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self._port}"

    async def restore(self) -> None:
        """Let connections through, from now on."""
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """All connections break, and there are no new ones."""
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            for writer in connection.writers:
                writer.transport.abort()
        flows = [flow for connection in self._connections for flow in connection.flows]
        await asyncio.gather(*flows, return_exceptions=True)

    async def freeze(self) -> None:
        """Nothing comes through the event streams of today any more, and nobody is told."""
        flows = [flow for one in self._connections if STREAM.search(one.asked) for flow in one.flows]
        for flow in flows:
            flow.cancel()
        await asyncio.gather(*flows, return_exceptions=True)

    def streams(self) -> list[Stream]:
        """The event streams so far, the oldest first."""
        found = []
        for connection in sorted(self._connections, key=lambda one: one.stream):
            if match := STREAM.search(connection.asked):
                found.append(Stream(match[1].decode(), connection.answered))
        return found

    def targets(self) -> list[str]:
        """All that was asked for with GET."""
        return [
            target.decode()
            for connection in self._connections
            for target in re.findall(rb"GET (\S+) HTTP", connection.asked)
        ]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection()
        self._connections.append(connection)
        there_reader, there_writer = await asyncio.open_connection(*self._master)
        connection.writers += [writer, there_writer]
        connection.flows = {
            asyncio.create_task(self._flow(connection, reader, there_writer, is_asked=True)),
            asyncio.create_task(self._flow(connection, there_reader, writer, is_asked=False)),
        }

    async def _flow(
        self,
        connection: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        is_asked: bool,
    ) -> None:
        try:
            while data := await reader.read(65536):
                if is_asked:
                    connection.asked += data
                    if connection.stream < 0 and STREAM.search(connection.asked):
                        connection.stream = next(self._streams)
                else:
                    connection.answered += data
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    async def close(self) -> None:
        await self.cut()
        for connection in self._connections:
            for writer in connection.writers:
                try:
                    await writer.wait_closed()
                except ConnectionError:
                    pass


@asynccontextmanager
async def wire(master: str) -> AsyncIterator[Wire]:
    made = Wire(master)
    await made.restore()
    try:
        yield made
    finally:
        await made.close()
