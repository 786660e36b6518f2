"""Why a sandbox cannot be shown: one reason for every way in which it can be gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.http.page.gone import Facts, Kind, SandboxName, sandbox_name, why_gone
from cluster.master.away import Absence, AwayAgent
from cluster.model import (
    AgentID,
    ContainerStatus,
    FrameworkID,
    Source,
    Task,
    TaskID,
    TaskState,
    TaskStatus,
)
from cluster.protocol.page_agent import Trace

S = TaskState
NAME = SandboxName("/frameworks/f/executors/e/runs/latest", "f", "e", "latest", "")
NOTHING = Trace("unknown", "unknown", False, False, False, 0, False)
KNOWN = Facts(NAME, "agent S1 on host1", is_registered=True, trace=NOTHING)


def away(absence: Absence) -> AwayAgent:
    return AwayAgent(
        "S1", "host1", "slave(1)@h:1", absence, 1700.0, "it did not answer 5 pings", 1000.0, 1, 2
    )


def task(state: TaskState, *statuses: TaskStatus) -> Task:
    return Task(
        name="t", task_id=TaskID("e"), framework_id=FrameworkID("f"), agent_id=AgentID("S1"), state=state,
        statuses=statuses,
    )  # fmt: skip


def status(state: TaskState, message: str | None = None, container: bool = False) -> TaskStatus:
    return TaskStatus(
        task_id=TaskID("e"), state=state, message=message, timestamp=1800.0, source=Source.SOURCE_MASTER,
        container_status=ContainerStatus() if container else None,
    )  # fmt: skip


def traced(facts: Facts = KNOWN, **known: object) -> Facts:
    assert facts.trace is not None
    fields = {name: getattr(facts.trace, name) for name in Trace.__struct_fields__}
    return replace(facts, trace=Trace(**(fields | known)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/frameworks/f/executors/e/runs/latest", NAME),
        ("/frameworks/f/executors/e/runs/latest/", NAME),
        (
            "/frameworks/f/executors/e/runs/c/a/b.txt",
            SandboxName("/frameworks/f/executors/e/runs/c", "f", "e", "c", "a/b.txt"),
        ),
        (
            "/w/slaves/S1/frameworks/f/executors/e/runs/c/stdout",
            SandboxName("/w/slaves/S1/frameworks/f/executors/e/runs/c", "f", "e", "c", "stdout"),
        ),
        (
            "/frameworks/f/executors/e/runs/c/runs/c",
            SandboxName("/frameworks/f/executors/e/runs/c", "f", "e", "c", "runs/c"),
        ),
        ("/slave/log", None),
        ("/frameworks/f/executors/e", None),
        ("", None),
    ],
)
def test_what_a_path_names(path: str, expected: SandboxName | None) -> None:
    assert sandbox_name(path) == expected


@pytest.mark.parametrize(
    ("facts", "kind", "words", "since_s"),
    [
        (
            Facts(NAME, "agent S1 on host1", False, away=away(Absence.UNREACHABLE)),
            Kind.AGENT_UNREACHABLE, "it did not answer 5 pings", 1700.0,
        ),
        (
            Facts(NAME, "agent S1 on host1", False, away=away(Absence.GONE)),
            Kind.AGENT_GONE, "cannot be read from here any more", 1700.0,
        ),
        (
            Facts(NAME, "agent S1 on host1", False, away=away(Absence.LEFT)),
            Kind.AGENT_LEFT, "only if it comes back as the same", 1700.0,
        ),
        (Facts(NAME, "agent S1", False), Kind.AGENT_UNKNOWN, "does not remember one", None),
        (
            replace(KNOWN, trace=None, disconnected_s=1650.0),
            Kind.AGENT_DISCONNECTED, "connection to agent S1 on host1 is lost", 1650.0,
        ),
        (
            replace(KNOWN, trace=None, silence="the agent S1 did not answer within 5 s"),
            Kind.AGENT_SILENT, "The agent S1 did not answer within 5 s. It is still registered", None,
        ),
        (traced(has_path=True, has_run=True), Kind.NOT_GONE, "has it", None),
        (traced(replace(KNOWN, name=None)), Kind.NO_SUCH_PATH, "no file under this path", None),
        (
            traced(replace(KNOWN, name=replace(NAME, file="stdout")), has_run=True, executor="running"),
            Kind.FILE_MISSING, "has no 'stdout'", None,
        ),
        (
            replace(KNOWN, task=task(S.TASK_STAGING)),
            Kind.TASK_ON_ITS_WAY, "The task is staging", None,
        ),
        (
            replace(KNOWN, task=task(S.TASK_DROPPED, status(S.TASK_DROPPED, "Agent is draining"))),
            Kind.TASK_NOT_STARTED, "ended as dropped before it was started on agent S1 on host1. "
            "It was said: “Agent is draining”.", 1800.0,
        ),
        (
            replace(KNOWN, task=task(S.TASK_ERROR)),
            Kind.TASK_NOT_STARTED, "ended as error before it was started on agent S1 on host1.", None,
        ),
        (
            traced(executor="ended", framework="running"),
            Kind.DIRECTORY_REMOVED, "executor e, which ended", None,
        ),
        (
            traced(executor="running", framework="running"),
            Kind.DIRECTORY_REMOVED, "executor e, which still runs", None,
        ),
        (
            traced(replace(KNOWN, name=replace(NAME, run="c9")), executor="running", has_latest=True),
            Kind.OTHER_RUN, "not the run c9", None,
        ),
        (
            traced(replace(KNOWN, name=replace(NAME, run="c9")), has_latest=True),
            Kind.OTHER_RUN, "Of executor e other runs", None,
        ),
        (
            replace(KNOWN, is_framework_known=True, framework_name="jobs", framework_ended_s=1750.0),
            Kind.FRAMEWORK_ENDED, "The framework jobs ended", 1750.0,
        ),
        (
            traced(framework="running", remembered=150, is_full=True),
            Kind.HISTORY_LIMIT, "remembers the last 150 executors", None,
        ),
        (
            traced(replace(KNOWN, is_framework_known=True), framework="running"),
            Kind.NEVER_HERE, "knows its framework, but has no directory of executor e", None,
        ),
        (KNOWN, Kind.NEVER_HERE, "This master does not know the framework either", None),
    ],
)  # fmt: skip
def test_the_reason(facts: Facts, kind: Kind, words: str, since_s: float | None) -> None:
    found = why_gone(facts)
    assert (found.kind, found.since_s) == (kind, since_s)
    assert words in found.words


@pytest.mark.parametrize(
    "begun",
    [
        task(S.TASK_RUNNING, status(S.TASK_RUNNING)),
        task(S.TASK_FAILED, status(S.TASK_STARTING), status(S.TASK_FAILED)),
        task(S.TASK_FAILED, status(S.TASK_FAILED, container=True)),
        task(S.TASK_FINISHED, status(S.TASK_FINISHED)),
    ],
)
def test_a_task_that_began_had_a_sandbox(begun: Task) -> None:
    assert why_gone(replace(KNOWN, task=begun)).kind is Kind.NEVER_HERE


def test_the_end_of_the_framework_tells_more_than_that_the_agent_remembers_its_executor() -> None:
    known = traced(replace(KNOWN, framework_ended_s=1750.0), executor="ended", framework="ended")
    assert why_gone(known).kind is Kind.FRAMEWORK_ENDED


def test_an_executor_that_the_agent_has_was_made_whatever_became_of_its_task() -> None:
    known = traced(replace(KNOWN, task=task(S.TASK_DROPPED)), executor="ended")
    assert why_gone(known).kind is Kind.DIRECTORY_REMOVED
