"""Operating system processes on loopback: killed, stopped, failing, in each other's way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from actors import NOWHERE, PID, LoopClock, Rng, Runtime
from actors.tcp import TcpTransport
from tests.actors_kit import Fail, Ping, Pong, Recorder
from tests.limits import LIMIT_S

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]


class Daemon:
    """A started process and the lines it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.address = ""

    async def line(self) -> str:
        """The next line of standard output."""
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            return (await self.process.stdout.readline()).decode().strip()

    async def exit_code(self) -> int:
        """Wait for the end."""
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()

    async def errors(self) -> str:
        """All of standard error, after the end."""
        assert self.process.stderr is not None
        async with asyncio.timeout(LIMIT_S):
            return (await self.process.stderr.read()).decode()

    @property
    def echo(self) -> PID:
        """The actor there."""
        return PID("echo", self.address)


@asynccontextmanager
async def daemon(address: str, link: str = "") -> AsyncIterator[Daemon]:
    """A process of :mod:`tests.process.actors_daemon`; killed at the end if it still runs."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.process.actors_daemon",
        address,
        link,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    found = Daemon(started)
    try:
        first = await found.line()
        found.address = first.removeprefix("listens ") if first.startswith("listens") else ""
        yield found
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


@pytest.fixture
async def outside() -> AsyncIterator[Runtime]:
    """A runtime in the test's own process that only dials."""
    runtime = Runtime(clock=LoopClock(), rng=Rng(), transport=TcpTransport(), address=NOWHERE)
    yield runtime
    runtime.shutdown()


async def test_a_killed_process_is_seen_as_exited_by_another() -> None:
    async with daemon("127.0.0.1:0") as one, daemon("127.0.0.1:0", f"echo@{one.address}") as other:
        assert await one.line() == "pinged echo"
        one.process.kill()
        assert (await other.line()).startswith(f"exited echo@{one.address} connection lost:")
        assert other.process.returncode is None


async def test_a_restarted_process_at_the_same_address_is_reached_again(outside: Runtime) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(daemon("127.0.0.1:0"))
        recorder = Recorder(link_to=one.echo)
        outside.spawn(recorder, "recorder")
        assert await outside.ask(one.echo, Ping(1), LIMIT_S) == Pong(1)
        one.process.kill()
        await recorder.until(lambda: bool(recorder.exits))
        await one.exit_code()
        await stack.enter_async_context(daemon(one.address))
        assert await outside.ask(one.echo, Ping(2), LIMIT_S) == Pong(2)
        assert len(recorder.exits) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_cleanly_and_links_are_told_why(
    outside: Runtime, number: signal.Signals
) -> None:
    async with daemon("127.0.0.1:0") as one:
        recorder = Recorder(link_to=one.echo)
        outside.spawn(recorder, "recorder")
        await outside.ask(one.echo, Ping(), LIMIT_S)
        one.process.send_signal(number)
        assert await one.exit_code() == 0
        await recorder.until(lambda: bool(recorder.exits))
        assert recorder.exits == [(one.echo, "process ends")]
        assert await one.errors() == ""


async def test_a_failing_actor_ends_its_process_with_code_1_and_a_traceback(outside: Runtime) -> None:
    async with daemon("127.0.0.1:0") as one:
        recorder = Recorder(link_to=one.echo)
        outside.spawn(recorder, "recorder")
        await outside.ask(one.echo, Ping(), LIMIT_S)
        outside.send(one.echo, Fail())
        assert await one.exit_code() == 1
        await recorder.until(lambda: bool(recorder.exits))
        assert recorder.exits == [(one.echo, "failed: RuntimeError: told to fail")]
        errors = await one.errors()
        assert "Traceback" in errors
        assert "told to fail" in errors


async def test_a_taken_port_is_one_clear_line() -> None:
    async with daemon("127.0.0.1:0") as one, daemon(one.address) as other:
        assert await other.exit_code() == 1
        assert await other.errors() == f"cannot listen on {one.address}: Address already in use\n"


async def test_a_stopped_process_is_no_exit_and_goes_on(outside: Runtime) -> None:
    async with daemon("127.0.0.1:0") as one:
        recorder = Recorder(link_to=one.echo)
        outside.spawn(recorder, "recorder")
        await outside.ask(one.echo, Ping(), LIMIT_S)
        one.process.send_signal(signal.SIGSTOP)
        waiting = asyncio.create_task(outside.ask(one.echo, Ping(7), LIMIT_S))
        one.process.send_signal(signal.SIGCONT)
        assert await waiting == Pong(7)
        assert recorder.exits == []


async def test_asks_fail_when_the_process_is_killed(outside: Runtime) -> None:
    from actors import ActorGone
    from tests.actors_kit import Unheard

    async with daemon("127.0.0.1:0") as one:
        await outside.ask(one.echo, Ping(), LIMIT_S)
        waiting = asyncio.create_task(outside.ask(one.echo, Unheard(), LIMIT_S))
        asyncio.get_running_loop().call_soon(one.process.kill)
        with pytest.raises(ActorGone):
            await waiting
