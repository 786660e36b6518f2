"""How late the event loop of a process is: the time between when something was due and when it was done."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from actors import NANOS, PID, Actor, handles

NAME = "loop-lag"
#: How often it is looked at, and how many looks are remembered: a minute of them.
STEP_S = 0.25
KEPT = 240


@dataclass(frozen=True, slots=True)
class LookDue:
    """Time to look at the clock."""


class LoopLag(Actor):
    """Measures the lag of its own process. Gauges: seconds, the last one and the worst of a minute."""

    def __init__(self) -> None:
        self._lags_s: deque[float] = deque(maxlen=KEPT)
        self._due_ns = 0

    def initialize(self) -> None:
        self.metrics.gauge("process/event_loop_lag_secs", self.last_s)
        self.metrics.gauge("process/event_loop_lag_secs/max", self.worst_s)
        self._wait()

    def _wait(self) -> None:
        self._due_ns = self.clock.now() + int(STEP_S * NANOS)
        self.delay(STEP_S, LookDue())

    @handles
    def on_look_due(self, sender: PID, message: LookDue) -> None:
        self._lags_s.append(max(0.0, (self.clock.now() - self._due_ns) / NANOS))
        self._wait()

    def last_s(self) -> float:
        """The last lag."""
        return self._lags_s[-1] if self._lags_s else 0.0

    def worst_s(self) -> float:
        """The worst of the last minute."""
        return max(self._lags_s, default=0.0)
