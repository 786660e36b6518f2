"""Bodies that are packed, damaged, cut off, slow, or large: a status, and a sentence that names the fault."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.http import HttpLimits
from cluster.http.bodies import LARGE_BYTES, BodyFault, BodyTooLarge, unpack
from tests.unit.http.endpoints_kit import Scene, master

JSON = {"Content-Type": "application/json"}
CALL = b'{"type":"GET_HEALTH"}'
HEALTHY = {"type": "GET_HEALTH", "get_health": {"healthy": True}}


def pack(data: bytes) -> bytes:
    """Packed with gzip, always in the same way."""
    return gzip.compress(data, mtime=0)


GZIP = pack(CALL)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIP),
        ("GZip", GZIP),
        ("x-gzip", GZIP),
        ("deflate", zlib.compress(CALL)),
        ("identity", CALL),
        ("", CALL),
        ("gzip", pack(CALL[:5]) + pack(CALL[5:])),
    ],
)
async def test_known_ways_to_pack(coding: str, body: bytes) -> None:
    async with master() as scene:
        answer = await scene.ask("/api/v1", "POST", body, JSON | {"Content-Encoding": coding})
        assert answer.json == HEALTHY


@pytest.mark.parametrize(
    ("coding", "body", "status", "words"),
    [
        ("gzip", GZIP[:-1], 400, "header Content-Encoding: the body ends before what is packed with gzip"),
        ("gzip", GZIP[:12], 400, "header Content-Encoding: the body ends before"),
        ("gzip", b"", 400, "header Content-Encoding: the body ends before"),
        ("gzip", CALL, 400, "header Content-Encoding: the body is not packed with gzip"),
        ("gzip", GZIP + b"more", 400, "header Content-Encoding: the body is not packed with gzip"),
        ("gzip", GZIP[:-8] + b"\0" * 8, 400, "header Content-Encoding: the body is not packed with gzip"),
        ("deflate", zlib.compress(CALL) + b"x", 400, "header Content-Encoding: 1 bytes follow"),
        ("br", CALL, 415, "header Content-Encoding: expected gzip, deflate or identity, got 'br'"),
        ("gzip, gzip", pack(GZIP), 415, "header Content-Encoding: expected gzip, deflate"),
        ("gzip", pack(b" " * 10_000_000), 413, ""),
    ],
)
async def test_bodies_that_are_not_taken(coding: str, body: bytes, status: int, words: str) -> None:
    async with master(limits=HttpLimits(body_bytes=5000)) as scene:
        for path in ("/api/v1", "/teardown"):
            answer = await scene.ask(path, "POST", body, JSON | {"Content-Encoding": coding})
            assert (answer.status, answer.text.startswith(words)) == (status, True), answer.text
        assert scene.runtime.metrics.value("http/failures") == 0


@given(st.binary(max_size=400), st.integers(0, 400), st.sampled_from(["gzip", "deflate"]))
def test_unpacking(data: bytes, at: int, coding: str) -> None:
    packed = pack(data) if coding == "gzip" else zlib.compress(data)
    assert unpack(packed, coding, len(data)) == data
    with pytest.raises(BodyFault):
        unpack(packed[: min(at, len(packed) - 1)], coding, 1000)
    if data:
        with pytest.raises(BodyTooLarge):
            unpack(packed, coding, len(data) - 1)


@asynccontextmanager
async def impatient() -> AsyncIterator[Scene]:
    async with master(limits=HttpLimits(body_s=0.2, linger_s=0.1)) as scene:
        yield scene


@pytest.mark.parametrize("path", ["/api/v1", "/teardown", "/tasks/kill"])
@pytest.mark.parametrize("size", ["Content-Length: 99", "Transfer-Encoding: chunked"])
async def test_slow_bodies(path: str, size: str) -> None:
    """The client never sends the rest, and keeps the connection open."""
    async with impatient() as scene:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{size}\r\n\r\n"
        answer = await scene.raw(head.encode() + b"5\r\n")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"the body did not arrive within 0.2 s" in answer


@pytest.mark.parametrize("path", ["/api/v1", "/teardown"])
async def test_a_body_that_is_announced_as_too_large_is_not_waited_for(path: str) -> None:
    async with master(limits=HttpLimits(linger_s=0.1)) as scene:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        answer = await scene.raw(f"{head}Content-Length: 1000000000000\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 413 ")


# -- large ones -------------------------------------------------------------------------------


async def test_large_calls_are_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[object] = []
    to_thread = asyncio.to_thread

    async def noted(function: Any, *arguments: Any) -> Any:
        threads.append(function)
        return await to_thread(function, *arguments)

    monkeypatch.setattr(asyncio, "to_thread", noted)
    async with master() as scene:
        small, large = CALL, CALL + b" " * LARGE_BYTES
        assert (await scene.ask("/api/v1", "POST", small, JSON)).json == HEALTHY
        assert threads == []
        assert (await scene.ask("/api/v1", "POST", large, JSON)).json == HEALTHY
        assert len(threads) == 1
        packed = pack(json.dumps({"type": "GET_HEALTH", "x": list(range(90_000))}).encode())
        assert len(packed) > LARGE_BYTES
        headers = JSON | {"Content-Encoding": "gzip"}
        assert (await scene.ask("/api/v1", "POST", packed, headers)).json == HEALTHY
        assert len(threads) == 3  # unpacked, then read


async def test_a_large_fault_is_told_like_a_small_one() -> None:
    async with master() as scene:
        answer = await scene.ask("/api/v1", "POST", b'{"type":' + b" " * LARGE_BYTES + b"5}", JSON)
        assert (answer.status, answer.text.startswith("type: ")) == (400, True)
