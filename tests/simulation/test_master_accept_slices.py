"""An ACCEPT is carried out with pauses, and nobody can tell: what comes meanwhile finds it done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors import PID, Actor, handles
from cluster.master import actor as master_actor
from cluster.master.accept import TASKS_AT_ONCE
from cluster.model import Filters, OfferID, Operation, TaskID, TaskState
from cluster.protocol import agent, scheduler
from tests.actors_kit import Note
from tests.simulation.master_kit import (
    AWARE,
    MASTER_PID,
    AgentEnd,
    SchedulerEnd,
    Stage,
    executor,
    launch,
    task,
)

COUNT = 5 * TASKS_AT_ONCE + 3
NAMES = [f"t{number}" for number in range(COUNT)]


class Scene:
    """A call of many tasks and something else, which are in the mailbox of the master together."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.agent: AgentEnd = self.stage.agent()
        self.framework: SchedulerEnd = self.stage.framework(capabilities=(AWARE,), failover_timeout=60.0)
        self.runtime = self.stage.master_host.runtime

    def accept(self, *operations: Operation, offer: str | None = None) -> scheduler.Accept:
        offer_id = OfferID(offer) if offer is not None else self.framework.offer(self.agent).id
        return scheduler.Accept(
            self.framework.framework_id, (offer_id,), operations, Filters(refuse_seconds=0.0)
        )

    def call(self, message: object) -> None:
        """The framework says this; the master does not look yet."""
        self.runtime.send(MASTER_PID, message, self.framework.entry.pid)

    def told(self) -> list[Any]:
        """What everybody heard in the end, and what the master knows."""
        self.stage.settle()
        self.stage.advance(120.0)
        self.stage.check()
        state = self.stage.master.state
        frameworks = {**state.frameworks, **state.completed_frameworks}
        return [
            self.agent.actor.heard,
            self.framework.actor.heard,
            [
                (f.id, {t.id: t.state for t in f.tasks.values()}, list(f.completed))
                for f in frameworks.values()
            ],
        ]


def tiny(names: list[str], on: AgentEnd, **more: Any) -> Operation:
    return launch(*[task(name, on.id, cpus=0.01, mem=1, **more) for name in names])


def kill(scene: Scene) -> None:
    scene.call(scheduler.Kill(scene.framework.framework_id, TaskID(NAMES[-1])))


def reconcile(scene: Scene) -> None:
    asked = (scheduler.TaskToReconcile(TaskID(NAMES[-1])), scheduler.TaskToReconcile(TaskID("other")))
    scene.call(scheduler.Reconcile(scene.framework.framework_id, asked))


def accept_again(scene: Scene) -> None:
    scene.call(scene.accept(tiny(["again"], scene.agent)))  # of the offer that is just used


def decline(scene: Scene) -> None:
    scene.call(scheduler.Decline(scene.framework.framework_id, (scene.framework.offer(scene.agent).id,)))


def tear_down(scene: Scene) -> None:
    scene.call(scheduler.Teardown(scene.framework.framework_id))


def subscribe_again(scene: Scene) -> None:
    scene.call(scheduler.Subscribe(scene.framework.described))


def lose_framework(scene: Scene) -> None:
    scene.runtime.exited(scene.framework.entry.pid, "it is gone")


def lose_agent(scene: Scene) -> None:
    scene.runtime.exited(scene.agent.entry.pid, "it is gone")


def unregister(scene: Scene) -> None:
    scene.runtime.send(MASTER_PID, agent.UnregisterAgent(scene.agent.id), scene.agent.entry.pid)


AFTER = (
    kill, reconcile, accept_again, decline, tear_down, subscribe_again, lose_framework, lose_agent,
    unregister,
)  # fmt: skip


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("custom", [False, True])
def test_what_comes_meanwhile_finds_the_call_done(
    after: Callable[[Scene], None], custom: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for at_once in (COUNT + 1, TASKS_AT_ONCE, 1):
        monkeypatch.setattr(master_actor, "TASKS_AT_ONCE", at_once)
        scene = Scene()
        more = {"executor": executor("e"), "command": None} if custom else {}
        bad = task("bad", scene.agent.id, cpus=1000.0)
        scene.call(
            scene.accept(tiny(NAMES[:20], scene.agent, **more), launch(bad), tiny(NAMES[20:], scene.agent))
        )
        after(scene)
        told.append(scene.told())
        launched = scene.agent.actor.all(agent.RunTask)
        assert [message.task.task_id.value for message in launched] == NAMES
    assert told[1] == told[0]
    assert told[2] == told[0]


def test_a_refused_call_of_many_tasks_drops_all_of_them_before_what_comes_next() -> None:
    scene = Scene()
    scene.call(scene.accept(tiny(NAMES, scene.agent), offer="never made"))
    kill(scene)
    scene.stage.settle()
    ends = [(s.task_id.value, s.state) for s in scene.framework.statuses()]
    unknown = (NAMES[-1], TaskState.TASK_UNKNOWN)
    assert ends == [*((name, TaskState.TASK_DROPPED) for name in NAMES), unknown]


def test_others_get_their_turn_while_a_call_is_carried_out() -> None:
    scene = Scene()
    seen: list[int] = []

    class Bystander(Actor):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            seen.append(len(scene.framework.entry.tasks))

    bystander = scene.runtime.spawn(Bystander(), "bystander")
    scene.call(scene.accept(tiny(NAMES, scene.agent)))
    scene.runtime.send(bystander, Note(1))
    scene.stage.settle()
    assert seen == [TASKS_AT_ONCE]
    assert len(scene.framework.entry.tasks) == COUNT
