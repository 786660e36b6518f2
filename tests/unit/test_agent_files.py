"""Reading sandboxes: what is inside, a piece at a time, and nothing outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors import PID
from actors.testing import Host, Simulation
from cluster.agent.files import Files, RealSandboxReader
from cluster.protocol.files import CHUNK_BYTES, FileData, ReadFile


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    directory = tmp_path / "runs" / "c1"
    directory.mkdir(parents=True)
    (directory / "stdout").write_bytes(b"0123456789")
    (directory / "sub").mkdir()
    (directory / "sub" / "inner").write_bytes(b"inner")
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "runs" / "c1-neighbour").write_bytes(b"secret")
    return directory


def read(sandbox: Path, name: str, offset: int = 0, length: int = 100) -> tuple[bytes, int]:
    return RealSandboxReader().read(str(sandbox), name, offset, length)


@pytest.mark.parametrize(
    ("offset", "length", "data"),
    [(0, 100, b"0123456789"), (3, 4, b"3456"), (8, 10, b"89"), (10, 5, b""), (99, 5, b""), (0, 0, b"")],
)
def test_a_piece_and_the_size(sandbox: Path, offset: int, length: int, data: bytes) -> None:
    assert read(sandbox, "stdout", offset, length) == (data, 10)


def test_names_inside(sandbox: Path) -> None:
    (sandbox / "link").symlink_to("sub/inner")
    (sandbox / "directory").symlink_to("sub")
    for name in ("sub/inner", "./sub//inner", "sub/../sub/inner", "link", "directory/inner"):
        assert read(sandbox, name) == (b"inner", 5)
    assert read(sandbox, str(sandbox / "stdout"))[1] == 10  # absolute, and inside


@pytest.mark.parametrize(
    "name", ["../../secret", "sub/../../../secret", "../c1-neighbour", "/etc/passwd", "..", "/", "sub/../.."]
)
def test_names_outside(sandbox: Path, name: str) -> None:
    with pytest.raises(PermissionError, match="is outside of the sandbox"):
        read(sandbox, name)


def test_links_that_lead_outside(sandbox: Path) -> None:
    (sandbox / "file").symlink_to("../../secret")
    (sandbox / "absolute").symlink_to("/etc/passwd")
    (sandbox / "up").symlink_to("../..")
    (sandbox / "chain").symlink_to("up")
    for name in ("file", "absolute", "up/secret", "chain/secret"):
        with pytest.raises(PermissionError, match="is outside of the sandbox"):
            read(sandbox, name)


@pytest.mark.parametrize("name", ["missing", "", ".", "sub", "stdout/x", "sub/missing"])
def test_what_is_no_file(sandbox: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(sandbox, name)


def test_a_pipe_does_not_block(sandbox: Path) -> None:
    os.mkfifo(sandbox / "pipe")
    with pytest.raises(FileNotFoundError):
        read(sandbox, "pipe")


def test_a_loop_of_links_is_no_file(sandbox: Path) -> None:
    (sandbox / "loop").symlink_to("loop")
    with pytest.raises(OSError):
        read(sandbox, "loop")


class Asker:
    """A host with the actor `files`, and one that asks."""

    def __init__(self, sandbox: Path) -> None:
        self.sim = Simulation(1)
        known = {("F", "e"): str(sandbox)}

        def boot(host: Host) -> None:
            host.runtime.spawn(Files(lambda f, e: known.get((f, e)), RealSandboxReader()), "files")

        self.agent = self.sim.host("10.0.0.1", boot)
        self.agent.start(5051)
        self.client = self.sim.host("10.0.0.2", lambda host: None)
        self.client.start()

    def ask(self, question: ReadFile) -> FileData:
        answer = self.sim.ask(self.client, PID("files", "10.0.0.1:5051"), question)
        assert isinstance(answer, FileData)
        assert self.agent.failures == []
        return answer


def test_the_actor_answers(sandbox: Path) -> None:
    asker = Asker(sandbox)
    assert asker.ask(ReadFile("F", "e", "stdout", 2, 3)) == FileData(2, b"234", 10)
    assert asker.ask(ReadFile("F", "e", "stdout", 10)) == FileData(10, b"", 10)


def test_an_answer_is_bounded(sandbox: Path) -> None:
    (sandbox / "big").write_bytes(b"x" * (CHUNK_BYTES + 5))
    asker = Asker(sandbox)
    first = asker.ask(ReadFile("F", "e", "big", 0, 1 << 60))
    assert (len(first.data), first.size) == (CHUNK_BYTES, CHUNK_BYTES + 5)
    assert asker.ask(ReadFile("F", "e", "big", CHUNK_BYTES)).data == b"xxxxx"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (ReadFile("F", "x", "stdout"), "executor x of F is not known here"),
        (ReadFile("F", "e", "../../secret"), "outside of the sandbox"),
        (ReadFile("F", "e", "missing"), "there is no file missing"),
        (ReadFile("F", "e", "a\0b"), "null"),
        (ReadFile("F", "e", "x" * 5000), ""),
        (ReadFile("F", "e", "stdout", -1), "must not be negative"),
        (ReadFile("F", "e", "stdout", 0, -1), "must not be negative"),
        (ReadFile("F", "e", "stdout", 1 << 62), ""),
        (ReadFile("F", "e", "stdout", (1 << 63) + 5), ""),
    ],
)
def test_a_fault_is_an_answer(sandbox: Path, question: ReadFile, words: str) -> None:
    answer = Asker(sandbox).ask(question)
    assert answer.data == b""
    assert words in answer.fault
