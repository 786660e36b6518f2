"""Launching, killing and ending on an agent, row by row of the reference's tables."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cluster.agent.state import Phase
from cluster.model import (
    CommandInfo,
    Environment,
    ExecutorID,
    FrameworkID,
    Label,
    Labels,
    Reason,
    Source,
    TaskID,
    TaskState,
)
from cluster.protocol import agent, host
from cluster.protocol import executor as executors
from tests.simulation.agent_kit import FRAMEWORK, VOLATILE, ExecutorEnd, Stage, custom, policy, task

S = TaskState
R = Reason


# -- launching --------------------------------------------------------------------------------


def test_a_command_task_gets_an_executor_of_its_name() -> None:
    stage = Stage()
    command = CommandInfo(value="echo 0123456789 and more", user="bob")
    labels = Labels(labels=(Label(key="a", value="b"),))
    stage.run(task("t", command=command, labels=labels, kill_policy=policy(10)))
    start = stage.host.last(host.StartContainer)
    assert (start.framework_id, start.executor_id, start.command, start.user) == ("F", "t", None, "bob")
    assert start.survives_agent
    assert start.shutdown_grace_s == 12.0  # the task's own and what it takes to notice and report
    assert start.directory == f"/work/slaves/S0/frameworks/F/executors/t/runs/{start.container_id}"
    assert stage.environs.sandboxes == [(start.directory, "bob")]
    end = ExecutorEnd(stage, "t", FRAMEWORK).subscribe()
    (subscribed,) = end.actor.all(executors.Subscribed)
    info = subscribed.executor_info
    assert (info.executor_id, info.framework_id, info.source) == (ExecutorID("t"), FrameworkID("F"), "t")
    assert info.name == "Command Executor (Task: t) (Command: sh -c 'echo 0123456...')"
    assert info.labels == labels
    assert subscribed.framework_info == FRAMEWORK
    assert subscribed.agent_info.id is not None
    assert subscribed.container_id.value == start.container_id
    assert end.launched() == ["t"]


def test_an_executor_finds_its_environment() -> None:
    stage = Stage(executor_environment=(("EXTRA", "1"), ("MESOS_SLAVE_ID", "overwritten")))
    own = Environment(variables=(Environment.Variable(name="OWN", value="x"),))
    stage.run(task("t", executor=custom(command=CommandInfo(value="./e", environment=own))))
    start = stage.host.last(host.StartContainer)
    assert start.environment == start.environment | {
        "MESOS_FRAMEWORK_ID": "F", "MESOS_EXECUTOR_ID": "e", "MESOS_DIRECTORY": start.directory,
        "MESOS_SANDBOX": start.directory, "MESOS_SLAVE_ID": "S0", "MESOS_SLAVE_PID": "slave(1)@10.0.1.1:5051",
        "MESOS_AGENT_ENDPOINT": "10.0.1.1:5051", "MESOS_CHECKPOINT": "1",
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs", "MESOS_RECOVERY_TIMEOUT": "15mins",
        "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "LIBPROCESS_PORT": "0", "EXTRA": "1", "OWN": "x",
    }  # fmt: skip
    stage.run(task("t"), VOLATILE)
    environment = stage.host.last(host.StartContainer).environment
    assert environment["MESOS_CHECKPOINT"] == "0"
    assert "MESOS_RECOVERY_TIMEOUT" not in environment
    assert not stage.host.last(host.StartContainer).survives_agent


def test_tasks_wait_until_their_executor_subscribed_and_later_ones_are_sent_at_once() -> None:
    stage = Stage()
    stage.run(task("a", executor=custom()))
    stage.run(task("b", executor=custom()), launch_executor=False)
    end = ExecutorEnd(stage, "e", FRAMEWORK)
    assert end.actor.heard == []
    end.subscribe()
    assert end.launched() == ["a", "b"]
    stage.run(task("c", executor=custom()), launch_executor=False)
    assert end.launched() == ["a", "b", "c"]
    assert len(stage.host.all(host.StartContainer)) == 1


def test_asking_again_before_the_answer_came_launches_nothing_twice() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.subscribe()
    assert len(end.actor.all(executors.Subscribed)) == 2
    assert end.launched() == ["t"]
    assert stage.updates() == []


@pytest.mark.parametrize(
    ("framework", "state"), [(FRAMEWORK, S.TASK_DROPPED), (replace(FRAMEWORK, capabilities=()), S.TASK_LOST)]
)
def test_a_launch_for_an_executor_that_is_gone_is_dropped(framework: object, state: TaskState) -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()), framework, launch_executor=False)  # type: ignore[arg-type]
    (status,) = stage.updates("t")
    assert (status.state, status.reason, status.source) == (
        state, R.REASON_EXECUTOR_TERMINATED, Source.SOURCE_AGENT,
    )  # fmt: skip
    assert status.uuid is not None
    assert status.agent_id is not None
    assert status.container_status is None
    assert stage.master.all(agent.ExecutorExited) == []
    assert not stage.agent.state.frameworks
    assert stage.files() == ["slave.info"]


def test_a_new_executor_whose_id_still_exists_is_refused_and_the_living_one_is_shut_down() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()))
    stage.run(task("b", executor=custom()), launch_executor=True)
    assert stage.story("b") == [(S.TASK_DROPPED, R.REASON_EXECUTOR_TERMINATED)]
    assert stage.master.last(agent.ExecutorExited) == agent.ExecutorExited("S0", "F", "e", -1)
    assert len(end.actor.all(executors.Shutdown)) == 1


def test_a_command_task_whose_executor_still_exists_is_refused() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_FINISHED, 1)
    stage.acknowledge("t", 1)
    stage.run(task("t"))
    assert stage.story("t")[-1] == (S.TASK_DROPPED, R.REASON_TASK_INVALID)
    assert end.actor.all(executors.Shutdown) == []


def test_an_executor_that_is_ending_takes_no_tasks() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()))
    stage.tell(agent.ShutdownExecutor("F", "e"))
    assert end.actor.all(executors.Shutdown) == [executors.Shutdown()]
    stage.run(task("b", executor=custom()), launch_executor=False)
    assert stage.story("b") == [(S.TASK_DROPPED, R.REASON_EXECUTOR_TERMINATED)]


@pytest.mark.parametrize("fault", ["full", "nobody"])
def test_a_sandbox_that_cannot_be_made_is_the_end_of_the_launch(fault: str) -> None:
    stage = Stage()
    stage.environs.no_room = "no space left" if fault == "full" else ""
    stage.environs.unknown_users = ("nobody",)
    command = CommandInfo(value="./e", user="nobody" if fault == "nobody" else None)
    stage.run(task("t", executor=custom(command=command)))
    (status,) = stage.updates("t")
    assert (status.state, status.reason) == (S.TASK_DROPPED, R.REASON_EXECUTOR_TERMINATED)
    assert status.message is not None
    assert status.message.startswith("Failed to create the sandbox: ")
    assert stage.master.last(agent.ExecutorExited).executor_id == "e"
    assert stage.host.all(host.StartContainer) == []
    assert not stage.agent.state.frameworks


def test_a_container_that_cannot_be_started_fails_its_tasks() -> None:
    stage = Stage()
    stage.run(task("t"))
    stage.exits(stage.container(), -1, "no such program")
    (status,) = stage.updates("t")
    assert (status.state, status.reason, status.message) == (
        S.TASK_FAILED, R.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: no such program",
    )  # fmt: skip


def test_launches_from_elsewhere_or_while_disconnected_are_ignored() -> None:
    stage = Stage()
    stage.host_says(agent.RunTask(FRAMEWORK, task("t"), True))
    stage.master.accepts = False
    stage.tell(agent.Ping(False))
    stage.run(task("t"))
    assert stage.host.all(host.StartContainer) == []


def test_containers_wanted_while_the_host_is_away_are_started_when_it_is_there() -> None:
    stage = Stage(registers=False)
    stage.process.comes_up = False
    stage.sim.run_until(lambda: stage.is_registered, 30)
    stage.agent._hosts.pid = None
    stage.run(task("a"))
    stage.run(task("b"))
    assert stage.host.all(host.StartContainer) == []
    stage.tell(agent.KillTask("F", "b"))
    assert stage.story("b") == [(S.TASK_KILLED, R.REASON_TASK_KILLED_DURING_LAUNCH)]
    stage.host_ready()
    stage.settle()
    assert [start.executor_id for start in stage.host.all(host.StartContainer)] == ["a"]
    assert isinstance(stage.host.heard[0], host.HostAccepted)


# -- registration -----------------------------------------------------------------------------


def test_an_executor_that_does_not_register_in_time_is_destroyed() -> None:
    stage = Stage()
    stage.run(task("t"))
    stage.advance(59)
    assert stage.destroyed() == []
    stage.advance(1)
    assert stage.destroyed() == [stage.container()]
    assert stage.updates() == []  # its end says so
    stage.exits(stage.container(), 9)
    (status,) = stage.updates("t")
    assert (status.state, status.reason, status.message) == (
        S.TASK_FAILED, R.REASON_EXECUTOR_REGISTRATION_TIMEOUT, "Executor did not register within 1mins",
    )  # fmt: skip


def test_one_that_registered_in_time_is_left_alone() -> None:
    stage = Stage()
    stage.start(task("t"))
    stage.advance(120)
    assert stage.destroyed() == []


def test_strangers_and_ending_executors_are_told_to_shut_down() -> None:
    stage = Stage()
    stranger = ExecutorEnd(stage, "nobody", FRAMEWORK).subscribe()
    assert stranger.actor.heard == [executors.Shutdown()]
    end = stage.start(task("t"))
    stage.tell(agent.ShutdownFramework("F"))
    end.actor.forget()
    end.subscribe()
    assert end.actor.heard == [executors.Shutdown()]


def test_an_idle_executor_that_comes_back_is_welcome() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()))
    end.update("a", S.TASK_FINISHED, 1)
    stage.acknowledge("a", 1)
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe()
    assert [type(heard) for heard in again.actor.heard] == [executors.Subscribed]
    stage.run(task("b", executor=custom()), launch_executor=False)
    assert again.launched() == ["b"]


def test_an_idle_executor_is_reported_to_a_new_master() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()))
    end.update("a", S.TASK_FINISHED, 1)
    stage.acknowledge("a", 1)
    stage.executors_host.runtime.terminate(end.pid)  # its connection breaks, it lives
    stage.settle()
    stage.tell(agent.Ping(False))
    stage.advance(5)
    (report,) = stage.master.last(agent.ReregisterAgent).executors
    assert report.info == custom()


def test_tasks_that_never_reached_the_executor_are_dropped_when_it_is_back() -> None:
    stage = Stage()
    stage.start(task("a", executor=custom()), task("b", executor=custom()))
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe(tasks=(task("a", executor=custom()),))
    assert stage.story("b") == [(S.TASK_DROPPED, R.REASON_AGENT_RESTARTED)]
    assert stage.story("a") == []
    assert again.launched() == []


def test_unacknowledged_updates_are_taken_at_subscription() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    first = end.update("t", S.TASK_RUNNING, 1)
    again = ExecutorEnd(stage, "t", FRAMEWORK)
    again.subscribe((task("t"),), (first, again.status("t", S.TASK_FINISHED, 2)))
    assert again.acknowledged() == [1, 2]
    stage.acknowledge("t", 1)
    assert [s.state for s in stage.updates("t")] == [S.TASK_RUNNING, S.TASK_FINISHED]


# -- killing ----------------------------------------------------------------------------------


def test_a_queued_task_is_killed_here_and_its_executor_with_it() -> None:
    stage = Stage()
    stage.run(task("t"))
    stage.tell(agent.KillTask("F", "t"))
    (status,) = stage.updates("t")
    assert (status.state, status.reason, status.source) == (
        S.TASK_KILLED, R.REASON_TASK_KILLED_DURING_LAUNCH, Source.SOURCE_AGENT,
    )  # fmt: skip
    assert stage.destroyed() == [stage.container()]
    late = ExecutorEnd(stage, "t", FRAMEWORK).subscribe()
    assert late.actor.heard == [executors.Shutdown()]
    stage.exits(stage.container(), 9)
    assert len(stage.updates("t")) == 1
    stage.acknowledge_last()
    assert not stage.agent.state.frameworks


def test_one_of_two_queued_tasks_is_killed_and_the_other_one_is_launched() -> None:
    stage = Stage()
    stage.run(task("a", executor=custom()))
    stage.run(task("b", executor=custom()), launch_executor=False)
    stage.tell(agent.KillTask("F", "a"))
    end = ExecutorEnd(stage, "e", FRAMEWORK).subscribe()
    assert end.launched() == ["b"]
    assert stage.story("a") == [(S.TASK_KILLED, R.REASON_TASK_KILLED_DURING_LAUNCH)]
    assert stage.destroyed() == []


def test_a_kill_reaches_the_executor_with_its_policy() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.tell(agent.KillTask("F", "t", policy(2)))
    assert end.actor.all(executors.Kill) == [executors.Kill(TaskID("t"), policy(2))]


def test_a_kill_while_the_executor_is_away_is_told_when_it_is_back() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    end.update("t", S.TASK_RUNNING, 1)
    stage.executors_host.runtime.terminate(end.pid)
    stage.settle()
    stage.tell(agent.KillTask("F", "t", policy(3)))
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe((task("t", executor=custom()),))
    assert again.actor.all(executors.Kill) == [executors.Kill(TaskID("t"), policy(3))]


def test_a_queued_kill_does_not_end_an_executor_that_had_work_before() -> None:
    stage = Stage()
    end = stage.start(task("a", executor=custom()))
    end.update("a", S.TASK_FINISHED, 1)
    stage.acknowledge("a", 1)
    stage.executors_host.runtime.terminate(end.pid)
    stage.settle()
    stage.run(task("b", executor=custom()), launch_executor=False)
    stage.tell(agent.KillTask("F", "b"))
    assert stage.story("b") == [(S.TASK_KILLED, R.REASON_TASK_KILLED_DURING_LAUNCH)]
    assert stage.destroyed() == []
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe()
    assert again.launched() == []
    assert len(again.actor.all(executors.Subscribed)) == 1


def test_kills_of_what_is_not_here() -> None:
    stage = Stage()
    stage.tell(agent.KillTask("F", "ghost"))
    assert stage.updates() == []  # the framework is not known
    end = stage.start(task("t"))
    stage.tell(agent.KillTask("F", "ghost"))
    (status,) = stage.updates("ghost")
    assert (status.state, status.reason, status.message) == (
        S.TASK_DROPPED, R.REASON_EXECUTOR_TERMINATED, "Cannot find executor",
    )  # fmt: skip
    stage.tell(agent.KillTask("F", "ghost"))  # its status is still on its way
    assert len(stage.updates("ghost")) == 1
    end.update("t", S.TASK_FINISHED, 1)
    stage.tell(agent.KillTask("F", "t"))
    assert end.actor.all(executors.Kill) == []


# -- ending -----------------------------------------------------------------------------------


def test_an_executor_that_exits_under_its_tasks_fails_them() -> None:
    stage = Stage()
    end = stage.start(*(task(name, executor=custom()) for name in "abc"))
    end.update("a", S.TASK_RUNNING, 1)
    end.update("b", S.TASK_FINISHED, 2)
    stage.exits(stage.container(), 256)
    stage.acknowledge("a", 1)
    stage.acknowledge("b", 2)
    assert stage.story("a")[-1] == stage.story("c")[-1] == (S.TASK_FAILED, R.REASON_EXECUTOR_TERMINATED)
    assert stage.story("b") == [(S.TASK_FINISHED, None)]
    assert stage.master.all(agent.ExecutorExited) == [agent.ExecutorExited("S0", "F", "e", 256)]
    assert stage.host.last(host.ForgetContainer).container_id == stage.container()
    assert stage.executor_of("e") is not None  # until the last end is acknowledged
    for name in "ac":
        failed = stage.updates(name)[-1]
        assert failed.uuid is not None
        stage.tell(agent.StatusUpdateAcknowledged("F", name, failed.uuid))
    assert not stage.agent.state.frameworks
    assert stage.files() == ["slave.info"]
    assert stage.agent.state.sandbox("F", "e") is not None  # still to be looked at


def test_the_exit_of_a_command_executor_is_no_news_of_its_own() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_FINISHED, 1)
    stage.exits(stage.container())
    assert stage.executor_of("t") is not None
    stage.acknowledge("t", 1)
    assert stage.executor_of("t") is None
    assert stage.master.all(agent.ExecutorExited) == []


def test_a_shutdown_has_its_grace_and_then_the_container_is_destroyed() -> None:
    stage = Stage(executor_shutdown_grace_s=7.0)
    end = stage.start(task("t", executor=custom()))
    end.update("t", S.TASK_RUNNING, 1)
    stage.tell(agent.ShutdownExecutor("F", "e"))
    assert end.actor.all(executors.Shutdown) == [executors.Shutdown()]
    stage.advance(6.5)
    assert stage.destroyed() == []
    stage.advance(1)
    assert stage.destroyed() == [stage.container()]
    end.update("t", S.TASK_KILLED, 2)  # still heard
    assert end.acknowledged() == [1, 2]


def test_the_grace_of_the_executor_itself_goes_before_the_flag() -> None:
    stage = Stage()
    own = policy(20).grace_period
    stage.start(task("t", executor=custom(shutdown_grace_period=own)))
    assert stage.host.last(host.StartContainer).shutdown_grace_s == 20
    stage.tell(agent.ShutdownExecutor("F", "e"))
    stage.advance(19)
    assert stage.destroyed() == []
    stage.advance(2)
    assert stage.destroyed() == [stage.container()]


def test_an_executor_that_was_not_there_yet_is_destroyed_without_grace() -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()))
    stage.tell(agent.ShutdownExecutor("F", "e"))
    assert stage.destroyed() == [stage.container()]


def test_a_framework_that_is_removed_ends_without_a_word() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    stage.run(task("u"))
    stage.master.forget()
    stage.tell(agent.ShutdownFramework("F"))
    assert end.actor.all(executors.Shutdown) == [executors.Shutdown(acknowledges=False)]
    first, second = [start.container_id for start in stage.host.all(host.StartContainer)]
    assert stage.destroyed() == [second]
    end.update("t", S.TASK_KILLED, 2)
    assert end.acknowledged() == [1]
    stage.exits(second, 9)
    stage.exits(first, 0)
    stage.advance(30)
    assert stage.updates() == []
    assert not stage.agent.state.frameworks
    assert not len(stage.agent.context.streams)
    assert stage.files() == ["slave.info"]
    stage.run(task("t"))  # a framework of this id may come again
    assert len(stage.host.all(host.StartContainer)) == 3


def test_launches_for_a_framework_that_is_ending_are_dropped_silently() -> None:
    stage = Stage()
    stage.start(task("t"))
    stage.tell(agent.ShutdownFramework("F"))
    stage.run(task("u"))
    assert stage.updates("u") == []
    assert len(stage.host.all(host.StartContainer)) == 1


def test_messages_pass_both_ways() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.tell(agent.MessageToExecutor("F", "t", b"down"))
    assert end.actor.all(executors.MessageFromScheduler) == [executors.MessageFromScheduler(b"down")]
    end.say(executors.MessageToScheduler(FrameworkID("F"), ExecutorID("t"), b"up"))
    assert stage.master.last(agent.MessageToScheduler) == agent.MessageToScheduler("S0", "F", "t", b"up")
    stage.tell(agent.MessageToExecutor("F", "nobody", b"down"))
    stranger = ExecutorEnd(stage, "t", FRAMEWORK)
    stranger.say(executors.MessageToScheduler(FrameworkID("F"), ExecutorID("t"), b"forged"))
    assert len(stage.master.all(agent.MessageToScheduler)) == 1


# -- the executor host ------------------------------------------------------------------------


def test_the_death_of_the_host_is_the_death_of_all_it_ran_and_another_one_is_started() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    end.update("t", S.TASK_RUNNING, 1)
    directory = stage.host.last(host.StartContainer).directory
    stage.process.die()
    stage.settle()
    assert stage.environs.killed == [directory]
    assert stage.process.starts == 2
    stage.acknowledge("t", 1)
    assert stage.story("t")[-1] == (S.TASK_FAILED, R.REASON_EXECUTOR_TERMINATED)
    stage.run(task("u"))
    assert stage.host.last(host.StartContainer).executor_id == "u"


def test_containers_only_one_side_knows_are_settled_when_the_host_is_back() -> None:
    stage = Stage()
    stage.start(task("kept"))
    kept = stage.container()
    stage.start(task("lost"))
    stage.start(task("ended"))
    ended = stage.container()
    stage.host.forget()
    stage.host_ready(host.Container(kept, pid=77), host.Container(ended, status=0), host.Container("stray"))
    stage.settle()
    assert stage.story("lost") == stage.story("ended") == [(S.TASK_FAILED, R.REASON_EXECUTOR_TERMINATED)]
    assert stage.story("kept") == []
    assert stage.destroyed() == ["stray"]
    assert stage.host.last(host.ForgetContainer).container_id == ended
    found = stage.executor_of("kept")
    assert found is not None
    assert (found.first_pid, found.phase) == (77, Phase.RUNNING)


def test_the_process_of_a_container_is_told_in_statuses() -> None:
    stage = Stage()
    end = stage.start(task("t"))
    stage.host_says(host.ContainerStarted(stage.container(), 4711))
    end.update("t", S.TASK_RUNNING, 1)
    (status,) = stage.updates("t")
    assert status.container_status is not None
    assert status.container_status.executor_pid == 4711
    assert status.container_status.container_id is not None
    assert status.container_status.container_id.value == stage.container()
    (network,) = status.container_status.network_infos
    assert [ip.ip_address for ip in network.ip_addresses] == ["10.0.1.1"]
