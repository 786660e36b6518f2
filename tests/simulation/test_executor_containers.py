"""Executor host and command executors on virtual time, against an agent that records."""

from __future__ import annotations

import signal

import pytest

from actors import PID
from actors.testing import Host, Simulation
from cluster.containerizer.simulated import SimulatedProcess
from cluster.executor.host_process import HostIdentity
from cluster.executor.simulated_host import SimulatedHostProcess, SimulatedMachine
from cluster.model import CommandInfo, Reason, TaskGroupInfo, TaskID, TaskState
from cluster.protocol import executor, host
from tests.executor_kit import AGENT_NAME, FakeAgent, grace, seconds, start, task

IP = "10.0.0.5"
PORT = 5051
AGENT = PID(AGENT_NAME, f"{IP}:{PORT}")
RECOVERY_S = 100.0


class Stage:
    """A machine with an agent that can be killed and started, and its executor host."""

    def __init__(self, seed: int = 1) -> None:
        self.sim = Simulation(seed)
        self.machine = SimulatedMachine(self.sim, IP, recovery_timeout_s=RECOVERY_S)
        self.agents: list[FakeAgent] = []
        self.exits: list[int] = []
        self.identity: HostIdentity | None = None
        self.door: SimulatedHostProcess | None = None
        self.acknowledges = True
        self.host = self.sim.host(IP, self._boot)
        self.host.start(PORT)
        self.wait(lambda: self.agent.host is not None)

    def _boot(self, machine: Host) -> None:
        agent = FakeAgent(acknowledges=self.acknowledges)
        self.agents.append(agent)
        pid = machine.runtime.spawn(agent, AGENT_NAME)
        self.door = self.machine.host_process(machine.runtime.clock)
        if self.identity is None or not self.door.adopt(self.identity, self.exits.append):
            self.identity = self.door.start(pid, self.exits.append)

    @property
    def agent(self) -> FakeAgent:
        """The agent of now."""
        return self.agents[-1]

    @property
    def is_host_up(self) -> bool:
        """Whether the executor host runs."""
        return bool(self.machine.hosts)

    def wait(self, reached: object, limit_s: float = 60.0) -> None:
        """Let time pass until something holds."""
        assert callable(reached)
        self.sim.run_until(reached, limit_s)

    def run(self, name: str, command: str, *, survives: bool = True, **fields: object) -> SimulatedProcess:
        """Run a command task until it is RUNNING."""
        self.agent.run(start(name, f"/{name}", survives=survives), task(name, command, **fields))
        self.wait(lambda: self.agent.has(name, TaskState.TASK_RUNNING))
        return next(p for p in self.machine.processes.running if p.spec.directory == f"/{name}")

    def ended(self, name: str) -> host.ContainerExited:
        """Wait for the end of a container."""
        self.wait(lambda: self.agent.exit_of(name) is not None)
        exited = self.agent.exit_of(name)
        assert exited is not None
        return exited

    def now_s(self) -> float:
        """The time."""
        return self.sim.clock.now() / 1e9


@pytest.fixture
def s() -> Stage:
    return Stage()


# -- one task -------------------------------------------------------------------------------------


def test_task_that_finishes(s: Stage) -> None:
    process = s.run("t", "sleep 5")
    s.sim.settle()
    assert s.agent.pid_of("t") == process.pid
    assert s.ended("t") == host.ContainerExited("t", 0)
    assert s.agent.states("t") == ["STARTING", "RUNNING", "FINISHED"]
    last = s.agent.last("t")
    assert last.message == "Command exited with status 0"
    assert len(last.uuid or b"") == 16
    assert last.source is not None
    assert last.source.value == "SOURCE_EXECUTOR"
    assert last.executor_id is not None
    assert last.executor_id.value == "t"
    assert last.timestamp == pytest.approx(s.sim.clock.wall(), abs=1)


