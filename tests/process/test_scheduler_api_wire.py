"""The scheduler API byte by byte, against a real master: heads, chunks, records, statuses.

Source: reference scheduler-executor-api.md §1 and §2.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.process.cluster import running_cluster
from tests.process.wire import (
    JSON,
    LIMIT_S,
    PATH,
    PROTOBUF,
    Answer,
    Broken,
    Scheduler,
    Stream,
    ask,
    request,
    subscribe_body,
)

pytestmark = pytest.mark.process

GHOST = {"task_id": {"value": "ghost-ü-\N{SNOWMAN}"}}


async def against_a_master(root: Path, script: Callable[[str], object], *flags: str) -> str:
    """Run a script against a master of its own; what the master logged."""
    async with running_cluster(root) as c:
        master = await c.master(*flags)
        await asyncio.to_thread(script, master.address)
    return "\n".join(master.lines)


# -- the stream -------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3, 65536])
async def test_the_head_and_the_first_events(tmp_path: Path, step: int) -> None:
    def script(address: str) -> None:
        with Scheduler(address, step) as framework:
            stream = framework.stream
            assert stream.headers["content-type"] == JSON
            assert stream.headers["transfer-encoding"] == "chunked"
            assert "content-length" not in stream.headers
            assert "content-encoding" not in stream.headers
            assert str(uuid.UUID(stream.stream_id)) == stream.stream_id
            assert framework.subscribed["heartbeat_interval_seconds"] == 15.0
            master = framework.subscribed["master_info"]
            assert (master["pid"], master["version"]) == (f"master@{address}", "1.11.0")
            assert framework.framework_id == {"value": f"{master['id']}-0000"}
            assert stream.record() == b'{"type":"HEARTBEAT"}'

    await against_a_master(tmp_path, script)


async def test_lengths_count_bytes_however_the_stream_is_cut(tmp_path: Path) -> None:
    """Characters of several bytes, records of many sizes, read in steps that fit none of them."""

    def script(address: str) -> None:
        with Scheduler(address, step=7, capabilities=[{"type": "PARTITION_AWARE"}]) as framework:
            ghosts = [{"task_id": {"value": GHOST["task_id"]["value"] + "ä" * n}} for n in range(120)]
            framework.done("RECONCILE", tasks=ghosts)
            for ghost in ghosts:
                status = framework.stream.wait_for("UPDATE")["status"]
                assert status["task_id"] == ghost["task_id"]
                assert (status["state"], status["source"], status["reason"], status["message"]) == (
                    "TASK_UNKNOWN", "SOURCE_MASTER", "REASON_RECONCILIATION",
                    "Reconciliation: Task is unknown",
                )  # fmt: skip
                assert "uuid" not in status

    await against_a_master(tmp_path, script)


async def test_the_answer_has_the_form_that_is_accepted(tmp_path: Path) -> None:
    """JSON comes first where both will do; the form of the request means nothing for the answer."""

    def script(address: str) -> None:
        wanted = {
            None: JSON,
            "*/*": JSON,
            PROTOBUF: PROTOBUF,
            f"{PROTOBUF}, {JSON}": JSON,
            f"{JSON};q=0, {PROTOBUF}": PROTOBUF,
        }
        for accept, expected in wanted.items():
            headers = {"Content-Type": JSON} | ({"Accept": accept} if accept else {})
            with Stream(address, request(subscribe_body(), headers)) as stream:
                assert stream.headers["content-type"] == expected, accept
                assert stream.record()[:1] == (b"{" if expected == JSON else b"\x08"), accept

    await against_a_master(tmp_path, script)


async def test_a_client_of_http_1_0_gets_the_stream_without_chunks(tmp_path: Path) -> None:
    def script(address: str) -> None:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), LIMIT_S) as connection:
            connection.sendall(request(subscribe_body(), {"Content-Type": JSON}, version="1.0"))
            data = b""
            while b'{"type":"HEARTBEAT"}' not in data:
                data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"chunked" not in head
        length, _, rest = body.partition(b"\n")
        assert rest[int(length) :] == b'20\n{"type":"HEARTBEAT"}'

    await against_a_master(tmp_path, script)


async def test_both_paths_and_a_body_of_gzip(tmp_path: Path) -> None:
    def script(address: str) -> None:
        packed = gzip.compress(subscribe_body())
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        with Stream(address, request(packed, headers, f"/master{PATH}")) as stream:
            framework_id = stream.wait_for("SUBSCRIBED")["framework_id"]
            call = json.dumps({"type": "REVIVE", "framework_id": framework_id}).encode()
            more = {**headers, "Mesos-Stream-Id": stream.stream_id}
            answer = ask(address, gzip.compress(call), more, f"/master{PATH}")
            assert (answer.status, answer.body) == (202, b"")
            assert "transfer-encoding" not in answer.headers

    await against_a_master(tmp_path, script)


# -- refusals ---------------------------------------------------------------------------------


class Case:
    """A bad request, what it is answered, and with which words."""

    def __init__(
        self, status: int, words: str, body: bytes | dict[str, Any], *, method: str = "POST", **headers: str
    ) -> None:
        self.status = status
        self.words = words
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.method = method
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers = {name: value for name, value in named.items() if value}
        if "Content-Type" not in named:
            self.headers["Content-Type"] = JSON


SUBSCRIBE = json.loads(subscribe_body())
ID = {"value": "F"}


def call_of(kind: str, **member: Any) -> dict[str, Any]:
    """A call of a framework that does not exist."""
    return {"type": kind, "framework_id": ID, kind.lower(): member}


TASK = {"task_id": {"value": "t"}}
#: In the order of the checks; each breaks only its own rule and later ones.
CASES = {
    "GET": Case(405, "405 Method Not Allowed", b"", method="GET", Content_Type=""),
    "PUT": Case(405, "received 'PUT'", b"{", method="PUT", Content_Type="text/plain"),
    "no type": Case(400, "Content-Type", b"{", Content_Type=""),
    "other type": Case(415, "'text/plain'", b"{", Content_Type="text/plain"),
    "parameter": Case(415, "charset=utf-8", b"{", Content_Type=f"{JSON}; charset=utf-8"),
    "no body": Case(400, "", b""),
    "no JSON": Case(400, "", b"{", Accept="text/plain"),
    "an array": Case(400, "", b"[]"),
    "half UTF-8": Case(400, "", b'{"type":"\xc3"}'),
    "deep": Case(400, "", b'{"a":' * 300 + b"1" + b"}" * 300),
    "no gzip": Case(400, "gzip", b"{}", Content_Encoding="gzip"),
    "no protobuf": Case(400, "", b"\xff\xff\xff", Content_Type=PROTOBUF),
    "type of a field": Case(400, "framework_id", {"type": "KILL", "framework_id": 1}),
    "no call type": Case(400, "type", {"framework_id": ID}),
    "strange call type": Case(400, "type", {"type": "DANCE", "framework_id": ID}),
    "enum as a number": Case(400, "type", {"type": 2, "framework_id": ID}),
    "no member": Case(400, "kill", {"type": "KILL", "framework_id": ID}),
    "no field": Case(400, "kill.task_id", call_of("KILL")),
    "no id": Case(400, "framework_id", {"type": "TEARDOWN"}),
    "two ids": Case(400, "framework_id", {**SUBSCRIBE, "framework_id": ID}),
    "no info": Case(400, "framework_info", {"type": "SUBSCRIBE", "subscribe": {}}),
    "short uuid": Case(
        400, "acknowledge.uuid", call_of("ACKNOWLEDGE", agent_id=ID, uuid="AAAA", **TASK), Accept="no/thing"
    ),
    "no base64": Case(400, "uuid", call_of("ACKNOWLEDGE", agent_id=ID, uuid="*", **TASK)),
    "no agent": Case(
        400, "agent_id",
        call_of("ACKNOWLEDGE_OPERATION_STATUS", uuid="A" * 22 + "==", operation_id=ID),
    ),
    "two ids in an update": Case(
        400, "framework_id", call_of("UPDATE_FRAMEWORK", framework_info={"user": "u", "name": "n"})
    ),
    "accept": Case(406, "Accept", SUBSCRIBE, Accept="text/html", Mesos_Stream_Id="x"),
    "accept of operations": Case(406, "Accept", call_of("RECONCILE_OPERATIONS"), Accept="text/html"),
    "subscribe with a stream": Case(400, "Mesos-Stream-Id", SUBSCRIBE, Mesos_Stream_Id="x"),
    "unknown framework": Case(400, "F", call_of("KILL", **TASK), Accept="text/html"),
    "unknown type and framework": Case(400, "F", {"type": "UNKNOWN", "framework_id": ID}),
}  # fmt: skip


async def test_what_is_wrong_is_said_in_the_order_of_the_checks(tmp_path: Path) -> None:
    def script(address: str) -> None:
        for name, case in CASES.items():
            answer = ask(address, case.body, case.headers, method=case.method)
            assert answer.status == case.status, (name, answer)
            assert case.words in answer.text, (name, answer)
            assert answer.text, name
            assert answer.headers["content-type"] == "text/plain; charset=utf-8", name
            assert "mesos-stream-id" not in answer.headers, name
            if case.status == 405:
                assert answer.headers["allow"] == "POST"
        with Scheduler(address) as framework:  # and nobody else suffers
            framework.done("REVIVE")

    log = await against_a_master(tmp_path, script)
    assert "Traceback" not in log


async def test_a_body_over_the_limit(tmp_path: Path) -> None:
    def script(address: str) -> None:
        packed = gzip.compress(b" " * (17 << 20))
        answer = ask(address, packed, {"Content-Type": JSON, "Content-Encoding": "gzip"})
        assert answer.status == 413, answer

    await against_a_master(tmp_path, script)


async def test_only_the_present_stream_may_call(tmp_path: Path) -> None:
    """Stream ids, framework ids and connections belong together; the checks have their order here too."""

    def script(address: str) -> None:
        with Scheduler(address) as framework, Scheduler(address) as other:
            assert framework.stream.stream_id != other.stream.stream_id
            plain = {"Content-Type": JSON}
            missing = ask(address, framework.body("REVIVE"), plain)
            assert missing.status == 400
            assert "Mesos-Stream-Id: is missing" in missing.text
            wrong = framework.call("REVIVE", headers={"Mesos-Stream-Id": other.stream.stream_id})
            assert (wrong.status, "is not the present stream" in wrong.text) == (400, True)
            assert framework.call("UNKNOWN", headers={"Mesos-Stream-Id": "x"}).status == 400
            unknown = framework.call("UNKNOWN")
            assert unknown.status == 501
            framework.done("REVIVE")
            other.done("TEARDOWN")
            assert other.stream.rest()[-1:] in ([], [{"type": "HEARTBEAT"}])
            gone = other.call("REVIVE")
            assert (gone.status, other.framework_id["value"] in gone.text) == (400, True)

    await against_a_master(tmp_path, script)


async def test_calls_for_frameworks_that_are_not_there_or_came_another_way(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        mine = await c.framework(master)
        stranger = json.dumps({"type": "REVIVE", "framework_id": {"value": mine.framework_id}}).encode()
        headers = {"Content-Type": JSON}  # the missing stream id would be the next complaint
        answer = await asyncio.to_thread(ask, master.address, stranger, headers)
        assert (answer.status, "over HTTP" in answer.text) == (403, True)
        framework = await asyncio.to_thread(Scheduler, master.address)
        framework.close()
        await master.line(r"framework \S+-0001 is disconnected: the client went away")
        answer = await asyncio.to_thread(framework.call, "REVIVE")
        assert (answer.status, "is not subscribed" in answer.text) == (403, True)


# -- subscribing again ------------------------------------------------------------------------


async def test_a_new_subscription_takes_over(tmp_path: Path) -> None:
    def script(address: str) -> None:
        with Scheduler(address) as old:
            with Scheduler(address, id=old.framework_id) as new:
                assert new.framework_id == old.framework_id
                *before, last = old.stream.rest()
                assert last == {"type": "ERROR", "error": {"message": "Framework failed over"}}
                assert all(event["type"] == "HEARTBEAT" for event in before)
                assert old.call("REVIVE").status == 400
                new.done("REVIVE")
                new.done("RECONCILE", tasks=[GHOST])
                assert new.stream.wait_for("UPDATE")["status"]["state"] == "TASK_LOST"
            with Scheduler(address, id=old.framework_id) as third:  # the second has only left
                third.done("REVIVE")

    await against_a_master(tmp_path, script)


async def test_refused_subscriptions_are_told_on_the_stream(tmp_path: Path) -> None:
    """Everything the request alone does not show: 200, an ERROR event, and the end of the stream."""

    def script(address: str) -> None:
        with Scheduler(address, principal="p") as framework, Scheduler(address) as ended:
            ended.done("TEARDOWN")
            ended.stream.rest()
            refused = {
                "removed": subscribe_body(id=ended.framework_id),
                "principal": subscribe_body(id=framework.framework_id, principal="q"),
                "role": subscribe_body(role="a b"),
                "must not be set": subscribe_body(
                    roles=["a"], role="b", capabilities=[{"type": "MULTI_ROLE"}]
                ),
            }
            for word, body in refused.items():
                with Stream(address, request(body, {"Content-Type": JSON})) as stream:
                    assert stream.status_line == "HTTP/1.1 200 OK"
                    (event,) = stream.rest()
                    assert event["type"] == "ERROR"
                    assert word in event["error"]["message"], (word, event)
            framework.done("REVIVE")  # its subscription is what it was

    await against_a_master(tmp_path, script)


async def test_update_framework_answers_by_status(tmp_path: Path) -> None:
    def script(address: str) -> None:
        with Scheduler(address) as framework:
            old = {"user": "root", "name": "new name", "failover_timeout": 1.5, "id": framework.framework_id}
            done = framework.call("UPDATE_FRAMEWORK", framework_info=old)
            assert (done.status, done.body) == (200, b"")
            for field, value in {"user": "you", "principal": "p", "checkpoint": True, "role": "a b"}.items():
                bad = framework.call("UPDATE_FRAMEWORK", framework_info={**old, field: value})
                assert (bad.status, field in bad.text) == (400, True), bad
            suppressed = framework.call("UPDATE_FRAMEWORK", framework_info=old, suppressed_roles=["other"])
            assert suppressed.status == 400
            framework.done("REVIVE")  # none of this ended the subscription

    await against_a_master(tmp_path, script)


async def test_calls_about_operations_and_inverse_offers(tmp_path: Path) -> None:
    def script(address: str) -> None:
        with Scheduler(address) as framework:
            framework.done("RECONCILE_OPERATIONS", operations=[{"operation_id": {"value": "o"}}])
            status = framework.stream.wait_for("UPDATE_OPERATION_STATUS")["status"]
            assert (status["operation_id"], status["state"]) == ({"value": "o"}, "OPERATION_UNKNOWN")
            framework.done("RECONCILE_OPERATIONS", operations=[])
            framework.done("ACCEPT_INVERSE_OFFERS", inverse_offer_ids=[{"value": "i"}])
            framework.done("DECLINE_INVERSE_OFFERS", inverse_offer_ids=[])
            framework.done("REQUEST", requests=[{"agent_id": {"value": "a"}}])
            framework.done(
                "ACKNOWLEDGE_OPERATION_STATUS",
                agent_id={"value": "a"}, uuid="A" * 22 + "==", operation_id={"value": "o"},
            )  # fmt: skip

    log = await against_a_master(tmp_path, script)
    assert "Traceback" not in log


# -- bad company ------------------------------------------------------------------------------


async def test_a_slow_reader_is_cut_off_and_nobody_else(tmp_path: Path) -> None:
    """Its buffer has a limit; then its connection breaks, and the framework counts as disconnected."""

    def script(address: str) -> None:
        with Scheduler(address, receive_buffer=4096) as slow, Scheduler(address) as quick:
            ghosts = [{"task_id": {"value": f"{n:05}" + "x" * 200}} for n in range(5000)]
            answers: list[Answer] = []
            while not answers or answers[-1].status == 202:
                assert len(answers) < 100, "a megabyte each, and still not cut off"
                answers.append(slow.call("RECONCILE", tasks=ghosts))
                quick.done("RECONCILE", tasks=[GHOST])
                assert quick.stream.wait_for("UPDATE")["status"]["task_id"] == GHOST["task_id"]
            assert answers[-1].status == 403, answers[-1]
            with pytest.raises((ConnectionResetError, Broken)):
                slow.stream.rest()
            with Scheduler(address, id=slow.framework_id) as again:
                again.done("REVIVE")

    log = await against_a_master(tmp_path, script, "--send_buffer_size=1MB")
    assert re.search(r"closing an event stream: the client reads too slowly: \d+ bytes wait", log)
    assert re.search(r"framework \S+-0000 is disconnected: the client reads too slowly", log)


async def test_a_thousand_calls_at_once_disturb_nobody(tmp_path: Path) -> None:
    """All are answered, in whatever order, while another framework goes on as if alone."""
    calls = 1000

    def script(address: str) -> None:
        host, _, port = address.rpartition(":")
        with Scheduler(address) as busy, Scheduler(address) as other:
            headers = {"Content-Type": JSON, "Mesos-Stream-Id": busy.stream.stream_id, "Connection": "close"}
            data = request(busy.body("RECONCILE", tasks=[GHOST]), headers)
            sockets = [socket.create_connection((host, int(port)), LIMIT_S) for _ in range(calls)]
            for connection in sockets:
                connection.sendall(data[:-1])
            for connection in sockets:
                connection.sendall(data[-1:])
            other.done("RECONCILE", tasks=[GHOST])
            other.stream.wait_for("UPDATE")
            for connection in sockets:
                with connection:
                    assert connection.makefile("rb").read().startswith(b"HTTP/1.1 202 Accepted\r\n")
            for _ in range(calls):
                busy.stream.wait_for("UPDATE")

    await against_a_master(tmp_path, script)


async def test_calls_in_one_write_are_answered_in_order(tmp_path: Path) -> None:
    def script(address: str) -> None:
        host, _, port = address.rpartition(":")
        with Scheduler(address) as framework, socket.create_connection((host, int(port)), LIMIT_S) as wire:
            headers = {"Content-Type": JSON, "Mesos-Stream-Id": framework.stream.stream_id}
            good = request(framework.body("REVIVE"), headers)
            unknown = request(framework.body("UNKNOWN"), {**headers, "Connection": "close"})
            wire.sendall(good + good + unknown)
            answers = wire.makefile("rb").read()
            assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"202", b"202", b"501"]

    await against_a_master(tmp_path, script)


async def test_half_requests_leave_nothing_behind(tmp_path: Path) -> None:
    def script(address: str) -> None:
        host, _, port = address.rpartition(":")
        whole = request(subscribe_body(), {"Content-Type": JSON})
        for length in (10, len(whole) // 2, len(whole) - 1):
            with socket.create_connection((host, int(port)), LIMIT_S) as connection:
                connection.sendall(whole[:length])
        with Scheduler(address) as framework:
            assert framework.framework_id["value"].endswith("-0000")  # none of them subscribed

    await against_a_master(tmp_path, script)


async def test_the_end_of_the_master_ends_streams_properly(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        framework = await asyncio.to_thread(Scheduler, master.address)
        assert await master.terminate() == 0
        with framework:
            assert await asyncio.to_thread(framework.stream.rest) == [{"type": "HEARTBEAT"}]
