"""Real sockets on uvloop: one port for messages and HTTP, limits, a client made of bytes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
import uvloop

from actors import PID, Actor, ActorGone, AddressInUse, Limits, Process, bind, handles
from actors.tcp import HttpFactory, TcpTransport
from actors.transport import Stream
from tests.actors_kit import Echo, Note, Ping, Pong, Recorder, frame, hello
from tests.limits import LIMIT_S

pytestmark = pytest.mark.process
Start = Callable[..., Awaitable[Process]]


@asynccontextmanager
async def starting() -> AsyncIterator[Start]:
    """Gives a function that makes processes (in this one) that listen and have an echo actor."""
    async with AsyncExitStack() as stack:

        async def started(
            host: str = "127.0.0.1",
            limits: Limits | None = None,
            http: HttpFactory | None = None,
            **more: Any,
        ) -> Process:
            process = Process(sock=bind(host, 0), limits=limits, **more)
            stack.push_async_callback(process.close)
            await process.listen(http)
            process.runtime.spawn(Echo(), "echo")
            return process

        yield started


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that takes ``start`` first on asyncio's loop and on uvloop."""

    @functools.wraps(test)
    def run(loop: str, **arguments: Any) -> None:
        async def main() -> None:
            async with starting() as start:
                await test(start, **arguments)

        factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(main())

    rest = list(inspect.signature(test).parameters.values())[1:]
    loop = inspect.Parameter("loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([loop, *rest])  # type: ignore[attr-defined]
    return pytest.mark.parametrize("loop", ["asyncio", "uvloop"])(run)


def echo_of(process: Process) -> PID:
    return PID("echo", process.runtime.address)


def metric(process: Process, name: str) -> float:
    return process.runtime.metrics.value(f"actors/{name}")


class Client:
    """A TCP client that writes bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, process: Process) -> Client:
        host, _, port = process.runtime.address.rpartition(":")
        async with asyncio.timeout(LIMIT_S):
            return cls(*await asyncio.open_connection(host, int(port)))

    async def read(self, data: bytes) -> None:
        """Wait until exactly ``data`` has come."""
        async with asyncio.timeout(LIMIT_S):
            assert await self.reader.readexactly(len(data)) == data

    async def read_all(self) -> bytes:
        """Everything up to the end of the connection."""
        found = b""
        async with asyncio.timeout(LIMIT_S):
            try:
                while piece := await self.reader.read(65536):
                    found += piece
            except ConnectionResetError:
                pass
        return found

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


# -- one port ---------------------------------------------------------------------------------


class Http(asyncio.Protocol):
    """Says the request line back, and closes when told to."""

    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.seen = b""
        Http.open += 1

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while b"\r\n\r\n" in self.seen:
            request, _, self.seen = self.seen.partition(b"\r\n\r\n")
            self.transport.write(b"HTTP/1.1 200 OK\r\n\r\n" + request.partition(b"\r\n")[0])
            if b"close" in request:
                self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        Http.open -= 1


@on_both_loops
async def test_http_and_messages_come_in_at_one_port(start: Start) -> None:
    process, other = await start(http=Http), await start()
    for verb in (b"GET", b"POST", b"OPTIONS"):
        client = await Client.to(process)
        client.writer.write(verb + b" /health HTTP/1.1\r\n\r\n")
        await client.read(b"HTTP/1.1 200 OK\r\n\r\n" + verb + b" /health HTTP/1.1")
        client.writer.write(verb + b" /again HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b"/again" in await client.read_all()
        await client.close()
    assert await other.runtime.ask(echo_of(process), Ping(1), LIMIT_S) == Pong(1)
    assert metric(process, "protocol_errors") == 0
    assert Http.open == 0


@on_both_loops
async def test_http_in_pieces_is_http(start: Start) -> None:
    process = await start(http=Http)
    client = await Client.to(process)
    for piece in (b"G", b"ET / HT", b"TP/1.1\r\n", b"Connection: close\r\n\r\n"):
        client.writer.write(piece)
        await client.writer.drain()
    assert await client.read_all() == b"HTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1"
    await client.close()


@on_both_loops
async def test_http_is_closed_where_nobody_speaks_it(start: Start) -> None:
    process = await start()
    client = await Client.to(process)
    client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await client.read_all() == b""
    await client.close()


@on_both_loops
async def test_connections_of_http_are_limited_too(start: Start) -> None:
    process = await start(limits=Limits(connections=2), http=Http)
    clients = [await Client.to(process) for _ in range(2)]
    for client in clients:
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await client.read(b"HTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1")
    third = await Client.to(process)
    assert await third.read_all() == b""
    assert metric(process, "connections_refused") == 1
    clients[0].writer.write(b"GET / HTTP/1.1\r\nclose\r\n\r\n")
    await clients[0].read_all()
    fourth = await Client.to(process)
    fourth.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await fourth.read(b"HTTP/1.1 200 OK")
    for client in (*clients, third, fourth):
        await client.close()


# -- two processes ----------------------------------------------------------------------------


@on_both_loops
async def test_two_processes_dial_each_other_and_keep_order(start: Start) -> None:
    one, other = await start(), await start()
    recorders = Recorder(), Recorder()
    a, b = one.runtime.spawn(recorders[0], "r"), other.runtime.spawn(recorders[1], "r")
    for n in range(2000):
        one.runtime.send(b, Note(n))
        other.runtime.send(a, Note(n))
    for recorder in recorders:
        await recorder.until(lambda recorder=recorder: len(recorder.got) == 2000)  # type: ignore[misc]
        assert recorder.numbers == list(range(2000))
    # The connection that was not kept may still be closing; nothing is lost over it.
    assert {metric(one, "dead_letters/unreachable"), metric(other, "dead_letters/unreachable")} == {0}


@on_both_loops
async def test_a_process_without_a_port_is_spoken_to(start: Start) -> None:
    server = await start()
    client = Process()
    recorder = Recorder()
    client.runtime.send(echo_of(server), Ping(5), client.runtime.spawn(recorder, "recorder"))
    await recorder.until(lambda: bool(recorder.got))
    assert recorder.got == [(Pong(5), echo_of(server))]
    await client.close()


@on_both_loops
async def test_a_payload_of_megabytes_arrives(start: Start) -> None:
    server, client = await start(), await start()
    recorder = Recorder()
    to = server.runtime.spawn(recorder, "recorder")
    blob = bytes(range(256)) * (20 << 12)
    for n in range(3):
        client.runtime.send(to, Note(n, blob))
    await recorder.until(lambda: len(recorder.got) == 3)
    assert all(message.blob == blob for message, _ in recorder.got)


@on_both_loops
async def test_what_was_sent_is_written_before_the_end(start: Start) -> None:
    server = await start()
    recorder = Recorder()
    to = server.runtime.spawn(recorder, "recorder")

    async def client() -> None:
        process = Process()
        assert await process.runtime.ask(echo_of(server), Ping(1), LIMIT_S) == Pong(1)
        for n in range(30):
            process.runtime.send(to, Note(n, bytes(1 << 20)))
        await process.close()

    # On a loop of its own, which is gone at once afterwards, as in a process that ends.
    await asyncio.to_thread(lambda: uvloop.run(client()))
    await recorder.until(lambda: len(recorder.got) == 30)


@on_both_loops
async def test_nobody_there_fails_at_once(start: Start) -> None:
    client = await start()
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))  # bound and not listening: refuses
    with pytest.raises(ActorGone):
        await client.runtime.ask(PID("x", f"127.0.0.1:{sock.getsockname()[1]}"), Ping(), LIMIT_S)
    sock.close()
    with pytest.raises(ActorGone):
        await client.runtime.ask(PID("x", "no port at all"), Ping(), LIMIT_S)


@on_both_loops
async def test_a_process_is_known_by_a_second_name_too(start: Start) -> None:
    server = await start("0.0.0.0", advertised="127.0.0.1:1")
    port = server._sock.getsockname()[1]  # type: ignore[union-attr]
    client = await start()
    for host in ("127.0.0.2", "127.0.0.3", "localhost", "127.0.0.2"):
        assert await client.runtime.ask(PID("echo", f"{host}:{port}"), Ping(1), LIMIT_S) == Pong(1)
    assert metric(client, "connections") == metric(server, "connections") == 1


def test_a_taken_port_is_told_with_the_address() -> None:
    sock = bind("127.0.0.1", 0)
    port = sock.getsockname()[1]
    with pytest.raises(AddressInUse) as caught:
        bind("127.0.0.1", port)
    assert caught.value.address == f"127.0.0.1:{port}"
    assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    sock.close()


def test_an_address_of_another_host_is_told_with_the_address() -> None:
    with pytest.raises(AddressInUse, match=r"cannot listen on 203\.0\.113\.1:5050"):
        bind("203.0.113.1", 5050)


# -- hostile and broken peers -----------------------------------------------------------------


@pytest.mark.parametrize("data", [b"\xc1", b"\x91" * 5000, b"\x16\x03\x01\x02", hello(version=9), bytes(100)])
@on_both_loops
async def test_garbage_closes_that_connection_only(start: Start, data: bytes) -> None:
    process, other = await start(), await start()
    await other.runtime.ask(echo_of(process), Ping(), LIMIT_S)
    client = await Client.to(process)
    client.writer.write(data)
    answer = await client.read_all()
    assert answer.startswith(b"\x95\xa5tepui\x01") if data == hello(version=9) else answer == b""
    await client.close()
    assert metric(process, "protocol_errors") == 1
    assert await other.runtime.ask(echo_of(process), Ping(2), LIMIT_S) == Pong(2)
    assert metric(other, "connections") == 1


@on_both_loops
async def test_who_says_nothing_is_closed(start: Start) -> None:
    process = await start(limits=Limits(handshake_s=0.05))
    client = await Client.to(process)
    assert await client.read_all() == b""
    await client.close()
    assert metric(process, "protocol_errors/handshake_timeout") == 1


@on_both_loops
async def test_who_never_finishes_greeting_is_closed(start: Start) -> None:
    process = await start(limits=Limits(handshake_s=0.05))
    client = await Client.to(process)
    client.writer.write(hello()[:5])
    assert await client.read_all() == b""
    await client.close()
    assert metric(process, "protocol_errors/handshake_timeout") == 1


@on_both_loops
async def test_connections_over_the_limit_are_turned_away(start: Start) -> None:
    process = await start(limits=Limits(connections=1))
    first, second = await Client.to(process), await Client.to(process)
    first.writer.write(hello())
    await first.reader.readexactly(1)
    second.writer.write(hello())
    assert await second.read_all() == b""
    assert metric(process, "connections_refused") == 1
    await first.close()
    await second.close()


@on_both_loops
async def test_a_peer_that_reads_nothing_is_cut_off_and_others_are_served(start: Start) -> None:
    process, other = await start(limits=Limits(send_buffer_bytes=1 << 20)), await start()
    host, _, port = process.runtime.address.rpartition(":")
    deaf = socket.create_connection((host, int(port)))
    deaf.sendall(hello() + frame("echo", "deaf", "test.Ping"))
    watcher = Recorder()
    await other.runtime.ask(echo_of(process), Ping(), LIMIT_S)

    class Chatty(Echo):
        """Ends when there is nobody to talk to any more."""

        def initialize(self) -> None:
            (known,) = [p for a, p in self._runtime.peers._peers.items() if a.startswith("~")]
            self.deaf = PID("deaf", known.address)
            self.link(self.deaf)
            self.delay(0.0, Note(0))

        from actors import handles

        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            self.send(self.deaf, Note(message.n, bytes(200_000)))
            self.delay(0.0, Note(message.n + 1))

        def on_exited(self, pid: PID, reason: str) -> None:
            self.exits.append((pid, reason))
            self.terminate()

    greeted = asyncio.Event()
    asyncio.get_running_loop().add_reader(deaf, greeted.set)
    async with asyncio.timeout(LIMIT_S):
        await greeted.wait()
    asyncio.get_running_loop().remove_reader(deaf)
    chatty = Chatty()
    watcher._link_to = process.runtime.spawn(chatty, "chatty")
    other.runtime.spawn(watcher, "watcher")
    async with asyncio.timeout(LIMIT_S):
        await process.runtime.wait(chatty.pid)
    assert chatty.exits == [(chatty.deaf, "connection lost: send buffer is full")]
    assert metric(process, "slow_readers") == 1
    assert await other.runtime.ask(echo_of(process), Ping(2), LIMIT_S) == Pong(2)
    deaf.close()


class Busy(Actor):
    """Has something of its own to do after every message, before it takes the next."""

    def __init__(self) -> None:
        self.pings = 0

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.pings += 1
        self.send(self.pid, Pong())

    @handles
    def on_pong(self, sender: PID, message: Pong) -> None:
        pass


@on_both_loops
async def test_the_mailbox_limit_holds_for_what_comes_in_one_piece(start: Start) -> None:
    process = await start(limits=Limits(mailbox_messages=5))
    busy = Busy()
    process.runtime.spawn(busy, "busy")
    client = await Client.to(process)
    client.writer.write(hello() + frame("busy", "x", "test.Ping") * 20 + frame("echo", "x", "test.Ping"))
    await client.read(await client.reader.readuntil(frame("x", "echo", "test.Pong")) and b"")
    await process.runtime.ask(PID("echo", process.runtime.address), Ping())  # behind what waits
    assert busy.pings == 5  # the first was taken at once; its note to self and four more fill the mailbox
    assert metric(process, "dead_letters/mailbox_full") == 15
    await client.close()


@on_both_loops
async def test_a_dial_given_up_tells_nobody(start: Start) -> None:
    process = await start()
    told: list[str] = []
    settled = asyncio.Event()

    def opened(stream: Stream) -> Any:
        told.append("opened")
        stream.abort()
        settled.set()

    def failed(reason: str) -> None:
        told.append(reason)
        settled.set()

    give_up = TcpTransport().dial(process.runtime.address, LIMIT_S, opened, failed)
    give_up()
    assert await process.runtime.ask(echo_of(process), Ping(1), LIMIT_S) == Pong(1)
    other = await start()
    await other.runtime.ask(echo_of(process), Ping(), LIMIT_S)
    assert told == []
    # Out of time while the connection comes about: one of the two is told, not both.
    TcpTransport().dial(process.runtime.address, 0.0, opened, failed)
    async with asyncio.timeout(LIMIT_S):
        await settled.wait()
    await other.runtime.ask(echo_of(process), Ping(), LIMIT_S)
    assert len(told) == 1


async def test_a_socket_announced_after_its_dial_was_given_up_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[asyncio.Protocol] = []

    async def create_connection(factory: Callable[[], asyncio.Protocol], host: str, port: int) -> None:
        made.append(factory())

    class Wire:
        is_aborted = False

        def get_extra_info(self, name: str) -> tuple[str, int]:
            return ("127.0.0.1", 1)

        def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
            """It is the protocol already."""

        def abort(self) -> None:
            self.is_aborted = True

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_connection", create_connection)
    told: list[object] = []
    give_up = TcpTransport().dial("127.0.0.1:1", LIMIT_S, told.append, told.append)  # type: ignore[arg-type]
    dialled = asyncio.Event()
    loop.call_soon(dialled.set)
    await dialled.wait()
    give_up()
    wire = Wire()
    made[0].connection_made(cast(asyncio.Transport, wire))
    made[0].connection_lost(None)
    assert told == []
    assert wire.is_aborted


# -- a client in any language -----------------------------------------------------------------


def test_a_client_of_nothing_but_bytes_and_a_socket() -> None:
    """What ``actors/README.md`` says under "Wire format", without a msgpack library."""
    address: list[str] = []
    stop: list[Callable[[], None]] = []
    ready = threading.Event()

    async def serve() -> None:
        process = Process(sock=bind("127.0.0.1", 0))
        await process.listen()
        process.runtime.spawn(Echo(), "echo")
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        address.append(process.runtime.address)
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        await process.close()

    server = threading.Thread(target=lambda: uvloop.run(serve()))
    server.start()
    assert ready.wait(LIMIT_S)
    host, _, port = address[0].rpartition(":")

    def text(value: str) -> bytes:
        data = value.encode()
        return (bytes([0xA0 + len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data)])) + data

    try:
        with socket.create_connection((host, int(port)), timeout=LIMIT_S) as sock:
            file = sock.makefile("rb")

            def read_text() -> str:
                first = file.read(1)[0]
                length = first - 0xA0 if 0xA0 <= first < 0xC0 else file.read(1)[0]
                return str(file.read(length), "utf-8")

            ours = f"{sock.getsockname()[0]}:{sock.getsockname()[1]}"
            sock.sendall(b"\x95" + text("tepui") + b"\x01" + text("") + text("c0ffee") + text(""))
            assert file.read(1) == b"\x95"
            assert read_text() == "tepui"
            assert file.read(1) == b"\x01"
            assert read_text() == address[0]
            assert len(read_text()) == 16
            assert read_text() == ours

            payload = b"\x81" + text("n") + b"\x2a"
            binary = b"\xc4" + struct.pack(">B", len(payload)) + payload
            sock.sendall(b"\x94" + text("echo") + text("me") + text("test.Ping") + binary)
            assert file.read(1) == b"\x94"
            assert (read_text(), read_text(), read_text()) == ("me", "echo", "test.Pong")
            assert file.read(2 + len(payload)) == binary

            sock.sendall(b"\x95" + text("echo") + text("me") + text("test.Ping") + binary + binary)
            assert file.read(1) == b"\x95"
            assert (read_text(), read_text(), read_text()) == ("me", "echo", "test.Pong")
            assert file.read(2 * (2 + len(payload))) == binary + binary

            sock.sendall(b"\x00")
            assert file.read(1) == b"\x01"

            link = b"\x81" + text("name") + text("nobody")
            sock.sendall(
                b"\x94" + text("") + text("") + text("actors.Link") + b"\xc4" + bytes([len(link)]) + link
            )
            assert file.read(1) == b"\x94"
            assert (read_text(), read_text(), read_text()) == ("", "", "actors.Exited")
            assert file.read(3)[0:1] == b"\xc4"
            file.close()
    finally:
        stop[0]()
        server.join(LIMIT_S)
