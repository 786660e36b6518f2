"""Offers and ACCEPT: what is refused, what is launched, what goes back."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cluster.allocator.messages import OffersMade
from cluster.model import (
    AgentID,
    CommandInfo,
    ExecutorID,
    ExecutorInfo,
    Filters,
    FrameworkID,
    Label,
    Labels,
    OfferID,
    Operation,
    OperationID,
    Reason,
    Resources,
    TaskGroupInfo,
    TaskState,
)
from cluster.protocol import agent, scheduler
from tests.simulation.master_kit import (
    AWARE,
    MULTI_ROLE,
    AgentEnd,
    SchedulerEnd,
    Stage,
    executor,
    launch,
    task,
)

S = TaskState
R = Reason
Kind = Operation.Type


def pair(**info: object) -> tuple[Stage, AgentEnd, SchedulerEnd]:
    stage = Stage()
    return stage, stage.agent(), stage.framework(**info)


def reserve(**more: object) -> Operation:
    return Operation(type=Kind.RESERVE, reserve=Operation.Reserve(), **more)


def group(*names: str, on: AgentEnd) -> Operation:
    pod = ExecutorInfo(type=ExecutorInfo.Type.DEFAULT, executor_id=ExecutorID("pod"))
    tasks = TaskGroupInfo(tasks=tuple(task(name, on.id) for name in names))
    return Operation(
        type=Kind.LAUNCH_GROUP, launch_group=Operation.LaunchGroup(executor=pod, task_group=tasks)
    )


# -- faults of the offers ---------------------------------------------------------------------


@pytest.mark.parametrize(("aware", "state"), [(True, S.TASK_DROPPED), (False, S.TASK_LOST)])
@pytest.mark.parametrize("fault", ["none", "twice", "unknown", "foreign"])
def test_a_fault_of_the_offers_fails_the_whole_call(fault: str, aware: bool, state: TaskState) -> None:
    stage = Stage()
    end, other_end = stage.agent(), stage.agent()
    framework = stage.framework(capabilities=(AWARE,) if aware else ())
    other = stage.silent_framework()
    mine = framework.offer(end)
    framework.accept([framework.offer(other_end)], refuse_s=1e6)
    other.subscribe()
    foreign = other.offer(other_end)
    ids = {
        "none": [],
        "twice": [mine.id.value, mine.id.value],
        "unknown": [mine.id.value, "gone"],
        "foreign": [mine.id.value, foreign.id.value],
    }[fault]
    framework.actor.forget()
    operations = (launch(task("a", end.id)), group("b", on=end), reserve(id=OperationID("op")), reserve())
    framework.accept_ids(ids, *operations)
    assert framework.story("a") == framework.story("b") == [(state, R.REASON_INVALID_OFFERS)]
    (failed,) = framework.actor.all(scheduler.UpdateOperationStatus)
    assert failed.status.operation_id == OperationID("op")
    assert failed.status.state.value == "OPERATION_ERROR"
    assert failed.status.message == framework.statuses("a")[0].message
    assert not end.entry.tasks
    assert not end.actor.all(agent.RunTask)
    if fault != "none":
        assert mine.id.value not in stage.master.state.offers  # returned, and offered again without a filter
        assert framework.offer(end).resources == mine.resources
    assert foreign.id.value in stage.master.state.offers


def test_offers_of_different_agents_do_not_go_together() -> None:
    stage = Stage()
    ends = stage.agent(), stage.agent()
    framework = stage.framework()
    framework.accept([framework.offer(end) for end in ends], launch(task("a", ends[0].id)))
    assert framework.statuses("a")[0].message == "The offers are of different agents"


def test_offers_for_different_roles_do_not_go_together() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework(roles=("a", "b"), capabilities=(MULTI_ROLE,))
    first = framework.offer(end)
    assert first.allocation_info is not None
    role = first.allocation_info.role
    half = Resources.parse("cpus:2;mem:2048").allocated(role).protos()
    framework.accept([first], launch(task("t", end.id, resources=half)), refuse_s=1e6)
    assert framework.offer(end).allocation_info != first.allocation_info  # the rest, to the other role
    framework.say(scheduler.Revive(framework.framework_id))
    end.update(framework, "t", S.TASK_FINISHED)
    entries = list(framework.entry.offers.values())
    assert len({entry.role for entry in entries}) == 2
    framework.accept_ids([entry.id for entry in entries], launch(task("u", end.id)))
    assert framework.statuses("u")[0].message == "The offers are for different roles"


# -- what goes back ---------------------------------------------------------------------------


@pytest.mark.parametrize(("refuse_s", "back_s"), [(None, 5.0), (0.0, 0.0), (20.0, 20.0), (-1.0, 5.0)])
def test_the_unused_rest_returns_with_the_filter(refuse_s: float | None, back_s: float) -> None:
    stage, end, framework = pair()
    framework.accept([framework.offer(end)], launch(task("t", end.id)), refuse_s=refuse_s)
    stage.advance(max(0.0, back_s - 1.2))
    early = len(framework.offers())
    stage.advance(3.5)
    assert (early, len(framework.offers())) == (1 if back_s else 2, 2)
    assert "cpus:3" in str(Resources.of(framework.offer(end).resources))


@pytest.mark.parametrize(("refuse_s", "back_s"), [(None, 5.0), (0.0, 0.0), (20.0, 20.0), (float("nan"), 5.0)])
def test_a_declined_offer_returns_with_the_filter(refuse_s: float | None, back_s: float) -> None:
    stage, end, framework = pair()
    filters = Filters(refuse_seconds=refuse_s) if refuse_s is not None else None
    unknown = OfferID("unknown")
    framework.say(
        scheduler.Decline(framework.framework_id, (unknown, framework.offer(end).id, unknown), filters)
    )
    stage.advance(max(0.0, back_s - 1.2))
    early = len(framework.offers())
    stage.advance(3.5)
    assert (early, len(framework.offers())) == (1 if back_s else 2, 2)
    assert stage.metric("master/offers_declined") == 1


def test_an_accept_without_operations_is_a_decline() -> None:
    stage, end, framework = pair()
    framework.accept([framework.offer(end)])
    assert len(framework.offers()) == 2
    framework.accept([framework.offer(end)], launch())
    assert len(framework.offers()) == 3
    assert stage.free(end) == "{}"


def test_two_offers_of_one_agent_are_used_together() -> None:
    stage, end, framework = pair()
    framework.launch(end, "t", cpus=3)
    end.update(framework, "t", S.TASK_FINISHED)
    stage.advance(2)
    offers = framework.offers()[-2:]
    assert len(framework.entry.offers) == 2
    framework.accept(offers, launch(task("big", end.id, 4)))
    assert framework.statuses("big") == []
    assert end.actor.last(agent.RunTask).task.name == "big"


def test_an_offer_is_rescinded_when_it_was_out_for_too_long() -> None:
    stage = Stage(offer_timeout_s=30.0)
    end, framework = stage.agent(), stage.framework()
    offer = framework.offer(end)
    stage.advance(27)
    assert framework.actor.all(scheduler.Rescind) == []
    stage.advance(3)
    assert framework.actor.all(scheduler.Rescind) == [scheduler.Rescind(offer.id)]
    assert framework.offer(end).id != offer.id
    framework.launch(end, "t")  # the new one is as good, and an answered one is not rescinded
    assert framework.statuses() == []
    stage.advance(25)
    assert len(framework.actor.all(scheduler.Rescind)) == 1


@pytest.mark.parametrize(
    "change", ["disconnected", "removed", "role left", "cut off", "agent gone", "agent new"]
)
def test_a_grant_that_comes_too_late_goes_back(change: str) -> None:
    """The allocator's grant and the news that it is void pass each other."""
    stage = Stage()
    framework = stage.framework(failover_timeout=100.0, role="a")
    master, entry = stage.master, framework.entry
    make = master._offers.make

    def late(made: OffersMade) -> None:
        master._offers.make = make  # type: ignore[method-assign]
        (known,) = master.state.agents.values()
        match change:
            case "disconnected":
                master._frameworks.disconnected(entry, "test")
            case "removed":
                master._frameworks.remove(entry, "test")
            case "role left":
                left = scheduler.UpdateFramework(framework.framework_id, replace(entry.info, role="b"))
                master._frameworks.update(entry, left)
            case "cut off":
                master._agents.disconnected(known, "test")
            case "agent gone":
                master._agents.remove(known, "test")
            case "agent new":
                master._agents.give_up(known, "test")
                again = agent.ReregisterAgent(known.info, "1.11.0", known.capabilities)
                master._agents.reregister(known.pid, again)
        make(made)

    master._offers.make = late  # type: ignore[method-assign]
    end = stage.silent_agent().register()
    first = [grant for grant in framework.offers() if grant.id.value.endswith("-O0")]
    if change == "agent gone":
        assert not master.state.agents
    elif change == "role left":
        assert [offer.role for offer in entry.offers.values()] == ["b"]
    elif change == "agent new":
        assert len(first) == len(framework.offers()) == 1
    else:
        assert first == []
        assert "cpus:4" in stage.free(end)


