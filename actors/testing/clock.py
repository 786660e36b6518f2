"""Virtual time: stands still until it is moved, and jumps from one event to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from actors.clock import NANOS

#: What the calendar says when a simulation starts: 2030-01-01T00:00:00Z.
EPOCH_S = 1_893_456_000.0


class Due:
    """A call that waits for its time."""

    __slots__ = ("at_ns", "call", "order")

    def __init__(self, at_ns: int, order: int, call: Callable[[], object] | None) -> None:
        self.at_ns = at_ns
        self.order = order
        self.call = call

    def cancel(self) -> None:
        """Take the call back."""
        self.call = None

    def __lt__(self, other: Due) -> bool:
        return (self.at_ns, self.order) < (other.at_ns, other.order)


class VirtualClock:
    """A :class:`~actors.clock.Clock` whose time moves only by :meth:`step`.

    Calls due at the same moment run in the order in which they were asked for.
    """

    def __init__(self) -> None:
        self._now_ns = 0
        self._order = 0
        self._heap: list[Due] = []

    def now(self) -> int:
        return self._now_ns

    def wall(self) -> float:
        return EPOCH_S + self._now_ns / NANOS

    def call_soon(self, call: Callable[[], object]) -> None:
        self._add(self._now_ns, call)

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Due:
        return self._add(self._now_ns + max(0, round(delay_s * NANOS)), call)

    def _add(self, at_ns: int, call: Callable[[], object]) -> Due:
        self._order += 1
        due = Due(at_ns, self._order, call)
        heapq.heappush(self._heap, due)
        return due

    def next_ns(self) -> int | None:
        """When the next call is due; None when nothing waits."""
        while self._heap and self._heap[0].call is None:
            heapq.heappop(self._heap)
        return self._heap[0].at_ns if self._heap else None

    def step(self) -> bool:
        """Jump to the next call and run it; False when nothing waits."""
        if self.next_ns() is None:
            return False
        due = heapq.heappop(self._heap)
        self._now_ns = due.at_ns
        assert due.call is not None
        due.call()
        return True

    def jump(self, to_ns: int) -> None:
        """Move time without running anything; only forward, only past nothing that is due."""
        assert to_ns >= self._now_ns
        self._now_ns = to_ns


class HostClock:
    """The clock of one start of a host: calls of a host that died meanwhile never run."""

    __slots__ = ("_clock", "is_dead")

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.is_dead = False

    def now(self) -> int:
        return self._clock.now()

    def wall(self) -> float:
        return self._clock.wall()

    def call_soon(self, call: Callable[[], object]) -> None:
        self._clock.call_soon(lambda: None if self.is_dead else call())

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Due:
        return self._clock.call_later(delay_s, lambda: None if self.is_dead else call())
