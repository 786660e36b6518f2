"""A cluster on this host: its daemons as child processes below one directory.

A daemon is up when it says on stderr where it listens. Everything it says goes to a log file, the
last lines are remembered. Daemons lead sessions of their own, so that Ctrl-C reaches only the
program that started them, which then ends them in order: agents first, with all that runs on them.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from cluster.cli.leftovers import MARKER, kill_leftovers
from cluster.cli.told import to_its_end

#: How long a daemon may take to listen.
UP_S = 30.0
#: How long an agent may take to end what runs on it and leave; then, and for masters, to end.
LEAVE_S, END_S = 10.0, 5.0
#: Lines of a daemon that are shown when it fails.
LAST_LINES = 12
_READ_BYTES = 1 << 16

_LISTENS = re.compile(r" listens on (?P<address>\S+:\d+)[,;].* web: (?P<url>\S+)$")
_REGISTERED = re.compile(r": registered with \S+ as (?P<id>\S+)$")


class DaemonFailed(Exception):
    """Raised when a daemon ends, or does not come up; `lines` are its last words."""

    def __init__(self, name: str, what: str, lines: Sequence[str]) -> None:
        super().__init__(f"{name} {what}")
        self.lines = tuple(lines)


class Daemon:
    """A child process: what it said of itself, its last lines, its end."""

    def __init__(self, name: str, process: Process, log_file: BinaryIO) -> None:
        self.name = name
        self.pid = process.pid
        self.address = ""
        self.url = ""
        self.lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process = process
        self._is_up = asyncio.Event()
        self._is_registered = asyncio.Event()
        self.agent_id = ""
        self._reader = asyncio.create_task(self._read(log_file))
        #: Done when the process has ended and all it said is read.
        self.end = asyncio.create_task(self._wait())

    async def _read(self, log_file: BinaryIO) -> None:
        stream = self._process.stderr
        assert stream is not None
        rest = b""
        with log_file:
            while data := await stream.read(_READ_BYTES):
                log_file.write(data)
                log_file.flush()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._hear(line.decode(errors="replace"))
                rest = rest[-_READ_BYTES:]
        if rest:
            self._hear(rest.decode(errors="replace"))

    def _hear(self, line: str) -> None:
        self.lines.append(line)
        if found := _LISTENS.search(line):
            self.address, self.url = found["address"], found["url"]
            self._is_up.set()
        elif found := _REGISTERED.search(line):
            self.agent_id = found["id"]
            self._is_registered.set()

    async def _wait(self) -> int:
        code = await self._process.wait()
        # What it started may hold the pipe open for longer.
        await asyncio.wait([self._reader], timeout=END_S)
        return code

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.returncode is None

    def failure(self) -> DaemonFailed:
        """What to raise when it ended though nobody asked it to."""
        return DaemonFailed(self.name, f"(process {self.pid}) {words_of(self.end.result())}", self.lines)

    async def up(self) -> None:
        """Wait until it listens.

        Raises:
            DaemonFailed: it ended instead, or takes too long.
        """
        await self._until(self._is_up, "listens")

    async def registered(self) -> None:
        """Wait until this agent is registered.

        Raises:
            DaemonFailed: it ended instead, or takes too long.
        """
        await self._until(self._is_registered, "is registered")

    async def _until(self, event: asyncio.Event, what: str) -> None:
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait([waiting, self.end], timeout=UP_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if event.is_set():
            return
        if self.end.done():
            raise self.failure()
        raise DaemonFailed(self.name, f"neither {what} nor ends within {UP_S:g} s", self.lines)

    def signal(self, number: int) -> None:
        """Send a signal; harmless when it has ended."""
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            return


class LocalCluster:
    """Daemons below `directory`, with their logs in `logs`.

    `flags` go to every daemon. At the end of the `async with` everything is stopped; `killed` then
    are processes that had to be killed because they did not end with their daemon. `hurry` cuts
    the patience with daemons short.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        *,
        logs: Path | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self.directory = directory
        self.logs = logs or directory / "logs"
        self.master: Daemon | None = None
        self.agents: list[Daemon] = []
        self.killed: list[int] = []
        self.hurry = asyncio.Event()
        self._environment = {**environment, MARKER: str(directory)}
        self._flags = tuple(flags)
        self._ended: asyncio.Queue[Daemon] = asyncio.Queue()

    async def __aenter__(self) -> LocalCluster:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def daemons(self) -> list[Daemon]:
        """Master and agents."""
        return [self.master, *self.agents] if self.master is not None else list(self.agents)

    # -- starting -----------------------------------------------------------------------------

    async def start_master(self, *flags: str) -> Daemon:
        """Start the master and wait until it listens.

        Raises:
            DaemonFailed: it does not come up.
        """
        master = await to_its_end(self._start_master(flags))
        await master.up()
        return master

    async def start_agents(self, *flags: Sequence[str]) -> list[Daemon]:
        """Start agents at once, one for each list of flags, and wait until they are registered.

        Raises:
            DaemonFailed: one does not come up.
        """
        before = len(self.agents)
        for each in flags:
            await to_its_end(self._start_agent(each))
        for agent in self.agents[before:]:
            await agent.up()
            await agent.registered()
        return self.agents[before:]

    async def _start_master(self, flags: Sequence[str]) -> Daemon:
        self.master = await self._start("master", "cluster.cli.master", flags)
        return self.master

    async def _start_agent(self, flags: Sequence[str]) -> None:
        self.agents.append(await self._start(f"agent {len(self.agents) + 1}", "cluster.cli.agent", flags))

    async def _start(self, name: str, module: str, flags: Iterable[str]) -> Daemon:
        log_file = (self.logs / f"{name.replace(' ', '-')}.log").open("ab")
        try:
            # -P: nothing is imported from the directory we happen to be in.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", module, *flags, *self._flags,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE, cwd=self.directory, env=self._environment,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            log_file.close()
            raise
        daemon = Daemon(name, process, log_file)
        daemon.end.add_done_callback(lambda _: self._ended.put_nowait(daemon))
        return daemon

    # -- watching -----------------------------------------------------------------------------

    async def failed(self) -> DaemonFailed:
        """Wait until a daemon ends, also one that is started later."""
        return (await self._ended.get()).failure()

    # -- stopping -----------------------------------------------------------------------------

    async def stop(self) -> None:
        """End agents, then the master, then whatever is left of them; may be called again."""
        await asyncio.gather(*(self._end(agent, (signal.SIGUSR1, LEAVE_S)) for agent in self.agents))
        if self.master is not None:
            await self._end(self.master)
        self.killed += await kill_leftovers(str(self.directory))

    async def _end(self, daemon: Daemon, *first: tuple[int, float]) -> None:
        """SIGUSR1 makes an agent end everything on it and unregister; SIGTERM would leave
        executors that outlive agents."""
        for number, patience_s in (*first, (signal.SIGTERM, END_S)):
            if daemon.is_running and not self.hurry.is_set():
                daemon.signal(number)
                await self._wait(daemon, patience_s)
        daemon.signal(signal.SIGKILL)
        await daemon.end

    async def _wait(self, daemon: Daemon, patience_s: float) -> None:
        hurry = asyncio.ensure_future(self.hurry.wait())
        try:
            await asyncio.wait([daemon.end, hurry], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurry.cancel()


def words_of(code: int) -> str:
    """An exit code, or minus a signal, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def environment(*, without: Iterable[str] = (), without_all: bool = False) -> dict[str, str]:
    """The environment for daemons: ours, without some or all MESOS_* variables."""
    hidden = frozenset(without)
    return {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and not (without_all and name.startswith("MESOS_"))
    }
