"""Waits awake for what is expected at once, because falling asleep takes longer.

A processor with nothing to do halts, and it takes some 10 us until it runs again; the event loops at both
ends of a question do so once for every round trip, which is most of the time a small one takes. So when an
answer (or, after an answer, the next question) is likely to come within microseconds, the loop is kept
going round for a moment. It stays honest work: whoever is disappointed tries again less and less often, and
nothing else has to wait, as the loop goes on to serve whatever else arrives.
"""

from __future__ import annotations

from actors.clock import Clock

#: How long the loop is kept awake; a few times what a round trip within a rack takes.
SPAN_NS = 50_000
#: After disappointments in a row at most this many chances are passed over before the next try.
MOST_PASSED = 1023


class Spinner:
    """Keeps an event loop awake while something is expected."""

    __slots__ = ("_clock", "_is_on", "_pass", "_passed", "_span_ns", "_until_ns")

    def __init__(self, clock: Clock, span_ns: int = SPAN_NS) -> None:
        self._clock = clock
        self._span_ns = span_ns
        self._until_ns = 0
        self._is_on = False
        self._passed = 0  # chances passed over since the last try
        self._pass = 0  # how many have to be

    def expect(self, now_ns: int) -> None:
        """Something is likely to arrive very soon.

        That it did is seen from this being called again in time: what arrives leads to the next answer
        or question. ``now_ns`` is the time of the clock.
        """
        if self._is_on:
            self._pass = 0
        elif self._passed < self._pass:
            self._passed += 1
            return
        else:
            self._is_on = True
            self._passed = 0
            self._pass = 2 * self._pass + 1  # unless something comes of it
            self._clock.call_soon(self._look)
        self._until_ns = now_ns + self._span_ns

    def _look(self) -> None:
        if self._clock.now() < self._until_ns:
            self._clock.call_soon(self._look)
        else:
            self._is_on = False
            self._pass = min(self._pass, MOST_PASSED)
