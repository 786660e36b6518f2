"""Spawn, deliver, ask, link, time: the same for actors of one process and of two.

Most tests run twice: with both actors on one host, and on two hosts over the virtual network.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from actors import (
    NOWHERE,
    PID,
    Actor,
    Limits,
    LoopClock,
    NameTaken,
    NotAMessage,
    Rng,
    Runtime,
    handles,
)
from actors.runtime import TURN_MESSAGES
from actors.tcp import TcpTransport
from actors.testing import Simulation
from tests.actors_kit import (
    Echo,
    Fail,
    Forward,
    Note,
    Part,
    Ping,
    Pong,
    Recorder,
    Shaped,
    Stop,
    Two,
    Unheard,
    counter,
    dead_letters,
    listening,
)
from tests.limits import LIMIT_S

# -- spawn and end ----------------------------------------------------------------------------


class Lifecycle(Actor):
    def __init__(self, log: list[str]) -> None:
        self.log = log

    def initialize(self) -> None:
        self.log.append("initialize")
        self.send(self.pid, Ping())

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        assert sender == self.pid
        self.log.append("ping")

    def finalize(self) -> None:
        self.log.append("finalize")


def test_an_actor_is_initialized_served_and_finalized() -> None:
    two, log = Two(remote=False), list[str]()
    pid = two.spawn(Lifecycle(log), "life")
    assert log == ["initialize"]
    two.sim.settle()
    two.near.runtime.terminate(pid)
    two.near.runtime.terminate(pid)
    assert log == ["initialize", "ping", "finalize"]


def test_a_name_is_taken_until_its_actor_ends() -> None:
    two = Two(remote=False)
    with pytest.raises(NameTaken):
        two.spawn(Echo(), "echo")
    two.near.runtime.terminate(two.echo)
    assert two.spawn(Echo(), "echo") == two.echo
    assert two.ask(two.echo, Ping(4)) == Pong(4)


@pytest.mark.parametrize("name", ["", "?1", "x" * 256])
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        Two(remote=False).spawn(Echo(), name)


def test_an_actor_ends_itself_and_gets_nothing_more() -> None:
    two = Two(remote=False)
    echo = two.near.runtime.by_name["echo"]
    for message in (Stop(), Ping(), Ping()):
        two.near.runtime.send(two.echo, message)
    two.sim.settle()
    assert isinstance(echo, Echo)
    assert echo.is_finalized
    assert dead_letters(two.near) == [("terminated", "test.Ping")] * 2


async def test_wait_returns_when_the_actor_has_ended() -> None:
    runtime = Runtime(clock=LoopClock(), rng=Rng(1), transport=TcpTransport(), address=NOWHERE)
    pid = runtime.spawn(Echo(), "echo")
    waits = [asyncio.create_task(runtime.wait(pid)) for _ in range(2)]
    runtime.send(pid, Stop())
    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*waits)
        await runtime.wait(pid)
    runtime.shutdown()


def test_children_are_spawned_by_actors() -> None:
    class Parent(Actor):
        def initialize(self) -> None:
            self.child = self.spawn(Echo(), f"{self.pid.name}/child")

    two = Two(remote=False)
    two.spawn(Parent(), "parent")
    assert two.ask(PID("parent/child", two.echo.address), Ping(1)) == Pong(1)


# -- delivery ---------------------------------------------------------------------------------


def test_messages_arrive_in_the_order_they_were_sent(two: Two) -> None:
    recorder = Recorder()
    pid = two.spawn(recorder, "recorder", far=True)
    count = 3 * TURN_MESSAGES + 7
    for n in range(count):
        two.near.runtime.send(pid, Note(n))
    two.sim.settle()
    assert recorder.numbers == list(range(count))


def test_the_sender_can_be_answered(two: Two) -> None:
    recorder = Recorder()
    pid = two.spawn(recorder, "recorder")
    two.near.runtime.send(two.echo, Ping(7), pid)
    two.sim.settle()
    assert recorder.got == [(Pong(7), two.echo)]


def test_pids_travel_inside_of_messages(two: Two) -> None:
    recorder = Recorder()
    pid = two.spawn(recorder, "recorder")
    two.tell(two.echo, Forward(pid, 3))
    assert recorder.got == [(Ping(3), two.echo)]


def test_a_subclass_inherits_and_overrides_handlers() -> None:
    class Louder(Echo):
        def on_ping(self, sender: PID, message: Ping) -> None:
            self.send(sender, Pong(message.n + 100))

    two = Two(remote=False)
    assert two.ask(two.spawn(Louder(), "louder"), Ping(1)) == Pong(101)
    assert Louder.handlers.keys() == Echo.handlers.keys()


def test_a_handler_must_say_what_it_takes() -> None:
    with pytest.raises(TypeError, match="a handler takes"):

        class Wrong(Actor):
            @handles
            def on_thing(self, sender, message) -> None:  # type: ignore[no-untyped-def]
                pass


# -- dead letters -----------------------------------------------------------------------------


def test_a_message_without_a_handler_is_a_dead_letter(two: Two) -> None:
    two.tell(two.echo, Unheard())
    assert dead_letters(two.far) == [("unhandled", "test.Unheard")]
    assert two.ask(two.echo, Ping(1)) == Pong(1)


def test_a_message_to_nobody_is_a_dead_letter(two: Two) -> None:
    two.tell(PID("nobody", two.echo.address), Ping())
    assert dead_letters(two.far) == [("no_such_actor", "test.Ping")]


def test_an_undeclared_message_cannot_leave_the_process() -> None:
    two = Two(remote=True)
    with pytest.raises(NotAMessage):
        two.near.runtime.send(two.echo, object())

    class Private:
        pass

    two.far.runtime.send(two.echo, Private())
    two.sim.settle()
    assert dead_letters(two.far) == [("unhandled", name := Private.__qualname__)], name


def test_dead_letters_are_counted_kept_to_a_limit_and_logged_sparingly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    two = Two(remote=False)
    with caplog.at_level(logging.INFO, "actors.deadletters"):
        for _ in range(1000):
            two.near.runtime.send(two.echo, Unheard())
        two.sim.settle()
    assert counter(two.near, "actors/dead_letters/unhandled") == 1000
    assert len(two.near.runtime.dead_letters.last) == 256
    assert len(caplog.records) == 10


def test_a_full_mailbox_refuses_what_follows_and_serves_what_it_has() -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1", Limits(mailbox_messages=5))
    recorder = Recorder()
    pid = host.runtime.spawn(recorder, "recorder")
    for n in range(8):
        host.runtime.send(pid, Note(n))
    sim.settle()
    assert recorder.numbers == [0, 1, 2, 3, 4]
    assert dead_letters(host) == [("mailbox_full", "test.Note")] * 3
    host.runtime.send(pid, Note(9))
    sim.settle()
    assert recorder.numbers[-1] == 9


def test_a_full_mailbox_keeps_what_the_actor_caused_itself() -> None:
    class Timed(Recorder):
        def initialize(self) -> None:
            self.link(PID("echo", self.pid.address))
            self.delay(1.0, Note(100))

    sim = Simulation(1)
    host = listening(sim, "10.0.0.1", Limits(mailbox_messages=3))
    recorder = Timed()
    pid = host.runtime.spawn(recorder, "timed")
    sim.clock.jump(1_000_000_000)  # everything comes at once: the timer and the exit are due
    for n in range(5):
        host.runtime.send(pid, Note(n))
    host.runtime.terminate(PID("echo", pid.address))
    due = recorder.clock.now()
    sim.advance(0.0)
    assert due == 1_000_000_000
    assert recorder.numbers == [0, 1, 2, 100] or recorder.numbers == [100, 0, 1, 2]
    assert len(recorder.exits) == 1


# -- failure ----------------------------------------------------------------------------------


def test_a_failing_handler_ends_the_actor_loudly(two: Two, caplog: pytest.LogCaptureFixture) -> None:
    two.survive(two.far)
    recorder = Recorder(link_to=two.echo)
    two.spawn(recorder, "recorder")
    two.sim.settle()
    two.tell(two.echo, Fail())
    assert recorder.exits == [(two.echo, "failed: RuntimeError: told to fail")]
    assert [(pid, str(error)) for pid, error in two.far.failures] == [(two.echo, "told to fail")]
    assert counter(two.far, "actors/failed") == 1
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert errors[0].exc_info is not None


def test_the_policy_of_a_simulated_daemon_is_to_die() -> None:
    two = Two(remote=True)
    recorder = Recorder(link_to=two.echo)
    two.spawn(recorder, "recorder")
    two.sim.settle()
    two.tell(two.echo, Fail())
    assert not two.far.is_up
    assert len(recorder.exits) == 1


def test_a_failing_initialize_ends_the_actor() -> None:
    class Broken(Actor):
        def initialize(self) -> None:
            raise ValueError("no")

    two = Two(remote=False)
    two.survive(two.near)
    pid = two.spawn(Broken(), "broken")
    assert "broken" not in two.near.runtime.by_name
    assert two.near.failures[0][0] == pid


def test_a_failing_finalize_is_logged_and_links_are_told(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Echo):
        def finalize(self) -> None:
            raise ValueError("no")

    two = Two(remote=False)
    pid = two.spawn(Broken(), "broken")
    recorder = Recorder(link_to=pid)
    two.spawn(recorder, "recorder")
    two.near.runtime.terminate(pid)
    two.sim.settle()
    assert len(recorder.exits) == 1
    assert "finalize of broken" in caplog.text


def test_a_failing_on_exited_ends_the_actor() -> None:
    class Broken(Recorder):
        def on_exited(self, pid: PID, reason: str) -> None:
            raise ValueError("no")

    two = Two(remote=False)
    two.survive(two.near)
    two.spawn(Broken(link_to=two.echo), "broken")
    two.near.runtime.terminate(two.echo)
    two.sim.settle()
    assert "broken" not in two.near.runtime.by_name


def test_others_go_on_after_a_failure_and_waiting_messages_are_dead_letters() -> None:
    two = Two(remote=False)
    two.survive(two.near)
    other = two.spawn(Echo(), "other")
    for message in (Fail(), Ping(), Ping()):
        two.near.runtime.send(two.echo, message)
    assert two.ask(other, Ping(5)) == Pong(5)
    assert dead_letters(two.near) == [("terminated", "test.Ping")] * 2


# -- background -------------------------------------------------------------------------------


async def test_background_work_comes_back_as_a_message() -> None:
    class Worker(Recorder):
        async def work(self, n: int) -> int:
            if n < 0:
                raise ValueError("negative")
            return n

        def initialize(self) -> None:
            self.background(self.work(1), Note, lambda error: Note(-99))
            self.background(self.work(-1), Note, lambda error: Note(-99))

    runtime = Runtime(clock=LoopClock(), rng=Rng(1), transport=TcpTransport(), address=NOWHERE)
    worker = Worker()
    runtime.spawn(worker, "worker")
    await worker.until(lambda: len(worker.got) == 2)
    assert sorted(worker.numbers) == [-99, 1]
    runtime.shutdown()


# -- seen from outside ------------------------------------------------------------------------


def test_the_view_shows_queues_ages_and_counts() -> None:
    two = Two(remote=False)
    two.ask(two.echo, Ping())
    two.ask(two.echo, Ping())
    two.near.runtime.send(two.echo, Forward(two.echo))
    two.sim.clock.jump(two.sim.clock.now() + 3_000_000_000)
    (view,) = two.near.runtime.view()
    assert (view.name, view.kind, view.queue_length) == ("echo", "Echo", 1)
    assert view.oldest_s == pytest.approx(3.0)
    assert view.handled == {"test.Ping": 2}
    assert counter(two.near, "actors/count") == 1


def test_shutdown_ends_actors_youngest_first() -> None:
    order: list[str] = []

    class Ends(Actor):
        def finalize(self) -> None:
            order.append(self.pid.name)

    two = Two(remote=False)
    for name in ("a", "b", "c"):
        two.spawn(Ends(), name)
    two.near.runtime.shutdown()
    assert order == ["c", "b", "a"]


def test_a_wrong_shape_is_a_dead_letter_with_the_path_of_the_fault() -> None:
    two = Two(remote=True)
    # A peer of another version may declare the type differently; encode by hand what it would send.
    peers = two.near.runtime.peers
    two.ask(two.echo, Ping())
    peer = peers._peers[two.echo.address]
    peer.add("echo", "x", "test.Shaped", b"\x81\xa5parts\x92\x81\xa5count\x01\x81\xa5count\xa3two")
    assert peer.connection is not None
    peers._write(peer, peer.connection)
    two.sim.settle()
    (letter,) = two.far.runtime.dead_letters.last
    assert letter.reason == "bad_payload"
    assert letter.detail == "Expected `int`, got `str` - at `$.parts[1].count`"
    assert two.ask(two.echo, Ping(1)) == Pong(1)


def test_a_right_shape_arrives() -> None:
    two = Two(remote=True)
    recorder = Recorder()
    two.spawn(recorder, "recorder", far=True)
    two.tell(PID("recorder", two.echo.address), Shaped((Part(1), Part(2))))
    assert [message for message, _ in recorder.got] == [Shaped((Part(1), Part(2)))]
