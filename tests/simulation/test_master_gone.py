"""Agents that an operator declares gone.

Source: reference master.md §5.4.
"""

from __future__ import annotations

from cluster.model import Reason, TaskState
from cluster.protocol import agent, operator
from tests.simulation.master_kit import AWARE, AgentEnd, Stage
from tests.simulation.test_master_views import Operator

S = TaskState


def gone(stage: Stage, end: AgentEnd | str) -> object:
    agent_id = end if isinstance(end, str) else end.id
    answer = Operator(stage).ask(operator.MarkAgentGone(agent_id))
    stage.settle()
    return answer


def test_tasks_of_an_agent_that_is_gone() -> None:
    stage = Stage()
    end = stage.agent()
    knows, does_not = stage.framework(capabilities=(AWARE,)), stage.framework(role="b")
    knows.launch(end, "a")
    stage.advance(6)
    does_not.launch(end, "b")
    assert gone(stage, end) == operator.Done()
    assert knows.story("a")[-1] == (S.TASK_GONE_BY_OPERATOR, Reason.REASON_AGENT_REMOVED_BY_OPERATOR)
    assert does_not.story("b")[-1] == (S.TASK_LOST, Reason.REASON_AGENT_REMOVED)
    assert [task.task_id.value for task in knows.entry.completed] == ["a"]
    assert list(does_not.entry.unreachable) == ["b"]
    assert end.actor.last(agent.ShutdownAgent).reason == "Agent has been marked gone"


def test_one_that_is_gone_does_not_come_back() -> None:
    stage = Stage()
    end = stage.agent()
    gone(stage, end)
    end.actor.forget()
    end.reregister()
    assert end.actor.last(agent.ShutdownAgent).reason == "Agent has been marked gone"
    assert not stage.master.state.agents
    assert gone(stage, end) == operator.Done()


def test_an_unreachable_agent_that_is_gone() -> None:
    stage = Stage()
    end = stage.agent()
    knows = stage.framework(capabilities=(AWARE,))
    knows.launch(end, "a")
    end.actor.answers_pings = False
    stage.advance(120)
    assert knows.story("a")[-1][0] is S.TASK_UNREACHABLE
    assert gone(stage, end) == operator.Done()
    assert knows.story("a")[-1] == (S.TASK_GONE_BY_OPERATOR, Reason.REASON_AGENT_REMOVED_BY_OPERATOR)
    (ended,) = knows.entry.completed
    assert [status.state for status in ended.statuses] == [S.TASK_UNREACHABLE, S.TASK_GONE_BY_OPERATOR]
    assert not knows.entry.unreachable
    assert list(stage.master.state.gone_agents) == [end.id]
    assert not stage.master.state.unreachable_agents


def test_nobody_is_not_gone() -> None:
    assert gone(Stage(), "nobody") == operator.Refused(404, "agent_id: there is no agent nobody")
