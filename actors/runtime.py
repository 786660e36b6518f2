"""One per process: holds the actors, runs their handlers, delivers messages.

Everything happens on one thread, in *turns*. A turn hands waiting messages to handlers, actor by
actor in the order in which they became ready, until none is left or the turn's budget is used up;
then what was written for other processes is flushed, and the event loop gets its say.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from actors.actor import Actor, Handler, Mail
from actors.asks import Asks, Told, Waiting
from actors.clock import NANOS, Clock, Timer
from actors.codec import MAX_NAME_CHARACTERS, Limits
from actors.deadletters import DeadLetters
from actors.errors import NameTaken
from actors.links import Links
from actors.message import BY_CLASS, name_of
from actors.metrics import Metrics
from actors.peers import Peers
from actors.pid import NOWHERE, PID, make_pid
from actors.rng import Rng
from actors.transport import Stream, Transport

if TYPE_CHECKING:
    from actors.connection import Connection

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Messages handled in one turn, all actors together, before the event loop is let in.
TURN_MESSAGES = 1024
#: Messages one actor handles before the next ready one gets its share.
SHARE_MESSAGES = 128
#: How long a turn takes before the event loop is let in, and how many messages go by (a power of two)
#: between two looks at the clock: handlers differ, and a thousand heavy ones would take a second.
TURN_NS = 5_000_000
LOOK_MESSAGES = 16
#: After so much work somebody may want to tidy up.
BUSY_NS = 5_000_000
#: Turns run at once for questions from outside before one goes through the event loop.
HASTY_TURNS = 64


class Exited:
    """Private message that carries ``on_exited`` through the mailbox, behind what came before."""

    __slots__ = ("pid", "reason")

    def __init__(self, pid: PID, reason: str) -> None:
        self.pid = pid
        self.reason = reason


class Later:
    """A delayed message to self: delivered only if the actor lives when it is due."""

    __slots__ = ("_actor", "_message", "_timer")

    def __init__(self, actor: Actor, delay_s: float, message: object) -> None:
        self._actor = actor
        self._message = message
        self._timer = actor._runtime.clock.call_later(delay_s, self._due)

    def _due(self) -> None:
        actor = self._actor
        if actor._alive:
            actor._runtime.notify(actor, actor.pid, self._message)

    def cancel(self) -> None:
        self._timer.cancel()


@dataclass(frozen=True, slots=True)
class ActorView:
    """What can be seen of one actor from outside.

    ``oldest_s`` is the age of the message waiting longest, 0 with an empty mailbox; ``handled``
    counts messages by type.
    """

    name: str
    kind: str
    queue_length: int
    oldest_s: float
    handled: dict[str, int]


class Runtime:
    """The actors of one process.

    Time, chance and network are given from outside. ``on_failure`` is the process policy: it is
    told of every actor that ended by an exception, after its links were. ``run_beside`` runs a
    coroutine and returns what cancels it; by default the event loop does.
    """

    #: Slots, because every message reads some of these.
    __slots__ = (
        "_asks",
        "_beside",
        "_busy_ns",
        "_hasty",
        "_links",
        "_on_failure",
        "_outside",
        "_ready",
        "_run_beside",
        "_until_ns",
        "_waits",
        "address",
        "answered",
        "asked_nobody",
        "by_name",
        "clock",
        "dead_letters",
        "limits",
        "local",
        "mailbox_limit",
        "metrics",
        "on_busy",
        "peers",
        "rng",
        "scheduled",
        "turn_ns",
        "turning",
    )

    def __init__(
        self,
        *,
        clock: Clock,
        rng: Rng,
        transport: Transport,
        limits: Limits | None = None,
        address: str = NOWHERE,
        advertised: str = "",
        on_failure: Callable[[PID, BaseException], None] | None = None,
        run_beside: Callable[[Coroutine[Any, Any, None]], Callable[[], object]] | None = None,
    ) -> None:
        self.clock = clock
        self.rng = rng
        self.limits = limits or Limits()
        self.address = advertised or address
        self.metrics = Metrics()
        self.dead_letters = DeadLetters(self.metrics)
        #: All local actors by PID; the fast path of ``send`` looks here first.
        self.local: dict[PID, Actor] = {}
        self.by_name: dict[str, Actor] = {}
        self.mailbox_limit = self.limits.mailbox_messages
        self.turn_ns = clock.now()
        self._until_ns = 0
        self._ready: deque[Mail] = deque()
        self.turning = False
        self.scheduled = False
        self._links = Links()
        self._waits: dict[PID, list[Callable[[], None]]] = {}
        self._asks = Asks(clock)
        self.answered = self._asks.answered
        self.asked_nobody = self._asks.nobody
        self._hasty = 0
        self._busy_ns = 0
        #: Called between turns, whenever they took `BUSY_NS` altogether since the last time.
        self.on_busy: Callable[[], None] | None = None
        self._outside = PID("", self.address)
        self._on_failure = on_failure
        self._run_beside = run_beside or self._run_on_loop
        self._beside: dict[Coroutine[Any, Any, None], Callable[[], object]] = {}  # how to cancel it
        self.peers = Peers(self, transport, advertised or ("" if address == NOWHERE else address))
        self.metrics.gauge("actors/count", lambda: len(self.by_name))

    # -- life of actors -----------------------------------------------------------------------

    def spawn(self, actor: Actor, name: str) -> PID:
        """Start ``actor`` under ``name``; its ``initialize`` has run when this returns.

        Raises:
            NameTaken: another actor has that name.
            ValueError: the name is empty, too long, or begins with ``?`` as those of askers do.
        """
        if not 0 < len(name) <= MAX_NAME_CHARACTERS or name[0] == "?":
            raise ValueError(f"{name[:300]!r} cannot be the name of an actor")
        if name in self.by_name:
            raise NameTaken(name)
        pid = PID(name, self.address)
        actor.pid = pid
        actor._runtime = self
        actor._mail = actor._last_to = None
        actor._alive = True
        self.by_name[name] = actor
        self.local[pid] = actor
        # Most actors need no start; the check saves them a call.
        if type(actor).initialize is not Actor.initialize:
            try:
                actor.initialize()
            except Exception as error:
                self._failed(actor, error)
        return pid

    def terminate(self, pid: PID, reason: str = "terminated") -> None:
        """End an actor; waiting messages become dead letters, links and waiters are told."""
        actor = self.local.get(pid)
        if actor is not None:
            self._end(actor, reason)

    async def wait(self, pid: PID) -> None:
        """Return when the local actor ``pid`` has ended (at once if there is none)."""
        if pid in self.local:
            ended = asyncio.Event()
            self._waits.setdefault(pid, []).append(ended.set)
            await ended.wait()

    def _end(self, actor: Actor, reason: str) -> None:
        if not actor._alive:
            return
        actor._alive = False
        del self.local[actor.pid], self.by_name[actor.pid.name]
        mail, actor._mail = actor._mail, None
        if mail is not None:
            mail.limit = 0
            waiting = list(mail.queue)
            mail.queue.clear()  # this queue, not a new one: a turn may be taking messages from it
            for sender, message, _ in waiting:
                self.dead_letters.add("terminated", sender, actor.pid, name_of(message))
                self._tell_asker(sender, actor.pid)
        try:
            actor.finalize()
        except Exception:
            log.exception("finalize of %s failed", actor.pid)
        self._tell_exited(actor.pid, reason)
        self._links.remove_watcher(actor.pid)
        for waiter in self._waits.pop(actor.pid, ()):
            waiter()

    def _tell_asker(self, sender: PID, asked: PID) -> None:
        """Nobody will answer; if ``sender`` is an asker, it need not wait for its time-out."""
        if sender.name.startswith("?"):
            if sender.address == self.address:
                self.asked_nobody(sender.name, asked)
            else:
                self.peers.tell_asker(sender, asked.name)

    def _failed(self, actor: Actor, error: BaseException) -> None:
        log.error("actor %s failed and is ended", actor.pid, exc_info=error)
        self.metrics.count("actors/failed")
        self._end(actor, f"failed: {type(error).__name__}: {error}")
        if self._on_failure is not None:
            self._on_failure(actor.pid, error)

    # -- links --------------------------------------------------------------------------------

    def link(self, watcher: PID, watched: PID) -> None:
        """Have ``watcher`` told when ``watched`` ends."""
        watchers = self._links.add(watcher, watched)
        if watched.address == self.address:
            if watchers and watched not in self.local:
                self._tell_exited(watched, "no such actor")
        elif watchers == 1:
            self.peers.link(watched)

    def unlink(self, watcher: PID, watched: PID) -> None:
        """Take a link back."""
        self._links.remove(watcher, watched)

    def links_to(self, address: str) -> list[PID]:
        """The actors at ``address`` that somebody here has a link to."""
        return self._links.at(address)

    def exited(self, pid: PID, reason: str) -> None:
        """An actor ended or is out of reach: tell those who linked to it here."""
        for watcher in self._links.take(pid):
            target = self.local.get(watcher)
            if target is not None:
                self.notify(target, pid, Exited(pid, reason))

    def lost(self, address: str, reason: str) -> None:
        """A process cannot be reached (any more): links and questions are told."""
        for pid in self._links.at(address):
            self.exited(pid, reason)
        self._asks.lost(address)

    def _tell_exited(self, pid: PID, reason: str) -> None:
        self.exited(pid, reason)
        self.peers.tell_exited(pid.name, reason)

    # -- delivery -----------------------------------------------------------------------------

    def send(self, to: PID, message: object, sender: PID | None = None) -> None:
        """Send from outside of actors."""
        sender = sender or self._outside
        self.read_clock()
        target = self.local.get(to)
        if target is not None:
            self._put(target, sender, message)
        else:
            self.deliver_elsewhere(sender, to, message)

    def _put(self, target: Actor, sender: PID, message: object) -> None:
        mail = target._mail or self.first_mail(target)
        if len(mail.queue) >= mail.limit:
            self.refuse(sender, target.pid, message)
            return
        mail.queue.append((sender, message, self.turn_ns))
        if not mail.queued:
            self.make_ready(mail)

    def hand_over(self, actor: Actor, sender: PID, message: object) -> None:
        """Deliver what arrived from another process during a turn.

        If nothing waits before it and the actor is not in a handler it is handled at once: going through
        the mailbox would have the same outcome, later.
        """
        mail = actor._mail or self.first_mail(actor)
        if mail.queued:
            if len(mail.queue) < mail.limit:
                mail.queue.append((sender, message, self.turn_ns))
            else:
                self.refuse(sender, actor.pid, message)
            return
        mail.queued = True
        entry = mail.entries.get(type(message)) or self._entry(actor, mail, type(message))
        entry[1] += 1
        try:
            entry[0](sender, message)
        except Exception as error:
            self._failed(actor, error)
        if mail.queue:
            self._ready.append(mail)
        else:
            mail.queued = False

    def notify(self, target: Actor, sender: PID, message: object) -> None:
        """Put a message in a mailbox however full.

        For what the actor caused itself and will wait for: exits of what it linked to, its timers,
        the outcome of its background work.
        """
        mail = target._mail or self.first_mail(target)
        mail.queue.append((sender, message, self.turn_ns))
        if not mail.queued:
            self.make_ready(mail)

    def put_first(self, actor: Actor, message: object) -> None:
        """Put a message of an actor to itself before those in its mailbox, however full."""
        if actor._alive:
            mail = actor._mail or self.first_mail(actor)
            mail.queue.appendleft((actor.pid, message, self.turn_ns))
            if not mail.queued:
                self.make_ready(mail)

    def send_from(self, actor: Actor, to: PID, message: object) -> None:
        """Send from an actor to a local one to whom it did not send last, or whose mailbox is full."""
        target = self.local.get(to)
        if target is None:
            self.deliver_elsewhere(actor.pid, to, message)
        else:
            self._put(target, actor.pid, message)
            if target._mail is not None:
                actor._last_to, actor._last_mail = to, target._mail

    def first_mail(self, actor: Actor) -> Mail:
        """The first message for ``actor`` is here: make its mailbox."""
        mail = actor._mail = Mail(actor, self.mailbox_limit)
        return mail

    def make_ready(self, mail: Mail) -> None:
        """Line an actor up for a turn."""
        mail.queued = True
        self._ready.append(mail)
        if not self.turning and not self.scheduled:
            self.schedule_turn()

    def read_clock(self) -> None:
        """Something comes in between turns: stamp it with the time it is now."""
        if not self.turning:
            self.turn_ns = self.clock.now()

    def schedule_turn(self) -> None:
        """Have a turn run soon."""
        if not self.scheduled:
            self.scheduled = self.peers.gathers = True
            self.clock.call_soon(self._scheduled_turn)

    def deliver_elsewhere(self, sender: PID, to: PID, message: object) -> None:
        """Deliver to whoever is not a living local actor: an asker, a peer, or nobody."""
        if to.address != self.address:
            self.peers.send(sender.name, to, message)
        elif not self.answered(to.name, message) and to.name:
            self.dead_letters.add("no_such_actor", sender, to, name_of(message))
            self._tell_asker(sender, to)

    def refuse(self, sender: PID, to: PID, message: object) -> None:
        """A mailbox is full."""
        self.dead_letters.add("mailbox_full", sender, to, name_of(message))

    def delay(self, actor: Actor, delay_s: float, message: object) -> Timer:
        """Send ``message`` to ``actor`` after ``delay_s`` seconds if it lives then."""
        return Later(actor, delay_s, message)

    # -- turns --------------------------------------------------------------------------------

    def _scheduled_turn(self) -> None:
        self.scheduled = False
        self._hasty = 0
        self.turn()

    def turn(self, arrived: Connection | None = None) -> None:
        """Run one turn; called by the loop, or at once when bytes ``arrived`` or a question is asked."""
        if self.turning:
            if arrived is not None and arrived.read_slice():
                arrived.wait_for_turn()
            return
        peers = self.peers
        self.turning = peers.gathers = True
        try:
            self.turn_ns = self.clock.now()
            self._until_ns = self.turn_ns + TURN_NS
            if arrived is not None:
                if arrived.read_slice():
                    arrived.wait_for_turn()
            elif peers.backlog:
                peers.read_backlog()
            ready = self._ready
            budget = TURN_MESSAGES
            now_ns = self.turn_ns if arrived is None else self.clock.now()
            while ready and budget > 0:
                mail = ready.popleft()
                budget -= self._serve(mail)
                if mail.queue:
                    ready.append(mail)
                else:
                    mail.queued = False
                now_ns = self.clock.now()
                if now_ns >= self._until_ns:
                    break
            self._busy_ns += now_ns - self.turn_ns
            if peers.dirty:
                peers.flush()
        finally:
            self.turning = False
            peers.gathers = self.scheduled
        if ready or peers.backlog:
            self.schedule_turn()
        if self._busy_ns >= BUSY_NS:
            self._busy_ns = 0
            if self.on_busy is not None:
                self.on_busy()

    def _serve(self, mail: Mail) -> int:
        """Hand an actor its share of messages; how many it took.

        What it sends itself meanwhile comes next time, so that work in slices lets others in between.
        """
        actor, queue = mail.actor, mail.queue
        share = min(SHARE_MESSAGES, len(queue))
        left = before = share  # before: what was left when this run of one type began
        of_type: type | None = None
        entry: list[Any] = [None, 0]
        handler: Handler = _nobody
        try:
            while queue and left:
                sender, message, _ = queue.popleft()
                if type(message) is not of_type:  # looked up and counted once for the whole run
                    entry[1] += before - left
                    before, of_type = left, type(message)
                    entry = mail.entries.get(of_type) or self._entry(actor, mail, of_type)
                    handler = entry[0]
                left -= 1
                handler(sender, message)
                if not left & (LOOK_MESSAGES - 1) and self.clock.now() >= self._until_ns:
                    break
        except Exception as error:
            self._failed(actor, error)
        entry[1] += before - left
        return share - left

    def _entry(self, actor: Actor, mail: Mail, message_type: type) -> list[Any]:
        name = actor.handlers.get(message_type)
        if name is None:
            return [partial(self._unhandled, actor), 0]
        entry = mail.entries[message_type] = [getattr(actor, name), 0]
        return entry

    def _unhandled(self, actor: Actor, sender: PID, message: object) -> None:
        if type(message) is Exited:
            actor.on_exited(message.pid, message.reason)
        else:
            self.dead_letters.add("unhandled", sender, actor.pid, name_of(message))

    # -- questions from outside ---------------------------------------------------------------

    async def ask(self, to: PID, message: object, timeout_s: float = 5.0) -> Any:
        """Send ``message`` and wait for the first message sent back. Not for use inside actors.

        Raises:
            AskTimeout: nothing came back within ``timeout_s`` seconds, or 10 ms more.
            ActorGone: the actor does not exist, or its process cannot be reached.
        """
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        name = self._question(to, message, timeout_s, done)
        # Nothing else is going on: have the actor answer now. Now and then the event loop must get
        # its say, though, because a future that is done is not waited for.
        if self._ready and not self.turning and self._hasty < HASTY_TURNS:
            self._hasty += 1
            self.turn()
        try:
            return await done
        except asyncio.CancelledError:
            self._asks.forget(name)
            raise

    def ask_then(
        self,
        to: PID,
        message: object,
        timeout_s: float,
        answer: Callable[[Any], object],
        fail: Callable[[Exception], object],
    ) -> str:
        """As :meth:`ask`, with functions in place of a coroutine; returns the asker's name."""
        return self._question(to, message, timeout_s, Told(answer, fail))

    def _question(self, to: PID, message: object, timeout_s: float, waiting: Waiting) -> str:
        if not self.turning:
            self.turn_ns = self.clock.now()
        name = self._asks.open(to, timeout_s, waiting, self.turn_ns)
        if to.address != self.address:
            self.peers.send(name, to, message)
            return name
        asker = make_pid((name, self.address))
        target = self.local.get(to)
        if target is not None:
            self._put(target, asker, message)
        else:
            self.deliver_elsewhere(asker, to, message)
        return name

    # -- work beside actors -------------------------------------------------------------------

    def background(
        self,
        actor: Actor,
        work: Coroutine[Any, Any, T],
        then: Callable[[T], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Run ``work`` on the event loop; its outcome becomes a message to ``actor``."""

        async def run() -> None:
            try:
                message = then(await work)
            except Exception as error:
                message = failed(error)
            self._beside.pop(running, None)
            if actor._alive:
                self.read_clock()
                self.notify(actor, actor.pid, message)

        running = run()
        self._beside[running] = self._run_beside(running)

    def _run_on_loop(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        return asyncio.get_running_loop().create_task(work).cancel

    # -- seen from outside --------------------------------------------------------------------

    def view(self) -> list[ActorView]:
        """Every actor with its queue, sorted by name."""
        now = self.clock.now()
        return [self._view_of(self.by_name[name], now) for name in sorted(self.by_name)]

    def _view_of(self, actor: Actor, now: int) -> ActorView:
        mail = actor._mail
        queue = mail.queue if mail is not None else deque()
        return ActorView(
            name=actor.pid.name,
            kind=type(actor).__name__,
            queue_length=len(queue),
            oldest_s=(now - queue[0][2]) / NANOS if queue else 0.0,
            handled={_type_name(t): e[1] for t, e in mail.entries.items()} if mail is not None else {},
        )

    def shutdown(self, reason: str = "process ends") -> list[Stream]:
        """End all actors, youngest first, then close all connections; returns their streams."""
        for actor in reversed(list(self.by_name.values())):
            self._end(actor, reason)
        streams = self.peers.shutdown()
        self._asks.lost()
        for cancel in list(self._beside.values()):
            cancel()
        return streams


def _nobody(sender: PID, message: object) -> None:
    """Stands for a handler before the first message is looked at."""


def _type_name(cls: type) -> str:
    known = BY_CLASS.get(cls)
    return known.name if known is not None else cls.__qualname__
