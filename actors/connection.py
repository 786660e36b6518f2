"""One connection to another process: greeting, frames in, frames out. No sockets.

States: ``GREETING`` (waiting for the peer's hello), ``HELD`` (greeted, but an older connection of
the same peer is being probed first), ``OPEN``, ``CLOSED``.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from actors.clock import Timer
from actors.codec import PING, FrameReader, Hello, Limits, fault_of, read_hello
from actors.errors import ProtocolError
from actors.pid import PID
from actors.transport import Stream

if TYPE_CHECKING:
    from actors.peers import Peers

log = logging.getLogger(__name__)

#: Messages read from one connection before others get their share.
SLICE_MESSAGES = 32
#: Names of remote actors remembered per connection, so that their PIDs are made once.
REMEMBERED_SENDERS = 4096


class State(enum.Enum):
    """See the module's first paragraph."""

    GREETING = "greeting"
    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"


#: Read for every message; through the class it takes as long as a call.
OPEN = State.OPEN
CLOSED = State.CLOSED


class Connection:
    """A stream, the protocol state on it, and the address of the peer it belongs to."""

    __slots__ = (
        "_greeting_timer",
        "_limits",
        "_peers",
        "_reader",
        "address",
        "aliases",
        "dialled",
        "heard",
        "heard_ns",
        "incarnation",
        "is_asked",
        "partial_at",
        "partial_ns",
        "paused",
        "probed",
        "senders",
        "state",
        "stream",
        "watching",
    )

    def __init__(self, peers: Peers, stream: Stream, limits: Limits, *, address: str, dialled: bool) -> None:
        self._peers = peers
        self._limits = limits
        self._reader = FrameReader(limits)
        self.stream = stream
        self.address = address
        self.aliases: tuple[str, ...] = ()  # further addresses of the same process
        self.dialled = dialled
        self.state = State.GREETING
        self.incarnation = ""
        self.senders: dict[str, PID] = {}
        self.watching: dict[str, None] = {}  # local actors the peer has links to
        self.heard = True
        self.heard_ns = 0
        self.partial_at = -1  # where in the stream the frame began that is not complete
        self.partial_ns = 0  # since when it is not
        self.paused = False
        self.is_asked = False  # whether it is there, and has not answered yet
        self.probed: Timer | None = None
        self._greeting_timer: Timer | None = peers.clock.call_later(limits.handshake_s, self._greeting_late)

    # -- from the stream ----------------------------------------------------------------------

    def on_data(self, data: bytes) -> None:
        """Bytes arrived: cut them into frames and deliver those, within the slice."""
        if self.state is CLOSED:
            return
        self.heard = True
        try:
            self._reader.feed(data)
        except ProtocolError as fault:
            self.refuse(fault)
            return
        if not self.paused:
            self._peers.turn(self)

    def wait_for_turn(self) -> None:
        """More has arrived than a slice: take nothing in until that is read, in later turns."""
        self.paused = True
        self.stream.pause()
        self._peers.has_backlog(self)

    def on_closed(self, reason: str) -> None:
        """The stream is gone."""
        if self.state is not State.CLOSED:
            self._enter_closed()
            self._peers.connection_closed(self, reason)

    # -- reading ------------------------------------------------------------------------------

    def read_slice(self) -> bool:
        """Deliver up to a slice of messages; whether more are waiting."""
        try:
            if self.state is not OPEN:
                return self._read_greeting()
            peers, reader, taken = self._peers, self._reader, 0
            for frame in reader.frames:
                # Asked for more when there is nothing, msgpack takes longer than to read a message.
                is_last = reader.is_empty()
                if type(frame) is not tuple:
                    taken += self._sign_of_life(frame)
                else:
                    if is_last and not taken and len(frame) == 4 and not peers.dirty:
                        peers.gathers = False  # one message: an answer has no others to wait for
                    taken += peers.receive(self, frame)
                if is_last or self.state is not OPEN:
                    return self._end_slice(taken, is_more=False)
                if taken >= SLICE_MESSAGES:
                    reader.rest(after_frames=True)
                    return self._end_slice(taken, is_more=True)
            reader.rest(after_frames=taken > 0)
            return self._end_slice(taken, is_more=False)
        except (ProtocolError, ValueError, TypeError, RecursionError) as error:
            self.refuse(fault_of(error))
            return False

    def _end_slice(self, taken: int, *, is_more: bool) -> bool:
        self._peers.frames_received += taken
        if self.is_asked:
            self.is_asked = False
            self._peers.answer_ping(self)
        return is_more and self.state is OPEN

    def _sign_of_life(self, frame: object) -> int:
        """Take a frame that is no message."""
        if type(frame) is not int or frame > 1 or frame < 0:
            raise ProtocolError("garbage", "frame is neither a message nor a sign of life")
        if frame == 0:
            self.is_asked = True
        else:
            self.alive()
        return 1

    def _read_greeting(self) -> bool:
        for frame in self._reader.frames:
            if self.state is not State.GREETING:
                raise ProtocolError("garbage", "frame before the greeting was answered")
            self._peers.greeted(self, read_hello(frame), refused=_refusal(frame))
            if self.is_in(State.OPEN, State.CLOSED):
                self._reader.rest(after_frames=True)
                return self.is_in(State.OPEN)
        self._reader.rest(after_frames=False)
        return False

    def is_in(self, *states: State) -> bool:
        """Whether the connection is in one of ``states`` now."""
        return self.state in states

    def alive(self) -> None:
        """The peer answered; a probe is over."""
        if self.probed is not None:
            self.probed.cancel()
            self.probed = None
            self._peers.probe_answered(self)

    # -- deciding -----------------------------------------------------------------------------

    def greet(self, hello: Hello) -> None:
        """Send our greeting."""
        self.stream.write(hello.encode())

    def open(self, incarnation: str) -> None:
        """The greetings are exchanged."""
        self.incarnation = incarnation
        self.state = State.OPEN
        self._stop_greeting_timer()

    def hold(self, hello: Hello) -> None:
        """Wait until the older connection of this peer is known to be dead or alive."""
        self.state = State.HELD
        self.incarnation = hello.incarnation
        self._stop_greeting_timer()

    def refuse(self, fault: ProtocolError) -> None:
        """The peer broke the protocol: close, one log line, a counter; nobody else notices."""
        if self.state is State.CLOSED:
            return
        self._peers.broke_protocol(self, fault)
        # A peer of another version gets our greeting, so that its log can tell which version.
        self.close(str(fault), gently=fault.kind == "version_mismatch")

    def close(self, reason: str, *, gently: bool = False) -> None:
        """Close; ``gently`` sends what was written first."""
        if self.state is not State.CLOSED:
            self._enter_closed()
            self.stream.close() if gently else self.stream.abort()
            self._peers.connection_closed(self, reason)

    def probe(self, timeout_s: float) -> None:
        """Ask the peer whether it is there; close if no answer comes."""
        if self.probed is None:
            self.probed = self._peers.clock.call_later(timeout_s, lambda: self.close("no answer to a probe"))
            self.stream.write(PING)

    def _greeting_late(self) -> None:
        self.refuse(ProtocolError("handshake_timeout", f"no greeting within {self._limits.handshake_s:g} s"))

    def _stop_greeting_timer(self) -> None:
        if self._greeting_timer is not None:
            self._greeting_timer.cancel()
            self._greeting_timer = None

    def _enter_closed(self) -> None:
        self.state = State.CLOSED
        self._stop_greeting_timer()
        if self.probed is not None:
            self.probed.cancel()
            self.probed = None

    # -- watching over silence ----------------------------------------------------------------

    def sweep(self, now: int, keepalive_ns: int, dead_ns: int, frame_ns: int) -> None:
        """Look after a connection now and then: slow frames, silence."""
        if self.heard:
            self.heard = False
            self.heard_ns = now
        silence = now - self.heard_ns
        if silence > dead_ns:
            self.close("peer is silent")
        elif silence >= keepalive_ns:
            self.stream.write(PING)
        reader = self._reader
        if self.state is not State.OPEN or self.paused or not reader.is_partial():
            self.partial_at = -1
        elif self.partial_at != reader.began:
            self.partial_at = reader.began
            self.partial_ns = now
        elif now - self.partial_ns > frame_ns:
            self.refuse(ProtocolError("slow_frame", f"a frame took over {self._limits.frame_s:g} s"))


def _refusal(frame: object) -> str:
    """The reason a peer gives for not taking the connection, or ``""``."""
    if isinstance(frame, tuple) and len(frame) > 5 and isinstance(frame[5], str):
        return frame[5]
    return ""
