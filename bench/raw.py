"""The limits actors are measured against: the least code that does the same job without actors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, cast

import msgpack

#: Messages a sender of a stream packs into one write, and a receiver takes between two
#: acknowledgements, for messages of 100 bytes and of 64 KiB. :mod:`bench.ours` uses the same.
BATCH = 250
BATCH_LARGE = 8

#: Beside its number, what a message of a stream says; 100 bytes with its field names.
FIELDS = {"task": "task-000123", "agent": "agent-0017", "state": "TASK_RUNNING", "reason": "r" * 31}


# -- in one process ---------------------------------------------------------------------------


class Number:
    """A message within one process."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


class Adder:
    """Adds up the numbers of messages."""

    def __init__(self) -> None:
        self.total = 0

    def take(self, message: Number) -> None:
        """The function called for a message."""
        self.total += message.n


class Box:
    """A bare deque with one function to put a message in and one that takes it."""

    def __init__(self, take: Callable[[Any], None]) -> None:
        self.queue: deque[Any] = deque()
        self.take = take

    def put(self, message: object) -> None:
        """Send."""
        self.queue.append(message)

    def drain(self) -> int:
        """Hand everything over; how much it was."""
        queue, take = self.queue, self.take
        taken = len(queue)
        while queue:
            take(queue.popleft())
        return taken


def hand_off(batches: int, batch: int) -> tuple[int, int]:
    """Put messages into a deque ``batch`` at a time and call a function with each; count and sum."""
    messages = [Number(n) for n in range(batch)]
    adder = Adder()
    box = Box(adder.take)
    put = box.put
    taken = 0
    for _ in range(batches):
        for message in messages:
            put(message)
        taken += box.drain()
    return taken, adder.total


async def future_round_trips(count: int) -> int:
    """Put a question with a future into a deque, have the loop drain it, await the answer; their sum."""
    loop = asyncio.get_running_loop()

    def answer(question: tuple[asyncio.Future[int], Number]) -> None:
        question[0].set_result(question[1].n)

    box = Box(answer)
    total = 0
    for n in range(count):
        future: asyncio.Future[int] = loop.create_future()
        box.put((future, Number(n)))
        loop.call_soon(box.drain)
        total += await future
    return total


# -- servers ----------------------------------------------------------------------------------


class EchoServer(asyncio.Protocol):
    """Unpacks every message, packs it again and writes it."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(use_list=False)
        self._pack = msgpack.Packer().pack

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._unpacker.feed(data)
        pack, write = self._pack, self._transport.write
        for message in self._unpacker:
            write(pack(message))


class GatheringEchoServer(EchoServer):
    """The same with one write for what one read brought."""

    def data_received(self, data: bytes) -> None:
        self._unpacker.feed(data)
        pack = self._pack
        self._transport.write(b"".join([pack(message) for message in self._unpacker]))


class SinkServer(asyncio.Protocol):
    """Calls a function for every message, a map with ``n`` in it; acknowledges every ``batch``."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._unpacker = msgpack.Unpacker(use_list=False)
        self._total = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._unpacker.feed(data)
        take = self.take
        for message in self._unpacker:
            take(message)

    def take(self, message: dict[str, Any]) -> None:
        """The function called for a message."""
        n = message["n"]
        self._total += n
        if not n % self._batch:
            self._transport.write(msgpack.packb((n, self._total)))


# -- clients ----------------------------------------------------------------------------------


class EchoClient(asyncio.Protocol):
    """Asks and waits for the echo; any number of questions may be under way."""

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(use_list=False)
        self._pack = msgpack.Packer().pack
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._unpacker.feed(data)
        for (n,) in self._unpacker:
            self._waiting.pop(n).set_result(n)

    async def ask(self, n: int) -> int:
        """One round trip."""
        future = self._waiting[n] = self._loop.create_future()
        self.transport.write(self._pack((n,)))
        answer: int = await future
        return answer


class StreamClient(asyncio.Protocol):
    """Packs message after message, one write per tick of the loop, never more than ``window`` ahead."""

    def __init__(self, fields: dict[str, Any], batch: int, window: int) -> None:
        self._fields = {"n": 0, **fields}
        self._batch = batch
        self._window = window
        self._unpacker = msgpack.Unpacker(use_list=False)
        self._packer = msgpack.Packer(autoreset=False)
        self._loop = asyncio.get_running_loop()
        self._count = self._sent = self._acknowledged = 0
        self._idle = True
        self._done: Callable[[int], None] = lambda total: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    async def stream(self, count: int) -> int:
        """Send ``count`` more messages; the receiver's checksum."""
        done: asyncio.Future[int] = self._loop.create_future()
        self._done = done.set_result
        self._count += count
        self._pump()
        return await done

    def stop(self) -> None:
        """Send nothing more."""
        self._count = self._sent

    def _pump(self) -> None:
        start = self._sent
        end = min(start + self._batch, self._acknowledged + self._window, self._count)
        pack, fields = self._packer.pack, self._fields
        for n in range(start + 1, end + 1):
            fields["n"] = n
            pack(fields)
        self.transport.write(self._packer.bytes())
        self._packer.reset()
        self._sent = end
        self._idle = end == self._count or end == self._acknowledged + self._window
        if not self._idle:
            self._loop.call_soon(self._pump)

    def data_received(self, data: bytes) -> None:
        self._unpacker.feed(data)
        for n, total in self._unpacker:
            self._acknowledged = n
            if n == self._count:
                self._done(total)
                return
        if self._idle and self._sent < self._count:
            self._pump()


async def ask_one_by_one(client: EchoClient, start: int, count: int) -> list[int]:
    """``count`` round trips one after the other; how long each took, in ns."""
    took = []
    for n in range(start, start + count):
        before = perf_counter_ns()
        await client.ask(n)
        took.append(perf_counter_ns() - before)
    return took
