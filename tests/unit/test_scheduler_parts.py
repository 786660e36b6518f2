"""Small parts of the scheduler API: addresses, descriptions, the queue, updates, options."""

from __future__ import annotations

import pytest

from actors import PID
from cluster.model import Capability, CommandInfo, ExecutorInfo, OfferID, Reason
from cluster.protocol import scheduler as v1
from cluster.scheduler import (
    FixedMaster,
    Framework,
    InvalidMaster,
    NotStarted,
    TaskState,
    Update,
    command_info,
    executor_info,
    master_pid,
)
from cluster.scheduler.events import CallDue, Stopped
from cluster.scheduler.inbox import Inbox
from tests.fake_master import make_offer, make_status, uuid_of


@pytest.mark.parametrize(
    ("text", "pid"),
    [
        ("10.0.0.1:5050", PID("master", "10.0.0.1:5050")),
        ("10.0.0.1", PID("master", "10.0.0.1:5050")),
        ("m.example:80", PID("master", "m.example:80")),
        ("master@10.0.0.1:5050", PID("master", "10.0.0.1:5050")),
        ("boss@10.0.0.1:5050", PID("boss", "10.0.0.1:5050")),
        ("[::1]:5050", PID("master", "[::1]:5050")),
    ],
)
def test_addresses_of_masters(text: str, pid: PID) -> None:
    assert master_pid(text) == pid


@pytest.mark.parametrize("text", ["", ":5050", "a:b", "a:70000", "zk://a:2181/mesos"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InvalidMaster):
        master_pid(text)


def test_a_fixed_master_is_told_at_once() -> None:
    seen: list[PID | None] = []
    detector = FixedMaster(PID("master", "a:1"))
    detector.watch(seen.append)
    detector.stop()
    assert seen == [PID("master", "a:1")]


def test_commands() -> None:
    shell = command_info("echo $A", {"A": "1"}, ["http://a/b.tgz"], "nobody")
    assert (shell.shell, shell.value, shell.arguments, shell.user) == (True, "echo $A", (), "nobody")
    assert shell.environment is not None
    assert [(v.name, v.value) for v in shell.environment.variables] == [("A", "1")]
    assert [uri.value for uri in shell.uris] == ["http://a/b.tgz"]
    words = command_info(["ls", "-l"])
    assert (words.shell, words.value, words.arguments) == (False, "ls", ("ls", "-l"))
    ready = CommandInfo(value="x")
    assert command_info(ready) is ready
    with pytest.raises(ValueError, match="belong into"):
        command_info(ready, {"A": "1"})
    with pytest.raises(ValueError, match="no words"):
        command_info([])


def test_executors() -> None:
    info = executor_info("e", "./run", cpus=0.1, mem=32)
    assert info.type is ExecutorInfo.Type.CUSTOM
    assert [r.name for r in info.resources] == ["cpus", "mem"]


def test_updates() -> None:
    update = Update(make_status("t", "TASK_FAILED", uuid_of(1)))
    assert str(update) == "t TASK_FAILED"
    assert update.is_terminal
    assert not update.is_finished
    assert update.needs_acknowledgement
    assert (update.agent_id, update.executor_id, update.message, update.data) == ("a1", None, "", b"")
    unknown = Update(make_status("t", "TASK_UNKNOWN", agent=None, reason=Reason.REASON_RECONCILIATION))
    assert unknown.state is TaskState.TASK_UNKNOWN
    assert not unknown.is_terminal
    assert not unknown.needs_acknowledgement
    assert unknown.agent_id is None


def test_options_are_checked() -> None:
    with pytest.raises(TypeError, match="'colour' is not an option"):
        Framework(colour="red")  # type: ignore[call-arg]
    info = Framework(name="n", capabilities=("GPU_RESOURCES",), framework_id="f").describe("me", "here")
    assert (info.user, info.hostname, str(info.id)) == ("me", "here", "f")
    assert [c.type for c in info.capabilities] == [Capability.Type.GPU_RESOURCES]


def test_a_framework_that_is_not_run_cannot_act() -> None:
    with pytest.raises(NotStarted):
        Framework().kill("t")


def offers(*ids: str) -> v1.Offers:
    return v1.Offers(offers=tuple(make_offer(i) for i in ids))


def rescind(offer_id: str) -> v1.Rescind:
    return v1.Rescind(offer_id=OfferID(offer_id))


def shown(event: object) -> list[str]:
    assert isinstance(event, v1.Offers)
    return [offer.id.value for offer in event.offers]


def test_the_queue_takes_rescinded_offers_out() -> None:
    inbox = Inbox()
    assert inbox.put(offers("o1", "o2"))
    assert inbox.put(offers("o3"))
    assert inbox.put(offers("o4"))
    for offer_id in ("o1", "o3", "o9"):
        assert inbox.put(rescind(offer_id))
    assert shown(inbox.get()) == ["o2"]
    assert shown(inbox.get()) == ["o4"]
    assert inbox.get() == rescind("o9")  # seen by the user before
    inbox.put(rescind("o2"))
    assert inbox.get() == rescind("o2")


def test_a_full_queue_refuses_what_comes_again_and_nothing_else() -> None:
    inbox = Inbox(limit=1)
    assert inbox.put(offers("o1"))
    assert not inbox.put(offers("o2"))
    assert not inbox.put(v1.Update(status=make_status("t", "TASK_RUNNING")))
    assert inbox.put(CallDue(lambda: None))
    assert inbox.put(v1.Error(message="no"))
    assert inbox.put(Stopped(0))
    assert len(inbox) == 4
    inbox.drop_all()
    assert inbox.get() == Stopped(0)
