"""What operators are told: pages, sums, shares, explanations."""

from __future__ import annotations

from typing import Any

from cluster.model import TaskState
from cluster.protocol import operator, scheduler
from tests.simulation.master_kit import MASTER_PID, AgentEnd, SchedulerEnd, Stage

S = TaskState


class Operator:
    """Somebody who asks the master, from a host of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.host = stage.sim.host("10.0.3.1", lambda host: None)
        self.host.start()

    def ask(self, question: object) -> Any:
        return self._stage.sim.ask(self.host, MASTER_PID, question)

    def agents(self) -> list[operator.AgentView]:
        return list(self.ask(operator.GetAgents()).agents)

    def framework(self, framework_id: str, completed: bool = False) -> operator.FrameworkView:
        found = self.ask(operator.GetFrameworks(completed=completed)).frameworks
        return next(view for view in found if view.id == framework_id)


def scene() -> tuple[Stage, Operator, AgentEnd, SchedulerEnd]:
    stage = Stage()
    return stage, Operator(stage), stage.agent(), stage.framework(role="r")


def test_agents_show_what_is_used_and_offered() -> None:
    stage, people, end, framework = scene()
    framework.launch(end, "t")
    (view,) = people.agents()
    assert (view.id, view.hostname, view.version, view.tasks) == (end.id, "agent1", "1.11.0", 1)
    assert view.pid == "slave(1)@10.0.1.1:5051"
    assert view.is_connected
    assert view.total == "cpus:4; mem:4096; ports:[31000-31010]"
    assert view.used == "cpus:1; mem:64"
    assert view.offered == "cpus:3; mem:4032; ports:[31000-31010]"
    end.host.kill()
    stage.settle()
    (view,) = people.agents()
    assert (view.is_connected, view.used, view.offered, view.tasks) == (False, "", "", 0)
    stage.advance(200)
    assert people.ask(operator.GetAgents()) == operator.Agents((), 1, True)


def test_agents_come_in_pages_by_id() -> None:
    stage = Stage()
    people = Operator(stage)
    ids = sorted(stage.agent().id for _ in range(5))
    seen: list[str] = []
    after, pages = "", 0
    while True:
        page = people.ask(operator.GetAgents(after=after, limit=2))
        pages += 1
        seen += [view.id for view in page.agents]
        if page.is_last:
            break
        after = seen[-1]
    assert seen == ids
    assert pages == 3
    assert people.ask(operator.GetAgents(after=ids[-1])) == operator.Agents((), 0, True)
    assert len(people.ask(operator.GetAgents(limit=0)).agents) == 1  # a page has something in it
    assert people.ask(operator.GetAgents(limit=5)).is_last


def test_frameworks_show_their_standing_and_their_tasks_by_state() -> None:
    _, people, end, framework = scene()
    framework.launch(end, "a", "b", "c", cpus=0.5)
    end.update(framework, "a", S.TASK_RUNNING)
    end.update(framework, "b", S.TASK_FINISHED)
    framework.acknowledge(end, "b")
    view = people.framework(framework.id)
    assert (view.name, view.user, view.roles, view.standing) == ("framework1", "me", ("r",), "connected")
    assert view.tasks == {"TASK_FINISHED": 1, "TASK_RUNNING": 1, "TASK_STAGING": 1}
    assert view.used == "cpus:1; mem:128"
    framework.say(scheduler.Teardown(framework.framework_id))
    assert people.ask(operator.GetFrameworks()).frameworks == ()
    view = people.framework(framework.id, completed=True)
    assert (view.standing, view.used, view.offered) == ("completed", "", "")
    assert view.tasks == {"TASK_FINISHED": 1, "TASK_KILLED": 2}


def test_tasks_are_listed_active_or_ended() -> None:
    _, people, end, framework = scene()
    framework.launch(end, "a", "b", "c", cpus=0.5)
    end.update(framework, "b", S.TASK_FAILED)
    framework.acknowledge(end, "b")

    def names(**options: Any) -> tuple[list[str], bool]:
        page = people.ask(operator.GetTasks(framework.id, **options))
        return [t.task_id.value for t in page.tasks], page.is_last

    assert names() == (["a", "c"], True)
    assert names(limit=1) == (["a"], False)
    assert names(after="a", limit=1) == (["c"], True)
    assert names(completed=True) == (["b"], True)
    assert people.ask(operator.GetTasks("nobody")) == operator.Tasks((), True)
    framework.say(scheduler.Teardown(framework.framework_id))
    assert names(completed=True) == (["a", "b", "c"], True)


def test_shares_say_who_holds_what() -> None:
    stage = Stage(weights={"r": 2.0})
    people, end = Operator(stage), stage.agent()
    framework = stage.framework(role="r")
    framework.launch(end, "t", cpus=2)
    framework.say(scheduler.Suppress(framework.framework_id))
    framework.accept([framework.offer(end)])
    idle = stage.framework(role="s/t")
    idle.say(scheduler.Suppress(idle.framework_id))
    idle.accept([idle.offer(end)])
    stage.settle()
    roles = {role.role: role for role in people.ask(operator.GetShares()).roles}
    assert roles["r"].weight == 2.0
    assert (roles["r"].share, roles["r"].dominant) == (0.5, "cpus")
    (holder,) = roles["r"].frameworks
    assert (holder.framework_id, holder.dominant) == (framework.id, "cpus")
    assert roles["s/t"].share == 0


def test_answers_reach_those_who_asked_in_any_mixture() -> None:
    stage, people, _, framework = scene()
    other = stage.framework()
    answers: list[Any] = []
    faults: list[Exception] = []
    questions = [
        operator.Explain(framework.id, "r"), operator.GetShares(), operator.Explain(other.id, "*"),
        operator.GetAgents(), operator.Explain("nobody", "r"),
    ]  # fmt: skip
    for question in questions:
        people.host.runtime.ask_then(MASTER_PID, question, 5.0, answers.append, faults.append)
    stage.settle()
    assert not faults
    explained = [a for a in answers if isinstance(a, operator.Explanation)]
    assert [e.agents for e in explained] == [1, 1, 0]
    assert explained[2].fault == "no such framework"
    assert len(answers) == 5


def test_an_explanation_adds_up() -> None:
    stage = Stage()
    people = Operator(stage)
    ends = [stage.agent() for _ in range(5)]
    framework = stage.framework(role="r", checkpoint=True)
    framework.accept([framework.offer(ends[1])], refuse_s=1000)
    stage.advance(2)
    assert people.ask(operator.Explain(framework.id, "r")).withheld == {"NOTHING_FREE": 4, "FILTERED": 1}
    ends[2].host.kill()
    other = stage.framework(role="s")
    stage.advance(5)
    for one in (framework, other):
        found = people.ask(operator.Explain(one.id, one.entry.roles[0]))
        assert found.agents == 5
        assert found.offered + sum(found.withheld.values()) == found.agents
        assert 0 <= found.possible <= found.agents
        assert found.withheld["AGENT_DEACTIVATED"] == 1
    assert set(people.ask(operator.Explain(framework.id, "x")).withheld) == {"NOT_SUBSCRIBED"}
    framework.say(scheduler.Suppress(framework.framework_id))
    found = people.ask(operator.Explain(framework.id, "r"))
    assert found.withheld == {"SUPPRESSED": 5}
    assert found.possible == 5


def test_the_gauges_count_what_is_there() -> None:
    stage, _, end, framework = scene()
    framework.launch(end, "t")
    lost = stage.agent()
    lost.host.kill()
    gone = stage.framework(failover_timeout=100.0)
    gone.host.kill()
    stage.settle()
    names = (
        "slaves_active", "slaves_inactive", "frameworks_connected", "frameworks_disconnected",
        "tasks_staging", "outstanding_offers", "slaves_unreachable",
    )  # fmt: skip
    assert [stage.metric(f"master/{name}") for name in names] == [1, 1, 1, 1, 1, 1, 0]
