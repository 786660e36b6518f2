"""/files: sandboxes and logs, and no way out of them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.http.endpoints.agent_files import sandbox_path
from cluster.http.file_tree import MOST_BYTES, whole_characters
from tests.unit.http.endpoints_kit import busy_agent, master
from tests.unit.http.fields import faults

RUN = "slaves/S0/frameworks/F/executors/e/runs/c1"


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    """A sandbox with a directory, a file, and links that lead in, out, and nowhere."""
    path = tmp_path / RUN
    (path / "dir").mkdir(parents=True)
    (path / "stdout").write_text("hello\n")
    (path / "dir" / "ä b").write_bytes(b"\xff\x00")
    (tmp_path / "secret").write_text("secret")
    (path / "in").symlink_to("dir")
    (path / "out").symlink_to(tmp_path)
    (path / "passwd").symlink_to("/etc/passwd")
    (path / "nowhere").symlink_to("gone")
    return path


async def test_a_directory_is_listed_by_path(sandbox: Path, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        found = await served.json(f"/files/browse?path={quote(str(sandbox))}/")
        assert faults(found, "[file]", "browse") == []
        names = [entry["path"].removeprefix(f"{sandbox}/") for entry in found]
        assert names == ["dir", "in", "out", "passwd", "stdout"]
        modes = {entry["path"].rpartition("/")[2]: entry["mode"] for entry in found}
        assert modes["dir"].startswith("drwx")
        assert modes["stdout"].startswith("-rw")
        assert await served.json(f"/files/browse?path={quote(str(sandbox))}/stdout") == []
        assert len(await served.json(f"/files/browse?path={quote(str(sandbox))}/in")) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"offset": 6, "data": ""}),
        ("&offset=-1", {"offset": 6, "data": ""}),
        ("&offset=0", {"offset": 0, "data": "hello\n"}),
        ("&offset=1&length=3", {"offset": 1, "data": "ell"}),
        ("&offset=1&length=-1", {"offset": 1, "data": "ello\n"}),
        ("&offset=6", {"offset": 6, "data": ""}),
        ("&offset=99999999999999999999", {"offset": (1 << 63) - 1, "data": ""}),
        ("&offset=0&length=0", {"offset": 0, "data": ""}),
    ],
)
async def test_a_file_is_read(query: str, expected: object, sandbox: Path, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        found = await served.json(f"/files/read?path={quote(str(sandbox))}/stdout{query}")
        assert found == expected
        assert faults(found, "piece", "read") == []


async def test_one_answer_has_sixteen_pages_of_whole_characters(sandbox: Path, tmp_path: Path) -> None:
    text = "a" + "ü" * MOST_BYTES
    (sandbox / "long").write_text(text)
    async with busy_agent(tmp_path) as served:
        read, offset = "", 0
        while True:
            path = f"/files/read?path={quote(str(sandbox))}/long&offset={offset}"
            found = await served.json(path)
            if not found["data"]:
                break
            assert len(found["data"].encode()) <= MOST_BYTES
            read += found["data"]
            offset += len(found["data"].encode())
        assert read == text


async def test_a_file_is_downloaded(sandbox: Path, tmp_path: Path) -> None:
    data = os.urandom(700_000)
    (sandbox / "data.tar.gz").write_bytes(data)
    async with busy_agent(tmp_path) as served:
        answer = await served.ask(f"/files/download?path={quote(str(sandbox))}/data.tar.gz")
        assert (answer.status, answer.body) == (200, data)
        assert answer.headers["content-disposition"] == "attachment; filename=data.tar.gz"
        answer = await served.ask(f"/files/download?path={quote(str(sandbox))}/dir/{quote('ä b')}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == 'attachment; filename="_ b"'


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("/../../../../../../../secret", 400), ("/%2e%2e/x", 400), ("/dir/..", 400), ("/out/secret", 400),
        ("/out", 400), ("/passwd", 400), ("/gone", 404), ("/nowhere", 404), ("/stdout/x", 404),
        ("/%00", 400), ("/dir", 400), ("", 400), ("/" + "x" * 300, 404),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["read", "download"])
async def test_nothing_else_is_read(what: str, rest: str, status: int, sandbox: Path, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        answer = await served.ask(f"/files/{what}?path={quote(str(sandbox))}{rest}&offset=0")
        assert (answer.status, "secret" in answer.text.replace("/secret", "")) == (status, False)
        assert answer.text.startswith("path: ")


@pytest.mark.parametrize("path", ["/etc/passwd", "/", "//", "/frameworks", "/slave/log", "/master/log", "x"])
async def test_what_is_not_attached_is_not_there(path: str, sandbox: Path, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        assert (await served.ask(f"/files/read?path={path}")).status == 404
        assert (await served.ask(f"/files/browse?path={tmp_path}")).status == 404


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Expecting 'path=value' in query"), ("path=/x&offset=a", "'offset'"),
        ("path=/x&offset=-2", "'offset'"), ("path=/x&length=-2", "'length'"),
        ("path=/x&offset=1e3", "'offset'"), ("path=/x&offset=--1", "'offset'"),
    ],
)  # fmt: skip
async def test_bad_queries_are_named(query: str, words: str, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        answer = await served.ask(f"/files/read?{query}")
        assert (answer.status, words in answer.text) == (400, True)


async def test_logs_are_read(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    log.write_text("a line\n")
    async with busy_agent(tmp_path, log_path=str(log)) as served:
        assert (await served.json("/files/read?path=/slave/log&offset=0"))["data"] == "a line\n"
        assert (await served.json("/files/debug"))["/slave/log"] == str(log)
        assert (await served.ask("/files/read?path=/slave/log/x")).status == 404
    async with master(log_path=str(log)) as scene:
        assert (await scene.json("/files/read?path=/master/log&offset=2"))["data"] == "line\n"
        assert await scene.json("/files/debug") == {"/master/log": str(log)}


def test_paths_of_sandboxes() -> None:
    assert sandbox_path(f"/w/{RUN}/a/b", "/w/") == (f"/w/{RUN}", "S0", "F", "e", "c1")
    short = "/frameworks/F/executors/e/runs/latest"
    assert sandbox_path(short, "/w") == (short, "", "F", "e", "latest")
    for path in (
        "/w/slaves/S0",
        f"/v/{RUN}",
        "/frameworks/F/executors/e/runs",
        "/frameworks//executors/e/runs/x",
    ):
        assert sandbox_path(path, "/w") is None


@given(st.text(max_size=20), st.integers(1, 100))
def test_pieces_of_text_add_up(text: str, length: int) -> None:
    data = text.encode()
    read, at = "", 0
    while at < len(data):
        piece = data[at : at + max(4, length)]
        piece = whole_characters(piece, at + len(piece) >= len(data))
        assert piece
        read += piece.decode()
        at += len(piece)
    assert read == text
