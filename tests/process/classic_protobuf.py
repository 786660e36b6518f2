"""A classic framework with its executor, in the manner of the example of Mesos: protobuf messages.

python -m tests.process.classic_protobuf MASTER      # the scheduler
python -m tests.process.classic_protobuf             # the executor, started by an agent
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from cluster.classic import Executor, MesosExecutorDriver, MesosSchedulerDriver, Scheduler, mesos_pb2

TOTAL_TASKS = 3
TASK_CPUS = 0.5
TASK_MEM = 32


class TestScheduler(Scheduler):
    __test__ = False

    def __init__(self, implicitAcknowledgements: int, executor: Any) -> None:
        self.implicitAcknowledgements = implicitAcknowledgements
        self.executor = executor
        self.taskData: dict[str, Any] = {}
        self.tasksLaunched = 0
        self.tasksFinished = 0
        self.messagesReceived = 0

    def registered(self, driver: Any, frameworkId: Any, masterInfo: Any) -> None:
        print(f"Registered with framework ID {frameworkId.value}")

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        for offer in offers:
            tasks = []
            offerCpus = sum(r.scalar.value for r in offer.resources if r.name == "cpus")
            offerMem = sum(r.scalar.value for r in offer.resources if r.name == "mem")
            while self.tasksLaunched < TOTAL_TASKS and offerCpus >= TASK_CPUS and offerMem >= TASK_MEM:
                tid = self.tasksLaunched
                self.tasksLaunched += 1
                task = mesos_pb2.TaskInfo()
                task.task_id.value = str(tid)
                task.slave_id.value = offer.slave_id.value
                task.name = f"task {tid}"
                task.executor.MergeFrom(self.executor)
                cpus = task.resources.add()
                cpus.name = "cpus"
                cpus.type = mesos_pb2.Value.SCALAR
                cpus.scalar.value = TASK_CPUS
                mem = task.resources.add()
                mem.name = "mem"
                mem.type = mesos_pb2.Value.SCALAR
                mem.scalar.value = TASK_MEM
                tasks.append(task)
                self.taskData[task.task_id.value] = (offer.slave_id, task.executor.executor_id)
                offerCpus -= TASK_CPUS
                offerMem -= TASK_MEM
            operation = mesos_pb2.Offer.Operation()
            operation.type = mesos_pb2.Offer.Operation.LAUNCH
            operation.launch.task_infos.extend(tasks)
            driver.acceptOffers([offer.id], [operation])

    def statusUpdate(self, driver: Any, update: Any) -> None:
        print(f"Task {update.task_id.value} is in state {mesos_pb2.TaskState.Name(update.state)}")
        if update.state == mesos_pb2.TASK_FINISHED:
            assert update.data == b"data with a \0 byte"
            self.tasksFinished += 1
            slave_id, executor_id = self.taskData[update.task_id.value]
            driver.sendFrameworkMessage(executor_id, slave_id, b"data with a \0 byte")
        if update.state in (
            mesos_pb2.TASK_LOST,
            mesos_pb2.TASK_KILLED,
            mesos_pb2.TASK_FAILED,
            mesos_pb2.TASK_ERROR,
        ):
            print(f"Aborting: task {update.task_id.value} failed: {update.message}")
            driver.abort()
        if not self.implicitAcknowledgements:
            driver.acknowledgeStatusUpdate(update)

    def frameworkMessage(self, driver: Any, executorId: Any, slaveId: Any, message: Any) -> None:
        self.messagesReceived += 1
        assert message == b"data with a \0 byte"
        print(f"Received message {self.messagesReceived}")
        if self.messagesReceived == TOTAL_TASKS:
            assert self.tasksFinished == TOTAL_TASKS
            driver.stop()


class TestExecutor(Executor):
    __test__ = False

    def launchTask(self, driver: Any, task: Any) -> None:
        def run_task() -> None:
            print(f"Running task {task.task_id.value}")
            for state in (mesos_pb2.TASK_RUNNING, mesos_pb2.TASK_FINISHED):
                update = mesos_pb2.TaskStatus()
                update.task_id.value = task.task_id.value
                update.state = state
                update.data = b"data with a \0 byte"
                driver.sendStatusUpdate(update)

        threading.Thread(target=run_task).start()

    def frameworkMessage(self, driver: Any, message: Any) -> None:
        driver.sendFrameworkMessage(message)


def schedule(master: str) -> int:
    executor = mesos_pb2.ExecutorInfo()
    executor.executor_id.value = "default"
    path = os.environ["PYTHONPATH"]
    executor.command.value = f"PYTHONPATH={path} {sys.executable} -m tests.process.classic_protobuf"
    executor.name = "Test Executor (Python)"
    executor.source = "python_test"
    framework = mesos_pb2.FrameworkInfo()
    framework.user = ""  # Have Mesos fill in the current user.
    framework.name = "Test Framework (Python)"
    implicitAcknowledgements = 0
    driver = MesosSchedulerDriver(
        TestScheduler(implicitAcknowledgements, executor), framework, master, implicitAcknowledgements
    )
    status = 0 if driver.run() == mesos_pb2.DRIVER_STOPPED else 1
    driver.stop()
    return status


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(schedule(sys.argv[1]))
    sys.exit(0 if MesosExecutorDriver(TestExecutor()).run() == mesos_pb2.DRIVER_STOPPED else 1)
