"""A client that shows bytes as they are: one request on one connection, the answer read piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.limits import LIMIT_S


@dataclass
class Answer:
    """The head of an answer, and the connection its body comes on. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def body(self) -> bytes:
        """The body of an answer whose length is told."""
        async with asyncio.timeout(LIMIT_S):
            return await self.reader.readexactly(int(self.headers["content-length"]))

    async def chunk(self) -> bytes:
        """The next chunk; empty after the last."""
        async with asyncio.timeout(LIMIT_S):
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            data = await self.reader.readexactly(size + 2)
        assert data[-2:] == b"\r\n"
        return data[:-2]

    async def records(self, number: int) -> list[bytes]:
        """The next records of a stream that sends no more than these for now."""
        data = b""
        found: list[bytes] = []
        while len(found) < number:
            while b"\n" not in data:
                data += await self._more()
            length, _, data = data.partition(b"\n")
            assert length.isdigit()
            while len(data) < int(length):
                data += await self._more()
            found.append(data[: int(length)])
            data = data[int(length) :]
        assert data == b""
        return found

    async def _more(self) -> bytes:
        data = await self.chunk()
        assert data, "the stream ended"
        return data


@asynccontextmanager
async def asked(
    address: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = "POST"
) -> AsyncIterator[Answer]:
    """Send a request and read the head of its answer."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    fields = {"Host": address, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    try:
        async with asyncio.timeout(LIMIT_S):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines]
        status = int(first.split(" ")[1])
        yield Answer(status, {name.lower(): value for name, value in pairs}, reader, writer)
    finally:
        writer.close()
