"""Messages that found no handler: counted by reason, the last ones kept, logged sparingly."""

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

from actors.metrics import Metrics
from actors.pid import PID

log = logging.getLogger(__name__)

#: How many dead letters are kept for people to look at.
KEPT = 256
#: Longest text kept of what came over the wire.
KEPT_CHARACTERS = 500


class DeadLetter(NamedTuple):
    """A message that was not handled, and why. ``detail`` has the path of a fault in its shape."""

    reason: str
    sender: PID
    to: PID
    type: str
    detail: str


class DeadLetters:
    """The last dead letters of a process and how many there were of each reason."""

    __slots__ = ("_counts", "_metrics", "last")

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._counts: dict[str, int] = {}
        self.last: deque[DeadLetter] = deque(maxlen=KEPT)

    def add(self, reason: str, sender: PID, to: PID, type_name: str, detail: str = "") -> None:
        """Keep one. Logged at once when new, later at every power of two, so no flood can follow."""
        type_name, detail = _plain(type_name), _plain(detail)
        self.last.append(DeadLetter(reason, sender, to, type_name, detail))
        self._metrics.count(f"actors/dead_letters/{reason}")
        seen = self._counts[reason] = self._counts.get(reason, 0) + 1
        if seen & (seen - 1) == 0:
            log.info(
                "dead letter (%s, no. %d): %s from %s to %s%s",
                reason, seen, type_name, _plain(str(sender)), _plain(str(to)), detail and f": {detail}",
            )  # fmt: skip


def _plain(text: str) -> str:
    """Text as it can stand in one line of a log, whatever a peer put into it."""
    text = text[:KEPT_CHARACTERS]
    return text if text.isprintable() else ascii(text)
