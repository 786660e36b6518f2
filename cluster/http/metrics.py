"""/metrics/snapshot and /metrics/prometheus: the numbers of a process, and of its host.

Source: reference http-endpoints.md §6 and §7.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping

import psutil
from aiohttp import web

from actors.metrics import Metrics, Reading
from cluster.config.units import parse_duration
from cluster.http.answers import BadRequest
from cluster.http.endpoints.render_amounts import number
from cluster.http.prometheus import CONTENT_TYPE, exposition
from cluster.http.reads import shown
from cluster.http.router import Endpoint
from cluster.http.shared import let_others

#: Numbers that are read in one go.
SLICE = 1000


class Measurements:
    """The endpoints that show numbers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        metrics.family(lambda: {f"system/{name}": value for name, value in host_numbers().items()})

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {
            "metrics/snapshot": Endpoint(self._snapshot),
            "metrics/prometheus": Endpoint(self._prometheus),
            "system/stats.json": Endpoint(self._host),
        }

    async def _snapshot(self, request: web.BaseRequest) -> web.Response:
        """The time-out is only looked at: no gauge here takes time."""
        if (timeout := request.rel_url.query.get("timeout")) is not None:
            try:
                parse_duration(timeout)
            except ValueError as fault:
                raise BadRequest(f"query parameter 'timeout': {fault}") from None
        found = {reading.name: number(reading.value) for reading in await readings(self._metrics)}
        await let_others()
        return shown(request, found)

    async def _prometheus(self, request: web.BaseRequest) -> web.Response:
        return web.Response(
            body=await asyncio.to_thread(exposition, await readings(self._metrics)),
            headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"},
        )

    async def _host(self, request: web.BaseRequest) -> web.Response:
        found = host_numbers()
        renamed = {f"avg_{name}" if name.startswith("load") else name: v for name, v in found.items()}
        return shown(request, {name: _whole(name, value) for name, value in renamed.items()})


async def readings(metrics: Metrics) -> list[Reading]:
    """All numbers by name, taken a slice at a time, as there are many with many frameworks."""
    found: list[Reading] = []
    for reading in metrics.readings():
        if not math.isnan(reading.value):
            found.append(reading)
        if len(found) % SLICE == 0:
            await let_others()
    found.sort()
    return found


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
