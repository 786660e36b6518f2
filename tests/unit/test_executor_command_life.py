"""The life of a command as a table of events and instructions."""

from __future__ import annotations

import signal

import pytest

from cluster.executor.command import arguments_of, kill_grace_ns
from cluster.executor.command_life import CommandLife, Instruction, Phase, Report, SendSignal, words_of
from cluster.model import CommandInfo, Reason, TaskState
from tests.executor_kit import grace

S = 1_000_000_000
TERM = SendSignal(signal.SIGTERM)
KILL = SendSignal(signal.SIGKILL)
KILLING = Report(TaskState.TASK_KILLING)


def running(*, reports_killing: bool = True, max_completion_ns: int | None = None) -> CommandLife:
    life = CommandLife(reports_killing=reports_killing)
    assert life.launched(0, max_completion_ns) == [Report(TaskState.TASK_RUNNING)]
    return life


@pytest.mark.parametrize(
    ("status", "state", "message"),
    [
        (0, TaskState.TASK_FINISHED, "Command exited with status 0"),
        (7 << 8, TaskState.TASK_FAILED, "Command exited with status 7"),
        (9, TaskState.TASK_FAILED, "Command terminated with signal Killed"),
        (0x80 | 11, TaskState.TASK_FAILED, "Command terminated with signal Segmentation fault (core dumped)"),
    ],
)
def test_end_of_a_command_nobody_touched(status: int, state: TaskState, message: str) -> None:
    life = running()
    assert life.exited(status) == [Report(state, message)]
    assert life.phase is Phase.ENDED
    assert life.due_ns is None


def test_kill_terminates_then_kills() -> None:
    life = running()
    assert life.kill(10 * S, 3 * S) == [KILLING, TERM]
    assert life.due_ns == 13 * S
    assert life.time_is_up(12 * S) == []
    assert life.time_is_up(13 * S) == [KILL]
    assert life.due_ns is None
    assert life.exited(9) == [Report(TaskState.TASK_KILLED, "Command terminated with signal Killed")]


def test_killed_whatever_the_exit_status() -> None:
    life = running(reports_killing=False)
    assert life.kill(0, S) == [TERM]
    assert life.exited(0) == [Report(TaskState.TASK_KILLED, "Command exited with status 0")]


@pytest.mark.parametrize(
    ("second_at", "second_grace", "due"),
    [(1 * S, 2 * S, 2 * S), (1 * S, 20 * S, 10 * S), (4 * S, 1 * S, 1 * S)],
)
def test_second_kill_can_only_shorten(second_at: int, second_grace: int, due: int) -> None:
    life = running()
    life.kill(0, 10 * S)
    assert life.kill(second_at, second_grace) == []
    assert life.due_ns == due


def test_time_limit_is_no_kill() -> None:
    life = running(max_completion_ns=5 * S)
    assert life.due_ns == 5 * S
    assert life.time_is_up(5 * S) == [TERM]
    assert life.due_ns == 5 * S
    assert life.time_is_up(5 * S) == [KILL]
    too_long = Reason.REASON_MAX_COMPLETION_TIME_REACHED
    assert life.exited(15) == [
        Report(TaskState.TASK_FAILED, "Command terminated with signal Terminated", too_long)
    ]


def test_kill_stops_the_time_limit() -> None:
    life = running(max_completion_ns=5 * S)
    life.kill(4 * S, 10 * S)
    assert life.due_ns == 14 * S


def test_events_out_of_place_do_nothing() -> None:
    new = CommandLife(reports_killing=True)
    nothing: list[Instruction] = []
    assert new.kill(0, 0) == nothing
    assert new.time_is_up(0) == nothing
    life = running()
    life.kill(0, 0)
    life.time_is_up(0)
    assert life.phase is Phase.FORCED
    assert life.kill(1, 0) == nothing
    life.exited(9)
    assert life.kill(2, 0) == nothing
    assert life.time_is_up(3) == nothing


def test_launch_that_fails() -> None:
    life = CommandLife(reports_killing=True)
    reason = Reason.REASON_COMMAND_EXECUTOR_FAILED
    assert life.failed_to_launch("no") == [Report(TaskState.TASK_FAILED, "no", reason)]
    assert life.phase is Phase.ENDED


def test_words_of_an_unknown_signal() -> None:
    assert words_of(64) in ("terminated with signal Real-time signal 30", "terminated with signal RTMAX")


def test_arguments() -> None:
    assert arguments_of(CommandInfo(value="a b")) == (("/bin/sh", "-c", "a b"), None)
    plain = CommandInfo(shell=False, value="/bin/ls", arguments=("ls", "-l"))
    assert arguments_of(plain) == (("ls", "-l"), "/bin/ls")
    assert arguments_of(CommandInfo(shell=False, value="ls")) == (("ls",), "ls")


def test_grace_is_that_of_the_call_then_of_the_task() -> None:
    assert kill_grace_ns(grace(1), grace(2)) == 1 * S
    assert kill_grace_ns(None, grace(2)) == 2 * S
    assert kill_grace_ns(None, None) == 3 * S
    assert kill_grace_ns(grace(-1), None) == 0
