"""Every path that a master or an agent serves, whatever it is asked: no 500, no connection that hangs.

The paths come from the routers, the parameters from the source, and the calls of the v1 APIs from the golden
files, so that what is new is asked too.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.v1 import agent, executor, master, scheduler
from cluster.v1.codec import JSON, PROTOBUF
from cluster.v1.errors import Malformed
from tests.unit.http.endpoints_kit import Scene, Served
from tests.unit.http.everything_kit import (
    PARAMETERS,
    Outcome,
    check,
    send,
    subscribed,
    target_of,
    whole_agent,
    whole_master,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "v1"
SETTINGS = settings(
    max_examples=int(os.environ.get("TEPUI_FUZZ_EXAMPLES", "40")),
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS")
ODD = ("", "-1", "0", "9" * 19, "9" * 400, "..", "\0", "é", "[]", "asc", "1secs", "/", "*", "t1", "w")


def well(outcome: Outcome, *what: object) -> None:
    """The answer is one that is documented."""
    assert outcome.status < 500 or outcome.status == 501, (*what, outcome.status, outcome.body[:300])


def in_master(test: Callable[[Scene], Awaitable[None]]) -> None:
    """Run with a whole master, and see that it is well afterwards."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            async with whole_master(Path(directory)) as scene:
                await test(scene)
                await check(scene)

    asyncio.run(run())


