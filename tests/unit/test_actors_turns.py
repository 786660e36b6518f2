"""Turns: who comes when, and what is told between them."""

from actors import (
    PID,
    Actor,
    Limits,
    handles,
)
from actors.runtime import BUSY_NS, SHARE_MESSAGES
from actors.testing import Simulation
from tests.actors_kit import (
    Note,
    Recorder,
    Two,
    dead_letters,
    listening,
)


def test_a_busy_actor_leaves_turns_to_others() -> None:
    two = Two(remote=False)
    order: list[str] = []

    class Busy(Actor):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            order.append(self.pid.name)

    first, second = two.spawn(Busy(), "first"), two.spawn(Busy(), "second")
    for _ in range(2 * SHARE_MESSAGES):
        two.near.runtime.send(first, Note(1))
    two.near.runtime.send(second, Note(1))
    two.sim.settle()
    assert order.index("second") == SHARE_MESSAGES


def test_the_rest_of_long_work_comes_before_what_waits_and_after_others_had_their_turn() -> None:
    two = Two(remote=False)
    order: list[str] = []

    class Long(Actor):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            order.append(f"{self.pid.name} {message.n}")
            if message.n % 10 and self.pid.name == "long":
                self.go_on(Note(message.n - 1))

    long, other = two.spawn(Long(), "long"), two.spawn(Long(), "other")
    two.near.runtime.send(long, Note(12))
    two.near.runtime.send(other, Note(1))
    two.near.runtime.send(other, Note(2))
    two.near.runtime.turn()
    two.near.runtime.send(long, Note(20))
    two.sim.settle()
    mine = [line for line in order if line.startswith("long")]
    assert mine == ["long 12", "long 11", "long 10", "long 20"]
    assert order.index("other 1") < order.index("long 10")


def test_the_rest_of_long_work_fits_into_a_full_mailbox_and_ends_with_its_actor() -> None:
    sim = Simulation(1)
    host = listening(sim, "10.0.0.1", Limits(mailbox_messages=2))
    got: list[int] = []

    class Long(Actor):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            got.append(message.n)
            if message.n == 3:
                self.terminate()
            if message.n < 4:
                self.go_on(Note(message.n + 1))

    pid = host.runtime.spawn(Long(), "long")
    for number in (1, 100):
        host.runtime.send(pid, Note(number))
    sim.settle()
    assert got == [1, 2, 3]
    assert dead_letters(host) == [("terminated", "test.Note")]


# -- time -------------------------------------------------------------------------------------


class Delayed(Actor):
    def __init__(self) -> None:
        self.at: list[tuple[int, int]] = []

    def initialize(self) -> None:
        self.delay(2.0, Note(2))
        self.cancelled = self.delay(1.5, Note(15))
        self.delay(1.0, Note(1))
        self.delay(0.0, Note(0))

    @handles
    def on_note(self, sender: PID, message: Note) -> None:
        self.at.append((self.clock.now(), message.n))
        self.cancelled.cancel()


def test_delayed_messages_come_when_due_unless_cancelled() -> None:
    two = Two(remote=False)
    actor = Delayed()
    start = two.sim.clock.now()
    two.spawn(actor, "delayed")
    two.sim.advance(3.0)
    assert [((at - start) // 1_000_000, n) for at, n in actor.at] == [(0, 0), (1000, 1), (2000, 2)]


def test_a_timer_of_an_ended_actor_does_not_reach_its_successor() -> None:
    two = Two(remote=False)
    first = Delayed()
    two.near.runtime.terminate(two.spawn(first, "delayed"))
    successor = Recorder()
    two.spawn(successor, "delayed")
    two.sim.advance(3.0)
    assert successor.got == []
    assert first.at == []
    assert dead_letters(two.near) == []


# -- work -------------------------------------------------------------------------------------


def test_whoever_wants_to_tidy_up_is_told_after_some_work_between_turns() -> None:
    two, told = Two(remote=False), list[bool]()
    runtime, clock = two.near.runtime, two.sim.clock

    class Working(Actor):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            clock.jump(clock.now() + BUSY_NS // 4)

    runtime.on_busy = lambda: told.append(runtime.turning)
    working = runtime.spawn(Working(), "working")
    counts = []
    for _ in range(8):
        runtime.send(working, Note(1))
        runtime.turn()
        counts.append(len(told))
    assert counts == [0, 0, 0, 1, 1, 1, 1, 2]
    assert not any(told), "during a turn"
