"""What a peer may send that makes no sense must not bring the master down."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cluster.model import (
    AgentID,
    Capability,
    Filters,
    FrameworkID,
    FrameworkInfo,
    OfferFilters,
    Resource,
    Resources,
    Scalar,
    TaskID,
    TaskState,
    ValueType,
)
from cluster.protocol import agent, scheduler
from tests.simulation.master_kit import Stage, executor, record

S = TaskState
INVALID = Resource(name="cpus", type=ValueType.SCALAR, scalar=Scalar(value=-1))
OLD = FrameworkInfo(user="me", name="old", id=FrameworkID("old-0"), checkpoint=True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_minima_of_offers_that_are_no_quantities_are_refused(value: float) -> None:
    stage = Stage()
    quantities = OfferFilters.ResourceQuantities(quantities={"cpus": Scalar(value=value)})
    least = OfferFilters.MinAllocatableResources(quantities=(quantities,))
    framework = stage.silent_framework(offer_filters={"*": OfferFilters(min_allocatable_resources=least)})
    framework.subscribe()
    assert framework.errors()[0].startswith("framework_info.offer_filters")


@pytest.mark.parametrize("refuse_s", [float("inf"), float("-inf"), float("nan"), 1e300])
def test_any_number_is_a_filter(refuse_s: float) -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework()
    offer = framework.offer(end)
    framework.say(scheduler.Decline(framework.framework_id, (offer.id,), Filters(refuse_seconds=refuse_s)))
    stage.advance(1000)


def test_a_capability_without_a_type_is_passed_over() -> None:
    stage = Stage()
    framework = stage.silent_framework()
    framework.info = replace(framework.info, capabilities=(Capability(),))
    framework.subscribe()
    assert framework.entry.capabilities == frozenset()


@pytest.mark.parametrize("known", [True, False])
def test_reported_tasks_and_executors_with_invalid_resources_are_passed_over(known: bool) -> None:
    stage = Stage()
    end = stage.agent() if known else stage.silent_agent()
    end.id = end.id or "old-S0"
    bad = replace(record("old-0", "bad", end, S.TASK_RUNNING), resources=(INVALID,))
    unallocated = replace(bad, task_id=TaskID("u"), resources=Resources.parse("cpus:1").protos())
    good = record("old-0", "good", end, S.TASK_RUNNING)
    broken = replace(OLD, id=FrameworkID("old-1"), role="a b")
    custom = replace(executor("e"), resources=(INVALID,))
    end.reregister((bad, unallocated, good), (OLD, broken), (agent.ExecutorReport("old-0", custom),))
    assert list(stage.master.state.frameworks["old-0"].tasks) == ["good"]
    assert "old-1" not in stage.master.state.frameworks
    assert not end.entry.executors


@pytest.mark.parametrize("known", [True, False])
def test_an_agent_that_uses_more_than_it_has_gets_no_offers(known: bool) -> None:
    stage = Stage()
    framework = stage.framework()
    end = stage.agent() if known else stage.silent_agent()
    end.id = end.id or "old-S0"
    tasks = tuple(record("old-0", name, end, S.TASK_RUNNING, cpus=3) for name in "ab")
    info = replace(end.info, id=AgentID(end.id))
    end.actor.send(stage.master.pid, agent.ReregisterAgent(info, "1.11.0", (), (OLD,), tasks))
    stage.sim.advance(1.1)
    framework.actor.forget()
    stage.sim.advance(5)
    assert stage.master_host.is_up
    assert str(end.entry.used["old-0"].unallocated()) == "cpus:6; mem:128"
    assert all("cpus" not in str(Resources.of(offer.resources)) for offer in framework.offers())


def test_an_agent_that_shrank_below_its_tasks_does_not_end_the_master() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework(checkpoint=True)
    framework.launch(end, "t", cpus=3)
    end.update(framework, "t", S.TASK_RUNNING)
    small = replace(end.info, resources=Resources.parse("cpus:2;mem:32").protos())
    end.actor.send(
        stage.master.pid,
        agent.ReregisterAgent(
            replace(small, id=AgentID(end.id)), "1.11.0", (), (framework.described,),
            (record(framework, "t", end, S.TASK_RUNNING, cpus=3),),
        ),
    )  # fmt: skip
    stage.sim.advance(5)
    assert stage.master_host.is_up


def test_a_task_reported_twice_is_one() -> None:
    stage = Stage()
    ends = [stage.silent_agent() for _ in range(2)]
    for number, end in enumerate(ends):
        end.id = f"old-S{number}"
        end.reregister((record("old-0", "t", end, S.TASK_RUNNING),) * 2, (OLD, OLD))
    assert stage.master.state.frameworks["old-0"].tasks["t"].agent_id == "old-S0"
    assert not ends[1].entry.used
