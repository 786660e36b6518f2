"""The HTTP front on a real port: what it serves, and what it makes of odd requests."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import aiohttp
import pytest
from aiohttp import web

from actors import PID, Actor, Message, Process, bind, handles, message
from cluster.http import Endpoint, HttpFront, HttpLimits, ask, http_factory
from cluster.http.guard import StallGuard
from tests.limits import LIMIT_S


@message("test.http.Count")
class Count(Message, frozen=True):
    """Asks to count from `after`."""

    limit: int
    after: str = ""
    loud: bool = False


@message("test.http.Counted")
class Counted(Message, frozen=True):
    """What was asked, back."""

    limit: int
    after: str
    loud: bool
    share: float


@message("test.http.Leave")
class Leave(Message, frozen=True):
    """Makes the actor end without an answer."""


@message("test.http.Ignore")
class Ignore(Message, frozen=True):
    """Is not answered."""


@message("test.http.Refuse")
class Refuse(Message, frozen=True):
    """Is answered with a refusal."""


@message("test.http.Refused")
class Refused(Message, frozen=True):
    """An answer with a status of its own."""

    http_status: ClassVar[int] = 409
    why: str


class Counter(Actor):
    """Answers over HTTP."""

    routes: ClassVar[dict[str, type]] = {
        "count": Count,
        "a/b/count": Count,
        "leave": Leave,
        "ignore": Ignore,
        "refuse": Refuse,
    }

    @handles
    def on_count(self, sender: PID, message: Count) -> None:
        self.send(sender, Counted(message.limit, message.after, message.loud, 4.0))

    @handles
    def on_leave(self, sender: PID, message: Leave) -> None:
        self.terminate()

    @handles
    def on_ignore(self, sender: PID, message: Ignore) -> None:
        """Says nothing."""

    @handles
    def on_refuse(self, sender: PID, message: Refuse) -> None:
        self.send(sender, Refused("busy"))


class Served:
    """A process with an actor `slave(1)` as delegate and one called `other/1`."""

    def __init__(self, process: Process, front: HttpFront, client: aiohttp.ClientSession) -> None:
        self.process = process
        self.runtime = process.runtime
        self.front = front
        self.client = client
        self.host, _, port = self.runtime.address.rpartition(":")
        self.port = int(port)

    async def get(self, path: str, method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
        url = f"http://{self.runtime.address}{path}"
        async with self.client.request(method, url) as answer:
            return answer.status, await answer.text(), answer.headers

    async def json(self, path: str) -> Any:
        status, text, headers = await self.get(path)
        assert status == 200, text
        assert headers["Content-Type"] == "application/json"
        return json.loads(text)

    async def raw(self, data: bytes) -> bytes:
        """Everything that comes back for these bytes until the connection is closed."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(data)
            async with asyncio.timeout(LIMIT_S):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def served(
    endpoints: Mapping[str, Endpoint] | None = None, limits: HttpLimits | None = None
) -> AsyncIterator[Served]:
    process = Process(sock=bind("127.0.0.1", 0))
    process.runtime.spawn(Counter(), "slave(1)")
    process.runtime.spawn(Counter(), "other/1")
    front = http_factory(process.runtime, "slave(1)", endpoints, limits)
    await process.listen(http=front)
    async with aiohttp.ClientSession() as client:
        try:
            yield Served(process, front, client)
        finally:
            await process.close()
            await front.close(0.1)


# -- what every daemon serves -----------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/slave(1)", "/slave%281%29"])
async def test_health_and_version(prefix: str) -> None:
    async with served() as s:
        assert (await s.get(f"{prefix}/health"))[:2] == (200, "")
        version = await s.json(f"{prefix}/version")
        assert version["version"] == "1.11.0"
        assert set(version) == {"version", "tepui_version", "build_date", "build_time", "build_user"}


async def test_a_process_without_its_delegate_is_not_healthy() -> None:
    async with served() as s:
        s.runtime.terminate(PID("slave(1)", s.runtime.address))
        assert (await s.get("/health"))[:2] == (503, "slave(1) is not running")


