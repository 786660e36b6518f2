"""Starting, watching and signalling real processes."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cluster.containerizer.os_processes import OsProcess, OsProcesses
from cluster.containerizer.processes import LaunchError, ProcessSpec, shell
from tests.limits import LIMIT_S
from tests.process.executor_stage import ended, gate, runs

pytestmark = pytest.mark.process

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Bench:
    """Starts scripts in a directory and waits for their ends."""

    def __init__(self, directory: Path, **options: int) -> None:
        self.directory = directory
        self.processes = OsProcesses(**options)

    def start(
        self, script: str, *, user: str | None = None, **environment: str
    ) -> tuple[OsProcess, asyncio.Future[int]]:
        status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        spec = ProcessSpec(
            shell(script),
            {"PATH": "/usr/bin:/bin", "MESOS_SANDBOX": str(self.directory), **environment},
            str(self.directory),
            user=user,
        )
        return self.processes.start(spec, status.set_result), status

    async def run(self, script: str, *, user: str | None = None, **environment: str) -> str:
        """Run a script to its good end; its output."""
        _, status = self.start(script, user=user, **environment)
        async with asyncio.timeout(LIMIT_S):
            assert await status == 0
        return (self.directory / "stdout").read_text()


@pytest.fixture
async def b(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.processes.close()
    for pid in made.processes.kill_leftovers(str(tmp_path)):
        await ended(pid)


async def test_environment_directory_session_and_input(b: Bench) -> None:
    script = "env | grep -v '^_=\\|^PWD='; pwd; ps -o sid= -p $$; echo $$; cat"
    *variables, directory, session, own = (await b.run(script, A="1")).split()
    assert sorted(variables) == ["A=1", f"MESOS_SANDBOX={b.directory}", "PATH=/usr/bin:/bin"]
    assert directory == str(b.directory)
    assert session == own


async def test_output_is_appended(b: Bench) -> None:
    await b.run("echo 1")
    assert await b.run("echo 2") == "1\n2\n"


async def test_output_does_not_follow_links(b: Bench) -> None:
    (b.directory / "stdout").symlink_to("/dev/full")
    with pytest.raises(LaunchError, match="stdout"):
        b.start("echo 1")


async def test_sandbox_that_does_not_exist(b: Bench) -> None:
    b.directory /= "gone"
    with pytest.raises(
        LaunchError, match=r"cannot run '/bin/sh': No such file or directory \(.*gone/stdout\)"
    ):
        b.start("true")


@pytest.mark.parametrize("bad", [{"A=B": "1"}, {"A": "\0"}, {"A": "\ud800"}])
async def test_environment_that_cannot_be(b: Bench, bad: dict[str, str]) -> None:
    with pytest.raises(LaunchError):
        b.start("true", **bad)


@needs_root
async def test_another_user(b: Bench) -> None:
    b.directory.chmod(0o777)
    for parent in b.directory.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o755)
    assert await b.run("id -un; id -gn; id -Gn", user="nobody") == "nobody\nnogroup\nnogroup\n"
    assert (b.directory / "stdout").owner() == "nobody"
    with pytest.raises(LaunchError, match="there is no user 'nobody-at-all' on this host"):
        b.start("true", user="nobody-at-all")


async def test_open_files_are_limited_as_before(b: Bench) -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    b.processes = OsProcesses(open_files=soft - 1)
    with gate(b.directory) as go:
        _, status = b.start("read x < gate; ulimit -n")
        go.open()
        async with asyncio.timeout(LIMIT_S):
            assert await status == 0
    assert (b.directory / "stdout").read_text() == f"{soft - 1}\n"


async def test_signal_reaches_the_tree_and_only_the_tree(b: Bench) -> None:
    # Nothing is executed after a sleeper has told that it runs: while a program is being replaced, its
    # environment cannot be read for a moment.
    os.mkfifo(b.directory / "never")
    sleeper = "sh -c 'echo > gate; read x < never'"
    with gate(b.directory) as ready:
        process, status = b.start(f'{sleeper} & setsid {sleeper} & setsid sh -c "{sleeper}; exit 1"')
        await ready.passed(3)
        other, other_status = b.start("echo > gate; read x < never")
        await ready.passed(1)
        everything = b.processes.leftovers(str(b.directory))
    assert len(everything) == 6  # leader, inner shell, 3 sleepers, the other
    process.signal_tree(signal.SIGTERM)
    async with asyncio.timeout(LIMIT_S):
        assert await status == signal.SIGTERM
    for pid in everything:
        if pid != other.pid:
            await ended(pid)
    process.signal_tree(signal.SIGKILL)  # reaped: whoever has this pid now is left alone
    assert runs(other.pid)
    other.signal_tree(signal.SIGKILL)
    async with asyncio.timeout(LIMIT_S):
        assert await other_status == signal.SIGKILL
