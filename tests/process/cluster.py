"""Whole clusters of real processes for tests: daemons as children, frameworks in this process.

Nothing polls and nothing sleeps: log lines, events of frameworks and words of tasks arrive by themselves
and wake whoever waits in :meth:`Cluster.until`. Whatever a cluster started carries a marker in its
environment; at the end of every cluster all of it must be gone by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from actors import NOWHERE, PID, LoopClock, Rng, Runtime
from actors.tcp import TcpTransport
from cluster.scheduler import Handle, Timing, start
from tests.limits import LIMIT_S
from tests.process.observed import Observed

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LOOPBACK = "127.0.0.1"
#: Variable that marks every process of a test.
MARKER = "TEPUI_TEST"
#: Frameworks try again soon.
TIMING = Timing(backoff_min_s=0.02, backoff_max_s=0.2)
#: What daemons take from their environment, so that command lines stay short. None of them speaks TLS, so
#: that none has to read the machine's certificates, which takes a tenth of its start.
QUICK = {
    "MESOS_ALLOCATION_INTERVAL": "50ms",
    "MESOS_REGISTRATION_BACKOFF_FACTOR": "20ms",
    "SSL_CERT_FILE": os.devnull,
    "SSL_CERT_DIR": os.devnull,
}
#: For agents whose tasks do not hear SIGTERM: an executor keeps two seconds of this for itself, and after the
#: rest it kills by force.
SOON_BY_FORCE = "--executor_shutdown_grace_period=2500ms"
_LISTENS = re.compile(r": mesos-\w+ listens on (\S+:\d+)[,;]")
_SUBSCRIBED = re.compile(r": executor (\S+) of (\S+) subscribed at")
_ENDED = re.compile(r": executor (\S+) of (\S+) ended with status")
_SHOWN_LINES = 60


class Changes:
    """Wakes whoever waits for a condition when something happened; `touch` from the loop's thread."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def touch(self) -> None:
        """Something happened."""
        self._event.set()

    async def until(self, reached: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Wait until `reached`.

        Raises:
            TimeoutError: it was not reached in time.
        """
        async with asyncio.timeout(limit_s):
            while not reached():
                self._event.clear()
                await self._event.wait()


class Daemon:
    """A program of this project as a child process, its log collected; may be started again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        changes: Changes,
        wrapper: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.command = list(command)
        self.wrapper = list(wrapper)
        self.lines: list[str] = []
        self.out: list[str] = []
        self._environment = environment
        self._changes = changes
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._launched_at = 0  # number of the first line of the present run

    # -- life ---------------------------------------------------------------------------------

    async def launch(self, *more: str) -> None:
        """Start the process; `more` are further flags, of this run only."""
        assert not self.is_running
        self._launched_at = len(self.lines)
        program = str(BIN / self.command[0])
        process = self._process = await asyncio.create_subprocess_exec(
            *self.wrapper, program, *self.command[1:], *more,
            cwd=ROOT, env=dict(self._environment), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(process.stdout, self.out)),
            asyncio.create_task(self._read(process.stderr, self.lines)),
        ]

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        while line := await stream.readline():
            lines.append(line.decode(errors="replace").rstrip("\n"))
            self._changes.touch()

    async def start(self, *more: str) -> None:
        """Start the process and wait until it listens."""
        await self.launch(*more)
        await self.line(_LISTENS, self._launched_at)

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end and all that was written; the exit code, minus the signal if by one."""
        assert self._process is not None
        async with asyncio.timeout(LIMIT_S):
            code = await self._process.wait()
            await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """kill -9, and wait until it is dead."""
        self.send_signal(signal.SIGKILL)
        assert await self.ended() == -signal.SIGKILL

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.send_signal(signal.SIGTERM)
        return await self.ended()

    # -- log ----------------------------------------------------------------------------------

    def find(self, pattern: str | re.Pattern[str], since: int = 0) -> re.Match[str] | None:
        """The first log line from number `since` on that has the pattern."""
        for line in self.lines[since:]:
            if match := re.search(pattern, line):
                return match
        return None

    async def line(self, pattern: str | re.Pattern[str], since: int = 0) -> re.Match[str]:
        """Wait for a log line."""
        ended = f"{self.name} ended and did not log {pattern!r}"
        await self._changes.until(lambda: self.find(pattern, since) or not self._is_read())
        found = self.find(pattern, since)
        assert found is not None, ended
        return found

    def _is_read(self) -> bool:
        """Whether more lines may come."""
        return not all(reader.done() for reader in self._readers)

    @property
    def address(self) -> str:
        """Where it listens, as it said last."""
        for line in reversed(self.lines):
            if match := _LISTENS.search(line):
                return match[1]
        raise AssertionError(f"{self.name} does not listen")

    @property
    def port(self) -> int:
        """The port of `address`."""
        return int(self.address.rpartition(":")[2])

    def live_executors(self) -> set[tuple[str, str]]:
        """Executors (and their frameworks) of an agent's present run that subscribed and have not ended."""
        live: set[tuple[str, str]] = set()
        for line in self.lines[self._launched_at :]:
            if match := _SUBSCRIBED.search(line):
                live.add((match[1], match[2]))
            elif match := _ENDED.search(line):
                live.discard((match[1], match[2]))
        return live


