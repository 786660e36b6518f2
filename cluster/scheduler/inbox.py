"""The queue between the thread of the connection and the thread of the user's code."""

from __future__ import annotations

from collections import deque
from threading import Condition

import msgspec

from cluster.protocol import scheduler as v1
from cluster.scheduler.events import CallDue, Disconnected, Event, FilePart, Started, Stopped

#: Events that may wait for a busy user.
MAX_EVENTS = 10_000

#: Rare or bounded by what the user asked for, and never sent twice: taken even when full.
_ALWAYS = (Started, Stopped, Disconnected, CallDue, FilePart, v1.Subscribed, v1.Error, v1.Rescind)


class Inbox:
    """Events in order, up to a limit; offers rescinded while they wait are never seen."""

    def __init__(self, limit: int = MAX_EVENTS) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._offered: set[str] = set()  # offers that wait
        self._rescinded: set[str] = set()  # those of them that are void
        self._changed = Condition()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> bool:
        """Add an event; False when too many wait and the event is one that may be refused."""
        with self._changed:
            if isinstance(event, v1.Rescind) and event.offer_id.value in self._offered:
                self._rescinded.add(event.offer_id.value)
                return True
            if len(self._events) >= self._limit and not isinstance(event, _ALWAYS):
                return False
            if isinstance(event, v1.Offers):
                self._offered.update(offer.id.value for offer in event.offers)
            self._events.append(event)
            self._changed.notify()
            return True

    def get(self) -> Event:
        """Wait for the next event and take it out."""
        with self._changed:
            while True:
                while not self._events:
                    self._changed.wait()
                event = self._events.popleft()
                if not isinstance(event, v1.Offers):
                    return event
                if offers := self._still_valid(event):
                    return offers

    def _still_valid(self, event: v1.Offers) -> v1.Offers | None:
        ids = {offer.id.value for offer in event.offers}
        self._offered -= ids
        void = ids & self._rescinded
        if not void:
            return event
        self._rescinded -= void
        offers = tuple(offer for offer in event.offers if offer.id.value not in void)
        return msgspec.structs.replace(event, offers=offers) if offers else None

    def drop_all(self) -> None:
        """Forget what waits, except that the end was reached."""
        with self._changed:
            ends = [event for event in self._events if isinstance(event, Stopped)]
            self._events = deque(ends)
            self._offered.clear()
            self._rescinded.clear()
