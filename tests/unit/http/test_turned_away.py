"""Callers that are not let in, and masters that do not lead, through real servers.

The functions that know are given in: nothing authenticates callers or elects masters yet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import web

from actors import PID, Process, Runtime, bind
from cluster.http import http_factory
from cluster.http.answers import text_answer
from cluster.http.router import Endpoint
from cluster.http.v1.agent_api import AgentApi
from cluster.http.v1.callers import Caller, Leader
from cluster.http.v1.executor_api import ExecutorApi
from cluster.http.v1.operator_api import OperatorApi
from cluster.http.v1.scheduler_api import SchedulerApi
from tests.unit.http.endpoints_kit import master

JSON = {"Content-Type": "application/json"}
CHALLENGE = 'Basic realm="mesos"'
#: What a master that does not lead sends elsewhere, and what it answers itself.
LED = (
    "state", "master/state", "state.json", "frameworks", "slaves", "roles", "tasks", "state-summary", "quota",
    "weights", "maintenance/schedule", "maintenance/status", "tasks?limit=1&offset=2",
)  # fmt: skip
LED_POSTS = (
    "machine/down", "machine/up", "reserve", "unreserve", "create-volumes", "destroy-volumes", "teardown",
    "api/v1", "master/api/v1",
)  # fmt: skip
OWN = ("health", "flags", "version", "metrics/snapshot", "files/debug")

Table = Callable[[Runtime, PID], Mapping[str, Endpoint]]


def authenticate(request: web.BaseRequest) -> Caller | web.Response:
    """Lets those in who say their name."""
    match request.headers.get("Authorization"):
        case None:
            return text_answer(401, headers={"WWW-Authenticate": CHALLENGE})
        case "claims":
            return Caller(is_nameless=True)
        case name:
            return Caller(name)


def nobody_leads() -> None:
    """There is no leader."""


APIS: dict[str, Table] = {
    "api/v1": lambda runtime, pid: OperatorApi(
        runtime, pid, Mock(), leadership=nobody_leads, authenticate=authenticate
    ).table(),
    "api/v1/scheduler": lambda runtime, pid: SchedulerApi(runtime, pid, nobody_leads, authenticate).table(),
}
AGENT_APIS: dict[str, Table] = {
    "api/v1": lambda runtime, pid: AgentApi(runtime, pid, Mock(), Mock(), authenticate).table(),
    "api/v1/executor": lambda runtime, pid: ExecutorApi(runtime, pid, authenticate).table(),
}


@asynccontextmanager
async def served(table: Table, name: str) -> AsyncIterator[aiohttp.ClientSession]:
    """A server without the actor that it asks."""
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    front = http_factory(runtime, name, table(runtime, PID(name, runtime.address)))
    await process.listen(http=front)
    async with aiohttp.ClientSession(f"http://{runtime.address}") as client:
        yield client
    await process.close()
    await front.close(0.1)


@pytest.mark.parametrize(
    ("name", "prefix", "path", "table"),
    [
        *(("master", "", path, table) for path, table in APIS.items()),
        *(("master", "master/", path, table) for path, table in APIS.items()),
        *(("slave(1)", "slave(1)/", path, table) for path, table in AGENT_APIS.items()),
    ],
)
async def test_who_is_not_known_is_not_let_in(name: str, prefix: str, path: str, table: Table) -> None:
    """Before anything else is looked at: neither the leader nor the body."""
    async with served(table, name) as client:
        async with client.post(f"/{prefix}{path}", data=b"no JSON") as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == CHALLENGE
            assert await answer.text() == "401 Unauthorized."
        async with client.get(f"/{prefix}{path}") as answer:
            assert answer.status == 401, "before the method"
        known = {**JSON, "Authorization": "p"}
        async with client.post(f"/{prefix}{path}", data=b'{"type":"GET_HEALTH"}', headers=known) as answer:
            assert answer.status in (400, 503)  # the executor API knows no such call


@pytest.mark.parametrize("path", APIS)
async def test_a_master_needs_a_name(path: str) -> None:
    async with (
        served(APIS[path], "master") as client,
        client.post(f"/{path}", headers={"Authorization": "claims"}) as answer,
    ):
        assert answer.status == 403
        assert "has claims and no value" in await answer.text()


async def test_what_a_master_that_does_not_lead_sends_elsewhere() -> None:
    async with (
        master(leader=Leader("m2.example:5050", is_here=False)) as scene,
        aiohttp.ClientSession(f"http://{scene.process.runtime.address}") as client,
    ):
        for method, paths in (("GET", LED), ("POST", LED_POSTS)):
            for path in paths:
                async with client.request(method, f"/{path}", allow_redirects=False) as answer:
                    assert answer.status == 307, path
                    assert answer.headers["Location"] == f"//m2.example:5050/{path}"
        async with client.get("/redirect", allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, "//m2.example:5050")
        for path in OWN:
            async with client.get(f"/{path}", allow_redirects=False) as answer:
                assert answer.status == 200, path


async def test_a_master_that_is_not_ready_says_so() -> None:
    async with (
        master(leader=Leader("m", is_here=True, is_recovered=False)) as scene,
        aiohttp.ClientSession(f"http://{scene.process.runtime.address}") as client,
    ):
        for method, paths in (("GET", LED), ("POST", LED_POSTS)):
            for path in paths:
                async with client.request(method, f"/{path}", allow_redirects=False) as answer:
                    assert answer.status == 503, path
