"""Classic frameworks of both styles, unchanged but for their imports, against a fake master."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from cluster.classic import Dict, MesosSchedulerDriver, Scheduler, decode_data, encode_data, mesos_pb2
from cluster.model import AgentID, ExecutorID
from cluster.protocol import scheduler as v1
from tests.fake_master import uuid_of
from tests.limits import LIMIT_S
from tests.master_thread import MasterThread

pytestmark = pytest.mark.process


@pytest.fixture
def master() -> Iterator[MasterThread]:
    thread = MasterThread()
    yield thread
    thread.close()


class ProtobufScheduler(Scheduler):
    """After the example framework of Mesos."""

    def __init__(self, executor: Any) -> None:
        self.executor = executor
        self.told: SimpleQueue[Any] = SimpleQueue()

    def registered(self, driver: Any, frameworkId: Any, masterInfo: Any) -> None:
        self.told.put(("registered", frameworkId.value, masterInfo.port))

    def reregistered(self, driver: Any, masterInfo: Any) -> None:
        self.told.put(("reregistered", masterInfo.port))

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        for offer in offers:
            cpus = sum(r.scalar.value for r in offer.resources if r.name == "cpus")
            if cpus < 2:
                driver.declineOffer(offer.id)
                continue
            task = mesos_pb2.TaskInfo()
            task.task_id.value = "7"
            task.slave_id.value = offer.slave_id.value
            task.name = "task 7"
            task.executor.MergeFrom(self.executor)
            res = task.resources.add()
            res.name = "cpus"
            res.type = mesos_pb2.Value.SCALAR
            res.scalar.value = 1
            operation = mesos_pb2.Offer.Operation()
            operation.type = mesos_pb2.Offer.Operation.LAUNCH
            operation.launch.task_infos.extend([task])
            driver.acceptOffers([offer.id], [operation])

    def statusUpdate(self, driver: Any, update: Any) -> None:
        self.told.put((update.task_id.value, mesos_pb2.TaskState.Name(update.state)))
        if update.state == mesos_pb2.TASK_FINISHED:
            driver.stop()

    def frameworkMessage(self, driver: Any, executorId: Any, slaveId: Any, message: Any) -> None:
        self.told.put((executorId.value, slaveId.value, message))
        driver.sendFrameworkMessage(executorId, slaveId, "data with a \0 byte")

    def offerRescinded(self, driver: Any, offerId: Any) -> None:
        self.told.put(("rescinded", offerId.value))

    def slaveLost(self, driver: Any, slaveId: Any) -> None:
        self.told.put(("slaveLost", slaveId.value))

    def executorLost(self, driver: Any, executorId: Any, slaveId: Any, status: int) -> None:
        self.told.put(("executorLost", executorId.value, slaveId.value, status))


def test_a_framework_of_protobuf_messages(master: MasterThread) -> None:
    executor = mesos_pb2.ExecutorInfo()
    executor.executor_id.value = "default"
    executor.command.value = "/bin/executor"
    executor.name = "Test Executor (Python)"
    framework = mesos_pb2.FrameworkInfo()
    framework.user = ""
    framework.name = "Test Framework (Python)"
    framework.checkpoint = True
    scheduler = ProtobufScheduler(executor)
    driver = MesosSchedulerDriver(scheduler, framework, master.address, 1)
    status: list[int] = []
    runner = threading.Thread(target=lambda: status.append(driver.run()))
    runner.start()

    info = master.await_call(v1.Subscribe).framework_info
    assert info.name == "Test Framework (Python)"
    assert info.user
    assert scheduler.told.get(timeout=LIMIT_S) == ("registered", "m-0000", 5050)
    master.do(lambda: master.master.offer("a1"))
    accept = master.await_call(v1.Accept)
    (task,) = accept.operations[0].launch.task_infos
    assert (task.task_id.value, task.executor.executor_id.value) == ("7", "default")
    assert accept.filters is None
    master.do(lambda: master.master.offer("a2", resources="cpus:1"))
    assert [o.value for o in master.await_call(v1.Decline).offer_ids] == ["o2"]
    message = v1.MessageFromExecutor(agent_id=AgentID("a1"), executor_id=ExecutorID("default"), data=b"hi")
    master.do(lambda: master.master.tell(message))
    assert scheduler.told.get(timeout=LIMIT_S) == ("default", "a1", b"hi")
    assert master.await_call(v1.MessageToExecutor).data == b"data with a \0 byte"
    failures = (
        v1.Failure(agent_id=AgentID("a1"), executor_id=ExecutorID("e"), status=9),
        v1.Failure(agent_id=AgentID("a2")),
    )
    for failure in failures:
        master.do(lambda failure=failure: master.master.tell(failure))
    assert scheduler.told.get(timeout=LIMIT_S) == ("executorLost", "e", "a1", 9)
    assert scheduler.told.get(timeout=LIMIT_S) == ("slaveLost", "a2")

    driver.reconcileTasks([mesos_pb2.TaskStatus(task_id={"value": "7"})])
    assert master.await_call(v1.Reconcile).tasks[0].task_id.value == "7"
    driver.killTask(mesos_pb2.TaskID(value="7"))
    assert master.await_call(v1.Kill).task_id.value == "7"
    driver.suppressOffers()
    master.await_call(v1.Suppress)
    driver.reviveOffers()
    master.await_call(v1.Revive)
    master.do(lambda: master.master.update("7", "TASK_FINISHED", uuid_of(1)))
    assert scheduler.told.get(timeout=LIMIT_S) == ("7", "TASK_FINISHED")
    assert master.await_call(v1.Acknowledge).uuid == uuid_of(1)
    master.await_call(v1.Teardown)
    runner.join(LIMIT_S)
    assert status == [mesos_pb2.DRIVER_STOPPED]


class DictScheduler(Scheduler):
    """After frameworks for pymesos."""

    def __init__(self) -> None:
        self.told: SimpleQueue[Any] = SimpleQueue()

    def registered(self, driver: Any, framework_id: Any, master_info: Any) -> None:
        self.told.put(("registered", framework_id["value"], driver.framework_id))

    def reregistered(self, driver: Any, master_info: Any) -> None:
        self.told.put(("reregistered", driver.framework_id))

    def resourceOffers(self, driver: Any, offers: Any) -> None:
        filters = {"refuse_seconds": 5}
        for offer in offers:
            task = Dict()
            task.task_id.value = "t1"
            task.agent_id.value = offer.agent_id.value
            task.name = "task t1"
            task.data = encode_data(b"Hello")
            task.command.value = "true"
            task.resources = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]
            driver.launchTasks(offer.id, [task], filters)

    def statusUpdate(self, driver: Any, update: Any) -> None:
        self.told.put((update.task_id.value, update.state))
        driver.acknowledgeStatusUpdate(update)

    def frameworkMessage(self, driver: Any, executor_id: Any, agent_id: Any, message: Any) -> None:
        self.told.put(decode_data(message))
        driver.sendFrameworkMessage(executor_id, agent_id, encode_data(b"pong"))


def test_a_framework_of_dicts(master: MasterThread) -> None:
    scheduler = DictScheduler()
    framework: dict[str, Any] = {"user": "nobody", "name": "dicts", "hostname": "h"}
    driver = MesosSchedulerDriver(
        scheduler, framework, master.address, use_addict=True, implicit_acknowledgements=False
    )
    assert driver.aborted
    driver.start()
    info = master.await_call(v1.Subscribe).framework_info
    assert (info.user, info.name, info.hostname, info.failover_timeout) == ("nobody", "dicts", "h", 100.0)
    assert scheduler.told.get(timeout=LIMIT_S) == ("registered", "m-0000", "m-0000")
    assert framework["id"] == {"value": "m-0000"}
    assert driver.connected
    master.do(lambda: master.master.offer("a1"))
    accept = master.await_call(v1.Accept)
    assert accept.filters.refuse_seconds == 5.0
    assert accept.operations[0].launch.task_infos[0].data == b"Hello"
    master.do(lambda: master.master.update("t1", "TASK_RUNNING", uuid_of(1)))
    assert scheduler.told.get(timeout=LIMIT_S) == ("t1", "TASK_RUNNING")
    assert master.await_call(v1.Acknowledge).uuid == uuid_of(1)
    message = v1.MessageFromExecutor(agent_id=AgentID("a1"), executor_id=ExecutorID("e"), data=b"ping")
    master.do(lambda: master.master.tell(message))
    assert scheduler.told.get(timeout=LIMIT_S) == b"ping"
    assert master.await_call(v1.MessageToExecutor).data == b"pong"
    driver.stop(failover=True)
    driver.join()
    assert not master.master.of(v1.Teardown)
    assert driver.aborted

    # A successor with the id that the first one wrote into its description.
    successor = MesosSchedulerDriver(DictScheduler(), framework, master.address)
    successor.start()
    assert successor.scheduler.told.get(timeout=LIMIT_S) == ("reregistered", "m-0000")
    successor.stop()
    assert successor.join() == mesos_pb2.DRIVER_STOPPED
    assert len(master.master.of(v1.Acknowledge)) == 1


def test_an_error_aborts_first_and_tells_then(master: MasterThread) -> None:
    told: SimpleQueue[Any] = SimpleQueue()

    class Refused(Scheduler):
        def error(self, driver: Any, message: str) -> None:
            told.put((driver.aborted, message))

    master.master.refuses = "no"
    driver = MesosSchedulerDriver(Refused(), mesos_pb2.FrameworkInfo(user="u", name="n"), master.address)
    assert driver.run() == mesos_pb2.DRIVER_ABORTED
    assert told.get(timeout=LIMIT_S) == (True, "no")


def test_abort_leaves_the_framework_alone(master: MasterThread) -> None:
    driver = MesosSchedulerDriver(Scheduler(), mesos_pb2.FrameworkInfo(user="u", name="n"), master.address)
    driver.start()
    master.await_call(v1.Subscribe)
    assert driver.abort() == mesos_pb2.DRIVER_ABORTED
    assert driver.join() == mesos_pb2.DRIVER_ABORTED
    assert driver.stop() == mesos_pb2.DRIVER_ABORTED
    assert not master.master.of(v1.Teardown)
    assert driver.killTask(mesos_pb2.TaskID(value="t")) == mesos_pb2.DRIVER_ABORTED


def test_a_raising_callback_gives_its_offers_back(master: MasterThread) -> None:
    class Broken(Scheduler):
        def resourceOffers(self, driver: Any, offers: Any) -> None:
            raise RuntimeError("on purpose")

    driver = MesosSchedulerDriver(Broken(), {"user": "u", "name": "n"}, master.address)
    driver.start()
    master.await_call(v1.Subscribe)
    master.do(lambda: master.master.offer("a1"))
    assert [o.value for o in master.await_call(v1.Decline).offer_ids] == ["o1"]
    driver.stop()
    driver.join()
