"""Who may ask for what: on every path that a master and an agent serve, with the daemons' own tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from actors import PID, Process, bind
from cluster.http import Access, Endpoint, http_factory
from cluster.http.access import Door
from cluster.http.answers import text_answer
from cluster.http.v1.callers import CALLER, Caller, Leader, anybody
from cluster.http.v1.scheduler_api import SchedulerApi
from tests.unit.http.endpoints_kit import Answer, Served, busy_agent, master

READONLY = (
    "state", "state-summary", "slaves", "frameworks", "tasks", "roles", "flags", "maintenance/status",
    "metrics/snapshot", "metrics/prometheus", "files/browse", "files/read", "files/download", "files/debug",
    "system/stats.json", "__processes__", "registrar(1)/registry", "allocator/offer_constraints_debug",
    "page/tasks", "page/now",
)  # fmt: skip
READWRITE = (
    "api/v1", "teardown", "quota", "quota/r", "weights", "maintenance/schedule", "machine/down", "machine/up",
    "reserve", "unreserve", "create-volumes", "destroy-volumes", "tasks/kill", "logging/toggle",
    "profiler/start", "profiler/stop",
)  # fmt: skip
OPEN = ("health", "version", "redirect", "help", "help/master/state", "")
AGENT_READONLY = (
    "state", "flags", "containers", "monitor/statistics", "containerizer/debug", "files/browse",
    "metrics/snapshot",
)  # fmt: skip


def by_name(request: web.BaseRequest, realm: str) -> Caller | web.Response | None:
    """Lets those in who say their name, but executors with a token only."""
    if realm.endswith("executor"):
        return text_answer(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})
    name = request.headers.get("Authorization")
    if name == "claims":
        return Caller(is_nameless=True)
    return Caller(name) if name else None


def not_bob(caller: Caller, method: str, path: str) -> bool:
    """Everybody but bob may do everything, and bob may read roles."""
    return caller.principal != "bob" or (method, path) == ("GET", "roles")


GUARDED = Access(by_name, not_bob)


async def asked(served: Served, path: str, name: str = "", method: str = "GET") -> Answer:
    """An answer to somebody."""
    return await served.ask(path, method, headers={"Authorization": name} if name else {})


def test_the_realms() -> None:
    at = Door("master", Access())
    assert {path: at.realm(path) for path in ("state", "teardown", "api/v1/scheduler", "health")} == {
        "state": "mesos-master-readonly", "teardown": "mesos-master-readwrite",
        "api/v1/scheduler": "mesos-master-scheduler", "health": None,
    }  # fmt: skip
    at = Door("slave(1)", Access())
    assert {path: at.realm(path) for path in ("state", "api/v1", "api/v1/executor", "version")} == {
        "state": "mesos-agent-readonly", "api/v1": "mesos-agent-readwrite",
        "api/v1/executor": "mesos-agent-executor", "version": None,
    }  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/master"])
async def test_nobody_reads_or_changes_anything_of_a_master_without_a_name(prefix: str) -> None:
    async with master(access=GUARDED) as scene:
        for realm, paths in (("readonly", READONLY), ("readwrite", READWRITE)):
            for path in paths:
                for method in ("GET", "POST", "PATCH"):  # before the method is looked at
                    answer = await asked(scene, f"{prefix}/{path}", method=method)
                    challenge = f'Basic realm="mesos-master-{realm}"'
                    assert (answer.status, answer.text) == (401, "401 Unauthorized."), path
                    assert answer.headers["www-authenticate"] == challenge, path
        assert (await asked(scene, f"{prefix}/state.json")).status == 401
        for path in OPEN:
            assert (await asked(scene, f"{prefix}/{path}")).status < 400, path
        assert (await asked(scene, f"{prefix}/nothing")).status == 404


async def test_every_path_is_open_on_purpose_or_guarded() -> None:
    async with master(access=GUARDED) as scene:
        unguarded = [
            path
            for path in scene.front.paths()
            if (await asked(scene, f"/{path}", method="PATCH")).status != 401
        ]
        assert sorted(unguarded) == ["", "health", "help", "page/leader", "redirect", "version", "webui"]


@pytest.mark.parametrize("prefix", ["", "/slave(1)"])
async def test_nobody_reads_an_agent_without_a_name(prefix: str, tmp_path: Path) -> None:
    async with busy_agent(tmp_path, access=GUARDED) as served:
        for path in AGENT_READONLY:
            answer = await asked(served, f"{prefix}/{path}")
            assert answer.status == 401, path
            assert answer.headers["www-authenticate"] == 'Basic realm="mesos-agent-readonly"'
        assert (await asked(served, f"{prefix}/health")).status == 200
        assert (await asked(served, f"{prefix}/state", "claims")).status == 200  # only masters need a name


async def test_a_master_goes_by_names() -> None:
    async with master(access=GUARDED) as scene:
        for path in ("state", "teardown", "api/v1"):
            answer = await asked(scene, f"/{path}", "claims")
            assert answer.status == 403, path
            assert "has claims and no value" in answer.text


async def test_who_may_not_is_refused() -> None:
    async with master(access=GUARDED) as scene:
        for method, path in (
            ("GET", "state"),
            ("GET", "files/debug"),
            ("POST", "teardown"),
            ("POST", "api/v1"),
        ):
            answer = await asked(scene, f"/{path}", "bob", method)
            assert (answer.status, answer.text) == (403, "403 Forbidden."), path
            assert (await asked(scene, f"/{path}", "ann", method)).status in (200, 400), path
        assert (await asked(scene, "/master/roles.json", "bob")).status == 200
        assert (await asked(scene, "/health", "bob")).status == 200


async def test_methods_and_leaders_come_before_permission() -> None:
    async with master(access=GUARDED) as scene:
        assert (await asked(scene, "/teardown", "bob")).status == 405
        assert (await asked(scene, "/teardown")).status == 401
    async with master(leader=Leader("m2:5050", is_here=False), access=GUARDED) as scene:
        for path in ("teardown", "state", "api/v1"):
            answer = await asked(scene, f"/{path}", "bob")
            assert (answer.status, answer.headers["location"]) == (307, f"//m2:5050/{path}")
            assert (await asked(scene, f"/{path}")).status == 401


@pytest.mark.parametrize("path", ["flags", "containers", "monitor/statistics", "containerizer/debug"])
async def test_reads_take_any_method_until_somebody_decides_who_may(path: str, tmp_path: Path) -> None:
    for access, status in ((None, 200), (Access(by_name), 200), (GUARDED, 405)):
        async with busy_agent(tmp_path, access=access) as served:
            answer = await asked(served, f"/{path}", "ann", "POST")
            assert answer.status == status
            assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
            assert (await asked(served, f"/{path}", "ann")).status == 200


async def test_what_serves_a_request_knows_its_caller() -> None:
    async def show(request: web.BaseRequest) -> web.Response:
        return web.Response(text=f"{request[CALLER].principal} {anybody(request).principal}")

    process = Process(sock=bind("127.0.0.1", 0))
    for access, shown in ((Access(by_name), "ann ann"), (None, "None None")):
        front = http_factory(process.runtime, "master", {"who": Endpoint(show)}, access=access)
        await process.listen(http=front)
        assert (await asked(Served(process, front), "/who", "ann")).text == shown
        await front.close(0.1)
    await process.close()


async def test_an_api_goes_by_the_caller_that_was_let_in() -> None:
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    table = SchedulerApi(runtime, PID("master", runtime.address), lambda: Leader("m", is_here=True)).table()
    front = http_factory(runtime, "master", table, access=Access(by_name))
    await process.listen(http=front)
    info = {"user": "u", "name": "n", "principal": "bob"}
    call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
    headers = {"Content-Type": "application/json", "Authorization": "ann"}
    body = json.dumps(call).encode()
    answer = await Served(process, front).ask("/api/v1/scheduler", "POST", body, headers)
    assert (answer.status, "principal" in answer.text, "ann" in answer.text) == (400, True, True)
    answer = await Served(process, front).ask("/api/v1/scheduler", "POST", body)
    assert answer.headers["www-authenticate"] == 'Basic realm="mesos-master-scheduler"'
    await process.close()
    await front.close(0.1)


async def test_executors_may_be_asked_in_another_way(tmp_path: Path) -> None:
    async with busy_agent(tmp_path, access=GUARDED) as served:
        answer = await asked(served, "/api/v1/executor", "ann", "POST")
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="mesos-agent-executor"'
