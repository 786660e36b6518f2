"""Agents as the master sees them: joining, coming back, being pinged, cut off and given up."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from cluster.model import (
    AgentID,
    AgentInfo,
    ExecutorID,
    FrameworkID,
    FrameworkInfo,
    Reason,
    Resources,
    TaskState,
    parse_attributes,
)
from cluster.protocol import agent, scheduler
from tests.simulation.master_kit import (
    AWARE,
    MASTER_PID,
    TOTAL,
    AgentEnd,
    FakeAgent,
    SchedulerEnd,
    Stage,
    executor,
    launch,
    record,
    task,
)

S = TaskState
R = Reason


def busy(**info: object) -> tuple[Stage, AgentEnd, SchedulerEnd]:
    """An agent on which a framework runs the task `t`."""
    stage = Stage()
    end = stage.agent()
    framework = stage.framework(failover_timeout=1000.0, **info)
    framework.launch(end, "t")
    end.update(framework, "t", S.TASK_RUNNING)
    framework.acknowledge(end, "t")
    framework.actor.forget()
    end.actor.forget()
    return stage, end, framework


# -- joining ----------------------------------------------------------------------------------


def test_an_agent_gets_one_id_however_often_it_asks() -> None:
    stage = Stage()
    end = stage.agent().register().register()
    answers = end.actor.all(agent.AgentRegistered)
    assert [a.agent_id for a in answers] == [f"{stage.master.context.info.id}-S0"] * 3
    assert {a.ping_timeout_s for a in answers} == {75.0}
    assert stage.agent().id.endswith("-S1")
    assert len(stage.master.state.agents) == 2


@pytest.mark.parametrize(
    "info",
    [
        AgentInfo(hostname=""),
        AgentInfo(hostname="a", resources=(replace(Resources.parse("cpus:1").protos()[0], name=""),)),
    ],
)
def test_an_invalid_agent_gets_no_answer(info: AgentInfo) -> None:
    stage = Stage()
    end = stage.silent_agent()
    end.info = info
    end.register()
    assert end.actor.heard == []
    assert not stage.master.state.agents


def test_a_return_without_an_id_gets_no_answer() -> None:
    stage = Stage()
    end = stage.silent_agent()
    end.say(agent.ReregisterAgent(end.info, "1.11.0"))
    assert end.actor.heard == []


def test_a_new_agent_at_the_address_of_a_disconnected_one_replaces_it() -> None:
    stage, end, framework = busy()
    old = end.id
    end.cut()
    end.register()
    assert end.id != old
    assert set(stage.master.state.agents) == {end.id}
    assert framework.story("t") == [(S.TASK_LOST, R.REASON_AGENT_DISCONNECTED)]
    assert framework.actor.last(scheduler.Failure) == scheduler.Failure(AgentID(old))


def test_a_new_agent_at_the_address_of_a_connected_one_is_taken_for_it() -> None:
    _stage, end, _ = busy()
    end.register()
    assert end.actor.last(agent.AgentRegistered).agent_id == end.id


# -- coming back ------------------------------------------------------------------------------


def test_an_agent_that_was_not_missed_comes_back_to_what_it_had() -> None:
    _stage, end, framework = busy(checkpoint=True)
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,))
    answer = end.actor.last(agent.AgentReregistered)
    assert answer == agent.AgentReregistered(end.id, 75.0, ())
    assert framework.statuses() == []
    assert end.actor.last(agent.UpdateFrameworkInfo).framework == framework.described


def test_a_disconnected_agent_is_offered_again_when_it_is_back() -> None:
    stage, end, framework = busy(checkpoint=True)
    end.cut()
    assert not end.entry.is_connected
    assert framework.statuses() == []  # it checkpoints, so its tasks are waited for
    assert len(framework.actor.all(scheduler.Rescind)) == 1
    framework.actor.forget()
    stage.advance(30)
    assert framework.offers() == []
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,))
    assert end.entry.is_connected
    assert str(Resources.of(framework.offer(end).resources)).startswith("cpus:3")


def test_tasks_the_master_has_and_the_agent_has_not_are_asked_for() -> None:
    _stage, end, framework = busy(checkpoint=True)
    end.reregister((), (framework.described,))
    answer = end.actor.last(agent.AgentReregistered)
    assert answer.missing == (agent.TaskName(framework.id, "t"),)
    end.update(framework, "t", S.TASK_LOST, 2, reason=R.REASON_RECONCILIATION)
    framework.acknowledge(end, "t", 2)
    assert not end.entry.tasks
    assert not end.entry.used


def test_the_end_of_a_task_the_agent_forgot_is_told_by_the_master() -> None:
    """A machine lost power between the end of a task and its acknowledgement."""
    _stage, end, framework = busy(checkpoint=True)
    end.update(framework, "t", S.TASK_FINISHED, 2)
    framework.actor.forget()
    end.cut()
    end.reregister((), ())
    assert framework.story("t") == [(S.TASK_FINISHED, R.REASON_RECONCILIATION)]
    assert framework.statuses()[0].uuid is None
    assert not framework.entry.tasks
    assert [t.state for t in framework.entry.completed] == [S.TASK_FINISHED]


def test_the_end_of_a_forgotten_task_waits_for_its_framework() -> None:
    stage, end, framework = busy(checkpoint=True)
    end.update(framework, "t", S.TASK_FINISHED, 2)
    framework.host.kill()
    stage.settle()
    end.reregister((), ())
    assert "t" in framework.entry.tasks
    framework.host.start()
    framework.subscribe()
    assert framework.story("t") == [(S.TASK_FINISHED, R.REASON_RECONCILIATION)]
    assert not framework.entry.tasks


def test_a_task_master_and_allocator_lost_is_counted_again() -> None:
    _stage, end, framework = busy()
    end.cut()
    assert framework.story("t") == [(S.TASK_LOST, R.REASON_AGENT_DISCONNECTED)]
    assert not end.entry.used
    framework.actor.forget()
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,))
    assert framework.story("t") == [(S.TASK_RUNNING, R.REASON_AGENT_REREGISTERED)]
    assert framework.statuses()[0].uuid is None
    assert str(end.entry.used[framework.id].unallocated()) == "cpus:1; mem:64"
    assert not framework.entry.completed
    assert list(framework.entry.tasks) == ["t"]


def test_an_unknown_agent_is_adopted_with_its_framework_tasks_and_executors() -> None:
    stage = Stage()
    end = stage.silent_agent()
    end.id = "older-S7"
    info = FrameworkInfo(user="me", name="old", id=FrameworkID("older-0003"), checkpoint=True)
    custom = executor("e", framework_id=info.id)
    own = replace(custom, resources=Resources.of(custom.resources).allocated("*").protos())
    tasks = (
        record("older-0003", "one", end, S.TASK_RUNNING),
        record("older-0003", "two", end, S.TASK_FINISHED),
        record("older-0003", "three", end, S.TASK_RUNNING, executor_id=ExecutorID("e")),
        record("nobody", "four", end, S.TASK_RUNNING),
    )
    end.reregister(tasks, (info,), (agent.ExecutorReport("older-0003", own),))
    assert end.actor.last(agent.AgentReregistered) == agent.AgentReregistered("older-S7", 75.0)
    framework = stage.master.state.frameworks["older-0003"]
    assert framework.standing.value == "recovered"
    assert list(framework.tasks) == ["one", "two", "three"]
    assert str(end.entry.used["older-0003"].unallocated()) == "cpus:2.5; mem:160"
    assert "cpus:1.5" in stage.free(end)
    stage.advance(10_000)
    assert "older-0003" in stage.master.state.frameworks  # never removed for not subscribing
    scheduler_end = stage.silent_framework(id=info.id, checkpoint=True).subscribe()
    assert scheduler_end.id == "older-0003"
    assert end.actor.last(agent.UpdateFrameworkInfo).framework.id == info.id
    end.reregister(tasks[:3], (info,), (agent.ExecutorReport("older-0003", own),))
    assert scheduler_end.statuses() == []


def test_updates_for_adopted_tasks_carry_their_present_state() -> None:
    stage = Stage()
    framework = stage.silent_framework(id=FrameworkID("older-0001")).subscribe()
    end = stage.silent_agent()
    end.id = "older-S0"
    states = (S.TASK_STAGING, S.TASK_RUNNING, S.TASK_KILLING, S.TASK_FAILED)
    tasks = tuple(record(framework, state.value, end, state, 0.5) for state in states)
    end.reregister(tasks, (framework.described,))
    assert [(s.state, s.reason, s.uuid) for s in framework.statuses()] == [
        (state, R.REASON_AGENT_REREGISTERED, None) for state in states
    ]
    assert {s.agent_id.value for s in framework.statuses() if s.agent_id} == {"older-S0"}


def test_an_unreachable_agent_comes_back_with_its_tasks() -> None:
    stage, end, framework = busy(capabilities=(AWARE,))
    end.actor.answers_pings = False
    stage.advance(200)
    assert list(stage.master.state.unreachable_agents) == [end.id]
    framework.actor.forget()
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,))
    assert not stage.master.state.unreachable_agents
    assert framework.story("t") == [(S.TASK_RUNNING, R.REASON_AGENT_REREGISTERED)]
    assert not framework.entry.unreachable
    assert not end.actor.all(agent.KillTask)
    assert "t" in framework.entry.tasks


def test_an_ended_task_of_an_agent_that_was_given_up_is_remembered_once() -> None:
    stage, end, framework = busy(checkpoint=True, capabilities=(AWARE,))
    end.update(framework, "t", S.TASK_FINISHED, 2)
    end.actor.answers_pings = False
    stage.advance(200)
    assert framework.story("t") == [(S.TASK_FINISHED, None)]
    assert not framework.entry.unreachable
    end.reregister((record(framework, "t", end, S.TASK_FINISHED),), (framework.described,))
    end.update(framework, "t", S.TASK_FINISHED, 2)
    framework.acknowledge(end, "t", 2)
    assert [t.task_id.value for t in framework.entry.completed] == ["t"]
    assert not framework.entry.tasks


def test_a_lost_launch_that_nobody_acknowledged_does_not_become_unreachable() -> None:
    stage, end, framework = busy()
    end.update(framework, "t", S.TASK_LOST, 2)
    end.actor.answers_pings = False
    stage.advance(200)
    assert len(framework.entry.taken_ids) == 0
    assert [t.state for t in framework.entry.completed] == [S.TASK_LOST]


def test_a_repeated_return_does_not_revive_an_acknowledged_end() -> None:
    """The second request of an agent left it before it knew of the acknowledgement."""
    _stage, end, framework = busy(checkpoint=True)
    end.update(framework, "t", S.TASK_FINISHED, 2)
    report = (record(framework, "t", end, S.TASK_FINISHED),), (framework.described,)
    end.reregister(*report)
    framework.acknowledge(end, "t", 2)
    framework.actor.forget()
    end.reregister(*report)
    assert framework.statuses() == []
    assert not framework.entry.tasks
    assert [t.state for t in framework.entry.completed] == [S.TASK_FINISHED]


def test_a_framework_that_ended_meanwhile_is_shut_down_on_the_agent_that_is_back() -> None:
    _stage, end, framework = busy(checkpoint=True)
    info = framework.described
    end.host.kill()
    framework.say(scheduler.Teardown(framework.framework_id))
    end.host.start(5051)
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (info,))
    assert end.actor.all(agent.ShutdownFramework) == [agent.ShutdownFramework(framework.id)]
    assert not end.entry.tasks
    assert not end.entry.used


def test_an_agent_that_changed_gets_offered_as_it_is_now() -> None:
    _stage, end, framework = busy(checkpoint=True)
    changed = AgentInfo(
        hostname="agent1",
        resources=Resources.parse("cpus:8;mem:4096;ports:[31000-31010]").protos(),
        attributes=parse_attributes("rack:r1"),
    )
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,), info=changed)
    assert len(framework.actor.all(scheduler.Rescind)) == 1
    offer = framework.offer(end)
    assert "cpus:7" in str(Resources.of(offer.resources))
    assert offer.attributes == changed.attributes


def test_an_agent_with_another_hostname_is_not_the_one_it_says_it_is() -> None:
    _stage, end, _framework = busy(checkpoint=True)
    end.reregister((), (), info=replace(end.info, hostname="elsewhere"))
    assert end.actor.all(agent.AgentReregistered) == []
    assert len(end.actor.all(agent.ShutdownAgent)) == 1
    assert end.entry.info.hostname == "agent1"
    assert list(end.entry.tasks)


def test_a_kill_that_could_not_be_told_is_told_at_the_return() -> None:
    _stage, end, framework = busy(checkpoint=True)
    end.cut()
    framework.kill("t")
    assert end.actor.all(agent.KillTask) == []
    end.reregister((record(framework, "t", end, S.TASK_RUNNING),), (framework.described,))
    assert end.actor.all(agent.KillTask) == [agent.KillTask(framework.id, "t")]


def test_an_agent_cannot_come_back_as_one_of_another_machine() -> None:
    stage = Stage()
    one, two = stage.agent(), stage.agent()
    one.id, one.info = two.id, two.info
    one.reregister()
    assert len(one.actor.all(agent.ShutdownAgent)) == 1
    assert len(stage.master.state.agents) == 2


def test_an_agent_that_comes_back_at_the_address_of_another_one_replaces_that() -> None:
    stage = Stage()
    end = stage.agent()
    neighbour = FakeAgent()
    end.host.runtime.spawn(neighbour, "slave(2)")
    neighbour.send(MASTER_PID, agent.RegisterAgent(end.info, "1.11.0"))
    stage.settle()
    replaced, end.id = end.id, neighbour.last(agent.AgentRegistered).agent_id
    end.reregister()
    assert set(stage.master.state.agents) == {end.id} != {replaced}
    stage.advance(200)
    assert set(stage.master.state.agents) == {end.id}


# -- health -----------------------------------------------------------------------------------


def test_pings_come_every_15_seconds_and_say_connected() -> None:
    stage = Stage()
    end = stage.agent()
    stage.advance(61)
    times = end.actor.times_of(agent.Ping)
    assert [round(b - a) for a, b in itertools.pairwise(times)] == [15, 15, 15]
    assert {ping.connected for ping in end.actor.all(agent.Ping)} == {True}


def test_five_missed_pings_make_75_seconds_make_unreachable() -> None:
    stage = Stage()
    end = stage.agent()
    end.actor.answers_pings = False
    stage.sim.run_until(lambda: bool(end.actor.all(agent.Ping)), 20)
    stage.advance(74.5)
    assert end.id in stage.master.state.agents
    assert end.entry.missed_pings == 4
    stage.advance(1)
    assert end.id not in stage.master.state.agents
    assert len(end.actor.all(agent.Ping)) == 5
    assert stage.metric("master/slave_removals/reason_unhealthy") == 1
    stage.advance(100)
    assert len(end.actor.all(agent.Ping)) == 5


def test_one_pong_starts_the_count_again() -> None:
    stage = Stage()
    end = stage.agent()
    end.actor.answers_pings = False
    stage.advance(80)
    assert end.entry.missed_pings == 4
    end.actor.answers_pings = True
    end.say(agent.Pong())
    stage.advance(500)
    assert end.entry.missed_pings == 0


def test_a_disconnected_agent_is_told_so_by_ping() -> None:
    stage = Stage()
    end = stage.agent()
    end.cut()
    stage.advance(20)
    assert end.actor.last(agent.Ping).connected is False


def test_a_pong_from_a_stranger_means_nothing() -> None:
    stage = Stage()
    stage.silent_agent().say(agent.Pong())
    assert not stage.master.state.agents


# -- being cut off ----------------------------------------------------------------------------


def test_tasks_that_do_not_checkpoint_are_lost_at_a_disconnection_others_are_kept() -> None:
    stage = Stage()
    end = stage.agent()
    volatile = stage.framework(role="v", failover_timeout=1000.0, capabilities=(AWARE,))
    volatile.accept(
        [volatile.offer(end)],
        launch(task("a", end.id, executor=executor("e"))),
        refuse_s=1000,
    )
    lasting = stage.framework(role="l", failover_timeout=1000.0, checkpoint=True)
    lasting.launch(end, "b")
    end.update(volatile, "a", S.TASK_RUNNING)
    end.update(lasting, "b", S.TASK_RUNNING)
    end.host.kill()
    stage.settle()
    assert volatile.story("a") == [
        (S.TASK_RUNNING, None), (S.TASK_LOST, R.REASON_AGENT_DISCONNECTED),
    ]  # fmt: skip
    assert lasting.story("b") == [(S.TASK_RUNNING, None)]
    assert not end.entry.executors
    assert set(end.entry.used) == {lasting.id}
    assert not volatile.entry.unreachable
    assert [t.state for t in volatile.entry.completed] == [S.TASK_LOST]


def test_offers_of_an_agent_are_rescinded_once_when_it_is_cut_off() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework()
    offer = framework.offer(end)
    end.host.kill()
    stage.settle()
    assert framework.actor.all(scheduler.Rescind) == [scheduler.Rescind(offer.id)]
    stage.advance(200)
    assert len(framework.actor.all(scheduler.Rescind)) == 1
    assert framework.actor.all(scheduler.Failure) == [scheduler.Failure(offer.agent_id)]
    assert not stage.master.state.offers


def test_an_agent_that_answers_pings_but_does_not_return_has_ten_minutes() -> None:
    stage, end, framework = busy(checkpoint=True)
    end.cut()
    stage.advance(595)
    assert end.id in stage.master.state.agents
    stage.advance(10)
    assert end.id not in stage.master.state.agents
    assert framework.story("t") == [(S.TASK_LOST, R.REASON_AGENT_REMOVED)]


def test_a_return_and_another_break_start_the_ten_minutes_again() -> None:
    stage, end, framework = busy(checkpoint=True)
    report = (record(framework, "t", end, S.TASK_RUNNING),), (framework.described,)
    end.cut()
    stage.advance(400)
    end.reregister(*report)
    end.cut()
    stage.advance(400)
    assert end.id in stage.master.state.agents
    stage.advance(250)
    assert end.id not in stage.master.state.agents


@pytest.mark.parametrize(("aware", "state"), [(True, S.TASK_UNREACHABLE), (False, S.TASK_LOST)])
def test_what_frameworks_hear_of_an_unreachable_agent(aware: bool, state: TaskState) -> None:
    stage, end, framework = busy(checkpoint=True, capabilities=(AWARE,) if aware else ())
    bystander = stage.framework(role="other")
    end.actor.answers_pings = False
    stage.advance(200)
    (status,) = framework.statuses("t")
    assert (status.state, status.reason) == (state, R.REASON_AGENT_REMOVED)
    assert status.uuid is None
    assert status.unreachable_time is not None
    assert status.unreachable_time.nanoseconds == round(stage.master.state.unreachable_agents[end.id] * 1e9)
    for one in (framework, bystander):
        assert [f.agent_id.value for f in one.actor.all(scheduler.Failure)] == [end.id]
        assert one.actor.all(scheduler.Failure)[0].executor_id is None
    assert list(framework.entry.unreachable) == ["t"]  # for both kinds
    assert "t" in framework.entry.taken_ids
    assert len(framework.actor.all(scheduler.Rescind)) == 1
    assert not stage.master.state.offers
    assert not stage.master.state.agent_by_pid


def test_updates_of_an_agent_that_was_given_up_are_ignored() -> None:
    stage, end, framework = busy(checkpoint=True)
    end.actor.answers_pings = False
    stage.advance(200)
    framework.actor.forget()
    end.update(framework, "t", S.TASK_FINISHED, 2)
    assert framework.statuses() == []
    assert stage.metric("master/invalid_status_updates") == 1


def test_an_agent_that_leaves_takes_its_tasks_with_it() -> None:
    stage, end, framework = busy(checkpoint=True, capabilities=(AWARE,))
    end.say(agent.UnregisterAgent(end.id))
    assert framework.story("t") == [(S.TASK_LOST, R.REASON_AGENT_REMOVED)]
    assert framework.statuses("t")[0].unreachable_time is None
    assert [f.agent_id.value for f in framework.actor.all(scheduler.Failure)] == [end.id]
    assert not stage.master.state.agents
    assert not stage.master.state.unreachable_agents
    assert stage.metric("master/slave_removals/reason_unregistered") == 1


def test_an_agent_cannot_take_another_one_away() -> None:
    stage = Stage()
    one, two = stage.agent(), stage.agent()
    one.say(agent.UnregisterAgent(two.id))
    assert set(stage.master.state.agents) == {one.id, two.id}


# -- executors --------------------------------------------------------------------------------


def with_executor(**info: object) -> tuple[Stage, AgentEnd, SchedulerEnd]:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework(failover_timeout=1000.0, **info)
    framework.accept(
        [framework.offer(end)],
        launch(task("a", end.id, executor=executor("e")), task("b", end.id, executor=executor("e"))),
    )
    return stage, end, framework


def test_an_executor_is_charged_once_and_started_once() -> None:
    _stage, end, framework = with_executor()
    assert [run.launch_executor for run in end.actor.all(agent.RunTask)] == [True, False]
    assert str(end.entry.used[framework.id].unallocated()) == "cpus:2.5; mem:160"
    infos = {run.task.executor for run in end.actor.all(agent.RunTask)}
    assert len(infos) == 1
    (info,) = infos
    assert info is not None
    assert info.framework_id == framework.framework_id


def test_the_exit_of_an_executor_frees_it_and_is_told() -> None:
    _stage, end, framework = with_executor()
    end.say(agent.ExecutorExited(end.id, framework.id, "e", 256))
    failure = framework.actor.last(scheduler.Failure)
    assert (failure.agent_id.value, failure.executor_id, failure.status) == (end.id, ExecutorID("e"), 256)
    assert str(end.entry.used[framework.id].unallocated()) == "cpus:2; mem:128"
    end.say(agent.ExecutorExited(end.id, framework.id, "e", 256))
    assert len(framework.actor.all(scheduler.Failure)) == 1


def test_an_executor_the_agent_does_not_report_is_gone() -> None:
    _stage, end, framework = with_executor(checkpoint=True)
    for name in "ab":
        end.update(framework, name, S.TASK_RUNNING)
    end.reregister(
        tuple(record(framework, name, end, S.TASK_RUNNING) for name in "ab"), (framework.described,)
    )
    assert not end.entry.executors
    assert str(end.entry.used[framework.id].unallocated()) == "cpus:2; mem:128"


def test_an_executor_that_is_reported_and_was_lost_is_counted_again() -> None:
    _stage, end, framework = with_executor()
    (entry,) = end.entry.executors.values()
    end.cut()
    assert not end.entry.executors
    end.reregister(
        (record(framework, "a", end, S.TASK_RUNNING),),
        (framework.described,),
        (agent.ExecutorReport(framework.id, entry.info),),
    )
    assert str(end.entry.used[framework.id].unallocated()) == "cpus:1.5; mem:96"


def test_an_executor_whose_launch_got_lost_is_freed_in_the_end() -> None:
    _stage, end, framework = with_executor(checkpoint=True)
    end.reregister((), (framework.described,))
    answer = end.actor.last(agent.AgentReregistered)
    assert {name.task_id for name in answer.missing} == {"a", "b"}
    for number, name in enumerate("ab"):
        end.update(framework, name, S.TASK_LOST, number, reason=R.REASON_RECONCILIATION)
        framework.acknowledge(end, name, number)
    for name in answer.missing_executors:
        end.say(agent.ExecutorExited(end.id, name.framework_id, name.executor_id, -1))
    assert not end.entry.executors
    assert not end.entry.used


def test_offers_name_the_executors_that_run() -> None:
    _stage, end, framework = with_executor()
    framework.say(scheduler.Revive(framework.framework_id))
    assert framework.offer(end).executor_ids == (ExecutorID("e"),)


def test_total_is_what_the_kit_says() -> None:
    stage = Stage()
    end = stage.agent()
    assert end.entry.total == Resources.parse(TOTAL)
