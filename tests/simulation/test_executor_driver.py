"""The actor behind custom executors on virtual time; user code is a list of what it was given."""

from __future__ import annotations

import pytest

from actors import PID
from actors.testing import Host, Simulation
from cluster.executor.agent_address import fixed
from cluster.executor.bridge import (
    Data,
    DriverActor,
    Event,
    Finish,
    GiveData,
    GiveStatus,
    KillTask,
    LaunchRaised,
    LaunchTask,
    Ready,
)
from cluster.executor.environment import ExecutorOptions
from cluster.model import ExecutorID, TaskID, TaskState
from cluster.protocol import executor
from tests.executor_kit import AGENT_NAME, FRAMEWORK, FakeAgent, task

AGENT = PID(AGENT_NAME, "10.0.0.5:5051")
T = TaskID("t")


class Stage:
    """An agent and one custom executor, with the task ``t`` if wanted."""

    def __init__(self, *, survives: bool = True, launches: bool = True) -> None:
        self.sim = Simulation(1)
        self.events: list[Event] = []
        self.hard_exits: list[int] = []
        self.agents: list[FakeAgent] = []
        self._launches = launches
        self.options = ExecutorOptions(
            FRAMEWORK, ExecutorID("e"), survives_agent=survives, recovery_timeout_s=60.0
        )
        self.host = self.sim.host("10.0.0.5", self._boot)
        self.host.start(5051)
        self.process = self.sim.host("10.0.0.5/e", self._boot_executor)
        self.process.start()
        self.sim.settle()

    def _boot(self, machine: Host) -> None:
        agent = FakeAgent()
        if self._launches and not self.agents:
            agent.queued["e"] = [task("t")]
        self.agents.append(agent)
        machine.runtime.spawn(agent, AGENT_NAME)

    def _boot_executor(self, machine: Host) -> None:
        actor = DriverActor(self.options, fixed(AGENT), self.events.append, self.hard_exits.append)
        self.pid = machine.runtime.spawn(actor, "executor")

    @property
    def agent(self) -> FakeAgent:
        """The agent of now."""
        return self.agents[-1]

    @property
    def is_over(self) -> bool:
        """Whether the actor ended."""
        return self.pid not in self.process.runtime.local

    def give(self, message: object, after_s: float = 1.0) -> None:
        """User code says something; then time passes."""
        self.process.runtime.send(self.pid, message)
        self.sim.advance(after_s)

    def tell(self, message: object) -> None:
        """The agent says something."""
        self.agent.tell("e", message)
        self.sim.settle()

    def kinds(self) -> list[str]:
        """What user code was given."""
        return [type(event).__name__ for event in self.events]


@pytest.fixture
def s() -> Stage:
    return Stage()


def test_events_reach_user_code_and_answers_the_agent(s: Stage) -> None:
    s.give(GiveStatus(T, TaskState.TASK_RUNNING, data=b"1"))
    s.give(GiveData(b"hello"))
    s.tell(executor.MessageFromScheduler(b"hi"))
    s.tell(executor.Kill(T))
    assert isinstance(s.events[0], Ready)
    assert s.events[1:] == [LaunchTask(task("t")), Data(b"hi"), KillTask("t")]
    (sent,) = s.agent.all(executor.MessageToScheduler)
    assert isinstance(sent, executor.MessageToScheduler)
    assert sent.data == b"hello"
    assert s.agent.last("t").data == b"1"


def test_launch_that_raises_fails_the_task(s: Stage) -> None:
    s.give(LaunchRaised(T, "ValueError: no"))
    assert s.agent.states("t") == ["FAILED"]
    assert s.agent.last("t").message == "ValueError: no"


def test_launch_that_raises_after_the_end_of_the_task_changes_nothing(s: Stage) -> None:
    s.give(GiveStatus(T, TaskState.TASK_FINISHED))
    s.give(LaunchRaised(T, "ValueError: no"))
    assert s.agent.states("t") == ["FINISHED"]


def test_shutdown_ends_when_user_code_is_done_and_all_is_acknowledged(s: Stage) -> None:
    s.agent.acknowledges = False
    s.tell(executor.Shutdown())
    s.tell(executor.Shutdown())
    assert s.kinds() == ["Ready", "LaunchTask", "ShutDown"]
    s.give(GiveStatus(T, TaskState.TASK_KILLED))
    s.give(Finish(), after_s=0.5)
    assert not s.is_over
    status = s.agent.last("t")
    s.tell(executor.Acknowledged(T, status.uuid or b""))
    assert s.is_over
    assert s.hard_exits == []


