"""The user's side of a connection: calls the handlers of a framework, one event at a time.

It runs wherever the user's code runs. What the framework wants becomes calls, which are posted to
the connection. An exception of a handler is logged and changes nothing else: launches made before
it stand, offers it did not use are declined, an update it was given is acknowledged.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cluster.model import (
    Filters,
    OfferID,
    Operation,
)
from cluster.model import (
    Offer as OfferInfo,
)
from cluster.protocol import scheduler as v1
from cluster.protocol.files import FileData, ReadFile
from cluster.scheduler.events import (
    UNSET,
    CallDue,
    CallLater,
    Disconnected,
    Event,
    FilePart,
    Post,
    ReadPart,
    Started,
    Stop,
    Stopped,
)
from cluster.scheduler.files import agent_address, is_end
from cluster.scheduler.offers import Offer
from cluster.scheduler.updates import Update

if TYPE_CHECKING:
    from cluster.scheduler.framework import Framework

log = logging.getLogger(__name__)

#: Agents whose address is remembered.
MAX_AGENTS = 100_000
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


class Later:
    """A call that was put off."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call

    def cancel(self) -> None:
        """Take the call back; harmless when it already ran."""
        self._call = None

    def __call__(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Session:
    """Everything between one framework object and its connection."""

    def __init__(self, framework: Framework, post: Post) -> None:
        self.framework = framework
        self.post = post
        self.offers: dict[str, Offer] = {}  # shown to the user, usable still
        self.is_stopping = False
        self.exit_code: int | None = None
        self._unsettled: dict[Offer, None] = {}
        self._stop: Stop | None = None
        self._in_handler = False
        self._was_subscribed = False
        self._agents: dict[str, str] = {}
        self._token = ""
        self._task_count = 0
        framework.adopt(self)

    # -- events -------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Deal with one event.

        Raises:
            Exception: what `on_start` raised; a framework that cannot start is not run.
        """
        if isinstance(event, Stopped):
            self.is_stopping = True
            self.exit_code = event.exit_code
        elif not self.is_stopping:
            self._in_handler = True
            try:
                self._handle(event)
            finally:
                self._in_handler = False
                self._settle()
            if self._stop is not None:
                self.stop_now(self._stop)

    def _handle(self, event: Event) -> None:
        framework = self.framework
        match event:
            case Started():
                self._token = event.token
                framework.on_start()
            case v1.Subscribed():
                self._on_subscribed(event)
            case v1.Offers():
                self._on_offers(event.offers)
            case v1.Rescind():
                self._on_rescind(event.offer_id.value)
            case v1.Update():
                self._on_update(Update(event.status))
            case v1.UpdateOperationStatus():
                self._run(framework.on_operation, event.status)
            case v1.MessageFromExecutor():
                self._run(framework.on_message, event.agent_id.value, event.executor_id.value, event.data)
            case v1.Failure():
                executor_id = None if event.executor_id is None else event.executor_id.value
                self._run(framework.on_failure, event.agent_id.value, executor_id, event.status)
            case v1.Error():
                self._run(framework.on_error, event.message)
            case Disconnected():
                self._run(framework.on_disconnected, event.reason)
            case CallDue():
                self._run(event.call)
            case FilePart():
                self._run(event.call, event.data)
            case Stopped():
                raise AssertionError("dealt with in handle")

    def _run(self, handler: Callable[..., object], *arguments: object) -> None:
        """Call the user's code; what it raises ends here."""
        try:
            handler(*arguments)
        except Exception:
            log.exception("%s of framework %s raised", _name_of(handler), self.framework.name)

    def _on_subscribed(self, event: v1.Subscribed) -> None:
        self.framework.framework_id = event.framework_id.value
        self.framework.master_info = event.master_info
        again, self._was_subscribed = self._was_subscribed, True
        self._run(self.framework.on_subscribed, again)

    def _on_offers(self, infos: Iterable[OfferInfo]) -> None:
        offers = [Offer(info, self) for info in infos]
        for offer in offers:
            self.offers[offer.id] = offer
            self._unsettled[offer] = None
            self._remember_agent(offer.info)
        self._run(self.framework.on_offers, offers)

    def _on_rescind(self, offer_id: str) -> None:
        offer = self.offers.pop(offer_id, None)
        if offer is not None:
            offer.rescind()
            self._run(self.framework.on_rescinded, offer)

    def _on_update(self, update: Update) -> None:
        self._run(self.framework.on_update, update)
        if self.framework.acknowledge_by == "auto":
            self.acknowledge(update)

    # -- offers -------------------------------------------------------------------------------

    def touched(self, offer: Offer) -> None:
        """An offer was used: its call goes out when the present handler returns, or soon."""
        self._unsettled[offer] = None
        if not self._in_handler:
            self.call_later(0.0, lambda: None)

    def _settle(self) -> None:
        """A handler returned: send the calls for the offers it was given or used."""
        unsettled, self._unsettled = self._unsettled, {}
        declined: dict[Filters | None, list[OfferID]] = {}
        for offer in unsettled:
            call = offer.settle(self.framework.refuse_s)
            if not offer.is_usable:
                self.offers.pop(offer.id, None)
            if isinstance(call, v1.Accept):
                self.post(call)
            elif call is not None:
                declined.setdefault(call.filters, []).extend(call.offer_ids)
        for filters, offer_ids in declined.items():
            self.post(v1.Decline(framework_id=UNSET, offer_ids=tuple(offer_ids), filters=filters))

    def take(self, offers: Iterable[Offer | str]) -> tuple[OfferID, ...]:
        """Offers are answered by a call of the user's own; their ids."""
        ids: list[OfferID] = []
        for given in offers:
            offer = self.offers.get(given) if isinstance(given, str) else given
            if offer is not None:
                offer.take()
                self.offers.pop(offer.id, None)
            ids.append(OfferID(given if isinstance(given, str) else given.id))
        return tuple(ids)

    def accept(
        self, offers: Iterable[Offer | str], operations: Iterable[Operation], filters: Filters | None
    ) -> None:
        """Answer offers with operations."""
        offer_ids = self.take(offers)
        self.post(
            v1.Accept(framework_id=UNSET, offer_ids=offer_ids, operations=tuple(operations), filters=filters)
        )

    def decline(self, offers: Iterable[Offer | str], filters: Filters | None) -> None:
        """Answer offers with a no."""
        self.post(v1.Decline(framework_id=UNSET, offer_ids=self.take(offers), filters=filters))

    # -- other wishes -------------------------------------------------------------------------

    def acknowledge(self, update: Update) -> None:
        """Tell the agent that an update is dealt with."""
        status = update.status
        if status.uuid is not None and status.agent_id is not None:
            self.post(
                v1.Acknowledge(
                    framework_id=UNSET, agent_id=status.agent_id, task_id=status.task_id, uuid=status.uuid
                )
            )

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Later:
        """Have `call` run on the user's side after `delay_s` seconds."""
        later = Later(call)
        self.post(CallLater(delay_s, later))
        return later

    def stop(self, stop: Stop) -> None:
        """End; inside a handler, when it returns."""
        if self._in_handler:
            self._stop = self._stop or stop
        else:
            self.stop_now(stop)

    def stop_now(self, stop: Stop) -> None:
        """End without waiting for a handler that may be running."""
        if not self.is_stopping:
            self.is_stopping = True
            self.post(stop)

    def new_task_id(self, name: str | None) -> str:
        """An id no other task of this framework has, in this run or another."""
        self._task_count += 1
        fit = _UNFIT.sub("-", name or self.framework.name).strip(".-")[:128]
        return f"{fit or 'task'}.{self._token}.{self._task_count}"

    # -- files --------------------------------------------------------------------------------

    def _remember_agent(self, info: OfferInfo) -> None:
        if address := agent_address(info):
            self._agents[info.agent_id.value] = address
            if len(self._agents) > MAX_AGENTS:
                del self._agents[next(iter(self._agents))]

    def address_of(self, agent_id: str) -> str | None:
        """`ip:port` of an agent that made an offer in this run."""
        return self._agents.get(agent_id)

    def read_file(self, reading: Reading, agent_id: str) -> None:
        """Read a file piece by piece; the next piece is asked for when the user took the last."""
        address = self._agents.get(agent_id)
        if address is None:
            self.call_later(0.0, lambda: reading.on_end(f"the address of agent {agent_id} is not known"))
        else:
            self._read_on(reading, address)

    def _read_on(self, reading: Reading, address: str) -> None:
        asked = ReadFile(
            framework_id=self.framework.framework_id or "",
            executor_id=reading.executor_id,
            name=reading.name,
            offset=reading.offset,
        )

        def got(data: FileData) -> None:
            if data.data:
                reading.on_data(data.data)
            if is_end(asked, data):
                reading.on_end(data.fault)
            else:
                reading.offset = asked.offset + len(data.data)
                self._read_on(reading, address)

        self.post(ReadPart(address, asked, got))


class Reading:
    """A file being read: where it is, how far we are, and who takes what was read."""

    __slots__ = ("executor_id", "name", "offset", "on_data", "on_end")

    def __init__(
        self,
        executor_id: str,
        name: str,
        offset: int,
        on_data: Callable[[bytes], None],
        on_end: Callable[[str], None],
    ) -> None:
        self.executor_id = executor_id
        self.name = name
        self.offset = offset
        self.on_data = on_data
        self.on_end = on_end


def _name_of(handler: Callable[..., object]) -> str:
    return getattr(handler, "__qualname__", type(handler).__qualname__)
