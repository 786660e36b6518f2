"""One other process as it is seen from here: what waits for it, and the way to it."""

from __future__ import annotations

from collections.abc import Callable

from actors.clock import Timer
from actors.codec import FRAME_ROOM_BYTES, LARGE_BYTES, PAYLOAD_OVERHEAD_BYTES, pack
from actors.connection import Connection


class Peer:
    """One other process: its connection if there is one, and what waits for it."""

    __slots__ = (
        "_payloads",
        "_pieces",
        "_room",
        "_sender",
        "_to",
        "_type",
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
        self._pieces: list[bytes] = []  # of the frames that are made
        # The frame that is not made yet:
        self._to = self._sender = self._type = ""
        self._payloads: list[bytes] = []
        self._room = 0  # how much more it takes

    def add(self, to: str, sender: str, type_name: str, payload: bytes) -> None:
        """Put a message behind what already waits.

        Messages of one kind in a row share a frame: what is said once need not be packed, sent, parsed
        and looked up again for each. In a row the names are the same objects.
        """
        size = len(payload) + PAYLOAD_OVERHEAD_BYTES
        self.waiting_bytes += size
        self.waiting_count += 1
        if self._room > 0 and type_name is self._type and to is self._to and sender is self._sender:
            self._room -= size
            self._payloads.append(payload)
        else:
            if self._payloads:
                self._pieces += self._take_frame()
            self._to, self._sender, self._type = to, sender, type_name
            self._room = FRAME_ROOM_BYTES - size
            self._payloads = [payload]

    def _take_frame(self) -> list[bytes]:
        payloads, self._payloads = self._payloads, []
        self._room = 0
        if len(payloads[-1]) < LARGE_BYTES:
            return [pack((self._to, self._sender, self._type, *payloads))]
        large = payloads.pop()
        frame = pack((self._to, self._sender, self._type, *payloads, b""))
        return [frame[:-2] + b"\xc6" + len(large).to_bytes(4, "big"), large]

    def take(self) -> list[bytes]:
        """All waiting frames, in pieces."""
        pieces = self._pieces
        if self._payloads:
            pieces = pieces + self._take_frame() if pieces else self._take_frame()
        self._pieces = []
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
