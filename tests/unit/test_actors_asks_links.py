"""Ask and link: the same for actors of one process and of two.

Most tests run twice: with both actors on one host, and on two hosts over the virtual network.
"""

import asyncio

import pytest

from actors import (
    NOWHERE,
    PID,
    Actor,
    ActorGone,
    AskTimeout,
    LoopClock,
    Rng,
    Runtime,
    handles,
)
from actors.tcp import TcpTransport
from tests.actors_kit import (
    Echo,
    Forward,
    Note,
    Ping,
    Pong,
    Recorder,
    Stop,
    Two,
    Unheard,
    dead_letters,
)
from tests.limits import LIMIT_S

# -- ask --------------------------------------------------------------------------------------


def test_ask_returns_the_first_answer(two: Two) -> None:
    assert two.ask(two.echo, Ping(3)) == Pong(3)
    assert not two.near.runtime._asks


def test_ask_times_out(two: Two) -> None:
    before = two.sim.clock.now()
    with pytest.raises(AskTimeout, match="within 2 s"):
        two.ask(two.echo, Unheard(), 2.0)
    assert 2.0 <= (two.sim.clock.now() - before) / 1e9 <= 2.02
    assert not two.near.runtime._asks


def test_ask_of_nobody_fails_at_once(two: Two) -> None:
    before = two.sim.clock.now()
    with pytest.raises(ActorGone):
        two.ask(PID("nobody", two.echo.address), Ping())
    assert two.sim.clock.now() - before < 100_000_000


def test_ask_of_an_actor_that_ends_meanwhile_fails_at_once(two: Two) -> None:
    two.ask(two.echo, Ping())
    two.near.runtime.send(two.echo, Stop())
    before = two.sim.clock.now()
    with pytest.raises(ActorGone):
        two.ask(two.echo, Ping())
    assert two.sim.clock.now() - before < 100_000_000


def test_a_late_answer_is_a_dead_letter(two: Two) -> None:
    class Slow(Actor):
        @handles
        def on_ping(self, sender: PID, message: Ping) -> None:
            self.asker = sender
            self.delay(3.0, Note(1))

        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            self.send(self.asker, Pong())

    slow = two.spawn(Slow(), "slow", far=True)
    with pytest.raises(AskTimeout):
        two.ask(slow, Ping(), 1.0)
    two.sim.advance(5.0)
    assert dead_letters(two.near) == [("no_such_actor", "test.Pong")]
    assert two.ask(two.echo, Ping(1)) == Pong(1)


async def test_ask_as_a_coroutine_answers_fails_and_can_be_cancelled() -> None:
    runtime = Runtime(clock=LoopClock(), rng=Rng(1), transport=TcpTransport(), address=NOWHERE)
    echo = runtime.spawn(Echo(), "echo")
    async with asyncio.timeout(LIMIT_S):
        assert await runtime.ask(echo, Ping(2)) == Pong(2)
        with pytest.raises(ActorGone):
            await runtime.ask(PID("nobody", NOWHERE), Ping())
        with pytest.raises(AskTimeout):
            await runtime.ask(echo, Unheard(), 0.01)
        waiting = asyncio.create_task(runtime.ask(echo, Unheard()))
        asyncio.get_running_loop().call_soon(waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert not runtime._asks
    runtime.shutdown()


class Holder(Actor):
    """Keeps who asked, for an answer at a moment of the test's choice."""

    asker: PID | None = None

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        self.asker = sender


async def test_an_answer_to_a_question_just_cancelled_harms_nobody() -> None:
    failures: list[BaseException] = []
    runtime = Runtime(
        clock=LoopClock(),
        rng=Rng(1),
        transport=TcpTransport(),
        address=NOWHERE,
        on_failure=lambda pid, error: failures.append(error),
    )
    holder = Holder()
    waiting = asyncio.create_task(runtime.ask(runtime.spawn(holder, "holder"), Ping()))
    gone = asyncio.create_task(runtime.ask(PID("nobody", NOWHERE), Ping()))

    def cancel_then_answer() -> None:
        waiting.cancel()
        gone.cancel()
        assert holder.asker is not None
        holder.send(holder.asker, Pong())  # before the cancelled one has woken up

    asyncio.get_running_loop().call_soon(cancel_then_answer)
    for task in (waiting, gone):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert failures == []
    runtime.shutdown()


async def test_shutdown_fails_open_questions() -> None:
    runtime = Runtime(clock=LoopClock(), rng=Rng(1), transport=TcpTransport(), address=NOWHERE)
    echo = runtime.spawn(Echo(), "echo")
    waiting = asyncio.create_task(runtime.ask(echo, Unheard()))
    asyncio.get_running_loop().call_soon(runtime.shutdown)
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(ActorGone):
            await waiting


# -- links ------------------------------------------------------------------------------------


def test_a_link_tells_of_the_end(two: Two) -> None:
    recorder = Recorder(link_to=two.echo)
    two.spawn(recorder, "recorder")
    two.sim.settle()
    assert recorder.exits == []
    two.tell(two.echo, Stop())
    assert recorder.exits == [(two.echo, "terminated")]
    assert not two.near.runtime._links
    assert not two.near.runtime._links


def test_a_link_to_nobody_tells_so(two: Two) -> None:
    nobody = PID("nobody", two.echo.address)
    recorder = Recorder(link_to=nobody)
    two.spawn(recorder, "recorder")
    two.sim.settle()
    assert recorder.exits == [(nobody, "no such actor")]


def test_a_link_tells_each_watcher_once(two: Two) -> None:
    recorders = [Recorder(link_to=two.echo) for _ in range(3)]
    for n, recorder in enumerate(recorders):
        recorder_pid = two.spawn(recorder, f"r{n}")
        two.near.runtime.link(recorder_pid, two.echo)
    two.sim.settle()
    two.tell(two.echo, Stop())
    assert [len(recorder.exits) for recorder in recorders] == [1, 1, 1]


def test_an_unlinked_actor_is_not_told(two: Two) -> None:
    recorder = Recorder(link_to=two.echo)
    two.spawn(recorder, "recorder")
    two.sim.settle()
    recorder.unlink(two.echo)
    two.tell(two.echo, Stop())
    assert recorder.exits == []
    assert not two.near.runtime._links


def test_a_watcher_that_ended_leaves_nothing_behind(two: Two) -> None:
    pid = two.spawn(Recorder(link_to=two.echo), "recorder")
    two.sim.settle()
    two.near.runtime.terminate(pid)
    assert not two.near.runtime._links
    assert not two.near.runtime._links
    assert not two.near.runtime._links
    two.tell(two.echo, Stop())
    assert dead_letters(two.near) == []


def test_what_was_sent_before_the_end_arrives_before_the_exit(two: Two) -> None:
    class Ordered(Recorder):
        @handles
        def on_note(self, sender: PID, message: Note) -> None:
            self.got.append((message, sender))
            assert not self.exits

    class Last(Actor):
        @handles
        def on_forward(self, sender: PID, message: Forward) -> None:
            for n in range(300):
                self.send(message.to, Note(n))
            self.terminate()

    last = two.spawn(Last(), "last", far=True)
    recorder = Ordered(link_to=last)
    pid = two.spawn(recorder, "recorder")
    two.sim.settle()
    two.tell(last, Forward(pid))
    assert recorder.numbers == list(range(300))
    assert len(recorder.exits) == 1
