"""The framework of mesos-execute, played through by hand, and its options."""

from __future__ import annotations

import pytest

from cluster.cli.complain import StartFault
from cluster.cli.execute import task_of
from cluster.config import EXECUTE, ExecuteConfig, parse
from cluster.examples.one_task import EXPLAIN_S, KILL_S, MAX_LAUNCHES, OneTask
from cluster.model import Reason
from cluster.protocol import scheduler as v1
from tests.framework_kit import Desk


def config_of(*flags: str) -> ExecuteConfig:
    argv = ["--master=m:5050", *flags]
    found = parse(EXECUTE, argv, environ={}, read_file=lambda path: "", version="1")
    assert isinstance(found, ExecuteConfig)
    return found


class Play:
    """One task of 1 cpu and 128 MB, its desk, and what was said."""

    def __init__(self, kill_after_s: float | None = None) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []
        task = task_of(config_of("--name=t", "--command=true"))
        self.framework = OneTask(task, self.said.append, self.warned.append, kill_after_s=kill_after_s)
        self.desk = Desk(self.framework)


def test_the_lines_of_a_good_run() -> None:
    play = Play()
    (task,) = play.desk.offer("cpus:4;mem:1000")
    assert (task.name, task.task_id.value, task.agent_id.value) == ("t", "t", "a1")
    assert len(play.desk.take(v1.Suppress)) == 1
    play.desk.update(task, "RUNNING")
    play.desk.update(task, "FINISHED", "Command exited with status 0")
    assert play.said == [
        "Subscribed with ID m-0000",
        "Submitted task 't' to agent 'a1'",
        "Received status update TASK_RUNNING for task 't'",
        "  source: SOURCE_EXECUTOR",
        "Received status update TASK_FINISHED for task 't'",
        "  message: 'Command exited with status 0'",
        "  source: SOURCE_EXECUTOR",
    ]
    assert play.desk.exit_code == 0


@pytest.mark.parametrize(
    ("state", "code"),
    [("FINISHED", 0), ("FAILED", 1), ("LOST", 1), ("ERROR", 1), ("GONE", 1), ("KILLED", 143)],
)
def test_the_exit_code_tells_the_end(state: str, code: int) -> None:
    play = Play()
    (task,) = play.desk.offer("cpus:4;mem:1000")
    play.desk.update(task, state, reason=Reason.REASON_EXECUTOR_TERMINATED)
    assert play.desk.exit_code == code
    assert "  reason: REASON_EXECUTOR_TERMINATED" in play.said


def test_an_unsuitable_offer_is_not_the_last_one() -> None:
    play = Play()
    assert play.desk.offer("cpus:0.5;mem:1000") == []
    assert not play.desk.take(v1.Suppress)
    play.desk.pass_time(EXPLAIN_S)
    assert play.warned == [
        "still waiting: no offer fits cpus:1; mem:128: offered were a1.example cpus:0.5; mem:1000"
    ]
    assert len(play.desk.offer("cpus:0.5;mem:1000", "cpus:4;mem:1000")) == 1


def test_no_reason_is_told_once_it_runs() -> None:
    play = Play()
    play.desk.offer("cpus:4;mem:1000")
    play.desk.pass_time(EXPLAIN_S)
    assert play.warned == []


def test_further_offers_are_declined() -> None:
    play = Play()
    play.desk.offer("cpus:4;mem:1000")
    assert play.desk.offer("cpus:4;mem:1000") == []
    assert len(play.desk.take(v1.Decline)) == 1


def test_a_launch_that_reached_nobody_is_repeated() -> None:
    play = Play()
    for _ in range(MAX_LAUNCHES - 1):
        (task,) = play.desk.offer("cpus:4;mem:1000")
        play.desk.update(task, "DROPPED")
        assert len(play.desk.take(v1.Revive)) == 1
    (task,) = play.desk.offer("cpus:4;mem:1000")
    play.desk.update(task, "DROPPED")
    assert play.desk.exit_code == 1


def test_kill_after() -> None:
    play = Play(kill_after_s=3.0)
    (task,) = play.desk.offer("cpus:4;mem:1000")
    play.desk.update(task, "RUNNING")
    play.desk.pass_time(3.0)
    assert play.desk.killed() == ["t"]
    assert play.said[-1] == "Asked to kill task 't' on agent 'a1'"


def test_an_interrupt_kills_the_task() -> None:
    play = Play()
    (task,) = play.desk.offer("cpus:4;mem:1000")
    play.framework.interrupt()
    assert play.desk.killed() == ["t"]
    play.desk.update(task, "KILLED")
    assert play.desk.exit_code == 143


def test_an_interrupt_without_a_task_ends_at_once() -> None:
    play = Play()
    play.framework.interrupt()
    assert play.desk.exit_code == 130


def test_a_kill_is_not_waited_for_for_ever() -> None:
    play = Play()
    play.desk.offer("cpus:4;mem:1000")
    play.framework.interrupt()
    play.desk.pass_time(KILL_S)
    assert play.desk.exit_code == 130


def test_an_unreachable_agent_is_told() -> None:
    play = Play()
    (task,) = play.desk.offer("cpus:4;mem:1000")
    play.desk.update(task, "UNREACHABLE")
    assert play.warned == ["the agent cannot be reached; waiting until it comes back or is given up"]
    assert play.desk.exit_code is None


def test_an_error_of_the_master() -> None:
    play = Play()
    play.desk.tell(v1.Error("Framework has been removed"))
    assert play.said[-1] == "Received an ERROR event: Framework has been removed"


def test_a_task_from_flags() -> None:
    task = task_of(config_of("--name=n", "--command=run", '--env={"A": "1"}', "--resources=cpus:2;mem:64"))
    assert task.command is not None
    assert task.command.environment is not None
    assert [resource.name for resource in task.resources] == ["cpus", "mem"]


def test_a_task_from_json() -> None:
    text = (
        '{"name": "n", "task_id": {"value": "id"}, "command": {"value": "run"},'
        ' "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}'
    )
    task = task_of(config_of(f"--task={text}"))
    assert (task.name, task.task_id.value) == ("n", "id")


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        (['--task={"name": 5, "task_id": {"value": "x"}}'], r"--task: .*\$\.name"),
        (["--task=[]"], "--task: expected a map"),
        (["--name=n", "--command=c", "--resources=cpus=1"], "--resources: .*cpus=1"),
        (["--name=n", "--command=c", "--resources="], "--resources: .*holds no resources"),
    ],
)
def test_options_that_make_no_sense(flags: list[str], fault: str) -> None:
    with pytest.raises(StartFault, match=fault):
        task_of(config_of(*flags))
