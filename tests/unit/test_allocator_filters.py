"""Offer filters: how long they last and what they cover."""

import math

import pytest

from cluster.allocator.filters import OfferFilter, OfferFilters, filter_lifetime_s
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
    filters = OfferFilters()
    filters.add("r", "a", OfferFilter(ONE, until_s=10, round=0))
    assert filters.blocking("r", "a", ONE, 1, 1)
    assert not filters.blocking("r", "a", TWO, 1, 1)
    assert not filters.blocking("r", "b", ONE, 1, 1)
    assert not filters.blocking("q", "a", ONE, 1, 1)


def test_several_at_once_and_the_longest_answers() -> None:
    filters = OfferFilters()
    filters.add("r", "a", OfferFilter(TWO, until_s=10, round=0))
    filters.add("r", "a", OfferFilter(ONE, until_s=20, round=0))
    assert filters.active("r", 1, 1) == 2
    assert filters.blocking("r", "a", ONE, 1, 1) == OfferFilter(ONE, 20, 0)
    assert filters.blocking("r", "a", TWO, 1, 1) == OfferFilter(TWO, 10, 0)
    filters.add("r", "a", OfferFilter(TWO, until_s=30, round=0))
    assert filters.active("r", 1, 1) == 1


def test_ends_with_time_and_a_full_round() -> None:
    filters = OfferFilters()
    filters.add("r", "a", OfferFilter(ONE, until_s=10, round=3))
    assert filters.blocking("r", "a", ONE, 10, 3)
    assert not filters.blocking("r", "a", ONE, 10, 4)
    filters.expire(10, 4)
    assert filters.active("r", 0, 0) == 0


def test_clearing() -> None:
    filters = OfferFilters()
    for role in ("q", "r"):
        for agent in ("a", "b"):
            filters.add(role, agent, OfferFilter(ONE, until_s=10, round=0))
    filters.clear_roles(["q"])
    filters.clear_agent("a")
    assert [filters.active(role, 1, 1) for role in ("q", "r")] == [0, 1]
    filters.clear()
    assert filters.active("r", 1, 1) == 0