def test_task_that_fails(s: Stage) -> None:
    s.run("t", "sleep 1; exit 7")
    assert s.ended("t").status == 7 << 8
    assert s.agent.last("t").message == "Command exited with status 7"
    assert s.agent.states("t")[-1] == "FAILED"


def test_kill_lets_a_task_end_by_itself(s: Stage) -> None:
    process = s.run("t", "sleep 500")
    s.agent.tell("t", executor.Kill(TaskID("t")))
    s.ended("t")
    assert process.signals == [signal.SIGTERM]
    assert s.agent.states("t") == ["STARTING", "RUNNING", "KILLING", "KILLED"]
    assert s.agent.last("t").message == "Command terminated with signal Terminated"


@pytest.mark.parametrize(("call", "own", "about_s"), [(7.0, 20.0, 7), (None, 20.0, 20), (None, None, 3)])
def test_kill_is_enforced_after_the_grace_period(
    s: Stage, call: float | None, own: float | None, about_s: float
) -> None:
    process = s.run("t", "trap '' TERM; sleep 500", kill_policy=grace(own) if own else None)
    began_s = s.now_s()
    s.agent.tell("t", executor.Kill(TaskID("t"), grace(call) if call else None))
    s.wait(lambda: s.agent.has("t", TaskState.TASK_KILLED))
    assert process.signals == [signal.SIGTERM, signal.SIGKILL]
    assert about_s < s.now_s() - began_s < about_s + 0.1


def test_second_kill_shortens_the_grace_period(s: Stage) -> None:
    s.run("t", "trap '' TERM; sleep 500")
    began_s = s.now_s()
    s.agent.tell("t", executor.Kill(TaskID("t"), grace(60)))
    s.sim.advance(1)
    s.agent.tell("t", executor.Kill(TaskID("t"), grace(100)))
    s.agent.tell("t", executor.Kill(TaskID("t"), grace(4)))
    s.wait(lambda: s.agent.has("t", TaskState.TASK_KILLED))
    assert 4 < s.now_s() - began_s < 4.1
    assert s.agent.states("t") == ["STARTING", "RUNNING", "KILLING", "KILLED"]


def test_kill_of_another_task_does_nothing(s: Stage) -> None:
    process = s.run("t", "sleep 5")
    s.agent.tell("t", executor.Kill(TaskID("other")))
    s.ended("t")
    assert process.signals == []


def test_time_limit_of_a_task(s: Stage) -> None:
    process = s.run("t", "trap '' TERM; sleep 500", max_completion_time=seconds(10))
    s.ended("t")
    assert process.signals == [signal.SIGTERM, signal.SIGKILL]
    assert s.agent.states("t") == ["STARTING", "RUNNING", "FAILED"]
    assert s.agent.last("t").reason is Reason.REASON_MAX_COMPLETION_TIME_REACHED


def test_second_task_is_refused_and_the_first_goes_on(s: Stage) -> None:
    s.run("t", "sleep 5")
    s.agent.tell("t", executor.Launch(task("u")))
    s.agent.tell("t", executor.Launch(task("t")))
    s.ended("t")
    assert s.agent.states("u") == ["FAILED"]
    assert s.agent.states("t") == ["STARTING", "RUNNING", "FINISHED"]


def test_task_group_shuts_the_executor_down(s: Stage) -> None:
    s.run("t", "sleep 500")
    s.agent.tell("t", executor.LaunchGroup(TaskGroupInfo(tasks=(task("u"),))))
    s.ended("t")
    assert s.agent.states("t")[-1] == "KILLED"


def test_program_that_does_not_exist(s: Stage) -> None:
    s.agent.run(start("t", "/t"), task("t", CommandInfo(shell=False, value="nothing")))
    assert s.ended("t") == host.ContainerExited("t", 0)
    assert s.agent.states("t") == ["STARTING", "FAILED"]
    assert "cannot run 'nothing'" in (s.agent.last("t").message or "")


# -- shutdown, refusal, destruction ---------------------------------------------------------------


