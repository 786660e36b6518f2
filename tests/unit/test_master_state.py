"""The checks over the master's books find what they are there to find."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from actors import PID
from cluster.master.state import (
    AgentEntry,
    ExecutorEntry,
    FrameworkEntry,
    MasterState,
    OfferEntry,
    Standing,
    TaskEntry,
)
from cluster.model import (
    AgentID,
    AgentInfo,
    ExecutorID,
    ExecutorInfo,
    FrameworkID,
    FrameworkInfo,
    Resources,
    Task,
    TaskID,
    TaskState,
)

ONE = Resources.scalar(cpus=1, mem=64).allocated("*")


class Books:
    """One agent, one framework, one task and one offer."""

    def __init__(self) -> None:
        self.state = MasterState(10)
        self.agent = AgentEntry(
            "S0", PID("slave(1)", "10.0.0.2:5051"), AgentInfo(hostname="h"), "1", (),
            Resources.scalar(cpus=4, mem=1024), 1, 0.0,
        )  # fmt: skip
        self.framework = FrameworkEntry(
            "F", FrameworkInfo(user="me", name="f"), PID("scheduler", "10.0.0.3:1"), Standing.DISCONNECTED,
            0.0, deque(maxlen=3), 2,
        )  # fmt: skip
        self.state.add_agent(self.agent)
        self.state.add_framework(self.framework)
        self.state.connect_framework(self.framework, self.framework.pid)
        self.task = self.add("t")
        self.offer = OfferEntry("O", "F", "S0", 1, "*", ONE, 0)
        self.state.add_offer(self.offer)

    def add(self, name: str) -> TaskEntry:
        task = TaskEntry(record(name), ONE)
        self.state.add_task(self.framework, self.agent, task)
        return task


def record(name: str, agent_id: str = "S0", state: TaskState = TaskState.TASK_RUNNING) -> Task:
    return Task(
        name=name,
        task_id=TaskID(name),
        framework_id=FrameworkID("F"),
        agent_id=AgentID(agent_id),
        state=state,
    )


def test_sound_books_have_no_faults() -> None:
    assert Books().state.violated_invariants() == []


def too_much(books: Books) -> None:
    books.agent.total = Resources.scalar(cpus=1)


def double_charge(books: Books) -> None:
    books.agent.charge("F", ONE)


def lost_charge(books: Books) -> None:
    books.agent.discharge("F", ONE)


def forgotten_executor(books: Books) -> None:
    info = ExecutorInfo(executor_id=ExecutorID("e"))
    books.agent.executors["F", "e"] = ExecutorEntry(info, ONE)


def lost_index(books: Books) -> None:
    books.task.is_charged = False
    lost_charge(books)
    books.agent.tasks.clear()


def charged_end(books: Books) -> None:
    books.task.record = record("t", state=TaskState.TASK_FINISHED)


def twice(books: Books) -> None:
    books.framework.remember_unreachable(books.task.record)


def offer_of_a_disconnected_agent(books: Books) -> None:
    books.agent.is_connected = False


def offer_to_a_disconnected_framework(books: Books) -> None:
    books.state.disconnect_framework(books.framework)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (too_much, "is used or offered of"),
        (double_charge, "charged is"),
        (lost_charge, "charged is"),
        (forgotten_executor, "charged is"),
        (lost_index, "is not on its agent S0"),
        (charged_end, "ended and still holds resources"),
        (twice, "is known and unreachable"),
        (offer_of_a_disconnected_agent, "is not connected and is offered"),
        (offer_to_a_disconnected_framework, "is not connected and has offers"),
    ],
)
def test_every_spoiled_book_is_found(spoil: Callable[[Books], None], words: str) -> None:
    books = Books()
    spoil(books)
    (fault,) = [fault for fault in books.state.violated_invariants() if ": kept is" not in fault]
    assert words in fault


def test_states_that_missed_something_are_found() -> None:
    books = Books()
    books.framework.counts.states[TaskState.TASK_RUNNING] += 1  # past all methods
    (fault,) = books.state.violated_invariants()
    assert fault.startswith(f"states of {books.framework.id}: kept is ")


def test_sums_that_missed_something_are_found() -> None:
    books = Books()
    assert books.state.violated_invariants() == []
    books.agent.used.clear()  # past all methods
    words = " ".join(books.state.violated_invariants())
    for name in ("used", "framework_used", "role_used"):
        assert f"{name}: kept is" in words


def test_resources_are_freed_once() -> None:
    books = Books()
    assert books.state.uncharge("F", books.task)
    assert not books.state.uncharge("F", books.task)
    assert not books.agent.used
    books.state.remove_task(books.framework, books.task)
    assert books.state.violated_invariants() == []


def test_what_must_be_gone_before() -> None:
    books = Books()
    with pytest.raises(AssertionError, match="still has tasks"):
        books.state.remove_agent(books.agent)
    with pytest.raises(AssertionError, match="still holds resources"):
        books.state.remove_task(books.framework, books.task)
    with pytest.raises(AssertionError, match="is known"):
        books.add("t")


def test_taken_ids_are_those_of_active_and_unreachable_tasks() -> None:
    books = Books()
    for name in ("a", "b", "c"):
        books.framework.remember_unreachable(record(name))
    taken = books.framework.taken_ids
    assert list(taken) == ["t", "b", "c"]  # the oldest unreachable one made room
    assert len(taken) == 3
    assert "t" in taken
    assert "a" not in taken


def test_only_the_returned_task_is_taken_out_of_the_memory() -> None:
    """Ids of ended tasks may be used again, so one may be remembered twice."""
    framework = Books().framework
    one, other = record("x", "S0", TaskState.TASK_FAILED), record("x", "S1", TaskState.TASK_LOST)
    framework.completed.extend((one, other))
    framework.remember_unreachable(record("x"))
    assert framework.remembers_end_of(one)
    assert not framework.remembers_end_of(record("x", "S0", TaskState.TASK_FINISHED))
    framework.forget(record("x", "S1"))
    assert list(framework.completed) == [one]
    assert not framework.unreachable


def test_an_agent_that_moves_is_found_at_its_new_address_only() -> None:
    books = Books()
    old, new = books.agent.pid, PID("slave(1)", "10.0.0.2:5052")
    books.state.move_agent(books.agent, new)
    assert old not in books.state.agent_by_pid
    assert books.state.agent_by_pid[new] is books.agent
