"""Averages over time, as the closing table of mesos-demo shows them."""

from __future__ import annotations

import pytest

from cluster.cli.demo_meter import Meter


def test_each_sample_weighs_as_long_as_it_held() -> None:
    meter = Meter()
    meter.note(1_000_000_000, {"a": 0.2, "b": 1.0}, counts=True)
    meter.note(4_000_000_000, {"a": 0.6, "b": 0.0}, counts=True)
    meter.note(5_000_000_000, {"a": 0.0, "b": 0.0}, counts=True)
    assert meter.counted_s == 4.0
    assert meter.average("a") == pytest.approx(0.3)
    assert meter.average("b") == 3 / 4


def test_what_does_not_count_is_left_out() -> None:
    meter = Meter()
    meter.note(0, {"a": 0.5}, counts=True)
    meter.note(1_000_000_000, {"a": 1.0}, counts=False)
    meter.note(9_000_000_000, {"a": 0.25}, counts=True)
    meter.note(10_000_000_000, {"a": 0.0}, counts=False)
    assert meter.counted_s == 2.0
    assert meter.average("a") == (0.5 + 0.25) / 2


def test_without_time_there_is_no_average() -> None:
    meter = Meter()
    assert meter.average("a") is None
    meter.note(5, {"a": 1.0}, counts=True)
    assert meter.average("a") is None
    assert meter.counted_s == 0.0
