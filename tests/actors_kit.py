"""Messages, actors and a hand-made peer shared by the tests of ``actors``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgpack

from actors import PID, Actor, Limits, Message, handles, message
from actors.testing import Host, Simulation
from actors.transport import Stream
from tests.limits import LIMIT_S


@message("test.Ping")
class Ping(Message, frozen=True):
    """Asks for a :class:`Pong` with the same number."""

    n: int = 0


@message("test.Pong")
class Pong(Message, frozen=True):
    """Answers :class:`Ping`."""

    n: int = 0


@message("test.Note")
class Note(Message, frozen=True):
    """One of a numbered stream."""

    n: int
    blob: bytes = b""


class Part(Message, frozen=True):
    """Inside of :class:`Shaped`."""

    count: int


@message("test.Shaped")
class Shaped(Message, frozen=True):
    """Has something to get wrong."""

    parts: tuple[Part, ...]


@message("test.Forward")
class Forward(Message, frozen=True):
    """Tells an actor to send ``Ping(n)`` to ``to``."""

    to: PID
    n: int = 0


@message("test.Fail")
class Fail(Message, frozen=True):
    """Makes :class:`Echo` raise."""


@message("test.Stop")
class Stop(Message, frozen=True):
    """Makes :class:`Echo` end itself."""


@message("test.Unheard")
class Unheard(Message, frozen=True):
    """Nobody has a handler for it."""


class Echo(Actor):
    """Answers pings, fails and stops when told to."""

    def __init__(self) -> None:
        self.exits: list[tuple[PID, str]] = []
        self.is_finalized = False

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.send(sender, Pong(message.n))

    @handles
    def on_forward(self, sender: PID, message: Forward) -> None:
        self.send(message.to, Ping(message.n))

    @handles
    def on_fail(self, sender: PID, message: Fail) -> None:
        raise RuntimeError("told to fail")

    @handles
    def on_stop(self, sender: PID, message: Stop) -> None:
        self.terminate()

    def on_exited(self, pid: PID, reason: str) -> None:
        self.exits.append((pid, reason))

    def finalize(self) -> None:
        self.is_finalized = True


class Recorder(Actor):
    """Keeps what it gets: ``got`` (message, sender) and ``exits``; awaitable on real loops."""

    def __init__(self, link_to: PID | None = None) -> None:
        self.got: list[tuple[Any, PID]] = []
        self.exits: list[tuple[PID, str]] = []
        self._link_to = link_to
        self._waits: list[tuple[Callable[[], bool], asyncio.Event]] = []

    def initialize(self) -> None:
        if self._link_to is not None:
            self.link(self._link_to)

    @handles
    def on_any(self, sender: PID, message: Ping | Pong | Note | Shaped) -> None:
        self.got.append((message, sender))
        self._look()

    def on_exited(self, pid: PID, reason: str) -> None:
        self.exits.append((pid, reason))
        self._look()

    def _look(self) -> None:
        for reached, event in self._waits:
            if reached():
                event.set()

    async def until(self, reached: Callable[[], bool], timeout_s: float = LIMIT_S) -> None:
        """Wait for a message after which ``reached`` holds."""
        if reached():
            return
        event = asyncio.Event()
        self._waits.append((reached, event))
        async with asyncio.timeout(timeout_s):
            await event.wait()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the messages, in order of arrival."""
        return [message.n for message, _ in self.got]


def frame(to: str, sender: str, type_name: str, payload: bytes = b"\x80") -> bytes:
    """A message frame."""
    return bytes(msgpack.packb((to, sender, type_name, payload)))


def hello(
    advertised: str = "", incarnation: str = "raw", version: object = 1, magic: str = "tepui", *more: object
) -> bytes:
    """A greeting frame."""
    return bytes(msgpack.packb((magic, version, advertised, incarnation, "", *more)))


class RawPeer:
    """A peer made by hand, on a simulated network: sends any bytes, keeps what comes back."""

    def __init__(self, simulation: Simulation, address: str, ip: str = "10.9.9.9") -> None:
        self.simulation = simulation
        self.data = b""
        self.closed: str | None = None
        self.stream: Stream | None = None

        def opened(stream: Stream) -> RawPeer:
            self.stream = stream
            return self

        def failed(reason: str) -> None:
            self.closed = reason

        simulation.network.dial(ip, address, 5.0, opened, failed)
        simulation.run_until(lambda: self.stream is not None or self.closed is not None)

    def on_data(self, data: bytes) -> None:
        self.data += data

    def on_closed(self, reason: str) -> None:
        self.closed = reason

    def send(self, data: bytes) -> RawPeer:
        """Write ``data`` and let it arrive."""
        assert self.stream is not None
        self.stream.write(data)
        self.simulation.advance(0.05)
        return self

    @property
    def frames(self) -> list[Any]:
        """All frames received."""
        unpacker = msgpack.Unpacker(use_list=False)
        unpacker.feed(self.data)
        return list(unpacker)


def listening(simulation: Simulation, ip: str, limits: Limits | None = None, port: int = 5050) -> Host:
    """A started host with an echo actor called ``echo``."""

    def boot(host: Host) -> None:
        host.runtime.spawn(Echo(), "echo")

    host = simulation.host(ip, boot)
    host.start(port, limits)
    return host


def dialling(simulation: Simulation, ip: str, limits: Limits | None = None) -> Host:
    """A started host that does not listen, with a recorder called ``recorder``."""

    def boot(host: Host) -> None:
        host.runtime.spawn(Recorder(), "recorder")

    host = simulation.host(ip, boot)
    host.start(None, limits)
    return host


def actor_of(host: Host, name: str) -> Any:
    """The actor called ``name`` on a host."""
    return host.runtime.by_name[name]


def counter(host: Host, name: str) -> float:
    """A metric of a host's process."""
    return host.runtime.metrics.value(name)


def dead_letters(host: Host) -> list[tuple[str, str]]:
    """Reason and type of the dead letters of a host's process."""
    return [(letter.reason, letter.type) for letter in host.runtime.dead_letters.last]


class Two:
    """A place ``near`` and a place ``far``, where ``echo`` lives; the same host or two."""

    def __init__(self, *, remote: bool) -> None:
        self.sim = Simulation(1)
        self.far = listening(self.sim, "10.0.0.1")
        self.near = listening(self.sim, "10.0.0.2") if remote else self.far
        self.echo = PID("echo", "10.0.0.1:5050")

    def spawn(self, actor: Actor, name: str, *, far: bool = False) -> PID:
        return (self.far if far else self.near).runtime.spawn(actor, name)

    def ask(self, to: PID, message: object, timeout_s: float = 5.0) -> Any:
        return self.sim.ask(self.near, to, message, timeout_s)

    def tell(self, to: PID, message: object) -> None:
        self.near.runtime.send(to, message)
        self.sim.settle()

    def survive(self, host: Host) -> None:
        """Have failed actors not end the process, as a library user may decide."""
        host.runtime._on_failure = lambda pid, error: host.failures.append((pid, error))
