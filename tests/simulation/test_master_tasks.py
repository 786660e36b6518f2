"""Tasks after their launch: updates, acknowledgements, kills, reconciliation."""

from __future__ import annotations

import pytest

from cluster.model import (
    ContainerID,
    ContainerStatus,
    ExecutorID,
    KillPolicy,
    Reason,
    Source,
    TaskID,
    TaskState,
)
from cluster.model.times import DurationInfo
from cluster.protocol import agent, scheduler
from tests.simulation.master_kit import AWARE, AgentEnd, SchedulerEnd, Stage, executor, record, uuid_of

S = TaskState
R = Reason


def running(**info: object) -> tuple[Stage, AgentEnd, SchedulerEnd]:
    stage = Stage()
    end, framework = stage.agent(), stage.framework(failover_timeout=1000.0, **info)
    framework.launch(end, "t")
    return stage, end, framework


# -- updates ----------------------------------------------------------------------------------


def test_an_update_is_forwarded_as_it_is_and_kept() -> None:
    stage, end, framework = running()
    status = end.update(framework, "t", S.TASK_RUNNING, 7, message="up", data=b"x", healthy=True)
    assert framework.statuses("t") == [status]
    record = framework.entry.tasks["t"].record
    assert (record.state, record.status_update_state, record.status_update_uuid) == (
        S.TASK_RUNNING, S.TASK_RUNNING, uuid_of(7),
    )  # fmt: skip
    assert [s.data for s in record.statuses] == [None]
    assert stage.metric("master/valid_status_updates") == 1


def test_the_newest_state_counts_for_the_books_the_forwarded_one_for_reconciliation() -> None:
    _stage, end, framework = running()
    end.update(framework, "t", S.TASK_RUNNING, 1, latest=S.TASK_FINISHED)
    assert framework.entry.tasks["t"].state is S.TASK_FINISHED
    assert not end.entry.used  # resources are free at the first news of the end
    assert [s.state for s in framework.reconcile(("t", None))] == [S.TASK_RUNNING]
    framework.acknowledge(end, "t", 1)
    assert "t" in framework.entry.tasks
    end.update(framework, "t", S.TASK_FINISHED, 2)
    framework.acknowledge(end, "t", 2)
    assert "t" not in framework.entry.tasks


def test_a_terminal_state_never_changes() -> None:
    _stage, end, framework = running()
    end.update(framework, "t", S.TASK_FINISHED, 1)
    end.update(framework, "t", S.TASK_RUNNING, 2)
    end.update(framework, "t", S.TASK_FAILED, 3)
    assert framework.entry.tasks["t"].state is S.TASK_FINISHED
    assert [s.state for s in framework.statuses("t")] == [S.TASK_FINISHED, S.TASK_RUNNING, S.TASK_FAILED]


def test_states_do_not_go_back() -> None:
    _stage, end, framework = running()
    end.update(framework, "t", S.TASK_RUNNING, 1)
    end.update(framework, "t", S.TASK_STARTING, 2)
    assert framework.entry.tasks["t"].state is S.TASK_RUNNING


def test_updates_for_tasks_and_frameworks_nobody_knows() -> None:
    stage, end, framework = running()
    status = end.update(framework, "ghost", S.TASK_LOST)
    assert framework.statuses("ghost") == [status]  # it may know more than the master
    framework.acknowledge(end, "ghost")
    assert end.actor.last(agent.StatusUpdateAcknowledged).task_id == "ghost"
    end.update("nobody", "ghost", S.TASK_LOST)
    stranger = stage.silent_agent()
    stranger.id = end.id
    stranger.update(framework, "t", S.TASK_FAILED)
    assert framework.statuses("t") == []


def test_an_update_from_an_agent_that_has_not_the_task_leaves_it_alone() -> None:
    stage, _end, framework = running()
    other = stage.agent()
    other.update(framework, "t", S.TASK_LOST)
    assert framework.entry.tasks["t"].state is S.TASK_STAGING
    assert framework.statuses("t")[0].agent_id == framework.offer(other).agent_id


# -- acknowledgements -------------------------------------------------------------------------


def test_an_acknowledgement_is_passed_on_and_the_terminal_one_ends_the_task() -> None:
    _stage, end, framework = running()
    for number, state in enumerate((S.TASK_RUNNING, S.TASK_FINISHED)):
        end.update(framework, "t", state, number)
        framework.acknowledge(end, "t", number)
    assert end.actor.all(agent.StatusUpdateAcknowledged) == [
        agent.StatusUpdateAcknowledged(framework.id, "t", uuid_of(number)) for number in range(2)
    ]
    assert not framework.entry.tasks
    assert [t.state for t in framework.entry.completed] == [S.TASK_FINISHED]


def test_an_acknowledgement_of_what_was_never_sent_is_dropped() -> None:
    _stage, end, framework = running()
    framework.acknowledge(end, "t", 1)
    assert end.actor.all(agent.StatusUpdateAcknowledged) == []


def test_another_uuid_does_not_end_the_task() -> None:
    _stage, end, framework = running()
    end.update(framework, "t", S.TASK_FINISHED, 1)
    framework.acknowledge(end, "t", 99)
    assert "t" in framework.entry.tasks
    assert end.actor.last(agent.StatusUpdateAcknowledged).uuid == uuid_of(99)  # for the agent to ignore


