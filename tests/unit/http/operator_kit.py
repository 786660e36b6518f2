"""A real master on a real port, with agents and schedulers that a test speaks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import aiohttp

from actors import PID, Actor, Process, Runtime, bind, handles
from cluster.allocator import AllocatorOptions
from cluster.http import Endpoint, http_factory
from cluster.http.endpoints.master_actions import MasterActions
from cluster.http.endpoints.master_tables import MasterTables
from cluster.http.files import FileEndpoints
from cluster.http.page.events import page_events
from cluster.http.page.lists import PageLists
from cluster.http.v1.callers import Leader
from cluster.http.v1.daemon_calls import DaemonCalls
from cluster.http.v1.operator_api import OperatorApi
from cluster.http.v1.recordio import Decoder
from cluster.http.verbosity import Verbosity
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import (
    AgentCapability,
    AgentID,
    AgentInfo,
    Capability,
    FrameworkInfo,
    Reason,
    Resources,
    TaskID,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent, scheduler
from cluster.v1.codec import JSON, Codec
from cluster.v1.master import Call, Event
from tests.limits import LIMIT_S
from tests.simulation.master_kit import Events, Instructions, launch, task, uuid_of

M = TypeVar("M")
CAPABILITIES = (AgentCapability(type=AgentCapability.Type.MULTI_ROLE),)
AWARE = (Capability(type=Capability.Type.PARTITION_AWARE), Capability(type=Capability.Type.MULTI_ROLE))


def agent_info(hostname: str = "agent1") -> AgentInfo:
    """A small machine."""
    return AgentInfo(
        hostname=hostname, resources=Resources.parse("cpus:4;mem:4096;ports:[31000-31010]").protos()
    )


def framework_info(**more: Any) -> FrameworkInfo:
    """A framework that can come back."""
    fields: dict[str, Any] = {"name": "work", "user": "me", "roles": ("w",), "capabilities": AWARE}
    return FrameworkInfo(**fields | {"failover_timeout": 100.0} | more)


class Part(Actor):
    """An agent or a scheduler in the process of the master: keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self._news = asyncio.Event()

    def note(self, message: object) -> None:
        self.heard.append(message)
        self._news.set()

    async def next(self, kind: type[M]) -> M:
        """The next message of a type, taken out."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for message in self.heard:
                    if isinstance(message, kind):
                        self.heard.remove(message)
                        return message
                self._news.clear()
                await self._news.wait()


class AgentPart(Part):
    """Speaks for an agent."""

    @handles
    def on_any(self, sender: PID, message: Instructions | agent.Ping) -> None:
        self.note(message)


class SchedulerPart(Part):
    """Speaks for a framework."""

    @handles
    def on_any(self, sender: PID, message: Events) -> None:
        self.note(message)


class Served:
    """The master, its HTTP front, and a client."""

    def __init__(self, process: Process, client: aiohttp.ClientSession) -> None:
        self.process = process
        self.runtime = process.runtime
        self.client = client
        self.master_pid = PID(NAME, self.runtime.address)

    @property
    def master(self) -> MasterActor:
        actor = self.runtime.by_name[NAME]
        assert isinstance(actor, MasterActor)
        return actor

    async def post(
        self, body: object, accept: str | None = "application/json", **headers: str
    ) -> tuple[int, bytes]:
        """The answer to a call: text and bytes are sent as they are, the rest as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | headers
        if accept is not None:
            sent["Accept"] = accept
        url = f"http://{self.runtime.address}/api/v1"
        async with self.client.post(url, data=data, headers=sent) as answer:
            return answer.status, await answer.read()

    async def call(self, name: str, **members: object) -> Any:
        """The member of the answer to a call without faults."""
        status, body = await self.post({"type": name, **members})
        assert status == 200, body
        found = json.loads(body)
        assert found["type"] == name
        return found[name.lower()]

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON under a path; a text if it is refused."""
        async with self.client.get(f"http://{self.runtime.address}{path}", headers=headers) as answer:
            return await answer.json() if answer.status == 200 else (answer.status, await answer.text())

    async def form(self, path: str, **fields: str) -> tuple[int, str]:
        """The answer to a form."""
        async with self.client.post(f"http://{self.runtime.address}{path}", data=fields) as answer:
            return answer.status, await answer.text()

    # -- the cluster --------------------------------------------------------------------------

    def add(self, part: Part, name: str) -> None:
        self.runtime.spawn(part, name)

    def tell(self, part: Part, message: object) -> None:
        """Have a part say something to the master."""
        self.runtime.send(self.master_pid, message, part.pid)

    async def launch(self, of: SchedulerPart, framework_id: str, agent_id: str, *names: str) -> None:
        """Launch tasks with the next offer of an agent; one cpu each."""
        while True:
            offers = (await of.next(scheduler.Offers)).offers
            if found := [offer for offer in offers if offer.agent_id.value == agent_id]:
                break
        operation = launch(*[task(name, agent_id) for name in names])
        self.tell(of, scheduler.Accept(found[0].framework_id, (found[0].id,), (operation,)))

    def update(
        self,
        by: AgentPart,
        framework_id: str,
        agent_id: str,
        name: str,
        state: TaskState,
        number: int = 1,
        reason: Reason | None = None,
    ) -> None:
        """Have an agent report a state."""
        status = TaskStatus(
            task_id=TaskID(name), state=state, agent_id=AgentID(agent_id), uuid=uuid_of(number),
            timestamp=1700000000.5, reason=reason,
        )  # fmt: skip
        self.tell(by, agent.StatusUpdate(framework_id, status, state))

    async def settled(self) -> None:
        """Everything that was sent until now has arrived."""
        await self.call("GET_WEIGHTS")


class Stream:
    """A subscription, read as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse, codec: Codec) -> None:
        self._answer = answer
        self._codec = codec
        self._decoder = Decoder(1 << 30)
        self._records: list[bytes] = []

    async def record(self) -> bytes:
        """The next record."""
        async with asyncio.timeout(LIMIT_S):
            while not self._records:
                data = await self._answer.content.readany()
                if not data:
                    raise EOFError
                self._records += self._decoder.feed(data)
        return self._records.pop(0)

    async def event(self) -> Event:
        """The next event."""
        return self._codec.decode(Event, await self.record())

    async def next(self, kind: Event.Type) -> Event:
        """The next event, which must be of this type; heartbeats are passed over."""
        while (event := await self.event()).type is Event.Type.HEARTBEAT:
            pass
        assert event.type is kind, event
        return event


