"""A part of a long list in order."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.http_cluster import task_record
from cluster.http.page import best as subject
from cluster.http.page.best import RUN, Best, Entry, cut
from cluster.http.page.lists import FoundTask
from cluster.master.reading import ACTIVE


def found(best: Best) -> list[Any]:
    """What a list has, when all its steps are done."""
    for _ in best.steps():
        pass
    return best.found


RUNS = st.lists(st.lists(st.integers(0, 9)).map(sorted), max_size=6)


@given(RUNS, st.data())
def test_runs_are_cut_at_a_rank(numbers: list[list[int]], data: st.DataObject) -> None:
    runs = [[Entry((number,), number) for number in run] for run in numbers]
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
                Entry((number, place), (number, place))
                for place, number in enumerate(numbers[at : at + 3], at)
            )
    expected = sorted(((number, place) for place, number in enumerate(numbers)), reverse=is_descending)
    assert found(best) == expected[offset : offset + limit]
    assert best.total == len(numbers)


@pytest.mark.parametrize("is_descending", [False, True])
def test_pages_show_every_entry_once_even_if_keys_are_alike(is_descending: bool) -> None:
    shown: list[int] = []
    for offset in range(0, 3 * RUN, 1000):
        best = Best(offset, 1000, is_descending=is_descending)
        for at in range(0, 3 * RUN, 100):
            best.add(Entry(("same",), number) for number in range(at, at + 100) if number < 3 * RUN)
        shown += found(best)
    assert sorted(shown) == list(range(3 * RUN))


class Counted:
    """Something of which one knows how many there are."""

    alive = 0

    def __init__(self) -> None:
        Counted.alive += 1

    def __del__(self) -> None:
        Counted.alive -= 1


@pytest.mark.parametrize("is_descending", [False, True])
def test_no_step_frees_more_than_a_run(is_descending: bool) -> None:
    """To free many entries at once holds everybody else up for longer than all the rest."""
    best = Best(12 * RUN, 10, is_descending=is_descending)
    for at in range(0, 25 * RUN, 512):
        best.add(Entry((number * 7919 % 1_000_003,), Counted()) for number in range(at, at + 512))
    before = Counted.alive
    assert before == 25 * RUN
    for _ in best.steps():
        assert before - Counted.alive <= RUN
        before = Counted.alive
    assert Counted.alive == len(best.found) == 10
    del best
    assert Counted.alive == 0


def test_the_garbage_collector_does_not_walk_over_what_is_kept() -> None:
    task = task_record(0, "agent", 0.1)
    best = Best(RUN, 10, is_descending=False)
    best.add(Entry((f"name {number}", f"id {number}"), FoundTask(task, ACTIVE)) for number in range(2 * RUN))
    gc.collect()  # it needs to see keys once to know that they hold no more than text
    for run in best._runs:
        seen = [part for entry in run for part in (entry, entry.key, entry.value) if gc.is_tracked(part)]
        assert seen == []


@pytest.mark.parametrize("is_descending", [False, True])
def test_only_what_may_be_wanted_is_kept(is_descending: bool) -> None:
    numbers = [(number * 7919) % 100_003 for number in range(50_000)]
    best = Best(0, 100, is_descending=is_descending)
    for at in range(0, len(numbers), 400):
        best.add(Entry((number, ""), number) for number in numbers[at : at + 400])
        kept = sum(map(len, best._runs))
        assert kept <= 100 * len(best._runs)
        assert len(best._rest) < RUN
    assert found(best) == sorted(numbers, reverse=is_descending)[:100]
    assert best.total == len(numbers)