def test_shutdown_leaves_time_for_the_last_update(s: Stage) -> None:
    process = s.run("t", "trap '' TERM; sleep 500")
    began_s = s.now_s()
    s.agent.tell("t", executor.Shutdown())
    s.ended("t")
    assert process.signals == [signal.SIGTERM, signal.SIGKILL]
    assert 3 < s.now_s() - began_s < 3.2  # 5 s of grace, less 2 s
    assert s.agent.states("t")[-1] == "KILLED"


def test_the_end_of_a_framework_is_not_acknowledged(s: Stage) -> None:
    process = s.run("t", "sleep 500")
    s.agent.acknowledges = False
    began_s = s.now_s()
    s.agent.tell("t", executor.Shutdown(acknowledges=False))
    assert s.ended("t").status == signal.SIGTERM
    assert process.signals == [signal.SIGTERM]
    assert s.now_s() - began_s < 0.5  # it waits for the end of the task only
    assert s.agent.states("t")[-1] == "KILLED"


@pytest.mark.parametrize(
    "message", [executor.Shutdown(), executor.Shutdown(acknowledges=False), executor.Error("no")]
)
def test_executor_without_a_task_just_ends(s: Stage, message: object) -> None:
    s.agent.run(start("e", "/e"))
    s.wait(lambda: "e" in s.agent.executors)
    s.agent.tell("e", message)
    assert s.ended("e") == host.ContainerExited("e", 0)


def test_destroyed_container_says_nothing_more(s: Stage) -> None:
    process = s.run("t", "sleep 500")
    s.agent.order(host.DestroyContainer("t"))
    assert s.ended("t").status == signal.SIGKILL
    assert process.signals == [signal.SIGKILL]
    s.sim.advance(30)
    assert s.agent.states("t") == ["STARTING", "RUNNING"]


def test_container_destroyed_at_once(s: Stage) -> None:
    s.agent.run(start("t", "/t"), task("t", "sleep 500"))
    s.agent.order(host.DestroyContainer("t"))
    s.ended("t")
    s.sim.advance(10)
    assert s.machine.processes.running == []


def test_unknown_container_is_reported_as_ended(s: Stage) -> None:
    s.agent.order(host.DestroyContainer("x"))
    assert s.ended("x") == host.ContainerExited("x", -1)


def test_container_that_is_asked_for_again(s: Stage) -> None:
    process = s.run("t", "sleep 5")
    s.agent.order(start("t", "/t"))
    s.sim.advance(1)
    started = s.agent.all(host.ContainerStarted)
    assert started == [host.ContainerStarted("t", process.pid)] * 2
    s.ended("t")
    s.agent.order(start("t", "/t"))
    s.sim.advance(1)
    assert len(s.agent.all(host.ContainerExited)) == 2
    assert len(s.agent.all(executor.Subscribe)) == 1
    s.agent.order(host.ForgetContainer("t"))
    s.agent.order(host.DestroyContainer("t"))
    s.sim.advance(1)
    assert s.agent.all(host.ContainerExited)[-1] == host.ContainerExited("t", -1)


def test_custom_executor_is_a_process(s: Stage) -> None:
    s.agent.run(start("c", "/c", command=CommandInfo(value="sleep 5; exit 3")))
    s.wait(lambda: s.agent.pid_of("c") is not None)
    assert s.ended("c").status == 3 << 8
    assert s.agent.pid_of("c") == 1000


def test_executor_that_cannot_be_started(s: Stage) -> None:
    command = CommandInfo(shell=False, value="nothing")
    s.agent.run(start("c", "/c", command=command))
    s.agent.run(start("t", "/t", MESOS_RECOVERY_TIMEOUT="soon"))
    assert s.ended("c").failure == "cannot run 'nothing': No such file or directory"
    assert "MESOS_RECOVERY_TIMEOUT" in s.ended("t").failure


def test_stop_kills_all_and_ends_the_host(s: Stage) -> None:
    s.run("t", "trap '' TERM; sleep 500")
    s.run("u", "sleep 500")
    s.agent.order(host.StopHost())
    s.wait(lambda: not s.is_host_up)
    assert s.machine.processes.running == []
    s.sim.advance(1)
    assert s.exits == [0]
    assert s.door is not None
    assert not s.door.is_alive()