async def test_metrics_are_doubles() -> None:
    async with served() as s:
        s.runtime.metrics.gauge("test/endless", lambda: float("inf"))
        s.runtime.metrics.gauge("test/nothing", lambda: float("nan"))
        _, text, _ = await s.get("/metrics/snapshot?timeout=5secs")
        assert '"actors/count":2.0' in text
        assert json.loads(text)["test/endless"] == "Infinity"
        assert "test/nothing" not in text


async def test_a_bad_timeout_is_named() -> None:
    async with served() as s:
        status, text, _ = await s.get("/metrics/snapshot?timeout=soon")
        assert status == 400
        assert text.startswith("query parameter 'timeout': 'soon' is not a duration")


async def test_processes() -> None:
    async with served() as s:
        await s.json("/count?limit=1")
        other, own = await s.json("/__processes__")
        assert other["id"] == "other/1"
        assert own == {
            "id": "slave(1)",
            "kind": "Counter",
            "queue_length": 0,
            "oldest_s": 0.0,
            "handled": {"test.http.Count": 1},
            "events": [],
        }


@pytest.mark.parametrize("path", ["/", "/slave(1)"])
async def test_the_page_links_to_what_is_there(path: str) -> None:
    async with served() as s:
        status, text, headers = await s.get(path)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert '<a href="/slave%281%29/count">/slave(1)/count</a>' in text
        assert '<a href="/metrics/snapshot">' in text


async def test_messages_arrive_at_the_same_port() -> None:
    async with served() as s:
        asker = Process()
        try:
            answer = await asker.runtime.ask(PID("other/1", s.runtime.address), Count(3))
            assert answer == Counted(3, "", False, 4.0)
            assert (await s.get("/health"))[0] == 200
        finally:
            await asker.close()


# -- routes of actors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/count", "/slave(1)/count", "/slave%281%29/count/", "/other/1/count", "/a/b/count", "//count"]
)
async def test_routes_of_actors(path: str) -> None:
    async with served() as s:
        answer = await s.json(f"{path}?limit=3&after=a%20b&loud=true&unknown=1")
        assert answer == {"limit": 3, "after": "a b", "loud": True, "share": 4.0}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "query: Object missing required field `limit`"),
        ("?limit=many", "query parameter 'limit': Expected `int`"),
        ("?limit=1&loud=perhaps", "query parameter 'loud': Expected `bool`"),
        ("?limit=1&limit=2", "query parameter 'limit': Expected `int`, got `array`"),
    ],
)
async def test_a_bad_query_names_the_field(query: str, words: str) -> None:
    async with served() as s:
        status, text, _ = await s.get(f"/count{query}")
        assert status == 400
        assert text.startswith(words)
        assert s.runtime.metrics.value("http/bad_requests") == 1


async def test_an_answer_may_have_a_status() -> None:
    async with served() as s:
        assert (await s.get("/refuse"))[:2] == (409, '{"why":"busy"}')


async def test_an_actor_that_ends_or_says_nothing_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "ANSWER_S", 0.05)
    async with served() as s:
        status, text, _ = await s.get("/ignore")
        assert (status, "no answer" in text) == (503, True)
        assert (await s.get("/leave"))[0] == 503
        assert (await s.get("/leave"))[0] == 404


# -- paths and methods ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nothing", "/slave(1)/nothing", "/other", "/other/1", "/count/x"])
async def test_unknown_paths(path: str) -> None:
    async with served() as s:
        status, text, headers = await s.get(path)
        assert (status, text) == (404, "404 Not Found.")
        assert headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", [b"/../health", b"/slave(1)/../health", b"/%2e%2e/health", b"/./health"])
