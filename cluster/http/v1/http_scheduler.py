"""A scheduler that subscribed over HTTP, as the master sees it: an actor of its own.

It sends the master what a message-passing scheduler would send, under its own PID, and turns the
events it gets into records of the response. It decides nothing.

Source: reference scheduler-executor-api.md §2.1, §2.2.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from actors import PID, Actor, Message, Runtime, handles
from cluster.http.v1.event_stream import EventStream
from cluster.protocol import scheduler as protocol
from cluster.protocol.subscription import Closed, FrameworkUpdated
from cluster.v1 import translate_scheduler as translate
from cluster.v1.codec import Codec

log = logging.getLogger(__name__)

Event = (
    protocol.Offers
    | protocol.InverseOffers
    | protocol.Rescind
    | protocol.RescindInverseOffer
    | protocol.Update
    | protocol.UpdateOperationStatus
    | protocol.MessageFromExecutor
    | protocol.Failure
    | protocol.Heartbeat
)


class HttpScheduler(Actor):
    """One subscription, from its request to the end of its stream.

    `connected` has the present subscription of each framework by its id; this one puts itself in when
    the master accepts it.
    """

    def __init__(
        self,
        runtime: Runtime,
        master: PID,
        subscribe: protocol.Subscribe,
        codec: Codec,
        connected: dict[str, HttpScheduler],
    ) -> None:
        self.principal = subscribe.framework_info.principal
        self.stream_id = ""
        self.stream = EventStream(runtime, self._ended)
        self._owner = runtime
        self._master = master
        self._subscribe = subscribe
        self._codec = codec
        self._connected = connected
        self._framework_id = ""
        self._updates: deque[asyncio.Future[FrameworkUpdated | None]] = deque()

    def initialize(self) -> None:
        self.stream_id = str(self.rng().uuid())
        self.send(self._master, self._subscribe)

    def finalize(self) -> None:
        if self._connected.get(self._framework_id) is self:
            del self._connected[self._framework_id]
        for update in self._updates:
            _settle(update, None)
        self.stream.end()

    # -- for the endpoint ---------------------------------------------------------------------

    def call(self, message: object) -> None:
        """Pass a call on to the master. TEARDOWN is the last one, and ends the stream."""
        self._owner.send(self._master, message, self.pid)
        if isinstance(message, protocol.Teardown):
            self._leave("the framework was torn down")

    async def update(self, message: protocol.UpdateFramework) -> FrameworkUpdated | None:
        """Pass UPDATE_FRAMEWORK on; the master's answer, or None if the subscription ended before."""
        answer: asyncio.Future[FrameworkUpdated | None] = asyncio.get_running_loop().create_future()
        self._updates.append(answer)
        self.call(message)
        return await answer

    def _ended(self, reason: str) -> None:
        """The stream is over: for the master, this scheduler has disconnected."""
        self._leave(reason)

    def _leave(self, reason: str) -> None:
        self._owner.terminate(self.pid, reason)

    # -- from the master ----------------------------------------------------------------------

    def _write(self, event: Message) -> None:
        self.stream.write(self._codec.encode(translate.event_of(event)))

    @handles
    def on_subscribed(self, sender: PID, message: protocol.Subscribed) -> None:
        if sender == self._master:
            self._framework_id = message.framework_id.value
            self._connected[self._framework_id] = self
            self._write(message)

    @handles
    def on_event(self, sender: PID, message: Event) -> None:
        if sender == self._master:
            self._write(message)

    @handles
    def on_error(self, sender: PID, message: protocol.Error) -> None:
        if sender == self._master:
            self._write(message)
            self._leave(message.message)

    @handles
    def on_closed(self, sender: PID, message: Closed) -> None:
        if sender == self._master:
            self._leave("the master closed the subscription")

    @handles
    def on_framework_updated(self, sender: PID, message: FrameworkUpdated) -> None:
        if sender == self._master and self._updates:
            _settle(self._updates.popleft(), message)


def _settle(update: asyncio.Future[FrameworkUpdated | None], answer: FrameworkUpdated | None) -> None:
    if not update.done():  # its client may have left
        update.set_result(answer)
