"""Patience with a client that does not say what it wants, or does not read its answer."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

log = logging.getLogger(__name__)

_END_OF_HEAD = b"\r\n\r\n"


class StallGuard(asyncio.Protocol):
    """An HTTP protocol that is cut off when its client takes nothing for `stall_s` seconds.

    Likewise when the head of its first request takes longer than `head_s` seconds.
    """

    __slots__ = ("_head_s", "_head_timer", "_protocol", "_stall_s", "_tail", "_timer", "_transport")

    def __init__(self, protocol: asyncio.Protocol, stall_s: float, head_s: float = 60.0) -> None:
        self._protocol = protocol
        self._stall_s = stall_s
        self._head_s = head_s
        self._head_timer: asyncio.TimerHandle | None = None  # while the first head is awaited
        self._tail = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._head_timer = asyncio.get_running_loop().call_later(self._head_s, self._give_up)
        self._protocol.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._head_timer is not None:
            self._tail += data
            if _END_OF_HEAD in self._tail:
                self._has_head()
            self._tail = self._tail[-3:]
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
        self._has_head()
        self._protocol.connection_lost(exc)

    def _has_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self._transport is not None:
            self._transport.abort()

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut_off(self) -> None:
        self._timer = None
        if self._transport is not None:
            log.warning("closing a connection: its client read nothing for %g s", self._stall_s)
            self._transport.abort()
