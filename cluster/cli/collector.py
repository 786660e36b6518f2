"""The garbage collector of a daemon: no long pauses, however much the daemon knows.

Python's collector looks now and then at everything there is, which takes 0.1 s per million objects; a master
of a large cluster has millions that live for days, and nothing else runs meanwhile. Nearly all of them are
freed by counting references, without the collector. So what has lived for a while is taken out of its sight,
and everything is looked at only when there is twice as much as last time, and not more than once an hour: for
the rare cycle that lived long.

Nor may there be many young ones. Python looks at them when so many more were made than freed, but where a
large round puts something new in the place of something old, a hundred thousand were made before it noticed,
and the look took 60 ms. So they are looked at after every few milliseconds of work, too.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Protocol

from actors import NANOS, Clock

FREEZE_S = 10.0
"""How often what has lived for a while is put out of sight."""
NURSERY = 5_000
"""Objects made, less those freed, before the young ones are looked at; the default of 700 is for scripts."""
MOST_SURVIVORS = 20_000
"""Of those that survived their first look, as many as are worth another: 5 ms."""
LOOKS = 64
"""Looks at the youngest after which some of those that survived may be looked at again."""
FULL_S = 3600.0
"""Shortest time between two looks at everything."""


class Busy(Protocol):
    """What works: a `Runtime`."""

    clock: Clock
    on_busy: Callable[[], None] | None


class Collector:
    """Sets the collector up; `stop` gives it back as it was."""

    def __init__(self, busy: Busy) -> None:
        self._busy = busy
        self._clock = busy.clock
        self._before = gc.get_threshold()
        gc.collect()
        gc.freeze()
        self._seen = gc.get_freeze_count()
        self._looked_ns = self._clock.now()
        self._looks = 0
        gc.set_threshold(NURSERY, 1 << 30, 1 << 30)
        busy.on_busy = self._look_at_the_youngest
        self._timer = self._clock.call_later(FREEZE_S, self._tend)

    def stop(self) -> None:
        """Leave everything as it was found."""
        self._timer.cancel()
        self._busy.on_busy = None
        gc.unfreeze()
        gc.set_threshold(*self._before)

    def _look_at_the_youngest(self) -> None:
        gc.collect(0)
        self._looks += 1
        if not self._looks % LOOKS:
            self._look_again()

    def _look_again(self) -> None:
        """At those that survived, such as were just in use; not at many, which are there to stay."""
        if len(gc.get_objects(generation=1)) <= MOST_SURVIVORS:
            gc.collect(1)

    def _tend(self) -> None:
        """Put what has lived for a while out of sight, now and then after a look at all of it.

        If little survived its first look, it gets a second one. While a large cluster comes to life, ten
        thousand objects survive every tenth of a second, and nearly all of them are there to stay.

        Putting away costs nothing, but counting walks over all of it: 50 ms in a master of a large cluster.
        """
        gc.collect(0)
        self._look_again()
        gc.freeze()
        now_ns = self._clock.now()
        if now_ns - self._looked_ns > FULL_S * NANOS:
            self._looked_ns = now_ns
            if gc.get_freeze_count() > 2 * self._seen:
                gc.unfreeze()
                gc.collect()
                gc.freeze()
                self._seen = gc.get_freeze_count()
        self._timer = self._clock.call_later(FREEZE_S, self._tend)
