"""An agent in this process and a real executor host: what process tests of executors stand on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from actors import Process, bind
from cluster.containerizer.os_processes import OsProcesses
from cluster.containerizer.proc_table import entry_of
from cluster.executor.host_process import HostIdentity
from cluster.executor.launch_host import LaunchedHost
from cluster.model import CommandInfo, TaskInfo
from tests.executor_kit import AGENT_NAME, FakeAgent, start
from tests.limits import LIMIT_S


class Gate:
    """A pipe in a sandbox: scripts say that they got somewhere, or wait to be let on."""

    def __init__(self, file: int) -> None:
        self._file = file

    async def passed(self, lines: int) -> None:
        """Wait until scripts wrote so many empty lines (``echo > gate``)."""
        loop = asyncio.get_running_loop()
        all_passed = asyncio.Event()
        left = lines

        def read() -> None:
            nonlocal left
            left -= len(os.read(self._file, left))
            if not left:
                loop.remove_reader(self._file)
                all_passed.set()

        loop.add_reader(self._file, read)
        try:
            async with asyncio.timeout(LIMIT_S):
                await all_passed.wait()
        finally:
            loop.remove_reader(self._file)

    def open(self) -> None:
        """Let a script go on that waits (``read x < gate``)."""
        os.write(self._file, b"\n")


@contextmanager
def gate(directory: str | Path) -> Iterator[Gate]:
    """Make the pipe ``gate`` in a directory."""
    path = Path(directory, "gate")
    os.mkfifo(path)
    file = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # both ways, so that opening blocks nobody
    try:
        yield Gate(file)
    finally:
        os.close(file)


class Stage:
    """An agent with its runtime, a host, and sandboxes below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.agent = FakeAgent()
        self.agent_file = root / "agent.address"
        self.launched = LaunchedHost(str(root), agent_file=str(self.agent_file), recovery_timeout_s=20.0)
        self.host_status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.process: Process | None = None
        self.identity: HostIdentity | None = None
        self.directories: list[str] = []

    async def start_agent(self) -> FakeAgent:
        """Start the agent, at a new port."""
        self.agent = FakeAgent()
        self.process = Process(sock=bind("127.0.0.1", 0))
        pid = self.process.runtime.spawn(self.agent, AGENT_NAME)
        self.agent_file.write_text(f"{pid}\n")
        await self.process.listen()
        return self.agent

    async def stop_agent(self) -> None:
        """End the agent's runtime: to the host it is gone."""
        assert self.process is not None
        await self.process.close()

    async def start_host(self) -> None:
        """Start the host and wait for its report."""
        self.identity = self.launched.start(self.agent.pid, self.host_status.set_result)
        await self.agent.until(lambda: self.agent.host is not None)

    def run(
        self,
        name: str,
        *tasks: TaskInfo,
        survives: bool = True,
        command: CommandInfo | None = None,
        **environment: str,
    ) -> None:
        """Start a container with a sandbox of its own, and launch tasks in it."""
        more = environment | {
            "MESOS_SLAVE_PID": str(self.agent.pid),
            "MESOS_SLAVE_PID_FILE": str(self.agent_file),
        }
        order = start(name, self.sandbox(name), survives=survives, command=command, **more)
        self.agent.run(order, *tasks)

    def sandbox(self, name: str) -> str:
        """A new sandbox."""
        directory = self.root / name
        directory.mkdir()
        self.directories.append(str(directory))
        return str(directory)

    def output(self, name: str, file: str = "stdout") -> str:
        """What a task wrote."""
        return (self.root / name / file).read_text()


async def ended(pid: int) -> None:
    """Wait until a process, whoever's child it is, does not run any more."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, gone.set)
    try:
        async with asyncio.timeout(LIMIT_S):
            await gone.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def runs(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    entry = entry_of(pid)
    return entry is not None and not entry.is_zombie


@asynccontextmanager
async def stage(root: Path) -> AsyncIterator[Stage]:
    """A stage with agent and host; afterwards nothing of it runs."""
    made = Stage(root)
    await made.start_agent()
    await made.start_host()
    processes = OsProcesses()
    try:
        yield made
    finally:
        if made.launched.is_alive():
            made.launched.kill()
            await made.host_status
        await made.stop_agent()
        left = processes.kill_leftovers(*made.directories)
        for pid in left:
            await ended(pid)
    assert left == []
