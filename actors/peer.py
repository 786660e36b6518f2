"""One other process as it is seen from here: what waits for it, and the way to it."""

from __future__ import annotations

from collections.abc import Callable

import msgpack

from actors.clock import Timer
from actors.connection import Connection

#: Messages of this size on average are written without being copied together.
LARGE_BYTES = 16 << 10
#: Beginnings of frames remembered per peer.
REMEMBERED_HEADS = 4096

packb: Callable[[object], bytes] = msgpack.Packer().pack


def _bin_head(size: int) -> bytes:
    if size < 1 << 16:
        return b"\xc5" + size.to_bytes(2, "big")
    return b"\xc6" + size.to_bytes(4, "big")


#: What msgpack puts before 0 to 255 bytes.
BIN_HEADS = tuple(bytes((0xC4, size)) for size in range(256))


class Peer:
    """One other process: its connection if there is one, and what waits for it."""

    __slots__ = (
        "_chunks",
        "_heads",
        "address",
        "backoff_s",
        "cancel_dial",
        "connection",
        "dialling",
        "dirty",
        "held",
        "retry",
        "waiting_bytes",
        "waiting_count",
    )

    def __init__(self, address: str) -> None:
        self.address = address
        self.connection: Connection | None = None  # greeted and in use
        self.dialling: Connection | None = None  # connected by us, greeting not answered yet
        self.cancel_dial: Callable[[], None] | None = None  # not even connected yet
        self.held: Connection | None = None  # greeted, waits for a probe of `connection`
        self.retry: Timer | None = None
        self.backoff_s = 0.0
        self.dirty = False
        self.waiting_bytes = 0
        self.waiting_count = 0
        self._chunks: list[bytes] = []  # of the waiting frames
        self._heads: dict[tuple[str, str, str], bytes] = {}  # frames up to their payload

    def add(self, to: str, sender: str, type_name: str, payload: bytes) -> None:
        """Frame a message behind what already waits."""
        size = len(payload)
        head = self._heads.get((to, sender, type_name))
        if head is None:
            head = self._make_head(to, sender, type_name)
        self._chunks += (head, BIN_HEADS[size] if size < 256 else _bin_head(size), payload)
        self.waiting_bytes += size + 64
        self.waiting_count += 1

    def _make_head(self, to: str, sender: str, type_name: str) -> bytes:
        head = b"\x94" + packb(to) + packb(sender) + packb(type_name)
        if to[:1] != "?" and sender[:1] != "?":  # the name of an asker is never seen again
            if len(self._heads) >= REMEMBERED_HEADS:
                self._heads.clear()
            self._heads[to, sender, type_name] = head
        return head

    def take(self) -> list[bytes]:
        """All waiting frames, in one piece unless they are large: then copying costs more."""
        pieces = self._chunks
        if self.waiting_bytes < self.waiting_count * LARGE_BYTES:
            pieces = [b"".join(pieces)]
        self._chunks = []
        self.waiting_bytes = self.waiting_count = 0
        return pieces

    @property
    def is_trying(self) -> bool:
        """Whether a dial, a greeting or a pause before the next dial is under way."""
        return self.cancel_dial is not None or self.dialling is not None or self.retry is not None

    def stop_trying(self) -> Connection | None:
        """Give up what is under way; returns the half-greeted connection to be closed, if any."""
        if self.cancel_dial is not None:
            self.cancel_dial()
            self.cancel_dial = None
        if self.retry is not None:
            self.retry.cancel()
            self.retry = None
        dialling, self.dialling = self.dialling, None
        return dialling
