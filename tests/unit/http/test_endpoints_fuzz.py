"""Whatever is asked, there is an answer: never a 500, never a connection that hangs."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.http import HttpLimits
from tests.unit.http.endpoints_kit import Served, busy_agent, busy_master

_PATHS = """
    state state-summary slaves frameworks tasks roles quota quota/r weights flags redirect teardown
    health version metrics/snapshot metrics/prometheus logging/toggle files/browse files/read
    files/download files/debug maintenance/schedule maintenance/status machine/up machine/down reserve
    unreserve create-volumes destroy-volumes system/stats.json containers monitor/statistics
    containerizer/debug __processes__ allocator/offer_constraints_debug registrar(1)/registry api/v1
    api/v1/scheduler state.json nothing
"""
_NAMES = """
    limit offset order framework_id task_id slave_id executor_id container_id path length jsonp timeout
    level duration frameworkId slaveId
"""


def _words(text: str) -> list[str]:
    return text.split()


PATHS = st.sampled_from(_words(_PATHS)) | st.text(max_size=12)
PREFIXES = st.sampled_from(["/", "/", "/master/", "/slave(1)/", "//", "/../", "/%2e%2e/", "/files/"])
NAMES = st.sampled_from(_words(_NAMES)) | st.text(max_size=5)
VALUES = st.one_of(
    st.text(max_size=20),
    st.integers().map(str),
    st.sampled_from(["-1", "1e9", "asc", "1secs", "/", "/slave/log", "..", "\0", "9" * 500, "true", "[]"]),
)
METHODS = st.sampled_from(["GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
HEADERS = st.dictionaries(
    st.sampled_from(["Accept-Encoding", "Accept", "Content-Type", "Content-Encoding", "X-Any", "Cookie"]),
    st.sampled_from(["gzip", "*", "", ";;q=x", "gzip;q=0", "application/json", "text/html", "\xff"]),
    max_size=3,
)
BODIES = st.one_of(
    st.just(b""), st.binary(max_size=50), st.just(b"frameworkId=x&" * 50), st.just(b"[" * 10_000)
)
REQUESTS = st.tuples(
    METHODS, PREFIXES, PATHS, st.lists(st.tuples(NAMES, VALUES), max_size=4), HEADERS, BODIES
)
Request = tuple[str, str, str, list[tuple[str, str]], dict[str, str], bytes]


async def play(served: Served, requests: list[Request]) -> None:
    """Make the requests, a few at a time, then see that the process is well."""
    for at in range(0, len(requests), 4):
        await asyncio.gather(*(one(served, request) for request in requests[at : at + 4]))
    assert (await served.ask("/health")).status == 200
    assert served.runtime.metrics.value("http/failures") == 0


async def one(served: Served, request: Request) -> None:
    """Make one request."""
    method, prefix, path, query, headers, body = request
    fields = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
    target = f"{prefix}{quote(path, safe='/().%')}?{fields}"
    answer = await served.ask(target, method, body, headers)
    assert answer.status < 500 or answer.status == 501, (method, target, answer.status, answer.text)


FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FUZZ
@given(st.lists(REQUESTS, min_size=10, max_size=40))
def test_the_master_answers_anything(requests: list[Request]) -> None:
    async def run() -> None:
        async with busy_master() as scene:
            await play(scene, requests)

    asyncio.run(run())


@FUZZ
@given(st.lists(REQUESTS, min_size=10, max_size=40))
def test_the_agent_answers_anything(requests: list[Request]) -> None:
    async def run(directory: str) -> None:
        log = Path(directory) / "log"
        log.write_text("a line\n")
        async with busy_agent(Path(directory), str(log)) as served:
            await play(served, requests)

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(directory))


async def test_huge_bodies_and_slow_clients_disturb_nobody() -> None:
    async with busy_master(limits=HttpLimits(body_bytes=1000, idle_s=0.2)) as scene:
        answer = await scene.ask("/teardown", "POST", b"x" * 5000)
        assert answer.status == 413
        slow = asyncio.create_task(scene.raw(b"GET /state HTTP/1.1\r\nHost: "))
        half = asyncio.create_task(
            scene.raw(b"POST /teardown HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nframe")
        )
        assert (await scene.ask("/state")).status == 200
        assert await slow == b""
        half.cancel()