# -- launching --------------------------------------------------------------------------------


def test_a_launched_task_is_told_to_the_agent_as_it_was_given() -> None:
    stage, end, framework = pair(role="r")
    labels = Labels(labels=(Label(key="k", value="v"),))
    info = task("t", end.id, labels=labels, command=CommandInfo(value="echo", user="bob"))
    framework.accept([framework.offer(end)], launch(info))
    (run,) = end.actor.all(agent.RunTask)
    assert run.framework == framework.entry.info
    assert run.launch_executor
    own = Resources.of(info.resources).allocated("r")
    assert run.task == replace(info, resources=own.protos())
    record = framework.entry.tasks["t"].record
    assert (record.state, record.user, record.labels) == (S.TASK_STAGING, "bob", labels)
    assert stage.metric("master/tasks_launched") == 1


def test_one_bad_task_does_not_affect_the_others() -> None:
    _stage, end, framework = pair()
    framework.launch(end, "before")
    framework.acknowledge(end, "before")
    bad = [
        task("before", end.id),
        task("", end.id),
        task("elsewhere", "no-such-agent"),
        task("both", end.id, executor=executor("e"), command=CommandInfo(value="true")),
        task("neither", end.id, command=None),
        task("huge", end.id, cpus=100),
        task("nothing", end.id, resources=()),
    ]
    good = [task("one", end.id), task("two", end.id)]
    offer = framework.offer(end)
    framework.accept([offer], launch(*bad[:4], good[0], *bad[4:], good[1]))
    told = {status.task_id.value: status for status in framework.statuses()}
    assert {s.state for s in told.values()} == {S.TASK_ERROR}
    assert {s.reason for s in told.values()} == {R.REASON_TASK_INVALID}
    paths = {name: (status.message or "").split(":")[0] for name, status in told.items()}
    assert paths == {
        "before": "task_id",
        "": "task_id",
        "elsewhere": "agent_id",
        "both": "executor",
        "neither": "executor",
        "huge": "resources",
        "nothing": "resources",
    }
    assert list(framework.entry.tasks) == ["before", "one", "two"]
    assert all(status.uuid is None for status in told.values())


