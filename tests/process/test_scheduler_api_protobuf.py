"""One whole life of a framework in protobuf, calls and events, against real daemons.

The subscription asks for protobuf by `Accept`; every call comes as protobuf. What is asserted of the
bytes is asserted in `tests/unit`; here the other end is the daemons.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cluster.model import (
    AgentID,
    CommandInfo,
    Filters,
    FrameworkID,
    FrameworkInfo,
    Offer,
    Operation,
    Reason,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
)
from cluster.protocol import operator
from cluster.v1 import protobuf
from cluster.v1.scheduler import Call, Event
from tests.process.cluster import running_cluster
from tests.process.wire import HEARTBEATS, PROTOBUF, Stream, ask, request

pytestmark = pytest.mark.process

HEADERS = {"Content-Type": PROTOBUF, "Accept": PROTOBUF}
INFO = FrameworkInfo(user="root", name="pröto", failover_timeout=600.0)


class Life:
    """A framework whose words are protobuf."""

    def __init__(self, address: str, info: FrameworkInfo = INFO) -> None:
        self.address = address
        self.offers: list[Offer] = []
        body = protobuf.encode(
            Call(
                framework_id=info.id, type=Call.Type.SUBSCRIBE, subscribe=Call.Subscribe(framework_info=info)
            )
        )
        self.stream = Stream(address, request(body, HEADERS), step=11)
        assert self.stream.headers["content-type"] == PROTOBUF
        subscribed = self.event()
        assert subscribed.type is Event.Type.SUBSCRIBED
        assert subscribed.subscribed is not None
        assert subscribed.subscribed.heartbeat_interval_seconds == 15.0
        self.framework_id: FrameworkID = subscribed.subscribed.framework_id
        assert self.event() == Event(type=Event.Type.HEARTBEAT)

    def event(self) -> Event:
        """The next event, decoded, and the same bytes again when encoded."""
        record = self.stream.record()
        event = protobuf.decode(Event, record)
        assert protobuf.encode(event) == record
        if event.offers is not None:
            self.offers += event.offers.offers
        return event

    def wait_for(self, kind: Event.Type) -> Event:
        """The next event of a type."""
        beats = 0
        while (event := self.event()).type is not kind:
            beats += event.type is Event.Type.HEARTBEAT
            assert beats < HEARTBEATS, f"no {kind}, only {self.stream.events!r}"
        return event

    def call(self, call: Call) -> None:
        """Make a call that must be accepted."""
        headers = {"Content-Type": PROTOBUF, "Mesos-Stream-Id": self.stream.stream_id}
        answer = ask(self.address, protobuf.encode(call), headers)
        assert (answer.status, answer.body) == (202, b""), answer

    def status(self) -> TaskStatus:
        """The next update, acknowledged if it wants that."""
        update = self.wait_for(Event.Type.UPDATE).update
        assert update is not None
        status = update.status
        if status.uuid is not None:
            assert len(status.uuid) == 16
            assert status.agent_id is not None
            done = Call.Acknowledge(agent_id=status.agent_id, task_id=status.task_id, uuid=status.uuid)
            self.call(Call(framework_id=self.framework_id, type=Call.Type.ACKNOWLEDGE, acknowledge=done))
        return status

    def launch(self, task_id: str, command: str) -> AgentID:
        """Launch a task on an offer, which may have come with something else."""
        if not self.offers:
            self.wait_for(Event.Type.OFFERS)
        offer = self.offers.pop()
        assert offer.resources
        task = TaskInfo(
            name=task_id,
            task_id=TaskID(task_id),
            agent_id=offer.agent_id,
            resources=Resources.parse("cpus:0.5;mem:32").protos(),
            command=CommandInfo(value=command),
        )
        launch = Operation(type=Operation.Type.LAUNCH, launch=Operation.Launch(task_infos=(task,)))
        accept = Call.Accept(offer_ids=(offer.id,), operations=(launch,), filters=Filters(refuse_seconds=0.0))
        self.call(Call(framework_id=self.framework_id, type=Call.Type.ACCEPT, accept=accept))
        return offer.agent_id


def live(address: str) -> FrameworkID:
    """From the subscription to the teardown, with a fail over between."""
    framework = Life(address)
    framework_id = framework.framework_id
    framework.launch("short-ä", "exit 0")
    states = [framework.status().state for _ in range(3)]
    assert states == [TaskState.TASK_STARTING, TaskState.TASK_RUNNING, TaskState.TASK_FINISHED]

    agent_id = framework.launch("long", "sleep 1000")
    assert [framework.status().state for _ in range(2)][-1] is TaskState.TASK_RUNNING
    heir = Life(address, FrameworkInfo(user="root", name="pröto", failover_timeout=600.0, id=framework_id))
    error = framework.wait_for(Event.Type.ERROR).error
    assert error == Event.Error(message="Framework failed over")
    assert framework.stream.rest_of_records() == []

    asked = Call.Reconcile.Task(task_id=TaskID("long"), agent_id=agent_id)
    heir.call(
        Call(framework_id=framework_id, type=Call.Type.RECONCILE, reconcile=Call.Reconcile(tasks=(asked,)))
    )
    known = heir.status()
    assert (known.state, known.reason, known.uuid) == (
        TaskState.TASK_RUNNING, Reason.REASON_RECONCILIATION, None,
    )  # fmt: skip
    heir.call(Call(framework_id=framework_id, type=Call.Type.KILL, kill=Call.Kill(task_id=TaskID("long"))))
    while heir.status().state is not TaskState.TASK_KILLED:
        pass
    heir.call(Call(framework_id=framework_id, type=Call.Type.SUPPRESS))
    heir.call(Call(framework_id=framework_id, type=Call.Type.TEARDOWN))
    heir.stream.rest_of_records()
    framework.stream.close()
    heir.stream.close()
    return framework_id


async def test_a_life_in_protobuf(tmp_path: Path) -> None:
    async with running_cluster(tmp_path) as c:
        master = await c.master()
        await c.agent(master)
        framework_id = await asyncio.to_thread(live, master.address)
        (view,) = (await c.ask(master, operator.GetFrameworks(completed=True))).frameworks
        assert (view.id, view.name) == (framework_id.value, "pröto")
        assert view.tasks == {"TASK_FINISHED": 1, "TASK_KILLED": 1}
