"""The scheduler API in front of a master that says what the test wants.

What needs a real master is in `tests/process/test_scheduler_api_wire.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from actors import PID, Actor, Process, bind, handles
from cluster.http import http_factory
from cluster.http.answers import text_answer
from cluster.http.v1.callers import Authenticate, Caller, Leader, Leadership, anybody
from cluster.http.v1.scheduler_api import SchedulerApi
from cluster.model import AgentID, FrameworkID, MasterInfo, OfferID, TaskID
from cluster.protocol import scheduler as protocol
from cluster.protocol.subscription import Closed, FrameworkUpdated, GetStanding, Stands
from tests.limits import LIMIT_S

JSON = {"Content-Type": "application/json"}
ID = {"value": "F"}

Calls = (
    protocol.Subscribe
    | protocol.Teardown
    | protocol.Accept
    | protocol.Decline
    | protocol.Kill
    | protocol.Revive
    | protocol.Acknowledge
    | protocol.UpdateFramework
)


class ScriptedMaster(Actor):
    """Keeps calls; says nothing by itself but where a framework stands."""

    def __init__(self) -> None:
        self.calls: list[tuple[PID, Any]] = []
        self.exits: list[tuple[PID, str]] = []
        self.stands = Stands(is_known=False)
        self.heard = asyncio.Event()

    @handles
    def on_call(self, sender: PID, message: Calls) -> None:
        self.calls.append((sender, message))
        if isinstance(message, protocol.Subscribe):
            self.link(sender)
        self.heard.set()

    @handles
    def on_get_standing(self, sender: PID, message: GetStanding) -> None:
        self.send(sender, self.stands)

    def on_exited(self, pid: PID, reason: str) -> None:
        self.exits.append((pid, reason))
        self.heard.set()

    async def until(self, calls: int = 0, exits: int = 0) -> None:
        """Wait for so many calls and exits."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.calls) < calls or len(self.exits) < exits:
                self.heard.clear()
                await self.heard.wait()


