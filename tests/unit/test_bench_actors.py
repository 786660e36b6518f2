"""The benchmark's arithmetic; that it runs is seen in CI, which runs it at its smallest size."""

from __future__ import annotations

from bench.actors import Row, Sizes, digest_of


def test_sizes_are_scaled_to_whole_multiples() -> None:
    assert Sizes(1, 1.0, 1).of(200_000, 250) == 200_000
    assert Sizes(1, 0.02, 1).of(1_000, 250) == 250


def test_a_row_knows_whether_its_target_is_met() -> None:
    assert Row("a", "/s", "", "", floor=0.5, ratio=0.5).is_met
    assert not Row("a", "/s", "", "", floor=0.5, ratio=0.4).is_met
    assert Row("a", "us", "", "", ceiling=3.0, ours=3.0).is_met
    assert not Row("a", "us", "", "", ceiling=3.0, ours=3.1).is_met


def test_the_digest_is_of_what_arrived_not_of_how_fast() -> None:
    slow, fast = (
        Row("a", "/s", "", "", ours=1.0, digest=(3, 6)),
        Row("a", "/s", "", "", ours=9.0, digest=(3, 6)),
    )
    assert digest_of([slow]) == digest_of([fast])
    fast.digest = (3, 5)
    assert digest_of([slow]) != digest_of([fast])