def test_acknowledgements_for_unknown_and_disconnected_agents_are_dropped() -> None:
    _stage, end, framework = running(checkpoint=True)
    end.update(framework, "t", S.TASK_FINISHED, 1)
    known, end.id = end.id, "unknown"
    framework.acknowledge(end, "t", 1)
    end.id = known
    assert end.actor.all(agent.StatusUpdateAcknowledged) == []
    end.cut()
    framework.acknowledge(end, "t", 1)
    assert end.actor.all(agent.StatusUpdateAcknowledged) == []
    assert "t" in framework.entry.tasks


# -- kills ------------------------------------------------------------------------------------


def test_a_kill_reaches_the_agent_with_its_policy() -> None:
    _stage, end, framework = running()
    policy = KillPolicy(grace_period=DurationInfo(nanoseconds=2_000_000_000))
    named = framework.offer(end).agent_id
    framework.say(scheduler.Kill(framework.framework_id, TaskID("t"), named, policy))
    assert end.actor.all(agent.KillTask) == [agent.KillTask(framework.id, "t", policy)]


def test_a_kill_on_the_wrong_agent_is_ignored() -> None:
    _stage, end, framework = running()
    framework.kill("t", "another")
    assert end.actor.all(agent.KillTask) == []
    assert framework.statuses("t") == []


def test_a_kill_of_an_unknown_task_is_answered_like_a_reconciliation() -> None:
    _stage, end, framework = running(capabilities=(AWARE,))
    framework.kill("ghost")
    framework.kill("ghost", end.id)
    assert framework.story("ghost") == [
        (S.TASK_UNKNOWN, R.REASON_RECONCILIATION),
        (S.TASK_GONE, R.REASON_RECONCILIATION),
    ]


def test_a_kill_is_not_repeated_for_a_task_that_ended() -> None:
    _stage, end, framework = running(checkpoint=True)
    end.cut()
    framework.kill("t")
    end.say(agent.Pong())
    end.reregister((record(framework, "t", end, S.TASK_FINISHED),), (framework.described,))
    end.update(framework, "t", S.TASK_FINISHED)
    end.actor.forget()
    end.reregister((record(framework, "t", end, S.TASK_FINISHED),), (framework.described,))
    assert end.actor.all(agent.KillTask) == []


# -- reconciliation ---------------------------------------------------------------------------


def test_implicit_reconciliation_tells_all_known_tasks() -> None:
    _stage, end, framework = running()
    framework.launch(end, "u", executor=executor("e"))
    where = ContainerStatus(container_id=ContainerID("c"))
    end.update(framework, "t", S.TASK_RUNNING, healthy=True, container_status=where)
    end.update(framework, "u", S.TASK_FINISHED)
    t, u = framework.reconcile()
    assert (t.task_id.value, t.state, t.healthy, t.container_status) == ("t", S.TASK_RUNNING, True, where)
    assert (u.task_id.value, u.state, u.executor_id) == ("u", S.TASK_FINISHED, ExecutorID("e"))
    for status in (t, u):
        assert (status.source, status.reason) == (Source.SOURCE_MASTER, R.REASON_RECONCILIATION)
        assert status.message == "Reconciliation: Latest task state"
        assert status.uuid is None
        assert status.timestamp is not None
        assert status.agent_id == framework.entry.tasks["t"].record.agent_id
    framework.acknowledge(end, "u")
    assert [s.task_id.value for s in framework.reconcile()] == ["t"]


def test_implicit_reconciliation_leaves_unreachable_tasks_out() -> None:
    stage, end, framework = running(checkpoint=True)
    end.actor.answers_pings = False
    stage.advance(200)
    assert framework.reconcile() == []


@pytest.mark.parametrize("aware", [True, False])
def test_explicit_reconciliation_case_by_case(aware: bool) -> None:
    stage, lost, framework = running(capabilities=(AWARE,) if aware else ())
    lost.actor.answers_pings = False
    stage.advance(200)
    end = stage.agent()
    framework.launch(end, "mine")
    asked = [
        ("mine", None), ("mine", "anywhere"), ("t", end.id), ("t", lost.id), ("t", "nowhere"), ("t", None),
    ]  # fmt: skip
    answers = framework.reconcile(*asked)
    words = {
        "mine": "Latest task state", end.id: "Task is unknown to the agent", lost.id: "Task is unreachable",
        "nowhere": "Task is unknown", None: "Task is unknown",
    }  # fmt: skip
    states = [
        S.TASK_STAGING, S.TASK_STAGING, S.TASK_GONE, S.TASK_UNREACHABLE, S.TASK_UNKNOWN, S.TASK_UNKNOWN,
    ]  # fmt: skip
    for (name, at), state, answer in zip(asked, states, answers, strict=True):
        assert answer.task_id.value == name
        assert answer.state is (state if aware or name == "mine" else S.TASK_LOST)
        assert answer.message == f"Reconciliation: {words['mine' if name == 'mine' else at]}"
        assert answer.reason is R.REASON_RECONCILIATION
        echoed = answer.agent_id.value if answer.agent_id is not None else None
        assert echoed == (end.id if name == "mine" else at)
        since = answer.unreachable_time
        assert (since is not None) == (at == lost.id)
        if since is not None:
            assert since.nanoseconds == round(stage.master.state.unreachable_agents[lost.id] * 1e9)


def test_a_framework_without_tasks_gets_no_answers() -> None:
    stage = Stage()
    assert stage.framework().reconcile() == []


def test_a_terminal_task_that_waits_for_its_acknowledgement_is_still_known() -> None:
    _stage, end, framework = running()
    end.update(framework, "t", S.TASK_FAILED)
    assert [s.state for s in framework.reconcile(("t", None))] == [S.TASK_FAILED]
