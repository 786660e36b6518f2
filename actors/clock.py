"""Time: the only module that reads the clock of the operating system.

Everything else is handed a :class:`Clock`, so that a test or a simulation can hold time still and
move it. Integers of nanoseconds inside, floats of seconds at the edges.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

NANOS = 1_000_000_000


class Timer(Protocol):
    """A call that is due later and can be taken back."""

    def cancel(self) -> None:
        """Take the call back; harmless when it already ran."""


class Clock(Protocol):
    """Reads time and calls functions later. All functions run on one thread."""

    def now(self) -> int:
        """Nanoseconds of a clock that never goes back; only differences mean anything."""

    def wall(self) -> float:
        """Seconds since the epoch, for people and logs; never for decisions."""

    def call_soon(self, call: Callable[[], object]) -> None:
        """Run ``call`` as soon as the current one has returned, after those already waiting."""

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Timer:
        """Run ``call`` after ``delay_s`` seconds."""


class LoopClock:
    """The real clock, on an asyncio (or uvloop) event loop."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()

    now = staticmethod(time.monotonic_ns)  # read for every question and every turn

    def wall(self) -> float:
        return time.time()

    def call_soon(self, call: Callable[[], object]) -> None:
        self._loop.call_soon(call)

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Timer:
        return self._loop.call_later(delay_s, call)
