"""Other processes: who is connected, who is dialled, what waits to be sent.

Connections are opened by whoever has something to say and used both ways. A peer is known by the
address it advertises, or, if it advertises none, by the address it is seen at; the latter is never
dialled. At most one connection per address is in use:

- Two processes that dial each other at the same time keep the one dialled by the lower address.
- When a peer that is connected already connects again (it restarted, or it noticed a loss that was
  not noticed here), the older connection is probed; the newer one waits for the outcome.
- A process can be dialled under an address it does not advertise (a host name, a second interface).
  When it refuses such a dial because the two are connected already, both addresses share the
  connection there is.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from actors.clock import NANOS, Clock, Timer
from actors.codec import (
    ADDRESS_TAKEN,
    LARGE_BYTES,
    MAGIC,
    MAX_NAME_CHARACTERS,
    OWN_ADDRESS,
    PONG,
    SIMULTANEOUS,
    VERSION,
    Hello,
    pack,
)
from actors.connection import REMEMBERED_SENDERS, Connection, State
from actors.errors import ProtocolError
from actors.message import BY_CLASS, BY_NAME, encode, name_of, type_of
from actors.peer import Peer
from actors.pid import PID, is_dialable, make_pid, seen_address
from actors.system import ActorExited, Link, NoSuchActor
from actors.transport import Stream, StreamHandler, Transport

if TYPE_CHECKING:
    from actors.runtime import Runtime

log = logging.getLogger(__name__)

#: How long an older connection has to answer when its peer connects again.
PROBE_S = 5.0


#: How long a turn goes on reading from connections that had more than a slice, in ns.
BACKLOG_NS = 50_000
#: Bytes for one peer that are not kept until the turn ends.
EARLY_BYTES = 256 << 10


class Peers:
    """All other processes this runtime talks to."""

    def __init__(self, runtime: Runtime, transport: Transport, advertised: str) -> None:
        self._runtime = runtime
        self._transport = transport
        self._limits = runtime.limits
        self._advertised = advertised
        self.clock: Clock = runtime.clock
        self.incarnation = runtime.rng.child("incarnation").bytes(8).hex()
        self.turn = runtime.turn
        self.read_clock = runtime.read_clock
        self.dirty: list[Peer] = []
        self.backlog: deque[Connection] = deque()
        self._peers: dict[str, Peer] = {}
        self._connections: dict[Connection, None] = {}
        self._watched: dict[str, dict[Connection, None]] = {}  # local actor name -> who has links
        self._sweeper: Timer | None = None
        self._closed = False
        #: Whether messages are kept to be written together at the end of a turn.
        self.gathers = False
        self._send_buffer_bytes = self._limits.send_buffer_bytes
        self._room_bytes = min(self._limits.frame_bytes, self._send_buffer_bytes)
        metrics = runtime.metrics
        self._frames_sent = self.frames_received = 0
        metrics.declare("actors/protocol_errors")
        metrics.gauge("actors/frames_received", lambda: self.frames_received)
        metrics.gauge("actors/frames_sent", lambda: self._frames_sent)
        metrics.gauge("actors/connections", lambda: len(self._connections))
        metrics.gauge(
            "actors/send_buffer_bytes",
            lambda: (
                sum(p.waiting_bytes for p in self._peers.values())
                + sum(c.stream.unsent_bytes() for c in self._connections)
            ),
        )

    # -- sending ------------------------------------------------------------------------------

    def send(self, sender: str, to: PID, message: object) -> None:
        """Encode ``message`` and send it to another process, dialling if need be."""
        declared = BY_CLASS.get(type(message)) or type_of(message)
        payload = encode(message)
        name, address = to
        peer = self._peers.get(address)
        size = len(payload)
        if peer is None or peer.waiting_bytes + size > self._room_bytes or len(name) > MAX_NAME_CHARACTERS:
            peer = self._peer_that_takes(sender, to, message, size)
            if peer is None:
                return
        connection = peer.connection
        if self.gathers or connection is None or size >= LARGE_BYTES:
            peer.add(name, sender, declared.name, payload)
            if not peer.dirty:
                peer.dirty = True
                self.dirty.append(peer)
                if not self._runtime.turning:
                    self._runtime.schedule_turn()
            elif peer.waiting_bytes >= EARLY_BYTES:
                self._write_early(peer)
        else:  # nothing else is going on; what follows before the next turn waits for it
            self.gathers = True
            self._frames_sent += 1
            unsent = connection.stream.write(pack((name, sender, declared.name, payload)))
            if name[:1] == "?" or sender[:1] == "?":
                self._transport.expect(self._runtime.turn_ns)
            if unsent > self._send_buffer_bytes:
                self._cut_off(connection)

    def _peer_that_takes(self, sender: str, to: PID, message: object, size: int) -> Peer | None:
        """The peer at ``to``, dialled if it was unknown; None, and a dead letter, if a limit is reached."""
        limits = self._limits
        peer = self._peers.get(to.address) or self._peer_to_dial(to.address)
        if peer is None:
            reason = "unreachable"
        elif size > limits.frame_bytes:
            reason = "frame_too_large"
        elif len(to.name) > MAX_NAME_CHARACTERS:  # would cost us the connection; no actor is called so
            reason = "no_such_actor"
        elif peer.waiting_bytes + size > limits.send_buffer_bytes:
            reason = "send_buffer_full"
        else:
            return peer
        self._undeliverable(reason, sender, to, message)
        return None

    def _write_early(self, peer: Peer) -> None:
        """Give the network much of what waits before the turn ends, as long as it takes everything."""
        connection = peer.connection
        if connection is not None and not connection.stream.unsent_bytes():
            self._write(peer, connection)

    def _undeliverable(self, reason: str, sender: str, to: PID, message: object) -> None:
        sender_pid = PID(sender, self._runtime.address)
        self._runtime.dead_letters.add(reason, sender_pid, to, name_of(message))
        self._runtime.asked_nobody(sender, to)

    def flush(self) -> None:
        """Write what waits to the connections that are open."""
        dirty, self.dirty = self.dirty, []
        for peer in dirty:
            peer.dirty = False
            if peer.connection is not None:
                self._write(peer, peer.connection)

    def _write(self, peer: Peer, connection: Connection) -> None:
        if peer.waiting_count:
            self._frames_sent += peer.waiting_count
            unsent = connection.stream.write_pieces(peer.take())
            if unsent > self._send_buffer_bytes:
                self._cut_off(connection)

    def _cut_off(self, connection: Connection) -> None:
        log.warning("closing connection to %s: its send buffer is full", connection.address)
        self._runtime.metrics.count("actors/slow_readers")
        connection.close("send buffer is full")

    def answer_ping(self, connection: Connection) -> None:
        """Say yes, once for all questions that came together."""
        if connection.stream.write(PONG) > self._send_buffer_bytes:
            self._cut_off(connection)

    # -- dialling -----------------------------------------------------------------------------

    def _peer_to_dial(self, address: str) -> Peer | None:
        if self._closed or not is_dialable(address):
            return None
        peer = self._peers[address] = Peer(address)
        self._dial(peer)
        return peer

    def _dial(self, peer: Peer) -> None:
        peer.retry = None

        def opened(stream: Stream) -> StreamHandler:
            peer.cancel_dial = None
            connection = self._track(stream, peer.address, dialled=True)
            peer.dialling = connection
            connection.greet(self._hello(""))
            return connection

        def failed(reason: str) -> None:
            peer.cancel_dial = None
            self._dial_failed(peer, reason)

        peer.cancel_dial = self._transport.dial(peer.address, self._limits.dial_s, opened, failed)

    def _dial_failed(self, peer: Peer, reason: str) -> None:
        log.info("cannot reach %s: %s", peer.address, reason)
        self._runtime.metrics.count("actors/dials_failed")
        self._drop_waiting(peer, reason)
        self._runtime.lost(peer.address, f"unreachable: {reason}")
        self._pause(peer)

    def _pause(self, peer: Peer) -> None:
        limits = self._limits
        peer.backoff_s = min(limits.backoff_max_s, max(limits.backoff_min_s, peer.backoff_s * 2))
        peer.retry = self.clock.call_later(peer.backoff_s, lambda: self._retry(peer))

    def _retry(self, peer: Peer) -> None:
        """After the pause: dial again if something waits, else forget the peer."""
        peer.retry = None
        if peer.connection is not None:
            return
        if peer.waiting_count:
            self._dial(peer)
        else:
            self._peers.pop(peer.address, None)

    def _drop_waiting(self, peer: Peer, reason: str) -> None:
        count = peer.waiting_count
        if count:
            peer.take()
            nobody = PID("", self._runtime.address)
            detail = f"{count} messages, {reason}"
            self._runtime.dead_letters.add("unreachable", nobody, PID("", peer.address), "*", detail)

    def _hello(self, observed: str, version: int = VERSION) -> Hello:
        return Hello(MAGIC, version, self._advertised, self.incarnation, observed)

    # -- accepting and greeting ---------------------------------------------------------------

    def accept(self, stream: Stream) -> StreamHandler | None:
        """Take in a connection another process opened; None (and closed) when there are too many."""
        if self._closed or len(self._connections) >= self._limits.connections:
            log.warning("refused connection from %s: %d are open", stream.peer, len(self._connections))
            self._runtime.metrics.count("actors/connections_refused")
            stream.abort()
            return None
        return self._track(stream, stream.peer, dialled=False)

    def _track(self, stream: Stream, address: str, *, dialled: bool) -> Connection:
        connection = Connection(self, stream, self._limits, address=address, dialled=dialled)
        connection.heard_ns = self.clock.now()
        self._connections[connection] = None
        if self._sweeper is None:
            self._sweeper = self.clock.call_later(self._sweep_s, self._sweep)
        return connection

    def greeted(self, connection: Connection, hello: Hello, refused: str) -> None:
        """A greeting arrived on ``connection``."""
        if hello.incarnation == self.incarnation:
            connection.close("connected to itself")
        elif connection.dialled:
            self._answered(connection, hello, refused)
        else:
            self._asked_in(connection, hello)

    def _answered(self, connection: Connection, hello: Hello, refused: str) -> None:
        peer = self._peers.get(connection.address)
        if peer is None or peer.dialling is not connection:
            connection.close("no longer wanted")
            return
        peer.dialling = None
        if not refused:
            connection.open(hello.incarnation)
            self._use(peer, connection)
            return
        connection.close(f"refused: {refused}")
        shared = self._open_to(hello.incarnation)
        if refused == SIMULTANEOUS:
            self._pause(peer)  # the other connection is on its way; what waits goes over it
        elif shared is not None:
            log.info("%s is another address of %s", peer.address, shared.address)
            shared.aliases += (peer.address,)
            self._use(peer, shared)
        else:
            self._dial_failed(peer, f"refused: {refused}")

    def _open_to(self, incarnation: str) -> Connection | None:
        for connection in self._connections:
            if connection.incarnation == incarnation and connection.state is State.OPEN:
                return connection
        return None

    def _asked_in(self, connection: Connection, hello: Hello) -> None:
        if hello.advertised and hello.advertised == self._advertised:
            log.warning("refused connection from %s: it advertises our address", connection.stream.peer)
            self._refuse(connection, OWN_ADDRESS)
            return
        connection.address = hello.advertised or seen_address(connection.stream.peer)
        peer = self._peers.get(connection.address)
        if peer is None:
            peer = self._peers[connection.address] = Peer(connection.address)
        if peer.connection is not None:
            if peer.held is not None:
                peer.held.close("superseded by a newer connection")
            peer.held = connection
            connection.hold(hello)
            peer.connection.probe(min(PROBE_S, self._limits.handshake_s / 2))
        elif peer.dialling is not None and self._advertised < connection.address:
            self._refuse(connection, SIMULTANEOUS)
        else:
            self._admit(peer, connection, hello.incarnation)

    def _admit(self, peer: Peer, connection: Connection, incarnation: str) -> None:
        connection.greet(self._hello(connection.stream.peer))
        abandoned = peer.stop_trying()
        connection.open(incarnation)
        self._use(peer, connection)
        if abandoned is not None:
            abandoned.close("the other side's connection is kept")

    def _refuse(self, connection: Connection, why: str) -> None:
        connection.stream.write(self._hello(connection.stream.peer).encode(why))
        connection.close(why, gently=True)

    def _use(self, peer: Peer, connection: Connection) -> None:
        peer.connection = connection
        peer.backoff_s = 0.0
        for pid in self._runtime.links_to(peer.address):
            peer.add("", "", "actors.Link", encode(Link(pid.name)))
        self._write(peer, connection)

    def probe_answered(self, connection: Connection) -> None:
        """The older connection lives, so the newer one is a duplicate or an impostor."""
        for peer in self._peers_of(connection):
            if peer.held is not None:
                held, peer.held = peer.held, None
                if held.incarnation != connection.incarnation:
                    log.warning("two processes advertise %s; the later one is refused", peer.address)
                self._refuse(held, ADDRESS_TAKEN)

    def is_same_process(self, one: str, other: str) -> bool:
        """Whether two addresses are known to be of one process: they share a connection."""
        first, second = self._peers.get(one), self._peers.get(other)
        if first is None or second is None or first.connection is None:
            return False
        return first.connection is second.connection

    def _peers_of(self, connection: Connection) -> list[Peer]:
        addresses = (connection.address, *connection.aliases)
        return [peer for address in addresses if (peer := self._peers.get(address)) is not None]

    # -- receiving ----------------------------------------------------------------------------

    def receive(self, connection: Connection, frame: tuple[Any, ...]) -> int:
        """Deliver the messages of one frame; how many they are.

        Raises:
            ProtocolError: the frame does not have the shape of a message.
        """
        if len(frame) == 4:
            to, sender_name, type_name, payload = frame
            payloads: Iterable[object] = (payload,)
        elif len(frame) > 4:
            to, sender_name, type_name, *payloads = frame
        else:
            raise ProtocolError("garbage", f"a message has 4 parts or more, this has {len(frame)}")
        sender = connection.senders.get(sender_name) or self._sender(connection, sender_name)
        declared = BY_NAME.get(type_name)
        runtime = self._runtime
        for payload in payloads:
            if declared is None or type(payload) is not bytes:
                self._unknown_type(sender, to, type_name, payload)
                continue
            try:
                message = declared.decode(payload)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                runtime.dead_letters.add("bad_payload", sender, self._local(to), type_name, str(error))
                continue
            actor = runtime.by_name.get(to)
            if actor is not None:
                runtime.hand_over(actor, sender, message)
            elif to == "":
                self._receive_system(connection, message)
            elif not runtime.answered(to, message):
                runtime.deliver_elsewhere(sender, self._local(to), message)
        return len(frame) - 3

    def _sender(self, connection: Connection, name: object) -> PID:
        if type(name) is not str:
            raise ProtocolError("garbage", "the sender's name must be text")
        pid = make_pid((name, connection.address))
        if name[:1] != "?":  # the name of an asker is never seen again
            if len(connection.senders) >= REMEMBERED_SENDERS:
                connection.senders.clear()
            connection.senders[name] = pid
        return pid

    def _local(self, name: object) -> PID:
        if type(name) is not str:
            raise ProtocolError("garbage", "the receiver's name must be text")
        return PID(name, self._runtime.address)

    def _unknown_type(self, sender: PID, to: object, type_name: object, payload: object) -> None:
        if type(type_name) is not str or type(payload) is not bytes:
            raise ProtocolError("garbage", "a message is [text, text, text, binary]")
        self._runtime.dead_letters.add("unknown_type", sender, self._local(to), type_name[:100])

    def _receive_system(self, connection: Connection, message: object) -> None:
        runtime = self._runtime
        if isinstance(message, Link):
            if message.name in runtime.by_name:
                self._watched.setdefault(message.name, {})[connection] = None
                connection.watching[message.name] = None
            else:
                self._send_system(connection, ActorExited(message.name, "no such actor"))
        elif isinstance(message, ActorExited):
            for address in (connection.address, *connection.aliases):
                runtime.exited(PID(message.name, address), message.reason)
        elif isinstance(message, NoSuchActor):
            runtime.asked_nobody(message.asker, PID(message.name, connection.address))

    def _send_system(self, connection: Connection, message: Link | ActorExited | NoSuchActor) -> None:
        self.send("", PID("", connection.address), message)

    def tell_asker(self, asker: PID, name: str) -> None:
        """Answer the question of another process for an actor that is not there."""
        self.send("", PID("", asker.address), NoSuchActor(asker.name, name))

    # -- links --------------------------------------------------------------------------------

    def link(self, pid: PID) -> None:
        """Ask the process of ``pid`` to tell when it ends; a new connection repeats the request."""
        peer = self._peers.get(pid.address)
        if peer is None:
            peer = self._peer_to_dial(pid.address)
            if peer is None:
                self.clock.call_soon(lambda: self._runtime.exited(pid, "unreachable"))
        elif peer.connection is not None:
            self.send("", PID("", pid.address), Link(pid.name))
        elif not peer.waiting_count and peer.retry is not None:
            # In the pause after a failed dial with nothing to send: the link alone must cause one.
            self.send("", PID("", pid.address), Link(pid.name))

    def tell_exited(self, name: str, reason: str) -> None:
        """A local actor ended: tell the processes that have links to it."""
        for connection in self._watched.pop(name, ()):
            connection.watching.pop(name, None)
            self._send_system(connection, ActorExited(name, reason))

    # -- ends ---------------------------------------------------------------------------------

    def connection_closed(self, connection: Connection, reason: str) -> None:
        """Bookkeeping when a connection is gone, whoever closed it."""
        self._connections.pop(connection, None)
        for name in connection.watching:
            watchers = self._watched.get(name)
            if watchers is not None:
                watchers.pop(connection, None)
                if not watchers:
                    del self._watched[name]
        for peer in self._peers_of(connection):
            if peer.held is connection:
                peer.held = None
            elif peer.dialling is connection:
                peer.dialling = None
                self._dial_failed(peer, reason)
            elif peer.connection is connection:
                self._connection_lost(peer, reason)

    def _connection_lost(self, peer: Peer, reason: str) -> None:
        log.info("connection to %s is lost: %s", peer.address, reason)
        peer.connection = None
        self._drop_waiting(peer, reason)
        self._runtime.lost(peer.address, f"connection lost: {reason}")
        held, peer.held = peer.held, None
        if held is not None and held.state is State.HELD:
            self._admit(peer, held, held.incarnation)
        elif not peer.waiting_count and not peer.is_trying:
            self._peers.pop(peer.address, None)

    def broke_protocol(self, connection: Connection, fault: ProtocolError) -> None:
        """Count and log a violation; the caller closes."""
        self._runtime.metrics.count("actors/protocol_errors")
        self._runtime.metrics.count(f"actors/protocol_errors/{fault.kind}")
        log.warning("closing connection with %s: %s", connection.stream.peer, fault)
        if fault.kind == "version_mismatch" and not connection.dialled:
            connection.greet(self._hello(connection.stream.peer))

    def shutdown(self) -> list[Stream]:
        """Send what waits, close everything, accept nothing more; returns the streams closed."""
        self.flush()
        self._closed = True
        streams = [connection.stream for connection in self._connections]
        for connection in list(self._connections):
            connection.close("process ends", gently=True)
        for peer in list(self._peers.values()):
            peer.stop_trying()
        self._peers.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
        return streams

    # -- fairness and silence -----------------------------------------------------------------

    def has_backlog(self, connection: Connection) -> None:
        """More frames are waiting on ``connection`` than one slice."""
        self.backlog.append(connection)
        self._runtime.schedule_turn()

    def read_backlog(self) -> None:
        """Give connections with waiting frames a slice each, as long as the time lasts."""
        until = self._runtime.turn_ns + BACKLOG_NS
        for _ in range(len(self.backlog)):
            connection = self.backlog.popleft()
            if connection.is_in(State.CLOSED):
                continue
            if connection.read_slice():
                self.backlog.append(connection)
            elif not connection.is_in(State.CLOSED):
                connection.paused = False
                connection.stream.resume()
            if self.clock.now() > until:
                return

    @property
    def _sweep_s(self) -> float:
        limits = self._limits
        return min(limits.keepalive_s, limits.frame_s, limits.dead_s) / 4

    def _sweep(self) -> None:
        self._sweeper = None
        now = self.clock.now()
        limits = self._limits
        keepalive, dead, frame = (int(s * NANOS) for s in (limits.keepalive_s, limits.dead_s, limits.frame_s))
        for connection in list(self._connections):
            if connection.state is State.OPEN:
                connection.sweep(now, keepalive, dead, frame)
        if self._connections and self._sweeper is None:
            self._sweeper = self.clock.call_later(self._sweep_s, self._sweep)
