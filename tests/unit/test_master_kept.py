"""What the master keeps for walks, and of sizes of tasks."""

from __future__ import annotations

import gc

import pytest

from cluster.master.kept import PART, Kept
from cluster.master.sizes import SIZES, Sizes
from cluster.master.state import TaskEntry
from cluster.model import AgentID, FrameworkID, Resources, Task, TaskID, TaskState


@pytest.mark.parametrize("count", [0, 1, PART - 1, PART, PART + 1, 5 * PART])
def test_what_is_kept_comes_back_in_order(count: int) -> None:
    values = [object() for _ in range(count)]
    parts = list(Kept(values).parts())
    assert [value for part in parts for value in part] == values
    assert all(len(part) == PART for part in parts[:-1])


def test_the_collector_does_not_see_what_is_kept() -> None:
    value = [0]
    kept = Kept([value] * PART)
    assert not any(referrer is not None and _leads_to(referrer, kept) for referrer in gc.get_referrers(value))
    ((first, *_),) = kept.parts()
    assert first is value


def _leads_to(referrer: object, kept: Kept[list[int]]) -> bool:
    return any(referrer is part for part in kept._parts)


def entry(name: str, resources: str) -> TaskEntry:
    protos = Resources.parse(resources).protos()
    record = Task(
        name=name,
        task_id=TaskID(name),
        framework_id=FrameworkID("F"),
        agent_id=AgentID("A"),
        state=TaskState.TASK_RUNNING,
        resources=protos,
    )
    return TaskEntry(record, Resources.of(protos))


def test_tasks_of_a_size_share_it() -> None:
    sizes = Sizes()
    first, second, other = entry("a", "cpus:1;mem:2"), entry("b", "cpus:1;mem:2"), entry("c", "cpus:1;mem:3")
    for task in (first, second, other):
        sizes.share(task)
    assert second.resources is first.resources
    assert second.record.resources is first.record.resources
    assert second.record.name == "b"
    assert other.record.resources == Resources.parse("cpus:1;mem:3").protos()


def test_what_is_written_in_another_order_is_left_as_it_is() -> None:
    """The sum is the same, but what is shown of the task is not."""
    sizes = Sizes()
    first = entry("a", "cpus:1;mem:2")
    mixed = tuple(reversed(first.record.resources))
    turned = TaskEntry(
        Task(
            name="t", task_id=TaskID("t"), framework_id=FrameworkID("F"), agent_id=AgentID("A"),
            state=TaskState.TASK_RUNNING, resources=mixed,
        ),
        Resources.of(mixed),
    )  # fmt: skip
    for task in (first, turned):
        sizes.share(task)
    assert turned.record.resources is mixed


def test_not_every_size_is_remembered() -> None:
    sizes = Sizes()
    for number in range(SIZES + 10):
        sizes.share(entry("t", f"mem:{number + 1}"))
    late, again = entry("a", "mem:5000"), entry("b", "mem:5000")
    sizes.share(late)
    sizes.share(again)
    assert again.record.resources is not late.record.resources
