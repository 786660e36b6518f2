"""Offer filters: how long they last and what they cover."""

import math

import pytest

from cluster.allocator.filters import (
    MAX_FILTERS,
    OfferFilter,
    blocking,
    filter_lifetime_s,
    filters_of,
    in_force,
    with_filter,
)
from cluster.model import Resources

ONE, TWO = Resources.scalar(cpus=1), Resources.scalar(cpus=2)


@pytest.mark.parametrize(
    ("refuse_s", "lifetime_s"),
    [
        (0.0, 0.0),
        (0.5, 1.0),
        (7.0, 7.0),
        (-1.0, 5.0),
        (math.nan, 5.0),
        (math.inf, 31_536_000.0),
        (1e12, 31_536_000.0),
    ],
)
def test_lifetime(refuse_s: float, lifetime_s: float) -> None:
    assert filter_lifetime_s(refuse_s, 1.0) == lifetime_s


def test_covers_what_it_contains() -> None:
    refusal = with_filter(None, OfferFilter(ONE, until_s=10, round=0))
    assert blocking(refusal, ONE, 1, 1)
    assert not blocking(refusal, TWO, 1, 1)
    assert not blocking(None, ONE, 1, 1)


def test_several_at_once_and_the_longest_answers() -> None:
    refusal = with_filter(None, OfferFilter(TWO, until_s=10, round=0))
    refusal = with_filter(refusal, OfferFilter(ONE, until_s=20, round=0))
    assert len(filters_of(refusal)) == 2
    assert blocking(refusal, ONE, 1, 1) == OfferFilter(ONE, 20, 0)
    assert blocking(refusal, TWO, 1, 1) == OfferFilter(TWO, 10, 0)


def test_those_that_end_first_make_room() -> None:
    refusal = None
    for n in range(MAX_FILTERS + 3):
        refusal = with_filter(refusal, OfferFilter(ONE, until_s=float(n), round=0))
    assert [f.until_s for f in filters_of(refusal)] == [float(n) for n in range(3, MAX_FILTERS + 3)]


def test_ends_with_time_and_a_full_round() -> None:
    refusal = with_filter(None, OfferFilter(ONE, until_s=10, round=3))
    assert blocking(refusal, ONE, 10, 3)
    assert not blocking(refusal, ONE, 10, 4)
    assert in_force(refusal, 10, 3) is refusal
    assert in_force(refusal, 10, 4) is None
    refusal = with_filter(refusal, OfferFilter(TWO, until_s=9, round=3))
    assert in_force(refusal, 9, 4) == OfferFilter(ONE, 10, 3)
