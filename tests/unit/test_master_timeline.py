"""Tasks in the order of their first status: the same as by sorting, whatever came and went before."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cluster.master.state import TaskEntry
from cluster.master.timeline import SLACK, EndedOrder, Timeline
from cluster.model import AgentID, FrameworkID, Resources, Task, TaskID, TaskState, TaskStatus

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "start", "add started", "remove"]), st.integers(0, 30), st.floats(1, 9)
    ),
    max_size=300,
)


def record(name: str, at_s: float | None = None) -> Task:
    task_id = TaskID(name)
    status = TaskStatus(task_id=task_id, state=TaskState.TASK_RUNNING, timestamp=at_s)
    return Task(
        name=name, task_id=task_id, framework_id=FrameworkID("F"), agent_id=AgentID("S"),
        state=TaskState.TASK_RUNNING, statuses=(status,) if at_s is not None else (),
    )  # fmt: skip


@given(STEPS)
def test_the_order_is_that_of_sorting(steps: list[tuple[str, int, float]]) -> None:
    tasks: dict[str, TaskEntry] = {}
    line = Timeline(lambda task: tasks.get(task.id) is task)
    for serial, (step, number, at_s) in enumerate(steps):
        name = f"t{number}"
        known = tasks.get(name)
        if step in ("add", "add started") and known is None:
            made = record(name, at_s if step == "add started" else None)
            tasks[name] = TaskEntry(made, Resources.EMPTY)
            line.add(tasks[name], serial)
        elif step == "start" and known is not None and not known.record.statuses:
            known.record = record(name, at_s)
            line.add(known, serial)
        elif step == "remove" and known is not None:
            del tasks[name]
            line.remove(known, len(tasks))
    started = [task for task in tasks.values() if task.record.statuses]
    times = sorted(task.record.statuses[0].timestamp or 0.0 for task in started)
    oldest = list(line.oldest_first())
    assert [at_s for at_s, _ in oldest] == times
    assert {task.id for _, task in oldest} == {task.id for task in started}
    assert [task.id for _, task in line.newest_first()] == [task.id for _, task in reversed(oldest)]
    assert {task.id for task in line.waiting()} == {t.id for t in tasks.values() if not t.record.statuses}


def test_those_that_left_are_thrown_out() -> None:
    tasks: dict[str, TaskEntry] = {}
    line = Timeline(lambda task: tasks.get(task.id) is task)
    for number in range(10 * SLACK):
        task = tasks[str(number)] = TaskEntry(record(str(number), float(number)), Resources.EMPTY)
        line.add(task, number)
        del tasks[str(number)]
        line.remove(task, 0)
    assert len(line._started) <= SLACK


@given(
    st.lists(st.tuples(st.sampled_from(["end", "lose", "forget", "return"]), st.floats(1, 9)), max_size=60)
)
def test_memories_are_sorted_again_when_they_change(steps: list[tuple[str, float]]) -> None:
    completed: deque[Task] = deque(maxlen=5)
    unreachable: dict[str, Task] = {}
    order = EndedOrder()
    for number, (step, at_s) in enumerate(steps):
        made = record(f"t{number}", at_s)
        if step == "end":
            completed.append(made)
        elif step == "lose":
            unreachable[made.task_id.value] = replace(made, state=TaskState.TASK_UNREACHABLE)
        elif step == "forget" and completed:
            completed.remove(completed[len(completed) // 2])
        elif step == "return" and unreachable:
            del unreachable[next(iter(unreachable))]
        found = order.of(completed, unreachable)
        times = [each.statuses[0].timestamp for each in found]
        assert times == sorted(times)
        assert {id(each) for each in found} == {id(each) for each in (*completed, *unreachable.values())}
