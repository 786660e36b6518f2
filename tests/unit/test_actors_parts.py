"""Chance, virtual time, numbers and files: plain calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors import Metrics, Rng
from actors.disk import Disk, RealDisk
from actors.testing import SimulatedDisk, VirtualClock

# -- chance -----------------------------------------------------------------------------------


def test_a_seed_gives_the_same_draws_and_children_are_independent() -> None:
    def draws(rng: Rng) -> list[object]:
        items = list(range(10))
        rng.shuffle(items)
        return [
            rng.random(),
            rng.randint(1, 6),
            rng.choice("abc"),
            rng.sample(items, 3),
            items,
            rng.bytes(4),
            rng.uuid(),
        ]

    assert draws(Rng(1)) == draws(Rng(1))
    assert draws(Rng(1)) != draws(Rng(2))
    parent = Rng(1)
    before = draws(Rng(1).child("x"))
    parent.random()
    assert draws(parent.child("x")) == before
    assert draws(parent.child("y")) != before
    assert draws(Rng(1).child("x").child("y")) == draws(Rng("1/x/y"))


def test_without_a_seed_no_two_are_alike() -> None:
    assert Rng().random() != Rng().random()


def test_chance_has_its_ends() -> None:
    rng = Rng(1)
    assert not any(rng.chance(0.0) for _ in range(100))
    assert all(rng.chance(1.0) for _ in range(100))
    assert all(2.0 <= rng.uniform(2.0, 3.0) <= 3.0 for _ in range(100))


# -- virtual time -----------------------------------------------------------------------------


def test_virtual_time_jumps_from_call_to_call_in_order() -> None:
    clock, ran = VirtualClock(), list[tuple[str, int]]()

    def note(name: str) -> None:
        ran.append((name, clock.now()))

    clock.call_later(2.0, lambda: note("c"))
    clock.call_later(1.0, lambda: note("a"))
    clock.call_later(1.0, lambda: note("b"))
    clock.call_later(0.5, lambda: note("never")).cancel()
    clock.call_soon(lambda: note("soon"))
    wall = clock.wall()
    while clock.step():
        pass
    assert ran == [("soon", 0), ("a", 10**9), ("b", 10**9), ("c", 2 * 10**9)]
    assert clock.wall() - wall == pytest.approx(2.0)
    assert clock.next_ns() is None


def test_virtual_time_does_not_go_back() -> None:
    clock = VirtualClock()
    clock.jump(5)
    with pytest.raises(AssertionError):
        clock.jump(4)


# -- numbers ----------------------------------------------------------------------------------


def test_metrics_show_counters_and_gauges_by_name() -> None:
    metrics = Metrics()
    metrics.declare("b")
    metrics.count("c", 2)
    metrics.count("c")
    metrics.gauge("a", lambda: 7)
    assert list(metrics.snapshot().items()) == [("a", 7.0), ("b", 0.0), ("c", 3.0)]
    assert (metrics.value("a"), metrics.value("c"), metrics.value("none")) == (7, 3.0, 0.0)
    metrics.forget("a")
    metrics.forget("c")
    assert metrics.snapshot() == {"b": 0.0}


# -- files ------------------------------------------------------------------------------------


@pytest.fixture(params=["real", "simulated"])
def disk(request: pytest.FixtureRequest) -> Disk:
    """Both forms keep the same promises."""
    return RealDisk() if request.param == "real" else SimulatedDisk()


def test_files_are_written_appended_listed_and_removed(disk: Disk, tmp_path: Path) -> None:
    root = str(tmp_path / "root")
    assert disk.read(f"{root}/a") is None
    assert disk.list(root) == []
    disk.write(f"{root}/a", b"one")
    disk.write(f"{root}/a", b"two")
    disk.append(f"{root}/d/log", b"x")
    disk.append(f"{root}/d/log", b"y")
    disk.sync(f"{root}/d/log")
    disk.make_directory(root)
    assert disk.read(f"{root}/a") == b"two"
    assert disk.read(f"{root}/d/log") == b"xy"
    assert disk.list(root) == ["a", "d"]
    disk.remove(f"{root}/d")
    disk.remove(f"{root}/d")
    disk.remove(f"{root}/nothing")
    assert disk.list(root) == ["a"]
    assert disk.read(f"{root}/d/log") is None
