"""Questions from outside of actors: names to be answered to, and time-outs that cost next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from actors.clock import NANOS, Clock
from actors.errors import ActorGone, AskTimeout
from actors.pid import PID

#: Questions whose time runs out within the same span share a timer.
DUE_NS = 10_000_000


class Asked(msgspec.Struct):
    """A question that waits for its answer; a struct, which is made in no time."""

    to: PID
    answer: Callable[[Any], None]
    fail: Callable[[Exception], None]
    together: dict[str, Asked]
    timeout_s: float


class Asks:
    """The questions of a process that are open.

    A name is never used twice, so a late or second answer reaches nobody.
    """

    __slots__ = ("_clock", "_count", "_due", "_open")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._open: dict[str, Asked] = {}
        self._due: dict[int, dict[str, Asked]] = {}  # the same, by when they are due in DUE_NS

    def __len__(self) -> int:
        return len(self._open)

    def open(
        self,
        to: PID,
        timeout_s: float,
        answer: Callable[[Any], None],
        fail: Callable[[Exception], None],
        now_ns: int,
    ) -> str:
        """Begin to wait; the name to be answered to."""
        self._count += 1
        name = f"?{self._count}"
        # A timer for each question would cost more than the question: those due within the same
        # 10 ms share one.
        due = -(-(now_ns + int(timeout_s * NANOS)) // DUE_NS)
        together = self._due.get(due)
        if together is None:
            together = self._due[due] = {}
            self._clock.call_later((due * DUE_NS - now_ns) / NANOS, partial(self._late, due))
        together[name] = self._open[name] = Asked(to, answer, fail, together, timeout_s)
        return name

    def answered(self, name: str, message: object) -> bool:
        """Hand an answer to the asker ``name``; False if nobody of that name waits for one."""
        asked = self._open.pop(name, None)
        if asked is None:
            return False
        del asked.together[name]
        try:
            asked.answer(message)
        except asyncio.InvalidStateError:
            pass  # cancelled a moment ago
        return True

    def forget(self, name: str) -> Asked | None:
        """Nobody waits for the answer any more."""
        asked = self._open.pop(name, None)
        if asked is not None:
            del asked.together[name]
        return asked

    def nobody(self, name: str, to: PID) -> None:
        """The question ``name`` went to an actor that does not exist or cannot be reached."""
        asked = self.forget(name)
        if asked is not None:
            self._clock.call_soon(lambda: _fail(asked, ActorGone(f"{to} is not there")))

    def lost(self, address: str | None = None) -> None:
        """Fail every question to ``address``, or to anybody."""
        for name, asked in list(self._open.items()):
            if address is None or asked.to.address == address:
                self.nobody(name, asked.to)

    def _late(self, due: int) -> None:
        for name in list(self._due[due]):
            asked = self.forget(name)
            if asked is not None:
                _fail(asked, AskTimeout(f"no answer from {asked.to} within {asked.timeout_s:g} s"))
        del self._due[due]


def _fail(asked: Asked, error: Exception) -> None:
    try:
        asked.fail(error)
    except asyncio.InvalidStateError:
        pass  # cancelled a moment ago
