"""/metrics/snapshot has every key of the reference, or there is a reason why it has not."""

from __future__ import annotations

import asyncio

from cluster.http.metrics import Measurements
from tests.limits import LIMIT_S
from tests.simulation.agent_kit import Stage
from tests.unit.http.endpoints_kit import busy_master
from tests.unit.http.metric_keys import (
    AGENT_NOT_HERE,
    MASTER_NOT_HERE,
    agent_keys,
    framework_keys,
    master_keys,
    role_keys,
)

LATENCIES = "allocator/mesos/allocation_run_latency_ms/count"


async def test_keys_of_the_master() -> None:
    async with busy_master() as scene:
        async with asyncio.timeout(LIMIT_S):  # a window shows itself when it holds two samples
            while scene.runtime.metrics.snapshot().get(LATENCIES, 0.0) < 2:
                await scene.subscribe("one-more")
        found = await scene.json("/metrics/snapshot")
        wanted = [
            *master_keys(),
            *framework_keys("work", scene.framework_id, "w"),
            *role_keys("w"),
            "frameworks/ops/messages_received",
            "frameworks/ops/messages_processed",
        ]
        assert sorted(key for key in wanted if key not in found) == sorted(MASTER_NOT_HERE)
        assert all(isinstance(value, float) for value in found.values())


def test_keys_of_the_agent() -> None:
    metrics = Stage().agent_host.runtime.metrics
    Measurements(metrics)
    found = metrics.snapshot()
    assert sorted(key for key in agent_keys() if key not in found) == sorted(AGENT_NOT_HERE)


def test_what_does_not_exist_is_none() -> None:
    found = Stage().agent_host.runtime.metrics.snapshot()
    others = ("containerizer/", "gc/", "resource_provider_manager/")
    assert {value for key, value in found.items() if key.startswith(others)} == {0.0}
