"""mesos-master as a program: what it prints, when it ends, and with which code."""

from __future__ import annotations

import asyncio
import json
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.limits import LIMIT_S
from tests.process.cluster import LOOPBACK, held_port, running_cluster

pytestmark = pytest.mark.process


def get(address: str, path: str) -> tuple[int, bytes]:
    """A request by a client of its own."""
    connection = HTTPConnection(address, timeout=LIMIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def test_a_master_serves_and_ends_in_order(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master("--hostname=m.example", f"--log_dir={tmp_path}/log")
        assert await asyncio.to_thread(get, master.address, "/health") == (200, b"")
        status, body = await asyncio.to_thread(get, master.address, "/master/version")
        assert (status, json.loads(body)["version"]) == (200, "1.11.0")
        status, body = await asyncio.to_thread(get, master.address, "/metrics/snapshot")
        assert json.loads(body)["master/slaves_active"] == 0.0
        names = json.loads((await asyncio.to_thread(get, master.address, "/__processes__"))[1])
        assert {"allocator", "master"} <= {actor["id"] for actor in names}
        assert await master.terminate() == 0
        assert master.find(rf"listens on {LOOPBACK}:\d+; web: http://{LOOPBACK}:\d+/$")
        assert (tmp_path / "log/mesos-master.log").read_text().splitlines() == master.lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_end_it_with_code_0(tmp_path: Path, number: int) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        master.send_signal(number)
        assert await master.ended() == 0


async def test_a_connection_that_stays_open_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        reader, writer = await asyncio.open_connection(LOOPBACK, master.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert await master.terminate() == 0
        writer.close()


async def failed_start(root: Path, *flags: str) -> list[str]:
    """What a master that cannot start says on stderr; it must end with code 1."""
    async with running_cluster(root) as c:
        master = c.daemon(["mesos-master", *flags])
        await master.launch()
        assert await master.ended() == 1
        assert master.out == []
        return master.lines


async def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with held_port() as port:
        lines = await failed_start(tmp_path, f"--ip={LOOPBACK}", f"--port={port}", "--registry=in_memory")
    assert lines == [f"mesos-master: cannot listen on {LOOPBACK}:{port}: Address already in use"]


async def test_an_address_of_another_host_is_one_line(tmp_path: Path) -> None:
    lines = await failed_start(tmp_path, "--ip=192.0.2.1", "--port=0", "--registry=in_memory")
    assert lines == ["mesos-master: cannot listen on 192.0.2.1:0: Cannot assign requested address"]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--work_dir=/dev/null/m"], "cannot use the work directory /dev/null/m: Not a directory"),
        (
            ["--registry=in_memory", "--log_dir=/dev/null/l"],
            "cannot use the log directory /dev/null/l: Not a directory",
        ),
        (
            ["--registry=in_memory", "--min_allocatable_resources=cpus=1"],
            "--min_allocatable_resources: Bad quantity 'cpus=1'",
        ),
    ],
)
async def test_what_cannot_be_used_is_one_line(tmp_path: Path, flags: list[str], line: str) -> None:
    (found,) = await failed_start(tmp_path, f"--ip={LOOPBACK}", "--port=0", *flags)
    assert found.startswith(f"mesos-master: {line}")


async def test_an_unknown_flag_names_the_nearest(tmp_path: Path) -> None:
    lines = await failed_start(tmp_path, "--wrok_dir=/tmp")
    assert lines[0] == "unknown flag --wrok_dir: did you mean --work_dir?"
    assert lines[-2:] == ["", "See `mesos-master --help` for the flags."]


async def test_a_quiet_master_says_nothing(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        flags = [
            f"--ip={LOOPBACK}",
            "--port=0",
            "--registry=in_memory",
            "--quiet",
            f"--log_dir={tmp_path}/log",
        ]
        master = c.daemon(["mesos-master", *flags])
        await master.launch()
        log = tmp_path / "log/mesos-master.log"
        # Its streams say nothing, so the log file has to tell when it is up.
        follower = await asyncio.create_subprocess_exec(
            "tail", "-n+1", "-F", str(log), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert follower.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            assert b"listens on" in await follower.stdout.readline()
        follower.terminate()
        await follower.wait()
        assert await master.terminate() == 0
        assert master.lines == []
