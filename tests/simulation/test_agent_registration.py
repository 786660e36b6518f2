"""An agent and its master: registering, staying registered, leaving."""

from __future__ import annotations

from itertools import pairwise

from cluster.agent import timers
from cluster.model import TaskState
from cluster.protocol import agent, host
from cluster.protocol import executor as executors
from cluster.version import PROTOCOL_VERSION
from tests.simulation.agent_kit import AGENT_PID, INFO, Stage, task

S = TaskState


def lost(stage: Stage) -> None:
    """The master process dies."""
    stage.master_host.kill()
    stage.settle()


def test_the_first_request_says_what_the_agent_is() -> None:
    stage = Stage()
    request = stage.master.all(agent.RegisterAgent)[0]
    assert (request.info, request.version) == (INFO, PROTOCOL_VERSION)
    assert {c.type.value for c in request.capabilities if c.type} == {
        "MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT",
    }  # fmt: skip
    assert stage.agent_host.disk.read("/work/meta/agent_endpoint") == b"slave(1)@10.0.1.1:5051"
    assert stage.agent_host.disk.read("/work/meta/slaves/latest") == b"S0"


def test_requests_are_repeated_with_growing_random_waits_up_to_a_minute() -> None:
    stage = Stage(registers=False, registration_backoff_s=1.0)
    stage.master.accepts = False
    stage.advance(3600)
    times = stage.master.times_of(agent.RegisterAgent)
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert times[0] <= 1.1
    for number, wait in enumerate(waits):
        assert wait <= min(2.0 * 2**number, 60.0) + 0.1
    assert max(waits) > 30
    stage.master.accepts = True
    stage.sim.run_until(lambda: stage.is_registered, 70)
    stage.master.forget()
    stage.advance(200)
    assert stage.master.all(agent.RegisterAgent) == []


def test_pings_are_answered_and_keep_the_agent_registered() -> None:
    stage = Stage()
    stage.master.forget()
    stage.advance(300)
    assert len(stage.master.all(agent.Pong)) == 20
    assert stage.master.all(agent.ReregisterAgent) == []


def test_without_pings_for_the_announced_time_the_agent_registers_again() -> None:
    stage = Stage()
    stage.sim.run_until(lambda: bool(stage.master.all(agent.Pong)), 20)
    stage.master.pings = False
    stage.advance(74)
    assert stage.is_registered
    stage.advance(3)
    assert len(stage.master.all(agent.ReregisterAgent)) >= 1
    stage.sim.run_until(lambda: stage.is_registered, 30)


def test_a_master_that_counts_the_agent_as_disconnected_hears_from_it() -> None:
    stage = Stage()
    stage.tell(agent.Ping(False))
    stage.advance(3)
    assert len(stage.master.all(agent.ReregisterAgent)) >= 1
    assert stage.is_registered


def test_a_master_that_dies_is_registered_with_when_it_is_back() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    lost(stage)
    assert not stage.is_registered
    end.update("t", S.TASK_RUNNING, 1)
    assert end.acknowledged() == [1]  # executors are served meanwhile
    stage.advance(100)
    stage.master_host.start(5050)
    stage.sim.run_until(lambda: stage.is_registered, 120)
    stage.settle()
    assert [s.state for s in stage.updates()] == [S.TASK_RUNNING]
    (record,) = stage.master.all(agent.ReregisterAgent)[-1].tasks
    assert record.state is S.TASK_RUNNING


def test_another_id_ends_the_agent() -> None:
    stage = Stage()
    stage.tell(agent.AgentRegistered("S1", 75.0))
    assert stage.exit_codes == [1]


def test_being_taken_back_as_another_one_ends_the_agent() -> None:
    stage = Stage()
    stage.master.agent_id = "S7"
    stage.tell(agent.Ping(False))
    stage.advance(3)
    assert stage.exit_codes == [1]


def test_only_the_master_is_listened_to() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.host.forget()
    for message in (
        agent.ShutdownFramework("F"),
        agent.ShutdownExecutor("F", "t"),
        agent.KillTask("F", "t"),
        agent.AgentRegistered("S1", 1.0),
        agent.AgentReregistered("S1", 1.0),
        agent.ShutdownAgent("please"),
        agent.MessageToExecutor("F", "t", b""),
        agent.Ping(False),
    ):
        stage.host_says(message)
    assert stage.exit_codes == []
    assert stage.is_registered
    assert [type(heard) for heard in end.actor.heard] == [executors.Subscribed, executors.Launch]
    assert stage.host.heard == []


def test_the_master_may_end_the_agent() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.tell(agent.ShutdownAgent("marked gone"))
    assert stage.master.all(agent.UnregisterAgent) == [agent.UnregisterAgent("S0")]
    assert len(end.actor.all(executors.Shutdown)) == 1
    assert len(stage.host.all(host.StopHost)) == 1
    stage.process.die(0)
    stage.settle()
    assert stage.exit_codes == [0]


def test_leaving_unregisters_and_ends_all() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.agent.send(AGENT_PID, timers.Leave())
    stage.settle()
    assert stage.master.all(agent.UnregisterAgent) == [agent.UnregisterAgent("S0")]
    assert len(end.actor.all(executors.Shutdown)) == 1
    stage.run(task("u"))
    assert len(stage.host.all(host.StartContainer)) == 1
    stage.process.die(0)
    stage.settle()
    assert stage.exit_codes == [0]
    assert stage.process.starts == 1


def test_the_gauges_follow() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    numbers = stage.agent.metrics.snapshot()
    assert [
        numbers[f"slave/{name}"]
        for name in ("registered", "frameworks_active", "executors_running", "pending_updates")
    ] == [1, 1, 1, 1]
