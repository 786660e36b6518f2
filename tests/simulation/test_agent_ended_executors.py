"""Executors that have ended while the end of their tasks is not acknowledged yet."""

from __future__ import annotations

from cluster.model import TaskState
from cluster.protocol import agent
from tests.simulation.agent_kit import Stage, custom, task


def test_they_are_forgotten_with_their_framework() -> None:
    """Nobody acknowledges anything after that.  Source: Mesos src/slave/slave.cpp (shutdownFramework)."""
    stage = Stage()
    end = stage.start(task("t", executor=custom()))
    end.update("t", TaskState.TASK_RUNNING, 1)
    stage.exits(stage.container(), 9)
    assert stage.executor_of("e") is not None
    stage.tell(agent.ShutdownFramework("F"))
    assert not stage.agent.state.frameworks
    assert stage.files() == ["slave.info"]
