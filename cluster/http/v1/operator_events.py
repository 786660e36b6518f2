"""The event stream of operators: one actor watches the master for all subscribers.

A subscriber gets a picture of the whole state, then what happens. The picture is taken in many short
steps; what happens meanwhile is held back, and told afterwards unless the picture shows it already, see
:mod:`cluster.http.v1.held_back`. Subscribers that come together share one picture; those that come while one
is taken share the next. Each event is encoded once for each form, and its bytes are shared by all.

A subscriber that falls behind by more than `BEHIND_BYTES` is cut off.

Source: reference http-endpoints.md §8 (event stream), master.md §12.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from actors import PID, Actor, handles
from cluster.http.v1 import operator_views as views
from cluster.http.v1 import recordio
from cluster.http.v1.assemble import Pieces
from cluster.http.v1.event_stream import EventStream
from cluster.http.v1.held_back import HeldBack
from cluster.http.v1.operator_state import EVERYTHING, StatePicture, Type
from cluster.master import watching
from cluster.master.reading import OpenWalk, Page, ReadOn, Walk, WalkOpened
from cluster.v1.codec import Codec
from cluster.v1.master import Event

log = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
#: What may wait for one subscriber beside its picture.
BEHIND_BYTES = 16 << 20
#: What may happen while a picture is taken.
HELD_EVENTS = 100_000

#: All that the master tells.
Transition = (
    watching.TaskAdded
    | watching.TaskUpdated
    | watching.AgentAdded
    | watching.AgentUpdated
    | watching.AgentRemoved
    | watching.FrameworkAdded
    | watching.FrameworkUpdated
    | watching.FrameworkRemoved
)


@dataclass(frozen=True, slots=True, eq=False)
class Subscriber:
    """One client and the form it reads."""

    stream: EventStream
    codec: Codec


@dataclass(frozen=True, slots=True)
class Join:
    """A client subscribes."""

    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class Leave:
    """A client is gone."""

    subscriber: Subscriber


@dataclass(frozen=True, slots=True)
class PageDue:
    """Time for the next page of the picture."""


class Told:
    """An event, encoded once for each form in which somebody reads it."""

    __slots__ = ("_event", "_framed")

    def __init__(self, event: Event) -> None:
        self._event = event
        self._framed: dict[str, bytes] = {}

    def framed(self, codec: Codec) -> bytes:
        """The record with its length before it."""
        framed = self._framed.get(codec.content_type)
        if framed is None:
            framed = self._framed[codec.content_type] = recordio.encode(codec.encode(self._event))
        return framed


class OperatorEvents(Actor):
    """Tells all subscribers what happens. `most`: subscribers at once; one more closes the oldest."""

    def __init__(self, master: PID, most: int) -> None:
        self._master = master
        self._most = most
        self._all: dict[Subscriber, None] = {}  # oldest first
        self._waiting: list[Subscriber] = []  # for a picture
        self._served: list[Subscriber] = []  # the picture is taken for these
        self._live: dict[Subscriber, None] = {}
        self._pictures: dict[str, StatePicture] = {}
        self._walk: Walk | None = None
        self._held: HeldBack[Told] = HeldBack()

    def initialize(self) -> None:
        self.metrics.gauge("master/operator_event_stream_subscribers", lambda: len(self._all))

    def finalize(self) -> None:
        for subscriber in list(self._all):
            subscriber.stream.end()

    # -- coming and going ---------------------------------------------------------------------

    @handles
    def on_join(self, sender: PID, message: Join) -> None:
        if not message.subscriber.stream.is_open:
            return
        if not self._all:
            self.send(self._master, watching.Watch())
        while len(self._all) >= self._most:
            oldest = next(iter(self._all))
            log.warning("closing the oldest event stream: there are %d", len(self._all))
            self._drop(oldest)
            oldest.stream.end()
        self._all[message.subscriber] = None
        self._waiting.append(message.subscriber)
        if not self._served:
            self._begin()

    @handles
    def on_leave(self, sender: PID, message: Leave) -> None:
        if message.subscriber in self._all:
            self._drop(message.subscriber)
            if not self._all:
                self.send(self._master, watching.Unwatch())

    def _drop(self, subscriber: Subscriber) -> None:
        del self._all[subscriber]
        self._live.pop(subscriber, None)
        if subscriber in self._waiting:
            self._waiting.remove(subscriber)

    # -- the picture --------------------------------------------------------------------------

    def _begin(self) -> None:
        """Take a picture for all who wait."""
        self._served, self._waiting = self._waiting, []
        self.send(self._master, OpenWalk(EVERYTHING))

    @handles
    def on_walk_opened(self, sender: PID, message: WalkOpened) -> None:
        self._walk = message.walk
        self._held = HeldBack()
        codecs = {subscriber.codec.content_type: subscriber.codec for subscriber in self._served}
        self._pictures = {name: StatePicture(codec, (Type.GET_STATE,)) for name, codec in codecs.items()}
        self._read_on()

    def _read_on(self) -> None:
        """Have the event loop do what waits, then ask for a page: a message would come back at once."""
        self.delay(0.0, PageDue())

    @handles
    def on_page_due(self, sender: PID, message: PageDue) -> None:
        if self._walk is not None:
            self.send(self._master, ReadOn(self._walk))

    @handles
    def on_page(self, sender: PID, message: Page) -> None:
        if self._walk is None:
            return
        self._held.met(message.rows)
        for picture in self._pictures.values():
            picture.add(message.rows)
        if message.is_last:
            self._show()
        elif len(self._held) > HELD_EVENTS:
            self._give_up()
        else:
            self._read_on()

    def _show(self) -> None:
        """The picture is complete: send it, and what happened since."""
        opening = {name: _framed(picture.subscribed(HEARTBEAT_S)) for name, picture in self._pictures.items()}
        for subscriber in self._served:
            if subscriber in self._all:
                self._open(subscriber, opening[subscriber.codec.content_type])
        self._end_walk()

    def _open(self, subscriber: Subscriber, opening: Pieces) -> None:
        stream, codec = subscriber.stream, subscriber.codec
        heartbeat = codec.encode(Event(type=Event.Type.HEARTBEAT))
        stream.open_with(opening)
        stream.write(heartbeat)
        for told in self._held.events():
            stream.write_framed(told.framed(codec))
        stream.heartbeat_every(HEARTBEAT_S, heartbeat)
        self._live[subscriber] = None

    def _give_up(self) -> None:
        log.warning("closing event streams: more than %d events during one picture", HELD_EVENTS)
        for subscriber in self._served:
            subscriber.stream.end()
        self._end_walk()

    def _end_walk(self) -> None:
        self._walk = None
        self._served, self._pictures, self._held = [], {}, HeldBack()
        if self._waiting:
            self._begin()

    # -- what happens -------------------------------------------------------------------------

    @handles
    def on_transition(self, sender: PID, message: Transition) -> None:
        event = views.event(message)
        if event is None:
            return
        told = Told(event)
        if self._walk is not None:
            self._held.hold(message, told)
        for subscriber in list(self._live):
            subscriber.stream.write_framed(told.framed(subscriber.codec))


def _framed(record: Pieces) -> Pieces:
    return [b"%d\n" % sum(map(len, record)), *record]
