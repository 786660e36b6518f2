"""The executor API before an agent that does what a test tells it."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest

from actors import PID, Actor, Process, bind, handles
from cluster.agent.http_calls import Admitted, HttpCall, Refusal, Refused
from cluster.http import HttpLimits, http_factory
from cluster.http.v1 import executor_api
from cluster.http.v1.executor_api import ExecutorApi
from cluster.model import (
    AgentID,
    AgentInfo,
    CommandInfo,
    ContainerID,
    DurationInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    TaskGroupInfo,
    TaskID,
    TaskInfo,
    TaskState,
)
from cluster.protocol import executor as protocol
from cluster.v1 import json as v1_json
from cluster.v1 import protobuf
from cluster.v1.executor import Call, Event
from tests.limits import LIMIT_S
from tests.unit.http.wire import Answer, asked

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
NAMES = {"framework_id": {"value": "F"}, "executor_id": {"value": "e"}}
UUID = bytes(range(16))
STATUS = {
    "task_id": {"value": "t"},
    "state": "TASK_RUNNING",
    "source": "SOURCE_EXECUTOR",
    "uuid": base64.b64encode(UUID).decode(),
}
SUBSCRIBED = protocol.Subscribed(
    executor_info=ExecutorInfo(
        type=ExecutorInfo.Type.CUSTOM, executor_id=ExecutorID("e"), command=CommandInfo(value="./e")
    ),
    framework_info=FrameworkInfo(user="u", name="n", id=FrameworkID("F")),
    agent_info=AgentInfo(hostname="h", port=5051, id=AgentID("S0")),
    container_id=ContainerID("c"),
)


class FakeAgent(Actor):
    """Admits calls unless it is to refuse, and remembers them; subscribes whoever wants it."""

    def __init__(self) -> None:
        self.refuses: Refused | None = None
        self.calls: list[HttpCall] = []
        self.subscribers: list[PID] = []
        self.subscriptions: list[protocol.Subscribe] = []
        self.exits: list[PID] = []
        self.greets = True
        self.changed = asyncio.Event()

    @handles
    def on_http_call(self, sender: PID, message: HttpCall) -> None:
        self.calls.append(message)
        self.send(sender, self.refuses or Admitted())

    @handles
    def on_subscribe(self, sender: PID, message: protocol.Subscribe) -> None:
        self.link(sender)
        self.subscribers.append(sender)
        self.subscriptions.append(message)
        if self.greets:
            self.tell(SUBSCRIBED)
        self.changed.set()

    def on_exited(self, pid: PID, reason: str) -> None:
        self.exits.append(pid)
        self.changed.set()

    def tell(self, event: object, subscriber: int = -1) -> None:
        """Send an event."""
        self.send(self.subscribers[subscriber], event)

    async def until_exit(self) -> PID:
        """The next subscriber that is gone."""
        async with asyncio.timeout(LIMIT_S):
            while not self.exits:
                self.changed.clear()
                await self.changed.wait()
        return self.exits.pop()


class Stage:
    """A process with a fake agent and the executor API."""

    def __init__(self, process: Process, agent: FakeAgent) -> None:
        self.process = process
        self.agent = agent
        self.ask = partial(asked, process.runtime.address)

    def call(self, call: object, **more: Any) -> AbstractAsyncContextManager[Answer]:
        """Make a call in JSON."""
        return self.ask("/api/v1/executor", json.dumps(call).encode(), JSON | more)

    def subscribe(self, **headers: str) -> AbstractAsyncContextManager[Answer]:
        """Subscribe with nothing unacknowledged."""
        return self.call(NAMES | {"type": "SUBSCRIBE", "subscribe": {}}, **headers)


@asynccontextmanager
async def staged(body_bytes: int = 1 << 20) -> AsyncIterator[Stage]:
    process = Process(sock=bind("127.0.0.1", 0))
    agent = FakeAgent()
    pid = process.runtime.spawn(agent, "slave(1)")
    table = ExecutorApi(process.runtime, pid).table()
    front = http_factory(process.runtime, "slave(1)", table, HttpLimits(body_bytes=body_bytes))
    await process.listen(http=front)
    try:
        yield Stage(process, agent)
    finally:
        await process.close()
        await front.close(0.1)


def event(record: bytes) -> Any:
    return json.loads(record)


# -- what is refused --------------------------------------------------------------------------

UPDATE = NAMES | {"type": "UPDATE", "update": {"status": STATUS}}


def update(**changes: Any) -> dict[str, Any]:
    status = {name: value for name, value in (STATUS | changes).items() if value is not None}
    return NAMES | {"type": "UPDATE", "update": {"status": status}}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"type": "MESSAGE"}, "executor_id: "),
        ({"executor_id": {"value": "e"}, "type": "MESSAGE"}, "framework_id: "),
        (NAMES | {"framework_id": {}}, "framework_id.value: "),
        (NAMES | {"framework_id": "F"}, "framework_id: "),
        (NAMES, "type: "),
        (NAMES | {"type": "NO_SUCH_CALL"}, "type: "),
        (NAMES | {"type": 1}, "type: "),
        (NAMES | {"type": "SUBSCRIBE"}, "subscribe: "),
        (
            NAMES | {"type": "SUBSCRIBE", "subscribe": {"unacknowledged_updates": [{}]}},
            "subscribe.unacknowledged_updates[0].status: ",
        ),
        (NAMES | {"type": "UPDATE"}, "update: "),
        (NAMES | {"type": "UPDATE", "update": {}}, "update.status: "),
        (NAMES | {"type": "MESSAGE"}, "message: "),
        (NAMES | {"type": "MESSAGE", "message": {}}, "message.data: "),
        (NAMES | {"type": "MESSAGE", "message": {"data": "*"}}, "message.data: "),
        (update(uuid=None), "update.status.uuid: "),
        (update(uuid="AAEC"), "update.status.uuid: "),
        (update(source=None), "update.status.source: "),
        (update(source="SOURCE_AGENT"), "update.status.source: "),
        (update(state=None), "update.status.state: "),
        (update(state="TASK_NAPPING"), "update.status.state: "),
        (update(state="TASK_STAGING"), "update.status.state: "),
        (update(task_id=None), "update.status.task_id: "),
        (update(executor_id={"value": "other"}), "update.status.executor_id: "),
        (update(check_status={}), "update.status.check_status.type: "),
        (update(check_status={"type": "HTTP"}), "update.status.check_status.http: "),
        (update(timestamp="soon"), "update.status.timestamp: "),
        ([], ""),
        ("call", ""),
    ],
)
async def test_a_call_that_is_wrong_is_400_and_names_the_field(call: Any, words: str) -> None:
    async with staged() as s, s.call(call) as answer:
        text = (await answer.body()).decode()
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert text.startswith(words)
        assert len(text) > len(words)
        assert s.agent.calls == []


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "words"),
    [
        ("GET", JSON, b"", 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."),
        ("PUT", {}, b"", 405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'PUT'."),
        ("POST", {}, b"nonsense", 400, "header Content-Type: "),
        ("POST", {"Content-Type": "text/plain"}, b"nonsense", 415, "header Content-Type: "),
        ("POST", {"Content-Type": "application/json; charset=utf-8"}, b"{}", 415, "header Content-Type: "),
        ("POST", JSON, b"", 400, ""),
        ("POST", JSON, b"{", 400, ""),
        ("POST", JSON, b"\xff", 400, ""),
        ("POST", PROTOBUF, b"\xff", 400, ""),
        ("POST", JSON | {"Content-Encoding": "gzip"}, b"{}", 400, ""),
        ("POST", JSON, b" " * 5000, 413, ""),
        # Validation comes before Accept, which counts for SUBSCRIBE only.
        ("POST", JSON | {"Accept": "text/html"}, b"{}", 400, "executor_id: "),
    ],
)
async def test_requests_that_hold_no_call(
    method: str, headers: dict[str, str], body: bytes, status: int, words: str
) -> None:
    async with staged(body_bytes=4096) as s:
        async with s.ask("/api/v1/executor", body, headers, method) as answer:
            text = (await answer.body()).decode()
            assert answer.status == status
            assert text.startswith(words)
        if status == 405:
            assert answer.headers["allow"] == "POST"
        assert s.agent.calls == []


@pytest.mark.parametrize(
    ("accept", "status", "content_type"),
    [
        ("application/json", 200, "application/json"),
        ("application/x-protobuf", 200, "application/x-protobuf"),
        ("*/*", 200, "application/json"),
        ("application/x-protobuf, application/json", 200, "application/json"),
        ("application/json;q=0, application/x-protobuf", 200, "application/x-protobuf"),
        ("text/html", 406, "text/plain; charset=utf-8"),
        ("application/json;q=0", 406, "text/plain; charset=utf-8"),
    ],
)
async def test_accept_of_a_subscription(accept: str, status: int, content_type: str) -> None:
    async with staged() as s, s.subscribe(Accept=accept) as answer:
        assert (answer.status, answer.headers["content-type"]) == (status, content_type)
        assert len(s.agent.calls) == (status == 200)


@pytest.mark.parametrize(
    ("why", "status"),
    [
        (Refusal.RECOVERING, 503),
        (Refusal.UNKNOWN_FRAMEWORK, 400),
        (Refusal.UNKNOWN_EXECUTOR, 400),
        (Refusal.NOT_SUBSCRIBED, 403),
    ],
)
@pytest.mark.parametrize("kind", ["UPDATE", "SUBSCRIBE", "UNKNOWN"])
async def test_what_the_agent_refuses(kind: str, why: Refusal, status: int) -> None:
    async with staged() as s:
        s.agent.refuses = Refused(why, "executor_id: not now")
        call = UPDATE | {"type": kind, "subscribe": {}}
        async with s.call(call) as answer:
            assert (answer.status, await answer.body()) == (status, b"executor_id: not now")
        assert s.agent.subscribers == []
        assert s.process.runtime.metrics.value("http/bad_requests") == (status < 500)


async def test_without_an_agent_there_is_no_service() -> None:
    async with staged() as s:
        s.process.runtime.terminate(s.agent.pid)
        subscribe: dict[str, object] = NAMES | {"type": "SUBSCRIBE", "subscribe": {}}
        calls: tuple[object, ...] = (UPDATE, subscribe, NAMES | {"type": "HEARTBEAT"}, [])
        for call in calls:
            async with s.call(call) as answer:
                assert answer.status == 503
        async with s.ask("/api/v1/executor", method="GET") as answer:
            assert answer.status == 503, "before the method"


# -- what is passed on ------------------------------------------------------------------------


async def test_an_update() -> None:
    async with staged() as s:
        async with s.call(update(timestamp=1.5, data="aGk=")) as answer:
            assert (answer.status, await answer.body()) == (202, b"")
        (asked_of_agent,) = s.agent.calls
        assert (asked_of_agent.framework_id, asked_of_agent.executor_id) == (
            FrameworkID("F"),
            ExecutorID("e"),
        )
        assert isinstance(asked_of_agent.call, protocol.Update)
        status = asked_of_agent.call.status
        assert (status.state, status.uuid, status.data, status.timestamp) == (
            TaskState.TASK_RUNNING, UUID, b"hi", 1.5,
        )  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/api/v1/executor", "/slave(1)/api/v1/executor", "/slave%281%29/api/v1/executor"]
)
@pytest.mark.parametrize("is_packed", [False, True])
async def test_a_message_by_every_path_and_encoding(path: str, is_packed: bool) -> None:
    call = Call(
        framework_id=FrameworkID("F"), executor_id=ExecutorID("e"),
        type=Call.Type.MESSAGE, message=Call.Message(data=b"\0\xff"),
    )  # fmt: skip
    body = protobuf.encode(call)
    headers = PROTOBUF | ({"Content-Encoding": "gzip"} if is_packed else {})
    async with staged() as s:
        async with s.ask(path, gzip.compress(body) if is_packed else body, headers) as answer:
            assert answer.status == 202
        message = protocol.MessageToScheduler(FrameworkID("F"), ExecutorID("e"), b"\0\xff")
        assert s.agent.calls == [HttpCall(FrameworkID("F"), ExecutorID("e"), message)]


async def test_a_heartbeat_is_taken_under_any_name_and_an_unknown_type_is_501() -> None:
    async with staged() as s:
        unused = {"framework_id": {"value": "unused"}, "executor_id": {"value": "unused"}}
        async with s.call(unused | {"type": "HEARTBEAT"}, Accept="text/html") as answer:
            assert (answer.status, s.agent.calls) == (202, [])
        async with s.call(NAMES | {"type": "UNKNOWN"}) as answer:
            assert answer.status == 501
            assert (await answer.body()).startswith(b"type: ")


# -- streams ----------------------------------------------------------------------------------


async def test_a_stream_in_bytes() -> None:
    async with staged() as s, s.subscribe() as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert not answer.headers.keys() & {"content-length", "mesos-stream-id", "content-encoding"}
        record = (
            b'{"type":"SUBSCRIBED","subscribed":{"executor_info":{"type":"CUSTOM","executor_id":{"value":"e"},'
            b'"command":{"shell":true,"value":"./e"}},"framework_info":{"user":"u","name":"n",'
            b'"id":{"value":"F"},"failover_timeout":0.0,"checkpoint":false},'
            b'"agent_info":{"hostname":"h","port":5051,"id":{"value":"S0"}},"container_id":{"value":"c"}}}'
        )
        assert await answer.chunk() == b"%d\n%b" % (len(record), record)
        s.agent.tell(protocol.Shutdown())
        assert await answer.chunk() == b'19\n{"type":"SHUTDOWN"}'


EVENTS: list[tuple[object, dict[str, Any]]] = [
    (
        protocol.Launch(TaskInfo(name="é", task_id=TaskID("t"), agent_id=AgentID("S0"))),
        {
            "type": "LAUNCH",
            "launch": {"task": {"name": "é", "task_id": {"value": "t"}, "agent_id": {"value": "S0"}}},
        },
    ),
    (
        protocol.LaunchGroup(
            TaskGroupInfo(tasks=(TaskInfo(name="a", task_id=TaskID("t"), agent_id=AgentID("S0")),))
        ),
        {
            "type": "LAUNCH_GROUP",
            "launch_group": {
                "task_group": {
                    "tasks": [{"name": "a", "task_id": {"value": "t"}, "agent_id": {"value": "S0"}}]
                }
            },
        },
    ),
    (
        protocol.Kill(TaskID("t"), KillPolicy(grace_period=DurationInfo(nanoseconds=3_000_000_000))),
        {
            "type": "KILL",
            "kill": {
                "task_id": {"value": "t"},
                "kill_policy": {"grace_period": {"nanoseconds": 3_000_000_000}},
            },
        },
    ),
    (protocol.Kill(TaskID("t")), {"type": "KILL", "kill": {"task_id": {"value": "t"}}}),
    (
        protocol.Acknowledged(TaskID("t"), UUID),
        {
            "type": "ACKNOWLEDGED",
            "acknowledged": {"task_id": {"value": "t"}, "uuid": "AAECAwQFBgcICQoLDA0ODw=="},
        },
    ),
    (protocol.MessageFromScheduler(b"hi"), {"type": "MESSAGE", "message": {"data": "aGk="}}),
    (protocol.Shutdown(), {"type": "SHUTDOWN"}),
]


@pytest.mark.parametrize(("told", "shown"), EVENTS, ids=lambda value: type(value).__name__)
async def test_events_in_both_forms(told: object, shown: dict[str, Any]) -> None:
    async with staged() as s, s.subscribe() as one, s.subscribe(Accept="application/x-protobuf") as two:
        await two.records(1)
        s.agent.tell(told, 0)
        s.agent.tell(told, 1)
        (record,) = await two.records(1)
        assert json.loads(_json(record)) == shown
    async with staged() as s, s.subscribe() as one:
        await one.records(1)
        s.agent.tell(told)
        (record,) = await one.records(1)
        assert event(record) == shown
        assert b" " not in record


def _json(record: bytes) -> bytes:
    return v1_json.encode(protobuf.decode(Event, record))


async def test_what_is_repeated_is_passed_on() -> None:
    call = NAMES | {
        "type": "SUBSCRIBE",
        "subscribe": {
            "unacknowledged_tasks": [
                {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "S0"}, "more": 1}
            ],
            "unacknowledged_updates": [{"status": STATUS}],
        },
    }
    async with staged() as s, s.call(call) as answer:
        await answer.records(1)
        (made,) = s.agent.subscriptions
        assert [task.task_id.value for task in made.unacknowledged_tasks] == ["t"]
        assert [status.uuid for status in made.unacknowledged_updates] == [UUID]


async def test_events_of_one_moment_come_together() -> None:
    async with staged() as s, s.subscribe() as answer:
        await answer.records(1)
        for number in range(100):
            s.agent.tell(protocol.MessageFromScheduler(b"%d" % number))
        found = await answer.records(100)
        data = [base64.b64decode(event(record)["message"]["data"]) for record in found]
        assert data == [b"%d" % number for number in range(100)]


async def test_heartbeats_come_at_their_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    assert executor_api.HEARTBEAT_S == 30 * 60
    monkeypatch.setattr(executor_api, "HEARTBEAT_S", 0.02)
    async with staged() as s, s.subscribe() as answer:
        kinds = [event((await answer.records(1))[0])["type"] for _ in range(3)]
        assert kinds == ["SUBSCRIBED", "HEARTBEAT", "HEARTBEAT"]


@pytest.mark.parametrize("last", [protocol.Shutdown(), protocol.Error("no")])
async def test_a_subscription_that_is_not_taken_ends_with_one_event(last: Any) -> None:
    async with staged() as s:
        s.agent.greets = False
        async with s.subscribe() as answer:
            s.agent.tell(last)
            (record,) = await answer.records(1)
            assert event(record)["type"] == type(last).__name__.upper()
            assert await answer.chunk() == b""
        assert await s.agent.until_exit() == s.agent.subscribers[0]


async def test_a_new_subscription_ends_the_one_before_without_a_word() -> None:
    async with staged() as s, s.subscribe() as one:
        await one.records(1)
        async with s.subscribe() as two:
            await two.records(1)
            assert await one.chunk() == b""
            assert await s.agent.until_exit() == s.agent.subscribers[0]
            s.agent.tell(protocol.Shutdown())
            await two.records(1)
            assert s.process.runtime.metrics.value("http/executors") == 1
        await s.agent.until_exit()
        assert s.process.runtime.metrics.value("http/executors") == 0


async def test_one_that_is_not_taken_leaves_the_one_before_alone() -> None:
    async with staged() as s, s.subscribe() as one:
        await one.records(1)
        s.agent.greets = False
        async with s.subscribe() as two:
            s.agent.tell(protocol.Shutdown())
            await two.records(1)
        s.agent.tell(protocol.MessageFromScheduler(b"still there"), 0)
        await one.records(1)


async def test_the_agent_hears_that_an_executor_is_gone() -> None:
    async with staged() as s:
        async with s.subscribe() as answer:
            await answer.records(1)
        assert await s.agent.until_exit() == s.agent.subscribers[0]


async def test_the_end_of_the_agent_ends_streams() -> None:
    async with staged() as s, s.subscribe() as answer:
        await answer.records(1)
        s.process.runtime.terminate(s.agent.pid)
        assert await answer.chunk() == b""


async def test_strangers_cannot_speak_for_the_agent() -> None:
    async with staged() as s, s.subscribe() as answer:
        await answer.records(1)
        stranger = s.process.runtime.spawn(Actor(), "stranger")
        for forged in (protocol.Shutdown(), SUBSCRIBED, protocol.Error("no"), protocol.Kill(TaskID("t"))):
            s.process.runtime.send(s.agent.subscribers[0], forged, stranger)
        s.agent.tell(protocol.MessageFromScheduler(b"hi"))
        (record,) = await answer.records(1)
        assert event(record)["type"] == "MESSAGE"
