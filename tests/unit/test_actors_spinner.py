"""Waiting awake: for how long, and how often after disappointments."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from actors.clock import Timer
from actors.spinner import MOST_PASSED, SPAN_NS, Spinner

ROUND_NS = 1_000


class Rounds:
    """A clock on a loop that goes round as long as somebody wants it to, 1 us each time."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.calls: deque[Callable[[], object]] = deque()

    def now(self) -> int:
        return self.now_ns

    def wall(self) -> float:
        raise AssertionError("not asked for")

    def call_soon(self, call: Callable[[], object]) -> None:
        self.calls.append(call)

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Timer:
        raise AssertionError("not asked for")

    def go(self, most: int = 1_000_000) -> int:
        """Go round until the loop would sleep, or ``most`` times; how often it did."""
        rounds = 0
        while self.calls and rounds < most:
            self.now_ns += ROUND_NS
            self.calls.popleft()()
            rounds += 1
        return rounds


def test_the_loop_stays_awake_for_the_span_and_then_sleeps() -> None:
    loop = Rounds()
    Spinner(loop).expect(loop.now())
    assert loop.go() == SPAN_NS // ROUND_NS


def test_what_keeps_coming_keeps_the_loop_awake_without_further_calls() -> None:
    loop = Rounds()
    spinner = Spinner(loop)
    for _ in range(100):
        spinner.expect(loop.now())
        assert loop.go(most=20) == 20  # the next question comes after 20 us
    assert len(loop.calls) == 1
    assert loop.go() == SPAN_NS // ROUND_NS - 20


def _tries(spinner: Spinner, loop: Rounds, chances: int) -> list[int]:
    """Which of so many chances the loop was kept awake for, when nothing ever comes of it."""
    tries = []
    for number in range(chances):
        spinner.expect(loop.now())
        if loop.go():
            tries.append(number)
    return tries


def test_disappointments_make_it_try_less_and_less_often() -> None:
    loop = Rounds()
    assert _tries(Spinner(loop), loop, 40) == [0, 2, 6, 14, 30]


def test_however_often_disappointed_it_tries_again() -> None:
    loop = Rounds()
    tries = _tries(Spinner(loop), loop, 10_000)
    assert tries[-1] - tries[-2] == MOST_PASSED + 1


def test_one_success_makes_up_for_all_disappointments() -> None:
    loop = Rounds()
    spinner = Spinner(loop)
    _tries(spinner, loop, 31)
    tried = 0
    while not loop.calls:
        spinner.expect(loop.now())
        tried += 1
    assert tried > 1
    spinner.expect(loop.now())  # something came
    assert loop.go()
    assert _tries(spinner, loop, 3) == [0, 2]
