"""Whatever arrives is frames, a protocol error or a dead letter; never an exception, never memory."""

from __future__ import annotations

import importlib
import pkgutil
import tracemalloc
import uuid
from collections.abc import Callable
from datetime import UTC
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import PID, Limits
from actors.codec import FrameReader, Hello, fault_of, read_hello
from actors.errors import ProtocolError
from actors.message import BY_NAME, encode
from actors.testing import Simulation
from tests.actors_kit import Ping, Pong, RawPeer, counter, dialling, frame, hello, listening

LIMITS = Limits(frame_bytes=5_000)
MASTER = "10.0.0.1:5050"


def declared() -> list[str]:
    """The names of all messages of the library and of the cluster's protocols, as far as they import."""
    names = [name for name in BY_NAME if name.startswith("actors.")]
    try:
        protocol = importlib.import_module("cluster.protocol")
    except ImportError:
        return sorted(names)
    for module in pkgutil.iter_modules(protocol.__path__, "cluster.protocol."):
        importlib.import_module(module.name)
    return sorted(n for n in BY_NAME if not n.startswith(("test.", "bench.")))


NAMES = declared()

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.datetimes(timezones=st.just(UTC))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6) | st.integers(0, 9) | st.binary(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.text(max_size=300) | st.sampled_from(["", "echo", "?1", "nobody"])
messages = st.tuples(
    names,
    names,
    st.sampled_from([*NAMES, "test.Ping", "no.such"]) | names,
    st.binary(max_size=300) | values.map(lambda v: msgpack.packb(v, datetime=True)),
).map(lambda parts: bytes(msgpack.packb(parts)))
signs = st.sampled_from([b"\x00", b"\x01"])
pieces = st.one_of(
    st.binary(max_size=200),
    messages,
    signs,
    values.map(lambda v: bytes(msgpack.packb(v, datetime=True))),
    st.integers(1, 3000).map(lambda n: b"\x91" * n),
    st.integers(1, 800).map(lambda n: b"\x98\xc0\xc0" * n),
    messages.flatmap(lambda data: st.integers(0, len(data)).map(lambda at: data[:at])),
    st.just(hello()),
)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """``data`` in pieces that end at the given places."""
    ends = [*sorted({place % (len(data) + 1) for place in at}), len(data)]
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


def read(reader: FrameReader, data: bytes) -> list[Any]:
    """As a connection does it."""
    frames: list[Any] = []
    try:
        reader.feed(data)
        frames.extend(reader.frames)
        reader.rest(after_frames=bool(frames))
    except (ProtocolError, ValueError, TypeError, RecursionError) as error:
        raise fault_of(error) from None
    return frames


# -- the decoder ------------------------------------------------------------------------------


def fault_in(call: Callable[[], object]) -> ProtocolError | None:
    """The protocol error of a call, if there is one; any other exception is a failure of the test."""
    try:
        call()
    except ProtocolError as fault:
        return fault
    return None


@given(st.lists(pieces, max_size=12))
def test_arbitrary_bytes_give_frames_or_a_protocol_error(chunks: list[bytes]) -> None:
    reader = FrameReader(LIMITS)
    found: list[Any] = []
    for chunk in chunks:
        fault = fault_in(lambda chunk=chunk: found.extend(read(reader, chunk)))  # type: ignore[misc]
        if fault is not None:
            assert fault.kind in {"garbage", "frame_too_large", "nested_too_deep"}
            assert len(str(fault)) < 300
            break
    for frame_ in found:
        fault = fault_in(lambda frame_=frame_: read_hello(frame_))  # type: ignore[misc]
        assert fault is None or fault.kind in {"bad_hello", "version_mismatch"}


@given(st.lists(messages | signs, max_size=8), st.lists(st.integers(0, 10**6), max_size=12))
def test_frames_cut_anywhere_arrive_whole_and_in_order(frames: list[bytes], at: list[int]) -> None:
    reader = FrameReader(LIMITS)
    found = [f for piece in cut(b"".join(frames), at) for f in read(reader, piece)]
    assert found == [msgpack.unpackb(f, use_list=False) for f in frames]
    assert not reader.is_partial()


@given(st.lists(messages, min_size=1, max_size=3))
def test_every_boundary(frames: list[bytes]) -> None:
    data = b"".join(frames)
    for at in range(0, len(data), max(1, len(data) // 64)):
        reader = FrameReader(LIMITS)
        assert len(read(reader, data[:at]) + read(reader, data[at:])) == len(frames)


@settings(max_examples=60)
@given(st.lists(pieces, min_size=1, max_size=4), st.integers(1, 40))
def test_memory_stays_bounded_whatever_is_repeated(chunks: list[bytes], cut_at: int) -> None:
    readers = [FrameReader(LIMITS) for _ in range(3)]
    stream = b"".join(chunks) * 20
    tracemalloc.start()
    try:
        for reader in readers:
            try:
                for at in range(0, len(stream), cut_at * 50):
                    read(reader, stream[at : at + cut_at * 50])
            except ProtocolError:
                continue
        # Per reader: the buffer of the unpacker, what may be built before a payload, one payload.
        assert tracemalloc.get_traced_memory()[0] < 3 * 400_000
    finally:
        tracemalloc.stop()


@given(
    st.builds(
        Hello,
        st.just("tepui"),
        st.just(1),
        st.sampled_from(["", "10.0.0.1:5050", "[::1]:1", "host:65535"]),
        st.text(min_size=1, max_size=50),
        st.text(max_size=50),
    ),
    st.sampled_from(["", "simultaneous"]),
)
def test_greetings_round_trip(greeting: Hello, refusal: str) -> None:
    (found,) = read(FrameReader(LIMITS), greeting.encode(refusal))
    assert read_hello(found) == greeting
    assert found[5:] == ((refusal,) if refusal else ())


# -- declared messages ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_message_decodes_or_names_the_fault(name: str) -> None:
    kind = BY_NAME[name]
    fields = [field.encode_name for field in msgspec.structs.fields(kind.cls)]

    @settings(max_examples=15)
    @given(
        values
        | st.dictionaries(st.sampled_from(fields) if fields else st.text(max_size=3), values, max_size=5),
        st.integers(0, 200),
    )
    def check(value: Any, cut_at: int) -> None:
        data = bytes(msgpack.packb(value, datetime=True))
        for payload in (data, data[:cut_at], data + b"\xc1"):
            try:
                decoded = kind.decode(payload)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue  # what `Peers.receive` turns into a dead letter
            assert type(decoded) is kind.cls
            assert kind.decode(encode(decoded)) == decoded or "nan" in repr(decoded)

    check()


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_message_round_trips(name: str) -> None:
    kind = BY_NAME[name]
    found = [example(kind.cls, depth) for depth in range(3)]
    for value in found:
        assert kind.decode(encode(value)) == value


def example(annotation: Any, depth: int) -> Any:
    """A value of a type msgspec knows: ``depth`` decides how full it is."""
    return _of_type(msgspec.inspect.type_info(annotation), depth)


def _of_type(info: Any, depth: int) -> Any:
    kinds = msgspec.inspect
    match info:
        case kinds.StructType():
            filled = {f.name: _of_type(f.type, depth - 1) for f in info.fields if f.required or depth > 0}
            try:
                return info.cls(**filled)
            except (ValueError, TypeError):  # a declaration that checks more than types
                return info.cls(**{f.name: filled[f.name] for f in info.fields if f.required})
        case kinds.Metadata():
            return _of_type(info.type, depth)
        case kinds.NoneType():
            return None
        case kinds.BoolType():
            return depth % 2 == 0
        case kinds.IntType():
            return max(info.ge or 0, (info.gt or -1) + 1, depth)
        case kinds.FloatType():
            return depth + 0.5
        case kinds.StrType():
            return "t" * max(depth, info.min_length or 0, 1)
        case kinds.BytesType():
            return b"\x00\xff" * max(depth, 0)
        case kinds.EnumType():
            members = list(info.cls)
            return members[depth % len(members)]
        case kinds.LiteralType():
            return info.values[0]
        case kinds.UnionType():
            return _of_type(info.types[depth % len(info.types)], depth)
        case kinds.NamedTupleType():
            return info.cls(*[_of_type(f.type, depth - 1) for f in info.fields])
        case kinds.VarTupleType():
            return tuple(_of_type(info.item_type, depth - 1) for _ in range(max(depth, 0)))
        case kinds.TupleType():
            return tuple(_of_type(item, depth - 1) for item in info.item_types)
        case kinds.ListType():
            return [_of_type(info.item_type, depth - 1) for _ in range(max(depth, 0))]
        case kinds.FrozenSetType():
            return frozenset(_of_type(info.item_type, depth - 1) for _ in range(max(depth, 0)))
        case kinds.DictType():
            return {
                _of_type(info.key_type, 1): _of_type(info.value_type, depth - 1) for _ in range(max(depth, 0))
            }
        case kinds.UUIDType():
            return uuid.UUID(int=depth + 1)
        case kinds.AnyType():
            return depth
    raise NotImplementedError(f"no example for {info}")


# -- a whole process --------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.lists(pieces, min_size=1, max_size=6), st.booleans(), st.lists(st.integers(0, 10**6), max_size=6))
def test_nothing_a_peer_sends_harms_a_process(chunks: list[bytes], greets: bool, at: list[int]) -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1", LIMITS)
    friend = dialling(sim, "10.0.0.2")
    assert sim.ask(friend, PID("echo", MASTER), Ping(1)) == Pong(1)
    peer = RawPeer(sim, MASTER)
    for piece in cut((hello() if greets else b"") + b"".join(chunks), at):
        if peer.closed is None:
            peer.send(piece)
    assert counter(host, "actors/protocol_errors") <= 1
    assert host.is_up
    assert sim.ask(friend, PID("echo", MASTER), Ping(2)) == Pong(2)
    assert counter(friend, "actors/connections") == 1


@settings(max_examples=30)
@given(st.data())
def test_every_type_sent_to_an_actor_is_a_message_or_a_dead_letter(data: st.DataObject) -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1", LIMITS)
    peer = RawPeer(sim, MASTER).send(hello())
    ordinary = [name for name in NAMES if not name.startswith("actors.")] or ["test.Ping"]
    sent = data.draw(st.lists(st.tuples(st.sampled_from(ordinary), values), min_size=1, max_size=20))
    peer.send(b"".join(frame("echo", "x", name, msgpack.packb(v, datetime=True)) for name, v in sent))
    assert peer.closed is None
    letters = host.runtime.dead_letters.last
    assert len(letters) == len(sent)  # the echo actor has no handler for any of these
    assert {letter.reason for letter in letters} <= {"bad_payload", "unhandled"}
