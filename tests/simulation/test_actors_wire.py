"""What a peer made by hand can do to a process: greet, misbehave, be slow, be silent."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgpack
import pytest

from actors import PID, Limits
from actors.codec import PING, VERSION
from actors.connection import SLICE_MESSAGES
from actors.testing import Host, Simulation
from tests.actors_kit import (
    Echo,
    Ping,
    Pong,
    RawPeer,
    Recorder,
    actor_of,
    counter,
    dead_letters,
    dialling,
    frame,
    hello,
    listening,
)

MASTER = "10.0.0.1:5050"
LIMITS = Limits(
    frame_bytes=10_000, connections=3, handshake_s=4.0, frame_s=20.0, keepalive_s=10.0, dead_s=30.0
)


class Scene:
    """A host under test with a well-behaved friend, and hand-made peers beside them."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.sim = Simulation(7)
        self.host = listening(self.sim, "10.0.0.1", limits)
        self.friend = dialling(self.sim, "10.0.0.2")
        self.check_friend()

    def check_friend(self) -> None:
        """The friend is served over the connection it had from the start."""
        assert self.sim.ask(self.friend, PID("echo", MASTER), Ping(1)) == Pong(1)
        assert counter(self.friend, "actors/dials_failed") == 0

    def peer(self) -> RawPeer:
        return RawPeer(self.sim, MASTER)

    def greeted(self, advertised: str = "", incarnation: str = "raw") -> RawPeer:
        peer = self.peer().send(hello(advertised, incarnation))
        assert peer.closed is None
        return peer


def errors_of(host: Host) -> dict[str, float]:
    start = "actors/protocol_errors/"
    snapshot = host.runtime.metrics.snapshot()
    return {name.removeprefix(start): value for name, value in snapshot.items() if name.startswith(start)}


# -- greeting ---------------------------------------------------------------------------------


def test_the_greeting_is_answered_with_what_the_readme_says() -> None:
    scene = Scene()
    (answer,) = scene.greeted().frames
    assert answer == ("tepui", VERSION, MASTER, scene.host.runtime.peers.incarnation, "10.9.9.9:40002")


def test_a_message_is_answered_over_the_same_connection() -> None:
    peer = Scene().greeted().send(frame("echo", "me", "test.Ping", b"\x81\xa1n\x05"))
    assert peer.frames[1:] == [("me", "echo", "test.Pong", b"\x81\xa1n\x05")]


def test_questions_of_life_are_answered_once_for_all_that_came_together() -> None:
    peer = Scene().greeted().send(b"\x00").send(b"\x00")
    assert peer.frames[1:] == [1, 1]


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_client_of_another_version_is_told_ours_and_closed(version: int) -> None:
    scene = Scene()
    peer = scene.peer().send(hello(version=version))
    assert peer.closed is not None
    assert peer.frames[0][:2] == ("tepui", VERSION)
    assert errors_of(scene.host) == {"version_mismatch": 1}
    scene.check_friend()


def test_a_server_of_another_version_is_an_unreachable_peer() -> None:
    sim = Simulation(1)
    host = dialling(sim, "10.0.0.2")
    recorder = Recorder(link_to=PID("echo", "10.9.9.9:5050"))

    def accept(stream: object) -> RawServer:
        return RawServer(stream, hello(version=VERSION + 1))

    sim.network.listen("10.9.9.9:5050", accept)
    sim.host("10.9.9.9", lambda host: None).start()
    host.runtime.spawn(recorder, "linked")
    sim.settle()
    assert len(recorder.exits) == 1
    assert "version_mismatch" in recorder.exits[0][1]
    assert errors_of(host) == {"version_mismatch": 1}


class RawServer:
    """Answers whatever comes with prepared bytes."""

    def __init__(self, stream: object, answer: bytes) -> None:
        self._stream = stream
        self._answer = answer

    def on_data(self, data: bytes) -> None:
        self._stream.write(self._answer)  # type: ignore[attr-defined]

    def on_closed(self, reason: str) -> None:
        pass


def test_who_does_not_greet_is_closed_after_the_handshake_time() -> None:
    scene = Scene()
    peer = scene.peer()
    scene.sim.advance(3.9)
    assert peer.closed is None
    scene.sim.advance(0.2)
    assert peer.closed is not None
    assert errors_of(scene.host) == {"handshake_timeout": 1}


