"""Programs that run a whole cluster, as children of a test; what they leave behind is found by their
directory for temporary files, which everything they start has in its environment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cluster.cli.leftovers import leftovers
from cluster.containerizer.proc_table import all_pids, environ_of
from tests.limits import LIMIT_S

BIN = Path(sys.executable).parent


class Program:
    """A program with its output; `room` is its directory for temporary files."""

    def __init__(self, process: asyncio.subprocess.Process, room: Path) -> None:
        self.process = process
        self.room = room
        self.out: list[str] = []
        self.err: list[str] = []

    @property
    def text(self) -> str:
        """All that was read of standard output."""
        return "".join(self.out)

    async def line(self, *words: str) -> str:
        """The next line of standard output that has all these words."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            while line := (await self.process.stdout.readline()).decode():
                self.out.append(line)
                if all(word in line for word in words):
                    return line
        raise AssertionError(f"no line with {words} in:\n{self.text}")

    async def ended(self) -> int:
        """Wait for the end; the exit code, minus the signal if by one."""
        streams = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        async with asyncio.timeout(LIMIT_S):
            for stream, texts in streams:  # what it says on stderr fits into a pipe
                if stream is not None:
                    texts.append((await stream.read()).decode())
            return await self.process.wait()

    async def told(self, number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return await self.ended()

    def processes(self) -> list[int]:
        """What lives of all that it started, itself included."""
        mark = os.fsencode(self.room)
        own = os.getpid()
        by_directory = [pid for path in self.room.iterdir() for pid in leftovers(str(path))]
        return sorted({*by_directory, *(p for p in all_pids() if p != own and mark in environ_of(p))})

    def left(self) -> tuple[list[int], list[str]]:
        """The processes and files it left."""
        return self.processes(), sorted(str(path) for path in self.room.rglob("*"))


@asynccontextmanager
async def running(
    name: str, flags: Sequence[str], room: Path, *, terminal: int | None = None
) -> AsyncIterator[Program]:
    """A program of this project; whatever happens, nothing of it lives on.

    With `terminal` it talks to this file descriptor instead of to us.
    """
    ours = asyncio.subprocess.PIPE
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MESOS_")}
    process = await asyncio.create_subprocess_exec(
        str(BIN / name), *flags, env={**inherited, "TMPDIR": str(room)}, cwd=room,
        stdin=asyncio.subprocess.DEVNULL, stdout=ours if terminal is None else terminal, stderr=ours,
    )  # fmt: skip
    program = Program(process, room)
    try:
        yield program
    except BaseException as error:
        error.add_note(program.text + "".join(program.err))
        raise
    finally:
        for pid in program.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if process.returncode is None:
            await program.ended()


async def gone(pid: int) -> None:
    """Wait until a process that is not our child has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, over.set)
    try:
        async with asyncio.timeout(LIMIT_S):
            await over.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
