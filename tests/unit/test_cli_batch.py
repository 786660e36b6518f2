"""The framework of mesos-batch, played through by hand: offers, time, output, the end."""

from __future__ import annotations

from cluster.examples.batch import (
    EXPLAIN_S,
    HURRY_S,
    KILL_S,
    READS,
    Batch,
    BatchOptions,
    Outputs,
)
from cluster.examples.batch_jobs import Attempt, Job, Jobs, Standing
from cluster.protocol import scheduler as v1
from cluster.scheduler.events import ReadPart
from tests.framework_kit import Desk


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.changes = 0

    def changed(self, batch: Batch) -> None:
        self.changes += 1

    def tell(self, line: str) -> None:
        self.lines.append(line)


class Shelf:
    """Outputs that are kept in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.closed: list[str] = []

    def write(self, job: Job, attempt: Attempt, stream: str, data: bytes) -> None:
        name = f"{job.line}-{attempt.number}.{stream}"
        self.files[name] = self.files.get(name, b"") + data

    def close(self, job: Job, attempt: Attempt, stream: str) -> None:
        self.closed.append(f"{job.line}-{attempt.number}.{stream}")


class Play:
    """A batch, its desk and its notes."""

    def __init__(
        self,
        commands: int,
        *,
        retries: int = 0,
        outputs: Outputs | None = None,
        max_parallel: int | None = None,
        timeout_s: float | None = None,
    ) -> None:
        lines = [(number, f"command {number}") for number in range(1, commands + 1)]
        self.jobs = Jobs(lines, retries)
        self.notes = Notes()
        options = BatchOptions(
            cpus=1, mem=100, max_parallel=max_parallel, timeout_s=timeout_s, env={"A": "b"}
        )
        self.batch = Batch(self.jobs, options, self.notes, outputs)
        self.desk = Desk(self.batch)


def test_offers_are_packed_and_the_rest_waits() -> None:
    play = Play(6)
    tasks = play.desk.offer("cpus:2;mem:1000", "cpus:8;mem:250", "cpus:0.5;mem:1000")
    assert [task.name for task in tasks] == ["line 1", "line 2", "line 3", "line 4"]
    assert [task.agent_id.value for task in tasks] == ["a1", "a1", "a2", "a2"]
    assert len({task.task_id for task in tasks}) == 4
    command = tasks[0].command
    assert command is not None
    assert (command.value, command.shell) == ("command 1", True)
    assert command.environment is not None
    assert [(v.name, v.value) for v in command.environment.variables] == [("A", "b")]
    assert len(play.desk.take(v1.Decline)) == 1
    assert play.jobs.count(Standing.WAITING) == 2
    assert not play.desk.take(v1.Suppress)


def test_offers_are_suppressed_while_nothing_waits() -> None:
    play = Play(2, retries=1)
    tasks = play.desk.offer("cpus:2;mem:1000")
    assert len(play.desk.take(v1.Suppress)) == 1
    play.desk.update(tasks[0], "FAILED", "Command exited with status 1")
    assert len(play.desk.take(v1.Revive)) == 1
    assert play.notes.lines == ["line 1: failed: Command exited with status 1; is tried again"]
    (again,) = play.desk.offer("cpus:2;mem:1000")
    assert again.name == "line 1"
    assert len(play.desk.take(v1.Suppress)) == 1


def test_room_that_tasks_leave_is_asked_for_at_once() -> None:
    play = Play(3)
    tasks = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(tasks[0], "FINISHED")
    play.desk.update(tasks[1], "FINISHED")
    assert not play.desk.take(v1.Revive)
    play.desk.pass_time(HURRY_S)
    assert len(play.desk.take(v1.Revive)) == 1


def test_no_more_at_once_than_wanted() -> None:
    play = Play(3, max_parallel=1)
    (first,) = play.desk.offer("cpus:8;mem:8000")
    assert len(play.desk.take(v1.Suppress)) == 1
    play.desk.update(first, "FINISHED")
    assert len(play.desk.take(v1.Revive)) == 1
    assert len(play.desk.offer("cpus:8;mem:8000")) == 1


def test_the_end() -> None:
    play = Play(2)
    tasks = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(tasks[0], "FINISHED")
    assert play.desk.exit_code is None
    play.desk.update(tasks[1], "FINISHED")
    assert play.desk.exit_code == 0


def test_one_failure_makes_the_batch_fail() -> None:
    play = Play(2)
    tasks = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(tasks[0], "FAILED", "Command exited with status 7")
    play.desk.update(tasks[1], "FINISHED")
    assert play.desk.exit_code == 1
    assert play.notes.lines == ["line 1: failed: Command exited with status 7"]


def test_a_lost_task_is_run_again_and_killed_if_it_turns_up() -> None:
    play = Play(1)
    (lost,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(lost, "RUNNING")
    play.desk.update(lost, "UNREACHABLE")
    assert play.notes.lines == ["line 1: lost on a1.example (TASK_UNREACHABLE); is run again"]
    (again,) = play.desk.offer("cpus:2;mem:1000")
    assert again.task_id != lost.task_id
    play.desk.update(lost, "RUNNING")
    assert play.desk.killed() == [lost.task_id.value]
    play.desk.update(again, "FINISHED")
    assert play.desk.exit_code == 0


def test_what_runs_too_long_is_killed_and_failed() -> None:
    play = Play(1, timeout_s=7.0)
    (task,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(task, "RUNNING")
    play.desk.pass_time(7.0)
    assert play.desk.killed() == [task.task_id.value]
    play.desk.update(task, "KILLED")
    assert play.jobs.all[0].standing is Standing.FAILED
    assert play.notes.lines == ["line 1: killed after 7 s", "line 1: took too long"]
    assert play.desk.exit_code == 1


def test_time_does_not_run_on_for_a_task_that_ended() -> None:
    play = Play(1, retries=1, timeout_s=7.0)
    (task,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(task, "RUNNING")
    play.desk.update(task, "FAILED")
    (again,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.pass_time(7.0)
    assert play.desk.killed() == []
    play.desk.update(again, "RUNNING")
    play.desk.pass_time(7.0)
    assert play.desk.killed() == [again.task_id.value]


def test_output_is_collected_before_the_end() -> None:
    shelf = Shelf()
    play = Play(1, outputs=shelf)
    (task,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(task, "FINISHED")
    assert play.desk.exit_code is None
    name = task.task_id.value
    play.desk.serve_files({(name, "stdout"): b"many words", (name, "stderr"): b""})
    assert shelf.files == {"1-1.stdout": b"many words", "1-1.stderr": b""}
    assert shelf.closed == ["1-1.stdout", "1-1.stderr"]
    assert play.desk.exit_code == 0


def test_output_that_cannot_be_read_is_noted() -> None:
    play = Play(1, outputs=Shelf())
    (task,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(task, "FINISHED")
    play.desk.serve_files({}, fault="the sandbox is gone")
    assert play.jobs.all[0].last.output_fault == "the sandbox is gone"
    assert play.desk.exit_code == 0


def test_output_is_read_a_few_at_a_time() -> None:
    play = Play(READS + 5, outputs=Shelf())
    for task in play.desk.offer("cpus:100;mem:100000"):
        play.desk.update(task, "FINISHED")
    parts = [call for call in play.desk.calls if isinstance(call, ReadPart)]
    assert len(parts) == READS
    assert {part.address for part in parts} == {"10.0.0.1:5051"}
    play.desk.serve_files({})
    assert play.desk.exit_code == 0


def test_nothing_is_collected_from_lost_agents() -> None:
    play = Play(1, outputs=Shelf())
    (task,) = play.desk.offer("cpus:2;mem:1000")
    play.desk.update(task, "GONE")
    assert not play.desk.take(ReadPart)
    assert play.jobs.all[0].attempts[0].output_fault


def test_an_interrupt_kills_what_runs_and_ends_with_it() -> None:
    play = Play(3)
    tasks = play.desk.offer("cpus:2;mem:1000")
    play.batch.interrupt()
    assert play.desk.killed() == [task.task_id.value for task in tasks]
    assert play.desk.exit_code is None
    for task in tasks:
        play.desk.update(task, "KILLED")
    assert play.desk.exit_code == 130
    assert play.jobs.count(Standing.INTERRUPTED) == 3


def test_an_interrupt_does_not_wait_for_ever() -> None:
    play = Play(1)
    play.desk.offer("cpus:2;mem:1000")
    play.batch.interrupt()
    play.desk.pass_time(KILL_S)
    assert play.desk.exit_code == 130


def test_a_second_interrupt_ends_at_once() -> None:
    play = Play(1)
    play.desk.offer("cpus:2;mem:1000")
    play.batch.interrupt()
    assert play.desk.exit_code is None
    play.batch.interrupt()
    assert play.desk.exit_code == 130


def test_the_reason_for_waiting_is_told() -> None:
    play = Play(1)
    play.desk.offer("cpus:0.5;mem:1000", "cpus:4;mem:10")
    play.desk.pass_time(EXPLAIN_S)
    assert play.notes.lines == [
        "still waiting: no offer fits cpus:1; mem:100: "
        "offered were a1.example cpus:0.5; mem:1000, a2.example cpus:4; mem:10"
    ]


def test_nothing_offered_is_told_too() -> None:
    play = Play(1)
    play.desk.pass_time(EXPLAIN_S)
    assert play.notes.lines == [
        "still waiting: nothing was offered; asked for cpus:1; mem:100: all agents are full, or there is none"
    ]