def test_tasks_are_checked_against_what_those_before_them_left() -> None:
    _stage, end, framework = pair()
    framework.launch(end, "a", "b", "c", cpus=1.5)
    assert list(framework.entry.tasks) == ["a", "b"]
    assert framework.statuses("c")[0].message == (
        "resources: cpus(allocated: *):1.5; mem(allocated: *):64 is more than what is left of the offer,"
        " cpus(allocated: *):1; mem(allocated: *):3968; ports(allocated: *):[31000-31010]"
    )
    assert "cpus:1;" in str(Resources.of(framework.offer(end).resources))


def test_the_ids_of_active_and_unreachable_tasks_are_taken_those_of_ended_ones_are_not() -> None:
    stage, end, framework = pair(checkpoint=True)
    framework.launch(end, "t")
    end.update(framework, "t", S.TASK_FINISHED)
    framework.launch(end, "t")
    assert framework.story("t")[-1] == (S.TASK_ERROR, R.REASON_TASK_INVALID)
    framework.acknowledge(end, "t")
    framework.launch(end, "t")
    assert framework.entry.tasks["t"].state is S.TASK_STAGING
    end.actor.answers_pings = False
    stage.advance(200)
    other = stage.agent()
    framework.launch(other, "t")
    assert framework.story("t")[-1] == (S.TASK_ERROR, R.REASON_TASK_INVALID)


