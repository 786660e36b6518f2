"""A framework without a will of its own: it holds what it is offered and notes what it is told.

For code on the same event loop (`cluster.scheduler.attach`) that awaits what happens and then acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from cluster.scheduler import Framework, Offer, Update


class FrameworkFailed(Exception):
    """Raised when a framework lost its master, or was refused; the text says why."""


class Observed(Framework):
    """Its offers are held; `until_…` wait for what the cluster says."""

    failover_timeout_s = 0.0

    def on_start(self) -> None:
        self._changed = asyncio.Event()
        self._fault = ""
        self._offers: list[Offer] = []
        self._updates: list[Update] = []
        self._is_subscribed = False

    def on_subscribed(self, again: bool) -> None:
        self._is_subscribed = True
        self._changed.set()

    def on_offers(self, offers: list[Offer]) -> None:
        for offer in offers:
            offer.hold()
        self._offers += offers
        self._changed.set()

    def on_rescinded(self, offer: Offer) -> None:
        if offer in self._offers:
            self._offers.remove(offer)

    def on_update(self, update: Update) -> None:
        self._updates.append(update)
        self._changed.set()

    def on_error(self, message: str) -> None:
        self._fail(message)

    def on_disconnected(self, reason: str) -> None:
        self._fail(f"the master is lost: {reason}")

    def _fail(self, fault: str) -> None:
        self._fault = fault
        self._changed.set()

    async def _change(self) -> None:
        """Wait until something happens.

        Raises:
            FrameworkFailed: it is over.
        """
        if self._fault:
            raise FrameworkFailed(f"framework {self.name}: {self._fault}")
        self._changed.clear()
        await self._changed.wait()

    async def until_subscribed(self) -> None:
        """Wait until the master took us."""
        while not self._is_subscribed:
            await self._change()

    async def until_offered(self) -> Offer:
        """Wait for the next offer, and take it."""
        while not self._offers:
            await self._change()
        return self._offers.pop(0)

    async def until_running(self, task_id: str) -> Update:
        """Wait until a task runs; an update that it is over will do, too."""
        return await self._until(task_id, over=False)

    async def until_over(self, task_ids: Iterable[str]) -> list[Update]:
        """Wait until tasks are over; the last update of each."""
        return [await self._until(task_id, over=True) for task_id in task_ids]

    async def _until(self, task_id: str, *, over: bool) -> Update:
        while True:
            for update in self._updates:
                is_it = update.is_terminal or (not over and update.state.value == "TASK_RUNNING")
                if update.task_id == task_id and is_it:
                    return update
            await self._change()
