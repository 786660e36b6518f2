"""Signals that end a program which has something to tidy up first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Ctrl-C, a polite kill, a closed terminal.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: How much later than its consequences a failure may be noticed.
REASON_S = 1.0


class Interrupted(Exception):
    """Raised when a signal asked the program to end; `exit_code` is what a shell would give it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number
        self.exit_code = 128 + number


class Told:
    """Listens to signals: the first one cancels what runs under `obeying`, each later one hurries."""

    def __init__(self) -> None:
        self.number = 0
        self._task: asyncio.Task[Any] | None = None
        self._hurry: Callable[[], None] = lambda: None
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.tell, int(number))

    def tell(self, number: int) -> None:
        """A signal arrived, or something that counts as one."""
        if self.number:
            self._hurry()
            return
        self.number = number
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Listen no longer."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    async def obeying(self, work: Coroutine[Any, Any, T], hurry: Callable[[], None]) -> T:
        """Run `work`; it is cancelled by the first signal, and `hurry` called by the next ones.

        Raises:
            Interrupted: a signal came.
        """
        self._hurry = hurry
        task = asyncio.ensure_future(work)
        self._task = task
        if self.number:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            if not self.number:
                raise
            raise Interrupted(self.number) from None
        finally:
            self._task = None


async def unless(failed: Awaitable[Exception], work: Coroutine[Any, Any, T]) -> T:
    """Run `work` until it ends, or `failed` does: then `work` is cancelled and the failure raised.

    If `work` fails and `failed` ends soon after, that is taken for the reason.
    """
    working = asyncio.ensure_future(work)
    failing = asyncio.ensure_future(failed)
    try:
        await asyncio.wait([working, failing], return_when=asyncio.FIRST_COMPLETED)
        if working.done() and working.exception() is not None:
            await asyncio.wait([failing], timeout=REASON_S)
        if failing.done():
            raise failing.result()
        return working.result()
    finally:
        failing.cancel()
        working.cancel()
        await asyncio.wait([working, failing])


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, which must be quick, to its end even if we are cancelled; then be cancelled."""
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait([working])
        raise
