"""Calls whose features come later, and what a subscription needs beside calls: all have their answer."""

from __future__ import annotations

from cluster.model import AgentID, FrameworkID, OfferID, OperationID, OperationState
from cluster.protocol import agent, scheduler
from cluster.protocol.subscription import Closed, GetStanding, Stands
from tests.simulation.master_kit import MASTER_PID, Stage, uuid_of


def test_operations_are_reconciled_by_what_is_known_of_their_agents() -> None:
    stage = Stage()
    end = stage.agent()
    lost = stage.agent()
    framework = stage.framework()
    lost.actor.answers_pings = False
    stage.advance(100)
    assert list(stage.master.state.unreachable_agents) == [lost.id]
    asked = tuple(
        scheduler.OperationToReconcile(OperationID(name), AgentID(agent_id) if agent_id else None)
        for name, agent_id in {"on": end.id, "lost": lost.id, "strange": "S", "nowhere": ""}.items()
    )
    framework.say(scheduler.ReconcileOperations(framework.framework_id, asked))
    statuses = [event.status for event in framework.actor.all(scheduler.UpdateOperationStatus)]
    assert [(str(s.operation_id), s.state, s.agent_id) for s in statuses] == [
        ("on", OperationState.OPERATION_UNKNOWN, AgentID(end.id)),
        ("lost", OperationState.OPERATION_UNREACHABLE, AgentID(lost.id)),
        ("strange", OperationState.OPERATION_UNKNOWN, AgentID("S")),
        ("nowhere", OperationState.OPERATION_UNKNOWN, None),
    ]
    assert all(status.uuid is None for status in statuses)
    framework.actor.forget()
    framework.say(scheduler.ReconcileOperations(framework.framework_id))  # all that are known
    assert framework.actor.all(scheduler.UpdateOperationStatus) == []


def test_calls_about_what_does_not_exist_yet_are_counted() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework()
    inverse = (OfferID("i"), OfferID("j"))
    framework.say(scheduler.AcceptInverseOffers(framework.framework_id, inverse))
    framework.say(scheduler.DeclineInverseOffers(framework.framework_id, inverse[:1]))
    assert stage.metric("master/unknown_inverse_offers") == 3
    framework.say(
        scheduler.AcknowledgeOperationStatus(
            framework_id=framework.framework_id,
            agent_id=AgentID(end.id),
            uuid=uuid_of(1),
            operation_id=OperationID("o"),
        )
    )
    assert stage.metric("master/invalid_operation_status_update_acknowledgements") == 1
    framework.say(scheduler.RequestResources(framework.framework_id))
    assert stage.metric("master/dropped_messages") == 0
    assert framework.entry.is_connected


def test_the_same_calls_of_a_stranger_are_dropped() -> None:
    stage = Stage()
    framework, stranger = stage.framework(), stage.framework()
    operations = (scheduler.OperationToReconcile(OperationID("o")),)
    stranger.say(scheduler.ReconcileOperations(framework.framework_id, operations))
    stranger.say(scheduler.RequestResources(framework.framework_id))
    stranger.say(scheduler.AcceptInverseOffers(framework.framework_id, (OfferID("i"),)))
    assert stage.metric("master/dropped_messages") == 3
    assert stage.metric("master/unknown_inverse_offers") == 0
    for end in (framework, stranger):
        assert end.actor.all(scheduler.UpdateOperationStatus) == []


def test_how_a_framework_stands() -> None:
    stage = Stage()
    framework = stage.framework(failover_timeout=100.0, principal="p")

    def ask(framework_id: FrameworkID) -> object:
        return stage.sim.ask(stage.master_host, MASTER_PID, GetStanding(framework_id))

    assert ask(framework.framework_id) == Stands(True, True, "p")
    framework.host.kill()
    stage.settle()
    assert ask(framework.framework_id) == Stands(True, False, "p")
    stage.advance(200)
    assert ask(framework.framework_id) == Stands(False)
    assert ask(FrameworkID("never")) == Stands(False)


def test_who_is_removed_by_others_has_its_subscription_closed() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework()
    stage.master._frameworks.remove(framework.entry, "an operator wants it")
    stage.settle()
    assert framework.actor.all(Closed) == [Closed()]
    assert framework.errors() == []
    assert end.actor.all(agent.ShutdownFramework) == [agent.ShutdownFramework(framework.id)]


def test_who_tears_itself_down_hears_nothing_more() -> None:
    stage = Stage()
    framework = stage.framework()
    framework.actor.forget()
    framework.say(scheduler.Teardown(framework.framework_id))
    assert framework.actor.heard == []
    assert framework.id in stage.master.state.completed_frameworks
