"""Calls of the operator API about the master's process: its log, its files, its level of logging."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.v1.codec import PROTOBUF
from cluster.v1.master import Call, Response
from tests.unit.http.endpoints_kit import Answer, Scene, master

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
MINUTE_NS = 60 * 10**9


@pytest.fixture(autouse=True)
def same_level_afterwards() -> Iterator[None]:
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture
def log_path(tmp_path: Path) -> str:
    path = tmp_path / "mesos-master.INFO"
    path.write_bytes(b"first\nsecond \xff\n")
    return str(path)


async def post(scene: Scene, kind: str, **members: object) -> Answer:
    """The answer to a call."""
    return await scene.ask("/api/v1", "POST", json.dumps({"type": kind} | members).encode(), JSON)


async def read(scene: Scene, **members: object) -> Any:
    return await post(scene, "READ_FILE", read_file={"path": "/master/log", "offset": 0} | members)


@pytest.mark.parametrize(
    ("members", "data"),
    [
        ({}, b"first\nsecond \xff\n"),
        ({"offset": 6}, b"second \xff\n"),
        ({"offset": 6, "length": 6}, b"second"),
        ({"length": 0}, b""),
        ({"offset": 15}, b""),
        ({"offset": 1000}, b""),
    ],
)
async def test_a_file_is_read_as_it_is(log_path: str, members: dict[str, int], data: bytes) -> None:
    async with master(log_path=log_path) as scene:
        found = (await read(scene, **members)).json
        assert found["type"] == "READ_FILE"
        assert found["read_file"]["size"] == 15
        assert base64.b64decode(found["read_file"]["data"]) == data


async def test_a_file_is_read_in_protobuf(log_path: str) -> None:
    async with master(log_path=log_path) as scene:
        call = Call(type=Call.Type.READ_FILE, read_file=Call.ReadFile(path="/master/log", offset=6, length=6))
        kind = PROTOBUF.content_type
        answer = await scene.ask(
            "/api/v1", "POST", PROTOBUF.encode(call), {"Content-Type": kind, "Accept": kind}
        )
        assert answer.headers["content-type"] == kind
        found = PROTOBUF.decode(Response, answer.body)
        assert found.read_file == Response.ReadFile(size=15, data=b"second")


async def test_long_files_come_in_pieces(log_path: str) -> None:
    content = bytes(range(256)) * 1000
    Path(log_path).write_bytes(content)
    async with master(log_path=log_path) as scene:
        whole = b""
        while len(whole) < len(content):
            found = (await read(scene, offset=len(whole))).json["read_file"]
            assert (found["size"], len(found["data"]) > 0) == (len(content), True)
            whole += base64.b64decode(found["data"])
        assert whole == content


@pytest.mark.parametrize(
    ("kind", "members", "status", "words"),
    [
        ("READ_FILE", {"read_file": {"path": "/etc/passwd", "offset": 0}}, 404, "read_file.path: "),
        ("READ_FILE", {"read_file": {"path": "/master/log/../x", "offset": 0}}, 400, "read_file.path: "),
        ("READ_FILE", {"read_file": {"path": "/master/log"}}, 400, "read_file.offset: "),
        ("READ_FILE", {"read_file": {"path": "/master/log", "offset": "x"}}, 400, "read_file.offset: "),
        ("READ_FILE", {"read_file": {"path": "/master/log", "offset": -1}}, 400, "read_file.offset: "),
        ("READ_FILE", {}, 400, "read_file: "),
        ("LIST_FILES", {"list_files": {"path": "/etc"}}, 404, "list_files.path: "),
        ("LIST_FILES", {}, 400, "list_files: "),
        (
            "SET_LOGGING_LEVEL",
            {"set_logging_level": {"level": 99, "duration": {"nanoseconds": 1}}},
            400,
            "set_logging_level.level: ",
        ),
        (
            "SET_LOGGING_LEVEL",
            {"set_logging_level": {"level": 1, "duration": {"nanoseconds": -1}}},
            400,
            "set_logging_level.duration: ",
        ),
        ("SET_LOGGING_LEVEL", {"set_logging_level": {"level": 1}}, 400, "set_logging_level.duration: "),
    ],
)
async def test_faults_name_the_field(
    log_path: str, kind: str, members: dict[str, object], status: int, words: str
) -> None:
    async with master(log_path=log_path) as scene:
        answer = await post(scene, kind, **members)
        assert (answer.status, answer.text.startswith(words)) == (status, True), answer.text


async def test_a_plain_file_has_no_entries(log_path: str) -> None:
    async with master(log_path=log_path) as scene:
        found = (await post(scene, "LIST_FILES", list_files={"path": "/master/log"})).json
        assert found == {"type": "LIST_FILES", "list_files": {}}


async def test_without_a_log_there_is_no_file() -> None:
    async with master() as scene:
        assert (await read(scene)).status == 404


async def test_the_level_is_raised_for_a_while() -> None:
    async with master() as scene:

        async def level() -> int:
            found: int = (await post(scene, "GET_LOGGING_LEVEL")).json["get_logging_level"]["level"]
            return found

        start = await level()
        wanted = {"level": 3, "duration": {"nanoseconds": 10 * MINUTE_NS}}
        assert (await post(scene, "SET_LOGGING_LEVEL", set_logging_level=wanted)).status == 200
        assert await level() == 3
        assert (await scene.ask("/logging/toggle")).text == "3\n"
        assert logging.getLogger().level == logging.DEBUG
        at_once = {"level": 2, "duration": {"nanoseconds": 1_000_000}}
        assert (await post(scene, "SET_LOGGING_LEVEL", set_logging_level=at_once)).status == 200
        while await level() != start:
            pass
