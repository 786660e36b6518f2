"""A part of a long list in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.http.page import best as subject
from cluster.http.page.best import RUN, Best, cut

RUNS = st.lists(st.lists(st.integers(0, 9)).map(sorted), max_size=6)


@given(RUNS, st.data())
def test_runs_are_cut_at_a_rank(numbers: list[list[int]], data: st.DataObject) -> None:
    runs = [[((number,), number) for number in run] for run in numbers]
    everything = sorted(number for run in numbers for number in run)
    rank = data.draw(st.integers(0, len(everything)))
    cuts = cut(runs, rank)
    before = [number for run, end in zip(numbers, cuts, strict=True) for number in run[:end]]
    assert sorted(before) == everything[:rank]
    assert sum(cuts) == rank


@given(
    st.lists(st.integers(0, 20), max_size=60), st.integers(0, 70), st.integers(0, 20), st.booleans(),
    st.integers(1, 9),
)  # fmt: skip
def test_it_is_the_part_of_what_sorting_gives(
    numbers: list[int], offset: int, limit: int, is_descending: bool, run: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "RUN", run)
        best = Best(offset, limit, is_descending=is_descending)
        for at in range(0, len(numbers), 3):
            best.add(
                ((number, place), (number, place)) for place, number in enumerate(numbers[at : at + 3], at)
            )
    expected = sorted(((number, place) for place, number in enumerate(numbers)), reverse=is_descending)
    assert best.found() == expected[offset : offset + limit]
    assert best.total == len(numbers)


@pytest.mark.parametrize("is_descending", [False, True])
def test_pages_show_every_entry_once_even_if_keys_are_alike(is_descending: bool) -> None:
    shown: list[int] = []
    for offset in range(0, 3 * RUN, 1000):
        best = Best(offset, 1000, is_descending=is_descending)
        for at in range(0, 3 * RUN, 100):
            best.add((("same",), number) for number in range(at, at + 100) if number < 3 * RUN)
        shown += best.found()
    assert sorted(shown) == list(range(3 * RUN))


@pytest.mark.parametrize("is_descending", [False, True])
def test_only_what_may_be_wanted_is_kept(is_descending: bool) -> None:
    numbers = [(number * 7919) % 100_003 for number in range(50_000)]
    best = Best(0, 100, is_descending=is_descending)
    for at in range(0, len(numbers), 400):
        best.add(((number, ""), number) for number in numbers[at : at + 400])
        kept = sum(map(len, best._runs))
        assert kept <= 100 * len(best._runs)
        assert len(best._rest) < RUN
    assert best.found() == sorted(numbers, reverse=is_descending)[:100]
    assert best.total == len(numbers)