# -- updates --------------------------------------------------------------------------------------


def test_update_without_acknowledgement_is_sent_again() -> None:
    s = Stage()
    s.agent.acknowledges = False
    s.agent.run(start("t", "/t"), task("t", "sleep 500"))
    s.sim.advance(35)
    sent = [u.status.state.value for u in s.agent.all(executor.Update) if isinstance(u, executor.Update)]
    assert sent == ["TASK_STARTING", "TASK_RUNNING"] * 4
    s.agent.acknowledges = True
    s.sim.advance(30)
    assert len(s.agent.all(executor.Update)) == 10


@pytest.mark.parametrize(
    ("lost", "heard"), [(1, ["RUNNING", "FINISHED"]), (2, ["STARTING", "RUNNING", "FINISHED"])]
)
def test_lost_updates_come_again_but_none_after_a_newer_one(s: Stage, lost: int, heard: list[str]) -> None:
    rule = s.sim.network.drop(executor.Update, count=lost)
    s.agent.run(start("t", "/t"), task("t", "sleep 50"))
    s.ended("t")
    assert rule.seen == lost
    assert s.agent.states("t") == heard


def test_executor_ends_though_nobody_acknowledges(s: Stage) -> None:
    s.agent.acknowledges = False
    s.agent.run(start("t", "/t"), task("t", "true"))
    s.wait(lambda: s.agent.exit_of("t") is not None, limit_s=120)
    assert 60 < s.now_s() < 62


def test_subscription_is_repeated_until_it_is_answered(s: Stage) -> None:
    s.agent.answers_subscriptions = False
    s.agent.run(start("t", "/t"), task("t", "sleep 5"))
    s.sim.advance(8)
    assert len(s.agent.all(executor.Subscribe)) == 4  # after 0, 1, 3 and 7 s
    s.agent.answers_subscriptions = True
    s.ended("t")
    assert s.agent.states("t") == ["STARTING", "RUNNING", "FINISHED"]


# -- the agent dies -------------------------------------------------------------------------------


def test_agent_that_comes_back_hears_what_it_missed(s: Stage) -> None:
    s.run("t", "sleep 20")
    first = s.agent
    first.acknowledges = False
    s.agent.run(start("u", "/u"), task("u", "sleep 500"))
    s.wait(lambda: first.has("u", TaskState.TASK_RUNNING))
    s.host.kill()
    s.sim.advance(40)
    assert len(s.machine.processes.running) == 1
    s.host.restart()
    s.wait(lambda: "u" in s.agent.executors and "t" in s.agent.executors)
    ready = next(m for m in s.agent.all(host.HostReady) if isinstance(m, host.HostReady))
    assert {c.container_id: c.status for c in ready.containers} == {"t": None, "u": None}
    subscriptions = {
        m.executor_id.value: m for m in s.agent.all(executor.Subscribe) if isinstance(m, executor.Subscribe)
    }
    assert [t.name for t in subscriptions["u"].unacknowledged_tasks] == ["u"]
    assert [u.state.value for u in subscriptions["u"].unacknowledged_updates] == [
        "TASK_STARTING",
        "TASK_RUNNING",
    ]
    assert subscriptions["t"].unacknowledged_tasks == ()
    assert [u.state.value for u in subscriptions["t"].unacknowledged_updates] == ["TASK_FINISHED"]
    s.ended("t")
    assert s.machine.processes.running[0].signals == []


def test_ended_container_is_reported_to_the_next_agent(s: Stage) -> None:
    s.run("t", "sleep 1; exit 4")
    s.ended("t")
    s.host.restart()
    s.wait(lambda: s.agent.host is not None)
    (ready,) = s.agent.all(host.HostReady)
    assert isinstance(ready, host.HostReady)
    (container,) = ready.containers
    assert (container.container_id, container.status) == ("t", 4 << 8)
    s.agent.order(host.ForgetContainer("t"))
    s.sim.settle()
    s.host.kill()
    s.wait(lambda: not s.is_host_up, limit_s=5)  # nothing is left to wait for


