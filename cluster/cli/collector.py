"""The garbage collector of a daemon: no long pauses, however much the daemon knows.

Python's collector looks now and then at everything there is, which takes 0.1 s per million objects; a master
of a large cluster has millions that live for days, and nothing else runs meanwhile. Nearly all of them are
freed by counting references, without the collector. So what has lived for a while is taken out of its sight,
and everything is looked at only when there is twice as much as last time, and not more than once an hour: for
the rare cycle that lived long.
"""

from __future__ import annotations

import gc

from actors import NANOS, Clock

FREEZE_S = 10.0
"""How often what has lived for a while is put out of sight."""
NURSERY = 5_000
"""Objects made, less those freed, before the young ones are looked at; the default of 700 is for scripts."""
MIDDLE = 4
"""Looks at the youngest after which those that survived them are not worth another look: 20,000 objects."""
FULL_S = 3600.0
"""Shortest time between two looks at everything."""


class Collector:
    """Sets the collector up; `stop` gives it back as it was."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = gc.get_threshold()
        gc.collect()
        gc.freeze()
        self._seen = gc.get_freeze_count()
        self._looked_ns = clock.now()
        gc.set_threshold(NURSERY, 1 << 30, 1 << 30)
        self._timer = clock.call_later(FREEZE_S, self._tend)

    def stop(self) -> None:
        """Leave everything as it was found."""
        self._timer.cancel()
        gc.unfreeze()
        gc.set_threshold(*self._before)

    def _tend(self) -> None:
        """Put what has lived for a while out of sight, now and then after a look at all of it.

        If little survived its first look, it gets a second one. While a large cluster comes to life, ten
        thousand objects survive every tenth of a second, and nearly all of them are there to stay.

        Putting away costs nothing, but counting walks over all of it: 50 ms in a master of a large cluster.
        """
        if gc.get_count()[1] <= MIDDLE:
            gc.collect(1)
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
