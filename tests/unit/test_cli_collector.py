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


def test_with_little_everything_is_looked_at(clock: VirtualClock) -> None:
    tended = Collector(clock)
    ring = weakref.ref(Ring())
    advance(clock, FREEZE_S)
    assert ring() is None
    tended.stop()


def test_with_much_only_now_and_then(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "FEW", 1)
    tended = Collector(clock)
    advance(clock, FREEZE_S)
    ring = Ring()
    gone = weakref.ref(ring)
    advance(clock, FREEZE_S)
    del ring
    advance(clock, FREEZE_S)
    assert gone() is not None
    advance(clock, FULL_S + FREEZE_S)
    assert gone() is None
    tended.stop()
