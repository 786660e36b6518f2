"""Offers in the hands of a framework."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cluster.model import (
    Attribute,
    ExecutorID,
    InvalidResources,
    Operation,
    Range,
    Ranges,
    Resources,
    Scalar,
    TaskID,
    TaskInfo,
    Text,
    ValueType,
)
from cluster.protocol import scheduler as v1
from cluster.scheduler import DoesNotFit, Framework, Offer, OfferGone, Session, executor_info
from cluster.scheduler.events import Call, CallLater, Started
from cluster.scheduler.offers import Use
from tests.fake_master import make_offer


class Desk:
    """A session whose calls are kept."""

    def __init__(self, framework: Framework | None = None) -> None:
        self.posted: list[Call] = []
        self.framework = framework or Framework(name="my job!")
        self.session = Session(self.framework, self.posted.append)
        self.session.handle(Started("t0k"))

    def offer(self, **how: Any) -> Offer:
        return Offer(make_offer("o1", **how), self.session)


def accepted(offer: Offer) -> list[TaskInfo]:
    call = offer.settle(5.0)
    assert isinstance(call, v1.Accept)
    (operation,) = call.operations
    assert operation.type is Operation.Type.LAUNCH
    assert operation.launch is not None
    return list(operation.launch.task_infos)


def test_what_an_offer_shows() -> None:
    info = make_offer("o1", resources="cpus:4;mem:1024;disk:2048;gpus:1;ports:[10-12,20-21]", role="web")
    attributes = (
        Attribute(name="rack", type=ValueType.TEXT, text=Text(value="r7")),
        Attribute(name="score", type=ValueType.SCALAR, scalar=Scalar(value=2.5)),
        Attribute(name="vlan", type=ValueType.RANGES, ranges=Ranges(range=(Range(begin=1, end=5),))),
    )
    offer = Offer(msgspec.structs.replace(info, attributes=attributes), Desk().session)
    assert (offer.id, offer.agent_id, offer.hostname, offer.role) == ("o1", "a1", "a1.example", "web")
    assert (offer.cpus, offer.mem, offer.disk, offer.gpus) == (4.0, 1024.0, 2048.0, 1.0)
    assert offer.ports == ((10, 12), (20, 21))
    assert offer.free_ports(4) == [10, 11, 12, 20]
    assert offer.attributes == {"rack": "r7", "score": 2.5, "vlan": ((1, 5),)}
    assert offer.agent_address == "10.0.0.2:5051"
    with pytest.raises(DoesNotFit, match="6 ports"):
        offer.free_ports(6)


def test_launching_until_nothing_is_left() -> None:
    offer = Desk().offer(resources="cpus:1;mem:100")
    launched = 0
    while offer.fits(cpus=0.3, mem=10):
        offer.launch(command="true", cpus=0.3, mem=10)
        launched += 1
    assert launched == 3
    assert str(offer.left) == "cpus:0.1; mem:70"
    with pytest.raises(DoesNotFit, match=r"cpus:0.1; mem:70 left, which does not hold cpus:0.3"):
        offer.launch(command="true", cpus=0.3)
    assert len(accepted(offer)) == 3


def test_a_failed_launch_takes_nothing() -> None:
    offer = Desk().offer(resources="cpus:1;mem:100")
    with pytest.raises(DoesNotFit):
        offer.launch(command="true", cpus=0.5, mem=200)
    with pytest.raises(ValueError, match="either a command or an executor"):
        offer.launch(cpus=0.5)
    with pytest.raises(InvalidResources):
        offer.launch(command="true", resources="cpus")
    assert offer.cpus == 1.0
    assert isinstance(offer.settle(5.0), v1.Decline)


def test_resources_as_text_and_ports() -> None:
    offer = Desk().offer(resources="cpus:4;mem:4096;ports:[31000-31009]")
    offer.launch(command="true", cpus=1, resources="cpus:0.5;mem:64", ports=[31001, 31002])
    (task,) = accepted(offer)
    assert str(Resources.of(task.resources)) == "cpus:1.5; ports:[31001-31002]; mem:64"
    assert offer.ports == ((31000, 31000), (31003, 31009))


def test_what_is_reserved_to_us_is_used_first() -> None:
    offer = Desk().offer(resources="cpus:2;cpus(web):1;mem:10", role="web")
    offer.launch(command="true", cpus=1)
    (task,) = accepted(offer)
    assert str(Resources.of(task.resources)) == str(Resources.parse("cpus(web):1"))
    offer = Desk().offer(resources="cpus:2;cpus(web):1;mem:10", role="web")
    offer.launch(command="true", cpus=2.5)
    (task,) = accepted(offer)
    assert Resources.of(task.resources) == Resources.parse("cpus(web):1;cpus:1.5")


def test_reserved_resources_named_exactly_are_taken() -> None:
    offer = Desk().offer(resources="cpus:2;cpus(web):2", role="web")
    offer.launch(command="true", resources="cpus(web):1.5")
    (task,) = accepted(offer)
    assert Resources.of(task.resources) == Resources.parse("cpus(web):1.5")


def test_task_ids_are_made_of_name_run_and_number() -> None:
    offer = Desk().offer()
    assert offer.launch(command="true", cpus=1) == "my-job.t0k.1"
    assert offer.launch(command="true", cpus=1, name="a/b") == "a-b.t0k.2"
    assert offer.launch(command="true", cpus=1, task_id="mine", name="c") == "mine"
    assert [task.name for task in accepted(offer)] == ["my-job.t0k.1", "a/b", "c"]


def test_an_executor_is_paid_for_once_per_agent() -> None:
    executor = executor_info("e", "./run", cpus=1, mem=32)
    offer = Desk().offer(resources="cpus:4;mem:4096")
    assert not offer.fits(cpus=3.5, executor=executor)
    offer.launch(executor=executor, cpus=1)
    assert offer.cpus == 2.0
    offer.launch(executor=executor, cpus=1, data=b"d", labels={"k": "v"})
    assert offer.cpus == 1.0
    task = accepted(offer)[1]
    assert task.executor is not None
    assert task.executor.framework_id == make_offer("o1").framework_id
    assert (task.data, task.labels is not None) == (b"d", True)
    running = msgspec.structs.replace(make_offer("o2", resources="cpus:1"), executor_ids=(ExecutorID("e"),))
    Offer(running, Desk().session).launch(executor=executor, cpus=1)


def test_a_task_described_in_full() -> None:
    offer = Desk().offer(resources="cpus:4;mem:64")
    task = TaskInfo(
        name="n",
        task_id=TaskID("t"),
        agent_id=make_offer("o", "elsewhere").agent_id,
        resources=Resources.scalar(cpus=1).allocated("other").protos(),
    )
    assert offer.launch_task(task) == "t"
    assert accepted(offer)[0].agent_id.value == "a1"


def test_an_offer_is_used_once() -> None:
    offer = Desk().offer()
    offer.decline(30.0)
    offer.launch(command="true", cpus=1)  # declining came to nothing yet
    call = offer.settle(5.0)
    assert isinstance(call, v1.Accept)
    assert call.filters is not None
    assert call.filters.refuse_seconds == 30.0
    assert offer.settle(5.0) is None
    assert not offer.fits(cpus=1)
    for use in (offer.hold, offer.decline, offer.take, lambda: offer.launch(command="true", cpus=1)):
        with pytest.raises(OfferGone, match="used up"):
            use()


def test_held_offers_stay() -> None:
    offer = Desk().offer()
    offer.hold()
    assert offer.settle(5.0) is None
    assert offer.use is Use.HELD
    offer.decline()
    assert isinstance(offer.settle(5.0), v1.Decline)


def test_use_outside_of_a_handler_asks_to_be_settled() -> None:
    desk = Desk()
    offer = desk.offer()
    offer.launch(command="true", cpus=1)
    (later,) = desk.posted
    assert isinstance(later, CallLater)
    assert later.delay_s == 0.0


def test_offers_with_launches_cannot_be_answered_by_hand_too() -> None:
    desk = Desk()
    offer = desk.offer()
    offer.launch(command="true", cpus=1)
    with pytest.raises(OfferGone):
        desk.framework.decline([offer])