class Served:
    """The endpoint in a process of its own, and a client."""

    def __init__(self, process: Process, master: ScriptedMaster, client: aiohttp.ClientSession) -> None:
        self.process = process
        self.master = master
        self.client = client
        self.url = f"http://{process.runtime.address}/api/v1/scheduler"
        self.streams: list[aiohttp.ClientResponse] = []

    async def post(self, call: dict[str, Any], **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(self.url, data=json.dumps(call), headers={**JSON, **named}) as answer:
            return answer.status, await answer.text()

    async def subscribe(self, **info: Any) -> tuple[aiohttp.ClientResponse, PID]:
        """A subscription the master has accepted, and who asks for it there."""
        body = {"user": "u", "name": "n", **info}
        call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": body}}
        if "id" in info:
            call["framework_id"] = info["id"]
        before = len(self.master.calls)
        stream = await self.client.post(self.url, data=json.dumps(call), headers=JSON)
        assert stream.status == 200
        self.streams.append(stream)
        await self.master.until(calls=before + 1)
        sender = self.master.calls[-1][0]
        self.say(sender, protocol.Subscribed(FrameworkID("F"), 15.0, MasterInfo(id="m", ip=0, port=1)))
        assert (await event(stream))["type"] == "SUBSCRIBED"
        return stream, sender

    def say(self, to: PID, message: object) -> None:
        """Have the master send something."""
        self.master.send(to, message)


@asynccontextmanager
async def served(
    leadership: Leadership | None = None, authenticate: Authenticate = anybody, *, spawned: bool = True
) -> AsyncIterator[Served]:
    process = Process(sock=bind("127.0.0.1", 0))
    master = ScriptedMaster()
    if spawned:
        process.runtime.spawn(master, "master")
    api = SchedulerApi(process.runtime, PID("master", process.runtime.address), leadership, authenticate)
    front = http_factory(process.runtime, "master", api.table())
    await process.listen(http=front)
    async with aiohttp.ClientSession() as client:
        s = Served(process, master, client)
        try:
            yield s
        finally:
            for stream in s.streams:
                stream.close()
            await process.close()
            await front.close(0.1)


async def event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event."""
    async with asyncio.timeout(LIMIT_S):
        length = int(await stream.content.readline())
        found = json.loads(await stream.content.readexactly(length))
    assert isinstance(found, dict)
    return found


async def is_at_end(stream: aiohttp.ClientResponse) -> bool:
    async with asyncio.timeout(LIMIT_S):
        return await stream.content.read(1) == b""


# -- before the call is looked at -------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_master_that_does_not_lead_sends_elsewhere(method: str) -> None:
    async with served(lambda: Leader("m2.example:5050", is_here=False)) as s:
        for path in ("/api/v1/scheduler?a=b%20c", "/master/api/v1/scheduler"):
            url = f"http://{s.process.runtime.address}{path}"
            async with s.client.request(method, url, allow_redirects=False) as answer:
                assert answer.status == 307
                assert answer.headers["Location"] == f"//m2.example:5050{path}"


@pytest.mark.parametrize(
    ("leader", "words"),
    [(None, "No leading master"), (Leader("m", is_here=True, is_recovered=False), "recovery")],
)
async def test_no_leader_or_one_that_is_not_ready(leader: Leader | None, words: str) -> None:
    async with served(lambda: leader) as s:
        status, text = await s.post({})
        assert (status, words in text) == (503, True)


async def test_a_process_without_a_master_is_not_ready() -> None:
    async with served(spawned=False) as s:
        assert (await s.post({}))[0] == 503


async def test_callers_are_looked_at_before_the_leader() -> None:
    """401 with the challenge of the authenticator; 403 for who has no name."""

    def authenticate(request: web.BaseRequest) -> Caller | web.Response:
        match request.headers.get("Authorization"):
            case "claims":
                return Caller(is_nameless=True)
            case "p":
                return Caller("p")
            case _:
                return text_answer(401, headers={"WWW-Authenticate": 'Basic realm="mesos-master-scheduler"'})

    async with served(lambda: None, authenticate) as s:
        async with s.client.post(s.url) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="mesos-master-scheduler"'
        assert (await s.post({}, Authorization="claims"))[0] == 403
        assert (await s.post({}, Authorization="p"))[0] == 503


# -- principals -------------------------------------------------------------------------------


async def test_the_principal_goes_with_the_subscription() -> None:
    async with served(authenticate=lambda request: Caller(request.headers.get("Authorization"))) as s:
        info = {"user": "u", "name": "n"}
        subscribe = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {**info, "principal": "q"}}}
        status, text = await s.post(subscribe, Authorization="p")
        assert (status, "principal" in text) == (400, True)

        data = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
        headers = {**JSON, "Authorization": "p"}
        async with s.client.post(s.url, data=data, headers=headers) as stream:
            await s.master.until(calls=1)
            sender, message = s.master.calls[0]
            assert message.framework_info.principal == "p"
            s.say(sender, protocol.Subscribed(FrameworkID("F"), 15.0, MasterInfo(id="m", ip=0, port=1)))
            await event(stream)
            call = {"type": "REVIVE", "framework_id": ID}
            status, text = await s.post(call, Authorization="q")  # before the missing stream id
            assert (status, "'q' is not 'p'" in text) == (400, True)
            stream_id = stream.headers["Mesos-Stream-Id"]
            assert (await s.post(call, Authorization="p", Mesos_Stream_Id=stream_id))[0] == 202


async def test_the_principal_of_a_framework_that_is_away() -> None:
    async with served(authenticate=lambda request: Caller("q")) as s:
        s.master.stands = Stands(True, is_connected=False, principal="p")
        status, text = await s.post({"type": "REVIVE", "framework_id": ID})
        assert (status, "'q' is not 'p'" in text) == (400, True)
        s.master.stands = Stands(True, is_connected=False, principal="q")
        assert (await s.post({"type": "REVIVE", "framework_id": ID}))[0] == 403


# -- calls and events -------------------------------------------------------------------------


async def test_calls_come_from_the_subscription_and_events_go_to_it() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        assert sender.name == "http-scheduler(1)"
        stream_id = stream.headers["Mesos-Stream-Id"]
        kill = {"type": "KILL", "framework_id": ID, "kill": {"task_id": {"value": "t"}}}
        assert await s.post(kill, Mesos_Stream_Id=stream_id) == (202, "")
        assert s.master.calls[-1] == (sender, protocol.Kill(FrameworkID("F"), TaskID("t")))
        s.say(sender, protocol.Rescind(OfferID("o")))
        assert await event(stream) == {"type": "RESCIND", "rescind": {"offer_id": {"value": "o"}}}
        s.say(sender, protocol.Failure(AgentID("a")))
        assert await event(stream) == {"type": "FAILURE", "failure": {"agent_id": {"value": "a"}}}


async def test_events_of_others_are_not_passed_on() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        s.process.runtime.send(sender, protocol.Error("forged"), PID("evil", s.process.runtime.address))
        s.process.runtime.send(sender, Closed(), PID("evil", s.process.runtime.address))
        s.process.runtime.send(sender, protocol.Rescind(OfferID("x")), PID("evil", s.process.runtime.address))
        s.say(sender, protocol.Rescind(OfferID("o")))
        assert await event(stream) == {"type": "RESCIND", "rescind": {"offer_id": {"value": "o"}}}


async def test_an_error_is_the_last_event() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        s.say(sender, protocol.Error("no"))
        s.say(sender, protocol.Rescind(OfferID("o")))
        assert await event(stream) == {"type": "ERROR", "error": {"message": "no"}}
        assert await is_at_end(stream)
        await s.master.until(exits=1)
        assert s.master.exits == [(sender, "no")]
        s.master.stands = Stands(True, is_connected=True)
        stream_id = stream.headers["Mesos-Stream-Id"]
        assert (await s.post({"type": "REVIVE", "framework_id": ID}, Mesos_Stream_Id=stream_id))[0] == 403


async def test_a_closed_subscription_ends_without_a_word() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        s.say(sender, Closed())
        assert await is_at_end(stream)
        await s.master.until(exits=1)


async def test_teardown_is_the_last_call() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        stream_id = stream.headers["Mesos-Stream-Id"]
        assert await s.post({"type": "TEARDOWN", "framework_id": ID}, Mesos_Stream_Id=stream_id) == (202, "")
        assert s.master.calls[-1] == (sender, protocol.Teardown(FrameworkID("F")))
        assert await is_at_end(stream)
        await s.master.until(exits=1)
        status, _ = await s.post({"type": "TEARDOWN", "framework_id": ID}, Mesos_Stream_Id=stream_id)
        assert status == 400  # nobody is known under that id


async def test_the_client_leaves() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        stream.close()
        await s.master.until(exits=1)
        assert s.master.exits == [(sender, "the client went away")]


async def test_the_end_of_an_old_subscription_leaves_the_new_one_alone() -> None:
    async with served() as s:
        old, before = await s.subscribe()
        new, _ = await s.subscribe(id=ID)
        assert old.headers["Mesos-Stream-Id"] != new.headers["Mesos-Stream-Id"]
        s.say(before, protocol.Error("Framework failed over"))
        assert (await event(old))["type"] == "ERROR"
        await s.master.until(exits=1)
        call = {"type": "REVIVE", "framework_id": ID}
        assert (await s.post(call, Mesos_Stream_Id=old.headers["Mesos-Stream-Id"]))[0] == 400
        assert (await s.post(call, Mesos_Stream_Id=new.headers["Mesos-Stream-Id"]))[0] == 202


# -- UPDATE_FRAMEWORK, the one call with an answer --------------------------------------------

UPDATE = {
    "type": "UPDATE_FRAMEWORK",
    "framework_id": ID,
    "update_framework": {"framework_info": {"user": "u", "name": "n", "id": ID}},
}


async def test_answers_to_updates_belong_to_their_calls() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        stream_id = stream.headers["Mesos-Stream-Id"]
        first = asyncio.create_task(s.post(UPDATE, Mesos_Stream_Id=stream_id))
        await s.master.until(calls=2)
        second = asyncio.create_task(s.post(UPDATE, Mesos_Stream_Id=stream_id))
        await s.master.until(calls=3)
        s.say(sender, FrameworkUpdated("no"))
        s.say(sender, FrameworkUpdated())
        assert await first == (400, "no")
        assert await second == (200, "")


async def test_a_client_that_does_not_wait_for_its_update_takes_nobodys_answer() -> None:
    async with served() as s:
        stream, sender = await s.subscribe()
        stream_id = stream.headers["Mesos-Stream-Id"]
        first = asyncio.create_task(s.post(UPDATE, Mesos_Stream_Id=stream_id))
        await s.master.until(calls=2)
        first.cancel()
        second = asyncio.create_task(s.post(UPDATE, Mesos_Stream_Id=stream_id))
        await s.master.until(calls=3)
        s.say(sender, FrameworkUpdated("no"))
        s.say(sender, FrameworkUpdated())
        assert await second == (200, "")


async def test_an_update_of_a_framework_that_leaves_meanwhile() -> None:
    async with served() as s:
        stream, _ = await s.subscribe()
        stream_id = stream.headers["Mesos-Stream-Id"]
        update = asyncio.create_task(s.post(UPDATE, Mesos_Stream_Id=stream_id))
        await s.master.until(calls=2)
        stream.close()
        status, text = await update
        assert (status, "F" in text) == (409, True)
