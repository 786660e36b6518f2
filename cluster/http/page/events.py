"""`GET /page/events`: what happens, for the web page, as server-sent events that can be resumed.

The web page shows parts of lists, so it does not want the whole state that operators get with SUBSCRIBE:
it loads what it shows, and hears what changes. Each event has an id; a browser that lost its connection
sends the last one it had (`Last-Event-ID`, or `?after=`) and gets what it missed. If that is too long ago,
or the master was restarted, it gets the event `reset` and has to load what it shows anew.

    event: change          data: {"type": "task_updated", "framework_id": ..., "task_id": ..., "state": ...}
    event: reset           data: {}
    event: alive           data: {}, without an id, every 15 s: who hears nothing is cut off

Types: task_added {task}, task_updated {framework_id, task_id, agent_id, state, status_state, at_s, reason,
message, healthy}, agent_added and agent_updated {agent}, agent_removed {agent_id, why}, framework_added and
framework_updated {framework}, framework_removed {framework_id}. `task`, `agent` and `framework` are as in
:mod:`cluster.http.page.lists`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from aiohttp import web

from actors import PID, Actor, Runtime, handles
from cluster.http.answers import encode_json
from cluster.http.page import lists as views
from cluster.http.router import Endpoint
from cluster.http.v1.event_stream import EventStream
from cluster.http.v1.operator_events import Transition
from cluster.master import watching
from cluster.master.reading import ACTIVE

NAME = "page-events"
CONTENT_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
ALIVE = b"event: alive\ndata: {}\n\n"
#: What is kept for those who resume.
KEPT_EVENTS, KEPT_BYTES = 10_000, 8 << 20
#: How long it is kept when nobody listens.
IDLE_S = 120.0
#: What may wait for one listener, and how many there may be.
BEHIND_BYTES = 16 << 20
MOST_LISTENERS = 1000


@dataclass(frozen=True, slots=True)
class Listen:
    """A client wants what happened after the event `after`."""

    stream: EventStream
    after: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """A client is gone."""

    stream: EventStream


@dataclass(frozen=True, slots=True)
class BeatDue:
    """Time for a sign of life."""


class EventLog:
    """The last events with their ids: `epoch` and a number that grows by one."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._last = 0
        self._events: deque[bytes] = deque()
        self._bytes = 0

    def add(self, data: bytes) -> bytes:
        """One more; as it is sent."""
        self._last += 1
        event = b"id: %b\nevent: change\ndata: %b\n\n" % (self._id(), data)
        self._events.append(event)
        self._bytes += len(event)
        while len(self._events) > KEPT_EVENTS or self._bytes > KEPT_BYTES:
            self._bytes -= len(self._events.popleft())
        return event

    def after(self, event_id: str | None) -> list[bytes]:
        """What to send to one who had that event last, or none."""
        number = self._number(event_id)
        missed = self._last - number if number is not None else -1
        if 0 <= missed <= len(self._events):
            return list(islice(self._events, len(self._events) - missed, None))
        return [b"id: %b\nevent: reset\ndata: {}\n\n" % self._id()]

    def _id(self) -> bytes:
        return f"{self._epoch}-{self._last}".encode()

    def _number(self, event_id: str | None) -> int | None:
        epoch, _, number = (event_id or "").rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit() and len(number) < 18):
            return None
        return int(number)


class PageEvents(Actor):
    """Watches the master for all listeners, and for a while after the last one left."""

    def __init__(self, master: PID) -> None:
        self._master = master
        self._streams: dict[EventStream, None] = {}
        self._log: EventLog | None = None  # kept while the master is watched
        self._idle_s = 0.0

    def initialize(self) -> None:
        self._rng = self.rng()
        self.metrics.gauge("http/page_listeners", lambda: len(self._streams))

    def finalize(self) -> None:
        for stream in list(self._streams):
            stream.end()

    @handles
    def on_listen(self, sender: PID, message: Listen) -> None:
        stream = message.stream
        if not stream.is_open:
            return
        while len(self._streams) >= MOST_LISTENERS:
            oldest = next(iter(self._streams))
            del self._streams[oldest]
            oldest.end()
        if self._log is None:
            self._log = EventLog(str(self._rng.uuid()))
            self.send(self._master, watching.Watch())
            self.delay(HEARTBEAT_S, BeatDue())
        self._streams[stream] = None
        for event in self._log.after(message.after):
            stream.write_framed(event)

    @handles
    def on_leave(self, sender: PID, message: Leave) -> None:
        self._streams.pop(message.stream, None)

    @handles
    def on_beat_due(self, sender: PID, message: BeatDue) -> None:
        self._idle_s = 0.0 if self._streams else self._idle_s + HEARTBEAT_S
        if self._idle_s >= IDLE_S:
            self._log = None
            self.send(self._master, watching.Unwatch())
            return
        for stream in list(self._streams):
            stream.write_framed(ALIVE)
        self.delay(HEARTBEAT_S, message)

    @handles
    def on_transition(self, sender: PID, message: Transition) -> None:
        if self._log is None:
            return
        event = self._log.add(encode_json(change(message)))
        for stream in list(self._streams):
            stream.write_framed(event)


def change(transition: watching.Transition) -> Mapping[str, object]:
    """What the page is told of a transition."""
    match transition:
        case watching.TaskAdded(task):
            return {"type": "task_added", "task": views.task_view(task, ACTIVE)}
        case watching.TaskUpdated(framework_id, status, state):
            return {
                "type": "task_updated",
                "framework_id": framework_id,
                "task_id": status.task_id.value,
                "agent_id": status.agent_id.value if status.agent_id is not None else None,
                "state": state.value,
                "status_state": status.state.value,
                "at_s": status.timestamp,
                "reason": status.reason.value if status.reason is not None else None,
                "message": status.message,
                "healthy": status.healthy,
            }
        case watching.AgentAdded(row):
            return {"type": "agent_added", "agent": views.agent_view(row)}
        case watching.AgentUpdated(row):
            return {"type": "agent_updated", "agent": views.agent_view(row)}
        case watching.AgentRemoved(agent_id, why):
            return {"type": "agent_removed", "agent_id": agent_id, "why": why.name.lower()}
        case watching.FrameworkAdded(row):
            return {"type": "framework_added", "framework": views.framework_view(row)}
        case watching.FrameworkUpdated(row):
            return {"type": "framework_updated", "framework": views.framework_view(row)}
        case watching.FrameworkRemoved(info):
            framework_id = info.id.value if info.id is not None else ""
            return {"type": "framework_removed", "framework_id": framework_id}


def page_events(runtime: Runtime, master: PID) -> dict[str, Endpoint]:
    """The endpoint by path."""
    events = runtime.spawn(PageEvents(master), NAME)

    async def listen(request: web.BaseRequest) -> web.StreamResponse:
        def left(reason: str) -> None:
            if events in runtime.local:  # not when the process ends
                runtime.send(events, Leave(stream))

        stream = EventStream(runtime, left, BEHIND_BYTES)
        after = request.headers.get("Last-Event-ID") or request.rel_url.query.get("after")
        runtime.send(events, Listen(stream, after))
        return await stream.serve(request, CONTENT_TYPE, {"X-Accel-Buffering": "no"})

    return {"page/events": Endpoint(listen, frozenset({"GET"}))}
