"""Tasks in the order of their first status: the same as by sorting, whatever came and went before."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator
from heapq import merge
from itertools import islice
from math import nan
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cluster.master.offsets import cut
from cluster.master.state import TaskEntry
from cluster.master.timeline import BLOCK, EndedLine, EndedOrder, Timeline, first_s
from cluster.model import AgentID, FrameworkID, Resources, Task, TaskID, TaskState, TaskStatus

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "start", "add started", "remove"]),
        st.integers(0, 30),
        st.floats(1, 9) | st.just(nan),
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
    line = Timeline()
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
            line.remove(known)
    started = [task for task in tasks.values() if task.record.statuses]
    times = sorted(first_s(task.record.statuses) or 0.0 for task in started)
    oldest = list(line.oldest_first())
    assert [at_s for at_s, _ in oldest] == times
    assert {task.id for _, task in oldest} == {task.id for task in started}
    assert [task.id for _, task in line.newest_first()] == [task.id for _, task in reversed(oldest)]
    assert {task.id for task in line.waiting()} == {t.id for t in tasks.values() if not t.record.statuses}


@given(st.integers(0, 3 * BLOCK), st.sets(st.integers(0, 5 * BLOCK - 1)), st.booleans())
def test_who_is_there_all_the_time_is_met_once(met: int, leaving: set[int], newest: bool) -> None:
    line = Timeline()
    tasks = [TaskEntry(record(str(n), float(n // 3)), Resources.EMPTY) for n in range(5 * BLOCK)]
    for number, task in enumerate(tasks):
        line.add(task, number)
    walk = line.newest_first() if newest else line.oldest_first()
    seen = [task.id for _, task in islice(walk, met)]
    for number in sorted(leaving):
        line.remove(tasks[number])
        line.add(TaskEntry(record(f"new{number}", float(number // 3)), Resources.EMPTY), 1000 + number)
    seen += [task.id for _, task in walk]
    stayed = [task.id for task in tasks if task.place is not None]
    of_old = [name for name in seen if name in stayed]
    assert of_old == (stayed[::-1] if newest else stayed)
    assert len(set(seen)) == len(seen)


@given(
    st.lists(st.lists(st.integers(0, 9).map(float), max_size=12), max_size=5),
    st.integers(0, 70),
    st.booleans(),
)
def test_a_cut_is_where_walking_would_lead(times: list[list[float]], skip: int, newest: bool) -> None:
    lines = [EndedLine([record(f"{n}", at_s) for at_s in line]) for n, line in enumerate(times)]
    total = sum(map(len, lines))
    walked = list(
        merge(
            *([(at_s, n) for at_s, _ in (each.newest_first() if newest else each.oldest_first())]
              for n, each in enumerate(lines)),
            key=itemgetter(0), reverse=newest,
        )
    )  # fmt: skip
    skipped = Counter(n for _, n in walked[:skip])
    finding = cut(lines, max(0, total - skip) if newest else skip, last_first=newest)
    cuts = yield_all(finding)
    assert cuts == [len(each) - skipped[n] if newest else skipped[n] for n, each in enumerate(lines)]


def yield_all(finding: Generator[tuple[int, None], None, list[int]]) -> list[int]:
    while True:
        try:
            next(finding)
        except StopIteration as found:
            cuts: list[int] = found.value
            return cuts


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
        found = [each for _, each in order.of(completed, unreachable).oldest_first()]
        times = [each.statuses[0].timestamp or 0.0 for each in found]
        assert times == sorted(times)
        assert {id(each) for each in found} == {id(each) for each in (*completed, *unreachable.values())}
