"""What an agent makes of calls over HTTP, and of what executors repeat when they subscribe."""

from __future__ import annotations

from typing import Any

import pytest

from actors import PID, Actor, handles
from cluster.agent.http_calls import Admitted, HttpCall, Refusal, Refused
from cluster.agent.reading import AgentView, GetAgentView, IsRecovering, Recovering
from cluster.agent.state import Phase
from cluster.model import AgentID, ExecutorID, FrameworkID, Reason, TaskID, TaskState, TaskStatus
from cluster.protocol import agent, host
from cluster.protocol import executor as executors
from tests.simulation.agent_kit import AGENT_PID, FRAMEWORK, VOLATILE, ExecutorEnd, Stage, custom, task
from tests.simulation.master_kit import uuid_of

S = TaskState
F, E = FrameworkID("F"), ExecutorID("e")


class Front(Actor):
    """Asks as the HTTP front does, in the process of the agent."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    @handles
    def on_answer(self, sender: PID, message: Admitted | Refused | AgentView | Recovering) -> None:
        self.answers.append(message)


def ask(stage: Stage, question: object) -> Any:
    """What the agent answers."""
    runtime = stage.agent_host.runtime
    front = runtime.by_name.get("front")
    if front is None:
        front = Front()
        runtime.spawn(front, "front")
    assert isinstance(front, Front)
    front.send(AGENT_PID, question)
    stage.settle()
    return front.answers.pop()


def view(stage: Stage) -> AgentView:
    found = ask(stage, GetAgentView())
    assert isinstance(found, AgentView)
    return found


def status(task_id: str, state: TaskState, number: int) -> TaskStatus:
    return TaskStatus(task_id=TaskID(task_id), state=state, uuid=uuid_of(number))


def update(task_id: str, state: TaskState, number: int) -> HttpCall:
    return HttpCall(F, E, executors.Update(F, E, status(task_id, state, number)))


def why(stage: Stage, question: HttpCall) -> Refusal | None:
    """Why the agent refuses; None if it does not."""
    answer = ask(stage, question)
    return answer.why if isinstance(answer, Refused) else None


# -- calls ------------------------------------------------------------------------------------


def test_who_may_call() -> None:
    stage = Stage()
    assert why(stage, HttpCall(F, E, is_subscription=True)) is Refusal.UNKNOWN_FRAMEWORK
    stage.run(task("t", executor=custom()))
    other = ExecutorID("other")
    assert why(stage, HttpCall(F, other, is_subscription=True)) is Refusal.UNKNOWN_EXECUTOR
    assert why(stage, HttpCall(F, E, is_subscription=True)) is None
    assert why(stage, HttpCall(F, E)) is Refusal.NOT_SUBSCRIBED
    assert why(stage, update("t", S.TASK_RUNNING, 1)) is Refusal.NOT_SUBSCRIBED
    assert stage.updates() == []
    ExecutorEnd(stage, "e", FRAMEWORK).subscribe()
    assert why(stage, HttpCall(F, E)) is None


def test_while_the_agent_recovers_executors_may_only_subscribe() -> None:
    stage = Stage()
    stage.start(task("t", executor=custom()))
    assert ask(stage, IsRecovering()) == Recovering(False)
    stage.restart()
    assert ask(stage, IsRecovering()) == Recovering(True)
    assert why(stage, update("t", S.TASK_RUNNING, 1)) is Refusal.RECOVERING
    assert why(stage, HttpCall(FrameworkID("unknown"), E)) is Refusal.RECOVERING
    assert why(stage, HttpCall(F, E, is_subscription=True)) is None
    assert why(stage, HttpCall(FrameworkID("unknown"), E, is_subscription=True)) is Refusal.UNKNOWN_FRAMEWORK


def test_calls_count_as_the_executors_and_answers_go_to_its_stream() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    assert why(stage, update("t", S.TASK_RUNNING, 1)) is None
    assert end.acknowledged() == [1]
    assert [s.state for s in stage.updates("t")] == [S.TASK_RUNNING]
    assert why(stage, HttpCall(F, E, executors.MessageToScheduler(F, E, b"hi"))) is None
    assert stage.master.last(agent.MessageToScheduler) == agent.MessageToScheduler("S0", "F", "e", b"hi")


def test_an_executor_without_a_stream_is_heard_and_told_nothing() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    stage.executors_host.runtime.terminate(end.pid)
    stage.settle()
    assert why(stage, update("t", S.TASK_FINISHED, 1)) is None
    assert [s.state for s in stage.updates("t")] == [S.TASK_FINISHED]
    assert end.acknowledged() == []
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe(updates=(status("t", S.TASK_FINISHED, 1),))
    assert again.acknowledged() == [1]


def test_an_update_that_names_another_agent_is_dropped() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    end.update("t", S.TASK_RUNNING, 1, agent_id=AgentID("S9"))
    assert (stage.updates(), end.acknowledged()) == ([], [])
    assert stage.agent_host.runtime.metrics.value("slave/invalid_status_updates") == 1


# -- what is repeated -------------------------------------------------------------------------


def test_the_first_event_is_the_subscription() -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()))
    end = ExecutorEnd(stage, "e", FRAMEWORK).subscribe(updates=(status("x", S.TASK_RUNNING, 1),))
    assert [type(event) for event in end.actor.heard] == [
        executors.Subscribed,
        executors.Acknowledged,
        executors.Launch,
    ]


def test_an_update_of_staging_ends_the_executor_that_repeats_it() -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()))
    end = ExecutorEnd(stage, "e", FRAMEWORK).subscribe(updates=(status("t", S.TASK_STAGING, 1),))
    assert [type(event) for event in end.actor.heard] == [executors.Shutdown]


@pytest.mark.parametrize("framework", [FRAMEWORK, VOLATILE], ids=["checkpoints", "does not"])
def test_a_task_that_only_its_executor_knows_runs_on(framework: Any) -> None:
    stage = Stage()
    stage.start(task("t", executor=custom()), framework=framework)
    lost = task("lost", executor=custom())
    end = ExecutorEnd(stage, "e", framework).subscribe(tasks=(lost,))
    assert end.launched() == []
    end.update("lost", S.TASK_RUNNING, 1)
    (executor,) = view(stage).frameworks[0].executors
    assert "lost" in [one.task_id.value for one in executor.launched]
    if framework.checkpoint:
        assert any("tasks/lost/task.info" in name for name in stage.files())


def test_what_ended_is_not_taken_for_running_again() -> None:
    stage = Stage()
    first = task("t", executor=custom())
    end = stage.start(first)
    end.update("t", S.TASK_FINISHED, 1)  # and not acknowledged by the scheduler
    again = ExecutorEnd(stage, "e", FRAMEWORK).subscribe((first,), (status("t", S.TASK_FINISHED, 1),))
    assert again.acknowledged() == [1]
    (executor,) = view(stage).frameworks[0].executors
    assert [one.task_id.value for one in executor.terminated] == ["t"]
    assert executor.launched == ()


# -- readers ----------------------------------------------------------------------------------


def test_tasks_go_through_the_lists() -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()))

    def lists() -> list[list[str]]:
        (executor,) = view(stage).frameworks[0].executors
        return [
            [one.task_id.value for one in tasks]
            for tasks in (executor.queued, executor.launched, executor.terminated, executor.completed)
        ]

    assert lists() == [["t"], [], [], []]
    end = ExecutorEnd(stage, "e", FRAMEWORK).subscribe()
    assert lists() == [[], ["t"], [], []]
    end.update("t", S.TASK_RUNNING, 1)
    end.update("t", S.TASK_FINISHED, 2)
    assert lists() == [[], [], ["t"], []]
    stage.acknowledge("t", 1)
    stage.acknowledge("t", 2)
    assert lists() == [[], [], [], ["t"]]
    (done,) = view(stage).frameworks[0].executors[0].completed
    assert [one.state for one in done.statuses] == [S.TASK_RUNNING, S.TASK_FINISHED]
    assert done.state is S.TASK_FINISHED


def test_what_ended_is_remembered_and_taken_back() -> None:
    stage = Stage()
    stage.run(task("t", executor=custom()))
    container = stage.container()
    stage.exits(container)
    stage.acknowledge_last()
    assert view(stage).frameworks == ()
    (past,) = view(stage).completed_frameworks
    assert (past.id, past.info, past.executors) == ("F", FRAMEWORK, ())
    (ended,) = past.completed_executors
    assert (ended.container_id, ended.phase) == (container, Phase.TERMINATED)
    assert [one.state for one in ended.completed] == [S.TASK_FAILED]
    assert ended.completed[0].statuses[-1].reason is Reason.REASON_EXECUTOR_TERMINATED
    stage.run(task("u", executor=custom()))
    shown = view(stage)
    assert shown.completed_frameworks == ()
    assert [one.container_id for one in shown.frameworks[0].completed_executors] == [container]


def test_statuses_survive_the_agent() -> None:
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    end.update("t", S.TASK_STARTING, 1)
    end.update("t", S.TASK_RUNNING, 2)
    container = stage.container()
    stage.restart()
    stage.host_ready(host.Container(container))
    (executor,) = view(stage).frameworks[0].executors
    assert [one.state for one in executor.launched[0].statuses] == [S.TASK_STARTING, S.TASK_RUNNING]
