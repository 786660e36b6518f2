"""One small life of a cluster; every answer and event is compared with its file.

Ids, addresses and times are replaced by words. After a wanted change: `TEPUI_WRITE_GOLDEN=1 pytest ...`, and
read the difference.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from cluster.http.v1.operator_api import LATER
from cluster.model import AgentID, FrameworkID, TaskState
from cluster.protocol import agent, scheduler
from cluster.v1.master import Call, Event
from tests.unit.http.operator_kit import Served, Stream, cluster, served, subscribed

S = TaskState
FOLDER = Path(__file__).parent
READS = (
    "GET_HEALTH", "GET_FLAGS", "GET_VERSION", "GET_LOGGING_LEVEL", "GET_STATE", "GET_AGENTS",
    "GET_FRAMEWORKS", "GET_EXECUTORS", "GET_OPERATIONS", "GET_TASKS", "GET_ROLES", "GET_WEIGHTS",
    "GET_MASTER", "GET_MAINTENANCE_STATUS", "GET_MAINTENANCE_SCHEDULE", "GET_QUOTA",
)  # fmt: skip
#: Calls that have no file: of later features, orders, and those whose answer is different each time.
WITHOUT = {
    *(kind.value for kind in LATER),
    "UNKNOWN", "SUBSCRIBE", "SET_LOGGING_LEVEL", "TEARDOWN", "MARK_AGENT_GONE", "GET_METRICS", "LIST_FILES",
    "READ_FILE",
}  # fmt: skip


def worded(text: str, at: Served) -> str:
    """JSON with words in place of what differs from run to run."""
    port = at.runtime.address.rpartition(":")[2]
    text = text.replace(at.master.context.ids.master, "MASTER-ID")
    text = re.sub(rf'"port":{port}\b', '"port":"PORT"', text)
    text = re.sub(rf":{port}\b", ":PORT", text)
    text = re.sub(r'"nanoseconds":[1-9]\d*', '"nanoseconds":"TIME"', text)
    text = re.sub(r'"((?:start|elected|build)_time)":[0-9.e+]+', r'"\1":"TIME"', text)
    text = re.sub(r'"build_date":"[^"]*"', '"build_date":"DATE"', text)
    text = re.sub(r'"timestamp":(?!1700000000\.5)[0-9.e+]+', '"timestamp":"TIME"', text)
    return re.sub(r'"build_user":"[^"]*"', '"build_user":"USER"', text)


def compare(name: str, body: bytes, at: Served) -> None:
    """Compare with the file, or write it."""
    got = json.dumps(json.loads(worded(body.decode(), at)), indent=1, ensure_ascii=False) + "\n"
    path = FOLDER / f"{name}.json"
    if os.environ.get("TEPUI_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(got)
    assert got == path.read_text(), f"{name} differs from its file"


async def scene(at: Served) -> tuple[Any, str, Any, str]:
    """A task that runs, one that ended."""
    home, agent_id, framework, framework_id = await cluster(at)
    await at.launch(framework, framework_id, agent_id, "runs", "ends")
    at.tell(framework, scheduler.Suppress(FrameworkID(framework_id)))  # no offers from here on
    at.update(home, framework_id, agent_id, "runs", S.TASK_RUNNING)
    at.update(home, framework_id, agent_id, "ends", S.TASK_FINISHED, 2)
    await framework.next(scheduler.Update)
    end = (await framework.next(scheduler.Update)).status
    assert end.uuid is not None
    at.tell(
        framework, scheduler.Acknowledge(FrameworkID(framework_id), AgentID(agent_id), end.task_id, end.uuid)
    )
    while at.master.state.tally.used.milli.get("cpus") != 1000:
        await at.settled()
    return home, agent_id, framework, framework_id


async def test_answers() -> None:
    async with served() as at:
        await scene(at)
        for name in READS:
            status, body = await at.post({"type": name})
            assert status == 200, (name, body)
            compare(f"response/{name}", body, at)


def test_every_call_is_compared_or_excused() -> None:
    assert {kind.value for kind in Call.Type} == {*READS, *WITHOUT}
    assert not WITHOUT & set(READS)


async def told(stream: Stream, at: Served, kind: Event.Type) -> None:
    """The next event, which must be of this type, as its file says."""
    record = await stream.record()
    while record == b'{"type":"HEARTBEAT"}' and kind is not Event.Type.HEARTBEAT:
        record = await stream.record()
    assert json.loads(record)["type"] == kind.value
    compare(f"event/{kind.value}", record, at)


async def test_events() -> None:
    kinds = Event.Type
    async with served() as at, subscribed(at) as stream:
        await told(stream, at, kinds.SUBSCRIBED)
        await told(stream, at, kinds.HEARTBEAT)
        home, agent_id, framework, framework_id = await cluster(at)
        await told(stream, at, kinds.AGENT_ADDED)
        await told(stream, at, kinds.FRAMEWORK_ADDED)
        await at.launch(framework, framework_id, agent_id, "t1")
        await told(stream, at, kinds.TASK_ADDED)
        at.update(home, framework_id, agent_id, "t1", S.TASK_FINISHED)
        await told(stream, at, kinds.TASK_UPDATED)
        at.runtime.terminate(framework.pid)
        await told(stream, at, kinds.FRAMEWORK_UPDATED)
        await at.post({"type": "TEARDOWN", "teardown": {"framework_id": {"value": framework_id}}})
        await told(stream, at, kinds.FRAMEWORK_REMOVED)
        at.tell(home, agent.UnregisterAgent(agent_id))
        await told(stream, at, kinds.AGENT_REMOVED)
    assert {path.stem for path in (FOLDER / "event").glob("*.json")} == {k.value for k in kinds} - {"UNKNOWN"}
