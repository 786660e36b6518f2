"""Every endpoint has the fields that the reference lists, of the types it lists, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.http.endpoints.master_actions import LATER
from tests.unit.http.endpoints_kit import busy_agent, busy_master
from tests.unit.http.fields import faults

#: What the reference says of /metrics/snapshot that has a meaning before registry, operations and quota.
MASTER_KEYS = """
    uptime_secs elected event_queue_messages http_cache_hits dropped_messages cpus_total cpus_used
    cpus_percent gpus_total gpus_used gpus_percent mem_total mem_used mem_percent disk_total disk_used
    disk_percent cpus_revocable_total cpus_revocable_used cpus_revocable_percent mem_revocable_total
    disk_revocable_total gpus_revocable_total slaves_active slaves_inactive slaves_connected
    slaves_disconnected slaves_unreachable slave_registrations slave_reregistrations slave_removals
    slave_removals/reason_registered slave_removals/reason_unhealthy slave_removals/reason_unregistered
    recovery_slave_removals slave_shutdowns_scheduled slave_shutdowns_canceled slave_shutdowns_completed
    slave_unreachable_scheduled slave_unreachable_canceled slave_unreachable_completed frameworks_active
    frameworks_inactive frameworks_connected frameworks_disconnected outstanding_offers tasks_staging
    tasks_starting tasks_running tasks_killing tasks_unreachable tasks_finished tasks_failed
    tasks_killed tasks_lost tasks_error tasks_dropped tasks_gone tasks_gone_by_operator
    messages_register_framework messages_reregister_framework messages_unregister_framework
    messages_kill_task messages_status_update_acknowledgement messages_launch_tasks
    messages_decline_offers messages_revive_offers messages_suppress_offers messages_reconcile_tasks
    messages_framework_to_executor messages_executor_to_framework messages_register_slave
    messages_reregister_slave messages_unregister_slave messages_status_update messages_exited_executor
    valid_framework_to_executor_messages valid_executor_to_framework_messages valid_status_updates
    valid_status_update_acknowledgements invalid_framework_to_executor_messages
    invalid_executor_to_framework_messages invalid_status_updates invalid_status_update_acknowledgements
"""
SYSTEM_KEYS = "load_1min load_5min load_15min cpus_total mem_total_bytes mem_free_bytes"

MASTER = {
    "state": "state", "state-summary": "summary", "slaves": "slaves", "frameworks": "frameworks",
    "tasks": "tasks", "roles": "roles", "flags": "flags", "quota": "quota-status",
    "maintenance/schedule": "schedule", "maintenance/status": "maintenance", "version": "version",
    "system/stats.json": "host",
}  # fmt: skip
AGENT = {
    "state": "agent-state", "containers": "[container-usage]", "monitor/statistics": "[usage]",
    "flags": "flags", "version": "version",
}  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), MASTER.items())
@pytest.mark.parametrize("prefix", ["", "/master"])
async def test_fields_of_the_master(path: str, kind: str, prefix: str) -> None:
    async with busy_master() as scene:
        assert faults(await scene.json(f"{prefix}/{path}"), kind, path) == []


@pytest.mark.parametrize(("path", "kind"), AGENT.items())
@pytest.mark.parametrize("prefix", ["", "/slave(1)", "/slave%281%29"])
async def test_fields_of_the_agent(path: str, kind: str, prefix: str, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        assert faults(await served.json(f"{prefix}/{path}"), kind, path) == []


@pytest.mark.parametrize(
    "path", ["state", "state-summary", "slaves", "frameworks", "tasks", "roles", "metrics/snapshot", "flags"]
)
@pytest.mark.parametrize("prefix", ["", "/master"])
async def test_names_of_old_work(path: str, prefix: str) -> None:
    async with busy_master() as scene:
        await scene.json(f"{prefix}/{path}.json")


async def test_keys_of_the_master() -> None:
    async with busy_master() as scene:
        found = await scene.json("/metrics/snapshot")
        wanted = [f"master/{key}" for key in MASTER_KEYS.split()]
        wanted += [f"system/{key}" for key in SYSTEM_KEYS.split()]
        assert [key for key in wanted if key not in found] == []
        assert all(isinstance(value, float) for value in found.values())


@pytest.mark.parametrize("path", LATER)
async def test_what_comes_later_says_so(path: str) -> None:
    methods, reason = LATER[path]
    async with busy_master() as scene:
        for method in sorted(methods):
            answer = await scene.ask(f"/master/{path}", method)
            assert (answer.status, reason in answer.text) == (501, True)
        answer = await scene.ask(f"/{path}", "PATCH")
        assert answer.status == 405
        assert set(answer.headers["allow"].split(", ")) >= methods


def test_the_checker_finds_faults() -> None:
    assert faults({"windows": 1}, "schedule", "s") == ["s.windows: expected a list, got 1"]
    assert faults({}, "schedule", "s") == ["s.windows: is missing"]
    assert faults({"windows": [], "x": 1}, "schedule", "s") == ["s.x: is not in the reference"]
    assert faults({"offset": 1.0, "data": ""}, "piece", "p") == ["p.offset: expected int, got 1.0"]
