"""Frames, greetings, names and addresses: plain calls."""

from __future__ import annotations

import tracemalloc
from typing import Any

import msgpack
import pytest

from actors import PID, Limits, Message, NotAMessage, join_address, message, name_of, split_address
from actors.codec import KEPT_BUFFER_BYTES, MAX_HEADER_BYTES, FrameReader, Hello, fault_of, read_hello
from actors.errors import ProtocolError
from actors.message import BY_NAME, type_of
from actors.pid import is_dialable, seen_address
from tests.actors_kit import Ping, frame, hello

SMALL = Limits(frame_bytes=1000)


def read(reader: FrameReader, data: bytes) -> list[Any]:
    reader.feed(data)
    frames = list(reader.frames)
    reader.rest(after_frames=bool(frames))
    return frames


def fault(data: bytes, limits: Limits = SMALL) -> ProtocolError:
    with pytest.raises((ProtocolError, ValueError, TypeError, RecursionError)) as caught:
        read(FrameReader(limits), data)
    return fault_of(caught.value)  # type: ignore[arg-type]


# -- frames -----------------------------------------------------------------------------------


def test_frames_come_out_whole_however_the_bytes_arrive() -> None:
    data = frame("to", "from", "test.Ping", b"x" * 900) + b"\x00\x01"
    reader = FrameReader(SMALL)
    found = [f for at in range(len(data)) for f in read(reader, data[at : at + 1])]
    assert found == [("to", "from", "test.Ping", b"x" * 900), 0, 1]
    assert not reader.is_partial()


@pytest.mark.parametrize("cut", [1, 3, 10, 30, 100])
def test_a_frame_is_partial_until_its_last_byte(cut: int) -> None:
    data = frame("to", "from", "test.Ping", b"x" * 90)
    reader = FrameReader(SMALL)
    assert read(reader, data[:cut]) == []
    assert reader.is_partial()
    read(reader, data[cut:])
    assert not reader.is_partial()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xc1", "garbage"),
        (b"\xd9\x02\xff\xff", "garbage"),
        (b"\x81\x01\x02", "frame_too_large"),
        (b"\xde\xff\xff", "frame_too_large"),
        (b"\xd4\x05x", "frame_too_large"),
        (b"\xc7\x00\xff", "garbage"),
        (b"\xdc\x00\x84" + b"\x00" * 132, "frame_too_large"),
        (b"\xdd\xff\xff\xff\xff", "frame_too_large"),
        (b"\xda\x04\x01" + b"x" * 1025, "frame_too_large"),
        (b"\xc5\x03\xe9" + b"x" * 1001, "frame_too_large"),
        (b"\xc6\xff\xff\xff\xff" + b"x" * 1033, "frame_too_large"),
        (b"\x91" * 2000, "nested_too_deep"),
    ],
)
def test_what_is_no_frame_is_named(data: bytes, kind: str) -> None:
    assert fault(data).kind == kind


def test_a_payload_of_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert len(read(FrameReader(SMALL), frame("t", "f", "n", b"x" * 1000))) == 1
    assert fault(frame("t", "f", "n", b"x" * 1001)).kind == "frame_too_large"


def test_more_bytes_than_a_frame_can_have_are_refused() -> None:
    reader = FrameReader(SMALL)
    with pytest.raises(ProtocolError, match="frame_too_large"):
        reader.feed(b"\x00" * (SMALL.frame_bytes + (5 << 20)))


def test_the_longest_valid_header_passes_in_pieces() -> None:
    name = "n" * 1024
    data = frame(name, name, name, b"x" * 900)
    reader = FrameReader(SMALL)
    assert [f for at in range(0, len(data), 7) for f in read(reader, data[at : at + 7])]


def test_an_endless_nested_frame_is_cut_off_before_it_fills_memory() -> None:
    # Objects built from an incomplete frame are no longer in the buffer, so its limit does not count them.
    reader = FrameReader(Limits())
    read(reader, b"\x98" * 900)
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError, match="does not begin like this"):
            for _ in range(100_000):
                read(reader, b"\x98" + b"\xc0" * 8)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_the_longest_frame_of_several_messages_passes_in_pieces() -> None:
    # Full but for one byte of room, then as many messages as fit by number, each followed by a large one.
    for payloads in ([b"x" * (8192 - 65), b"y" * 900], [b""] * 127 + [b"y" * 900]):
        data = bytes(msgpack.packb(("n" * 1024,) * 3 + tuple(payloads)))
        reader = FrameReader(Limits(frame_bytes=9000))
        (found,) = (f for at in range(0, len(data), 7) for f in read(reader, data[at : at + 7]))
        assert list(found[3:]) == payloads


def test_large_payloads_that_share_a_frame_are_refused() -> None:
    reader = FrameReader(Limits())
    reader.feed(b"\x98")
    with pytest.raises(ProtocolError, match="does not begin"):
        for _ in range(3):
            read(reader, b"\xc5\x20\x00" + b"x" * 0x2000)


