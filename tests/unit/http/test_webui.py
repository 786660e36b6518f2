"""The files of the web page as they are served, and what the page asks besides."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from actors import PID
from cluster.http import webui
from cluster.http.page.history import NAME as HISTORY
from cluster.http.page.history import GetSamples, Samples
from cluster.http.v1.callers import Leader
from tests.unit.http.endpoints_kit import busy_master, master

FOLDER = Path(webui.__file__).parent / webui.FOLDER


async def test_the_page_may_load_nothing_but_its_own_files() -> None:
    async with master() as scene:
        answer = await scene.ask("/")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        for name in re.findall(r'(?:href|src)="(/webui/[^"]+)"', answer.text):
            found = await scene.ask(name)
            assert (found.status, found.body) == (200, (FOLDER / name.rpartition("/")[2]).read_bytes())
            assert found.headers["content-security-policy"] == policy
        for nothing in ("/webui", "/webui/x.js", "/webui/%2e%2e/webui.py", "/webui/../webui.py"):
            assert (await scene.ask(nothing)).status == 404


def test_nothing_comes_from_elsewhere_and_no_markup_is_made_of_texts() -> None:
    for path in FOLDER.iterdir():
        text = path.read_text()
        assert not re.findall(r"(?:src|href|url\(|import|fetch\()\W{0,3}(?:https?:)?//", text), path.name
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text), path.name
        assert not re.findall(r"\sstyle=|<script(?! type=\"module\" src)", text), path.name


def test_every_module_is_loaded_ahead() -> None:
    index = (FOLDER / "index.html").read_text()
    named = set(re.findall(r'/webui/(\w+\.js)"', index))
    assert named == {path.name for path in FOLDER.glob("*.js")}


async def test_a_browser_keeps_files_that_did_not_change() -> None:
    async with master() as scene:
        answer = await scene.ask("/webui/app.js", headers={"Accept-Encoding": "gzip"})
        tag = answer.headers["etag"]
        assert gzip.decompress(answer.body) == (FOLDER / "app.js").read_bytes()
        again = await scene.ask("/webui/app.js", headers={"If-None-Match": f'"other", W/{tag}'})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert (await scene.ask("/webui/app.js", headers={"If-None-Match": '"other"'})).status == 200


async def test_a_master_that_does_not_lead_sends_browsers_to_the_one_that_does() -> None:
    async with master(leader=Leader("m2:5050", is_here=False)) as scene:
        answer = await scene.ask("/")
        assert (answer.status, answer.headers["location"]) == (307, "//m2:5050/")
        assert await scene.json("/page/leader") == {"address": "m2:5050", "is_here": False}
        assert (await scene.ask("/webui/app.js")).status == 200
        assert (await scene.ask("/page/now")).status == 307
    async with master() as scene:
        assert (await scene.json("/page/leader"))["is_here"] is True


async def test_now_and_history() -> None:
    async with busy_master() as scene:
        now = await scene.json("/page/now")
        assert now["overview"]["agents"]["connected"] == 1
        assert now["overview"]["total"]["cpus"] == 10
        assert now["master"]["hostname"] == "m1"
        history: Samples = await scene.runtime.ask(PID(HISTORY, scene.runtime.address), GetSamples())
        found = await scene.json("/page/history")
        assert len(found["samples"]) >= len(history.samples)


async def test_roles_explanations_and_filters_come_from_the_allocator() -> None:
    async with busy_master() as scene:
        roles = {role["name"]: role for role in (await scene.json("/page/roles"))["roles"]}
        (one,) = roles["w"]["sharing"]["frameworks"]
        assert (one["id"], one["name"]) == (scene.framework_id, "work")
        why = await scene.json(f"/page/why?framework_id={scene.framework_id}&role=w")
        assert why["agents"] == why["offered"] + sum(one["agents"] for one in why["withheld"]) == 1
        assert (await scene.json(f"/page/filters?framework_id={scene.framework_id}"))["total"] >= 0
        for path in ("/page/why?framework_id=x&role=w", "/page/filters?framework_id=x"):
            assert (await scene.ask(path)).status == 404
        for path in ("/page/why?role=w", "/page/filters"):
            assert (await scene.ask(path)).status == 400


async def test_an_agent_that_cannot_be_asked_is_shown_all_the_same() -> None:
    async with busy_master() as scene:
        found = await scene.json(f"/page/agent?id={scene.agent_id}")
        assert found["agent"]["hostname"] == "a1"
        assert found["agent"]["attributes"]["rack"] == "r1"
        assert found["about"] is None
        assert "cannot be reached" in found["fault"]
        path = f"/page/files/read?agent_id={scene.agent_id}&path=/x"
        assert (await scene.ask(path)).status == 503
        assert (await scene.ask("/page/agent?id=x")).status == 404
        assert (await scene.ask(f"{path}&offset=many")).status == 400
        processes = await scene.json("/page/processes")
        assert {"master", "allocator"} <= {one["name"] for one in processes["actors"]}
