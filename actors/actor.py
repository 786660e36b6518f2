"""Actors: state that only its own handlers touch, changed one message at a time.

Contract of a handler: it is a plain ``def``; it runs to its end before the next message is looked
at; it never blocks. What takes time is started with :meth:`Actor.background` or asked of another
actor, and comes back as a message. An exception in a handler ends the actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

from actors.pid import PID

if TYPE_CHECKING:
    from actors.clock import Clock, Timer
    from actors.metrics import Metrics
    from actors.rng import Rng
    from actors.runtime import Runtime

Handler = Callable[[PID, Any], None]
H = TypeVar("H", bound=Callable[..., None])
T = TypeVar("T")

_MARK = "__handles__"


def handles(handler: H) -> H:
    """Mark a method as the handler of the message type its last parameter is annotated with.

    ::

        @handles
        def on_ping(self, sender: PID, message: Ping) -> None:
            self.send(sender, Pong(message.n))
    """
    setattr(handler, _MARK, True)
    return handler


def _message_types(handler: Callable[..., None]) -> tuple[type, ...]:
    """The message types a handler is declared for: one, or the members of a union."""
    hints = get_type_hints(handler)
    hints.pop("return", None)
    if len(hints) != 2:
        raise TypeError(f"{handler.__qualname__}: a handler takes (self, sender: PID, message: SomeType)")
    declared = list(hints.values())[1]
    members = getattr(declared, "__args__", None)
    return tuple(members) if members and not isinstance(declared, type) else (declared,)


class Mail:
    """One actor's mailbox and bookkeeping; made when the first message arrives.

    An idle actor has none, which is what keeps it small.
    """

    __slots__ = ("actor", "entries", "limit", "queue", "queued")

    def __init__(self, actor: Actor, limit: int) -> None:
        self.actor = actor
        #: How many messages may wait; 0 once the actor has ended, so that no more are put in.
        self.limit = limit
        #: (sender, message, time of arrival in ns of the runtime's turn)
        self.queue: deque[tuple[PID, object, int]] = deque()
        #: message type -> [bound handler, how many were handled]
        self.entries: dict[type, list[Any]] = {}
        self.queued = False


class Actor:
    """Base of all actors. Subclasses declare handlers with :func:`handles`.

    The constructor takes values and interfaces only; the actor can send from :meth:`initialize` on.
    """

    __slots__ = ("__dict__", "__weakref__", "_alive", "_last_mail", "_last_to", "_mail", "_runtime", "pid")

    #: Handlers of this class by message type, inherited ones included.
    handlers: ClassVar[dict[type, str]] = {}
    #: Reads offered over HTTP: path below ``/<actor name>`` -> message type that is asked for it.
    routes: ClassVar[dict[str, type]] = {}

    pid: PID
    _runtime: Runtime
    _mail: Mail | None
    _alive: bool
    _last_to: PID | None
    _last_mail: Mail  # of `_last_to`

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = dict(cls.handlers)
        for name, member in vars(cls).items():
            if getattr(member, _MARK, False):
                for message_type in _message_types(member):
                    table[message_type] = name
        cls.handlers = table

    # -- life ---------------------------------------------------------------------------------

    def initialize(self) -> None:
        """Called once, before the first message."""

    def finalize(self) -> None:
        """Called once, after the last message. ``send`` still works."""

    def on_exited(self, pid: PID, reason: str) -> None:
        """A linked actor ended, or the connection to its process broke."""

    # -- what an actor can do -----------------------------------------------------------------

    def send(self, to: PID, message: object) -> None:
        """Send ``message``: at most once, in order with everything sent to ``to`` before."""
        # Most messages go where the last one went; looking its mailbox up takes longer than the rest.
        if to is self._last_to:
            mail = self._last_mail
            queue = mail.queue
            if len(queue) < mail.limit:
                runtime = self._runtime
                queue.append((self.pid, message, runtime.turn_ns))
                if not mail.queued:
                    runtime.make_ready(mail)
                return
        runtime = self._runtime
        if to.address == runtime.address:
            runtime.send_from(self, to, message)
        else:
            runtime.peers.send(self.pid.name, to, message)

    def go_on(self, rest: object) -> None:
        """Handle ``rest`` next, before all that waits: what a handler leaves of long work.

        Other actors and the event loop get their turns in between, the own messages stay where they are.
        """
        self._runtime.put_first(self, rest)

    def link(self, pid: PID) -> None:
        """Have :meth:`on_exited` called when ``pid`` ends or its process cannot be reached."""
        self._runtime.link(self.pid, pid)

    def unlink(self, pid: PID) -> None:
        """Take a link back."""
        self._runtime.unlink(self.pid, pid)

    def delay(self, delay_s: float, message: object) -> Timer:
        """Send ``message`` to this actor after ``delay_s`` seconds, unless cancelled or ended."""
        return self._runtime.delay(self, delay_s, message)

    def spawn(self, actor: Actor, name: str) -> PID:
        """Start another actor in this runtime."""
        return self._runtime.spawn(actor, name)

    def terminate(self) -> None:
        """End this actor; messages that wait become dead letters."""
        self._runtime.terminate(self.pid)

    def background(
        self,
        work: Coroutine[Any, Any, T],
        then: Callable[[T], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Run a coroutine beside the actor; its result, or failure, comes as a message to self."""
        self._runtime.background(self, work, then, failed)

    def is_same(self, one: PID, other: PID) -> bool:
        """Whether two PIDs are of the same actor: a process can be known under several addresses."""
        if one == other:
            return True
        return one.name == other.name and self._runtime.peers.is_same_process(one.address, other.address)

    # -- what an actor can read ---------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        """The clock of the runtime."""
        return self._runtime.clock

    @property
    def turn_ns(self) -> int:
        """When the present turn of the runtime began: several messages are handled in one."""
        return self._runtime.turn_ns

    @property
    def metrics(self) -> Metrics:
        """The counters and gauges of the process."""
        return self._runtime.metrics

    def handled(self, message_type: type) -> int:
        """How many messages of a type this actor has dealt with."""
        entry = self._mail.entries.get(message_type) if self._mail is not None else None
        return int(entry[1]) if entry is not None else 0

    def waiting(self) -> int:
        """How many messages wait for this actor."""
        return len(self._mail.queue) if self._mail is not None else 0

    def waiting_types(self) -> Iterator[type]:
        """The types of the messages that wait for this actor, the oldest first."""
        return (type(message) for _, message, _ in (self._mail.queue if self._mail is not None else ()))

    def rng(self) -> Rng:
        """The random stream of this actor's name; call once and keep it."""
        return self._runtime.rng.child(self.pid.name)