def test_a_greeting_byte_by_byte_is_not_given_more_time() -> None:
    scene = Scene()
    peer = scene.peer()
    for at in range(10):
        peer.send(hello()[at : at + 1])
        scene.sim.advance(0.5)
    assert peer.closed is not None
    assert errors_of(scene.host) == {"handshake_timeout": 1}


def test_a_server_that_does_not_answer_the_greeting_is_unreachable() -> None:
    sim = Simulation(1)
    host = dialling(sim, "10.0.0.2", LIMITS)
    sim.network.listen("10.9.9.9:5050", lambda stream: RawServer(stream, b""))
    sim.host("10.9.9.9", lambda host: None).start()
    recorder = Recorder(link_to=PID("echo", "10.9.9.9:5050"))
    host.runtime.spawn(recorder, "linked")
    sim.advance(4.5)
    assert len(recorder.exits) == 1


# -- misbehaviour -----------------------------------------------------------------------------

BAD: dict[str, tuple[bytes, str]] = {
    "never used byte": (b"\xc1", "garbage"),
    "text": (b"\xa5hello", "garbage"),
    "negative": (b"\xff", "garbage"),
    "two": (b"\x02", "garbage"),
    "false": (b"\xc2", "garbage"),
    "true": (b"\xc3", "garbage"),
    "nil": (b"\xc0", "garbage"),
    "zero as a float": (b"\xcb" + bytes(8), "garbage"),
    "map": (b"\x80", "garbage"),
    "extension": (b"\xc7\x00\x05", "garbage"),
    "greeting again": (hello(), "garbage"),
    "three parts": (b"\x93\xa1a\xa1b\xa1c", "garbage"),
    "names are numbers": (bytes(msgpack.packb((1, 2, 3, b""))), "garbage"),
    "to is no text": (bytes(msgpack.packb((1, "x", "test.Ping", b""))), "garbage"),
    "to is a map": (b"\x94\x80\xa1x\xa1y\xc4\x00", "garbage"),
    "type is an array": (b"\x94\xa1a\xa1x\x91\x80\xc4\x00", "garbage"),
    "payload is text": (bytes(msgpack.packb(("echo", "x", "test.Ping", "p"))), "garbage"),
    "payload is no binary": (bytes(msgpack.packb(("", "x", "actors.Link", None))), "garbage"),
    "name of bad text": (b"\x94\xa2\xff\xfe\xa1x\xa1y\xc4\x00", "garbage"),
    "name too long": (frame("t" * 2000, "x", "test.Ping"), "frame_too_large"),
    "payload too large": (frame("echo", "x", "test.Ping", bytes(10_001)), "frame_too_large"),
    "announces 4 GB": (b"\x94\xa1a\xa1b\xa1c\xc6\xff\xff\xff\xff" + bytes(11_000), "frame_too_large"),
    "array too long": (b"\xdc\x00\x84" + bytes(132), "frame_too_large"),
    "second payload is none": (bytes(msgpack.packb(("echo", "x", "test.Ping", b"\x80", 5))), "garbage"),
    "deep": (b"\x91" * 5000, "nested_too_deep"),
    "wide": ((b"\xdc\x00\x80" + b"\xc0" * 127) * 500, "garbage"),
    "http": (b"GET / HTTP/1.1\r\n\r\n", "garbage"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("cut", [False, True])
def test_bad_input_closes_that_connection_only(
    name: str, cut: bool, caplog: pytest.LogCaptureFixture
) -> None:
    data, kind = BAD[name]
    scene = Scene()
    peer, other = scene.greeted(), scene.greeted()
    caplog.clear()
    if cut:
        half = len(data) // 2
        peer.send(data[:half])
        data = data[half:]
    if peer.closed is None:
        peer.send(data)
    assert peer.closed is not None
    assert errors_of(scene.host) == {kind: 1}
    assert counter(scene.host, "actors/protocol_errors") == 1
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert other.closed is None
    scene.check_friend()


@pytest.mark.parametrize("data", [b"\xc1", b"\x00", b"\x01", b"\x91" * 5000, frame("echo", "x", "test.Ping")])
def test_whoever_opens_with_anything_else_is_closed(data: bytes) -> None:
    scene = Scene()
    peer = scene.peer().send(data)
    assert peer.closed is not None
    assert peer.data == b""
    assert counter(scene.host, "actors/protocol_errors") == 1
    scene.check_friend()


def test_a_truncated_frame_is_forgotten_with_its_connection() -> None:
    scene = Scene()
    peer = scene.greeted().send(frame("echo", "x", "test.Ping")[:-3])
    assert peer.stream is not None
    peer.stream.close()
    scene.sim.settle()
    assert counter(scene.host, "actors/protocol_errors") == 0
    assert counter(scene.host, "actors/connections") == 1
    scene.check_friend()


def test_a_slow_frame_is_closed() -> None:
    scene = Scene()
    peer = scene.greeted()
    for byte in frame("echo", "x", "test.Ping", bytes(100)):
        if peer.closed is None:
            peer.send(bytes([byte]))
            scene.sim.advance(1.0)
    assert peer.closed is not None
    assert errors_of(scene.host) == {"slow_frame": 1}


def test_a_stream_that_always_has_a_frame_under_way_is_not_slow() -> None:
    scene = Scene()
    peer = scene.greeted()
    data = frame("echo", "x", "test.Ping")
    peer.send(data[:5])
    for _ in range(100):  # 100 s, and a partial frame at every one of them
        scene.sim.advance(1.0)
        peer.send(data[5:] + data[:5])
    assert peer.closed is None
    assert len(peer.frames) > 100


def test_names_on_the_wire_reach_no_code() -> None:
    scene = Scene()
    peer = scene.greeted()
    for name in (
        "os.system",
        "builtins.eval",
        "tests.actors_kit.Echo",
        "Ping",
        "__class__",
        "actors.runtime.Runtime",
    ):
        peer.send(frame("echo", "x", name, b"\x81\xa4name\xa2ls"))
    assert peer.closed is None
    assert {reason for reason, _ in dead_letters(scene.host)} == {"unknown_type"}
    for name in ("pid", "_runtime", "__init__", "terminate"):
        peer.send(frame(name, "x", "test.Ping"))
    assert {reason for reason, _ in dead_letters(scene.host)} == {"unknown_type", "no_such_actor"}
    scene.check_friend()


def test_what_a_peer_calls_itself_cannot_break_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    with caplog.at_level(logging.INFO):
        scene.greeted().send(frame("no\nbody", "for\nged", "ty\npe"))
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert "ty\\npe" in caplog.text


def test_a_wrong_shape_costs_a_dead_letter_not_the_connection() -> None:
    scene = Scene()
    peer = scene.greeted()
    for payload in (b"", b"\xc1", b"\x05", b"\x80\x80", b"\x91" * 9000, b"\x81\xa1n\xa1x", b"\x81\xa1n"):
        peer.send(frame("echo", "x", "test.Ping", payload))
    assert peer.closed is None
    assert dead_letters(scene.host) == [("bad_payload", "test.Ping")] * 7
    assert scene.host.runtime.dead_letters.last[5].detail == "Expected `int`, got `str` - at `$.n`"


def test_system_messages_to_actors_and_others_to_the_system_do_no_harm() -> None:
    scene = Scene()
    peer = scene.greeted()
    peer.send(frame("echo", "x", "actors.Link", b"\x81\xa4name\xa4echo"))
    peer.send(frame("", "x", "test.Ping"))
    peer.send(frame("", "", "actors.Exited", bytes(msgpack.packb({"name": "echo", "reason": "lie"}))))
    peer.send(frame("", "", "actors.NoSuchActor", bytes(msgpack.packb({"asker": "?1", "name": "lie"}))))
    assert peer.closed is None
    assert dead_letters(scene.host) == [("unhandled", "actors.Link")]
    scene.check_friend()


def test_a_peer_cannot_pretend_to_be_us() -> None:
    scene = Scene()
    peer = scene.peer().send(hello(MASTER))
    assert peer.closed is not None
    assert peer.frames[0][5] == "own_address"


def test_a_flood_of_senders_names_is_not_remembered_for_ever() -> None:
    scene = Scene()
    peer = scene.greeted()
    peer.send(b"".join(frame("echo", f"sender-{n}", "test.Ping") for n in range(9000)))
    (connection,) = [c for c in scene.host.runtime.peers._connections if len(c.senders) > 1]
    assert len(connection.senders) <= 4096
    assert len(peer.frames) == 9001


def test_a_flood_leaves_turns_to_others() -> None:
    scene = Scene()
    peer = scene.greeted()
    peer.send(PING * (3 * SLICE_MESSAGES) + frame("echo", "x", "test.Ping"))
    assert peer.frames[-1] == ("x", "echo", "test.Pong", b"\x80")


def test_a_flood_that_ends_with_a_slice_is_not_taken_for_one_long_frame() -> None:
    peer = Scene().greeted().send(PING * (300 * SLICE_MESSAGES)).send(frame("echo", "x", "test.Ping")[:-1])
    assert peer.closed is None
    assert peer.send(b"\x80").frames[-1] == ("x", "echo", "test.Pong", b"\x80")


def test_each_message_of_a_frame_is_judged_by_itself() -> None:
    scene = Scene()
    good = [b"\x81\xa1n" + bytes((n,)) for n in (1, 2, 3)]
    payloads = (good[0], b"\xc1", good[1], b"\x81\xa1n\xa1x", good[2])
    peer = scene.greeted().send(bytes(msgpack.packb(("echo", "me", "test.Ping", *payloads))))
    assert peer.frames[1:] == [("me", "echo", "test.Pong", payload) for payload in good]
    assert dead_letters(scene.host) == [("bad_payload", "test.Ping")] * 2


# -- limits -----------------------------------------------------------------------------------


def test_more_connections_than_the_limit_are_turned_away() -> None:
    scene = Scene()
    peers = [scene.greeted(), scene.greeted()]
    assert scene.peer().send(b"").closed is not None
    assert counter(scene.host, "actors/connections_refused") == 1
    stream = peers[0].stream
    assert stream is not None
    stream.close()
    scene.sim.settle()
    scene.greeted()
    scene.check_friend()


def test_a_message_larger_than_a_frame_is_not_sent() -> None:
    sim = Simulation(1)
    near = dialling(sim, "10.0.0.2", Limits(frame_bytes=100))
    listening(sim, "10.0.0.1")
    from tests.actors_kit import Note

    near.runtime.send(PID("echo", MASTER), Note(1, bytes(200)))
    assert dead_letters(near) == [("frame_too_large", "test.Note")]
    assert sim.ask(near, PID("echo", MASTER), Ping(1)) == Pong(1)


def test_more_than_the_send_buffer_holds_before_the_dial_is_a_dead_letter() -> None:
    from tests.actors_kit import Note

    sim = Simulation(1)
    near = dialling(sim, "10.0.0.2", Limits(send_buffer_bytes=1000))
    far = listening(sim, "10.0.0.1")
    recorder = Recorder()
    far.runtime.spawn(recorder, "far")
    for n in range(20):
        near.runtime.send(PID("far", MASTER), Note(n, bytes(100)))
    sim.settle()
    reasons = [reason for reason, _ in dead_letters(near)]
    assert set(reasons) == {"send_buffer_full"}
    assert recorder.numbers == list(range(20 - len(reasons)))


def test_a_peer_that_takes_nothing_is_cut_off() -> None:
    from tests.actors_kit import Note

    sim = Simulation(1)
    far = listening(sim, "10.0.0.1")
    near = listening(sim, "10.0.0.2", Limits(send_buffer_bytes=10_000))
    recorder = Recorder(link_to=PID("echo", MASTER))
    near.runtime.spawn(recorder, "linked")
    sim.settle()
    sim.network.partition("10.0.0.1", "10.0.0.2")
    for n in range(200):
        near.runtime.send(PID("echo", MASTER), Note(n, bytes(100)))
        sim.advance(0.01)
    assert recorder.exits == [(PID("echo", MASTER), "connection lost: send buffer is full")]
    assert counter(near, "actors/slow_readers") == 1
    assert counter(near, "actors/send_buffer_bytes") <= 20_000
    assert far.is_up


def test_answers_to_a_peer_that_takes_none_are_limited() -> None:
    scene = Scene(Limits(send_buffer_bytes=100))
    peer = scene.greeted()
    scene.sim.network.partition("10.0.0.1", "10.9.9.9")
    connection = list(scene.host.runtime.peers._connections)[-1]
    for _ in range(200):
        connection.on_data(b"\x00")
    assert counter(scene.host, "actors/slow_readers") == 1
    assert counter(scene.host, "actors/connections") == 1
    scene.sim.network.heal()
    scene.sim.settle()
    assert peer.closed is not None


def test_a_name_too_long_for_the_wire_does_not_cost_the_connection() -> None:
    scene = Scene()
    scene.friend.runtime.send(PID("x" * 2000, MASTER), Ping())
    scene.sim.settle()
    assert dead_letters(scene.friend) == [("no_such_actor", "test.Ping")]
    scene.check_friend()


# -- silence ----------------------------------------------------------------------------------


def test_a_silent_peer_is_asked_and_then_given_up() -> None:
    scene = Scene()
    peer = scene.greeted()
    scene.sim.advance(16.0)
    assert peer.frames[1:]
    assert set(peer.frames[1:]) == {0}
    scene.sim.advance(30.0)
    assert peer.closed is not None
    scene.check_friend()


def test_a_peer_that_answers_is_kept() -> None:
    scene = Scene()
    peer = scene.greeted()
    for _ in range(20):
        scene.sim.advance(10.0)
        peer.send(b"\x01")
    assert peer.closed is None


# -- one address, two connections -------------------------------------------------------------


def test_an_older_connection_that_lives_is_kept_and_the_newer_refused() -> None:
    scene = Scene()
    old = scene.greeted("10.9.9.9:6000", "one")
    new = scene.peer().send(hello("10.9.9.9:6000", "two"))
    assert new.frames == []
    assert old.frames[1:] == [0]
    old.send(b"\x01")
    new.send(b"")
    assert new.closed is not None
    assert new.frames[0][5] == "address_taken"
    assert old.send(frame("echo", "x", "test.Ping")).frames[2:] == [("x", "echo", "test.Pong", b"\x80")]


def test_an_older_connection_that_is_dead_gives_way() -> None:
    scene = Scene()
    echo = actor_of(scene.host, "echo")
    assert isinstance(echo, Echo)
    old = scene.greeted("10.9.9.9:6000", "one")
    echo.link(PID("them", "10.9.9.9:6000"))
    scene.sim.settle()
    new = scene.peer().send(hello("10.9.9.9:6000", "two"))
    scene.sim.advance(3.0)  # the probe has half the handshake time
    assert [pid.name for pid, _ in echo.exits] == ["them"]
    assert new.closed is None
    assert new.frames[0][:2] == ("tepui", VERSION)
    assert new.send(frame("echo", "x", "test.Ping")).frames[1:] == [("x", "echo", "test.Pong", b"\x80")]
    assert old.closed is not None


def test_of_several_newer_connections_the_last_waits() -> None:
    scene = Scene()
    scene.greeted("10.9.9.9:6000", "one")
    second = scene.peer().send(hello("10.9.9.9:6000", "two"))
    third = RawPeer(scene.sim, MASTER).send(hello("10.9.9.9:6000", "three"))
    assert (second.closed is None, third.closed is None) in {(False, True), (True, False)}


def test_who_sends_before_its_greeting_is_answered_is_refused() -> None:
    scene = Scene()
    scene.greeted("10.9.9.9:6000", "one")
    new = scene.peer().send(hello("10.9.9.9:6000", "two")).send(frame("echo", "x", "test.Ping"))
    assert new.closed is not None
    assert errors_of(scene.host) == {"garbage": 1}


def test_a_connection_to_itself_is_closed() -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1")
    sim.network.listen("10.0.0.1:9999", host.runtime.peers.accept)  # another way to the same process
    recorder = Recorder(link_to=PID("echo", "10.0.0.1:9999"))
    host.runtime.spawn(recorder, "linked")
    sim.settle()
    assert len(recorder.exits) == 1
    assert counter(host, "actors/connections") == 0


@pytest.mark.parametrize(
    "end", [lambda p: p.stream.close(), lambda p: p.stream.abort(), lambda p: p.send(b"\xc1")]
)
def test_nothing_is_left_of_a_peer_that_is_gone(end: Callable[[RawPeer], object]) -> None:
    scene = Scene()
    peers = scene.host.runtime.peers
    before = (len(peers._peers), len(peers._connections))
    for n in range(3):
        peer = scene.greeted("" if n else "10.9.9.9:6000", f"i{n}")
        peer.send(frame("echo", "x", "test.Ping"))
        peer.send(frame("", "", "actors.Link", b"\x81\xa4name\xa4echo"))
        end(peer)
        scene.sim.advance(30.0)
    assert (len(peers._peers), len(peers._connections)) == before
    assert not peers._watched
    assert not peers.dirty