@asynccontextmanager
async def served(most_subscribers: int = 1000, **settings: Any) -> AsyncIterator[Served]:
    """A master that serves the operator API."""
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    runtime.spawn(MasterActor(MasterSettings(**settings), AllocatorOptions(0.05), {"w": 2.0}), NAME)
    api = OperatorApi(runtime, PID(NAME, runtime.address), daemon_calls(runtime), most_subscribers)
    front = http_factory(runtime, NAME, {**api.table(), **others(runtime)})
    await process.listen(http=front)
    async with aiohttp.ClientSession() as client:
        try:
            yield Served(process, client)
        finally:
            await process.close()
            await front.close(0.1)
    assert process.exit_code == 0


def others(runtime: Runtime) -> dict[str, Endpoint]:
    """What the web page uses besides."""
    master = PID(NAME, runtime.address)
    leads = partial(Leader, runtime.address, is_here=True)
    actions = MasterActions(runtime, master, MasterTables(runtime, master, None), leads)
    return {**actions.table(), **PageLists(runtime, master).table(), **page_events(runtime, master)}


@asynccontextmanager
async def subscribed(at: Served, codec: Codec = JSON) -> AsyncIterator[Stream]:
    """A subscription."""
    url = f"http://{at.runtime.address}/api/v1"
    headers = {"Content-Type": codec.content_type, "Accept": codec.content_type}
    body = codec.encode(Call(type=Call.Type.SUBSCRIBE))
    async with at.client.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == codec.content_type
        yield Stream(answer, codec)


def daemon_calls(runtime: Runtime) -> DaemonCalls:
    """What every daemon answers; there are no files."""

    async def find(path: str) -> None:
        """Nothing is attached."""

    async def everything() -> dict[str, str]:
        return {}

    files = FileEndpoints(find, everything)
    return DaemonCalls(runtime, NAME, {"port": "5050"}, Verbosity(runtime.clock), files)


async def cluster(at: Served) -> tuple[AgentPart, str, SchedulerPart, str]:
    """An agent and a framework with their ids."""
    home, framework = AgentPart(), SchedulerPart()
    at.add(home, "slave(1)")
    at.add(framework, "scheduler")
    at.tell(home, agent.RegisterAgent(agent_info(), "1.11.0", CAPABILITIES))
    agent_id = (await home.next(agent.AgentRegistered)).agent_id
    at.tell(framework, scheduler.Subscribe(framework_info()))
    framework_id = (await framework.next(scheduler.Subscribed)).framework_id.value
    return home, agent_id, framework, framework_id
