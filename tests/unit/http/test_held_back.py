"""Which of what happens during a walk is told after it."""

from __future__ import annotations

from actors import PID
from cluster.http.v1.held_back import HeldBack
from cluster.master import watching
from cluster.master.reading import ACTIVE, COMPLETED, AgentRow, TaskRows
from cluster.model import AgentID, AgentInfo, FrameworkID, Resources, Task, TaskID, TaskState, TaskStatus

S = TaskState


def record(name: str, state: TaskState = S.TASK_RUNNING) -> Task:
    return Task(
        name=name, task_id=TaskID(name), framework_id=FrameworkID("F"), agent_id=AgentID("A"), state=state
    )


def update(name: str, state: TaskState = S.TASK_RUNNING) -> watching.TaskUpdated:
    return watching.TaskUpdated("F", TaskStatus(task_id=TaskID(name), state=state), state)


def agent(name: str, is_connected: bool = True) -> AgentRow:
    info = AgentInfo(hostname="h", id=AgentID(name))
    pid = PID("slave(1)", "10.0.0.1:5051")
    return AgentRow(name, pid, info, "1", (), Resources.EMPTY, 1.0, None, is_connected, (), ())


def told(*happened: watching.Transition | TaskRows | AgentRow) -> list[str]:
    """What is told, by number, when this happens and these rows are met."""
    held: HeldBack[str] = HeldBack()
    for number, one in enumerate(happened):
        if isinstance(one, TaskRows | AgentRow):
            held.met((one,))
        else:
            held.hold(one, str(number))
    return list(held.events())


def test_a_row_shows_the_updates_before_it_and_none_after() -> None:
    row = TaskRows(ACTIVE, (record("a"),))
    assert told(update("a"), update("b"), update("a"), row, update("a")) == ["1", "4"]


def test_a_new_task_is_told_with_all_its_updates() -> None:
    assert told(watching.TaskAdded(record("a")), update("a"), update("a")) == ["0", "1", "2"]


def test_a_row_of_the_task_before_shows_only_what_was_before_the_new_one() -> None:
    row = TaskRows(ACTIVE, (record("a", S.TASK_UNREACHABLE),))
    assert told(update("a"), watching.TaskAdded(record("a")), update("a"), row) == ["1", "2"]


def test_what_had_ended_is_shown_as_it_was_at_the_beginning() -> None:
    row = TaskRows(COMPLETED, (record("a", S.TASK_LOST),))
    assert told(update("a", S.TASK_KILLED), row) == ["0"]


def test_ends_are_told_whether_the_row_comes_before_or_after() -> None:
    gone = watching.AgentRemoved("A", watching.Removal.LEFT)
    assert told(gone, agent("A")) == ["0"]
    assert told(agent("A"), gone) == ["1"]


def test_agents_that_come_back_are_told() -> None:
    away = watching.AgentUpdated(agent("A", False))
    assert told(away, agent("A")) == []
    assert told(away, watching.AgentAdded(agent("A")), away, agent("A")) == ["1", "2"]
