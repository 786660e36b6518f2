"""How much is logged, and /logging/toggle, which changes that for a while.

A level is a number as the original has it: 0 logs what the flag `logging_level` asks for, everything above
logs details. A process started with DEBUG begins at 1.

Source: reference http-endpoints.md §6, §8 (GET_LOGGING_LEVEL, SET_LOGGING_LEVEL).
"""

from __future__ import annotations

import logging

from aiohttp import web

from actors import Timer
from actors.clock import Clock
from cluster.config.units import format_duration, parse_duration
from cluster.http.answers import BadRequest, text_answer
from cluster.http.queries import text_of
from cluster.http.router import Endpoint

log = logging.getLogger(__name__)

#: Highest level that can be asked for; there is nothing more to tell beyond 1.
MOST = 9


class Verbosity:
    """The level of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._usual = logging.getLogger().level
        self.start = int(self._usual <= logging.DEBUG)
        self.level = self.start
        self._timer: Timer | None = None

    def fault(self, level: int) -> str:
        """What is wrong with a level; empty if nothing."""
        if level < self.start:
            return f"level {level} is below {self.start}, with which the process was started"
        return f"level {level} is above {MOST}" if level > MOST else ""

    def set(self, level: int, duration_s: float) -> None:
        """Log at a level without a fault, and as before after a while."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_later(duration_s, self._reset)
        self._apply(level)
        log.info("the logging level is %d for %s", level, format_duration(duration_s))

    def _reset(self) -> None:
        self._timer = None
        self._apply(self.start)
        log.info("the logging level is %d again", self.start)

    def _apply(self, level: int) -> None:
        self.level = level
        logging.getLogger().setLevel(self._usual if level == self.start else logging.DEBUG)

    def table(self) -> dict[str, Endpoint]:
        """The endpoint by path."""
        return {"logging/toggle": Endpoint(self._toggle, methods=None)}

    async def _toggle(self, request: web.BaseRequest) -> web.Response:
        level, duration = text_of(request, "level"), text_of(request, "duration")
        if level is None and duration is None:
            return text_answer(200, f"{self.level}\n")
        if level is None or duration is None:
            missing = "level" if level is None else "duration"
            raise BadRequest(f"query parameter {missing!r}: is required with the other one")
        number, seconds = _level(level), _duration(duration)
        if fault := self.fault(number):
            raise BadRequest(f"query parameter 'level': {fault}")
        self.set(number, seconds)
        return web.Response()


def _level(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest(f"query parameter 'level': {text[:20]!r} is not a whole number")
    return int(text)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as fault:
        raise BadRequest(f"query parameter 'duration': {fault}") from None
