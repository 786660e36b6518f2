"""An agent that starts again: what it finds, what it says, what it refuses."""

from __future__ import annotations

import dataclasses
import logging

import pytest
from msgspec.structs import replace

from cluster.model import ExecutorID, Reason, Resources, TaskState, parse_attributes
from cluster.protocol import agent, host
from cluster.protocol import executor as executors
from tests.simulation.agent_kit import FRAMEWORK, INFO, VOLATILE, ExecutorEnd, Stage, custom, policy, task
from tests.simulation.master_kit import uuid_of

S = TaskState
R = Reason


def restarted(stage: Stage, *containers: host.Container) -> None:
    """kill -9 of the agent, another start, and the host reports what runs."""
    stage.master.forget()
    stage.host.forget()
    stage.agent_host.restart()
    stage.settle()
    stage.host_ready(*containers)
    stage.settle()


def registered(stage: Stage) -> agent.ReregisterAgent:
    """Wait until the agent is taken back; what it said."""
    stage.sim.run_until(lambda: stage.is_registered, 60)
    stage.settle()
    return stage.master.last(agent.ReregisterAgent)


def test_the_agent_keeps_its_id() -> None:
    stage = Stage()
    assert stage.master.heard[0].__class__ is agent.RegisterAgent
    restarted(stage)
    report = registered(stage)
    assert report.info == replace(INFO, id=report.info.id)
    assert report.info.id is not None
    assert report.info.id.value == "S0"
    assert (report.frameworks, report.tasks, report.executors) == ((), (), ())
    assert stage.process.starts == 1
    assert stage.process.adoptions == 1


def test_executors_come_back_and_nothing_happened() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    stage.acknowledge("t", 1)
    restarted(stage, host.Container(stage.container(), pid=7))
    again = ExecutorEnd(stage, "t", FRAMEWORK).subscribe((task("t"),))
    assert [type(heard) for heard in again.actor.heard] == [executors.Subscribed]
    report = registered(stage)
    assert report.frameworks == (FRAMEWORK,)
    (record,) = report.tasks
    assert (record.task_id.value, record.state, record.executor_id) == ("t", S.TASK_RUNNING, None)
    assert stage.updates() == []
    again.update("t", S.TASK_FINISHED, 2)
    assert stage.story("t") == [(S.TASK_FINISHED, None)]
    found = stage.executor_of("t")
    assert found is not None
    assert found.first_pid == 7


def test_the_agent_waits_for_executors_before_it_registers_and_not_without_any() -> None:
    stage = Stage(executor_reregistration_timeout_s=10.0)
    restarted(stage)
    stage.advance(3)
    assert stage.is_registered  # nobody to wait for
    stage.start(task("t"))
    restarted(stage, host.Container(stage.host.last(host.StartContainer).container_id))
    stage.advance(9)
    assert not stage.master.all(agent.ReregisterAgent)
    stage.advance(4)
    assert stage.is_registered


@pytest.mark.parametrize("aware", [True, False])
def test_an_executor_that_does_not_come_back_is_ended(aware: bool) -> None:
    stage = Stage()
    framework = FRAMEWORK if aware else replace(FRAMEWORK, capabilities=())
    end = stage.start(task("t"), framework=framework)
    end.update("t", S.TASK_RUNNING, 1)
    stage.acknowledge("t", 1)
    container = stage.container()
    restarted(stage, host.Container(container))
    stage.advance(3)
    assert stage.destroyed() == [container]
    stage.exits(container, 9)
    registered(stage)
    (status,) = stage.updates("t")
    assert (status.state, status.reason) == (
        S.TASK_GONE if aware else S.TASK_LOST, R.REASON_EXECUTOR_REREGISTRATION_TIMEOUT,
    )  # fmt: skip


def test_what_was_not_acknowledged_is_sent_again_by_the_next_life() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    for number, state in enumerate((S.TASK_STARTING, S.TASK_RUNNING, S.TASK_FINISHED)):
        end.update("t", state, number)
    stage.acknowledge("t", 0)
    restarted(stage)
    registered(stage)
    assert [s.uuid for s in stage.updates()] == [uuid_of(1)]
    stage.acknowledge("t", 1)
    stage.acknowledge("t", 2)
    assert [s.uuid for s in stage.updates()] == [uuid_of(1), uuid_of(2)]
    assert not stage.agent.state.frameworks
    assert stage.files() == ["slave.info"]
    restarted(stage)
    assert registered(stage).tasks == ()


def test_an_acknowledged_end_is_not_reported() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()), task("b", executor=custom()))
    end.update("a", S.TASK_FINISHED, 1)
    stage.acknowledge("a", 1)
    restarted(stage, host.Container(stage.container()))
    report = registered(stage)
    assert [record.task_id.value for record in report.tasks] == ["b"]


def test_a_custom_executor_is_reported_by_name_and_its_tasks_say_where_they_are() -> None:
    stage = Stage()
    stage.start(task("t", executor=custom()))
    restarted(stage, host.Container(stage.container()))
    report = registered(stage)
    assert report.executors == (agent.ExecutorReport("F", custom()),)
    assert [record.executor_id for record in report.tasks] == [ExecutorID("e")]


