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
import time
from collections.abc import Callable
from typing import Protocol

from actors import NANOS, Clock

FREEZE_S = 10.0
"""How often what has lived for a while is put out of sight."""
NURSERY = 5_000
"""Objects made, less those freed, before the young ones are looked at; the default of 700 is for scripts."""
AGAIN_NS = 1_000_000
"""After looks at the youngest that took so long altogether, those that survived get a second one."""
MOST_AGAIN_NS = 5_000_000
"""If they took longer, that would take too long, too, and most are there to stay."""
FULL_S = 3600.0
"""Shortest time between two looks at everything."""


class Busy(Protocol):
    """What works: a `Runtime`."""

    clock: Clock
    on_busy: Callable[[], None] | None


class Collector:
    """Sets the collector up; `stop` gives it back as it was."""

    def __init__(self, busy: Busy, watch: Callable[[], int] = time.perf_counter_ns) -> None:
        """`watch` tells how long looks take."""
        self._busy = busy
        self._watch = watch
        self._clock = busy.clock
        self._before = gc.get_threshold()
        gc.collect()
        gc.freeze()
        self._seen = gc.get_freeze_count()
        self._looked_ns = self._clock.now()
        self._began_ns = self._looking_ns = 0
        gc.callbacks.append(self._on_look)
        gc.set_threshold(NURSERY, 1 << 30, 1 << 30)
        busy.on_busy = self._look_at_the_youngest
        self._timer = self._clock.call_later(FREEZE_S, self._tend)

    def stop(self) -> None:
        """Leave everything as it was found."""
        self._timer.cancel()
        self._busy.on_busy = None
        gc.callbacks.remove(self._on_look)
        gc.unfreeze()
        gc.set_threshold(*self._before)

    def _look_at_the_youngest(self) -> None:
        if self._looking_ns < AGAIN_NS:
            gc.collect(0)
        else:
            self._look_again()

    def _look_again(self) -> None:
        """At those that survived, too: such as were just in use."""
        if self._looking_ns < MOST_AGAIN_NS:
            gc.collect(1)
        else:
            gc.freeze()
        self._looking_ns = 0

    def _on_look(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began_ns = self._watch()
        elif info["generation"] == 0:
            self._looking_ns += self._watch() - self._began_ns

    def _tend(self) -> None:
        """Put what has lived for a while out of sight, now and then after a look at all of it.

        Putting away costs nothing, but counting walks over all of it: 50 ms in a master of a large cluster.
        """
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
