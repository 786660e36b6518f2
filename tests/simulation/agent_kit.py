"""A real agent on virtual time between a scripted master, executor host and executors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors import PID, handles
from actors.testing import Host, Simulation
from cluster.agent.actor import NAME as AGENT
from cluster.agent.actor import AgentActor
from cluster.agent.context import AgentSettings
from cluster.agent.state import Executor
from cluster.executor.host_process import HostIdentity
from cluster.model import (
    AgentID,
    AgentInfo,
    Capability,
    CommandInfo,
    DurationInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    KillPolicy,
    Reason,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent, host
from cluster.protocol import executor as executors
from tests.simulation.master_kit import AWARE, Recorder, uuid_of

MASTER_PID = PID("master", "10.0.0.1:5050")
AGENT_PID = PID(AGENT, "10.0.1.1:5051")
INFO = AgentInfo(hostname="agent1", resources=Resources.parse("cpus:4;mem:4096").protos())
FRAMEWORK = FrameworkInfo(
    user="me", name="f", id=FrameworkID("F"), checkpoint=True, capabilities=(Capability(type=AWARE),)
)
VOLATILE = FrameworkInfo(user="me", name="v", id=FrameworkID("V"))
PING_TIMEOUT_S = 75.0


@dataclass(frozen=True)
class Tick:
    """The fake master's pings."""


class FakeMaster(Recorder):
    """Registers whoever asks, pings, and otherwise records."""

    def __init__(self) -> None:
        super().__init__()
        self.accepts = True
        self.pings = True
        self.agent_id = "S0"
        self.missing: tuple[agent.TaskName, ...] = ()
        self.missing_executors: tuple[agent.ExecutorName, ...] = ()

    def initialize(self) -> None:
        self.delay(15.0, Tick())

    @handles
    def on_tick(self, sender: PID, message: Tick) -> None:
        if self.pings:
            self.send(AGENT_PID, agent.Ping(True))
        self.delay(15.0, message)

    @handles
    def on_register(self, sender: PID, message: agent.RegisterAgent) -> None:
        self.note(message)
        if self.accepts:
            self.send(sender, agent.AgentRegistered(self.agent_id, PING_TIMEOUT_S))

    @handles
    def on_reregister(self, sender: PID, message: agent.ReregisterAgent) -> None:
        self.note(message)
        if self.accepts:
            answer = agent.AgentReregistered(
                self.agent_id, PING_TIMEOUT_S, self.missing, self.missing_executors
            )
            self.send(sender, answer)

    @handles
    def on_any(
        self,
        sender: PID,
        message: agent.UnregisterAgent
        | agent.Pong
        | agent.StatusUpdate
        | agent.ExecutorExited
        | agent.MessageToScheduler,
    ) -> None:
        self.note(message)


class FakeHost(Recorder):
    """The executor host: does nothing by itself."""

    @handles
    def on_any(
        self,
        sender: PID,
        message: host.HostAccepted
        | host.StartContainer
        | host.DestroyContainer
        | host.ForgetContainer
        | host.StopHost,
    ) -> None:
        self.note(message)


class FakeExecutor(Recorder):
    """An executor: does nothing by itself."""

    @handles
    def on_any(
        self,
        sender: PID,
        message: executors.Subscribed
        | executors.Launch
        | executors.LaunchGroup
        | executors.Kill
        | executors.Acknowledged
        | executors.MessageFromScheduler
        | executors.Error
        | executors.Shutdown,
    ) -> None:
        self.note(message)


