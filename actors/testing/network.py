"""A virtual network: byte streams between hosts, and rules that interfere with them.

It keeps TCP's promises unless a rule says otherwise: bytes arrive in order or the connection
breaks. A partition holds bytes back, as retransmission does, and lets them through when it heals.
Rules see whole message frames and may pass, drop, delay, duplicate or reorder them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgpack

from actors.message import BY_CLASS
from actors.rng import Rng
from actors.transport import Stream, StreamHandler

if TYPE_CHECKING:
    from actors.testing.simulation import Simulation

#: Delay of a healthy network, seconds: lowest and highest.
LATENCY_S = (0.0002, 0.002)


@dataclass(frozen=True, slots=True)
class Passing:
    """A message on its way: host addresses, actor names, type, as a rule sees it."""

    source: str
    target: str
    sender: str
    to: str
    type: str


#: What a rule does with a frame: a list of extra delays in seconds, one per copy that arrives.
Verdict = list[float]


@dataclass(slots=True, eq=False)
class Rule:
    """Interference with the messages that ``matches`` picks; the first rule that matches counts.

    ``seen`` counts how often it matched; ``left`` how often it still may (None: always).
    """

    matches: Callable[[Passing], bool]
    verdict: Callable[[], Verdict]
    in_order: bool = True
    left: int | None = None
    seen: int = 0
    held: list[Callable[[], None]] = field(default_factory=list)
    holds: bool = False

    def release(self) -> None:
        """Let the messages go that were held back, and hold no more."""
        self.holds = False
        self.left = 0
        held, self.held = self.held, []
        for go in held:
            go()


class SimulatedStream:
    """One end of a connection between two hosts."""

    def __init__(self, network: Network, source: str, target: str, peer: str) -> None:
        self._network = network
        self.source = source
        self.target = target
        self.peer = peer
        self.handler: StreamHandler | None = None
        self.other: SimulatedStream | None = None
        self.is_open = True
        self._arrives_ns = 0
        self._in_flight = 0
        self._is_paused = False
        self._inbox: list[bytes] = []

    def write(self, data: bytes) -> int:
        if self.is_open and data:
            self._network.carry(self, data)
        return self._in_flight

    def write_pieces(self, pieces: list[bytes]) -> int:
        return self.write(b"".join(pieces))  # rules see whole frames

    def unsent_bytes(self) -> int:
        return self._in_flight

    def close(self) -> None:
        self._shut("closed by the other end")

    def abort(self) -> None:
        self._shut("connection reset")

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        waiting, self._inbox = self._inbox, []
        for data in waiting:
            self.arrive(data)

    def arrive(self, data: bytes) -> None:
        """Bytes reach this end."""
        if self._is_paused:
            self._inbox.append(data)
        elif self.is_open and self.handler is not None:
            self.handler.on_data(data)

    def end(self, reason: str) -> None:
        """The other end is gone."""
        if self.is_open:
            self.is_open = False
            self._network.forget(self)
            if self.handler is not None:
                self.handler.on_closed(reason)

    def _shut(self, reason: str) -> None:
        if self.is_open:
            self.is_open = False
            self.handler = None
            self._network.forget(self)
            other = self.other
            if other is not None:
                self._network.deliver(self, 0, [0.0], lambda: other.end(reason), in_order=True)

    def vanish(self) -> None:
        """This end stops existing without a word."""
        self.is_open = False
        self.handler = None
        self._network.forget(self)


class Network:
    """All streams, listeners, partitions and rules of a simulation."""

    def __init__(self, simulation: Simulation, rng: Rng) -> None:
        self._simulation = simulation
        self._rng = rng
        self._clock = simulation.clock
        self._listeners: dict[str, Callable[[Stream], StreamHandler | None]] = {}
        self._streams: dict[SimulatedStream, None] = {}
        self._cut: dict[frozenset[str], None] = {}
        self._held_back: list[tuple[frozenset[str], Callable[[], None]]] = []
        self._ports = 40_000
        self.rules: list[Rule] = []
        self.latency_s = LATENCY_S

    # -- interference -------------------------------------------------------------------------

    def partition(self, one: str, other: str) -> None:
        """Cut two hosts off from each other; bytes on the way wait."""
        self._cut[frozenset((one, other))] = None

    def heal(self, one: str | None = None, other: str | None = None) -> None:
        """End a partition, or all of them; what waited arrives."""
        if one is not None and other is not None:
            self._cut.pop(frozenset((one, other)), None)
        else:
            self._cut.clear()
        held, self._held_back = self._held_back, []
        for pair, go in held:
            if pair in self._cut:
                self._held_back.append((pair, go))
            else:
                go()

    def is_cut(self, one: str, other: str) -> bool:
        """Whether two hosts cannot reach each other."""
        return frozenset((one, other)) in self._cut

    def rule(self, rule: Rule) -> Rule:
        """Add a rule; the latest added is asked first."""
        self.rules.insert(0, rule)
        return rule

    def drop(self, message_type: type, *, count: int | None = None, to: str | None = None) -> Rule:
        """Lose messages of a type (all, or ``count``), optionally only those to one actor."""
        return self.rule(Rule(_of(message_type, to), list, left=count))

    def delay(self, message_type: type, delay_s: float, *, count: int | None = None) -> Rule:
        """Deliver messages of a type later; what follows on the connection waits behind them."""
        return self.rule(Rule(_of(message_type, None), lambda: [delay_s], left=count))

    def duplicate(self, message_type: type, *, count: int | None = None) -> Rule:
        """Deliver messages of a type twice."""
        return self.rule(Rule(_of(message_type, None), lambda: [0.0, 0.001], left=count))

    def reorder(self, message_type: type, by_s: float, *, count: int | None = None) -> Rule:
        """Let messages of a type be overtaken by what is sent up to ``by_s`` seconds later."""
        return self.rule(
            Rule(_of(message_type, None), lambda: [self._rng.uniform(0, by_s)], in_order=False, left=count)
        )

    def hold(self, message_type: type, *, to: str | None = None) -> Rule:
        """Keep messages of a type until :meth:`Rule.release`."""
        return self.rule(Rule(_of(message_type, to), lambda: [0.0], in_order=False, holds=True))

    def remove(self, rule: Rule) -> None:
        """Take a rule out; what it held is let go."""
        rule.release()
        if rule in self.rules:
            self.rules.remove(rule)

    # -- used by hosts ------------------------------------------------------------------------

    def listen(self, address: str, accept: Callable[[Stream], StreamHandler | None]) -> None:
        """Take connections to ``address``."""
        self._listeners[address] = accept

    def close_host(self, ip: str, *, quietly: bool) -> None:
        """A host or its process is gone. ``quietly``: no reset is sent, as when the power fails."""
        for address in [a for a in self._listeners if a.rpartition(":")[0] == ip]:
            del self._listeners[address]
        for stream in [s for s in self._streams if s.source == ip]:
            if quietly:
                stream.vanish()
            else:
                stream.abort()

    def dial(
        self,
        source: str,
        address: str,
        timeout_s: float,
        opened: Callable[[Stream], StreamHandler],
        failed: Callable[[str], None],
    ) -> Callable[[], None]:
        """Connect a host to an address; see :class:`actors.transport.Transport`."""
        target = address.rpartition(":")[0]
        state = {"over": False}

        def settle(outcome: Callable[[], None]) -> None:
            if not state["over"]:
                state["over"] = True
                outcome()

        def reach() -> None:
            if state["over"] or self.is_cut(source, target) or not self._simulation.has_power(target):
                return  # the time-out will tell
            accept = self._listeners.get(address)
            if accept is None:
                self._after_latency(lambda: settle(lambda: failed("Connection refused")))
                return
            self._after_latency(lambda: settle(lambda: self._connect(source, address, accept, opened)))

        def give_up() -> None:
            state["over"] = True

        self._after_latency(reach)
        self._clock.call_later(timeout_s, lambda: settle(lambda: failed("connection timed out")))
        return give_up

    def _connect(
        self,
        source: str,
        address: str,
        accept: Callable[[Stream], StreamHandler | None],
        opened: Callable[[Stream], StreamHandler],
    ) -> None:
        target = address.rpartition(":")[0]
        self._ports += 1
        near = SimulatedStream(self, source, target, address)
        far = SimulatedStream(self, target, source, f"{source}:{self._ports}")
        near.other, far.other = far, near
        self._streams[near] = self._streams[far] = None
        far.handler = accept(far)
        near.handler = opened(near)

    def forget(self, stream: SimulatedStream) -> None:
        """A stream is closed."""
        self._streams.pop(stream, None)

    # -- moving bytes -------------------------------------------------------------------------

    def carry(self, stream: SimulatedStream, data: bytes) -> None:
        """Take bytes from one end to the other, frame by frame, past the rules."""
        for frame, passing in _frames(stream, data):
            rule = self._rule_for(passing)
            verdict = [0.0] if rule is None else rule.verdict()
            in_order = rule is None or rule.in_order
            if rule is not None and rule.holds:
                rule.held.append(partial(self._send, stream, frame, [0.0], passing, False))
            else:
                self._send(stream, frame, verdict, passing, in_order)

    def _send(
        self, stream: SimulatedStream, frame: bytes, verdict: Verdict, passing: Passing | None, in_order: bool
    ) -> None:
        def arrive() -> None:
            if passing is not None:
                self._simulation.trace(f"{passing.source}>{passing.target} {passing.to} {passing.type}")
            other = stream.other
            assert other is not None
            if other.is_open:
                other.arrive(frame)
            elif stream.is_open and self._simulation.has_power(stream.target):
                stream.end("connection reset")

        self.deliver(stream, len(frame), verdict, arrive, in_order=in_order)

    def deliver(
        self,
        stream: SimulatedStream,
        size: int,
        verdict: Verdict,
        arrive: Callable[[], None],
        *,
        in_order: bool,
    ) -> None:
        """Have ``arrive`` run at the other end after the network's delay, once per copy."""
        for extra_s in verdict:
            at_ns = self._clock.now() + round((self._latency() + extra_s) * 1e9)
            if in_order:
                at_ns = stream._arrives_ns = max(at_ns, stream._arrives_ns)
            stream._in_flight += size

            def land() -> None:
                pair = frozenset((stream.source, stream.target))
                if pair in self._cut:
                    self._held_back.append((pair, land))
                    return
                stream._in_flight -= size
                arrive()

            self._clock.call_later((at_ns - self._clock.now()) / 1e9, land)

    def _rule_for(self, passing: Passing | None) -> Rule | None:
        if passing is None:
            return None
        for rule in self.rules:
            if rule.left != 0 and rule.matches(passing):
                rule.seen += 1
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return None

    def _latency(self) -> float:
        return self._rng.uniform(*self.latency_s)

    def _after_latency(self, call: Callable[[], None]) -> None:
        self._clock.call_later(self._latency(), call)


def _of(message_type: type, to: str | None) -> Callable[[Passing], bool]:
    name = BY_CLASS[message_type].name
    return lambda passing: passing.type == name and (to is None or passing.to == to)


def _frames(stream: SimulatedStream, data: bytes) -> list[tuple[bytes, Passing | None]]:
    """Cut written bytes into frames of one message each; None stands for bytes that are no messages."""
    unpacker = msgpack.Unpacker(use_list=False, raw=False, max_buffer_size=0)
    unpacker.feed(data)
    found: list[tuple[bytes, Passing | None]] = []
    start = 0
    try:
        for frame in unpacker:
            end = unpacker.tell()
            if isinstance(frame, tuple) and len(frame) >= 4 and isinstance(frame[3], bytes):
                to, sender, type_name, *payloads = frame
                passing = Passing(stream.source, stream.target, sender, to, type_name)
                for payload in payloads:
                    found.append((bytes(msgpack.packb((to, sender, type_name, payload))), passing))
            else:
                found.append((data[start:end], None))
            start = end
    except (ValueError, TypeError):
        pass  # a test writes garbage, which arrives as it is
    if start < len(data):
        found.append((data[start:], None))
    return found
