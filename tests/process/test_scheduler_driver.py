"""Frameworks in threads, against a fake master in a runtime of its own on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from cluster.protocol import scheduler as v1
from cluster.scheduler import Framework, InvalidMaster, Offer, Update, run, start
from tests.fake_master import uuid_of
from tests.limits import LIMIT_S
from tests.master_thread import MasterThread

pytestmark = pytest.mark.process


@pytest.fixture
def master() -> Iterator[MasterThread]:
    thread = MasterThread()
    yield thread
    thread.close()


def test_run_returns_what_stop_was_given(master: MasterThread) -> None:
    class Once(Framework):
        name = "once"

        def on_subscribed(self, again: bool) -> None:
            self.thread = threading.current_thread()
            self.stop(exit_code=7)

    framework = Once()
    assert run(framework, master.address) == 7
    assert framework.thread is threading.current_thread()
    master.await_call(v1.Teardown)


def test_the_framework_of_the_readme(master: MasterThread) -> None:
    class Everywhere(Framework):
        name = "everywhere"

        def on_start(self) -> None:
            self.seen: set[str] = set()
            self.lines: list[str] = []

        def on_offers(self, offers: list[Offer]) -> None:
            for offer in offers:
                if offer.agent_id not in self.seen:
                    self.seen.add(offer.agent_id)
                    offer.launch(command="uname -a", cpus=0.1, mem=32)

        def on_update(self, update: Update) -> None:
            self.lines.append(str(update))

    handle = start(Everywhere(), master=master.address)
    master.await_call(v1.Subscribe)
    master.do(lambda: master.master.offer("a1", "a2"))
    first = master.await_call(v1.Accept)
    second = master.await_call(v1.Accept)
    assert {o.value for call in (first, second) for o in call.offer_ids} == {"o1", "o2"}
    task_id = first.operations[0].launch.task_infos[0].task_id.value
    master.do(lambda: master.master.update(task_id, "TASK_FINISHED", uuid_of(1)))
    assert master.await_call(v1.Acknowledge).task_id.value == task_id
    handle.stop()
    assert handle.join(LIMIT_S) == 0


def test_a_stuck_handler_stalls_neither_the_connection_nor_the_end(master: MasterThread) -> None:
    entered, leave = threading.Event(), threading.Event()

    class Stuck(Framework):
        def on_update(self, update: Update) -> None:
            entered.set()
            leave.wait(LIMIT_S)

    framework = Stuck()
    handle = start(framework, master.address)
    master.await_call(v1.Subscribe)
    master.do(lambda: master.master.update("t1", "TASK_RUNNING", uuid_of(1)))
    assert entered.wait(LIMIT_S)
    # The connection still takes calls from other threads, and offers are still taken in.
    framework.revive()
    master.await_call(v1.Revive)
    master.do(lambda: master.master.offer("a1"))
    handle.stop()
    master.await_call(v1.Teardown)  # although the handler has not returned
    leave.set()
    assert handle.join(LIMIT_S) == 0


def test_offers_rescinded_in_the_queue_are_never_seen(master: MasterThread) -> None:
    entered, leave, seen = threading.Event(), threading.Event(), SimpleQueue[list[str]]()

    class Slow(Framework):
        def on_update(self, update: Update) -> None:
            if update.task_id == "t1":
                entered.set()
                leave.wait(LIMIT_S)

        def on_offers(self, offers: list[Offer]) -> None:
            seen.put([offer.agent_id for offer in offers])

    handle = start(Slow(), master.address)
    master.await_call(v1.Subscribe)
    master.do(lambda: master.master.update("t0", "TASK_RUNNING", uuid_of(0)))
    master.await_call(v1.Acknowledge)
    master.do(lambda: master.master.update("t1", "TASK_RUNNING", uuid_of(1)))
    assert entered.wait(LIMIT_S)
    master.do(lambda: master.master.offer("a1", "a2"))
    master.do(lambda: master.master.offer("a3"))
    master.do(lambda: master.master.rescind("o1"))
    master.do(lambda: master.master.rescind("o3"))
    master.do(lambda: master.master.offer("a4"))
    # Acknowledged without the user, so when it is, all that was told before is in the queue.
    master.do(lambda: master.master.update("t0", "TASK_RUNNING", uuid_of(0)))
    master.await_call(v1.Acknowledge)
    leave.set()
    assert seen.get(timeout=LIMIT_S) == ["a2"]
    assert seen.get(timeout=LIMIT_S) == ["a4"]
    handle.stop()
    assert handle.join(LIMIT_S) == 0


def test_when_too_much_waits_offers_are_declined_and_updates_come_again(master: MasterThread) -> None:
    ready, entered, leave = threading.Event(), threading.Event(), threading.Event()
    updates: SimpleQueue[str] = SimpleQueue()

    class Slow(Framework):
        def on_subscribed(self, again: bool) -> None:
            ready.set()

        def on_update(self, update: Update) -> None:
            updates.put(update.task_id)
            entered.set()
            leave.wait(LIMIT_S)

    handle = start(Slow(), master.address, max_events=1)
    assert ready.wait(LIMIT_S)
    master.do(lambda: master.master.update("t1", "TASK_RUNNING", uuid_of(1)))
    assert entered.wait(LIMIT_S)
    master.do(lambda: master.master.update("t2", "TASK_RUNNING", uuid_of(2)))  # fills the queue
    master.do(lambda: master.master.update("t3", "TASK_RUNNING", uuid_of(3)))  # is refused
    master.do(lambda: master.master.offer("a1"))
    assert [o.value for o in master.await_call(v1.Decline).offer_ids] == ["o1"]
    leave.set()
    assert master.await_call(v1.Acknowledge).task_id.value == "t1"
    assert master.await_call(v1.Acknowledge).task_id.value == "t2"
    master.do(lambda: master.master.update("t3", "TASK_RUNNING", uuid_of(3)))  # as the agent does
    assert master.await_call(v1.Acknowledge).task_id.value == "t3"
    assert [updates.get() for _ in range(3)] == ["t1", "t2", "t3"]
    handle.stop()
    assert handle.join(LIMIT_S) == 0


def test_a_raising_handler_stalls_nothing(master: MasterThread) -> None:
    class Broken(Framework):
        def on_offers(self, offers: list[Offer]) -> None:
            raise RuntimeError("on purpose")

        def on_update(self, update: Update) -> None:
            raise RuntimeError("on purpose")

    handle = start(Broken(), master.address)
    master.await_call(v1.Subscribe)
    master.do(lambda: master.master.offer("a1"))
    master.await_call(v1.Decline)
    master.do(lambda: master.master.update("t1", "TASK_RUNNING", uuid_of(1)))
    master.await_call(v1.Acknowledge)
    handle.stop(failover=True)
    assert handle.join(LIMIT_S) == 0
    assert not master.master.of(v1.Teardown)


def test_a_framework_that_cannot_start_is_not_run(master: MasterThread) -> None:
    class Unable(Framework):
        def on_start(self) -> None:
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        run(Unable(), master.address)
    handle = start(Unable(), master.address)
    with pytest.raises(RuntimeError, match="on purpose"):
        handle.join(LIMIT_S)


def test_ctrl_c_tears_down(master: MasterThread) -> None:
    class Interrupted(Framework):
        def on_subscribed(self, again: bool) -> None:
            raise KeyboardInterrupt

    assert run(Interrupted(), master.address) == 130
    master.await_call(v1.Teardown)


def test_an_error_of_the_master_ends_the_run(master: MasterThread) -> None:
    master.master.refuses = "Role 'x' is not present in the master's --roles"
    assert run(Framework(name="x"), master.address) == 1


def test_calls_and_files_from_other_threads(master: MasterThread) -> None:
    ran: SimpleQueue[threading.Thread] = SimpleQueue()
    handle = start(Framework(name="x"), master.address)
    master.await_call(v1.Subscribe)
    handle.call(lambda: ran.put(threading.current_thread()))
    assert ran.get(timeout=LIMIT_S).name == "framework x"
    handle.session._agents["a1"] = master.address
    assert handle.read_file("a1", "t", "stdout") == b"0123456789abc"
    with pytest.raises(LookupError):
        handle.read_file("a2", "t", "stdout")
    assert handle.join(0.0) is None
    handle.stop(exit_code=2)
    assert handle.join(LIMIT_S) == 2
    handle.stop()  # harmless


def test_a_master_that_is_no_address() -> None:
    for text in ("zk://a:2181/mesos", "host:port", "host:99999", ":5050"):
        with pytest.raises(InvalidMaster):
            run(Framework(), text)
