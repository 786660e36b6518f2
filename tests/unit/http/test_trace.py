"""What an agent knows of a sandbox that cannot be shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.agent.reading import AgentView, agent_view
from cluster.agent.registration import Standing
from cluster.http.page.agent import trace
from cluster.protocol.page_agent import GetTrace
from tests.unit.http.agent_kit import AGENT, busy_state

VIEW = agent_view(busy_state(), AGENT, Standing.RUNNING, 1.0)


def asked(framework_id: str, executor_id: str, view: AgentView = VIEW) -> tuple[str, str, int, bool]:
    question = GetTrace("/p", "/p", framework_id, executor_id)
    found = trace(view, question, has_path=False, has_run=True, has_latest=False)
    assert (found.has_path, found.has_run, found.has_latest) == (False, True, False)
    return found.framework, found.executor, found.remembered, found.is_full


def test_the_view_tells_how_much_is_remembered() -> None:
    assert VIEW.max_completed == busy_state().history.max_executors > 0


def test_frameworks_and_executors_that_run_ended_or_are_not_known() -> None:
    assert asked("nobody", "e") == ("unknown", "unknown", 0, False)
    for framework in VIEW.frameworks:
        number = len(framework.completed_executors)
        for one in framework.executors:
            assert asked(framework.id, one.id) == ("running", "running", number, number >= VIEW.max_completed)
        running = {one.id for one in framework.executors}
        for one in framework.completed_executors:
            expected = "running" if one.id in running else "ended"  # it may have come again
            assert asked(framework.id, one.id)[:2] == ("running", expected)
        assert asked(framework.id, "nobody")[:2] == ("running", "unknown")
    for framework in VIEW.completed_frameworks:
        for one in framework.completed_executors:
            assert asked(framework.id, one.id)[:2] == ("ended", "ended")
    assert VIEW.frameworks
    assert any(framework.completed_executors for framework in VIEW.frameworks)


@pytest.mark.parametrize("room", [0, 1])
def test_a_history_is_full_when_no_more_fits(room: int) -> None:
    framework = next(one for one in VIEW.frameworks if one.completed_executors)
    number = len(framework.completed_executors)
    view = replace(VIEW, max_completed=number + room)
    assert asked(framework.id, "nobody", view) == ("running", "unknown", number, room == 0)
