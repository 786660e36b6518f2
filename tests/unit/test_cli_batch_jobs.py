"""The bookkeeping of a batch: what each update of a task means for its command."""

from __future__ import annotations

import pytest

from cluster.examples.batch_jobs import MAX_LOSSES, OVER, Jobs, Standing, Verdict
from cluster.scheduler import Update
from tests.fake_master import make_status


class Story:
    """Jobs, and their tasks t1, t2 ... in the order of their launches."""

    def __init__(self, commands: int = 1, retries: int = 0) -> None:
        self.jobs = Jobs([(number, f"command {number}") for number in range(1, commands + 1)], retries)
        self.launches = 0

    def launch(self) -> str:
        self.launches += 1
        self.jobs.launched(f"t{self.launches}", "a1", "host")
        return f"t{self.launches}"

    def say(self, task_id: str, *states: str) -> Verdict:
        """The verdict on the last of these states."""
        verdicts = [self.jobs.updated(Update(make_status(task_id, f"TASK_{state}"))) for state in states]
        return verdicts[-1]

    @property
    def standing(self) -> Standing:
        return self.jobs.all[0].standing


def test_success() -> None:
    story = Story()
    assert story.say(story.launch(), "STARTING", "RUNNING") is Verdict.GOES_ON
    assert story.say("t1", "FINISHED") is Verdict.ENDED
    assert story.standing is Standing.SUCCEEDED
    assert story.jobs.is_over
    assert story.say("t1", "FINISHED") is Verdict.STALE


def test_failures_are_tried_again_as_often_as_wanted() -> None:
    story = Story(retries=2)
    for _ in range(2):
        assert story.say(story.launch(), "RUNNING", "FAILED") is Verdict.AGAIN
        assert story.standing is Standing.WAITING
    assert story.say(story.launch(), "RUNNING", "FAILED") is Verdict.ENDED
    assert story.standing is Standing.FAILED
    assert [attempt.number for attempt in story.jobs.all[0].attempts] == [1, 2, 3]


def test_a_repeated_end_counts_once() -> None:
    story = Story(retries=2)
    story.say(story.launch(), "FAILED")
    assert story.say("t1", "FAILED") is Verdict.STALE
    assert story.jobs.all[0].failures == 1
    assert story.standing is Standing.WAITING


@pytest.mark.parametrize("state", ["LOST", "DROPPED", "UNREACHABLE", "GONE", "GONE_BY_OPERATOR"])
def test_lost_tasks_are_run_again_without_counting_as_failures(state: str) -> None:
    story = Story()
    for _ in range(MAX_LOSSES):
        assert story.say(story.launch(), state) is Verdict.MOVED
    assert story.jobs.all[0].failures == 0
    assert story.say(story.launch(), state) is Verdict.ENDED
    assert story.standing is Standing.FAILED
    assert story.jobs.all[0].last.message.startswith(f"lost {MAX_LOSSES + 1} times")


def test_a_task_that_is_back_before_it_was_replaced_is_followed_again() -> None:
    story = Story(commands=2)
    story.say(story.launch(), "RUNNING", "UNREACHABLE")
    assert story.say("t1", "RUNNING") is Verdict.BACK
    assert story.standing is Standing.RUNNING
    assert story.jobs.count(Standing.WAITING) == 1
    assert story.say("t1", "FINISHED") is Verdict.ENDED


def test_a_task_that_ended_while_it_was_thought_lost_counts() -> None:
    story = Story()
    story.say(story.launch(), "RUNNING", "UNREACHABLE")
    assert story.say("t1", "FINISHED") is Verdict.ENDED
    assert story.standing is Standing.SUCCEEDED
    assert story.jobs.next() is None


def test_a_replaced_task_that_is_back_must_be_killed() -> None:
    story = Story()
    story.say(story.launch(), "RUNNING", "UNREACHABLE")
    story.launch()
    assert story.say("t1", "RUNNING") is Verdict.STRAY
    assert story.say("t1", "KILLING") is Verdict.STALE
    assert story.say("t1", "KILLED") is Verdict.STALE
    assert story.standing is Standing.RUNNING
    assert story.say("t2", "FINISHED") is Verdict.ENDED


def test_a_stray_is_killed_after_its_job_is_over_too() -> None:
    story = Story()
    story.say(story.launch(), "UNREACHABLE")
    story.say(story.launch(), "FINISHED")
    assert story.say("t1", "RUNNING") is Verdict.STRAY


def test_what_took_too_long_is_a_failure_however_it_ends() -> None:
    for state in ("KILLED", "UNREACHABLE", "GONE"):
        story = Story()
        story.say(story.launch(), "RUNNING")
        story.jobs.all[0].last.is_overdue = True
        assert story.say("t1", state) is Verdict.ENDED
        assert story.standing is Standing.FAILED


def test_what_took_too_long_is_not_followed_again() -> None:
    story = Story(retries=1)
    story.say(story.launch(), "RUNNING")
    story.jobs.all[0].last.is_overdue = True
    assert story.say("t1", "UNREACHABLE") is Verdict.AGAIN
    assert story.say("t1", "RUNNING") is Verdict.STRAY
    assert story.standing is Standing.WAITING


def test_after_an_interrupt_nothing_is_launched_or_tried_again() -> None:
    story = Story(commands=5, retries=3)
    for _ in range(4):
        story.launch()
    story.jobs.interrupt()
    assert story.jobs.next() is None
    for task_id, state in (("t1", "KILLED"), ("t2", "FAILED"), ("t3", "FINISHED"), ("t4", "LOST")):
        assert story.say(task_id, state) is Verdict.ENDED
    assert [job.standing.value for job in story.jobs.all] == [
        "interrupted", "failed", "succeeded", "interrupted", "interrupted",
    ]  # fmt: skip
    assert story.jobs.is_over


def test_giving_up_ends_everything() -> None:
    story = Story(commands=3)
    story.say(story.launch(), "RUNNING")
    story.jobs.give_up()
    assert story.jobs.count(*OVER) == 3
    assert story.say("t1", "RUNNING") is Verdict.STRAY


def test_tasks_of_others_mean_nothing() -> None:
    assert Story().say("somebody else's", "RUNNING") is Verdict.GOES_ON


def test_times_come_from_the_updates() -> None:
    story = Story()
    story.launch()
    attempt = story.jobs.all[0].last
    assert attempt.duration_s == 0
    attempt.started_s, attempt.ended_s = 10.0, 12.5
    assert attempt.duration_s == 2.5
