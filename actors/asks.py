"""Questions from outside of actors: names to be answered to, and time-outs that cost next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import msgspec

from actors.clock import NANOS, Clock
from actors.errors import ActorGone, AskTimeout
from actors.pid import PID

#: Questions asked within this span with the same time-out share a timer.
SHARED_NS = 10_000_000


class Deadline(msgspec.Struct, eq=False, gc=False):
    """The timer of questions with the same time-out that were asked at about the same time.

    They are found by their numbers: ``first`` to ``last``, with those of other deadlines in between.
    """

    timeout_s: float
    until_ns: int  # questions asked later have another one
    first: int
    last: int


class Waiting(Protocol):
    """Whoever is told the outcome of a question: an asyncio future, or what looks like one.

    Both functions may raise ``asyncio.InvalidStateError`` when nobody waits any more.
    """

    def set_result(self, answer: Any, /) -> object:
        """The answer is here."""

    def set_exception(self, error: Exception, /) -> object:
        """There will be none."""


class Told(NamedTuple):
    """Functions that are told the outcome of a question."""

    set_result: Callable[[Any], object]
    set_exception: Callable[[Exception], object]


class Asked(msgspec.Struct, eq=False, gc=False):
    """A question that waits for its answer; a struct, which is made in no time."""

    to: PID
    waiting: Waiting
    deadline: Deadline


class Asks:
    """The questions of a process that are open.

    A name is never used twice, so a late or second answer reaches nobody.
    """

    __slots__ = ("_clock", "_count", "_deadlines", "_open")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._open: dict[str, Asked] = {}
        self._deadlines: dict[float, Deadline] = {}  # the newest one of each time-out

    def __len__(self) -> int:
        return len(self._open)

    def open(self, to: PID, timeout_s: float, waiting: Waiting, now_ns: int) -> str:
        """Begin to wait; the name to be answered to."""
        self._count = number = self._count + 1
        deadline = self._deadlines.get(timeout_s)
        if deadline is None or now_ns > deadline.until_ns:
            deadline = self._new_deadline(timeout_s, now_ns)
        deadline.last = number
        name = f"?{number}"
        self._open[name] = Asked(to, waiting, deadline)
        return name

    def _new_deadline(self, timeout_s: float, now_ns: int) -> Deadline:
        deadline = Deadline(timeout_s, now_ns + SHARED_NS, self._count, self._count)
        self._deadlines[timeout_s] = deadline
        # A timer for each question would cost more than the question.
        self._clock.call_later(timeout_s + SHARED_NS / NANOS, partial(self._late, deadline))
        return deadline

    def answered(self, name: str, message: object) -> bool:
        """Hand an answer to the asker ``name``; False if nobody of that name waits for one."""
        asked = self._open.pop(name, None)
        if asked is None:
            return False
        try:
            asked.waiting.set_result(message)
        except asyncio.InvalidStateError:
            pass  # cancelled a moment ago
        return True

    def forget(self, name: str) -> None:
        """Nobody waits for the answer any more."""
        self._open.pop(name, None)

    def nobody(self, name: str, to: PID) -> None:
        """The question ``name`` went to an actor that does not exist or cannot be reached."""
        asked = self._open.pop(name, None)
        if asked is not None:
            self._clock.call_soon(partial(_fail, asked, ActorGone(f"{to} is not there")))

    def lost(self, address: str | None = None) -> None:
        """Fail every question to ``address``, or to anybody."""
        for name, asked in list(self._open.items()):
            if address is None or asked.to.address == address:
                self.nobody(name, asked.to)

    def _late(self, deadline: Deadline) -> None:
        if self._deadlines.get(deadline.timeout_s) is deadline:
            del self._deadlines[deadline.timeout_s]
        for number in range(deadline.first, deadline.last + 1):
            asked = self._open.get(f"?{number}")
            if asked is not None and asked.deadline is deadline:
                del self._open[f"?{number}"]
                _fail(asked, AskTimeout(f"no answer from {asked.to} within {deadline.timeout_s:g} s"))


def _fail(asked: Asked, error: Exception) -> None:
    try:
        asked.waiting.set_exception(error)
    except asyncio.InvalidStateError:
        pass  # cancelled a moment ago
