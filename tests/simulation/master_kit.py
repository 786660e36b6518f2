"""A real master on virtual time between scripted agents and schedulers, which record what they get."""

from __future__ import annotations

from typing import Any, TypeVar

from actors import NANOS, PID, Actor, handles
from actors.testing import Host, Simulation
from cluster.allocator import AllocatorOptions
from cluster.allocator.actor import AllocatorActor
from cluster.http.endpoints.render_tasks import write_task
from cluster.master.actor import NAME as MASTER
from cluster.master.actor import MasterActor
from cluster.master.context import MasterSettings
from cluster.master.state import AgentEntry, FrameworkEntry
from cluster.model import (
    AgentCapability,
    AgentID,
    AgentInfo,
    Capability,
    CommandInfo,
    ExecutorID,
    ExecutorInfo,
    Filters,
    FrameworkID,
    FrameworkInfo,
    Offer,
    OfferID,
    Operation,
    Reason,
    Resources,
    Source,
    Task,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent, scheduler, subscription

M = TypeVar("M")
MASTER_IP = "10.0.0.1"
MASTER_PID = PID(MASTER, f"{MASTER_IP}:5050")
TOTAL = "cpus:4;mem:4096;ports:[31000-31010]"
AWARE = Capability.Type.PARTITION_AWARE
MULTI_ROLE = Capability.Type.MULTI_ROLE
S = TaskState

Instructions = (
    agent.AgentRegistered
    | agent.AgentReregistered
    | agent.ShutdownAgent
    | agent.RunTask
    | agent.KillTask
    | agent.ShutdownFramework
    | agent.ShutdownExecutor
    | agent.UpdateFrameworkInfo
    | agent.StatusUpdateAcknowledged
    | agent.MessageToExecutor
)
Events = (
    scheduler.Subscribed
    | scheduler.Offers
    | scheduler.Rescind
    | scheduler.Update
    | scheduler.UpdateOperationStatus
    | scheduler.MessageFromExecutor
    | scheduler.Failure
    | scheduler.Error
    | scheduler.Heartbeat
    | subscription.Closed
    | subscription.FrameworkUpdated
)


class Recorder(Actor):
    """Keeps what it hears, with the time in seconds."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.times: list[float] = []

    def note(self, message: object) -> None:
        self.heard.append(message)
        self.times.append(self.clock.now() / NANOS)

    def all(self, kind: type[M]) -> list[M]:
        """What came of a type, oldest first."""
        return [heard for heard in self.heard if isinstance(heard, kind)]

    def last(self, kind: type[M]) -> M:
        """The newest of a type."""
        return self.all(kind)[-1]

    def times_of(self, kind: type) -> list[float]:
        """When messages of a type came."""
        return [at for heard, at in zip(self.heard, self.times, strict=True) if isinstance(heard, kind)]

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.heard.clear()
        self.times.clear()


class FakeAgent(Recorder):
    """Speaks for an agent; by itself it only answers pings."""

    def __init__(self) -> None:
        super().__init__()
        self.answers_pings = True

    @handles
    def on_ping(self, sender: PID, message: agent.Ping) -> None:
        self.note(message)
        if self.answers_pings:
            self.send(sender, agent.Pong())

    @handles
    def on_any(self, sender: PID, message: Instructions) -> None:
        self.note(message)


class FakeScheduler(Recorder):
    """Speaks for a framework; does nothing by itself."""

    @handles
    def on_any(self, sender: PID, message: Events) -> None:
        self.note(message)


class AgentEnd:
    """An agent as a test drives it."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.info = AgentInfo(hostname=f"agent{number}", resources=Resources.parse(TOTAL).protos())
        self.id = ""
        self.host = stage.sim.host(f"10.0.1.{number}", self._boot)
        self.host.start(5051)

    def _boot(self, host: Host) -> None:
        self.actor = FakeAgent()
        host.runtime.spawn(self.actor, "slave(1)")

    def say(self, message: object) -> None:
        """Send to the master, and let everything happen that follows at once."""
        self.actor.send(MASTER_PID, message)
        self.stage.settle()

    def register(self) -> AgentEnd:
        """Get an id."""
        kinds = AgentCapability.Type
        capabilities = tuple(
            AgentCapability(type=kind) for kind in (kinds.MULTI_ROLE, kinds.HIERARCHICAL_ROLE)
        )
        self.say(agent.RegisterAgent(self.info, "1.11.0", capabilities))
        if registered := self.actor.all(agent.AgentRegistered):
            self.id = registered[-1].agent_id
        return self

    def reregister(
        self,
        tasks: tuple[Task, ...] = (),
        frameworks: tuple[FrameworkInfo, ...] = (),
        executors: tuple[agent.ExecutorReport, ...] = (),
        info: AgentInfo | None = None,
    ) -> None:
        """Come back with an id."""
        described = AgentInfo(
            hostname=(info or self.info).hostname,
            resources=(info or self.info).resources,
            attributes=(info or self.info).attributes,
            id=AgentID(self.id),
        )
        capability = AgentCapability(type=AgentCapability.Type.MULTI_ROLE)
        self.say(agent.ReregisterAgent(described, "1.11.0", (capability,), frameworks, tasks, executors))

    def cut(self) -> None:
        """The process dies and another one listens there at once, which says nothing yet."""
        self.host.restart()
        self.stage.settle()

    @property
    def entry(self) -> AgentEntry:
        """What the master knows of it."""
        return self.stage.master.state.agents[self.id]

    def update(
        self,
        framework: SchedulerEnd | str,
        task_id: str,
        state: TaskState,
        number: int = 1,
        latest: TaskState | None = None,
        **more: Any,
    ) -> TaskStatus:
        """Report a task, with a uuid made of `number`."""
        status = TaskStatus(
            task_id=TaskID(task_id),
            state=state,
            agent_id=AgentID(self.id),
            source=Source.SOURCE_EXECUTOR,
            uuid=uuid_of(number),
            **more,
        )
        framework_id = framework if isinstance(framework, str) else framework.id
        self.say(agent.StatusUpdate(framework_id, status, latest or state))
        return status


class SchedulerEnd:
    """A framework as a test drives it."""

    def __init__(self, stage: Stage, number: int, **info: Any) -> None:
        self.stage = stage
        capabilities = tuple(Capability(type=kind) for kind in info.pop("capabilities", ()))
        defaults: dict[str, Any] = {"user": "me", "name": f"framework{number}"}
        self.info = FrameworkInfo(**defaults | info, capabilities=capabilities)
        self.id = self.info.id.value if self.info.id is not None else ""
        self.host = stage.sim.host(f"10.0.2.{number}", self._boot)
        self.host.start()

    def _boot(self, host: Host) -> None:
        self.actor = FakeScheduler()
        host.runtime.spawn(self.actor, "scheduler")

    def say(self, message: object) -> None:
        """Send to the master, and let everything happen that follows at once."""
        self.actor.send(MASTER_PID, message)
        self.stage.settle()

    def subscribe(self, suppressed: tuple[str, ...] = (), **changes: Any) -> SchedulerEnd:
        """Subscribe, as the framework it is if it has an id."""
        fields = {name: getattr(self.info, name) for name in self.info.__struct_fields__} | changes
        if self.id and "id" not in changes:
            fields["id"] = FrameworkID(self.id)
        self.info = FrameworkInfo(**fields)
        self.say(scheduler.Subscribe(self.info, suppressed))
        if subscribed := self.actor.all(scheduler.Subscribed):
            self.id = subscribed[-1].framework_id.value
        return self

    @property
    def framework_id(self) -> FrameworkID:
        return FrameworkID(self.id)

    @property
    def entry(self) -> FrameworkEntry:
        """What the master knows of it."""
        return self.stage.master.state.frameworks[self.id]

    @property
    def described(self) -> FrameworkInfo:
        """As an agent would report it."""
        return self.entry.info

    def offers(self) -> list[Offer]:
        """All offers so far."""
        return [offer for event in self.actor.all(scheduler.Offers) for offer in event.offers]

    def offer(self, of: AgentEnd | None = None) -> Offer:
        """The newest offer (of an agent)."""
        return [o for o in self.offers() if of is None or o.agent_id.value == of.id][-1]

    def statuses(self, task_id: str | None = None) -> list[TaskStatus]:
        """All statuses so far (of a task)."""
        found = [event.status for event in self.actor.all(scheduler.Update)]
        return [status for status in found if task_id is None or status.task_id.value == task_id]

    def story(self, task_id: str) -> list[tuple[TaskState, Reason | None]]:
        """States and reasons of a task."""
        return [(status.state, status.reason) for status in self.statuses(task_id)]

    def errors(self) -> list[str]:
        """Why it was refused."""
        return [error.message for error in self.actor.all(scheduler.Error)]

    def accept(self, offers: list[Offer], *operations: Operation, refuse_s: float | None = 0.0) -> None:
        """Accept offers; what is left of them is offered again at once."""
        filters = Filters(refuse_seconds=refuse_s) if refuse_s is not None else None
        self.say(scheduler.Accept(self.framework_id, tuple(o.id for o in offers), operations, filters))

    def accept_ids(self, ids: list[str], *operations: Operation) -> None:
        """Accept offers by id."""
        self.say(scheduler.Accept(self.framework_id, tuple(map(OfferID, ids)), operations))

    def launch(self, on: AgentEnd, *names: str, cpus: float = 1.0, **more: Any) -> None:
        """Launch tasks with the newest offer of an agent."""
        self.accept([self.offer(on)], launch(*[task(name, on.id, cpus, **more) for name in names]))

    def acknowledge(self, on: AgentEnd, task_id: str, number: int = 1) -> None:
        """Acknowledge an update."""
        self.say(scheduler.Acknowledge(self.framework_id, AgentID(on.id), TaskID(task_id), uuid_of(number)))

    def kill(self, task_id: str, agent_id: str | None = None) -> None:
        """Kill a task."""
        named = AgentID(agent_id) if agent_id is not None else None
        self.say(scheduler.Kill(self.framework_id, TaskID(task_id), named))

    def reconcile(self, *asked: tuple[str, str | None]) -> list[TaskStatus]:
        """Ask for tasks by (id, agent id); the answers."""
        self.actor.forget()
        tasks = tuple(
            scheduler.TaskToReconcile(TaskID(name), AgentID(at) if at is not None else None)
            for name, at in asked
        )
        self.say(scheduler.Reconcile(self.framework_id, tasks))
        return self.statuses()


class Stage:
    """One master, on a host of its own, and whoever a test adds."""

    def __init__(self, seed: int = 1, weights: dict[str, float] | None = None, **settings: Any) -> None:
        self.sim = Simulation(seed)
        self._settings = MasterSettings(**settings)
        self._weights = weights or {}
        self._numbers = {"agents": 0, "frameworks": 0}
        self.master_host = self.sim.host(MASTER_IP, self._boot)
        self.master_host.start(5050)

    def _boot(self, host: Host) -> None:
        master = MasterActor(self._settings, AllocatorOptions(), self._weights, write_task)
        host.runtime.spawn(master, MASTER)

    @property
    def master(self) -> MasterActor:
        actor = self.master_host.runtime.by_name[MASTER]
        assert isinstance(actor, MasterActor)
        return actor

    @property
    def allocator(self) -> AllocatorActor:
        actor = self.master_host.runtime.by_name["allocator"]
        assert isinstance(actor, AllocatorActor)
        return actor

    def agent(self) -> AgentEnd:
        """An agent that registered."""
        return self.silent_agent().register()

    def silent_agent(self) -> AgentEnd:
        """An agent that said nothing yet."""
        self._numbers["agents"] += 1
        return AgentEnd(self, self._numbers["agents"])

    def framework(self, **info: Any) -> SchedulerEnd:
        """A framework that subscribed."""
        return self.silent_framework(**info).subscribe()

    def silent_framework(self, **info: Any) -> SchedulerEnd:
        """A framework that said nothing yet."""
        self._numbers["frameworks"] += 1
        return SchedulerEnd(self, self._numbers["frameworks"], **info)

    def advance(self, seconds: float) -> None:
        """Let time pass; afterwards the books must balance."""
        self.sim.advance(seconds)
        self.check()

    def settle(self) -> None:
        """Let messages arrive and a round of allocation pass."""
        self.advance(1.1)

    def metric(self, name: str) -> float:
        """A counter or gauge of the master."""
        return self.master.metrics.snapshot().get(name, 0.0)

    def free(self, end: AgentEnd) -> str:
        """What the allocator counts as free on an agent."""
        return str(self.allocator.state.agents[end.id].available)

    def check(self) -> None:
        """Nothing failed, the sums hold, master and allocator agree."""
        failures = [failure for host in self.sim.hosts.values() for failure in host.failures]
        assert failures == []
        if self.master_host.is_up:
            assert book_faults(self.master, self.allocator) == []


def book_faults(master: MasterActor, allocator: AllocatorActor) -> list[str]:
    """Every sum that does not hold in the master, or differs between master and allocator."""
    faults = master.state.violated_invariants()
    books = allocator.state.agents
    if set(books) != set(master.state.agents):
        return [*faults, f"allocator has {sorted(books)}, master {sorted(master.state.agents)}"]
    for entry in master.state.agents.values():
        held: dict[str, Resources] = {}
        for (framework_id, _), resources in books[entry.id].held.items():
            held[framework_id] = held.get(framework_id, Resources.EMPTY) + resources
        counted = {name: used.unallocated() for name, used in entry.used.items()}
        for offer in entry.offers.values():
            before = counted.get(offer.framework_id, Resources.EMPTY)
            counted[offer.framework_id] = before + offer.resources.unallocated()
        if held != counted:
            faults.append(f"{entry.id}: allocator counts {held}, master {counted}")
        if books[entry.id].is_active != entry.is_connected:
            faults.append(f"{entry.id}: connected {entry.is_connected}, the allocator thinks otherwise")
    return faults


def uuid_of(number: int) -> bytes:
    """A uuid that tells its number."""
    return number.to_bytes(16, "big")


def task(name: str, agent_id: str, cpus: float = 1.0, mem: float = 64, **more: Any) -> TaskInfo:
    """A command task."""
    resources = Resources.parse(f"cpus:{cpus};mem:{mem}").protos()
    if "executor" not in more:
        more.setdefault("command", CommandInfo(value="true"))
    more.setdefault("resources", resources)
    return TaskInfo(name=name, task_id=TaskID(name), agent_id=AgentID(agent_id), **more)


def executor(executor_id: str, cpus: float = 0.5, **more: Any) -> ExecutorInfo:
    """A custom executor."""
    more.setdefault("command", CommandInfo(value="./executor"))
    return ExecutorInfo(
        executor_id=ExecutorID(executor_id), resources=Resources.parse(f"cpus:{cpus};mem:32").protos(), **more
    )


def launch(*tasks: TaskInfo, **more: Any) -> Operation:
    """A LAUNCH."""
    return Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=tasks), **more)


def record(
    framework: SchedulerEnd | str, name: str, on: AgentEnd, state: TaskState, cpus: float = 1.0, **more: Any
) -> Task:
    """A task as an agent reports it."""
    framework_id = framework if isinstance(framework, str) else framework.id
    role = more.pop("role", "*")
    resources = Resources.parse(f"cpus:{cpus};mem:64").allocated(role).protos()
    return Task(
        name=name,
        task_id=TaskID(name),
        framework_id=FrameworkID(framework_id),
        agent_id=AgentID(on.id),
        state=state,
        resources=resources,
        **more,
    )