def in_agent(test: Callable[[Served], Awaitable[None]]) -> None:
    """Run with a whole agent, and see that it is well afterwards."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            async with whole_agent(Path(directory)) as served:
                await test(served)
                await check(served)

    asyncio.run(run())


# -- each path, once with everything ----------------------------------------------------------


async def sweep(served: Served) -> None:
    """Every path with every method, and with every parameter odd, alone and with all others."""
    for path in list(served.front.paths()):
        for method in METHODS:
            well(await send(served, method, target_of(path, []), {}, b""), method, path)
        for shift in range(len(ODD)):
            query = [(name, ODD[(at + shift) % len(ODD)]) for at, name in enumerate(PARAMETERS)]
            for method in ("GET", "POST"):
                form = target_of("", query).removeprefix("/?").encode() if method == "POST" else b""
                target = target_of(path, query if method == "GET" else [])
                well(await send(served, method, target, {}, form), method, target, form)
        alone = [[(name, "9" * 19)] for name in PARAMETERS]
        for query in (*alone, *([("limit", odd), ("offset", odd)] for odd in ODD)):
            target = target_of(path, query)
            well(await send(served, "GET", target, {}, b""), target)
        for below in ("x", "..", "%2e%2e", "master", "x/y.json"):
            well(await send(served, "GET", f"/{path}/{below}", {}, b""), path, below)


def test_each_path_of_the_master() -> None:
    in_master(sweep)


def test_each_path_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.http.endpoints.agent_containers.INTERVAL_S", 0.0)
    in_agent(sweep)


def test_the_sweep_meets_what_is_there() -> None:
    found: list[str] = []

    async def look(served: Served) -> None:
        found.extend(served.front.paths())

    in_master(look)
    in_agent(look)
    assert {"state", "api/v1", "api/v1/scheduler", "api/v1/executor", "page/tasks", "page/events", "offers",
            "master/explain", "metrics/snapshot", "files/read", ""} <= {
        path for each in found for path in (each, each.removeprefix("master/"), f"master/{each}")
    }  # fmt: skip
    assert {"framework_id", "role", "taskId", "path", "length", "state", "search"} <= set(PARAMETERS)


# -- at random --------------------------------------------------------------------------------

VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.integers().map(str))
HEADERS = st.dictionaries(
    st.sampled_from(["Accept-Encoding", "Accept", "Content-Type", "Content-Encoding", "Last-Event-ID"]),
    st.sampled_from(["gzip", "*/*", "", ";;q=x", "application/json", "application/x-protobuf", "br", "1-1"]),
    max_size=3,
)
BODIES = st.one_of(st.just(b""), st.binary(max_size=50), st.just(b"{}"), st.just(b"[" * 5_000))
REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.sampled_from(METHODS),
        st.lists(st.tuples(st.sampled_from(PARAMETERS), VALUES), max_size=5),
        HEADERS,
        BODIES,
    ),
    min_size=5,
    max_size=40,
)
Requests = list[tuple[int, str, list[tuple[str, str]], dict[str, str], bytes]]


async def ask_all(served: Served, requests: Requests) -> None:
    """Make the requests, four at a time."""
    paths = sorted(served.front.paths())

    async def one(at: int, method: str, query: Any, headers: dict[str, str], body: bytes) -> None:
        target = target_of(paths[at % len(paths)], query)
        well(await send(served, method, target, headers, body), method, target, headers, body)

    for start in range(0, len(requests), 4):
        await asyncio.gather(*(one(*request) for request in requests[start : start + 4]))


@SETTINGS
@given(REQUESTS)
def test_anything_of_the_master(requests: Requests) -> None:
    in_master(lambda scene: ask_all(scene, requests))


@SETTINGS
@given(REQUESTS)
def test_anything_of_the_agent(requests: Requests) -> None:
    in_agent(lambda served: ask_all(served, requests))


# -- calls ------------------------------------------------------------------------------------

CALLS: dict[str, tuple[Any, list[Any]]] = {
    api: (
        module.Call,
        [json.loads(path.read_text()) for path in sorted((GOLDEN / api / "call").glob("*.json"))],
    )
    for api, module in (
        ("master", master),
        ("agent", agent),
        ("executor", executor),
        ("scheduler", scheduler),
    )
}
PLACES = {
    "master": "api/v1",
    "agent": "api/v1",
    "executor": "api/v1/executor",
    "scheduler": "api/v1/scheduler",
}
SCRAPS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.just([]), st.just({}),
    st.sampled_from(["TASK_RUNNING", "SUBSCRIBE", "Infinity", "-1", "AAECAwQFBgcICQoLDA0ODw=="]),
)  # fmt: skip
MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, 10_000),  # which call
        st.lists(st.tuples(st.integers(0, 10_000), SCRAPS), max_size=3),  # which parts become what
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),  # which bytes
        st.booleans(),  # whether in protobuf
        st.booleans(),  # whether with all that a subscribed client knows
    ),
    min_size=5,
    max_size=30,
)
Mutations = list[tuple[int, list[tuple[int, object]], list[tuple[int, int]], bool, bool]]


def parts_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON, as a container and a key of it."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from parts_of(value[key])


def mutated(call: Any, changes: list[tuple[int, object]]) -> Any:
    """The same call with some parts replaced; nothing instead of one takes it away."""
    call = copy.deepcopy(call)
    for at, scrap in changes:
        if places := list(parts_of(call)):
            container, key = places[at % len(places)]
            if scrap is None and isinstance(container, dict):
                del container[key]
            else:
                container[key] = scrap
    return call


def bytes_of(cls: Any, call: Any, flips: list[tuple[int, int]], is_protobuf: bool) -> bytes:
    """A call as it is sent, with some bytes changed; one that has no protobuf form stays JSON."""
    data = bytearray(json.dumps(call).encode())
    if is_protobuf:
        try:
            data = bytearray(PROTOBUF.encode(JSON.decode(cls, bytes(data))))
        except Malformed:
            pass
    for at, byte in flips:
        if data:
            data[at % len(data)] = byte
    return bytes(data)


async def call_all(
    served: Served, api: str, mutations: Mutations, known: dict[str, str], stream_id: str
) -> None:
    """Make the calls one after the other; `known`: what stands for what the golden files name."""
    cls, calls = CALLS[api]
    for which, changes, flips, is_protobuf, is_known in mutations:
        call = calls[which % len(calls)]
        if is_known:
            call = json.loads(
                json.dumps(call),
                object_hook=lambda one: one | {k: {"value": v} for k, v in known.items() if k in one},
            )
        body = bytes_of(cls, mutated(call, changes), flips, is_protobuf)
        kind = "application/x-protobuf" if is_protobuf else "application/json"
        headers = {"Content-Type": kind, "Accept": kind}
        if is_known and stream_id and call["type"] != "SUBSCRIBE":
            headers["Mesos-Stream-Id"] = stream_id
        well(await send(served, "POST", f"/{PLACES[api]}", headers, body), api, body)


@SETTINGS
@given(MUTATIONS)
def test_calls_of_operators(mutations: Mutations) -> None:
    async def run(scene: Scene) -> None:
        known = {"framework_id": scene.framework_id, "agent_id": scene.agent_id}
        await call_all(scene, "master", mutations, known, "")

    in_master(run)


@SETTINGS
@given(MUTATIONS)
def test_calls_of_frameworks(mutations: Mutations) -> None:
    async def run(scene: Scene) -> None:
        async with subscribed(scene) as framework:
            known = {"framework_id": framework.id, "agent_id": scene.agent_id}
            await call_all(scene, "scheduler", mutations, known, framework.stream_id)

    in_master(run)


@SETTINGS
@given(MUTATIONS)
def test_calls_of_agents_operators(mutations: Mutations) -> None:
    in_agent(
        lambda served: call_all(served, "agent", mutations, {"framework_id": "F", "executor_id": "e"}, "")
    )


@SETTINGS
@given(MUTATIONS)
def test_calls_of_executors(mutations: Mutations) -> None:
    in_agent(
        lambda served: call_all(served, "executor", mutations, {"framework_id": "F", "executor_id": "e"}, "")
    )