class Cluster:
    """The daemons, frameworks and pipes of one test, below a directory of its own."""

    _numbers = count()

    def __init__(self, root: Path) -> None:
        self.root = root
        self.changes = Changes()
        self.until = self.changes.until
        self.marker = f"{os.getpid()}-{next(self._numbers)}"
        self.daemons: list[Daemon] = []
        self.frameworks: list[Observed] = []
        self._pipes: list[Pipe] = []

    # -- daemons ------------------------------------------------------------------------------

    def daemon(
        self, command: Sequence[str], *, wrapper: Sequence[str] = (), name: str = "", **environment: str
    ) -> Daemon:
        """A program, not started yet."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("MESOS_")}
        executors = json.dumps({MARKER: self.marker})
        made = Daemon(
            name or f"{command[0]} {len(self.daemons)}",
            command,
            {
                **inherited,
                **QUICK,
                MARKER: self.marker,
                "MESOS_EXECUTOR_ENVIRONMENT_VARIABLES": executors,
                "PYTHONPATH": str(ROOT),
                **environment,
            },
            self.changes,
            wrapper,
        )
        self.daemons.append(made)
        return made

    async def master(self, *flags: str, port: int = 0) -> Daemon:
        """Start a master."""
        work_dir = self.root / f"master-{len(self.daemons)}"
        command = ["mesos-master", f"--ip={LOOPBACK}", f"--port={port}", f"--work_dir={work_dir}", *flags]
        made = self.daemon(command)
        await made.start()
        return made

    def agent_daemon(
        self, master: Daemon, *flags: str, port: int = 0, program: str = "mesos-agent", name: str = ""
    ) -> Daemon:
        """An agent, not started yet; what it offers can be given by flags."""
        command = [
            program,
            f"--master={master.address}",
            f"--ip={LOOPBACK}",
            f"--port={port}",
            f"--work_dir={self.root / (name or f'agent-{len(self.daemons)}')}",
        ]
        if not any(flag.startswith("--resources") for flag in flags):
            command.append("--resources=cpus:4;mem:1024;disk:1024;ports:[31000-32000]")
        return self.daemon([*command, *flags], name=name)

    async def agent(self, master: Daemon, *flags: str, port: int = 0, program: str = "mesos-agent") -> Daemon:
        """Start an agent and wait until it is registered."""
        made = self.agent_daemon(master, *flags, port=port, program=program)
        await made.start()
        await self.registered(made)
        return made

    async def registered(self, agent: Daemon, since: int = 0) -> str:
        """Wait until an agent is registered; its id."""
        return (await agent.line(r"registered with \S+ as (\S+)$", since))[1]

    # -- frameworks ---------------------------------------------------------------------------

    async def framework(
        self, master: Daemon, kind: type[Observed] = Observed, *, awaited: bool = True, **options: object
    ) -> Observed:
        """Run a framework in this process and wait until it is subscribed, unless not `awaited`."""
        options.setdefault("name", f"framework {len(self.frameworks)}")
        framework = kind(**options)
        framework.watched_by(asyncio.get_running_loop(), self.changes.touch)
        framework.handle = start(framework, master.address, timing=TIMING)
        self.frameworks.append(framework)
        if awaited:
            await self.until(lambda: framework.subscriptions)
        return framework

    async def stop(self, framework: Observed, *, failover: bool = False) -> None:
        """End a framework."""
        handle = framework.handle
        framework.handle = None
        assert handle is not None
        handle.stop(failover=failover)
        await _joined(handle)

    async def ask(self, daemon: Daemon, question: object, actor: str = "master") -> Any:
        """Ask an actor of a daemon."""
        runtime = Runtime(clock=LoopClock(), rng=Rng(), transport=TcpTransport(), address=NOWHERE)
        try:
            return await runtime.ask(PID(actor, daemon.address), question, LIMIT_S)
        finally:
            runtime.shutdown()

    # -- talking to tasks ---------------------------------------------------------------------

    def pipe(self, name: str = "") -> Pipe:
        """A pipe between tasks and the test."""
        made = Pipe(self.root / (name or f"pipe-{len(self._pipes)}"), self.changes)
        self._pipes.append(made)
        return made

    # -- processes ----------------------------------------------------------------------------

    def processes(self) -> list[psutil.Process]:
        """Every living process of this cluster, children of children included."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(MARKER) == self.marker or self.root in Path(process.cwd()).parents
        except psutil.Error:
            return False

    def tasks(self) -> list[psutil.Process]:
        """Processes of tasks and custom executors."""
        return [process for process in self.processes() if _has(process, "MESOS_SANDBOX")]

    def host_of(self, agent: Daemon) -> psutil.Process:
        """The executor host that an agent started."""
        work_dir = next(flag for flag in agent.command if flag.startswith("--work_dir=")).partition("=")[2]
        found = [p for p in self.processes() if _is_host(p) and any(work_dir in word for word in p.cmdline())]
        assert len(found) == 1, found
        return found[0]

    async def gone(self, processes: Iterable[psutil.Process | int], limit_s: float = LIMIT_S) -> None:
        """Wait until processes have ended, whoever's children they are."""
        async with asyncio.timeout(limit_s):
            for process in processes:
                await _ended(process if isinstance(process, int) else process.pid)

    # -- the end ------------------------------------------------------------------------------

    async def close(self) -> None:
        """Stop everything in order; then nothing may be left.

        Raises:
            AssertionError: a daemon ended badly, or a process is left.
        """
        for framework in self.frameworks:
            if framework.handle is not None:
                await self.stop(framework)
        for agent in self.daemons:
            if agent.is_running:
                await self.until(lambda agent=agent: not agent.live_executors())
        for daemon in reversed(self.daemons):
            if daemon.is_running:
                code = await daemon.terminate()
                assert code == 0, f"{daemon.name} ended with {code}"
        try:
            await self.gone(self.processes())
            left = self.processes()
        except TimeoutError:
            left = self.processes()
        assert not left, f"left behind: {[_shown(process) for process in left]}"

    async def clear(self) -> None:
        """Whatever happened, leave nothing."""
        while left := self.processes():
            for process in left:
                try:
                    process.kill()
                except psutil.Error:
                    continue
            await self.gone(left)
        for framework in self.frameworks:
            if framework.handle is not None:
                framework.handle.stop(failover=True)
                await _joined(framework.handle)
        for daemon in self.daemons:
            if daemon.out or daemon.lines or daemon.is_running:
                await daemon.ended()
        for pipe in self._pipes:
            pipe.close()

    def report(self) -> str:
        """What everybody said, for the message of a failure."""
        parts = [
            part
            for daemon in self.daemons
            for part in (f"-- {daemon.name}: {' '.join(daemon.command)}", *daemon.lines[-_SHOWN_LINES:])
        ]
        for path in sorted([*self.root.rglob("executor-host.log"), *self.root.rglob("runs/*/stderr")]):
            lines = path.read_text(errors="replace").splitlines()
            parts += [f"-- {path.relative_to(self.root)}", *lines[-_SHOWN_LINES:]]
        for framework in self.frameworks:
            parts += [f"-- framework {framework.name} {framework.framework_id}", *framework.story()]
        return "\n".join(parts)


