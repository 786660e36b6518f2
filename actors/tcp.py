"""Sockets: the only module that touches them.

One listening port serves messages and HTTP. The first byte of a connection decides: an upper-case
letter opens an HTTP request line, a msgpack array opens the greeting of a peer. What to do with HTTP
is given from outside as a factory of asyncio protocols, so no HTTP library is imported here.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import cast

from actors.clock import Timer
from actors.codec import Limits
from actors.errors import AddressInUse
from actors.metrics import Metrics
from actors.pid import join_address, split_address
from actors.spinner import Spinner
from actors.transport import Stream, StreamHandler

log = logging.getLogger(__name__)

HttpFactory = Callable[[], asyncio.Protocol]


class TcpStream(asyncio.Protocol):
    """A socket as a :class:`~actors.transport.Stream`."""

    __slots__ = ("_lost", "_opened", "_transport", "data_received", "handler", "peer")

    #: The handler's own function once there is one: a call less for all that arrives.
    data_received: Callable[[bytes], None]  # type: ignore[assignment]  # a method of the base

    def __init__(self, opened: Callable[[TcpStream], StreamHandler | None]) -> None:
        self._opened = opened
        self.data_received = _ignore
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._lost: Callable[[], None] | None = None
        self.handler: StreamHandler | None = None
        self.peer = ""

    # -- called by asyncio --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.attach(cast(asyncio.Transport, transport))

    def attach(self, transport: asyncio.Transport) -> None:
        """Take a connected socket over."""
        self._transport = transport
        self.peer = peer_of(transport)
        handler = self.handler = self._opened(self)
        if handler is not None:
            self.data_received = handler.on_data
        transport.set_protocol(self)  # the loop remembers the function, not its name

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost is not None:
            self._lost()
        handler = self.handler
        self._part()
        if handler is not None:
            handler.on_closed(str(exc) if exc else "closed by the other end")

    # -- called by the owner ------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        transport = self._transport
        transport.write(data)
        return transport.get_write_buffer_size()

    def write_pieces(self, pieces: list[bytes]) -> int:
        transport = self._transport
        if len(pieces) == 1:
            transport.write(pieces[0])
        else:  # not one after the other: large ones would be a system call each
            transport.writelines(pieces)
        return transport.get_write_buffer_size()

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        self._part()
        self._transport.close()

    def abort(self) -> None:
        self._part()
        self._transport.abort()

    def _part(self) -> None:
        """Nothing more is for the handler."""
        self.handler = None
        self.data_received = _ignore

    def when_lost(self, call: Callable[[], None]) -> None:
        """Have ``call`` run when a closing socket has sent what it held, or cannot."""
        if self._transport.get_write_buffer_size():
            self._lost = call
        else:
            call()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()


def _ignore(data: bytes) -> None:
    """Nobody is there yet, or any more."""


class HttpConnection(asyncio.Protocol):
    """Passes everything on to an HTTP protocol, and tells the listener when the connection ends."""

    __slots__ = ("_listener", "_protocol")

    def __init__(self, listener: Listener, protocol: asyncio.Protocol) -> None:
        self._listener = listener
        self._protocol = protocol

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.others -= 1
        self._protocol.connection_lost(exc)


class FirstBytes(asyncio.Protocol):
    """An accepted connection that has not said yet what it is."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._timer: Timer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._listener.admit(self._transport):
            self._timer = asyncio.get_running_loop().call_later(self._listener.limits.handshake_s, self._late)

    def data_received(self, data: bytes) -> None:
        self._settle()
        self._listener.decided(self._transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        self._listener.others -= 1

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        log.warning("closing connection with %s: it says nothing", peer_of(self._transport))
        self._listener.metrics.count("actors/protocol_errors")
        self._listener.metrics.count("actors/protocol_errors/handshake_timeout")
        self._transport.abort()


class Listener:
    """The one port of a process."""

    def __init__(
        self,
        accept: Callable[[Stream], StreamHandler | None],
        http: HttpFactory | None,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        self._accept = accept
        self._http = http
        self.limits = limits
        self.metrics = metrics
        #: Connections that speak HTTP or have not said yet what they speak.
        self.others = 0
        self._server: asyncio.AbstractServer | None = None

    async def start(self, sock: socket.socket) -> None:
        """Accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: FirstBytes(self), sock=sock, backlog=1024)

    def admit(self, transport: asyncio.Transport) -> bool:
        """Count a new connection; when there are too many it is turned away."""
        self.others += 1
        if self.others > self.limits.connections:
            self.metrics.count("actors/connections_refused")
            transport.abort()
            return False
        return True

    def decided(self, transport: asyncio.Transport, data: bytes) -> None:
        """The first bytes are here: hand the connection to messages or to HTTP."""
        if data[0:1].isupper():
            if self._http is None:
                transport.abort()
                return
            protocol = self._http()
            transport.set_protocol(HttpConnection(self, protocol))
            protocol.connection_made(transport)
            protocol.data_received(data)
            return
        self.others -= 1
        stream = TcpStream(self._accept)
        stream.attach(transport)
        stream.data_received(data)

    def close(self) -> None:
        """Accept nothing more."""
        if self._server is not None:
            self._server.close()


class TcpTransport:
    """Dials sockets; waits awake for what is expected at once, if it is given a ``spinner``."""

    def __init__(self, spinner: Spinner | None = None) -> None:
        self._spinner = spinner

    def expect(self, now_ns: int) -> None:
        """See :class:`actors.transport.Transport`."""
        if self._spinner is not None:
            self._spinner.expect(now_ns)

    def dial(
        self,
        address: str,
        timeout_s: float,
        opened: Callable[[Stream], StreamHandler],
        failed: Callable[[str], None],
    ) -> Callable[[], None]:
        """See :class:`actors.transport.Transport`."""
        # The loop may still announce a socket whose dial has timed out or was given up.
        is_over = False

        def opened_once(stream: Stream) -> StreamHandler | None:
            nonlocal is_over
            if is_over:
                stream.abort()
                return None
            is_over = True
            return opened(stream)

        def failed_once(reason: str) -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                failed(reason)

        task = asyncio.get_running_loop().create_task(
            self._dial(address, timeout_s, opened_once, failed_once)
        )

        def give_up() -> None:
            nonlocal is_over
            is_over = True
            task.cancel()

        return give_up

    async def _dial(
        self,
        address: str,
        timeout_s: float,
        opened: Callable[[Stream], StreamHandler | None],
        failed: Callable[[str], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            host, port = split_address(address)
            async with asyncio.timeout(timeout_s):
                await loop.create_connection(lambda: TcpStream(opened), host, port)
        except TimeoutError:
            failed(f"no connection within {timeout_s:g} s")
        except (OSError, ValueError) as error:
            failed(words_of(error))


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to ``host:port``; port 0 takes a free one.

    Raises:
        AddressInUse: the port is taken, needs rights we lack, or the address is not of this host.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Listening is what tells a taken port under SO_REUSEADDR.
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise AddressInUse(join_address(host, port), words_of(error)) from error
    sock.setblocking(False)
    return sock


async def flushed(streams: list[Stream], timeout_s: float) -> None:
    """Wait until closed streams have sent what they hold, but not longer than ``timeout_s``."""
    loop = asyncio.get_running_loop()
    waits: list[asyncio.Future[None]] = []
    for stream in streams:
        if isinstance(stream, TcpStream):
            done: asyncio.Future[None] = loop.create_future()
            waits.append(done)
            stream.when_lost(partial(done.set_result, None))
    if waits:
        await asyncio.wait(waits, timeout=timeout_s)


def port_of(sock: socket.socket) -> int:
    """The port a socket is bound to."""
    return int(sock.getsockname()[1])


def peer_of(transport: asyncio.BaseTransport) -> str:
    """``ip:port`` of the other end of a socket."""
    name = transport.get_extra_info("peername")
    return join_address(name[0], name[1]) if name else "unknown:0"


def words_of(error: Exception) -> str:
    """The operating system's words for an error, without Python's decoration."""
    return getattr(error, "strerror", None) or str(error)
