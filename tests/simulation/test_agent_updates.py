"""Status updates on an agent: what is added, kept, repeated, refused."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from cluster.agent.updates import RETRY_MAX_S, RETRY_MIN_S
from cluster.model import AgentID, ExecutorID, FrameworkInfo, Reason, Source, TaskState
from cluster.protocol import agent
from cluster.protocol import executor as executors
from tests.simulation.agent_kit import FRAMEWORK, VOLATILE, ExecutorEnd, Stage, custom, task
from tests.simulation.master_kit import uuid_of

S = TaskState
R = Reason


def running(framework: FrameworkInfo = FRAMEWORK) -> tuple[Stage, ExecutorEnd]:
    stage = Stage()
    return stage, stage.start(task("t"), framework=framework)


def test_an_update_is_completed_kept_acknowledged_and_forwarded() -> None:
    stage, end = running()
    end.update("t", S.TASK_RUNNING, 1, message="hello", executor_id=ExecutorID("wrong"))
    (update,) = stage.master.all(agent.StatusUpdate)
    status = update.status
    assert (update.framework_id, update.latest_state) == ("F", S.TASK_RUNNING)
    assert (status.source, status.agent_id, status.executor_id) == (
        Source.SOURCE_EXECUTOR, AgentID("S0"), ExecutorID("t"),
    )  # fmt: skip
    assert (status.message, status.uuid) == ("hello", uuid_of(1))
    assert status.timestamp is not None
    assert end.acknowledged() == [1]
    assert "frameworks/F/executors/t/tasks/t/task.updates" in stage.files()


def test_a_timestamp_of_the_executor_is_kept() -> None:
    stage, end = running()
    end.update("t", S.TASK_RUNNING, 1, timestamp=12.5)
    assert stage.updates()[0].timestamp == 12.5


def test_updates_go_one_by_one_in_order_with_the_newest_state_on_each() -> None:
    stage, end = running()
    states = (S.TASK_STARTING, S.TASK_RUNNING, S.TASK_FINISHED)
    for number, state in enumerate(states):
        end.update("t", state, number)
    assert end.acknowledged() == [0, 1, 2]  # the agent answers for them from now on
    for number, _ in enumerate(states):
        assert len(stage.updates()) == number + 1
        assert stage.updates()[-1].state is states[number]
        stage.acknowledge("t", number)
    latest = [update.latest_state for update in stage.master.all(agent.StatusUpdate)]
    assert latest == [S.TASK_STARTING, S.TASK_FINISHED, S.TASK_FINISHED]
    assert not len(stage.agent.context.streams)
    stage.advance(2000)
    assert len(stage.updates()) == 3


def test_an_update_is_repeated_after_10_seconds_doubling_to_10_minutes() -> None:
    stage, end = running()
    end.update("t", S.TASK_RUNNING, 1)
    stage.advance(3000)
    times = stage.master.times_of(agent.StatusUpdate)
    waits = [round(b - a) for a, b in itertools.pairwise(times)]
    assert waits[:9] == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    assert {s.uuid for s in stage.updates()} == {uuid_of(1)}
    end.update("t", S.TASK_FINISHED, 2)
    stage.master.forget()
    stage.acknowledge("t", 1)
    stage.advance(11)
    assert [s.uuid for s in stage.updates()] == [uuid_of(2)] * 2  # from the start for the next one
    assert (RETRY_MIN_S, RETRY_MAX_S) == (10.0, 600.0)


def test_nothing_is_sent_while_disconnected_and_all_heads_at_once_afterwards() -> None:
    stage = Stage()
    one, two = stage.start(task("one")), stage.start(task("two"))
    one.update("one", S.TASK_RUNNING, 1)
    two.update("two", S.TASK_RUNNING, 2)
    stage.advance(80)  # retries are at 40 s and more
    stage.master.accepts = False
    stage.tell(agent.Ping(False))
    stage.master.forget()
    one.update("one", S.TASK_FINISHED, 3)
    stage.advance(600)
    assert stage.updates() == []
    assert one.acknowledged() == [1, 3]
    stage.master.accepts = True
    stage.sim.run_until(lambda: stage.is_registered, 100)
    stage.settle()
    assert [s.uuid for s in stage.updates()] == [uuid_of(1), uuid_of(2)]
    stage.advance(10.5)
    assert len(stage.updates()) == 4  # 10 s again


def test_a_framework_that_subscribes_again_gets_its_oldest_updates_at_once() -> None:
    stage, end = running()
    other = stage.start(task("v"), framework=VOLATILE)
    end.update("t", S.TASK_RUNNING, 1)
    end.update("t", S.TASK_FINISHED, 2)
    other.update("v", S.TASK_RUNNING, 3)
    stage.advance(100)
    stage.master.forget()
    stage.tell(agent.UpdateFrameworkInfo(replace(FRAMEWORK, name="renamed")))
    assert [s.uuid for s in stage.updates()] == [uuid_of(1)]
    assert stage.agent.state.frameworks["F"].info.name == "renamed"
    stage.tell(agent.UpdateFrameworkInfo(replace(FRAMEWORK, id=None)))
    assert len(stage.updates()) == 1


def test_a_duplicate_is_acknowledged_and_goes_no_further() -> None:
    stage, end = running()
    for _ in range(3):
        end.update("t", S.TASK_RUNNING, 1)
    assert end.acknowledged() == [1, 1, 1]
    stage.acknowledge("t", 1)
    end.update("t", S.TASK_RUNNING, 1)
    assert end.acknowledged() == [1, 1, 1, 1]
    assert len(stage.updates()) == 1


def test_what_comes_behind_the_end_is_acknowledged_and_refused() -> None:
    stage, end = running()
    end.update("t", S.TASK_FINISHED, 1)
    end.update("t", S.TASK_FAILED, 2)
    end.update("t", S.TASK_RUNNING, 3)
    assert end.acknowledged() == [1, 2, 3]
    stage.acknowledge("t", 2)
    assert len(stage.agent.context.streams) == 1
    stage.acknowledge("t", 1)
    assert [s.uuid for s in stage.updates()] == [uuid_of(1)]


def test_what_comes_when_the_end_is_dealt_with_is_acknowledged_and_refused() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()), task("other", executor=custom()))
    end.update("t", S.TASK_FINISHED, 1)
    stage.acknowledge("t", 1)
    end.update("t", S.TASK_FAILED, 2)
    assert end.acknowledged() == [1, 2]
    assert [update.state for update in stage.updates()] == [S.TASK_FINISHED]


def test_an_acknowledgement_of_anything_but_the_head_is_ignored() -> None:
    stage, end = running()
    end.update("t", S.TASK_STARTING, 1)
    end.update("t", S.TASK_RUNNING, 2)
    for number in (2, 99):
        stage.acknowledge("t", number)
    stage.acknowledge("other", 1)
    stage.acknowledge("t", 1, framework="G")
    assert [s.uuid for s in stage.updates()] == [uuid_of(1)]
    stage.acknowledge("t", 1)
    stage.acknowledge("t", 1)
    assert [s.uuid for s in stage.updates()] == [uuid_of(1), uuid_of(2)]


def test_acknowledgements_count_from_the_master_only() -> None:
    stage, end = running()
    end.update("t", S.TASK_FINISHED, 1)
    end.say(agent.StatusUpdateAcknowledged("F", "t", uuid_of(1)))
    assert len(stage.agent.context.streams) == 1


@pytest.mark.parametrize("uuid", [None, b"", b"short", b"x" * 17])
def test_an_update_without_a_uuid_is_dropped_and_counted(uuid: bytes | None) -> None:
    stage, end = running()
    status = replace(end.status("t", S.TASK_RUNNING, 1), uuid=uuid)
    end.say(executors.Update(end.framework_id, ExecutorID("t"), status))
    assert stage.updates() == []
    assert end.acknowledged() == []
    assert stage.agent.metrics.snapshot()["slave/invalid_status_updates"] == 1


def test_staging_is_not_for_executors_to_say() -> None:
    stage, end = running()
    end.update("t", S.TASK_STAGING, 1)
    assert stage.updates() == []
    assert len(end.actor.all(executors.Shutdown)) == 1


def test_an_update_for_a_task_nobody_knows_is_still_delivered() -> None:
    stage, end = running()
    end.update("stray", S.TASK_FINISHED, 5)
    assert [s.uuid for s in stage.updates("stray")] == [uuid_of(5)]
    stage.acknowledge("stray", 5)
    assert not len(stage.agent.context.streams)


def test_updates_count_from_the_subscribed_executor_only() -> None:
    stage, _end = running()
    ExecutorEnd(stage, "t", FRAMEWORK).update("t", S.TASK_FINISHED, 1)
    assert stage.updates() == []


def test_frameworks_that_do_not_checkpoint_leave_nothing_on_disk() -> None:
    stage, end = running(VOLATILE)
    end.update("t", S.TASK_RUNNING, 1)
    assert stage.files() == ["slave.info"]
    assert len(stage.updates()) == 1


def test_a_missing_task_is_accounted_for_reliably() -> None:
    stage = Stage()
    end = stage.start(task("here"))
    end.update("here", S.TASK_RUNNING, 1)
    names = (agent.TaskName("F", "here"), agent.TaskName("F", "gone"), agent.TaskName("G", "gone"))
    stage.tell(agent.AgentReregistered("S0", 75.0, names))
    found = {(u.framework_id, u.status.task_id.value): u.status for u in stage.master.all(agent.StatusUpdate)}
    assert found["F", "gone"].state is S.TASK_DROPPED
    assert found["G", "gone"].state is S.TASK_LOST
    for key in (("F", "gone"), ("G", "gone")):
        status = found[key]
        assert (status.reason, status.source) == (R.REASON_RECONCILIATION, Source.SOURCE_AGENT)
        assert status.message == "Reconciliation: task unknown to the agent"
    stage.advance(10.5)
    assert len(stage.updates("gone")) == 4
    stage.tell(agent.AgentReregistered("S0", 75.0, names))
    assert len(stage.updates("gone")) == 4  # what is on its way is not made again


def test_missing_executors_are_said_to_have_ended() -> None:
    stage = Stage()
    stage.start(task("t", executor=custom()))
    names = (agent.ExecutorName("F", "e"), agent.ExecutorName("F", "gone"), agent.ExecutorName("G", "e"))
    stage.tell(agent.AgentReregistered("S0", 75.0, (), names))
    assert stage.master.all(agent.ExecutorExited) == [
        agent.ExecutorExited("S0", "F", "gone", -1), agent.ExecutorExited("S0", "G", "e", -1),
    ]  # fmt: skip
