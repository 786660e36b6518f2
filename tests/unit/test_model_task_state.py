"""The table of task states."""

import pytest

from cluster.model import (
    NEXT,
    TERMINAL,
    AgentID,
    FrameworkID,
    IllegalTransition,
    Task,
    TaskID,
    TaskState,
    TaskStatus,
    is_terminal,
    moved,
)

S = TaskState


def task(state: TaskState = S.TASK_STAGING) -> Task:
    return Task(
        name="t", task_id=TaskID("t"), framework_id=FrameworkID("f"), agent_id=AgentID("a"), state=state
    )


def status(state: TaskState, message: str | None = None) -> TaskStatus:
    return TaskStatus(task_id=TaskID("t"), state=state, message=message, data=b"secret")


def test_every_state_has_a_row() -> None:
    assert set(NEXT) == set(TaskState)


def test_terminal_states_are_those_of_the_reference() -> None:
    names = {state.value.removeprefix("TASK_") for state in TERMINAL}
    assert names == {"FINISHED", "FAILED", "KILLED", "LOST", "ERROR", "DROPPED", "GONE", "GONE_BY_OPERATOR"}


def test_only_lost_tasks_come_back_from_the_end() -> None:
    assert [state for state in TaskState if is_terminal(state) and NEXT[state]] == [S.TASK_LOST]
    assert S.TASK_RUNNING in NEXT[S.TASK_LOST]


def test_every_live_task_can_end_or_become_unreachable() -> None:
    for state in (S.TASK_STAGING, S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING):
        assert NEXT[state] >= TERMINAL | {S.TASK_UNREACHABLE}


def test_nothing_leads_to_unknown_and_only_a_return_leads_to_staging() -> None:
    assert all(S.TASK_UNKNOWN not in row for row in NEXT.values())
    assert {state for state, row in NEXT.items() if S.TASK_STAGING in row} == {
        S.TASK_UNREACHABLE,
        S.TASK_LOST,
    }


def test_statuses_keep_one_for_each_run_of_equal_states() -> None:
    run = task()
    for state, message in [
        (S.TASK_STARTING, "1"),
        (S.TASK_RUNNING, "2"),
        (S.TASK_RUNNING, "3"),
        (S.TASK_FAILED, "4"),
    ]:
        run = moved(run, status(state, message))
    assert run.state is S.TASK_FAILED
    assert [kept.message for kept in run.statuses] == ["1", "3", "4"]
    assert all(kept.data is None for kept in run.statuses)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (S.TASK_RUNNING, S.TASK_STAGING),
        (S.TASK_RUNNING, S.TASK_STARTING),
        (S.TASK_KILLING, S.TASK_RUNNING),
        (S.TASK_FINISHED, S.TASK_RUNNING),
        (S.TASK_FINISHED, S.TASK_FINISHED),
        (S.TASK_GONE, S.TASK_RUNNING),
    ],
)
def test_illegal_moves_say_what_was_tried(old: TaskState, new: TaskState) -> None:
    with pytest.raises(IllegalTransition) as raised:
        moved(task(old), status(new))
    assert (raised.value.task_id, raised.value.old, raised.value.new) == ("t", old.value, new.value)
