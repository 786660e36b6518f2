"""The garbage collector of a daemon: what lives long is out of sight, cycles are still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from actors import NANOS
from actors.testing import VirtualClock
from cluster.cli import collector
from cluster.cli.collector import FREEZE_S, FULL_S, Collector


class Ring:
    """An object in a cycle with itself."""

    def __init__(self) -> None:
        self.me = self


def advance(clock: VirtualClock, seconds: float) -> None:
    """Let time pass."""
    until_ns = clock.now() + int(seconds * NANOS)
    while (due_ns := clock.next_ns()) is not None and due_ns <= until_ns:
        clock.step()
    clock.jump(until_ns)


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    before = gc.get_threshold()
    yield VirtualClock()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_what_lives_is_put_out_of_sight(clock: VirtualClock) -> None:
    tended = Collector(clock)
    advance(clock, FREEZE_S)
    assert gc.get_freeze_count() > 0
    tended.stop()


def test_what_is_young_is_looked_at(clock: VirtualClock) -> None:
    tended = Collector(clock)
    ring = weakref.ref(Ring())
    made = [[] for _ in range(2 * collector.NURSERY)]
    assert ring() is None
    assert made
    tended.stop()


def test_everything_is_looked_at_now_and_then(clock: VirtualClock) -> None:
    tended = Collector(clock)
    ring = Ring()
    gone = weakref.ref(ring)
    made = [[] for _ in range(gc.get_freeze_count() + collector.NURSERY)]
    advance(clock, FREEZE_S)
    del ring
    advance(clock, FREEZE_S)
    assert gone() is not None
    advance(clock, FULL_S + FREEZE_S)
    assert gone() is None
    assert made
    tended.stop()
