"""Reading the master page by page, with a pause for everybody else after each."""

from __future__ import annotations

from collections.abc import AsyncIterator

from actors import PID, Runtime
from cluster.http.shared import let_others
from cluster.master.reading import Head, OpenWalk, Page, ReadOn, Row, Wanted, WantedTasks

#: How long the master may take for one page.
ANSWER_S = 10.0


class MasterWalk:
    """A reading of one master: `head`, then `pages()`."""

    def __init__(self, runtime: Runtime, master: PID) -> None:
        self._runtime = runtime
        self._master = master

    async def begin(self, wanted: Wanted | WantedTasks) -> tuple[Head, AsyncIterator[tuple[Row, ...]]]:
        """What the master says of itself, and its rows.

        Raises:
            ActorGone, AskTimeout: the master is not there.
        """
        opened = await self._runtime.ask(self._master, OpenWalk(wanted), ANSWER_S)
        await let_others()
        return opened.head, self._pages(ReadOn(opened.walk))

    async def _pages(self, read_on: ReadOn) -> AsyncIterator[tuple[Row, ...]]:
        while True:
            page: Page = await self._runtime.ask(self._master, read_on, ANSWER_S)
            yield page.rows
            if page.is_last:
                return
            await let_others()