async def test_no_way_up(path: bytes) -> None:
    async with served() as s:
        answer = await s.raw(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.0 404 ")


async def test_the_wrong_method() -> None:
    async with served() as s:
        status, text, headers = await s.get("/count?limit=1", "POST")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
        assert text == "405 Method Not Allowed. Expecting one of { 'GET', 'HEAD' }, but received 'POST'."
        assert (await s.get("/health", "POST"))[0] == 200


async def test_head_has_no_body() -> None:
    async with served() as s:
        status, text, headers = await s.get("/version", "HEAD")
        assert (status, text) == (200, "")
        assert int(headers["Content-Length"]) > 0


# -- endpoints of other files -----------------------------------------------------------------


def fails(error: Exception) -> Callable[[web.BaseRequest], Any]:
    async def handler(request: web.BaseRequest) -> web.Response:
        raise error

    return handler


async def test_a_failure_is_500_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async with served({"broken": Endpoint(fails(ValueError("a bug")))}) as s:
        assert (await s.get("/broken"))[:2] == (500, "500 Internal Server Error: a bug")
        assert s.runtime.metrics.value("http/failures") == 1
        assert (await s.get("/slave(1)/broken"))[0] == 500
    assert "GET /broken failed" in caplog.text


async def test_a_body_beyond_the_limit() -> None:
    async def length(request: web.BaseRequest) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    table = {"length": Endpoint(length, frozenset({"POST"}))}
    async with served(table, HttpLimits(body_bytes=1000)) as s:
        url = f"http://{s.runtime.address}/length"
        async with s.client.post(url, data=b"x" * 1000) as answer:
            assert await answer.text() == "1000"
        async with s.client.post(url, data=b"x" * 1001) as answer:
            assert answer.status == 413


# -- odd clients ------------------------------------------------------------------------------


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with served() as s:
        first = b"GET /count?limit=1 HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /count?limit=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = await s.raw(first + last)
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert answer.index(b'"limit":1') < answer.index(b'"limit":2')


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /health HTTP/1.1\r\nbroken header\r\n\r\n",
        b"GET /health HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_400_and_one_line(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cluster.http"):
        async with served() as s:
            assert (await s.raw(data)).startswith(b"HTTP/1.0 400 ")
            assert (await s.get("/health"))[0] == 200
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_a_request_that_never_ends_is_cut_off() -> None:
    async with served(limits=HttpLimits(idle_s=0.1)) as s:
        assert await s.raw(b"GET /health HTTP/1.1\r\nHost: ") == b""


async def test_an_idle_connection_is_closed() -> None:
    async with served(limits=HttpLimits(keep_s=0.1)) as s:
        answer = await s.raw(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_the_end_of_the_process_closes_connections() -> None:
    async with served() as s:
        reader, writer = await asyncio.open_connection(s.host, s.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await s.process.close()
        await s.front.close(0.1)
        async with asyncio.timeout(LIMIT_S):
            await reader.read()
        writer.close()


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    cut_off = asyncio.Event()

    class Transport(asyncio.Transport):
        def abort(self) -> None:
            cut_off.set()

    guard = StallGuard(asyncio.Protocol(), stall_s=0.01)
    guard.connection_made(Transport())
    guard.pause_writing()
    guard.resume_writing()
    guard.pause_writing()
    async with asyncio.timeout(LIMIT_S):
        await cut_off.wait()
    guard.connection_lost(None)


async def test_after_its_first_request_a_client_may_be_silent_for_long() -> None:
    guard = StallGuard(asyncio.Protocol(), stall_s=1.0, head_s=1000.0)
    guard.connection_made(asyncio.Transport())
    for part in (b"GET / HTTP/1.1\r\nHost: a\r", b"\n\r"):
        guard.data_received(part)
        assert guard._head_timer is not None
    timer = guard._head_timer
    guard.data_received(b"\n{")
    assert timer is not None
    assert timer.cancelled()
    assert guard._head_timer is None
    assert HttpLimits().keep_s == 3600.0


async def test_a_client_that_leaves_while_it_is_written_to_costs_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    has_ended = asyncio.Event()

    async def stream(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            await response.prepare(request)
            assert request.transport is not None
            request.transport.abort()
            await response.write(b"too late")
        finally:
            has_ended.set()
        return response

    async with served({"stream": Endpoint(stream)}) as s:
        answer = await s.raw(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"too late" not in answer
        async with asyncio.timeout(LIMIT_S):
            await has_ended.wait()
        assert (await s.get("/health"))[0] == 200
    assert not [record for record in caplog.records if record.levelno > logging.INFO]
