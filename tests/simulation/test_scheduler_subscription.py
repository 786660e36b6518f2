"""The connection of a framework against a master that does what it is told, on virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from actors.testing import Host, Simulation
from cluster.model import AgentID, Capability, ExecutorID, FrameworkID, OfferID, TaskState
from cluster.protocol import scheduler as v1
from cluster.protocol.files import ReadFile
from cluster.protocol.subscription import Closed
from cluster.scheduler import Framework, Offer, OfferGone, Session, Update, attach
from cluster.scheduler.subscription import Phase, SchedulerActor
from tests.fake_master import HEARTBEAT_S, FakeFiles, FakeMaster, uuid_of


class Recorder(Framework):
    """Notes what it is told, and does with offers what the test says."""

    name = "recorder"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.told: list[str] = []
        self.updates: list[Update] = []
        self.offers: list[Offer] = []
        self.use = lambda offer: None
        self.raises = False

    def on_start(self) -> None:
        self.told.append("start")

    def on_subscribed(self, again: bool) -> None:
        self.told.append("subscribed again" if again else "subscribed")

    def on_offers(self, offers: list[Offer]) -> None:
        self.offers += offers
        for offer in offers:
            self.use(offer)
        if self.raises:
            raise RuntimeError("on purpose")

    def on_rescinded(self, offer: Offer) -> None:
        self.told.append(f"rescinded {offer.id}")

    def on_update(self, update: Update) -> None:
        self.updates.append(update)
        if self.raises:
            raise RuntimeError("on purpose")

    def on_message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self.told.append(f"message {agent_id} {executor_id} {data!r}")

    def on_failure(self, agent_id: str, executor_id: str | None, status: int | None) -> None:
        self.told.append(f"failure {agent_id} {executor_id} {status}")

    def on_error(self, message: str) -> None:
        self.told.append(f"error {message}")

    def on_disconnected(self, reason: str) -> None:
        self.told.append("disconnected")


class Cluster:
    """One host with a fake master, one with a framework."""

    def __init__(self, framework: Recorder | None = None, seed: int = 1) -> None:
        self.framework = framework or Recorder()
        self.simulation = Simulation(seed)
        self.master = FakeMaster()
        self.session: Session
        self.master_host = self.simulation.host("10.0.0.1", self._boot_master)
        self.host = self.simulation.host("10.0.0.9", self._boot)
        self.master_host.start(5050)
        self.host.start()
        self.simulation.settle()

    def _boot_master(self, host: Host) -> None:
        if self.master_host_starts > 1:
            self.master = FakeMaster()
        host.runtime.spawn(self.master, "master")

    @property
    def master_host_starts(self) -> int:
        return self.simulation.hosts["10.0.0.1"].starts

    def _boot(self, host: Host) -> None:
        self.session = attach(host.runtime, self.framework, "10.0.0.1:5050")

    @property
    def actor(self) -> SchedulerActor:
        actor = self.host.runtime.by_name["scheduler"]
        assert isinstance(actor, SchedulerActor)
        return actor

    def settle(self) -> None:
        self.simulation.settle()
        assert not self.host.failures
        assert not self.master_host.failures

    def offer(self, *agents: str) -> list[str]:
        offers = self.master.offer(*agents)
        self.settle()
        return offers

    def launch(self) -> str:
        """Have one task running; its id."""
        ids: list[str] = []
        self.framework.use = lambda offer: ids.append(offer.launch(command="true", cpus=1))
        self.offer()
        self.framework.use = lambda offer: None
        return ids[0]


def test_subscribes_with_the_description_and_learns_its_id() -> None:
    cluster = Cluster(Recorder(name="me", roles=("a", "b"), failover_timeout_s=7, labels={"k": "v"}))
    (subscribe,) = cluster.master.of(v1.Subscribe)
    info = subscribe.framework_info
    assert (info.name, info.user, info.roles, info.role) == ("me", "root", ("a", "b"), None)
    assert info.failover_timeout == 7.0
    assert Capability.Type.PARTITION_AWARE in [c.type for c in info.capabilities]
    assert cluster.framework.told == ["start", "subscribed"]
    assert cluster.framework.framework_id == "m-0000"


def test_a_closed_subscription_is_begun_again() -> None:
    cluster = Cluster()
    cluster.master.tell(Closed())
    cluster.simulation.advance(30)
    assert cluster.framework.told[2:] == ["disconnected", "subscribed again"]
    assert len(cluster.master.of(v1.Subscribe)) == 2
    assert cluster.actor.phase is Phase.SUBSCRIBED


def test_without_multi_role_it_has_one_role() -> None:
    cluster = Cluster(Recorder(role="web", capabilities=("PARTITION_AWARE",)))
    info = cluster.master.of(v1.Subscribe)[0].framework_info
    assert (info.role, info.roles) == ("web", ())


def test_offers_that_are_not_used_are_declined_in_one_call() -> None:
    cluster = Cluster(Recorder(refuse_s=9.0))
    cluster.offer("a1", "a2")
    (decline,) = cluster.master.of(v1.Decline)
    assert [o.value for o in decline.offer_ids] == ["o1", "o2"]
    assert decline.filters is not None
    assert decline.filters.refuse_seconds == 9.0
    assert decline.framework_id == FrameworkID("m-0000")


def test_launches_of_one_offer_go_out_together_and_the_rest_goes_back() -> None:
    cluster = Cluster()

    def use(offer: Offer) -> None:
        assert offer.fits(cpus=2, mem=100)
        offer.launch(command="true", cpus=2, mem=100, env={"A": "b"})
        assert (offer.cpus, offer.mem) == (2.0, 3996.0)
        assert not offer.fits(cpus=2.1)
        offer.launch(command=["sleep", "5"], cpus=1, ports=offer.free_ports(2), kill_grace_s=1.5)

    cluster.framework.use = use
    cluster.offer("a1")
    (accept,) = cluster.master.of(v1.Accept)
    shell, words = cluster.master.launched
    assert len(accept.operations) == 1
    assert shell.command is not None
    assert (shell.command.shell, shell.command.value) == (True, "true")
    assert words.command is not None
    assert (words.command.shell, words.command.arguments) == (False, ("sleep", "5"))
    assert words.kill_policy is not None
    assert words.kill_policy.grace_period is not None
    assert words.kill_policy.grace_period.nanoseconds == 1_500_000_000
    assert shell.task_id != words.task_id
    assert not cluster.master.of(v1.Decline)


def test_a_held_offer_is_kept_and_can_be_used_in_a_later_handler() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    cluster.offer("a1", "a2")
    assert not cluster.master.of(v1.Decline)
    first, second = cluster.framework.offers
    cluster.framework.call_later(30.0, lambda: [first.launch(command="true", cpus=1), second.decline(60.0)])
    cluster.simulation.advance(29.0)
    assert not cluster.master.of(v1.Accept)
    cluster.simulation.advance(2.0)
    assert [o.value for o in cluster.master.of(v1.Accept)[0].offer_ids] == ["o1"]
    (decline,) = cluster.master.of(v1.Decline)
    assert decline.filters is not None
    assert decline.filters.refuse_seconds == 60.0
    with pytest.raises(OfferGone):
        first.launch(command="true", cpus=1)


def test_a_held_offer_used_outside_of_handlers_goes_out_by_itself() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    cluster.offer("a1")
    cluster.framework.offers[0].launch(command="true", cpus=1)
    cluster.framework.offers[0].launch(command="true", cpus=1)
    cluster.settle()
    assert len(cluster.master.of(v1.Accept)) == 1
    assert len(cluster.master.launched) == 2


def test_a_call_that_is_cancelled_does_not_run() -> None:
    cluster = Cluster()
    ran: list[int] = []
    cluster.framework.call_later(5.0, lambda: ran.append(1)).cancel()
    cluster.framework.call_later(5.0, lambda: ran.append(2))
    cluster.simulation.advance(6.0)
    assert ran == [2]


def test_updates_are_acknowledged_after_the_handler_and_shown_once() -> None:
    cluster = Cluster()
    task = cluster.launch()
    cluster.master.update(task, "TASK_RUNNING", uuid_of(1))
    cluster.settle()
    cluster.master.update(task, "TASK_RUNNING", uuid_of(1))  # the acknowledgement was lost, say
    cluster.settle()
    acks = cluster.master.of(v1.Acknowledge)
    assert [(a.task_id.value, a.uuid) for a in acks] == [(task, uuid_of(1))] * 2
    assert [str(u) for u in cluster.framework.updates] == [f"{task} TASK_RUNNING"]


def test_updates_without_a_uuid_are_not_acknowledged() -> None:
    cluster = Cluster()
    cluster.master.update("unheard-of", "TASK_LOST")
    cluster.settle()
    assert not cluster.master.of(v1.Acknowledge)
    assert cluster.framework.updates[0].state is TaskState.TASK_LOST


def test_manual_acknowledgement() -> None:
    cluster = Cluster(Recorder(acknowledge_by="manual"))
    cluster.master.update("t", "TASK_RUNNING", uuid_of(1))
    cluster.settle()
    cluster.master.update("t", "TASK_RUNNING", uuid_of(1))  # comes again while it is not acknowledged
    cluster.settle()
    assert not cluster.master.of(v1.Acknowledge)
    assert len(cluster.framework.updates) == 1
    cluster.framework.acknowledge(cluster.framework.updates[0])
    cluster.settle()
    assert len(cluster.master.of(v1.Acknowledge)) == 1


def test_a_terminal_task_is_forgotten_once_acknowledged() -> None:
    cluster = Cluster()
    task = cluster.launch()
    assert len(cluster.actor.tasks) == 1
    cluster.master.update(task, "TASK_FINISHED", uuid_of(2))
    cluster.settle()
    assert len(cluster.actor.tasks) == 0


def test_a_raising_handler_changes_nothing_but_the_log(caplog: pytest.LogCaptureFixture) -> None:
    cluster = Cluster()
    cluster.framework.raises = True
    cluster.framework.use = lambda offer: offer.agent_id == "a1" and offer.launch(command="true", cpus=1)
    cluster.offer("a1", "a2")
    assert [o.value for o in cluster.master.of(v1.Accept)[0].offer_ids] == ["o1"]
    assert [o.value for o in cluster.master.of(v1.Decline)[0].offer_ids] == ["o2"]
    cluster.master.update("t", "TASK_RUNNING", uuid_of(1))
    cluster.settle()
    assert len(cluster.master.of(v1.Acknowledge)) == 1
    assert "Recorder.on_offers of framework recorder raised" in caplog.text
    assert "on purpose" in caplog.text


def test_rescinded_offers() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    (offer_id,) = cluster.offer("a1")
    cluster.master.rescind(offer_id)
    cluster.settle()
    assert cluster.framework.told[-1] == f"rescinded {offer_id}"
    with pytest.raises(OfferGone, match="rescinded"):
        cluster.framework.offers[0].launch(command="true", cpus=1)
    cluster.framework.use = lambda offer: None
    (offer_id,) = cluster.offer("a1")
    told = len(cluster.framework.told)
    cluster.master.rescind(offer_id)  # declined already
    cluster.settle()
    assert len(cluster.framework.told) == told


def test_a_launch_that_crosses_a_rescind_is_reported_as_dropped() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    (offer_id,) = cluster.offer("a1")
    cluster.framework.offers[0].launch(command="true", cpus=1, task_id="t")
    # The rescind reaches the connection before the launch does.
    cluster.actor.on_rescind(cluster.actor._master, v1.Rescind(offer_id=OfferID(offer_id)))  # type: ignore[arg-type]
    cluster.settle()
    assert cluster.framework.told[-1] == f"rescinded {offer_id}"
    assert not cluster.master.launched
    assert [str(u) for u in cluster.framework.updates] == ["t TASK_DROPPED: The offer is no longer valid"]
    assert len(cluster.actor.tasks) == 0


def test_an_offer_accepted_twice_is_reported_as_dropped() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    (offer_id,) = cluster.offer("a1")
    cluster.framework.offers[0].launch(command="true", cpus=1, task_id="t")
    cluster.settle()
    launch = cluster.master.of(v1.Accept)[0].operations
    cluster.framework.accept([offer_id], launch)
    cluster.settle()
    assert [str(u) for u in cluster.framework.updates] == ["t TASK_DROPPED: The offer is no longer valid"]


def test_a_lost_connection_voids_offers_and_keeps_the_id() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    (offer_id,) = cluster.offer("a1")
    cluster.master_host.restart()
    cluster.simulation.advance(20.0)
    assert cluster.framework.told == [
        "start",
        "subscribed",
        f"rescinded {offer_id}",
        "disconnected",
        "subscribed again",
    ]
    assert cluster.master.of(v1.Subscribe)[-1].framework_info.id == FrameworkID("m-0000")


def test_back_off_doubles_up_to_its_cap() -> None:
    cluster = Cluster()
    cluster.master_host.kill()
    cluster.simulation.advance(3600.0)
    assert cluster.actor.phase is Phase.SEEKING
    assert cluster.actor._backoff_s == 30.0
    dials = cluster.host.runtime.metrics.value("actors/dials_failed")
    # Every attempt waits 15 s on average once the cap is reached; the first few are quicker.
    assert 3600 / 30 < dials < 3600 / 8
    cluster.master_host.start(5050)
    cluster.simulation.advance(60.0)
    assert cluster.actor.phase is Phase.SUBSCRIBED


def test_a_subscription_that_is_not_answered_is_tried_again() -> None:
    framework = Recorder()
    simulation = Simulation(2)
    master = FakeMaster()
    simulation.host("10.0.0.1", lambda h: h.runtime.spawn(master, "master") and None).start(5050)
    rule = simulation.network.drop(v1.Subscribe, count=2)
    simulation.host("10.0.0.9", lambda h: attach(h.runtime, framework, "10.0.0.1:5050") and None).start()
    simulation.advance(60.0)
    assert rule.seen == 2
    assert framework.framework_id == "m-0000"


def test_five_missed_heartbeats_mean_a_new_subscription() -> None:
    cluster = Cluster()
    cluster.master.is_beating = False
    cluster.simulation.advance(HEARTBEAT_S * 5 - 2)
    assert cluster.framework.told[-1] == "subscribed"
    cluster.simulation.advance(4.0)
    assert cluster.framework.told[1:] == ["subscribed", "disconnected", "subscribed again"]


def test_heartbeats_keep_the_subscription() -> None:
    cluster = Cluster()
    cluster.simulation.advance(HEARTBEAT_S * 20)
    assert cluster.framework.told == ["start", "subscribed"]
    assert len(cluster.master.of(v1.Subscribe)) == 1


def test_tasks_are_reconciled_after_every_subscription_until_answered() -> None:
    cluster = Cluster()
    task = cluster.launch()
    cluster.master_host.restart()
    cluster.simulation.advance(10.0)
    asked = cluster.master.of(v1.Reconcile)
    assert [(t.task_id.value, str(t.agent_id)) for t in asked[0].tasks] == [(task, "a1")]
    cluster.simulation.advance(60.0)
    repeated = len(cluster.master.of(v1.Reconcile))
    assert 4 <= repeated <= 6  # after 5, 10, 20, 40 s
    cluster.master.update(task, "TASK_RUNNING")
    cluster.simulation.advance(300.0)
    assert len(cluster.master.of(v1.Reconcile)) <= repeated + 1
    assert [str(u) for u in cluster.framework.updates] == [f"{task} TASK_RUNNING"]


def test_answers_that_say_nothing_new_are_not_shown_unless_the_user_asked() -> None:
    cluster = Cluster()
    task = cluster.launch()
    cluster.master.update(task, "TASK_RUNNING", uuid_of(1))
    cluster.settle()
    cluster.simulation.advance(700.0)
    assert cluster.master.of(v1.Reconcile)
    cluster.master.update(task, "TASK_RUNNING")
    cluster.settle()
    assert len(cluster.framework.updates) == 1
    cluster.framework.reconcile([task])
    cluster.settle()
    cluster.master.update(task, "TASK_RUNNING")
    cluster.settle()
    assert len(cluster.framework.updates) == 2


def test_a_lost_launch_is_found_by_the_periodic_questions() -> None:
    cluster = Cluster()
    cluster.simulation.network.drop(v1.Accept)
    task = cluster.launch()
    assert not cluster.master.launched
    cluster.simulation.advance(700.0)
    assert cluster.master.of(v1.Reconcile)[-1].tasks[0].task_id.value == task


def test_a_continued_framework_asks_for_everything_once() -> None:
    cluster = Cluster(Recorder(framework_id="m-0007"))
    assert cluster.master.of(v1.Subscribe)[0].framework_info.id == FrameworkID("m-0007")
    assert [r.tasks for r in cluster.master.of(v1.Reconcile)] == [()]
    cluster.master.update("old", "TASK_RUNNING")
    cluster.settle()
    assert len(cluster.actor.tasks) == 1  # adopted


def test_launching_without_a_connection_is_reported_as_dropped() -> None:
    cluster = Cluster()
    cluster.framework.use = Offer.hold
    cluster.offer("a1")
    offer = cluster.framework.offers[0]
    cluster.master_host.kill()
    offer.launch(command="true", cpus=1, task_id="t")
    cluster.settle()
    assert [str(u) for u in cluster.framework.updates] in (
        ["t TASK_DROPPED: Not connected to a master"],
        [],  # the call was sent before the loss was noticed: reconciliation tells
    )


def test_kills_are_repeated_until_the_task_ended() -> None:
    cluster = Cluster()
    task = cluster.launch()
    cluster.framework.kill(task, grace_s=2.0)
    cluster.settle()
    (kill,) = cluster.master.of(v1.Kill)
    assert (kill.task_id.value, str(kill.agent_id)) == (task, "a1")
    assert kill.kill_policy is not None
    cluster.master_host.restart()
    cluster.simulation.advance(20.0)
    assert [k.task_id.value for k in cluster.master.of(v1.Kill)] == [task]
    cluster.master.update(task, "TASK_KILLED", uuid_of(5))
    cluster.settle()
    cluster.master_host.restart()
    cluster.simulation.advance(20.0)
    assert not cluster.master.of(v1.Kill)


def test_suppressed_roles_stay_so_over_subscriptions() -> None:
    cluster = Cluster(Recorder(roles=("a", "b")))
    cluster.framework.suppress()
    cluster.framework.revive("b")
    cluster.settle()
    assert [s.roles for s in cluster.master.of(v1.Suppress)] == [()]
    assert [s.roles for s in cluster.master.of(v1.Revive)] == [("b",)]
    cluster.master_host.restart()
    cluster.simulation.advance(20.0)
    assert cluster.master.of(v1.Subscribe)[0].suppressed_roles == ("a",)


def test_messages_and_failures_reach_the_user() -> None:
    cluster = Cluster()
    cluster.master.tell(
        v1.MessageFromExecutor(agent_id=AgentID("a1"), executor_id=ExecutorID("e"), data=b"hello")
    )
    cluster.master.tell(v1.Failure(agent_id=AgentID("a1")))
    cluster.master.tell(v1.Failure(agent_id=AgentID("a1"), executor_id=ExecutorID("e"), status=256))
    cluster.settle()
    assert cluster.framework.told[2:] == [
        "message a1 e b'hello'",
        "failure a1 None None",
        "failure a1 e 256",
    ]
    cluster.framework.message("a1", "e", b"answer")
    cluster.framework.shutdown_executor("a1", "e")
    cluster.settle()
    assert cluster.master.of(v1.MessageToExecutor)[0].data == b"answer"
    assert str(cluster.master.of(v1.Shutdown)[0].executor_id) == "e"


def test_an_error_ends_the_framework() -> None:
    cluster = Cluster()
    cluster.master.tell(v1.Error(message="Framework failed over"))
    cluster.settle()
    assert cluster.framework.told[-1] == "error Framework failed over"
    assert cluster.session.exit_code == 1
    assert "scheduler" not in cluster.host.runtime.by_name
    assert not cluster.master.of(v1.Teardown)


def test_stop_tears_down_and_failover_does_not() -> None:
    cluster = Cluster()
    cluster.framework.stop(exit_code=3)
    cluster.settle()
    assert [t.framework_id.value for t in cluster.master.of(v1.Teardown)] == ["m-0000"]
    assert cluster.session.exit_code == 3
    other = Cluster()
    other.framework.stop(failover=True)
    other.settle()
    assert not other.master.of(v1.Teardown)
    assert other.session.exit_code == 0


def test_what_a_handler_did_before_it_stopped_goes_out_first() -> None:
    cluster = Cluster()

    def use(offer: Offer) -> None:
        offer.launch(command="true", cpus=1)
        cluster.framework.stop(failover=True)

    cluster.framework.use = use
    cluster.offer("a1")
    assert len(cluster.master.launched) == 1
    assert cluster.session.exit_code == 0


def test_calls_of_strangers_are_not_obeyed() -> None:
    cluster = Cluster()
    assert cluster.master.scheduler is not None
    cluster.master.send(cluster.master.scheduler, v1.Suppress(framework_id=FrameworkID("m-0000")))
    cluster.settle()
    assert not cluster.master.of(v1.Suppress)


def test_files_are_read_piece_by_piece() -> None:
    cluster = Cluster()
    agent = cluster.simulation.host(
        "10.0.0.2", lambda h: h.runtime.spawn(FakeFiles({"stdout": b"x" * 25}), "files") and None
    )
    agent.start(5051)
    cluster.offer("a1")
    pieces: list[bytes] = []
    ends: list[str] = []
    cluster.framework.read_file("a1", "t", "stdout", pieces.append, ends.append)
    cluster.settle()
    assert ([len(p) for p in pieces], ends) == ([10, 10, 5], [""])
    cluster.framework.read_file("a1", "t", "nonsense", pieces.append, ends.append)
    cluster.framework.read_file("a9", "t", "stdout", pieces.append, ends.append)
    cluster.settle()
    assert sorted(ends[1:]) == ["no such file", "the address of agent a9 is not known"]
    cluster.simulation.network.drop(ReadFile)
    cluster.framework.read_file("a1", "t", "stdout", pieces.append, ends.append)
    cluster.simulation.advance(31.0)
    assert ends[-1] == "agent at 10.0.0.2:5051: no answer within 30 s"
    agent.kill()
    cluster.framework.read_file("a1", "t", "stdout", pieces.append, ends.append)
    cluster.simulation.advance(31.0)
    assert "10.0.0.2:5051" in ends[-1]
    assert len(ends) == 5


def test_the_same_seed_gives_the_same_run() -> None:
    def digest() -> str:
        cluster = Cluster(seed=5)
        cluster.launch()
        cluster.master_host.restart()
        cluster.simulation.advance(100.0)
        return cluster.simulation.digest

    assert digest() == digest()
