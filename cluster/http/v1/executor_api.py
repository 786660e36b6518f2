"""The executor API of the agent: `POST /api/v1/executor`.

A subscription becomes an actor of this process, which speaks for the executor to the agent and writes
what the agent tells it to the executor's stream. Other calls are asked of the agent one by one. Here
calls are only translated; what the agent makes of them is its own affair.

Source: reference scheduler-executor-api.md §1 and §6. Executors are not authenticated.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping

from aiohttp import web

from actors import PID, Actor, Message, Runtime, handles
from cluster.agent.http_calls import HttpCall, Refusal
from cluster.agent.http_calls import Refused as AgentRefused
from cluster.http.router import Endpoint
from cluster.http.v1.callers import Authenticate, Caller, anybody
from cluster.http.v1.event_stream import EventStream
from cluster.http.v1.gate import Gate
from cluster.http.v1.negotiate import Refused, answer_codec, call_in
from cluster.protocol import executor as protocol
from cluster.v1 import translate_executor as translate
from cluster.v1.codec import Codec
from cluster.v1.executor import Call

log = logging.getLogger(__name__)

#: How long the agent may take to say what it makes of a call.
ANSWER_S = 10.0
#: Between two heartbeats to an executor; the first comes after as long.
HEARTBEAT_S = 1800.0

_STATUS: Mapping[Refusal, int] = {
    Refusal.RECOVERING: 503,
    Refusal.UNKNOWN_FRAMEWORK: 400,
    Refusal.UNKNOWN_EXECUTOR: 400,
    Refusal.NOT_SUBSCRIBED: 403,
}


class ExecutorApi:
    """The executor API of one agent, which lives in this process."""

    def __init__(self, runtime: Runtime, agent: PID, authenticate: Authenticate = anybody) -> None:
        self._runtime = runtime
        self._agent = agent
        self._gate = Gate(runtime, authenticate, self._ready)
        self._numbers = itertools.count(1)
        #: The actor of the present subscription by framework and executor.
        self._subscribed: dict[tuple[str, str], PID] = {}
        runtime.metrics.gauge("http/executors", lambda: len(self._subscribed))

    def table(self) -> dict[str, Endpoint]:
        """The endpoints by path."""
        return {"api/v1/executor": Endpoint(self.serve, methods=None)}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, after the checks of the reference in their order."""
        return await self._gate.open(request, self._serve)

    async def _ready(self, request: web.BaseRequest) -> web.Response | None:
        """Executors may come back as soon as there is an agent: it has read what its last run left."""
        if self._agent not in self._runtime.local:
            raise Refused(503, "The agent has not begun, or has ended")
        return None

    async def _serve(self, request: web.BaseRequest, caller: Caller) -> web.StreamResponse:
        call = await call_in(request, Call)
        translate.check_call(call)
        if call.type is Call.Type.SUBSCRIBE:
            return await self._subscribe(request, call)
        return await self._pass_on(call)

    async def _pass_on(self, call: Call) -> web.Response:
        """Give a call to the agent.

        Raises:
            Refused: the agent does not take it, or there is no such call.
        """
        if call.type is not Call.Type.HEARTBEAT:  # which may come under any name
            message = translate.message_of(call)
            assert message is None or isinstance(message, protocol.Update | protocol.MessageToScheduler)
            await self._ask(HttpCall(call.framework_id, call.executor_id, message))
            if message is None:
                raise Refused(501, f"type: calls of type {call.type} do not exist")
        return web.Response(status=202)

    async def _ask(self, asked: HttpCall) -> None:
        """Have the agent take a call, or say that a subscription may be made.

        Raises:
            Refused: it does not.
        """
        answer = await self._runtime.ask(self._agent, asked, ANSWER_S)
        if isinstance(answer, AgentRefused):
            raise Refused(_STATUS[answer.why], answer.words)

    # -- subscriptions ------------------------------------------------------------------------

    async def _subscribe(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        codec = answer_codec(request.headers.get("Accept"))
        message = translate.message_of(call)
        assert isinstance(message, protocol.Subscribe)
        await self._ask(HttpCall(call.framework_id, call.executor_id, is_subscription=True))
        key = (message.framework_id.value, message.executor_id.value)
        pid = PID(f"http-executor-{next(self._numbers)}", self._runtime.address)

        def ended(reason: str) -> None:
            log.info("the stream of executor %s of %s ended: %s", key[1], key[0], reason)
            self._runtime.terminate(pid, reason)
            if self._subscribed.get(key) == pid:
                del self._subscribed[key]

        stream = EventStream(self._runtime, ended)
        subscriber = Subscriber(self._agent, message, stream, codec, lambda: self._take_over(key, pid))
        self._runtime.spawn(subscriber, pid.name)
        return await stream.serve(request, codec.content_type)

    def _take_over(self, key: tuple[str, str], pid: PID) -> None:
        """The agent took a subscription: that before it ends without a word."""
        before = self._subscribed.get(key)
        self._subscribed[key] = pid
        if before is not None:
            self._runtime.terminate(before, "the executor subscribed anew")


Event = (
    protocol.Launch
    | protocol.LaunchGroup
    | protocol.Kill
    | protocol.Acknowledged
    | protocol.MessageFromScheduler
)


class Subscriber(Actor):
    """What the agent takes for the executor. `accepted` is called with the first event.

    It ends its stream when it ends, and is to be ended when the stream is.
    """

    def __init__(
        self,
        agent: PID,
        call: protocol.Subscribe,
        stream: EventStream,
        codec: Codec,
        accepted: Callable[[], None],
    ) -> None:
        self._agent = agent
        self._call = call
        self._stream = stream
        self._codec = codec
        self._accepted = accepted
        self._is_subscribed = False

    def initialize(self) -> None:
        self.link(self._agent)
        self.send(self._agent, self._call)

    @handles
    def on_subscribed(self, sender: PID, message: protocol.Subscribed) -> None:
        """The agent took the subscription."""
        if sender == self._agent:
            self._is_subscribed = True
            self._accepted()
            self._write(message)
            self._stream.heartbeat_every(HEARTBEAT_S, self._codec.encode(translate.HEARTBEAT))

    @handles
    def on_event(self, sender: PID, message: Event) -> None:
        """An event as it is."""
        if sender == self._agent:
            self._write(message)

    @handles
    def on_shutdown(self, sender: PID, message: protocol.Shutdown) -> None:
        """The executor must end; one whose subscription was not taken hears no more."""
        if sender == self._agent:
            self._write(message)
            if not self._is_subscribed:
                self._stream.end()

    @handles
    def on_error(self, sender: PID, message: protocol.Error) -> None:
        """The subscription is refused for good."""
        if sender == self._agent:
            self._write(message)
            self._stream.end()

    def _write(self, event: Message) -> None:
        self._stream.write(self._codec.encode(translate.event_of(event)))

    def on_exited(self, pid: PID, reason: str) -> None:
        """The agent ended."""
        self.terminate()

    def finalize(self) -> None:
        self._stream.end()
