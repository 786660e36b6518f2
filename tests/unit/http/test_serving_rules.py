"""Rules of the reference that hold for many endpoints: prefixes, methods, help, and who may serve a request.

Source: reference http-endpoints.md §1, §2, §3.3, §6; agent.md §13.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import psutil
import pytest

from cluster.agent.reading import ExecutorView
from cluster.agent.state import Phase
from cluster.config import AgentConfig, MasterConfig, options_of
from cluster.containerizer.usage import Usage
from cluster.http import prometheus
from cluster.http.endpoints.agent_containers import figures
from cluster.http.v1.callers import Leader
from cluster.model import Scalar
from tests.unit.http.agent_kit import CUSTOM, info
from tests.unit.http.endpoints_kit import busy_agent, busy_master, master

ELSEWHERE = Leader("m2:5050", is_here=False)
#: Methods that an endpoint does not know, where the leading master answers 405.
WRONG = (
    ("GET", "teardown"), ("PUT", "reserve"), ("GET", "unreserve"), ("GET", "create-volumes"),
    ("GET", "destroy-volumes"), ("DELETE", "machine/down"), ("GET", "machine/up"), ("PUT", "quota"),
    ("POST", "weights"), ("PUT", "maintenance/schedule"), ("POST", "maintenance/status"), ("GET", "api/v1"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WRONG)
async def test_who_leads_is_asked_before_the_method(method: str, path: str) -> None:
    async with master() as scene:
        answer = await scene.ask(f"/{path}", method)
        assert answer.status == 405
        assert method not in answer.headers["allow"].split(", ")
    async with master(leader=ELSEWHERE) as scene:
        answer = await scene.ask(f"/{path}", method)
        assert (answer.status, answer.headers["location"]) == (307, f"//m2:5050/{path}")


async def test_what_is_below_a_path_is_served_by_it() -> None:
    async with busy_master() as scene:
        for path in ("state", "tasks", "metrics/snapshot", "quota"):
            below = await scene.json(f"/master/{path}/further/down")
            assert below.keys() == (await scene.json(f"/{path}")).keys(), path
        assert (await scene.ask("/health/x")).status == 200
        assert (await scene.ask("/redirect/x")).status == 404
        assert (await scene.ask("/stat/x")).status == 404
        assert (await scene.ask("/metrics")).status == 404


async def test_any_method_reads_what_has_no_other_meaning() -> None:
    async with busy_master() as scene:
        for path in (
            "state", "state-summary", "slaves", "frameworks", "tasks", "roles", "flags", "health", "version",
            "metrics/snapshot", "system/stats.json", "files/debug", "logging/toggle", "__processes__", "help",
        ):  # fmt: skip
            assert (await scene.ask(f"/{path}", "POST")).status == 200, path


@pytest.mark.parametrize(
    "id", ["", "/master", "/files", "/metrics", "/master/state", "/files/browse", "/version"]
)
async def test_help_of_all_and_of_a_part(id: str) -> None:
    async with master() as scene:
        page = await scene.ask(f"/help{id}")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        (told,) = (await scene.json(f"/help{id}?format=json"))["processes"]
        names = {each["name"] for each in told["endpoints"]}
        part = id.removeprefix("/master")
        assert {name for name in names if not f"{name}/".startswith(f"{part}/")} == set()
        assert ("/teardown" in names) == (part == "")
        assert page.text.count("<li>") == len(names)


async def test_no_help_for_what_is_not_there() -> None:
    async with master() as scene:
        answer = await scene.ask("/help/nobody/nothing")
        assert (answer.status, answer.text) == (400, "No help available for '/nobody/nothing'.")
        assert (await scene.ask("/help/sta")).status == 400


async def test_resources_in_use_tell_whose_they_are() -> None:
    async with busy_master() as scene:
        (agent,) = (await scene.json("/slaves"))["slaves"]
        for field in ("used_resources_full", "offered_resources_full"):
            assert agent[field], field
            assert {each["allocation_info"]["role"] for each in agent[field]} == {"w"}, field
        total = [*agent["unreserved_resources_full"], *agent["reserved_resources_full"]["w"]]
        assert all("allocation_info" not in each for each in total)


def test_a_limit_without_end_is_what_the_host_has() -> None:
    def limited(cpus: float, mem: float) -> ExecutorView:
        given = {"cpus": Scalar(value=cpus), "mem": Scalar(value=mem)}
        queued = (info("t", limits=given),)
        return ExecutorView("e", CUSTOM, "c", "/", Phase.RUNNING, False, 7, queued, (), (), ())

    usage = Usage(1.0, 1.0, 1, 1, 1)
    found = figures(limited(math.inf, math.inf), usage, 1.0)
    assert found is not None
    assert found.cpus_limit == os.cpu_count()
    assert found.mem_limit_bytes == psutil.virtual_memory().total
    found = figures(limited(1.5, 64.0), usage, 1.0)
    assert found is not None
    assert (found.cpus_limit, found.mem_limit_bytes) == (1.5, 64 << 20)


def test_operations_by_type_for_prometheus() -> None:
    assert prometheus.named("master/operations/grow_volume/pending") == (
        "mesos_master_operations_by_type", {"type": "grow_volume", "state": "pending"},
    )  # fmt: skip
    assert prometheus.named("master/operations/pending") == ("mesos_master_operations_pending", {})


PROFILES = (
    "start", "stop", "state", "statistics", "download/raw", "download/text", "download/graph",
)  # fmt: skip


async def test_no_memory_profiles_without_the_flag_which_cannot_be_given() -> None:
    async with master() as scene:
        for prefix in ("", "/master"):
            for path in PROFILES:
                assert (await scene.ask(f"{prefix}/memory-profiler/{path}")).status == 404, path
    for config in (MasterConfig, AgentConfig):
        (option,) = (each for each in options_of(config) if each.name == "memory_profiling")
        assert option.accepted == (False,)


async def test_agents_have_no_frameworks_or_tasks_and_masters_no_containers(tmp_path: Path) -> None:
    async with busy_agent(tmp_path) as served:
        for path in ("frameworks", "tasks", "master/state", "roles"):
            assert (await served.ask(f"/{path}")).status == 404, path
    async with master() as scene:
        for path in ("containers", "monitor/statistics", "slave(1)/state"):
            assert (await scene.ask(f"/{path}")).status == 404, path
