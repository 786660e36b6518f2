"""A runtime on real sockets and real time, and the life of a process around it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

from actors.clock import LoopClock
from actors.codec import Limits
from actors.pid import NOWHERE, PID, join_address
from actors.rng import Rng
from actors.runtime import Runtime
from actors.spinner import Spinner
from actors.tcp import HttpFactory, Listener, TcpTransport, flushed, port_of

log = logging.getLogger(__name__)

#: How long the end of a process waits for peers to take what was sent to them.
FLUSH_S = 3.0


class Process:
    """This operating system process as a runtime, with or without a port of its own.

    ``sock`` is a bound socket (:func:`actors.tcp.bind`); without one the process only dials.
    ``advertised`` is the ``ip:port`` told to peers; by default the address of the socket. An actor
    that fails ends the process with exit code 1. ``spins``: whether to wait awake for answers that are
    expected within microseconds, see :mod:`actors.spinner`; by default where there is another processor.
    """

    def __init__(
        self,
        *,
        sock: socket.socket | None = None,
        advertised: str = "",
        limits: Limits | None = None,
        seed: int | None = None,
        spins: bool | None = None,
    ) -> None:
        if sock is not None and not advertised:
            advertised = join_address(sock.getsockname()[0], port_of(sock))
        self._sock = sock
        self._listener: Listener | None = None
        self._stopped = asyncio.Event()
        self.exit_code = 0
        clock = LoopClock()
        if spins is None:
            spins = (os.cpu_count() or 1) > 1
        self.runtime = Runtime(
            clock=clock,
            rng=Rng(seed),
            transport=TcpTransport(Spinner(clock) if spins else None),
            limits=limits,
            address=advertised or NOWHERE,
            on_failure=self._on_failure,
        )

    async def listen(self, http: HttpFactory | None = None) -> None:
        """Accept messages, and HTTP if ``http`` makes protocols for it, on the socket."""
        assert self._sock is not None
        runtime = self.runtime
        self._listener = Listener(runtime.peers.accept, http, runtime.limits, runtime.metrics)
        await self._listener.start(self._sock)

    def stop(self, exit_code: int = 0) -> None:
        """End the process soon; the first exit code given counts."""
        if not self._stopped.is_set():
            self.exit_code = exit_code
            self._stopped.set()

    def _on_failure(self, pid: PID, error: BaseException) -> None:
        log.critical("process ends because actor %s failed: %s", pid, error)
        self.stop(1)

    async def until_stopped(self) -> int:
        """Wait for :meth:`stop`, SIGTERM or SIGINT; then end actors and connections in order.

        Returns the exit code of the process.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        await self._stopped.wait()
        await self.close()
        return self.exit_code

    async def close(self) -> None:
        """End actors and connections; what was sent is still written, to peers that take it."""
        if self._listener is not None:
            self._listener.close()
        await flushed(self.runtime.shutdown(), FLUSH_S)

    def _on_signal(self, number: signal.Signals) -> None:
        log.info("stopping: %s", number.name)
        self.stop(0)


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run ``main`` on uvloop; its result is the exit code of the process."""
    return uvloop.run(main())
