"""Forms of requests and answers, and bodies that come packed."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from actors import Process, bind
from cluster.http import Endpoint, HttpLimits, http_factory
from cluster.http.answers import text_answer
from cluster.http.v1.negotiate import Refused, accepts, answer_codec, read_body, request_codec
from cluster.v1.codec import JSON, PROTOBUF


def test_the_content_type_is_compared_as_a_whole() -> None:
    assert request_codec("application/json") is JSON
    assert request_codec("application/x-protobuf") is PROTOBUF


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "Application/JSON", "", "text/plain", "application/protobuf", "*/*"],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(Refused, match="Content-Type") as caught:
        request_codec(content_type)
    assert caught.value.status == 415


def test_a_missing_content_type_is_a_bad_request() -> None:
    with pytest.raises(Refused, match="Content-Type") as caught:
        request_codec(None)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "application/*",
        "APPLICATION/JSON",
        "application/json;q=0.5",
        "application/json ; q = 0.1, application/x-protobuf",
        "application/x-protobuf,application/json",
        "text/html, */*;q=0.1",
        "application/json;charset=utf-8",
        "application/json;q=1;q=0",
        "*/*;q=0, application/json",
    ],
)
def test_json_comes_first(accept: str | None) -> None:
    assert answer_codec(accept) is JSON


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-protobuf",
        "application/json;q=0, application/x-protobuf",
        "application/json;q=0, */*",
        "application/json;q=0.0,application/*",
        "application/json;q=bad,application/x-protobuf",
    ],
)
def test_protobuf_if_json_is_not_wanted(accept: str) -> None:
    assert answer_codec(accept) is PROTOBUF


@pytest.mark.parametrize(
    "accept",
    [
        "",
        ",;,",
        "text/html",
        "*/*;q=0",
        "application/*;q=0, */*",
        "application/json;q=0",
        "application/jsonx",
        "application/json;q=nan",
    ],
)
def test_neither_is_refused(accept: str) -> None:
    with pytest.raises(Refused, match="Accept") as caught:
        answer_codec(accept)
    assert caught.value.status == 406


def test_accepts_knows_other_types() -> None:
    assert accepts("application/recordio", "application/recordio")
    assert not accepts("application/json", "application/recordio")


async def _show_length(request: web.BaseRequest) -> web.Response:
    try:
        return text_answer(200, f"got {len(await read_body(request))}")
    except Refused as refused:
        return text_answer(refused.status, str(refused))


@asynccontextmanager
async def front() -> AsyncIterator[str]:
    process = Process(sock=bind("127.0.0.1", 0))
    endpoints = {"body": Endpoint(_show_length, frozenset({"POST"}))}
    server = http_factory(process.runtime, "master", endpoints, HttpLimits(body_bytes=100_000))
    await process.listen(http=server)
    try:
        yield f"http://{process.runtime.address}/body"
    finally:
        await process.close()
        await server.close(0.1)


@pytest.mark.parametrize(
    ("body", "headers", "status", "text"),
    [
        (bytes(100_000), {}, 200, "got 100000"),
        (bytes(100_001), {}, 413, "100000"),
        (gzip.compress(bytes(100_000)), {"Content-Encoding": "gzip"}, 200, "got 100000"),
        (gzip.compress(bytes(100_001)), {"Content-Encoding": "gzip"}, 413, "100000"),
        (gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}, 413, "100000"),
        (b"not packed", {"Content-Encoding": "gzip"}, 400, "gzip"),
        (b"", {}, 200, "got 0"),
    ],
    ids=["largest", "too large", "packed", "packed too large", "bomb", "not gzip", "empty"],
)
async def test_bodies_are_unpacked_within_their_limit(
    body: bytes, headers: dict[str, str], status: int, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    packed = gzip.compress(b"x")
    async with front() as url:
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            assert (answer.status, text in await answer.text()) == (status, True)
        headers = {"Content-Encoding": "gzip"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=packed, headers=headers) as answer,
        ):
            assert await answer.text() == "got 1"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
