"""Every endpoint has the fields that the reference lists, of the types it lists, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.http.endpoints.master_actions import LATER
from tests.unit.http.endpoints_kit import busy_agent, busy_master
from tests.unit.http.fields import faults

#: The paths that the reference lists, and which any request finds.
MASTER_PATHS = """
    state state-summary slaves frameworks tasks roles flags health redirect quota weights maintenance/schedule
    maintenance/status machine/down machine/up reserve unreserve create-volumes destroy-volumes teardown
    api/v1 registrar(1)/registry allocator/offer_constraints_debug files/browse files/read
    files/download files/debug metrics/snapshot version logging/toggle system/stats.json __processes__ help
    profiler/start profiler/stop
"""
AGENT_PATHS = """
    state flags health monitor/statistics containers containerizer/debug api/v1/executor files/browse
    files/read files/download files/debug metrics/snapshot version logging/toggle system/stats.json
    __processes__ help profiler/start profiler/stop
"""

MASTER = {
    "state": "state", "state-summary": "summary", "slaves": "slaves", "frameworks": "frameworks",
    "tasks": "tasks", "roles": "roles", "flags": "flags", "quota": "quota-status",
    "maintenance/schedule": "schedule", "maintenance/status": "maintenance", "version": "version",
    "system/stats.json": "host", "weights": "[weight]", "files/debug": "{str}", "__processes__": "[process]",
}  # fmt: skip
AGENT = {
    "state": "agent-state", "containers": "[container-usage]", "monitor/statistics": "[usage]",
    "flags": "flags", "version": "version", "containerizer/debug": "pending", "files/debug": "{str}",
    "system/stats.json": "host", "__processes__": "[process]",
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


@pytest.mark.parametrize("prefix", ["", "/master"])
async def test_paths_of_the_master(prefix: str) -> None:
    async with busy_master() as scene:
        found = {path: (await scene.ask(f"{prefix}/{path}")).status for path in MASTER_PATHS.split()}
        assert [path for path, status in found.items() if status in (404, 500)] == []


@pytest.mark.parametrize("prefix", ["", "/slave(1)"])
async def test_paths_of_the_agent(prefix: str, tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        found = {path: (await served.ask(f"{prefix}/{path}")).status for path in AGENT_PATHS.split()}
        assert [path for path, status in found.items() if status in (404, 500)] == []


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
