"""The numbers of an agent, which are true whatever happened before."""

from __future__ import annotations

from cluster.model import Resources, TaskState
from cluster.protocol import agent
from tests.simulation.agent_kit import Stage, custom, task

S = TaskState


def numbers(stage: Stage) -> dict[str, float]:
    """Those of the agent that are not 0, without their prefix."""
    found = stage.agent_host.runtime.metrics.snapshot().items()
    return {
        name.removeprefix("slave/"): value for name, value in found if name.startswith("slave/") and value
    }


def test_an_idle_agent() -> None:
    stage = Stage()
    found = numbers(stage)
    assert found.pop("uptime_secs") > 0
    assert found == {"registered": 1.0, "cpus_total": 4.0, "mem_total": 4096.0}
    assert stage.agent_host.runtime.metrics.snapshot()["slave/recovery_time_secs"] == 0.0


def test_tasks_and_executors_by_what_becomes_of_them() -> None:
    stage = Stage()
    command = stage.start(task("t", resources=Resources.parse("cpus:1;mem:512").protos()))
    container = stage.container()
    other = stage.start(task("u", executor=custom("e"), command=None))
    command.update("t", S.TASK_STARTING, 1)
    other.update("u", S.TASK_RUNNING, 2)
    found = numbers(stage)
    assert (found["tasks_starting"], found["tasks_running"]) == (1.0, 1.0)
    assert (found["executors_running"], found["frameworks_active"]) == (2.0, 1.0)
    assert found["mem_used"] >= 512.0
    assert found["mem_percent"] == found["mem_used"] / 4096
    assert found["valid_status_updates"] == 2.0
    command.update("t", S.TASK_FAILED, 3)
    other.update("u", S.TASK_FINISHED, 4)
    found = numbers(stage)
    assert (found["tasks_failed"], found["tasks_finished"]) == (1.0, 1.0)
    assert not {"tasks_starting", "tasks_running"} & found.keys()
    stage.acknowledge("t", 1)
    stage.acknowledge("t", 3)
    stage.exits(container)
    assert numbers(stage)["executors_terminated"] == 1.0


def test_messages_with_and_without_an_executor() -> None:
    stage = Stage()
    end = stage.start(task("u", executor=custom("e"), command=None))
    end.update("u", S.TASK_RUNNING, 1)
    for executor_id in ("e", "x", "y"):
        stage.tell(agent.MessageToExecutor("F", executor_id, b"hello"))
    found = numbers(stage)
    assert (found["valid_framework_messages"], found["invalid_framework_messages"]) == (1.0, 2.0)


def test_what_recovery_took_and_passed_over() -> None:
    stage = Stage(strict=False)
    stage.start(task("t")).update("t", S.TASK_RUNNING, 1)
    stage.start(task("u")).update("u", S.TASK_RUNNING, 2)
    path = "/work/meta/slaves/S0/frameworks/F/executors/t/executor.info"
    stage.agent_host.disk.write(path, b"\0\0\0\1\xc1")
    stage.restart()
    assert "recovery_time_secs" not in numbers(stage)
    stage.host_ready()
    stage.sim.run_until(lambda: stage.is_registered, 60)
    found = numbers(stage)
    assert found["recovery_errors"] == 1.0
    assert found["recovery_time_secs"] == stage.settings.executor_reregistration_timeout_s
