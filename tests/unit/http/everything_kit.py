"""Everything a master and an agent serve, as their commands set it up, and a wary client."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from actors import PID, Process, bind, handles
from cluster import http
from cluster.agent.files import Files
from cluster.agent.http_calls import Admitted, HttpCall
from cluster.allocator import AllocatorOptions
from cluster.cli import agent as agent_command
from cluster.cli import master as master_command
from cluster.config import AgentConfig, MasterConfig
from cluster.http import HttpFront, http_factory
from cluster.http.v1.recordio import Decoder
from cluster.master.actor import NAME, MasterActor
from cluster.protocol import executor as protocol
from tests.limits import LIMIT_S
from tests.simulation.agent_kit import FakeEnvirons
from tests.unit.http.agent_kit import StillAgent, busy_state
from tests.unit.http.endpoints_kit import Scene, Served, fill
from tests.unit.http.test_executor_api import SUBSCRIBED

#: Every parameter that a file of cluster.http looks for.
PARAMETERS = sorted(
    {
        name
        for file in Path(http.__file__).parent.rglob("*.py")
        for name in re.findall(r'(?:request|form|query\.get\(|query\[), ?"(\w+)"', file.read_text())
    }
    | {"jsonp", "timeout", "order", "after", "limit", "offset"}
)


class Outcome:
    """What came back: a status, and of a stream the first bytes only."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


async def send(served: Served, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    """One request on a connection of its own; a stream is left after its first bytes."""
    host, _, port = served.runtime.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    fields = {"Host": "x", "Connection": "close", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
    try:
        async with asyncio.timeout(LIMIT_S):
            return await _read(reader, method)
    except TimeoutError:
        raise AssertionError(f"{method} {target} {dict(headers)} {body[:200]!r} is stuck") from None
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, method: str) -> Outcome:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split(" ")[1])
    body = b""
    if method == "HEAD" or headers.get("transfer-encoding") != "chunked":
        return Outcome(status, headers, await reader.read())
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
        if headers["content-type"] == "text/event-stream" or re.match(rb"\d+\n", body):
            break  # goes on for ever
    return Outcome(status, headers, body)


class BusyAgent(StillAgent):
    """As `StillAgent`, and takes what executors say over HTTP."""

    @handles
    def on_http_call(self, sender: PID, message: HttpCall) -> None:
        self.send(sender, Admitted())

    @handles
    def on_subscribe(self, sender: PID, message: protocol.Subscribe) -> None:
        self.send(sender, SUBSCRIBED)


@asynccontextmanager
async def whole_master(directory: Path) -> AsyncIterator[Scene]:
    """A master with everything its command serves, and something of everything in it."""
    (directory / "mesos-master.INFO").write_text("a line\n")
    config = MasterConfig(work_dir=str(directory), log_dir=str(directory))
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    settings = master_command.settings_of(config, "m1")
    runtime.spawn(MasterActor(settings, AllocatorOptions(0.02), {"w": 2.0}), NAME)
    front = http_factory(runtime, NAME, master_command.endpoints_of(runtime, config))
    async with _serving(process, front):
        scene = Scene(process, front)
        await fill(scene)
        yield scene


@asynccontextmanager
async def whole_agent(directory: Path) -> AsyncIterator[Served]:
    """An agent with everything its command serves, whose state does not change."""
    config = AgentConfig(master="127.0.0.1:1", work_dir=str(directory), log_dir=str(directory))
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    state = busy_state()
    runtime.spawn(BusyAgent(state), "slave(1)")
    runtime.spawn(Files(state.sandbox, FakeEnvirons()), "files")
    table = agent_command.endpoints_of(runtime, config, str(directory))
    front = http_factory(runtime, "slave(1)", table)
    async with _serving(process, front):
        yield Served(process, front)


@asynccontextmanager
async def _serving(process: Process, front: HttpFront) -> AsyncIterator[None]:
    level = logging.getLogger().level
    await process.listen(http=front)
    try:
        yield
    finally:
        await process.close()
        await front.close(0.1)
        logging.getLogger().setLevel(level)
    assert process.exit_code == 0


async def check(served: Served) -> None:
    """The process is well."""
    assert (await send(served, "GET", "/health", {}, b"")).status == 200
    values = served.runtime.metrics.value
    assert (values("http/failures"), values("actors/failed")) == (0, 0)


def target_of(path: str, query: list[tuple[str, str]]) -> str:
    """What stands in the request line."""
    fields = "&".join(f"{quote(name)}={quote(value)}" for name, value in query)
    return f"/{quote(path, safe='/().%')}" + (f"?{fields}" if fields else "")


class HttpFramework:
    """A framework that is subscribed over HTTP, so that calls get past the door."""

    def __init__(self, framework_id: str, stream_id: str) -> None:
        self.id, self.stream_id = framework_id, stream_id


@asynccontextmanager
async def subscribed(served: Served) -> AsyncIterator[HttpFramework]:
    """Subscribe, and keep the stream open."""
    host, _, port = served.runtime.address.rpartition(":")
    info = {"user": "u", "name": "n", "roles": ["w"], "capabilities": [{"type": "MULTI_ROLE"}]}
    body = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}).encode()
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(f"POST /api/v1/scheduler HTTP/1.1\r\n{head}".encode() + body)
    try:
        async with asyncio.timeout(LIMIT_S):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode()
            found = re.search(r"Mesos-Stream-Id: (\S+)", lines)
            assert found is not None, lines
            decoder, events = Decoder(1 << 20), list[Any]()
            while not events:
                size = int(await reader.readuntil(b"\r\n"), 16)
                events += decoder.feed((await reader.readexactly(size + 2))[:-2])
        yield HttpFramework(json.loads(events[0])["subscribed"]["framework_id"]["value"], found[1])
    finally:
        writer.close()
