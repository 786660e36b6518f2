"""/metrics/snapshot and /metrics/prometheus: the numbers of a process, and of its host.

Source: reference http-endpoints.md §6 and §7.
"""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from heapq import merge
from itertools import islice

import psutil
from aiohttp import web

from actors.metrics import Metrics, Reading
from cluster.config.units import parse_duration
from cluster.http.answers import BadRequest, encode_json
from cluster.http.endpoints.render_amounts import number
from cluster.http.prometheus import CONTENT_TYPE, Families
from cluster.http.reads import shown, streamed
from cluster.http.router import Endpoint
from cluster.http.shared import Shared, let_others

#: Numbers that are read, or handed over, in one go.
SLICE = 500


class Measurements:
    """The endpoints that show numbers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._snapshots = Shared(self._json, self._hit)
        self._expositions = Shared(self._text, self._hit)
        metrics.declare("http/shared_metrics")
        metrics.family(lambda: {f"system/{name}": value for name, value in host_numbers().items()})

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "metrics/snapshot": Endpoint(self._snapshot, methods=None),
            "metrics/prometheus": Endpoint(self._prometheus),
            "system/stats.json": Endpoint(self._host, methods=None),
        }

    async def _snapshot(self, request: web.BaseRequest) -> web.StreamResponse:
        """The time-out is only looked at: no gauge here takes time."""
        if (timeout := request.rel_url.query.get("timeout")) is not None:
            try:
                parse_duration(timeout)
            except ValueError as fault:
                raise BadRequest(f"query parameter 'timeout': {fault}") from None
        return await streamed(request, self._snapshots.join())

    async def _prometheus(self, request: web.BaseRequest) -> web.StreamResponse:
        return await streamed(request, self._expositions.join(), CONTENT_TYPE)

    def _hit(self) -> None:
        self._metrics.count("http/shared_metrics")

    async def _json(self) -> AsyncIterator[bytes]:
        between = b"{"
        async for found in readings(self._metrics):
            yield between + encode_json({name: number(value) for name, value, _ in found})[1:-1]
            between = b","
        yield b"}" if between == b"," else b"{}"

    async def _text(self) -> AsyncIterator[bytes]:
        families = Families()
        async for found in readings(self._metrics):
            families.add(found)
        for part in families.text():
            yield part
            await let_others()

    async def _host(self, request: web.BaseRequest) -> web.Response:
        found = host_numbers()
        renamed = {f"avg_{name}" if name.startswith("load") else name: v for name, v in found.items()}
        return shown(request, {name: _whole(name, value) for name, value in renamed.items()})


async def readings(metrics: Metrics) -> AsyncIterator[list[Reading]]:
    """All numbers by name, some at a time: a thousand frameworks have sixty thousand.

    They are taken and sorted in slices, which are merged as they are handed over; others work in between.
    """
    runs: list[list[Reading]] = []
    taken = metrics.readings()
    while part := list(islice(taken, SLICE)):
        runs.append(sorted(reading for reading in part if not math.isnan(reading.value)))
        await let_others()
    ordered = merge(*map(_let_go, runs))
    while part := list(islice(ordered, SLICE)):
        yield part
        await let_others()


def _let_go(run: list[Reading]) -> Iterator[Reading]:
    """The readings one by one, kept no longer: to drop tens of thousands at once takes its time, too."""
    run.reverse()
    while run:
        yield run.pop()


def host_numbers() -> Mapping[str, float]:
    """Load, CPUs and memory of this host."""
    one, five, fifteen = os.getloadavg()
    memory = psutil.virtual_memory()
    return {
        "load_1min": one,
        "load_5min": five,
        "load_15min": fifteen,
        "cpus_total": float(os.cpu_count() or 1),
        "mem_total_bytes": float(memory.total),
        "mem_free_bytes": float(memory.free),
    }


def _whole(name: str, value: float) -> float | int:
    return value if "load" in name else int(value)