def test_shutdown_does_not_wait_for_ever_for_acknowledgements(s: Stage) -> None:
    s.agent.acknowledges = False
    s.tell(executor.Shutdown())
    s.give(GiveStatus(T, TaskState.TASK_KILLED))
    s.give(Finish(), after_s=5)
    assert s.is_over
    assert s.hard_exits == []


@pytest.mark.parametrize("before", [(), (executor.Shutdown(),)])
def test_the_end_of_a_framework_is_not_acknowledged(s: Stage, before: tuple[object, ...]) -> None:
    s.agent.acknowledges = False
    for message in (*before, executor.Shutdown(acknowledges=False), executor.Shutdown(acknowledges=False)):
        s.tell(message)
    assert s.kinds() == ["Ready", "LaunchTask", "ShutDown"]
    s.give(GiveStatus(T, TaskState.TASK_KILLED))
    assert not s.is_over  # user code has its time
    s.give(Finish(), after_s=0.1)
    assert s.is_over
    assert s.hard_exits == []


def test_user_code_that_hangs_is_cut_off_after_the_grace_period(s: Stage) -> None:
    s.tell(executor.Shutdown())
    s.sim.advance(3.5)
    assert s.hard_exits == []
    s.sim.advance(1)
    assert s.hard_exits == [1]


def test_stop_by_user_code(s: Stage) -> None:
    s.give(GiveStatus(T, TaskState.TASK_FINISHED))
    s.give(Finish())
    assert s.is_over
    assert s.agent.states("t") == ["FINISHED"]


def test_updates_made_without_an_agent_reach_the_next_one(s: Stage) -> None:
    s.host.kill()
    s.give(GiveStatus(T, TaskState.TASK_RUNNING), after_s=10)
    s.give(GiveData(b"lost"))
    s.give(GiveStatus(T, TaskState.TASK_FINISHED), after_s=10)
    s.host.restart()
    s.sim.advance(5)
    assert s.agent.states("t") == ["RUNNING", "FINISHED"]
    (subscribe,) = s.agent.all(executor.Subscribe)
    assert isinstance(subscribe, executor.Subscribe)
    assert [t.name for t in subscribe.unacknowledged_tasks] == ["t"]
    assert s.kinds() == ["Ready", "LaunchTask", "Ready"]


def test_update_between_subscription_and_its_answer_is_not_forgotten() -> None:
    s = Stage(launches=False)
    s.host.restart()
    s.agent.answers_subscriptions = False
    s.sim.advance(5)
    assert s.agent.all(executor.Subscribe)
    s.process.runtime.send(s.pid, GiveStatus(T, TaskState.TASK_RUNNING))
    s.agent.answers_subscriptions = True
    s.sim.advance(20)
    assert s.agent.states("t") == ["RUNNING"]


def test_agent_that_stays_away_shuts_down(s: Stage) -> None:
    s.host.kill()
    s.sim.advance(59)
    assert s.kinds() == ["Ready", "LaunchTask"]
    s.sim.advance(3)
    assert s.kinds() == ["Ready", "LaunchTask", "ShutDown"]
    s.give(GiveStatus(T, TaskState.TASK_KILLED))
    s.give(Finish())
    assert s.is_over


def test_executor_that_does_not_survive_shuts_down_at_once() -> None:
    s = Stage(survives=False)
    s.host.kill()
    s.sim.settle()
    assert s.kinds() == ["Ready", "LaunchTask", "ShutDown"]


def test_agent_lost_after_the_shutdown_began() -> None:
    s = Stage(survives=False)
    s.agent.acknowledges = False
    s.tell(executor.Shutdown())
    s.give(GiveStatus(T, TaskState.TASK_KILLED), after_s=0)
    s.give(Finish(), after_s=0.1)
    assert not s.is_over
    s.host.kill()
    s.sim.settle()
    assert s.is_over


def test_agent_without_an_address_is_a_lost_one() -> None:
    s = Stage(launches=False)
    found: list[PID | None] = [None, None, AGENT]
    actor = DriverActor(s.options, lambda: found.pop(0), s.events.append, s.hard_exits.append)
    s.process.runtime.spawn(actor, "other")
    s.sim.advance(10)
    assert found == []
    assert s.kinds() == ["Ready", "Ready"]
