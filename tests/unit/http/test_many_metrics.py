"""/metrics/snapshot, /metrics/prometheus and GET_METRICS with the numbers of a thousand frameworks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import ClientSession
from prometheus_client.parser import text_string_to_metric_families

from actors import Process, bind
from actors.metrics import Metrics, Reading
from cluster.http import http_factory
from cluster.http.metrics import SLICE, readings
from cluster.http.prometheus import SAMPLES, Families
from cluster.http.shared import let_others
from cluster.master.framework_counts import FrameworkCounts, prefix

FRAMEWORKS = 1000


def many() -> Iterator[Reading]:
    """What a master shows of its frameworks."""
    for number in reversed(range(FRAMEWORKS)):
        begin = prefix(f"f {number}", f"id-{number:04d}")
        for name, value, is_counter in FrameworkCounts().values(True, 0, {"r": False}):
            yield Reading(f"{begin}/{name}", value, is_counter)


async def turns(work: Awaitable[Any]) -> int:
    """How often the event loop came to do something else."""
    seen = 0
    task = asyncio.ensure_future(work)
    while not task.done():
        await let_others()
        seen += 1
    task.result()
    return seen


async def test_numbers_are_taken_sorted_and_handed_over_in_slices() -> None:
    metrics = Metrics()
    metrics.stream(many)
    metrics.gauge("nothing", lambda: float("nan"))
    parts: list[list[Reading]] = []

    async def read() -> None:
        parts.extend([part async for part in readings(metrics)])

    seen = await turns(read())
    found = [reading for part in parts for reading in part]
    assert found == sorted(many())
    assert len(found) > 60_000
    assert max(map(len, parts)) <= SLICE
    assert seen >= 2 * len(found) / SLICE


def test_counters_of_frameworks_are_counters() -> None:
    families = Families()
    families.add(sorted(many()))
    parts = list(families.text())
    assert len(parts) >= sum(1 for _ in many()) / SAMPLES
    text = b"".join(parts).decode()
    heads = [line for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads)), "a metric is written in one piece"
    kinds = {family.name: family.type for family in text_string_to_metric_families(text)}
    begin = "mesos_master_framework_"
    gauges = {f"{begin}{name}" for name in ("subscribed", "tasks_active", "suppressed")}
    counters = {
        f"{begin}{name}"
        for name in (
            "calls", "calls_by_type", "events", "events_by_type", "operations", "operations_by_type",
            "offers", "tasks_terminal",
        )
    }  # fmt: skip
    assert {name for name, kind in kinds.items() if kind == "gauge"} == gauges
    assert {name for name, kind in kinds.items() if kind == "counter"} == counters
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    assert len(samples) == sum(1 for _ in many())


@pytest.fixture
async def ask() -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    """Asks a process with many numbers."""
    process = Process(sock=bind("127.0.0.1", 0))
    process.runtime.metrics.stream(many)
    front = http_factory(process.runtime, "nobody")
    await process.listen(http=front)
    async with ClientSession(f"http://{process.runtime.address}") as session:

        async def get(path: str) -> bytes:
            async with session.get(path) as answer:
                assert answer.status == 200
                return await answer.read()

        yield get
    await front.close(0.1)
    await process.close()


async def test_many_readers_share_an_answer(ask: Callable[[str], Awaitable[bytes]]) -> None:
    """Those who ask while the first answer is made get the second one, all of them the same."""
    first = asyncio.ensure_future(ask("/metrics/snapshot"))
    bodies = await asyncio.gather(first, *(ask("/metrics/snapshot") for _ in range(5)))
    found = json.loads(bodies[0])
    assert list(found) == sorted(found)
    assert {name: value for name, value in found.items() if name.startswith("master/frameworks/")} == {
        name: float(value) for name, value, _ in many()
    }
    assert json.loads(await ask("/metrics/snapshot"))["http/shared_metrics"] > 0


async def test_the_text_of_many_numbers_is_whole(ask: Callable[[str], Awaitable[bytes]]) -> None:
    text = (await ask("/metrics/prometheus")).decode()
    found = {family.name: len(family.samples) for family in text_string_to_metric_families(text)}
    assert found["mesos_master_framework_calls"] == FRAMEWORKS
    assert found["mesos_master_framework_offers"] == 4 * FRAMEWORKS