class FakeProcess:
    """The process of the executor host, as the agent starts, adopts and kills it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._on_exit: Callable[[int], None] | None = None
        self.identity: HostIdentity | None = None
        self.starts = 0
        self.adoptions = 0
        self.comes_up = True

    def start(self, agent: PID, on_exit: Callable[[int], None]) -> HostIdentity:
        self.starts += 1
        self.identity = HostIdentity(100 + self.starts, self.starts)
        self._on_exit = on_exit
        if self.comes_up:
            self._stage.sim.clock.call_later(0.01, self._stage.host_ready)
        return self.identity

    def adopt(self, identity: HostIdentity, on_exit: Callable[[int], None]) -> bool:
        self.adoptions += 1
        if identity != self.identity:
            return False
        self._on_exit = on_exit
        return True

    def is_alive(self) -> bool:
        return self.identity is not None

    def kill(self) -> None:
        if self.identity is not None:
            self.die(9)

    def close(self) -> None:
        self._on_exit = None

    def die(self, status: int = 9) -> None:
        """The process ends, and all it ran with it."""
        self.identity = None
        told, self._on_exit = self._on_exit, None
        if told is not None:
            self._stage.sim.clock.call_soon(lambda: told(status))


class FakeEnvirons:
    """The operating system: remembers, and fails when told to."""

    def __init__(self) -> None:
        self.reader = self
        self.sandboxes: list[tuple[str, str | None]] = []
        self.killed: list[str] = []
        self.no_room = ""
        self.unknown_users: tuple[str, ...] = ()

    def read(self, directory: str, name: str, offset: int, length: int) -> tuple[bytes, int]:
        return f"{directory}/{name}".encode()[offset : offset + length], 0

    def make_sandbox(self, directory: str, user: str | None) -> None:
        if self.no_room:
            raise OSError(28, self.no_room)
        self.sandboxes.append((directory, user))

    def user_of(self, framework: FrameworkInfo, wanted: str | None) -> str | None:
        if wanted in self.unknown_users:
            raise LookupError(f"there is no user {wanted!r} on this host")
        return wanted

    def kill_leftovers(self, directory: str) -> None:
        self.killed.append(directory)


class ExecutorEnd:
    """An executor as a test drives it."""

    def __init__(self, stage: Stage, executor_id: str, framework: FrameworkInfo) -> None:
        self.stage = stage
        self.id = executor_id
        assert framework.id is not None
        self.framework_id = framework.id
        self.actor = FakeExecutor()
        stage.count += 1
        self.pid = stage.executors_host.runtime.spawn(self.actor, f"executor{stage.count}")

    def say(self, message: object) -> None:
        self.actor.send(AGENT_PID, message)
        self.stage.settle()

    def subscribe(
        self, tasks: tuple[TaskInfo, ...] = (), updates: tuple[TaskStatus, ...] = ()
    ) -> ExecutorEnd:
        self.say(executors.Subscribe(self.framework_id, ExecutorID(self.id), tasks, updates))
        return self

    def update(self, task_id: str, state: TaskState, number: int, **more: Any) -> TaskStatus:
        status = self.status(task_id, state, number, **more)
        self.say(executors.Update(self.framework_id, ExecutorID(self.id), status))
        return status

    def status(self, task_id: str, state: TaskState, number: int, **more: Any) -> TaskStatus:
        return TaskStatus(task_id=TaskID(task_id), state=state, uuid=uuid_of(number), **more)

    def acknowledged(self) -> list[int]:
        """The numbers of the updates the agent took."""
        return [int.from_bytes(a.uuid, "big") for a in self.actor.all(executors.Acknowledged)]

    def launched(self) -> list[str]:
        """The tasks it was told to launch."""
        return [launch.task.task_id.value for launch in self.actor.all(executors.Launch)]


class Stage:
    """One agent and everything around it."""

    def __init__(self, registers: bool = True, **settings: Any) -> None:
        self.sim = Simulation(1)
        self.settings = AgentSettings(work_dir="/work", **settings)
        self.info = INFO
        self.environs = FakeEnvirons()
        self.process = FakeProcess(self)
        self.exit_codes: list[int] = []
        self.count = 0
        self.master_host = self.sim.host("10.0.0.1", self._boot_master)
        self.agent_host = self.sim.host("10.0.1.1", self._boot_agent)
        self.executors_host = self.sim.host("10.0.1.1/executors", self._boot_executors)
        self.executors_host.start()
        self.master_host.start(5050)
        self.agent_host.start(5051)
        if registers:
            self.sim.run_until(lambda: self.is_registered, 30)
            self.settle()

    def _boot_master(self, at: Host) -> None:
        self.master = FakeMaster()
        at.runtime.spawn(self.master, "master")

    def _boot_executors(self, at: Host) -> None:
        self.host = FakeHost()
        at.runtime.spawn(self.host, "executors")

    def _boot_agent(self, at: Host) -> None:
        clock = at.runtime.clock

        def end(code: int) -> None:
            self.exit_codes.append(code)
            clock.call_soon(at.stop)

        actor = AgentActor(self.settings, self.info, MASTER_PID, at.disk, self.process, self.environs, end)
        at.runtime.spawn(actor, AGENT)

    # -- what is inside -----------------------------------------------------------------------

    @property
    def agent(self) -> AgentActor:
        actor = self.agent_host.runtime.by_name[AGENT]
        assert isinstance(actor, AgentActor)
        return actor

    @property
    def is_registered(self) -> bool:
        return self.agent_host.is_up and self.agent._registration.is_running

    def executor_of(self, executor_id: str, framework: FrameworkInfo = FRAMEWORK) -> Executor | None:
        assert framework.id is not None
        return self.agent.state.executor(framework.id.value, executor_id)

    def files(self) -> list[str]:
        """The names of all checkpoints, below the agent's own directory."""
        start = "/work/meta/slaves/S0/"
        return sorted(name[len(start) :] for name in self.agent_host.disk._now if name.startswith(start))

    # -- what happens -------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass; nothing may fail."""
        self.sim.advance(seconds)
        assert [failure for at in self.sim.hosts.values() for failure in at.failures] == []

    def settle(self) -> None:
        """Let messages arrive."""
        self.advance(0.1)

    def restart(self) -> None:
        """kill -9 of the agent, and another start."""
        self.agent_host.restart()
        self.settle()

    def tell(self, message: object) -> None:
        """The master says something."""
        self.master.send(AGENT_PID, message)
        self.settle()

    def host_says(self, message: object) -> None:
        """The executor host says something."""
        self.host.send(AGENT_PID, message)
        self.settle()

    def host_ready(self, *containers: host.Container) -> None:
        """The host is there (again)."""
        self.host.send(AGENT_PID, host.HostReady(101, containers))

    def run(self, task: TaskInfo, framework: FrameworkInfo = FRAMEWORK, launch_executor: bool = True) -> None:
        """The master launches a task."""
        self.tell(agent.RunTask(framework, task, launch_executor))

    def start(self, *tasks: TaskInfo, framework: FrameworkInfo = FRAMEWORK) -> ExecutorEnd:
        """Launch tasks in one executor, which subscribes."""
        for number, task in enumerate(tasks):
            self.run(task, framework, launch_executor=number == 0)
        first = tasks[0]
        name = first.executor.executor_id.value if first.executor is not None else first.task_id.value
        return ExecutorEnd(self, name, framework).subscribe()

    def container(self) -> str:
        """The container started last."""
        return self.host.last(host.StartContainer).container_id

    def exits(self, container_id: str, status: int = 0, failure: str = "") -> None:
        """A container ends."""
        self.host_says(host.ContainerExited(container_id, status, failure))

    def acknowledge(self, task_id: str, number: int, framework: str = "F") -> None:
        """The scheduler dealt with an update of an executor."""
        self.tell(agent.StatusUpdateAcknowledged(framework, task_id, uuid_of(number)))

    def acknowledge_last(self) -> None:
        """The scheduler dealt with the newest update that came."""
        last = self.master.last(agent.StatusUpdate)
        assert last.status.uuid is not None
        task_id = last.status.task_id.value
        self.tell(agent.StatusUpdateAcknowledged(last.framework_id, task_id, last.status.uuid))

    # -- what came ----------------------------------------------------------------------------

    def updates(self, task_id: str | None = None) -> list[TaskStatus]:
        """The statuses the master got."""
        found = [update.status for update in self.master.all(agent.StatusUpdate)]
        return [status for status in found if task_id is None or status.task_id.value == task_id]

    def story(self, task_id: str) -> list[tuple[TaskState, Reason | None]]:
        """States and reasons of a task."""
        return [(status.state, status.reason) for status in self.updates(task_id)]

    def destroyed(self) -> list[str]:
        """The containers the host was told to destroy."""
        return [order.container_id for order in self.host.all(host.DestroyContainer)]


def task(name: str, **more: Any) -> TaskInfo:
    """A command task."""
    if "executor" not in more:
        more.setdefault("command", CommandInfo(value="true"))
    more.setdefault("resources", Resources.parse("cpus:1;mem:64").allocated("*").protos())
    return TaskInfo(name=name, task_id=TaskID(name), agent_id=AgentID("S0"), **more)


def custom(executor_id: str = "e", **more: Any) -> ExecutorInfo:
    """A custom executor."""
    more.setdefault("command", CommandInfo(value="./executor"))
    return ExecutorInfo(executor_id=ExecutorID(executor_id), framework_id=FrameworkID("F"), **more)


def policy(grace_s: float) -> KillPolicy:
    """A kill policy."""
    return KillPolicy(grace_period=DurationInfo(nanoseconds=round(grace_s * 1e9)))
