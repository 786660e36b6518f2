"""Frames: bytes to envelopes and back, without sockets.

A frame is one msgpack object, so that the stream needs no other delimiter:

- an array ``[to, from, type, payload]``: a message. ``to`` and ``from`` are actor names, ``type`` a
  declared name, ``payload`` a bin that holds the msgpack map of the message's fields.
- an array ``[magic, version, advertised, incarnation, observed]``: the greeting, first in each
  direction (see :class:`Hello`).
- the integers 0 and 1: are you there, and yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from actors.errors import ProtocolError

MAGIC = "tepui"
VERSION = 1
PING = b"\x00"
PONG = b"\x01"

#: Longest actor or type name taken from the wire, in bytes.
MAX_NAME_BYTES = 1024


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

    def encode(self) -> bytes:
        """The frame of this greeting."""
        return bytes(msgpack.packb(tuple(self)))


def read_hello(frame: object) -> Hello:
    """Take a frame as a greeting.

    Raises:
        ProtocolError: it is none, or of another version of the protocol.
    """
    if not isinstance(frame, tuple) or len(frame) < 5 or frame[0] != MAGIC:
        raise ProtocolError("bad_hello", "the first frame is not a greeting")
    if type(frame[1]) is not int or frame[1] != VERSION:
        raise ProtocolError("version_mismatch", f"peer speaks version {frame[1]!r}, this is {VERSION}")
    if not all(isinstance(part, str) for part in frame[2:5]) or not frame[3]:
        raise ProtocolError("bad_hello", "advertised, incarnation and observed must be text")
    return Hello(*frame[:5])


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
    """Cuts a stream of bytes into frames, within limits."""

    __slots__ = ("_fed", "_unpacker")

    def __init__(self, limits: Limits) -> None:
        self._fed = 0
        self._unpacker = msgpack.Unpacker(
            use_list=False,
            raw=False,
            max_buffer_size=limits.frame_bytes + (4 << 20),
            max_bin_len=limits.frame_bytes,
            max_str_len=MAX_NAME_BYTES,
            max_array_len=8,
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
            self._unpacker.feed(data)
        except msgpack.BufferFull:
            raise ProtocolError("frame_too_large", "frame exceeds the limit") from None

    def is_partial(self) -> bool:
        """Whether the beginning of a frame is waiting for its rest."""
        return bool(self._unpacker.tell() < self._fed)

    def __iter__(self) -> Iterator[Any]:
        """The frames that are complete; raises whatever msgpack does, see :func:`fault_of`."""
        return iter(self._unpacker)


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
