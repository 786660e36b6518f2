"""A master of this process with agents and tasks that only seem to be, for `bench.http`."""

from __future__ import annotations

import asyncio
from time import perf_counter

from actors import PID, Actor, Process, handles
from cluster.model import (
    AgentCapability,
    AgentID,
    AgentInfo,
    Capability,
    ContainerID,
    ContainerStatus,
    Filters,
    FrameworkID,
    FrameworkInfo,
    NetworkInfo,
    Resources,
    Task,
    TaskID,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent as agents
from cluster.protocol import scheduler as schedulers

#: Frameworks among which the tasks are divided.
FRAMEWORKS = 20
CAPABILITIES = tuple(
    AgentCapability(type=kind)
    for kind in (AgentCapability.Type.MULTI_ROLE, AgentCapability.Type.HIERARCHICAL_ROLE)
)


class SilentAgent(Actor):
    """Stands for an agent: is told things, and answers nothing but pings."""

    @handles
    def on_ping(self, sender: PID, message: agents.Ping) -> None:
        self.send(sender, agents.Pong())

    @handles
    def on_told(
        self,
        sender: PID,
        message: agents.AgentReregistered | agents.AgentRegistered | agents.UpdateFrameworkInfo,
    ) -> None:
        """Nothing to do."""


class Picky(Actor):
    """A framework that declines what it is offered at once, and notes when offers came."""

    def __init__(self, master: PID, name: str = "picky") -> None:
        self._master = master
        self._name = name
        self._id: FrameworkID | None = None
        self.offers_s: list[float] = []

    def initialize(self) -> None:
        multi = Capability(type=Capability.Type.MULTI_ROLE)
        info = FrameworkInfo(user="bench", name=self._name, roles=("picky",), capabilities=(multi,))
        self.send(self._master, schedulers.Subscribe(info))

    @handles
    def on_subscribed(self, sender: PID, message: schedulers.Subscribed) -> None:
        self._id = message.framework_id

    @handles
    def on_offers(self, sender: PID, message: schedulers.Offers) -> None:
        assert self._id is not None
        self.offers_s.append(perf_counter())
        ids = tuple(offer.id for offer in message.offers)
        self.send(self._master, schedulers.Decline(self._id, ids, Filters(refuse_seconds=0.0)))

    @handles
    def on_heartbeat(self, sender: PID, message: schedulers.Heartbeat) -> None:
        """The master is there."""


def framework_info(number: int) -> FrameworkInfo:
    capabilities = (
        Capability(type=Capability.Type.MULTI_ROLE),
        Capability(type=Capability.Type.PARTITION_AWARE),
    )
    return FrameworkInfo(
        id=FrameworkID(f"bench-{number:04d}"),
        user="bench",
        name=f"framework {number}",
        roles=(f"role{number}",),
        failover_timeout=1e6,
        checkpoint=True,
        capabilities=capabilities,
    )


def task_record(number: int, agent_id: str, cpus: float) -> Task:
    framework = number % FRAMEWORKS
    address = NetworkInfo(ip_addresses=(NetworkInfo.IPAddress(ip_address="10.0.0.1"),))
    status = ContainerStatus(container_id=ContainerID(f"c{number:036d}"), network_infos=(address,))
    task_id = TaskID(f"task-{number:06d}")
    return Task(
        name=f"task {number}",
        task_id=task_id,
        framework_id=FrameworkID(f"bench-{framework:04d}"),
        agent_id=AgentID(agent_id),
        state=TaskState.TASK_RUNNING,
        resources=Resources.parse(f"cpus:{cpus};mem:32").allocated(f"role{framework}").protos(),
        statuses=tuple(
            TaskStatus(task_id=task_id, state=state, timestamp=1.7e9 + number + at, container_status=status)
            for at, state in enumerate((TaskState.TASK_STARTING, TaskState.TASK_RUNNING))
        ),
    )


async def fill(process: Process, master: PID, agent_count: int, task_count: int) -> None:
    """Give the master agents that are full, but for the first, and their tasks."""
    runtime = process.runtime
    each = max(1, task_count // agent_count)
    infos = tuple(framework_info(number) for number in range(FRAMEWORKS))
    total = Resources.parse(f"cpus:{each * 0.1:.1f};mem:{each * 32}")
    for number in range(agent_count):
        pid = runtime.spawn(SilentAgent(), f"agent-{number}")
        agent_id = f"bench-S{number}"
        first = number * each
        tasks = [task_record(n, agent_id, 0.1) for n in range(first, min(first + each, task_count))]
        resources = total + Resources.parse("cpus:1;mem:1024") if number == 0 else total
        info = AgentInfo(hostname=f"host{number}", id=AgentID(agent_id), resources=resources.protos())
        frameworks = tuple(infos[n] for n in sorted({int(str(t.framework_id)[-4:]) for t in tasks}))
        runtime.send(
            master, agents.ReregisterAgent(info, "1.11.0", CAPABILITIES, frameworks, tuple(tasks)), pid
        )
        if number % 100 == 99:
            await asyncio.sleep(0)
    while runtime.metrics.value("master/slaves_active") < agent_count:
        await asyncio.sleep(0.01)


async def subscribe(process: Process, master: PID, count: int) -> None:
    """Give the master frameworks that want nothing; each is an actor of its own."""
    for number in range(count):
        process.runtime.spawn(Picky(master, f"framework {number}"), f"picky-{number}")
    while process.runtime.metrics.value("master/frameworks_active") < count:
        await asyncio.sleep(0.01)
