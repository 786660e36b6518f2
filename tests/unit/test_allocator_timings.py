"""Rounds say how long they took, and how long they were waited for."""

import itertools
from collections.abc import Iterator

import pytest

from bench.allocator_shapes import Shape
from cluster.allocator.actor import SLICE_NS


def count(metrics: dict[str, float], name: str) -> float:
    return metrics[f"allocator/mesos/{name}/count"]


def test_every_round_is_timed_those_by_the_clock_too() -> None:
    cluster = Shape(3, 2).cluster(1)
    before = cluster.runtime.metrics.snapshot()
    for _ in range(5):
        cluster.interval()
    after = cluster.runtime.metrics.snapshot()
    for name in ("allocation_run_ms", "allocation_run_latency_ms"):
        assert count(after, name) == count(before, name) + 5
    assert after["allocator/mesos/allocation_run_latency_ms"] == 0.0  # nothing else was to be done


def test_several_large_messages_of_one_turn_share_one_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once had a slice of its own: sixteen of them were 64 ms before anybody looked at the clock."""
    cluster = Shape(200, 1).cluster(1)
    actor = cluster.actor
    looks = itertools.count(0, SLICE_NS // 2)
    monkeypatch.setattr(actor, "_now", lambda: next(looks))  # so a slice is two looks at the clock
    monkeypatch.setattr(type(actor), "turn_ns", property(lambda self: 7))
    steps: list[str] = []

    def work(name: str) -> Iterator[None]:
        for _ in range(5):
            steps.append(name)
            yield

    actor._start(work("first"))
    first = len(steps)
    actor._work = None
    actor._start(work("second"))
    assert first > 1
    assert steps[first:] == ["second"]
