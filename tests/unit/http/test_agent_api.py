"""The operator API of the agent on a real port: answers byte for byte, checks, statuses."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.agent.registration import Standing
from cluster.http.v1 import recordio
from cluster.http.v1.agent_api import LATER
from cluster.v1 import json as v1_json
from cluster.v1 import protobuf
from cluster.v1.agent import Call, Response
from tests.unit.http.agent_kit import busy_state, served

GOLDEN = Path(__file__).parents[2] / "golden" / "agent_api"
FLAGS = {"port": "5051", "strict": "true"}
RECORDIO = {"Content-Type": "application/recordio", "Message-Content-Type": "application/json"}
CONTAINER = {"container_id": {"value": "c", "parent": {"value": "p"}}}


def squeezed(text: str) -> str:
    """JSON without white space between its parts, everything in its order."""
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


# -- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
async def test_answers_are_those_of_the_golden_files(path: Path) -> None:
    async with served(busy_state(), FLAGS) as s:
        status, body = await s.call({"type": path.stem})
        text = re.sub(
            r'"timestamp":[0-9.]+,"processes"', '"timestamp":1700000000.25,"processes"', body.decode()
        )
        assert (status, text) == (200, squeezed(path.read_text()))

        call = protobuf.encode(Call(type=Call.Type(path.stem)))
        headers = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf"}
        async with s.ask("/slave(1)/api/v1", call, headers) as answer:
            assert answer.headers["content-type"] == "application/x-protobuf"
            again = v1_json.encode(protobuf.decode(Response, await answer.body())).decode()
        text = re.sub(r'"timestamp":[0-9.]+,"processes"', '"timestamp":1700000000.25,"processes"', again)
        assert text == squeezed(path.read_text())


async def test_an_idle_agent_names_every_list() -> None:
    async with served() as s:
        _, body = await s.call({"type": "GET_STATE"})
        lists = ["pending_tasks", "queued_tasks", "launched_tasks", "terminated_tasks", "completed_tasks"]
        assert json.loads(body)["get_state"] == {
            "get_tasks": {name: [] for name in lists},
            "get_executors": {"executors": [], "completed_executors": []},
            "get_frameworks": {"frameworks": [], "completed_frameworks": []},
        }
        for member in ({}, {"get_containers": {}}, {"get_containers": {"show_nested": True}}):
            _, body = await s.call({"type": "GET_CONTAINERS", **member})
            assert json.loads(body) == {"type": "GET_CONTAINERS", "get_containers": {}}


async def test_version_and_metrics() -> None:
    async with served() as s:
        _, body = await s.call({"type": "GET_VERSION"})
        version = json.loads(body)["get_version"]["version_info"]
        assert version["version"] == "1.11.0"
        assert set(version) == {"version", "build_date", "build_time", "build_user"}
        s.process.runtime.metrics.count("test/seven", 7)
        s.process.runtime.metrics.gauge("test/none", lambda: float("nan"))
        s.process.runtime.metrics.gauge("test/much", lambda: float("inf"))
        _, body = await s.call({"type": "GET_METRICS", "get_metrics": {"timeout": {"nanoseconds": 1}}})
        metrics = {one["name"]: one["value"] for one in json.loads(body)["get_metrics"]["metrics"]}
        assert (metrics["test/seven"], metrics["test/much"]) == (7.0, "Infinity")
        assert "test/none" not in metrics
        assert b'"name":"test/seven","value":7.0' in body


@pytest.fixture
def logging_level() -> Iterator[None]:
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield
    logging.getLogger().setLevel(before)


@pytest.mark.usefixtures("logging_level")
async def test_the_logging_level_changes_for_a_while() -> None:
    async with served() as s:

        def change(level: int, nanoseconds: int) -> dict[str, Any]:
            member = {"level": level, "duration": {"nanoseconds": nanoseconds}}
            return {"type": "SET_LOGGING_LEVEL", "set_logging_level": member}

        async with s.ask(
            "/api/v1", json.dumps(change(2, 60 * 10**9)).encode(), {"Content-Type": "application/json"}
        ) as answer:
            assert (answer.status, await answer.body()) == (200, b"")
        assert logging.getLogger().level == logging.DEBUG
        _, body = await s.call({"type": "GET_LOGGING_LEVEL"})
        assert json.loads(body) == {"type": "GET_LOGGING_LEVEL", "get_logging_level": {"level": 2}}
        status, body = await s.call(change(100, 1))
        assert (status, body[:25]) == (400, b"set_logging_level.level: ")
        status, body = await s.call(change(1, -1))
        assert (status, body[:28]) == (400, b"set_logging_level.duration: ")


async def test_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "out").write_bytes(b"0123456789\xff")
    (tmp_path / "out").chmod(0o640)
    os.utime(tmp_path / "out", (1700000000, 1700000000))
    (tmp_path / "gone").symlink_to("nowhere")
    async with served(files=tmp_path) as s:

        async def files(path: str) -> tuple[int, Any]:
            status, body = await s.call({"type": "LIST_FILES", "list_files": {"path": path}})
            return status, json.loads(body)["list_files"] if status == 200 else body.decode()

        async def read(**asked: Any) -> tuple[int, Any]:
            status, body = await s.call({"type": "READ_FILE", "read_file": asked})
            return status, json.loads(body)["read_file"] if status == 200 else body.decode()

        status, listed = await files("/here")
        assert status == 200
        out, sub = listed["file_infos"]
        assert (out["path"], sub["path"]) == ("/here/out", "/here/sub")
        assert (out["nlink"], out["size"], out["mode"]) == (1, 11, 0o100640)
        assert out["mtime"] == {"nanoseconds": 1700000000 * 10**9}
        assert out.keys() == {"path", "nlink", "size", "mtime", "mode", "uid", "gid"}
        assert await files("/here/sub") == (200, {})
        assert (await files("/nowhere"))[0] == 404
        status, words = await files("/here/../etc")
        assert (status, words[:17]) == (400, "list_files.path: ")

        piece = {"size": 11, "data": base64.b64encode(b"789\xff").decode()}
        assert await read(path="/here/out", offset=7) == (200, piece)
        piece["data"] = base64.b64encode(b"23").decode()
        assert await read(path="/here/out", offset=2, length=2) == (200, piece)
        assert await read(path="/here/out", offset=2**64 - 1) == (200, {"size": 11, "data": ""})
        assert (await read(path="/here/no", offset=0))[0] == 404
        status, words = await read(path="/here/sub", offset=0)
        assert (status, words[:16]) == (400, "read_file.path: ")


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [kind.value for kind in LATER if kind is not Call.Type.ATTACH_CONTAINER_INPUT]
)
async def test_calls_of_later_features_are_501_with_the_reason(name: str) -> None:
    info = {"type": "org.x", "name": "n"}
    member = CONTAINER | {"info": info, "resource_provider_id": {"value": "r"}} | info
    async with served() as s:
        status, body = await s.call({"type": name, name.lower(): member})
        assert (status, body.decode()) == (501, f"{name}: {LATER[Call.Type(name)]}")
        assert s.process.runtime.metrics.value("http/bad_requests") == 0, "nothing is wrong with it"


def test_every_call_is_served_or_refused_with_a_reason() -> None:
    daemon = {"GET_VERSION", "GET_METRICS", "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE"}
    golden = {path.stem for path in GOLDEN.glob("*.json")}
    assert {kind.value for kind in Call.Type} == daemon | golden | {kind.value for kind in LATER} | {
        "UNKNOWN"
    }


@pytest.mark.parametrize(
    ("call", "status", "words"),
    [
        ({}, 400, "type: "),
        ({"type": "GET_NOTHING"}, 400, "type: "),
        ({"type": 3}, 400, "type: "),
        ({"type": "UNKNOWN"}, 501, "type: "),
        ({"type": "GET_METRICS"}, 400, "get_metrics: "),
        ({"type": "GET_METRICS", "get_metrics": {"timeout": {}}}, 400, "get_metrics.timeout.nanoseconds: "),
        ({"type": "GET_METRICS", "get_metrics": {"timeout": 5}}, 400, "get_metrics.timeout: "),
        ({"type": "SET_LOGGING_LEVEL"}, 400, "set_logging_level: "),
        ({"type": "SET_LOGGING_LEVEL", "set_logging_level": {"level": -1}}, 400, "set_logging_level."),
        ({"type": "LIST_FILES", "list_files": {}}, 400, "list_files.path: "),
        ({"type": "READ_FILE", "read_file": {"path": "/here"}}, 400, "read_file.offset: "),
        ({"type": "READ_FILE", "read_file": {"path": "/here", "offset": -1}}, 400, "read_file.offset: "),
        ({"type": "KILL_CONTAINER"}, 400, "kill_container: "),
        ({"type": "KILL_CONTAINER", "kill_container": {}}, 400, "kill_container.container_id: "),
        (
            {"type": "GET_CONTAINERS", "get_containers": {"show_nested": "x"}},
            400,
            "get_containers.show_nested: ",
        ),
        ([], 400, ""),
    ],
)
async def test_a_call_that_is_wrong_names_the_field(call: Any, status: int, words: str) -> None:
    async with served() as s:
        found, body = await s.call(call)
        assert found == status
        assert body.decode().startswith(words)
        assert len(body) > len(words)


HEALTH = b'{"type":"GET_HEALTH"}'
JSON = {"Content-Type": "application/json"}
INPUT = json.dumps(
    {
        "type": "ATTACH_CONTAINER_INPUT",
        "attach_container_input": {"type": "CONTAINER_ID", **CONTAINER},
    }
).encode()
OUTPUT = json.dumps({"type": "ATTACH_CONTAINER_OUTPUT", "attach_container_output": CONTAINER}).encode()


@pytest.mark.parametrize(
    ("headers", "body", "status", "words"),
    [
        ({}, HEALTH, 400, "header Content-Type: "),
        ({"Content-Type": "text/json"}, HEALTH, 415, "header Content-Type: "),
        (JSON, b"{", 400, ""),
        (JSON | {"Accept": "text/html"}, HEALTH, 406, "header Accept: "),
        (JSON | {"Accept": "text/html, */*"}, HEALTH, 200, ""),
        # Headers are looked at before the body, and what a call says before what its form is.
        (JSON | {"Accept": "text/html"}, b"{", 406, "header Accept: "),
        (JSON | {"Accept": "text/html"}, b'{"type":"UNKNOWN"}', 406, "header Accept: "),
        ({"Accept": "text/html"}, b"{", 400, "header Content-Type: "),
        (JSON, b'{"type":"ATTACH_CONTAINER_INPUT"}', 400, "attach_container_input: "),
        (RECORDIO | {"Accept": "text/html"}, b"x\n", 406, "header Accept: "),
        (JSON | {"Accept": "application/recordio"}, b"{", 400, "not JSON"),
        (JSON | {"Accept": "application/recordio", "Message-Accept": "text/html"}, b"{", 406, "header "),
        # Streams belong to a few calls only, and these need them.
        (RECORDIO, recordio.encode(HEALTH), 415, "header Content-Type: "),
        (RECORDIO, recordio.encode(INPUT), 501, "ATTACH_CONTAINER_INPUT: "),
        (RECORDIO | {"Message-Content-Type": "text/html"}, recordio.encode(INPUT), 415, "header Message-Con"),
        ({"Content-Type": "application/recordio"}, recordio.encode(INPUT), 400, "header Message-Content-Ty"),
        (RECORDIO, b"x\n", 400, "the body is no stream of records: "),
        (RECORDIO, b"99\n{", 400, "the body ends before its first record"),
        (JSON, INPUT, 415, "header Content-Type: "),
        (JSON | {"Message-Content-Type": "application/json"}, HEALTH, 415, "header Message-Content-Type: "),
        (JSON | {"Accept": "application/recordio"}, HEALTH, 406, "header Accept: "),
        (JSON | {"Accept": "application/recordio"}, OUTPUT, 501, "ATTACH_CONTAINER_OUTPUT: "),
        (JSON | {"Accept": "application/recordio", "Message-Accept": "text/html"}, OUTPUT, 406, "header "),
        (JSON | {"Message-Accept": "application/json"}, OUTPUT, 406, "header Message-Accept: "),
    ],
)
async def test_forms_of_requests_and_answers(
    headers: dict[str, str], body: bytes, status: int, words: str
) -> None:
    async with served() as s, s.ask("/api/v1", body, headers) as answer:
        text = (await answer.body()).decode()
        assert (answer.status, text[: len(words)]) == (status, words)


async def test_other_methods() -> None:
    async with served() as s, s.ask("/api/v1", method="GET") as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_nothing_is_served_before_the_agent_has_recovered_or_after_it_ended() -> None:
    async with served() as s:
        s.agent.standing = Standing.RECOVERING
        async with s.ask("/api/v1", b"nonsense", method="PUT") as answer:
            assert answer.status == 503, "before method and body"
        for name in ("GET_HEALTH", "GET_STATE", "PRUNE_IMAGES"):
            assert (await s.call({"type": name}))[0] == 503
        s.process.runtime.terminate(s.agent.pid)
        assert (await s.call({"type": "GET_HEALTH"}))[0] == 503
