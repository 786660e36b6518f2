"""The classic executor driver, as far as it needs no agent."""

from __future__ import annotations

import pytest

import cluster.classic
import cluster.scheduler
from cluster.classic import Executor, MesosExecutorDriver, mesos_pb2
from cluster.executor import BadEnvironment

ENVIRONMENT = {
    "MESOS_FRAMEWORK_ID": "f",
    "MESOS_EXECUTOR_ID": "e",
    "MESOS_SLAVE_PID": "slave(1)@10.0.0.1:5051",
}


def test_only_an_agent_can_start_an_executor() -> None:
    with pytest.raises(BadEnvironment, match="MESOS_FRAMEWORK_ID"):
        MesosExecutorDriver(Executor(), environment={})


def test_what_is_told_before_the_start_goes_nowhere() -> None:
    driver = MesosExecutorDriver(Executor(), environment=ENVIRONMENT)
    status = {"task_id": {"value": "t"}, "state": "TASK_RUNNING"}
    assert driver.sendStatusUpdate(status) == mesos_pb2.DRIVER_NOT_STARTED
    assert driver.sendFrameworkMessage("aGk=") == mesos_pb2.DRIVER_NOT_STARTED
    assert driver.stop() == driver.abort() == driver.join() == mesos_pb2.DRIVER_NOT_STARTED
    with pytest.raises(ValueError, match="malformed TaskStatus"):
        driver.sendStatusUpdate({"state": "TASK_RUNNING"})


def test_callbacks_that_an_executor_lacks_are_left_out() -> None:
    class Bare:
        pass

    MesosExecutorDriver(Bare(), environment=ENVIRONMENT).callback("shutdown")


def test_the_classic_names_lead_to_the_classic_classes() -> None:
    assert cluster.scheduler.MesosSchedulerDriver is cluster.classic.MesosSchedulerDriver
    assert cluster.scheduler.Scheduler is cluster.classic.Scheduler
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        cluster.scheduler.Nonsense  # noqa: B018