def test_an_executor_that_runs_must_be_described_as_it_is() -> None:
    _stage, end, framework = pair()
    framework.launch(end, "a", executor=executor("e"))
    framework.launch(end, "b", executor=executor("e", name="renamed"))
    assert framework.statuses("b")[0].message == (
        "executor: differs from the one that runs under this id on the agent"
    )
    framework.launch(end, "c", executor=executor("e"))
    assert [run.launch_executor for run in end.actor.all(agent.RunTask)] == [True, False]
    assert len(end.entry.executors) == 1


def test_a_task_and_its_new_executor_must_fit_together() -> None:
    _stage, end, framework = pair()
    framework.launch(end, "a", cpus=3.8, executor=executor("e", cpus=0.5))
    assert framework.story("a") == [(S.TASK_ERROR, R.REASON_TASK_INVALID)]
    assert not end.entry.executors
    assert not end.entry.used


def test_executors_of_two_frameworks_with_one_id_are_two() -> None:
    stage = Stage()
    end = stage.agent()
    one, two = stage.framework(), stage.silent_framework()
    one.launch(end, "t", executor=executor("e"))
    one.say(scheduler.Suppress(one.framework_id))
    one.say(scheduler.Decline(one.framework_id, (one.offer(end).id,)))
    two.subscribe()
    two.launch(end, "t", executor=executor("e", name="another"))
    assert [run.launch_executor for run in end.actor.all(agent.RunTask)] == [True, True]
    assert set(end.entry.executors) == {(one.id, "e"), (two.id, "e")}


# -- operations that do not exist yet ---------------------------------------------------------


def test_an_operation_id_does_not_go_with_a_launch() -> None:
    _stage, end, framework = pair()
    framework.accept(
        [framework.offer(end)], launch(task("a", end.id), task("b", end.id), id=OperationID("x"))
    )
    for name in "ab":
        assert framework.story(name) == [(S.TASK_ERROR, R.REASON_TASK_INVALID)]
        assert framework.statuses(name)[0].message == "operation.id: must not be set for LAUNCH"
    assert not end.entry.tasks


def test_a_group_fails_as_a_whole_and_says_so() -> None:
    _stage, end, framework = pair()
    framework.accept([framework.offer(end)], group("a", "b", on=end), launch(task("c", end.id)))
    for name in "ab":
        assert framework.story(name) == [(S.TASK_ERROR, R.REASON_TASK_GROUP_INVALID)]
    assert list(framework.entry.tasks) == ["c"]


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.LAUNCH, Kind.LAUNCH_GROUP)])
def test_an_operation_with_an_id_gets_an_answer(kind: Operation.Type) -> None:
    _stage, end, framework = pair()
    named = Operation(type=kind, id=OperationID("op"))
    framework.accept([framework.offer(end)], named, Operation(type=kind), launch(task("t", end.id)))
    (told,) = framework.actor.all(scheduler.UpdateOperationStatus)
    assert told.status.operation_id == OperationID("op")
    assert told.status.state.value == "OPERATION_ERROR"
    assert told.status.message == f"{kind.value} is not supported yet"
    assert told.status.uuid is None
    assert list(framework.entry.tasks) == ["t"]  # the rest of the call goes on


def test_an_operation_without_its_member_is_an_error_not_a_feature() -> None:
    _stage, end, framework = pair()
    framework.accept([framework.offer(end)], Operation(type=Kind.LAUNCH, id=OperationID("op")))
    (told,) = framework.actor.all(scheduler.UpdateOperationStatus)
    assert told.status.message == "operation.launch: is required for LAUNCH"
    framework.accept([framework.offer(end)], Operation(id=OperationID("op")))
    told = framework.actor.last(scheduler.UpdateOperationStatus)
    assert told.status.message == "an operation without a type is not supported yet"


def test_ids_of_another_kind_are_not_mixed_up() -> None:
    stage, end, framework = pair()
    offer = framework.offer(end)
    assert offer.framework_id == FrameworkID(framework.id)
    assert offer.agent_id == AgentID(end.id)
    assert offer.id.value == f"{stage.master.context.ids.master}-O0"
