"""The garbage collector of a daemon: what lives long is out of sight, cycles are still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from actors import NANOS, Clock
from actors.testing import VirtualClock
from cluster.cli import collector
from cluster.cli.collector import FREEZE_S, FULL_S, Collector


class Ring:
    """An object in a cycle with itself."""

    def __init__(self) -> None:
        self.me = self


class Worker:
    """What works."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.on_busy: Callable[[], None] | None = None


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
    tended = Collector(Worker(clock))
    advance(clock, FREEZE_S)
    assert gc.get_freeze_count() > 0
    tended.stop()


def test_what_is_young_is_looked_at(clock: VirtualClock) -> None:
    tended = Collector(Worker(clock))
    ring = weakref.ref(Ring())
    made = [[] for _ in range(2 * collector.NURSERY)]
    assert ring() is None
    assert made
    tended.stop()


def test_everything_is_looked_at_now_and_then(clock: VirtualClock) -> None:
    tended = Collector(Worker(clock))
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


def test_what_takes_the_place_of_something_old_is_looked_at_after_a_while_of_work(
    clock: VirtualClock,
) -> None:
    """Made and freed are as many, so that Python would not notice however many there are."""
    worker = Worker(clock)
    tended = Collector(worker)
    places = [[] for _ in range(20_000)]
    gc.collect(0)
    ring = weakref.ref(Ring())
    for number in range(20_000):
        places[number] = [number]
    assert ring() is not None
    assert worker.on_busy is not None
    worker.on_busy()
    assert ring() is None
    tended.stop()
    assert worker.on_busy is None


class Watch:
    """Tells how long a look takes: always the same."""

    def __init__(self, look_ns: int) -> None:
        self._look_ns = look_ns
        self._ns = 0

    def __call__(self) -> int:
        self._ns += self._look_ns
        return self._ns


def test_much_that_survived_its_first_look_does_not_get_another_soon(clock: VirtualClock) -> None:
    for look_ns, is_found in ((collector.MOST_AGAIN_NS, False), (1, True)):
        tended = Collector(Worker(clock), Watch(look_ns))
        ring = Ring()
        gone = weakref.ref(ring)
        gc.collect(0)
        del ring
        advance(clock, FREEZE_S)
        assert (gone() is None) is is_found
        tended.stop()
        gc.collect()


def test_cycles_that_are_in_use_whenever_somebody_looks_are_found_all_the_same(clock: VirtualClock) -> None:
    """Others live as long, so that there is always something that survives."""
    worker = Worker(clock)
    tended = Collector(worker, Watch(collector.AGAIN_NS // 20))
    assert worker.on_busy is not None
    alive: list[object] = []
    made: list[weakref.ref[Ring]] = []
    for _ in range(200):
        rings = [Ring() for _ in range(5)]
        alive = [[] for _ in range(1_000)]
        made += [weakref.ref(ring) for ring in rings]
        worker.on_busy()
        del rings
    assert alive
    assert sum(ring() is not None for ring in made) <= 5 * 25
    tended.stop()
