"""The life of a daemon, whichever it is: log, socket, actors, HTTP, signals, end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping

import actors
from actors import AddressInUse, Limits, Process, Runtime
from cluster.cli.collector import Collector
from cluster.cli.complain import StartFault, complain
from cluster.cli.logs import set_up_logging
from cluster.cli.place import Place, listening_ip, place_of
from cluster.config.shared import DaemonOptions, LimitOptions
from cluster.http import Endpoint, http_factory

log = logging.getLogger(__name__)

#: Spawns the actors of a daemon; may raise StartFault.
Start = Callable[[Process, Place], Awaitable[None]]
#: Cleans up after the actors have ended.
Finish = Callable[[], Awaitable[None]]
#: Further HTTP endpoints of a daemon.
Endpoints = Callable[[Runtime], Mapping[str, Endpoint]]


def limits_of(options: LimitOptions) -> Limits:
    """The limits of the actor library that the options ask for."""
    return Limits(
        frame_bytes=options.max_frame_size_bytes,
        send_buffer_bytes=options.send_buffer_size_bytes,
        mailbox_messages=options.max_mailbox_length,
        connections=options.max_connections,
        handshake_s=options.handshake_timeout_s,
    )


def run_daemon(
    program: str,
    options: DaemonOptions,
    start: Start,
    *,
    delegate: str,
    finish: Finish | None = None,
    endpoints: Endpoints | None = None,
) -> int:
    """Run a daemon until SIGTERM, SIGINT or the failure of an actor; returns its exit code.

    `start` spawns its actors, of which `delegate` is the one whose HTTP paths need no prefix.
    `finish` runs when they have ended. A start that fails is one line on stderr and code 1.
    """
    try:
        set_up_logging(program, options)
        sock = actors.bind(listening_ip(options), options.port)
    except (StartFault, AddressInUse) as fault:
        complain(program, fault)
        return 1
    with sock:
        place = place_of(options, sock)
        daemon = Daemon(program, options, place, delegate)
        try:
            return actors.run(lambda: daemon.live(sock, start, finish, endpoints))
        except StartFault as fault:
            complain(program, fault)
            return 1


class Daemon:
    """One run of a daemon at its place."""

    def __init__(self, program: str, options: DaemonOptions, place: Place, delegate: str) -> None:
        self._program = program
        self._options = options
        self._place = place
        self._delegate = delegate

    async def live(
        self, sock: socket.socket, start: Start, finish: Finish | None, endpoints: Endpoints | None
    ) -> int:
        """Start, serve, end in order.

        Raises:
            StartFault: the actors cannot be started.
        """
        process = Process(
            sock=sock,
            advertised=self._place.advertised,
            limits=limits_of(self._options),
            seed=self._options.seed,
        )
        runtime = process.runtime
        collector = Collector(runtime)
        try:
            await start(process, self._place)
            front = http_factory(runtime, self._delegate, endpoints(runtime) if endpoints else None)
            await process.listen(http=front)
        except BaseException:
            collector.stop()
            await process.close()
            if finish is not None:
                await finish()
            raise
        # Told when signals are listened to, so that who waits for the line may send one.
        asyncio.get_running_loop().call_soon(self._announce)
        code = await process.until_stopped()
        collector.stop()
        await front.close()
        if finish is not None:
            await finish()
        log.info("%s ends with exit code %d", self._program, code)
        return code

    def _announce(self) -> None:
        place = self._place
        others = f", others are told {place.advertised}" if place.advertised != place.bound else ""
        log.info("%s listens on %s%s; web: %s", self._program, place.bound, others, place.url)
