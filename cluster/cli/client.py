"""The life of a program that runs a framework: its log, its signals, its end."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType

from cluster.scheduler import Framework, start

#: Signals that follow within this time are the same wish: some senders reach a program twice.
SAME_WISH_S = 0.5


class Told(logging.Handler):
    """Hands warnings of the machinery to `warn`, a line each: what a user of the program must know."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        self._warn(self.format(record))


def run_client(
    framework: Framework, master: str, interrupt: Callable[[], None], warn: Callable[[str], None]
) -> int:
    """Run a framework until it stops; returns its exit code.

    SIGINT and SIGTERM have `interrupt` called like a handler of the framework. A master that cannot
    be reached is tried again and again, with a line to `warn` each time.
    """
    logging.basicConfig(format="%(message)s", handlers=[Told(warn)], force=True)
    handle = start(framework, master)

    once = Once(framework, interrupt)

    def on_signal(number: int, frame: FrameType | None) -> None:
        handle.call(once.interrupt)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = handle.join()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert code is not None
    return code


class Once:
    """Calls `interrupt` once for signals that come together."""

    def __init__(self, framework: Framework, interrupt: Callable[[], None]) -> None:
        self._framework = framework
        self._interrupt = interrupt
        self._is_deaf = False

    def interrupt(self) -> None:
        """A signal came."""
        if not self._is_deaf:
            self._is_deaf = True
            self._framework.call_later(SAME_WISH_S, self._hear_again)
            self._interrupt()

    def _hear_again(self) -> None:
        self._is_deaf = False