def test_a_task_that_never_reached_its_executor_is_dropped_when_that_is_back() -> None:
    stage = Stage()
    stage.run(task("t"))
    container = stage.container()
    restarted(stage, host.Container(container))
    again = ExecutorEnd(stage, "t", FRAMEWORK).subscribe()
    assert again.launched() == []
    assert [type(heard) for heard in again.actor.heard] == [executors.Shutdown]  # it would wait for ever
    registered(stage)
    assert stage.story("t") == [(S.TASK_DROPPED, R.REASON_AGENT_RESTARTED)]


def test_frameworks_that_do_not_checkpoint_are_not_remembered() -> None:
    stage = Stage()
    stage.start(task("v"), framework=VOLATILE)
    container = stage.container()
    restarted(stage, host.Container(container))
    assert stage.destroyed() == [container]
    assert registered(stage).tasks == ()


def test_a_kill_wanted_before_the_restart_is_repeated_by_the_master() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    stage.acknowledge("t", 1)
    restarted(stage, host.Container(stage.container()))
    again = ExecutorEnd(stage, "t", FRAMEWORK).subscribe((task("t"),))
    registered(stage)
    stage.tell(agent.KillTask("F", "t", policy(1)))
    assert len(again.actor.all(executors.Kill)) == 1


# -- the executor host ------------------------------------------------------------------------


def test_a_host_that_died_meanwhile_leaves_nothing_behind() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    stage.acknowledge("t", 1)
    directory = stage.host.last(host.StartContainer).directory
    stage.agent_host.kill()
    stage.process.die()
    stage.agent_host.restart()
    stage.settle()
    assert stage.environs.killed == [directory]
    assert stage.process.starts == 2
    registered(stage)
    assert stage.story("t")[-1] == (S.TASK_FAILED, R.REASON_EXECUTOR_TERMINATED)


def test_a_container_that_ended_meanwhile_is_accounted_for() -> None:
    stage = Stage()
    stage.start(task("a"))
    first = stage.container()
    stage.start(task("b"))
    restarted(stage, host.Container(first, status=256))
    registered(stage)
    assert stage.story("a") == stage.story("b") == [(S.TASK_FAILED, R.REASON_EXECUTOR_TERMINATED)]
    assert stage.host.last(host.ForgetContainer).container_id == first


def test_a_host_that_lives_and_does_not_come_back_is_replaced() -> None:
    stage = Stage(executor_reregistration_timeout_s=30.0)
    stage.start(task("t"))
    directory = stage.host.last(host.StartContainer).directory
    stage.agent_host.restart()
    stage.advance(9)
    assert stage.process.starts == 1
    stage.advance(2)
    assert stage.process.starts == 2
    assert stage.environs.killed == [directory]


def test_an_identity_of_the_host_that_cannot_be_read_means_a_new_one() -> None:
    stage = Stage()
    stage.agent_host.disk.write("/work/meta/executor_host", b"garbage")
    stage.process.identity = None
    stage.agent_host.restart()
    stage.settle()
    assert stage.process.starts == 2


def test_an_agent_that_ends_before_its_host_came_up_takes_it_along() -> None:
    stage = Stage()
    stage.process.comes_up = False
    stage.process.die()
    stage.settle()
    stage.agent_host.stop()
    assert not stage.process.is_alive()
    assert stage.process.starts == 2


# -- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hostname": "other"}, "hostname changed"),
        ({"resources": Resources.parse("cpus:2").protos()}, "resources changed"),
        ({"attributes": parse_attributes("rack:1")}, "attributes changed"),
    ],
)
def test_an_agent_that_changed_says_what_to_do(
    changes: dict[str, object], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    stage.info = replace(INFO, **changes)
    with caplog.at_level(logging.CRITICAL):
        stage.restart()
    assert stage.exit_codes == [1]
    assert not stage.agent_host.is_up
    assert words in caplog.text
    assert "rm -f /work/meta/slaves/latest" in caplog.text
    stage.agent_host.disk.remove("/work/meta/slaves/latest")
    stage.agent_host.start(5051)
    stage.master.forget()
    stage.sim.run_until(lambda: stage.is_registered, 30)
    assert len(stage.master.all(agent.RegisterAgent)) >= 1


def test_another_port_is_no_change() -> None:
    stage = Stage()
    stage.info = replace(INFO, port=1234)
    restarted(stage)
    assert registered(stage).info.port == 1234


@pytest.mark.parametrize("strict", [True, False])
def test_a_broken_file_stops_a_strict_agent_only(strict: bool) -> None:
    stage = Stage(strict=strict)
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    stage.start(task("u"))
    stage.agent_host.disk.write(
        "/work/meta/slaves/S0/frameworks/F/executors/t/executor.info", b"\0\0\0\1\xc1"
    )
    stage.restart()
    assert stage.exit_codes == ([1] if strict else [])
    if not strict:
        stage.host_ready()
        stage.settle()
        assert [record.task_id.value for record in registered(stage).tasks] == ["u"]


def test_cleanup_ends_everything_and_the_agent() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    container = stage.container()
    stage.settings = dataclasses.replace(stage.settings, recover="cleanup")
    restarted(stage, host.Container(container))
    ExecutorEnd(stage, "t", FRAMEWORK).subscribe((task("t"),))
    stage.advance(3)
    assert len(stage.host.all(host.StopHost)) == 1
    assert stage.master.all(agent.ReregisterAgent) == []
    stage.process.die(0)
    stage.settle()
    assert stage.exit_codes == [0]
