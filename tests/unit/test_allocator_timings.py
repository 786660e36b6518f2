"""Rounds say how long they took, and how long they were waited for."""

from bench.allocator_shapes import Shape


def count(metrics: dict[str, float], name: str) -> float:
    return metrics[f"allocator/mesos/{name}/count"]


def test_every_round_is_timed_those_by_the_clock_too() -> None:
    cluster = Shape(3, 2).cluster(1)
    before = cluster.actor._read_gauges()
    for _ in range(5):
        cluster.interval()
    after = cluster.actor._read_gauges()
    for name in ("allocation_run_ms", "allocation_run_latency_ms"):
        assert count(after, name) == count(before, name) + 5
    assert after["allocator/mesos/allocation_run_latency_ms"] == 0.0  # nothing else was to be done
