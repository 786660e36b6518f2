"""The network as the runtime sees it: streams of bytes between addresses.

Two forms exist: :mod:`actors.tcp` (sockets) and :mod:`actors.testing.network` (virtual).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Stream(Protocol):
    """One open connection of bytes, in order, both ways."""

    @property
    def peer(self) -> str:
        """``ip:port`` of the other end, as seen from here."""

    def write(self, data: bytes) -> int:
        """Send ``data`` after everything written before; never blocks.

        Returns what :meth:`unsent_bytes` does after it.
        """

    def write_pieces(self, pieces: list[bytes]) -> int:
        """As :meth:`write` of all pieces joined, which hold whole frames together."""

    def unsent_bytes(self) -> int:
        """Bytes written that the other end has not taken yet."""

    def close(self) -> None:
        """Close after what was written has been sent."""

    def abort(self) -> None:
        """Close at once; what was not sent is lost."""

    def pause(self) -> None:
        """Stop delivering received bytes, so that the peer is slowed down."""

    def resume(self) -> None:
        """Deliver received bytes again."""


class StreamHandler(Protocol):
    """What a stream tells its owner."""

    def on_data(self, data: bytes) -> None:
        """Bytes arrived."""

    def on_closed(self, reason: str) -> None:
        """The stream is closed; nothing follows."""


class Transport(Protocol):
    """Makes streams."""

    def dial(
        self,
        address: str,
        timeout_s: float,
        opened: Callable[[Stream], StreamHandler],
        failed: Callable[[str], None],
    ) -> Callable[[], None]:
        """Connect to ``address``; exactly one of ``opened`` and ``failed`` is called, later.

        Returns a function that gives the attempt up; after it neither is called.
        """

    def expect(self, now_ns: int) -> None:
        """Something is likely to arrive within microseconds of ``now_ns``, if the peer is near."""