def test_what_does_not_survive_shuts_down_with_its_agent(s: Stage) -> None:
    gentle = s.run("g", "sleep 500", survives=False)
    stubborn = s.run("s", "trap '' TERM; sleep 500", survives=False)
    s.agent.run(start("c", "/c", survives=False, command=CommandInfo(value="trap '' TERM; sleep 500")))
    s.run("keeps", "sleep 500")
    custom = next(p for p in s.machine.processes.running if p.spec.directory == "/c")
    s.host.kill()
    s.sim.advance(2)
    assert gentle.signals == [signal.SIGTERM]
    s.sim.advance(4)
    assert stubborn.signals == [signal.SIGTERM, signal.SIGKILL]
    assert custom.signals == [signal.SIGKILL]
    assert [p.spec.directory for p in s.machine.processes.running] == ["/keeps"]
    assert s.is_host_up


def test_host_ends_with_the_agent_when_nothing_survives(s: Stage) -> None:
    s.run("t", "trap '' TERM; sleep 500", survives=False)
    s.host.kill()
    s.wait(lambda: not s.is_host_up, limit_s=10)
    assert s.machine.processes.running == []


def test_all_shut_down_when_the_agent_stays_away(s: Stage) -> None:
    gentle = s.run("t", "sleep 500")
    stubborn = s.run("u", "trap '' TERM; sleep 500")
    s.host.kill()
    s.sim.advance(RECOVERY_S - 1)
    assert gentle.signals == stubborn.signals == []
    s.wait(lambda: not s.is_host_up, limit_s=10)
    assert gentle.signals == [signal.SIGTERM]
    assert stubborn.signals == [signal.SIGTERM, signal.SIGKILL]


def test_each_loss_has_its_own_recovery_time(s: Stage) -> None:
    process = s.run("t", "sleep 5000")
    for _ in range(3):
        s.host.kill()
        s.sim.advance(RECOVERY_S * 0.7)
        s.host.restart()
        s.wait(lambda: "t" in s.agent.executors, limit_s=5)
        s.sim.advance(RECOVERY_S * 0.7)
    assert process.signals == []
    assert s.agent.all(host.HostReady)


def test_host_that_dies_leaves_tasks_and_its_agent_hears_of_it(s: Stage) -> None:
    s.run("t", "sleep 500")
    assert s.door is not None
    s.door.kill()
    s.sim.advance(1)
    assert len(s.exits) == 1
    assert not s.door.is_alive()
    (pid,) = s.machine.processes.leftovers("/t")
    assert s.machine.processes.kill_leftovers("/t") == [pid]
    s.sim.advance(1)
    s.identity = s.door.start(AGENT, s.exits.append)
    s.wait(lambda: len(s.agent.all(host.HostReady)) == 2)
    assert list(s.sim.hosts) == [IP, f"{IP}/executors", f"{IP}/executors-2"]


def test_power_failure_ends_everything(s: Stage) -> None:
    s.run("t", "sleep 500")
    s.host.lose_power()
    s.machine.lose_power()
    s.sim.advance(1)
    assert s.machine.processes.running == []
    s.host.start(PORT)
    s.wait(lambda: s.agent.host is not None)
    assert s.agent.all(host.HostReady)[0] == host.HostReady(pid=102)


def test_partition_of_the_agent_does_not_come_between(s: Stage) -> None:
    s.sim.network.partition(IP, "10.0.0.1")
    s.run("t", "sleep 5")
    s.ended("t")


def test_same_seed_same_trace() -> None:
    def digest() -> str:
        s = Stage(seed=7)
        s.run("t", "sleep 20")
        s.host.kill()
        s.sim.advance(5)
        s.host.restart()
        s.ended("t")
        return s.sim.digest

    assert digest() == digest()
