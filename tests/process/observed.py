"""A framework that launches what a test gives it and remembers all it was told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from cluster.model import TaskStatus
from cluster.scheduler import Framework, Handle, Offer, Update

#: Offers that are not used are not wanted again until something is to be launched.
LONG_S = 3600.0


class Observed(Framework):
    """Handlers run on a thread of their own; what they are told is kept on the loop's thread."""

    refuse_s = LONG_S
    failover_timeout_s = 0.0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.handle: Handle | None = None
        self.offers: list[Offer] = []
        self.rescinded: list[Offer] = []
        self.updates: list[Update] = []
        self.messages: list[tuple[str, str, bytes]] = []
        self.failures: list[tuple[str, str | None, int | None]] = []
        self.errors: list[str] = []
        self.subscriptions: list[bool] = []
        self.disconnections: list[str] = []
        self._events: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._touch: Callable[[], None] = lambda: None
        self._queue: deque[dict[str, Any]] = deque()  # of the handlers' thread

    def watched_by(self, loop: asyncio.AbstractEventLoop, touch: Callable[[], None]) -> None:
        """Keep events on this loop's thread and call `touch` after each."""
        self._loop, self._touch = loop, touch

    # -- what tests do ------------------------------------------------------------------------

    def launch(
        self, command: Any = None, *, task_id: str, cpus: float = 0.1, mem: float = 32, **more: Any
    ) -> str:
        """Launch a task on the next offer it fits."""
        queued = dict(command=command, task_id=task_id, cpus=cpus, mem=mem, **more)

        def add() -> None:
            self._queue.append(queued)
            for offer in list(self.session.offers.values()):
                self.use(offer)
            self.revive()

        self.do(add)
        return task_id

    def do(self, call: Callable[[], object]) -> None:
        """Run a call as a handler would."""
        assert self.handle is not None
        self.handle.call(call)

    # -- what tests look at -------------------------------------------------------------------

    def statuses(self, task_id: str) -> list[TaskStatus]:
        """What was said of a task, in order."""
        return [update.status for update in self.updates if update.task_id == task_id]

    def states(self, task_id: str) -> list[str]:
        """The states of a task, without ``TASK_``."""
        return [status.state.value.removeprefix("TASK_") for status in self.statuses(task_id)]

    def is_in(self, state: str, *task_ids: str) -> bool:
        """Whether the last known state of each of the tasks is this one."""
        return all(self.states(task_id)[-1:] == [state] for task_id in task_ids)

    def last(self, task_id: str) -> Update:
        """The latest update of a task."""
        return [update for update in self.updates if update.task_id == task_id][-1]

    def story(self) -> list[str]:
        """All events in words."""
        return self._events

    # -- handlers -----------------------------------------------------------------------------

    def _keep(self, kind: str, kept: list[Any], what: Any) -> None:
        def keep() -> None:
            self._events.append(f"{kind}: {what}")
            kept.append(what)
            self._touch()

        assert self._loop is not None
        self._loop.call_soon_threadsafe(keep)

    def on_subscribed(self, again: bool) -> None:
        self._keep("subscribed, again", self.subscriptions, again)

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            self._keep("offer", self.offers, offer)
            self.use(offer)

    def use(self, offer: Offer) -> None:
        """Launch what waits and fits."""
        for _ in range(len(self._queue)):
            wanted = self._queue.popleft()
            needs = {key: wanted[key] for key in ("cpus", "mem", "ports", "executor") if wanted.get(key)}
            if offer.fits(**needs):
                offer.launch(**wanted)
            else:
                self._queue.append(wanted)

    def on_rescinded(self, offer: Offer) -> None:
        self._keep("rescinded", self.rescinded, offer)

    def on_update(self, update: Update) -> None:
        self._keep("update", self.updates, update)

    def on_message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self._keep("message", self.messages, (agent_id, executor_id, data))

    def on_failure(self, agent_id: str, executor_id: str | None, status: int | None) -> None:
        self._keep("failure", self.failures, (agent_id, executor_id, status))

    def on_error(self, message: str) -> None:
        self._keep("error", self.errors, message)

    def on_disconnected(self, reason: str) -> None:
        self._keep("disconnected", self.disconnections, reason)


class Holding(Observed):
    """Keeps the offers that it does not use."""

    def use(self, offer: Offer) -> None:
        offer.hold()
        super().use(offer)