def test_frames_before_do_not_count_against_the_header() -> None:
    reader = FrameReader(SMALL)
    for _ in range(10):
        assert len(read(reader, b"\x00" * MAX_HEADER_BYTES)) == MAX_HEADER_BYTES
        assert read(reader, b"\x94\xa1t") == []
        assert len(read(reader, b"\xa1f\xa1n\xc4\x00")) == 1


def test_memory_of_a_large_frame_is_given_back() -> None:
    tracemalloc.start()
    try:
        reader = FrameReader(Limits())
        data = frame("t", "f", "n", b"x" * (8 << 20))
        before = tracemalloc.get_traced_memory()[0]
        taken = [f for at in range(0, len(data), 1 << 18) for f in read(reader, data[at : at + (1 << 18)])]
        assert len(taken) == 1
        taken.clear()
        began = reader.began
        assert tracemalloc.get_traced_memory()[0] - before < 2 * KEPT_BUFFER_BYTES
        assert read(reader, b"\x00") == [0]
        assert reader.began == began + 1
    finally:
        tracemalloc.stop()


# -- greetings --------------------------------------------------------------------------------


def unpacked(data: bytes) -> Any:
    return msgpack.unpackb(data, use_list=False)


def test_a_greeting_round_trips() -> None:
    ours = Hello("tepui", 1, "10.0.0.1:5050", "abc", "10.0.0.2:1")
    assert read_hello(unpacked(ours.encode())) == ours
    assert unpacked(ours.encode("simultaneous")) == (*ours, "simultaneous")


@pytest.mark.parametrize("version", [0, 2, -1, 1.0, True, None, "1", b"1"])
def test_another_version_is_told_apart_from_garbage(version: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello(unpacked(hello(version=version)))
    assert caught.value.kind == "version_mismatch"


def test_the_fault_of_a_version_is_short_whatever_the_peer_sent() -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello(("tepui", b"x" * 100_000, "", "i", ""))
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    "greeting",
    [
        5,
        b"tepui",
        (),
        ("tepui", 1, "", "i"),
        ("http", 1, "", "i", ""),
        ("tepui", 1, 5, "i", ""),
        ("tepui", 1, "", "", ""),
        ("tepui", 1, "", "i", None),
        ("tepui", 1, "nonsense", "i", ""),
        ("tepui", 1, "10.0.0.1:99999", "i", ""),
        ("tepui", 1, "~10.0.0.1:5050", "i", ""),
        ("tepui", 1, "10.0.0.1:0", "i", ""),
        ("tepui", 1, "0.0.0.0:5050", "i", ""),
        ("tepui", 1, "[::]:5050", "i", ""),
    ],
)
def test_what_is_no_greeting_is_refused(greeting: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_hello(greeting)
    assert caught.value.kind == "bad_hello"


def test_a_greeting_may_grow_new_elements() -> None:
    assert read_hello(("tepui", 1, "", "i", "", "", "later")).incarnation == "i"


# -- names and addresses ----------------------------------------------------------------------


def test_a_pid_is_its_text() -> None:
    pid = PID("master", "10.0.0.1:5050")
    assert str(pid) == "master@10.0.0.1:5050"
    assert PID.parse(str(pid)) == pid
    assert PID.parse("a@b@[::1]:80") == PID("a@b", "[::1]:80")


@pytest.mark.parametrize(
    "text", ["", "master", "@1.2.3.4:5", "a@1.2.3.4", "a@:5", "a@h:x", "a@h:65536", "a@h:²"]
)
def test_what_is_no_pid_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        PID.parse(text)


@pytest.mark.parametrize("address", ["10.0.0.1:5050", "[fe80::1]:1", "host.example:80"])
def test_addresses_split_and_join(address: str) -> None:
    assert join_address(*split_address(address)) == address
    assert split_address(seen_address(address)) == split_address(address)
    assert is_dialable(address)
    assert not is_dialable(seen_address(address))


# -- declared messages ------------------------------------------------------------------------


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared"):

        @message("test.Ping")
        class Other(Message, frozen=True):
            pass

    assert BY_NAME["test.Ping"].cls is Ping


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_name_has_a_length(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 255"):
        message(name)


def test_what_is_not_declared_has_no_type_but_a_name() -> None:
    with pytest.raises(NotAMessage):
        type_of(5)
    assert name_of(5) == "int"
    assert name_of(Ping()) == "test.Ping"


def test_unknown_fields_are_ignored_and_defaults_not_sent() -> None:
    from actors.message import encode

    assert encode(Ping()) == b"\x80"
    assert BY_NAME["test.Ping"].decode(msgpack.packb({"n": 3, "later": 1})) == Ping(3)
