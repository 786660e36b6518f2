"""Patience with a client that does not read its answer."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

log = logging.getLogger(__name__)


class StallGuard(asyncio.Protocol):
    """An HTTP protocol that is cut off when its client takes nothing for `stall_s` seconds."""

    __slots__ = ("_protocol", "_stall_s", "_timer", "_transport")

    def __init__(self, protocol: asyncio.Protocol, stall_s: float) -> None:
        self._protocol = protocol
        self._stall_s = stall_s
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._stall_s, self._cut_off)
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._settle()
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        self._protocol.connection_lost(exc)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut_off(self) -> None:
        self._timer = None
        if self._transport is not None:
            log.warning("closing a connection: its client read nothing for %g s", self._stall_s)
            self._transport.abort()
