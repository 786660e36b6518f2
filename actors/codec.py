"""Frames: bytes to envelopes and back, without sockets.

A frame is one msgpack object, so that the stream needs no other delimiter:

- an array ``[to, from, type, payload, ...]``: one message for every payload. ``to`` and ``from`` are
  actor names, ``type`` a declared name, a payload is a bin that holds the msgpack map of the message's
  fields.
- an array ``[magic, version, advertised, incarnation, observed]``: the greeting, first in each
  direction (see :class:`Hello`); with a sixth element it is a refusal.
- the integers 0 and 1: are you there, and yes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from actors.errors import ProtocolError
from actors.pid import is_dialable, split_address

MAGIC = "tepui"
VERSION = 1
PING = b"\x00"
PONG = b"\x01"

#: Longest actor or type name taken from the wire, in bytes.
MAX_NAME_BYTES = 1024
#: Longest actor name, in characters: always fits :data:`MAX_NAME_BYTES`, whatever the script.
MAX_NAME_CHARACTERS = 255
#: Payloads of this size are written without being copied into their frame.
LARGE_BYTES = 16 << 10
#: A frame takes further messages while less than this is in it, each counted with an overhead. The
#: overhead bounds their number, and is about what a message that waits costs besides its payload.
FRAME_ROOM_BYTES = 8192
PAYLOAD_OVERHEAD_BYTES = 64
#: Most messages in a frame.
MAX_PAYLOADS = FRAME_ROOM_BYTES // PAYLOAD_OVERHEAD_BYTES
#: What comes before the last payload in the longest frame that could be valid: an array of three names
#: and the other payloads.
MAX_HEADER_BYTES = 3 * (MAX_NAME_BYTES + 3) + FRAME_ROOM_BYTES + 8
#: A reader that held this much of a frame gives the memory back afterwards.
KEPT_BUFFER_BYTES = 1 << 20

#: Words of refusal, the sixth element of a greeting. Both sides dialled; the other dial is kept:
SIMULTANEOUS = "simultaneous"
#: The advertised address belongs to a connection that is in use:
ADDRESS_TAKEN = "address_taken"
#: The advertised address is the receiver's own:
OWN_ADDRESS = "own_address"


#: A frame as bytes.
pack: Callable[[object], bytes] = msgpack.Packer().pack


class Hello(NamedTuple):
    """The greeting of a connection.

    ``advertised`` is the ``ip:port`` where the sender can be dialled, or ``""``; ``incarnation``
    differs for every start of a process; ``observed`` is the address the sender sees the receiver
    at, or ``""`` from the side that dialled.
    """

    magic: str
    version: int
    advertised: str
    incarnation: str
    observed: str

    def encode(self, refusal: str = "") -> bytes:
        """The frame of this greeting; with a ``refusal``, of the one that says no."""
        return bytes(msgpack.packb((*self, refusal) if refusal else tuple(self)))


def read_hello(frame: object) -> Hello:
    """Take a frame as a greeting.

    Raises:
        ProtocolError: it is none, or of another version of the protocol.
    """
    if not isinstance(frame, tuple) or len(frame) < 5 or frame[0] != MAGIC:
        raise ProtocolError("bad_hello", "the first frame is not a greeting")
    if type(frame[1]) is not int or frame[1] != VERSION:
        theirs = frame[1] if type(frame[1]) is int else "of no number"
        raise ProtocolError("version_mismatch", f"peer speaks version {theirs}, this is {VERSION}")
    if not all(isinstance(part, str) for part in frame[2:5]) or not frame[3]:
        raise ProtocolError("bad_hello", "advertised, incarnation and observed must be text")
    hello = Hello(*frame[:5])
    if hello.advertised:
        try:
            split_address(hello.advertised)
        except ValueError:
            raise ProtocolError("bad_hello", "the advertised address is not ip:port") from None
        if not is_dialable(hello.advertised):
            raise ProtocolError("bad_hello", "the advertised address cannot be dialled")
    return hello


@dataclass(frozen=True, slots=True)
class Limits:
    """What a runtime takes at most; every one has a flag on the daemons.

    ``frame_bytes``: payload of one message. ``send_buffer_bytes``: bytes waiting for one peer; a
    peer that lets more pile up is disconnected. ``mailbox_messages``: messages waiting for one
    actor; further ones are dead letters. ``connections``: open at once. ``handshake_s``: from
    accept to greeting. ``frame_s``: from the first byte of a frame to its last. ``dial_s``: until a
    dial counts as failed. ``keepalive_s``: silence after which a peer is asked whether it is there.
    ``dead_s``: silence after which the connection is given up; more than the 75 s after which a
    master gives up an agent, so that a short partition is not a broken link.
    ``backoff_min_s``, ``backoff_max_s``: pause between failed dials of one address.
    """

    frame_bytes: int = 64 << 20
    send_buffer_bytes: int = 64 << 20
    mailbox_messages: int = 1_000_000
    connections: int = 65_536
    handshake_s: float = 10.0
    frame_s: float = 60.0
    dial_s: float = 10.0
    keepalive_s: float = 30.0
    dead_s: float = 100.0
    backoff_min_s: float = 0.1
    backoff_max_s: float = 10.0


class FrameReader:
    """Cuts a stream of bytes into frames, within limits.

    Use: :meth:`feed`, iterate over :attr:`frames` until they are exhausted, then :meth:`rest`.
    Iteration raises whatever msgpack does, see :func:`fault_of`.
    """

    __slots__ = ("_before", "_fed", "_is_grown", "_limits", "began", "frames")

    #: The frames that are complete.
    frames: Any

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._fed = 0
        self._start()

    def _start(self) -> None:
        self._before = self.began = self._fed  # where the frame being read began, or a little later
        self._is_grown = False
        self.frames = msgpack.Unpacker(
            use_list=False,
            raw=False,
            max_buffer_size=self._limits.frame_bytes + (4 << 20),
            max_bin_len=self._limits.frame_bytes,
            max_str_len=MAX_NAME_BYTES,
            max_array_len=3 + MAX_PAYLOADS,
            max_map_len=0,
            max_ext_len=0,
        )

    def feed(self, data: bytes) -> None:
        """Take in what arrived.

        Raises:
            ProtocolError: more is waiting than a frame may have.
        """
        self._fed += len(data)
        try:
            self.frames.feed(data)
        except msgpack.BufferFull:
            raise ProtocolError("frame_too_large", "frame exceeds the limit") from None

    def rest(self, *, after_frames: bool) -> None:
        """Look at what is left when all complete frames are taken; ``after_frames``: there were some.

        The unpacker builds objects from a frame that is not complete yet, and its own limits bound
        neither their depth nor their number: only the bytes that wait are bounded. In a valid frame
        everything before the last payload is short, and a payload is built in one go.

        Raises:
            ProtocolError: more of the frame is built already than comes before a payload, or more
                waits to be built than a payload may have.
        """
        built = self._before + self.frames.tell()
        if after_frames:
            self.began = built
        elif built - self.began > MAX_HEADER_BYTES:
            raise ProtocolError("garbage", "a message does not begin like this")
        elif self._fed - built > max(self._limits.frame_bytes, MAX_NAME_BYTES) + 8:
            raise ProtocolError("frame_too_large", "frame exceeds the limit")
        if self._fed - built > KEPT_BUFFER_BYTES:
            self._is_grown = True
        elif self._is_grown and not self.is_partial():
            self._start()

    def is_empty(self) -> bool:
        """Whether all that arrived is taken; then neither further iteration nor :meth:`rest` is needed."""
        if self._before + self.frames.tell() != self._fed or self._is_grown:
            return False
        self.began = self._fed
        return True

    def is_partial(self) -> bool:
        """Whether the beginning of a frame is waiting for its rest."""
        return self._fed > self.began


def fault_of(error: Exception) -> ProtocolError:
    """What a failure of the reader means."""
    text = str(error) or type(error).__name__
    if isinstance(error, ProtocolError):
        return error
    if isinstance(error, msgpack.StackError):
        return ProtocolError("nested_too_deep", "frame is nested too deeply")
    if "exceeds max_" in text:
        return ProtocolError("frame_too_large", text)
    return ProtocolError("garbage", f"not a frame ({text})")