@asynccontextmanager
async def running_cluster(root: Path) -> AsyncIterator[Cluster]:
    """A cluster without any daemon; at the end everything it was given is stopped, and gone.

    A failure carries the logs.
    """
    cluster = Cluster(root)
    try:
        yield cluster
        await cluster.close()
    except BaseException as error:
        error.add_note(cluster.report())
        raise
    finally:
        await cluster.clear()


class Pipe:
    """A named pipe that tasks read from or write to, one direction each; never blocks the test."""

    def __init__(self, path: Path, changes: Changes) -> None:
        self.path = path
        self.lines: list[str] = []
        self._changes = changes
        self._rest = b""
        os.mkfifo(path)
        path.chmod(0o666)
        # Both ends are held open, so that neither this open nor that of a task waits for the other.
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def __str__(self) -> str:
        return str(self.path)

    def say(self, line: str = "go") -> None:
        """Give one line to one reading task."""
        os.write(self._descriptor, f"{line}\n".encode())

    async def heard(self, number: int = 1) -> list[str]:
        """Wait until tasks wrote so many lines in all."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._descriptor, self._read)
        try:
            await self._changes.until(lambda: len(self.lines) >= number)
        finally:
            loop.remove_reader(self._descriptor)
        return self.lines

    def _read(self) -> None:
        *lines, self._rest = (self._rest + os.read(self._descriptor, 65536)).split(b"\n")
        self.lines += [line.decode() for line in lines]
        self._changes.touch()

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)


@contextmanager
def held_port() -> Iterator[int]:
    """A port of the loopback that somebody else listens on."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        yield holder.getsockname()[1]


_ports = count(1)


def free_port() -> int:
    """A port that nobody has, and that no outgoing connection gets by chance: outside of their range."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 20_000 + (worker * 1_009 + os.getpid() % 97 + next(_ports)) % 10_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        return port


async def _joined(handle: Handle) -> None:
    code = await asyncio.to_thread(handle.join, LIMIT_S)
    assert code is not None, "a framework does not end"


async def _ended(pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)


def _has(process: psutil.Process, variable: str) -> bool:
    try:
        return variable in process.environ()
    except psutil.Error:
        return False


def _is_host(process: psutil.Process) -> bool:
    try:
        return "cluster.executor.host" in process.cmdline()
    except psutil.Error:
        return False


def _shown(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)
