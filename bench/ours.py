"""The same jobs as in :mod:`bench.raw`, done with actors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import perf_counter_ns
from typing import Any

from actors import PID, Actor, Message, Process, Runtime, handles, message
from bench.raw import Number


@message("bench.Question")
class Question(Message, frozen=True):
    """Answered with the same number."""

    n: int


@message("bench.Answer")
class Answer(Message, frozen=True):
    """The number of the question."""

    n: int


@message("bench.Note")
class Note(Message, frozen=True):
    """One message of a stream: 100 bytes when encoded."""

    n: int
    task: str
    agent: str
    state: str
    reason: str


@message("bench.Chunk")
class Chunk(Message, frozen=True):
    """One message of a stream of bytes."""

    n: int
    data: bytes


@message("bench.Taken")
class Taken(Message, frozen=True):
    """The receiver of a stream took everything up to ``n``; ``total`` is the sum of all numbers."""

    n: int
    total: int


Kind = type[Note] | type[Chunk]


class Go:
    """Private: the streamer may send more."""


class Burst:
    """Private: the next batch of local messages is due."""


class Last:
    """Private: a batch ends here; whoever sent it may send the next."""


class Idle(Actor):
    """Waits for questions with one number as its state."""

    def __init__(self) -> None:
        self.asked = 0

    @handles
    def on_question(self, sender: PID, message: Question) -> None:
        self.asked += 1


class Echo(Actor):
    """Answers questions."""

    @handles
    def on_question(self, sender: PID, message: Question) -> None:
        self.send(sender, Answer(message.n))


class Sink(Actor):
    """Receives streams, from any number of senders; acknowledges every ``batch`` notes."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._totals: dict[PID, int] = {}

    @handles
    def on_note(self, sender: PID, message: Note | Chunk) -> None:
        n = message.n
        total = self._totals[sender] = self._totals.get(sender, 0) + n
        if not n % self._batch:
            self.send(sender, Taken(n, total))


class Streamer(Actor):
    """Sends a stream of notes, never more than ``window`` ahead of the receiver."""

    def __init__(self, to: PID, kind: Kind, fields: Iterable[Any], batch: int, window: int) -> None:
        self._to = to
        self._kind = kind
        self._fields = tuple(fields)
        self._batch = batch
        self._window = window
        self._count = self._sent = self._acknowledged = 0
        self._idle = True
        self._done: asyncio.Future[int] | None = None

    async def stream(self, count: int) -> int:
        """Send ``count`` more notes; the receiver's checksum."""
        self._done = asyncio.get_running_loop().create_future()
        self._count += count
        self.send(self.pid, Go())
        return await self._done

    @handles
    def on_go(self, sender: PID, message: Go) -> None:
        start = self._sent
        end = min(start + self._batch, self._acknowledged + self._window, self._count)
        send, to, kind, fields = self.send, self._to, self._kind, self._fields
        for n in range(start + 1, end + 1):
            send(to, kind(n, *fields))
        self._sent = end
        self._idle = end == self._count or end == self._acknowledged + self._window
        if not self._idle:
            self.send(self.pid, message)

    @handles
    def on_taken(self, sender: PID, message: Taken) -> None:
        self._acknowledged = message.n
        if message.n == self._count and self._done is not None:
            self._done.set_result(message.total)
        elif self._idle and self._sent < self._count:
            self._idle = False
            self.send(self.pid, Go())


class Receiver(Actor):
    """Takes local messages and adds up their numbers."""

    def __init__(self) -> None:
        self.total = 0

    @handles
    def on_number(self, sender: PID, message: Number) -> None:
        self.total += message.n

    @handles
    def on_last(self, sender: PID, message: Last) -> None:
        self.send(sender, Burst())


class Teller(Actor):
    """Sends a batch of local messages, ``batches`` times."""

    def __init__(self, to: PID, batches: int, batch: list[Number], done: asyncio.Event) -> None:
        self._to = to
        self._left = batches
        self._batch = batch
        self._done = done

    @handles
    def on_burst(self, sender: PID, message: Burst) -> None:
        if self._left == 0:
            self._done.set()
            return
        self._left -= 1
        send, to = self.send, self._to
        for number in self._batch:
            send(to, number)
        send(to, Last())


async def tell(batches: int, batch: int) -> tuple[int, int]:
    """Have one actor send to another; how many messages the other handled, and their sum."""
    runtime = Process().runtime
    done = asyncio.Event()
    receiver = Receiver()
    to = runtime.spawn(receiver, "receiver")
    teller = runtime.spawn(Teller(to, batches, [Number(n) for n in range(batch)], done), "teller")
    runtime.send(teller, Burst())
    await done.wait()
    handled = {view.name: view.handled for view in runtime.view()}
    runtime.shutdown()
    return handled["receiver"]["Number"], receiver.total


async def local_asks(count: int) -> int:
    """Ask an actor of the same runtime; the sum of the answers."""
    runtime = Process().runtime
    echo = runtime.spawn(Echo(), "echo")
    total = 0
    for n in range(count):
        total += (await runtime.ask(echo, Question(n))).n
    runtime.shutdown()
    return total


async def ask_one_by_one(runtime: Runtime, echo: PID, start: int, count: int) -> list[int]:
    """``count`` round trips one after the other; how long each took, in ns."""
    took = []
    for n in range(start, start + count):
        before = perf_counter_ns()
        await runtime.ask(echo, Question(n))
        took.append(perf_counter_ns() - before)
    return took
