"""The event stream of operators on a real port."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from cluster.http.v1 import operator_events
from cluster.http.v1.recordio import Decoder
from cluster.model import Reason, TaskState
from cluster.protocol import agent, scheduler
from cluster.v1.codec import JSON, PROTOBUF, Codec
from cluster.v1.master import Event
from tests.unit.http.operator_kit import (
    AgentPart,
    SchedulerPart,
    Served,
    agent_info,
    cluster,
    framework_info,
    served,
    subscribed,
)

S = TaskState
E = Event.Type


@pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=["json", "protobuf"])
async def test_the_life_of_a_cluster_in_events(codec: Codec) -> None:
    async with served() as at, subscribed(at, codec) as stream:
        first = await stream.event()
        assert first.type is E.SUBSCRIBED
        assert first.subscribed is not None
        assert first.subscribed.heartbeat_interval_seconds == 15.0
        assert first.subscribed.get_state is not None
        assert (await stream.event()).type is E.HEARTBEAT

        home, agent_id, framework, framework_id = await cluster(at)
        added = (await stream.next(E.AGENT_ADDED)).agent_added
        assert added is not None
        assert added.agent.agent_info.id is not None
        assert added.agent.agent_info.id.value == agent_id
        new = (await stream.next(E.FRAMEWORK_ADDED)).framework_added
        assert new is not None
        assert new.framework.connected
        assert new.framework.unregistered_time is not None
        assert new.framework.unregistered_time.nanoseconds == 0

        await at.launch(framework, framework_id, agent_id, "t1")
        launched = (await stream.next(E.TASK_ADDED)).task_added
        assert launched is not None
        assert (launched.task.task_id.value, launched.task.state) == ("t1", S.TASK_STAGING)
        at.update(home, framework_id, agent_id, "t1", S.TASK_RUNNING)
        updated = (await stream.next(E.TASK_UPDATED)).task_updated
        assert updated is not None
        assert (updated.state, updated.status.state) == (S.TASK_RUNNING, S.TASK_RUNNING)
        assert updated.status.uuid is not None
        assert updated.framework_id.value == framework_id

        at.tell(framework, scheduler.Teardown(updated.framework_id))
        killed = (await stream.next(E.TASK_UPDATED)).task_updated
        assert killed is not None
        assert killed.state is S.TASK_KILLED
        changed = await stream.event()
        if changed.type is E.FRAMEWORK_UPDATED:
            changed = await stream.event()
        assert changed.framework_removed is not None
        assert changed.framework_removed.framework_info.id == updated.framework_id
        assert added.agent.agent_info.id is not None
        at.tell(home, agent.UnregisterAgent(agent_id))
        removed = (await stream.next(E.AGENT_REMOVED)).agent_removed
        assert removed is not None
        assert removed.agent_id.value == agent_id


async def test_a_repeated_status_is_no_news_but_a_check_is() -> None:
    async with served() as at:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        async with subscribed(at) as stream:
            await stream.next(E.SUBSCRIBED)
            check = Reason.REASON_TASK_CHECK_STATUS_UPDATED
            for number, state, reason in (
                (1, S.TASK_STARTING, None),
                (1, S.TASK_STARTING, None),
                (2, S.TASK_RUNNING, None),
                (3, S.TASK_RUNNING, check),
                (4, S.TASK_FINISHED, None),
            ):
                at.update(home, framework_id, agent_id, "t1", state, number, reason)
            told = [(await stream.next(E.TASK_UPDATED)).task_updated for _ in range(4)]
            assert [(one.state, one.status.reason) for one in told if one is not None] == [
                (S.TASK_STARTING, None),
                (S.TASK_RUNNING, None),
                (S.TASK_RUNNING, check),
                (S.TASK_FINISHED, None),
            ]


async def test_a_framework_that_disconnects_and_comes_back() -> None:
    async with served() as at:
        _, _, framework, _ = await cluster(at)
        async with subscribed(at) as stream:
            await stream.next(E.SUBSCRIBED)
            at.runtime.terminate(framework.pid)
            away = (await stream.next(E.FRAMEWORK_UPDATED)).framework_updated
            assert away is not None
            assert not away.framework.connected
            other = SchedulerPart()
            at.add(other, "scheduler-2")
            at.tell(other, scheduler.Subscribe(framework_info(id=away.framework.framework_info.id)))
            back = (await stream.next(E.FRAMEWORK_UPDATED)).framework_updated
            assert back is not None
            assert back.framework.connected


async def raw_subscription(at: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = at.runtime.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 16)
    body = b'{"type":"SUBSCRIBE"}'
    writer.write(
        b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    return reader, writer


async def test_the_bytes_on_the_wire() -> None:
    async with served() as at:
        reader, writer = await raw_subscription(at)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        assert head[0] == "HTTP/1.1 200 OK"
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        assert headers["content-type"] == "application/json"
        assert headers["transfer-encoding"] == "chunked"
        assert "mesos-stream-id" not in headers
        assert "content-encoding" not in headers
        decoder = Decoder(1 << 20)
        records: list[bytes] = []
        while len(records) < 2:
            size = int(await reader.readuntil(b"\r\n"), 16)
            records += decoder.feed(await reader.readexactly(size))
            assert await reader.readexactly(2) == b"\r\n"
        empty = {
            "get_tasks": {"tasks": [], "unreachable_tasks": [], "completed_tasks": []},
            "get_executors": {"executors": []},
            "get_frameworks": {"frameworks": [], "completed_frameworks": []},
            "get_agents": {"agents": [], "recovered_agents": []},
        }
        assert json.loads(records[0]) == {
            "type": "SUBSCRIBED",
            "subscribed": {"get_state": empty, "heartbeat_interval_seconds": 15.0},
        }
        assert records[1] == b'{"type":"HEARTBEAT"}'
        writer.close()


async def test_heartbeats_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_events, "HEARTBEAT_S", 0.02)
    async with served() as at, subscribed(at) as stream:
        assert (await stream.event()).type is E.SUBSCRIBED
        assert [(await stream.event()).type for _ in range(4)] == [E.HEARTBEAT] * 4


async def test_a_slow_reader_is_cut_off_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.http.v1.operator_api.BEHIND_BYTES", 1 << 20)
    async with served() as at:
        _, _, framework, framework_id = await cluster(at)
        _, writer = await raw_subscription(at)  # and never read
        async with subscribed(at) as stream:
            await stream.next(E.SUBSCRIBED)
            assert at.runtime.metrics.snapshot()["master/operator_event_stream_subscribers"] == 2
            told = 0
            while at.runtime.metrics.snapshot()["http/slow_readers"] == 0:
                told += 1
                large = framework_info(id=None, labels=None, name=f"{told}" + "x" * 300_000)
                part = SchedulerPart()
                at.add(part, f"scheduler-{told + 1}")
                at.tell(part, scheduler.Subscribe(large))
                event = (await stream.next(E.FRAMEWORK_ADDED)).framework_added
                assert event is not None
                assert event.framework.framework_info.name == large.name
                assert told < 200, "the slow reader takes without end"
            await at.settled()
            assert at.runtime.metrics.snapshot()["master/operator_event_stream_subscribers"] == 1
        writer.close()
        assert framework_id in at.master.state.frameworks
        assert framework.heard


async def test_who_leaves_is_forgotten_and_the_master_tells_nobody() -> None:
    async with served() as at:
        async with subscribed(at) as stream:
            await stream.next(E.SUBSCRIBED)
            assert at.master.context.feed.is_watched
        while at.runtime.metrics.snapshot()["master/operator_event_stream_subscribers"]:
            await at.settled()
        await at.settled()
        assert not at.master.context.feed.is_watched


async def test_one_too_many_closes_the_oldest() -> None:
    async with served(most_subscribers=2) as at, AsyncExitStack() as stack:
        streams = []
        for _ in range(3):
            streams.append(await stack.enter_async_context(subscribed(at)))
            await streams[-1].next(E.SUBSCRIBED)
        await streams[0].event()  # its first heartbeat
        with pytest.raises(EOFError):
            await streams[0].event()
        home = AgentPart()
        at.add(home, "slave(1)")
        at.tell(home, agent.RegisterAgent(agent_info(), "1.11.0", ()))
        for stream in streams[1:]:
            await stream.next(E.AGENT_ADDED)


async def test_a_hundred_subscribers_see_the_same() -> None:
    async with served() as at, AsyncExitStack() as stack:
        home, agent_id, framework, framework_id = await cluster(at)
        await at.launch(framework, framework_id, agent_id, "t1")
        streams = [await stack.enter_async_context(subscribed(at)) for _ in range(100)]
        firsts = [await stream.event() for stream in streams]
        assert all(first.type is E.SUBSCRIBED for first in firsts)
        for number, state in ((1, S.TASK_STARTING), (2, S.TASK_RUNNING), (3, S.TASK_FINISHED)):
            at.update(home, framework_id, agent_id, "t1", state, number)
        told = [[await stream.next(E.TASK_UPDATED) for _ in range(3)] for stream in streams]
        assert all(one == told[0] for one in told)
