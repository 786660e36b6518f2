"""Frameworks as the master sees them: subscribing, failing over, disconnecting, ending, appetite."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from cluster.model import (
    AllocationInfo,
    AttributeConstraint,
    Capability,
    ExecutorID,
    FrameworkID,
    FrameworkInfo,
    OfferConstraints,
    ReservationInfo,
    Resource,
    Resources,
    TaskState,
    parse_attributes,
)
from cluster.protocol import agent, scheduler
from cluster.protocol.subscription import FrameworkUpdated
from tests.simulation.master_kit import MULTI_ROLE, AgentEnd, SchedulerEnd, Stage, launch, record, task

REFINEMENT = Capability.Type.RESERVATION_REFINEMENT
S = TaskState


# -- subscribing ------------------------------------------------------------------------------


def test_the_first_events_are_subscribed_and_a_heartbeat() -> None:
    stage = Stage(hostname="m1.example")
    framework = stage.framework()
    first, second = framework.actor.heard[:2]
    assert isinstance(second, scheduler.Heartbeat)
    assert first.heartbeat_interval_seconds == 15.0
    info = first.master_info
    assert first.framework_id.value == f"{info.id}-0000"
    assert (info.hostname, info.ip, info.port, info.pid) == (
        "m1.example", 0x0100000A, 5050, "master@10.0.0.1:5050",
    )  # fmt: skip
    assert {c.type.value for c in info.capabilities if c.type} == {
        "AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2",
    }  # fmt: skip
    assert stage.framework().id == f"{info.id}-0001"


def test_heartbeats_come_every_15_seconds() -> None:
    stage = Stage()
    framework = stage.framework()
    framework.actor.forget()
    stage.advance(61)
    times = framework.actor.times_of(scheduler.Heartbeat)
    assert len(times) == 4
    assert {round(later - earlier) for earlier, later in pairwise(times)} == {15}


def test_heartbeats_count_from_the_last_subscription() -> None:
    stage = Stage()
    framework = stage.framework(failover_timeout=100.0)
    stage.advance(7)
    framework.host.restart()
    framework.subscribe()
    first, second, third = framework.actor.times_of(scheduler.Heartbeat) + stage_beats(stage, framework, 2)
    assert [round(second - first), round(third - second)] == [15, 15]


def stage_beats(stage: Stage, framework: SchedulerEnd, count: int) -> list[float]:
    """When the next heartbeats came, which must be all."""
    framework.actor.forget()
    stage.advance(15.0 * count + 2)
    times = framework.actor.times_of(scheduler.Heartbeat)
    assert len(times) == count
    return times


def test_a_scheduler_that_missed_the_answer_asks_again_and_stays_the_same_framework() -> None:
    stage = Stage()
    framework = stage.framework()
    framework.say(scheduler.Subscribe(replace(framework.info, id=None)))
    framework.say(scheduler.Subscribe(replace(framework.info, id=framework.framework_id)))
    ids = [subscribed.framework_id for subscribed in framework.actor.all(scheduler.Subscribed)]
    assert ids == [framework.framework_id] * 3
    assert list(stage.master.state.frameworks) == [framework.id]


@pytest.mark.parametrize(
    ("info", "suppressed", "words"),
    [
        ({"roles": ("a", "b")}, (), "framework_info.roles: need the capability MULTI_ROLE"),
        ({"role": "a", "capabilities": (MULTI_ROLE,)}, (), "framework_info.role: must not be set"),
        ({"roles": ("a", "a"), "capabilities": (MULTI_ROLE,)}, (), "must not name a role twice"),
        ({"role": "../x"}, (), "framework_info.roles: "),
        ({"role": "secret"}, (), "framework_info.roles: role 'secret' is not one of --roles"),
        ({"role": "a"}, ("b",), "suppressed_roles: 'b' is not a role of the framework"),
        ({"failover_timeout": float("nan")}, (), "framework_info.failover_timeout: "),
        ({"failover_timeout": 1e11}, (), "framework_info.failover_timeout: "),
        ({"user": "root"}, (), "framework_info.user: root may not submit"),
        ({"id": FrameworkID("a/b")}, (), "framework_info.id: "),
    ],
)
def test_a_refused_subscription_says_which_field(
    info: dict[str, object], suppressed: tuple[str, ...], words: str
) -> None:
    stage = Stage(roles=frozenset({"a", "b"}), root_submissions=False)
    framework = stage.silent_framework(**info)
    framework.subscribe(suppressed)
    (error,) = framework.errors()
    assert words in error
    assert framework.actor.all(scheduler.Subscribed) == []
    assert not stage.master.state.frameworks


def test_all_faults_of_a_subscription_are_told_at_once() -> None:
    stage = Stage(root_submissions=False)
    framework = stage.silent_framework(roles=("a",), user="root", failover_timeout=-1.0)
    framework.subscribe(("b",))
    assert len(framework.errors()[0].split("; ")) == 4


def constraints(regex: str) -> OfferConstraints:
    """Agents whose attribute `rack` matches."""
    C = AttributeConstraint
    rack = C(
        selector=C.Selector(attribute_name="rack"),
        predicate=C.Predicate(text_matches=C.Predicate.TextMatches(regex=regex)),
    )
    group = OfferConstraints.RoleConstraints.Group(attribute_constraints=(rack,))
    return OfferConstraints(role_constraints={"*": OfferConstraints.RoleConstraints(groups=(group,))})


def test_a_regular_expression_that_costs_too_much_is_refused() -> None:
    stage = Stage()
    framework = stage.silent_framework()
    framework.say(scheduler.Subscribe(framework.info, (), constraints("(((a{9}){9}){9}){9}")))
    (error,) = framework.errors()
    assert error.startswith("offer_constraints: regular expression")


def test_constraints_reach_the_allocator() -> None:
    stage = Stage()
    framework = stage.silent_framework()
    framework.say(scheduler.Subscribe(framework.info, (), constraints("r[12]")))
    assert framework.errors() == []
    (known,) = stage.master.state.frameworks.values()
    assert known.constraints == constraints("r[12]")


def test_a_principal_must_not_change_but_user_and_checkpoint_just_stay() -> None:
    stage = Stage()
    framework = stage.framework(principal="p", failover_timeout=100.0, checkpoint=True)
    other = stage.silent_framework(principal="q")
    other.info = replace(other.info, id=framework.framework_id)
    other.subscribe()
    assert other.errors() == ["framework_info.principal: must not change"]
    assert framework.entry.is_connected
    framework.host.restart()
    framework.subscribe(user="you", checkpoint=False, name="renamed")
    info = framework.entry.info
    assert (info.user, info.checkpoint, info.name) == ("me", True, "renamed")


def test_an_unknown_id_is_taken_over_from_an_earlier_master() -> None:
    stage = Stage()
    framework = stage.silent_framework(id=FrameworkID("older-0007"), role="r").subscribe(("r",))
    assert framework.id == "older-0007"
    assert framework.entry.standing.value == "connected"
    end = stage.agent()
    assert framework.offers() == []
    framework.say(scheduler.Revive(framework.framework_id))
    assert framework.offer(end)


def test_calls_count_only_from_the_subscribed_scheduler() -> None:
    stage = Stage()
    end, framework, stranger = stage.agent(), stage.framework(), stage.framework()
    offer = framework.offer(end)
    stranger.say(scheduler.Accept(framework.framework_id, (offer.id,)))
    stranger.say(scheduler.Teardown(framework.framework_id))
    assert stage.metric("master/dropped_messages") == 2
    assert list(framework.entry.offers) == [offer.id.value]


# -- failing over -----------------------------------------------------------------------------


def test_a_second_scheduler_takes_over_and_the_first_is_told() -> None:
    stage = Stage()
    end, first = stage.agent(), stage.framework(failover_timeout=100.0)
    old = first.offer(end)
    second = stage.silent_framework(id=first.framework_id)
    second.subscribe(name="new name")
    assert first.errors() == ["Framework failed over"]
    assert first.actor.all(scheduler.Rescind) == second.actor.all(scheduler.Rescind) == []
    assert second.offer(end).id != old.id
    assert stage.master.state.frameworks[first.id].info.name == "new name"
    assert end.actor.last(agent.UpdateFrameworkInfo).framework.name == "new name"
    first.host.kill()
    stage.advance(200)
    assert second.entry.is_connected  # the end of the old connection means nothing any more


def test_roles_and_suppression_are_those_of_the_last_subscription() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework(roles=("a", "b"), capabilities=(MULTI_ROLE,), failover_timeout=100.0)
    framework.host.restart()
    framework.subscribe(("b",), roles=("b", "c"))
    assert framework.entry.suppressed == ("b",)
    (offer,) = framework.offers()
    assert offer.allocation_info == AllocationInfo(role="c")
    assert offer.agent_id.value == end.id


def test_a_scheduler_that_becomes_another_framework_leaves_the_first_one() -> None:
    stage = Stage()
    stage.agent()
    framework = stage.framework(failover_timeout=50.0)
    first = framework.id
    framework.id = "older-0009"
    framework.subscribe()
    assert framework.entry.is_connected
    assert not stage.master.state.frameworks[first].is_connected
    assert not stage.master.state.frameworks[first].offers
    stage.advance(60)
    assert list(stage.master.state.frameworks) == ["older-0009"]


# -- disconnecting ----------------------------------------------------------------------------


def test_a_framework_has_its_failover_time_to_come_back() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework(failover_timeout=100.0)
    framework.launch(end, "t")
    end.update(framework, "t", S.TASK_RUNNING)
    framework.host.kill()
    stage.advance(95)
    assert framework.entry.standing.value == "disconnected"
    assert not framework.entry.offers
    assert not end.actor.all(agent.ShutdownFramework)
    stage.advance(10)
    assert framework.id not in stage.master.state.frameworks
    assert end.actor.all(agent.ShutdownFramework) == [agent.ShutdownFramework(framework.id)]
    assert not end.entry.used
    framework.host.start()
    framework.subscribe()
    assert framework.errors() == ["Framework has been removed"]


def test_coming_back_in_time_stops_the_clock() -> None:
    stage = Stage()
    framework = stage.framework(failover_timeout=100.0)
    framework.host.kill()
    stage.advance(80)
    framework.host.start()
    framework.subscribe()
    stage.advance(50)
    assert framework.entry.is_connected
    framework.host.kill()
    stage.advance(90)
    assert framework.id in stage.master.state.frameworks
    stage.advance(20)
    assert framework.id not in stage.master.state.frameworks


def test_without_failover_time_a_disconnection_is_the_end() -> None:
    stage = Stage()
    framework = stage.framework()
    framework.host.kill()
    stage.settle()
    assert list(stage.master.state.completed_frameworks) == [framework.id]


def test_updates_for_a_disconnected_framework_change_the_books_only() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework(failover_timeout=100.0)
    framework.launch(end, "t")
    framework.host.kill()
    stage.settle()
    end.update(framework, "t", S.TASK_FINISHED)
    assert framework.entry.tasks["t"].state is S.TASK_FINISHED
    assert framework.entry.tasks["t"].record.status_update_uuid is None
    assert not end.entry.used


# -- ending -----------------------------------------------------------------------------------


def test_teardown_ends_all_a_framework_has() -> None:
    stage = Stage()
    one, two = stage.agent(), stage.agent()
    framework = stage.framework()
    framework.launch(one, "t")
    framework.actor.forget()
    framework.say(scheduler.Teardown(framework.framework_id))
    for end in (one, two):
        assert end.actor.all(agent.ShutdownFramework) == [agent.ShutdownFramework(framework.id)]
    ended = stage.master.state.completed_frameworks[framework.id]
    assert [t.state for t in ended.completed] == [S.TASK_KILLED]
    assert [s.reason.value for s in ended.completed[0].statuses if s.reason] == ["REASON_FRAMEWORK_REMOVED"]
    assert framework.actor.all(scheduler.Update) == framework.actor.all(scheduler.Rescind) == []
    assert not stage.master.state.offers
    assert "cpus:4" in stage.free(one)
    one.update(framework, "t", S.TASK_KILLED)
    assert framework.actor.all(scheduler.Update) == []
    framework.subscribe()
    assert framework.errors() == ["Framework has been removed"]


def test_unreachable_tasks_end_with_their_framework() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework()
    framework.launch(end, "t")
    end.actor.answers_pings = False
    stage.advance(200)
    assert list(framework.entry.unreachable) == ["t"]
    framework.say(scheduler.Teardown(framework.framework_id))
    ended = stage.master.state.completed_frameworks[framework.id]
    assert [t.state for t in ended.completed] == [S.TASK_KILLED]
    assert not ended.unreachable


def test_the_memory_of_ended_frameworks_and_tasks_is_bounded() -> None:
    stage = Stage(max_completed_frameworks=2, max_completed_tasks=3, max_unreachable_tasks=2)
    end = stage.agent()
    for _ in range(3):
        framework = stage.framework()
        framework.launch(end, *"abcd", cpus=0.5)
        framework.say(scheduler.Teardown(framework.framework_id))
    completed = stage.master.state.completed_frameworks
    assert len(completed) == 2
    assert [[t.task_id.value for t in f.completed] for f in completed.values()] == [["b", "c", "d"]] * 2
    lasting = stage.framework(checkpoint=True)
    lasting.launch(end, *"abc", cpus=0.5)
    end.actor.answers_pings = False
    stage.advance(200)
    assert list(lasting.entry.unreachable) == ["b", "c"]


# -- appetite ---------------------------------------------------------------------------------


def test_suppressed_roles_get_no_offers_until_revived() -> None:
    stage = Stage()
    framework = stage.framework(roles=("a", "b"), capabilities=(MULTI_ROLE,))
    framework.say(scheduler.Suppress(framework.framework_id))
    end = stage.agent()
    stage.advance(10)
    assert framework.offers() == []
    framework.say(scheduler.Revive(framework.framework_id, ("b",)))
    assert framework.offer(end).allocation_info == AllocationInfo(role="b")
    assert framework.entry.suppressed == ("a",)


def test_suppression_leaves_offers_that_are_out() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework()
    framework.say(scheduler.Suppress(framework.framework_id))
    assert framework.actor.all(scheduler.Rescind) == []
    framework.launch(end, "t")
    stage.advance(10)
    assert len(framework.offers()) == 1


def test_revive_lifts_filters() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework()
    framework.accept([framework.offer(end)], refuse_s=1e6)
    stage.advance(100)
    assert len(framework.offers()) == 1
    framework.say(scheduler.Revive(framework.framework_id))
    assert len(framework.offers()) == 2


def test_a_foreign_role_drops_the_whole_call() -> None:
    stage = Stage()
    framework = stage.framework(role="a")
    framework.say(scheduler.Suppress(framework.framework_id, ("a", "b")))
    assert framework.entry.suppressed == ()
    framework.say(scheduler.Suppress(framework.framework_id))
    framework.say(scheduler.Revive(framework.framework_id, ("a", "b")))
    assert framework.entry.suppressed == ("a",)


# -- changing while connected -----------------------------------------------------------------


def test_leaving_a_role_rescinds_its_offers_and_agents_hear_the_new_description() -> None:
    stage = Stage()
    end = stage.agent()
    framework = stage.framework(roles=("a", "b"), capabilities=(MULTI_ROLE,))
    offer = framework.offer(end)
    assert offer.allocation_info is not None
    left = offer.allocation_info.role
    stays = "b" if left == "a" else "a"
    info = replace(framework.entry.info, roles=(stays,))
    framework.say(scheduler.UpdateFramework(framework.framework_id, info))
    assert framework.actor.all(scheduler.Rescind) == [scheduler.Rescind(offer.id)]
    assert framework.offer(end).allocation_info == AllocationInfo(role=stays)
    assert end.actor.last(agent.UpdateFrameworkInfo).framework.roles == (stays,)
    end.actor.forget()
    framework.say(scheduler.UpdateFramework(framework.framework_id, info, (stays,)))
    assert end.actor.all(agent.UpdateFrameworkInfo) == []  # only the suppression changed
    assert framework.entry.suppressed == (stays,)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user": "you"}, "user"),
        ({"checkpoint": True}, "checkpoint"),
        ({"principal": "p"}, "principal"),
        ({"id": FrameworkID("other")}, "id"),
        ({"role": "a b"}, "roles"),
    ],
)
def test_what_must_not_change_is_refused(change: dict[str, object], field: str) -> None:
    stage = Stage()
    framework = stage.framework()
    before = framework.entry.info
    framework.say(scheduler.UpdateFramework(framework.framework_id, replace(before, **change)))
    assert framework.actor.last(FrameworkUpdated).fault.startswith(f"framework_info.{field}: ")
    assert framework.errors() == []
    assert framework.entry.info == before


# -- offers as a framework sees them ----------------------------------------------------------


def reserved(role: str, cpus: float) -> Resource:
    static = ReservationInfo(type=ReservationInfo.Type.STATIC, role=role)
    return replace(Resources.parse(f"cpus:{cpus}").protos()[0], reservations=(static,))


def reserved_agent(stage: Stage) -> AgentEnd:
    end = stage.silent_agent()
    plain = Resources.parse("mem:1024").protos()
    end.info = replace(
        end.info, resources=(*plain, reserved("eng", 2)), attributes=parse_attributes("rack:7")
    )
    return end.register()


@pytest.mark.parametrize("multi_role", [True, False])
@pytest.mark.parametrize("refinement", [True, False])
def test_offers_have_the_format_the_framework_understands(multi_role: bool, refinement: bool) -> None:
    stage = Stage()
    end = reserved_agent(stage)
    kinds = [kind for kind, has in ((MULTI_ROLE, multi_role), (REFINEMENT, refinement)) if has]
    named = {"roles": ("eng",)} if multi_role else {"role": "eng"}
    framework = stage.framework(capabilities=tuple(kinds), **named)
    offer = framework.offer(end)
    allocation = AllocationInfo(role="eng") if multi_role else None
    assert offer.allocation_info == allocation
    assert {r.allocation_info for r in offer.resources} == {allocation}
    cpus = next(r for r in offer.resources if r.name == "cpus")
    mem = next(r for r in offer.resources if r.name == "mem")
    if refinement:
        assert [r.role for r in cpus.reservations] == ["eng"]
        assert (cpus.role, mem.role) == (None, None)
    else:
        assert (cpus.reservations, cpus.reservation) == ((), None)
        assert (cpus.role, mem.role) == ("eng", "*")
    assert (offer.hostname, offer.attributes) == ("agent1", end.info.attributes)
    assert offer.url is not None
    assert (offer.url.address.ip, offer.url.address.port, offer.url.path) == ("10.0.1.1", 5051, "/slave(1)")


@pytest.mark.parametrize("refinement", [True, False])
def test_what_was_offered_can_be_launched_with_in_the_same_format(refinement: bool) -> None:
    stage = Stage()
    end = reserved_agent(stage)
    framework = stage.framework(role="eng", capabilities=(REFINEMENT,) if refinement else ())
    offer = framework.offer(end)
    framework.accept([offer], launch(task("t", end.id, resources=offer.resources)))
    assert framework.statuses() == []
    (run,) = end.actor.all(agent.RunTask)
    assert Resources.of(run.task.resources) == Resources.of(end.info.resources).allocated("eng")


# -- both ways --------------------------------------------------------------------------------


def test_messages_pass_both_ways_while_both_are_there() -> None:
    stage = Stage()
    end, framework = stage.agent(), stage.framework(failover_timeout=100.0)
    to_executor = scheduler.MessageToExecutor(
        framework.framework_id, framework.offer(end).agent_id, ExecutorID("e"), b"\x00down"
    )
    framework.say(to_executor)
    assert end.actor.all(agent.MessageToExecutor) == [agent.MessageToExecutor(framework.id, "e", b"\x00down")]
    end.say(agent.MessageToScheduler(end.id, framework.id, "e", b"up"))
    (up,) = framework.actor.all(scheduler.MessageFromExecutor)
    assert (up.agent_id.value, up.executor_id.value, up.data) == (end.id, "e", b"up")
    framework.say(scheduler.Shutdown(framework.framework_id, ExecutorID("e"), up.agent_id))
    assert end.actor.all(agent.ShutdownExecutor) == [agent.ShutdownExecutor(framework.id, "e")]
    end.cut()
    framework.say(to_executor)
    assert end.actor.all(agent.MessageToExecutor) == []
    end.say(agent.MessageToScheduler(end.id, "nobody", "e", b"up"))
    framework.host.kill()
    end.say(agent.MessageToScheduler(end.id, framework.id, "e", b"up"))


def test_a_recovered_framework_that_is_reported_again_is_the_same() -> None:
    stage = Stage()
    ends = [stage.silent_agent() for _ in range(2)]
    info = FrameworkInfo(user="me", name="old", id=FrameworkID("old-0"), checkpoint=True)
    for number, end in enumerate(ends):
        end.id = f"old-S{number}"
        end.reregister((record("old-0", f"t{number}", end, S.TASK_RUNNING),), (info,))
    assert list(stage.master.state.frameworks["old-0"].tasks) == ["t0", "t1"]


def test_weights_given_at_the_start_reach_the_allocator() -> None:
    stage = Stage(weights={"a": 3.0})
    stage.framework(role="a")
    assert stage.allocator.state.tree.weights == {"a": 3.0}
