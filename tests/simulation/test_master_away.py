"""Agents that a master has no more: it remembers who they were, since when they are away, and why."""

from __future__ import annotations

import pytest

from cluster.master import agents
from cluster.master.away import MAX_LEFT, Absence, AwayAgent, AwayAgents
from cluster.master.state import MasterState
from cluster.protocol import agent, operator
from tests.simulation.master_kit import AWARE, AgentEnd, Stage
from tests.simulation.test_master_views import Operator


def away(stage: Stage) -> tuple[AwayAgent, ...]:
    stage.check()
    return stage.master.state.away_agents.listed()


def lose(stage: Stage, end: AgentEnd) -> None:
    end.actor.answers_pings = False
    stage.advance(120)


def test_an_unreachable_agent_is_remembered_until_it_is_back() -> None:
    stage = Stage()
    end = stage.agent()
    stage.framework(capabilities=(AWARE,)).launch(end, "a", "b")
    entry = end.entry
    lose(stage, end)
    (found,) = away(stage)
    assert (found.id, found.hostname, found.pid) == (end.id, entry.info.hostname, str(entry.pid))
    assert (found.absence, found.why) == (Absence.UNREACHABLE, "it did not answer 5 pings")
    assert found.since_s == stage.master.state.unreachable_agents[end.id]
    assert (found.tasks, found.registered_s) == (2, entry.registered_s)
    end.actor.answers_pings = True
    end.reregister()
    assert away(stage) == ()


def test_one_that_is_gone_is_remembered_with_who_said_so() -> None:
    stage = Stage()
    ends = [stage.agent(), stage.agent()]
    lose(stage, ends[0])
    for end in ends:
        assert Operator(stage).ask(operator.MarkAgentGone(end.id)) == operator.Done()
    stage.settle()
    assert sorted((one.id, one.absence, one.why) for one in away(stage)) == [
        (end.id, Absence.GONE, "an operator said that it never comes back") for end in ends
    ]
    first_s = [one.since_s for one in away(stage)]
    Operator(stage).ask(operator.MarkAgentGone(ends[0].id))
    assert [one.since_s for one in away(stage)] == first_s  # a second time changes nothing


def test_one_that_left_is_remembered() -> None:
    stage = Stage()
    end = stage.agent()
    end.say(agent.UnregisterAgent(end.id))
    stage.settle()
    (found,) = away(stage)
    assert (found.id, found.absence) == (end.id, Absence.LEFT)


def test_a_lost_connection_has_a_time_until_the_agent_is_back() -> None:
    stage = Stage()
    end = stage.agent()
    assert end.entry.disconnected_s is None
    end.cut()
    stage.advance(1)
    assert end.entry.disconnected_s is not None
    end.reregister()
    assert end.entry.disconnected_s is None


def test_the_oldest_unreachable_ones_make_room_in_both_memories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "MAX_UNREACHABLE_AGENTS", 2)
    stage = Stage()
    ends = [stage.agent() for _ in range(3)]
    for end in ends:
        lose(stage, end)
    assert [one.id for one in away(stage)] == [end.id for end in ends[1:]]


def test_the_oldest_gone_ones_make_room_in_both_memories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.master.state.MAX_GONE_AGENTS", 1)
    stage = Stage()
    ends = [stage.agent() for _ in range(2)]
    for end in ends:
        Operator(stage).ask(operator.MarkAgentGone(end.id))
        stage.settle()
    assert [one.id for one in away(stage)] == [ends[1].id]


def one(number: int, absence: Absence) -> AwayAgent:
    return AwayAgent(f"S{number}", "h", "p", absence, float(number), "why", 0.0, 0, 0)


def test_of_those_that_left_the_last_are_remembered() -> None:
    memory = AwayAgents()
    for number in range(MAX_LEFT + 5):
        memory.note(one(number, Absence.LEFT))
    memory.note(one(3, Absence.GONE))
    assert len(memory.ids(Absence.LEFT)) == MAX_LEFT
    assert memory.ids(Absence.LEFT)[0] == "S5"
    assert memory.find("S3") == one(3, Absence.GONE)
    assert memory.listed("S4") == ()
    memory.declare_gone("S6", 9.0, "said so")
    assert memory.find("S6") == one(6, Absence.GONE)._replace(since_s=9.0, why="said so")
    assert "S6" not in memory.ids(Absence.LEFT)


def test_a_memory_that_is_not_about_those_there_are_is_noticed() -> None:
    state = MasterState(10)
    state.unreachable_agents["S1"] = 1.0
    assert state.violated_invariants() == ["what is told of unreachable agents is not about those there are"]
