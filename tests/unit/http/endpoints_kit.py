"""A master and an agent on real ports, with something of everything in them, and a client."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from actors import PID, Process, bind
from cluster.allocator import AllocatorOptions
from cluster.containerizer.usage import Usage
from cluster.http import Access, HttpFront, HttpLimits, http_factory
from cluster.http.endpoints.agent_containers import AgentContainers
from cluster.http.endpoints.agent_files import AgentFiles
from cluster.http.endpoints.agent_state import AgentState as AgentStateEndpoint
from cluster.http.endpoints.master import master_endpoints
from cluster.http.endpoints.render_tasks import write_task
from cluster.http.files import FileEndpoints
from cluster.http.flags import flags_table
from cluster.http.v1.callers import Leader
from cluster.http.v1.executor_api import ExecutorApi
from cluster.http.verbosity import Verbosity
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import (
    AgentInfo,
    ContainerID,
    ContainerStatus,
    FrameworkID,
    Label,
    Labels,
    NetworkInfo,
    Resources,
    TaskState,
    TaskStatus,
    parse_attributes,
)
from cluster.protocol import agent, scheduler
from tests.limits import LIMIT_S
from tests.simulation.master_kit import executor, launch, task, uuid_of
from tests.unit.http.agent_kit import StillAgent, busy_state
from tests.unit.http.operator_kit import CAPABILITIES, AgentPart, SchedulerPart, framework_info

FLAGS = {"cluster": "demo", "port": "5050", "log_dir": "/var/log/demo"}
S = TaskState


class Answer:
    """An answer as it came."""

    def __init__(self, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        self.body = _unchunked(body) if self.headers.get("transfer-encoding") == "chunked" else body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert self.status == 200, self.text
        return json.loads(self.body)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return whole
        whole, body = whole + body[:length], body[length + 2 :]


class Served:
    """A process and its front."""

    def __init__(self, process: Process, front: HttpFront) -> None:
        self.process = process
        self.runtime = process.runtime
        self.front = front
        host, _, port = self.runtime.address.rpartition(":")
        self._host, self._port = host, int(port)

    async def raw(self, data: bytes) -> bytes:
        """Everything that comes for these bytes until the other end closes."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(data)
            async with asyncio.timeout(LIMIT_S):
                return await reader.read()
        finally:
            writer.close()

    async def ask(
        self, path: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a request on a connection of its own."""
        fields = {"Host": "x", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
        return Answer(await self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body))

    async def json(self, path: str, **headers: str) -> Any:
        """The JSON of a path."""
        answer = await self.ask(path, headers=headers)
        assert answer.headers["content-type"] == "application/json", answer.text
        return answer.json


class Scene(Served):
    """A master with an agent and a framework that tests speak for."""

    agent_id = ""
    framework_id = ""
    home: AgentPart
    framework: SchedulerPart

    @property
    def master(self) -> MasterActor:
        actor = self.runtime.by_name[NAME]
        assert isinstance(actor, MasterActor)
        return actor

    def tell(self, part: AgentPart | SchedulerPart, message: object) -> None:
        """Have a part say something to the master."""
        self.runtime.send(PID(NAME, self.runtime.address), message, part.pid)

    async def settled(self) -> None:
        """Everything that was sent until now has arrived."""
        await self.json("/roles")

    async def subscribe(self, name: str, **info: Any) -> tuple[SchedulerPart, str]:
        """One more framework."""
        part = SchedulerPart()
        self.runtime.spawn(part, f"scheduler-{name}")
        self.tell(part, scheduler.Subscribe(framework_info(name=name, **info)))
        return part, (await part.next(scheduler.Subscribed)).framework_id.value

    def update(self, name: str, state: TaskState, at_s: float, number: int = 1, **more: Any) -> None:
        """Have the agent report a state."""
        status = TaskStatus(
            task_id=task(name, "").task_id, state=state, uuid=uuid_of(number), timestamp=at_s, **more
        )
        self.tell(self.home, agent.StatusUpdate(self.framework_id, status, state))

    def acknowledge(self, name: str, number: int = 1) -> None:
        """Have the framework acknowledge."""
        info = task(name, self.agent_id)
        self.tell(
            self.framework,
            scheduler.Acknowledge(
                FrameworkID(self.framework_id), info.agent_id, info.task_id, uuid_of(number)
            ),
        )


@asynccontextmanager
async def master(
    leader: Leader | None = None,
    log_path: str | None = None,
    limits: HttpLimits | None = None,
    access: Access | None = None,
    **settings: Any,
) -> AsyncIterator[Scene]:
    """A master with nothing in it. `leader`: who leads, if not this one."""
    process = Process(sock=bind("127.0.0.1", 0), seed=1)
    runtime = process.runtime
    options = AllocatorOptions(0.02)
    actor = MasterActor(MasterSettings(hostname="m1", **settings), options, {"w": 2.0}, write_task)
    pid = runtime.spawn(actor, NAME)
    table = master_endpoints(
        runtime, pid, FLAGS, log_path=log_path, leadership=None if leader is None else lambda: leader
    )
    front = http_factory(runtime, NAME, table, limits, access)
    await process.listen(http=front)
    try:
        yield Scene(process, front)
    finally:
        await process.close()
        await front.close(0.1)
    assert process.exit_code == 0


@asynccontextmanager
async def busy_master(**options: Any) -> AsyncIterator[Scene]:
    """A master with an agent, tasks in several states, an executor, an offer, and an ended framework."""
    async with master(**options) as scene:
        await fill(scene)
        yield scene


async def fill(scene: Scene) -> None:
    """Put something of everything into a master."""
    scene.home = AgentPart()
    scene.runtime.spawn(scene.home, "slave(1)")
    total = Resources.parse("cpus:8;mem:4096;disk:1000;cpus(w):2;ports:[31000-31010]")
    info = AgentInfo(
        hostname="a1", resources=total.protos(), attributes=parse_attributes("rack:r1;n:3;p:[1-3]")
    )
    scene.tell(scene.home, agent.RegisterAgent(info, "1.11.0", CAPABILITIES))
    scene.agent_id = (await scene.home.next(agent.AgentRegistered)).agent_id
    past, _ = await scene.subscribe("past")
    scene.tell(past, scheduler.Teardown(FrameworkID(f"{scene.master.context.info.id}-0000")))
    labels = Labels(labels=(Label(key="k", value="v"), Label(key="bare")))
    scene.framework, scene.framework_id = await scene.subscribe("work", principal="ops", labels=labels)
    offer = (await scene.framework.next(scheduler.Offers)).offers[0]
    tasks = (
        task("t1", scene.agent_id, labels=labels),
        task("t2", scene.agent_id, resources=Resources.parse("cpus:1;mem:64;ports:[31000-31001]").protos()),
        task("t3", scene.agent_id),
        task("t4", scene.agent_id, command=None, executor=executor("e", type=None)),
    )
    scene.tell(
        scene.framework, scheduler.Accept(FrameworkID(scene.framework_id), (offer.id,), (launch(*tasks),))
    )
    address = NetworkInfo(ip_addresses=(NetworkInfo.IPAddress(ip_address="10.0.0.2"),), labels=labels)
    container = ContainerStatus(container_id=ContainerID("c0"), network_infos=(address,), executor_pid=7)
    scene.update("t1", S.TASK_STARTING, 1.7e9, 1, container_status=container)
    scene.update("t1", S.TASK_RUNNING, 1.7e9 + 1, 2, container_status=container, healthy=True)
    scene.update("t2", S.TASK_RUNNING, 1.7e9 + 2, 3)
    scene.update("t3", S.TASK_FINISHED, 1.7e9 + 3, 4)
    scene.acknowledge("t3", 4)
    await scene.framework.next(scheduler.Offers)
    await scene.settled()


@asynccontextmanager
async def busy_agent(
    work_dir: Path, log_path: str | None = None, access: Access | None = None
) -> AsyncIterator[Served]:
    """The endpoints of an agent whose state does not change."""
    process = Process(sock=bind("127.0.0.1", 0))
    runtime = process.runtime
    actor = StillAgent(busy_state())
    pid = runtime.spawn(actor, "slave(1)")
    files = AgentFiles(runtime, pid, PID("files", pid.address), str(work_dir), log_path)
    table = {
        **AgentStateEndpoint(runtime, pid, FLAGS).table(),
        **AgentContainers(runtime, pid, still_usage).table(),
        **FileEndpoints(files.find, files.everything).table(),
        **flags_table(FLAGS),
        **Verbosity(runtime.clock).table(),
        **ExecutorApi(runtime, pid).table(),
    }
    front = http_factory(runtime, "slave(1)", table, access=access)
    await process.listen(http=front)
    try:
        yield Served(process, front)
    finally:
        await process.close()
        await front.close(0.1)
    assert process.exit_code == 0


def still_usage(roots: Mapping[str, int]) -> Mapping[str, Usage]:
    """What containers use, as if it could be read."""
    return {name: Usage(1.5, 0.25, 1 << 20, 2, 3) for name in roots}


def steady(text: str, address: str) -> str:
    """An answer without what differs from run to run: times of now, ports, the build."""
    text = text.replace(address, "HOST:1").replace(f'"port":{address.rpartition(":")[2]}', '"port":1')
    text = re.sub(r"1(?!700000)\d{9}(\.\d+)?\b", "1.0", text)
    return re.sub(r'"(build_date|build_user|tepui_version)":"[^"]*"', r'"\1":"?"', text)
