"""What an agent remembers, and how much of it."""

from __future__ import annotations

from cluster.agent.history import MAX_FRAMEWORKS, History
from cluster.agent.state import Executor, Framework
from cluster.model import ExecutorID, ExecutorInfo, FrameworkInfo


def framework(name: str) -> Framework:
    return Framework(name, FrameworkInfo(user="u", name=name))


def executor(name: str, container_id: str, framework_id: str = "F") -> Executor:
    info = ExecutorInfo(executor_id=ExecutorID(name))
    return Executor(name, framework_id, info, container_id, f"/{container_id}", is_command=False)


def test_runs_of_one_executor_are_kept_apart_and_the_latest_is_found() -> None:
    history = History(max_executors=10)
    for container in ("c1", "c2"):
        history.executor_ended(framework("F"), executor("e", container))
    assert [run.container_id for run in history.executors("F")] == ["c1", "c2"]
    assert history.sandbox("F", "e") == "/c2"
    assert history.sandbox("F", "x") is None
    assert history.sandbox("G", "e") is None


def test_the_oldest_executors_of_a_framework_are_forgotten() -> None:
    history = History(max_executors=2)
    for number in range(4):
        history.executor_ended(framework("F"), executor(f"e{number}", f"c{number}"))
    assert [run.id for run in history.executors("F")] == ["e2", "e3"]
    none = History(max_executors=0)
    none.executor_ended(framework("F"), executor("e", "c"))
    assert none.executors("F") == ()


def test_the_frameworks_that_ended_first_are_forgotten_with_their_executors() -> None:
    history = History(max_executors=2)
    for number in range(MAX_FRAMEWORKS + 1):
        name = f"F{number}"
        history.executor_ended(framework(name), executor("e", name))
        history.framework_ended(framework(name))
    known = [framework_id for framework_id, _ in history.frameworks()]
    assert len(known) == MAX_FRAMEWORKS
    assert known[0] == "F1"
    assert history.executors("F0") == ()
    assert history.sandbox("F1", "e") == "/F1"


def test_a_framework_that_comes_back_takes_its_history_along() -> None:
    history = History(max_executors=2)
    history.executor_ended(framework("F"), executor("e", "c1"))
    history.framework_ended(framework("F"))
    history.framework_runs("F")
    assert list(history.frameworks()) == []
    history.executor_ended(framework("F"), executor("e", "c2"))
    assert [run.container_id for run in history.executors("F")] == ["c1", "c2"]


def test_a_framework_that_ran_nothing_to_its_end_has_ended_too() -> None:
    history = History(max_executors=2)
    history.framework_ended(framework("F"))
    assert [(name, info.name) for name, info in history.frameworks()] == [("F", "F")]
    history.framework_runs("F")
    assert history.executors("F") == ()
