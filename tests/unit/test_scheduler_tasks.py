"""What a connection remembers of tasks."""

from __future__ import annotations

from cluster.model import AgentID, FrameworkID, Reason, TaskID, TaskInfo
from cluster.protocol.scheduler import Kill
from cluster.scheduler.tasks import KnownTasks, Verdict
from tests.fake_master import make_status, uuid_of

ANSWER = Reason.REASON_RECONCILIATION


def task(task_id: str) -> TaskInfo:
    return TaskInfo(name=task_id, task_id=TaskID(task_id), agent_id=AgentID("a1"))


def test_an_update_goes_from_new_to_waiting_to_dealt_with() -> None:
    tasks = KnownTasks()
    tasks.launched([task("t")])
    status = make_status("t", "TASK_RUNNING", uuid_of(1))
    assert tasks.verdict(status) is Verdict.NEW
    tasks.shown(status)
    assert tasks.verdict(status) is Verdict.WAITING
    tasks.dealt_with(status.task_id, uuid_of(1))
    assert tasks.verdict(status) is Verdict.DEALT_WITH
    assert tasks.verdict(make_status("t", "TASK_RUNNING", uuid_of(2))) is Verdict.NEW


def test_ended_tasks_are_forgotten_but_their_last_update_is_not() -> None:
    tasks = KnownTasks()
    status = make_status("t", "TASK_FINISHED", uuid_of(1))
    tasks.shown(status)
    assert len(tasks) == 1
    tasks.dealt_with(status.task_id, uuid_of(1))
    assert len(tasks) == 0
    assert tasks.verdict(status) is Verdict.DEALT_WITH
    tasks.launched([task("u")])
    tasks.shown(make_status("u", "TASK_LOST"))
    assert len(tasks) == 0


def test_an_acknowledgement_of_an_older_update_ends_nothing() -> None:
    tasks = KnownTasks()
    tasks.shown(make_status("t", "TASK_RUNNING", uuid_of(1)))
    tasks.shown(make_status("t", "TASK_FINISHED", uuid_of(2)))
    tasks.dealt_with(TaskID("t"), uuid_of(1))
    assert TaskID("t") in tasks
    tasks.dealt_with(TaskID("t"), uuid_of(2))
    assert TaskID("t") not in tasks


def test_unknown_tasks_that_live_are_adopted() -> None:
    tasks = KnownTasks()
    tasks.shown(make_status("t", "TASK_RUNNING", reason=ANSWER))
    assert tasks.agent_of(TaskID("t")) == AgentID("a1")
    for state in ("TASK_UNKNOWN", "TASK_GONE"):
        tasks.shown(make_status("u", state, reason=ANSWER))
    assert TaskID("u") not in tasks


def test_answers_to_our_own_questions_are_news_only_if_they_are() -> None:
    tasks = KnownTasks()
    tasks.launched([task("t")])
    staging = make_status("t", "TASK_STAGING", reason=ANSWER)
    assert tasks.verdict(staging) is Verdict.NOTHING_NEW
    assert tasks.verdict(make_status("t", "TASK_RUNNING", reason=ANSWER)) is Verdict.NEW
    assert tasks.verdict(make_status("t", "TASK_STAGING")) is Verdict.NEW
    tasks.user_asks([])
    assert tasks.verdict(staging) is Verdict.NEW
    tasks.shown(staging)
    assert tasks.verdict(staging) is Verdict.NOTHING_NEW
    tasks.user_asks([TaskID("other")])
    assert tasks.verdict(staging) is Verdict.NOTHING_NEW


def test_questions_are_repeated_for_what_is_unanswered() -> None:
    tasks = KnownTasks()
    tasks.launched([task("t"), task("u"), task("v")])
    tasks.shown(make_status("v", "TASK_FINISHED", uuid_of(1)))
    assert [q.task_id.value for q in tasks.ask_all()] == ["t", "u"]
    tasks.answered(make_status("t", "TASK_RUNNING"))
    assert [q.task_id.value for q in tasks.unanswered()] == ["u"]
    assert [q.task_id.value for q in tasks.ask_all()] == ["t", "u"]


def test_what_the_user_was_too_busy_for_is_asked_again() -> None:
    tasks = KnownTasks()
    tasks.launched([task("t")])
    lost = make_status("t", "TASK_LOST", reason=ANSWER)
    assert tasks.must_be_asked(lost)
    assert [q.task_id.value for q in tasks.unanswered()] == ["t"]
    assert not tasks.must_be_asked(make_status("t", "TASK_RUNNING", uuid_of(1)))
    assert not tasks.must_be_asked(make_status("never heard of", "TASK_LOST"))


def test_kills_are_remembered_while_the_task_lives() -> None:
    tasks = KnownTasks()
    tasks.launched([task("t")])
    kill = Kill(framework_id=FrameworkID("f"), task_id=TaskID("t"))
    tasks.kill_wanted(kill)
    tasks.kill_wanted(Kill(framework_id=FrameworkID("f"), task_id=TaskID("unknown")))
    assert tasks.kills() == [kill]
    tasks.shown(make_status("t", "TASK_KILLED", uuid_of(1)))
    assert tasks.kills() == []


def test_everything_has_a_limit() -> None:
    tasks = KnownTasks(limit=3)
    tasks.launched([task(str(n)) for n in range(10)])
    assert len(tasks) == 3
    for n in range(10):
        tasks.dealt_with(TaskID(str(n)), uuid_of(n))
    assert tasks.verdict(make_status("0", "TASK_RUNNING", uuid_of(0))) is Verdict.NEW
    assert tasks.verdict(make_status("9", "TASK_RUNNING", uuid_of(9))) is Verdict.DEALT_WITH
