"""Who holds what of an agent: like a dict from holders to resources, but out of the collector's sight."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.allocator.holdings import Holder, Holdings
from cluster.model import NotContained, Resources

HOLDERS: list[Holder] = [("F", "a"), ("F", "b"), ("G", "a")]
AMOUNTS = [Resources.parse(text) for text in ("cpus:1", "cpus:2;mem:10", "ports:[1-3]", "mem:5")]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(HOLDERS), st.sampled_from(AMOUNTS))))
def test_it_is_what_a_dict_would_be(steps: list[tuple[bool, Holder, Resources]]) -> None:
    holdings, expected = Holdings(), dict[Holder, Resources]()
    for is_given, holder, amount in steps:
        before = expected.get(holder, Resources.EMPTY)
        if is_given:
            if before.contains(AMOUNTS[2]) and amount is AMOUNTS[2]:
                continue  # the same ports twice
            holdings = holdings.added(holder, amount)
            expected[holder] = before + amount
        elif before.contains(amount):
            holdings = holdings.taken(holder, amount)
            expected[holder] = before - amount
            if not expected[holder]:
                del expected[holder]
        else:
            with pytest.raises(NotContained):
                holdings = holdings.taken(holder, amount)
        assert dict(holdings.items()) == expected
        assert list(holdings) == [holder for holder, _ in holdings.items()]
        assert (len(holdings), bool(holdings)) == (len(expected), bool(expected))
        assert sorted(map(str, holdings.values())) == sorted(map(str, expected.values()))
        for each in HOLDERS:
            assert (each in holdings) == (each in expected)
            assert holdings.get(each) == expected.get(each, Resources.EMPTY)


def test_of_a_stranger_nothing_is_held() -> None:
    holdings = Holdings()
    holdings = holdings.added(HOLDERS[0], AMOUNTS[0])
    with pytest.raises(KeyError):
        holdings[HOLDERS[1]]
    assert holdings[HOLDERS[0]] == AMOUNTS[0]


def test_one_holder_is_nothing_for_the_collector() -> None:
    holdings = Holdings()
    holdings = holdings.added(HOLDERS[0], AMOUNTS[0])
    assert not gc.is_tracked(holdings)
    assert holdings.several is None
    holdings = holdings.added(HOLDERS[1], AMOUNTS[0])
    holdings = holdings.taken(HOLDERS[0], AMOUNTS[0])
    assert holdings.several is None, "the dict was for two"
