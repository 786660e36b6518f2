"""mesos-demo for real: what it shows, how it ends, and that nothing is left whatever happens."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import termios
from pathlib import Path

import pytest

from tests.browser.others import watched
from tests.process.cluster import held_port
from tests.process.program import gone, running

pytestmark = pytest.mark.process

NOTHING: tuple[list[int], list[str]] = ([], [])
FEW = "--files=40"
#: What the issue promises, after installation; by as much longer as others crowd the machine meanwhile.
WHOLE_S = 30.0


def pid_in(line: str) -> int:
    """The process that a line tells of."""
    found = re.search(r"process (\d+)", line)
    assert found is not None, line
    return int(found[1])


async def test_the_whole_demonstration(tmp_path: Path) -> None:
    with watched() as window:
        async with running("mesos-demo", [], tmp_path) as demo:
            await demo.line("master", "process")
            await demo.line("framework 1 → master", "subscribes")
            await demo.line("agent 1 → master", "<4 cpus, 4 GB>")
            await demo.line("allocator", "framework 1")
            await demo.line("master → framework 1", "offers <4 cpus, 4 GB>")
            await demo.line("framework 1 → master", "<2 cpus, 1 GB> and <1 cpu, 2 GB>")
            await demo.line("task 1 is TASK_RUNNING", "sleep")
            await demo.line("task 2 is TASK_RUNNING", "sleep")
            await demo.line("master → framework 2", "<1 cpu, 1 GB>")
            await demo.line("agent 2", "process")
            await demo.line("agent 3", "process")
            assert await demo.ended() == 0, demo.text
            assert demo.left() == NOTHING
            assert demo.err == [""]
            results = re.search(r"all (\d+) results of the cluster equal those of the serial run", demo.text)
            assert results is not None, demo.text
            assert int(results[1]) > 1000  # two for each file
            shares = re.search(r"average dominant share +([\d.]+)% +([\d.]+)%", demo.text)
            assert shares is not None, demo.text
            # Each could have all of the cluster if it were alone. Without DRF one would have nearly nothing.
            assert min(float(shares[1]), float(shares[2])) > 25.0
            took = re.search(r"no process and no file is left \(([\d.]+) s\)", demo.text)
            assert took is not None, demo.text
    assert float(took[1]) < window.stretched(WHOLE_S)


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (signal.SIGTERM, ("master", "process"), 143),
        (signal.SIGINT, ("task 1 is TASK_RUNNING",), 130),
        (signal.SIGHUP, ("tasks done",), 129),
    ],
)
async def test_a_signal_in_the_middle_leaves_nothing(
    tmp_path: Path, number: int, words: tuple[str, ...], code: int
) -> None:
    async with running("mesos-demo", [], tmp_path) as demo:
        await demo.line(*words)
        assert len(demo.processes()) > 1
        assert await demo.told(number) == code, demo.text
        assert demo.left() == NOTHING
        assert demo.err == [""]


@pytest.mark.parametrize("victim", ["master", "agent 1"])
async def test_a_daemon_that_dies_is_told_and_nothing_is_left(tmp_path: Path, victim: str) -> None:
    async with running("mesos-demo", [], tmp_path) as demo:
        pid = pid_in(await demo.line(victim, "process"))
        await demo.line("task 1 is TASK_RUNNING")
        os.kill(pid, signal.SIGKILL)
        assert await demo.ended() == 1, demo.text
        assert f"mesos-demo: {victim} (process {pid}) was ended by SIGKILL" in demo.err[0]
        assert "  | " in demo.err[0]  # its last lines
        assert demo.left()[0] == []
        assert demo.left() == NOTHING


async def test_a_daemon_that_cannot_start_says_why(tmp_path: Path) -> None:
    with held_port() as port:
        async with running("mesos-demo", [f"--port={port}"], tmp_path) as demo:
            assert await demo.ended() == 1
            assert "mesos-demo: master (process" in demo.err[0]
            assert f"| mesos-master: cannot listen on 127.0.0.1:{port}" in demo.err[0]
            assert demo.left() == NOTHING


async def test_resources_that_nobody_understands(tmp_path: Path) -> None:
    async with running("mesos-demo", ["--resources=cpus:many", FEW], tmp_path) as demo:
        assert await demo.ended() == 1
        assert "| mesos-agent: --resources: " in demo.err[0]
        assert demo.left() == NOTHING


async def test_kept_clusters_work_and_end_as_printed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with running("mesos-demo", ["--keep", FEW, "--agents=2"], tmp_path) as demo:
        assert await demo.ended() == 0, demo.text
        assert demo.err == [""]
        address = re.search(r"master +(\S+:\d+), web", demo.text)
        directory = re.search(r"directory +(\S+),", demo.text)
        end = re.search(r"end it all +kill (\d+)\n", demo.text)
        assert address is not None, demo.text
        assert directory is not None, demo.text
        assert end is not None, demo.text
        assert Path(directory[1]).is_dir()

        flags = [f"--master={address[1]}", "--name=hello", "--command=echo hello"]
        async with running("mesos-execute", flags, tmp_path_factory.mktemp("client")) as hello:
            assert await hello.ended() == 0, hello.text

        os.kill(int(end[1]), signal.SIGTERM)
        await gone(int(end[1]))
        assert demo.left() == NOTHING


async def test_interrupted_before_it_would_be_kept(tmp_path: Path) -> None:
    async with running("mesos-demo", ["--keep"], tmp_path) as demo:
        await demo.line("agent 2")
        assert await demo.told(signal.SIGINT) == 130
        assert demo.left() == NOTHING


async def test_a_reader_who_leaves_ends_it(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    async with running("mesos-demo", [], tmp_path, terminal=writer) as demo:
        os.close(writer)
        assert await asyncio.to_thread(os.read, reader, 1)
        os.close(reader)
        assert await demo.ended() == 128 + signal.SIGPIPE
        assert demo.err == [""]
        assert demo.left() == NOTHING


async def test_on_a_terminal_it_draws(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    drawn = bytearray()
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: drawn.extend(os.read(ours, 1 << 16)))
    try:
        async with running("mesos-demo", [FEW, "--agents=2"], tmp_path, terminal=theirs) as demo:
            assert await demo.ended() == 0
            assert demo.left() == NOTHING
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)
    text = drawn.decode()
    assert "tasks done" in text
    assert "\x1b[" in text
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert all(len(line) <= 80 for line in re.split(r"[\r\n]+", words))
    assert re.search(r"agent 2 .* of 4 cpus", words)
