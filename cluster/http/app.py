"""The HTTP front of a process: it finds who serves a request, and turns faults into statuses.

aiohttp parses and writes; this module routes. It decides nothing and keeps no state. What serves one
audience (schedulers, operators, people) has its own file and comes in as a table of endpoints.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError

from actors import ActorGone, AskTimeout, Runtime
from cluster.http.access import Access, Door
from cluster.http.answers import BadRequest, not_found, text_answer
from cluster.http.bodies import Request
from cluster.http.guard import StallGuard
from cluster.http.index import IndexPage
from cluster.http.process import ProcessEndpoints
from cluster.http.router import Endpoint, Router

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What the front takes from one client at most.

    `body_bytes`: of one request, unpacked; 20,000 tasks in one call, and what JSON can be looked through
    without holding others up for long. `line_bytes`: request line, and name and value of one
    header. `idle_s`: until the head of the first request has arrived. `keep_s`: between two requests;
    drivers of frameworks and executors keep a connection for their calls and count on it, however
    seldom they have something to say. `body_s`: for the whole body of a request. `linger_s`: for a body
    that nobody wants. `stall_s`: how long a client may read nothing of an answer.
    """

    body_bytes: int = 10 << 20
    line_bytes: int = 8190
    idle_s: float = 60.0
    keep_s: float = 3600.0
    body_s: float = 60.0
    linger_s: float = 2.0
    stall_s: float = 60.0


class HttpFront:
    """Makes a protocol for every HTTP connection: hand it to :meth:`actors.Process.listen`."""

    def __init__(
        self,
        runtime: Runtime,
        delegate: str,
        endpoints: Mapping[str, Endpoint],
        limits: HttpLimits,
        access: Access,
    ) -> None:
        self._limits = limits
        self._metrics = runtime.metrics
        self._loop = asyncio.get_running_loop()
        table = {**ProcessEndpoints(runtime, delegate).table(), **endpoints}
        self._router = Router(runtime, delegate, table)
        self._door = Door(delegate, access)
        index = IndexPage(self._router, runtime.address)
        self._router.add("help", Endpoint(index.help, methods=None))
        if "" not in table:
            self._router.add("", Endpoint(index.show))
        self._metrics.declare("http/requests", "http/bad_requests", "http/failures")
        self._server = web.Server(
            self._serve,
            request_factory=self._request,
            access_log=None,
            logger=_logger(),
            keepalive_timeout=limits.keep_s,
            max_line_size=limits.line_bytes,
            max_field_size=limits.line_bytes,
            lingering_time=limits.linger_s,
            auto_decompress=False,  # Request does that
            handler_cancellation=True,  # or streams of events would not hear that their client is gone
        )

    def __call__(self) -> asyncio.Protocol:
        return StallGuard(self._server(), self._limits.stall_s, self._limits.idle_s)

    def paths(self) -> Iterator[str]:
        """All paths that are served, whatever their methods."""
        return self._router.everything()

    async def close(self, wait_s: float = 2.0) -> None:
        """Let requests that are being served end within `wait_s` seconds; close all connections."""
        await self._server.shutdown(wait_s)

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return Request(
            self._limits.body_s, message, payload, protocol, writer, task, self._loop,
            client_max_size=self._limits.body_bytes,
        )  # fmt: skip

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._metrics.count("http/requests")
        route = self._router.find(request.path)
        if route is None:
            return not_found()
        try:
            return self._door.turned_away(request, route) or await route.endpoint.handler(request)
        except BadRequest as fault:
            self._metrics.count("http/bad_requests")
            return text_answer(400, str(fault))
        except (ActorGone, AskTimeout) as fault:
            return text_answer(503, str(fault))
        except web.HTTPException:
            raise
        except ConnectionError:
            if request.transport is not None and not request.transport.is_closing():
                raise
            return text_answer(500)  # to nobody: the client went away while it was written to
        except Exception as error:
            self._metrics.count("http/failures")
            log.exception("%s %s failed", request.method, request.path)
            return text_answer(500, f"500 Internal Server Error: {error}")


def http_factory(
    runtime: Runtime,
    delegate: str,
    endpoints: Mapping[str, Endpoint] | None = None,
    limits: HttpLimits | None = None,
    access: Access | None = None,
) -> HttpFront:
    """The HTTP front of a process, which is called for every connection.

    `delegate` is the actor whose paths need no prefix: `master`, `slave(1)`. `endpoints` are further
    ones by path, without slashes at the ends. `access` says who may ask for what: without it, everybody
    for everything. Needs a running event loop.
    """
    return HttpFront(runtime, delegate, endpoints or {}, limits or HttpLimits(), access or Access())


class _Brief(logging.Filter):
    """Leaves one line of a fault that is the client's, where aiohttp logs a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (HttpProcessingError, RequestPayloadError)):
            first = (str(error).rpartition("message:")[2].strip() or "bad request").partition("\n")[0][:200]
            record.msg, record.args = f"{record.getMessage()}: {first.rstrip(':')}", ()
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def _logger() -> logging.Logger:
    logger = logging.getLogger("cluster.http.protocol")
    if not logger.filters:
        logger.addFilter(_Brief())
    return logger
