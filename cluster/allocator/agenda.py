"""When agents are due to be looked at: what is put down costs the same however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

import msgspec

from cluster.allocator.agents import Agent

PAGES = 16
"""Each is tidied up on its own, so that it never takes long: 2 ms with 100,000 agents."""
NEVER = float("inf")
FEW_ENTRIES = 4
"""A page shorter than this is not worth tidying up."""


class Entry(msgspec.Struct, frozen=True, order=True, gc=False):
    """Out of the garbage collector's sight: fifty thousand new ones at once took it 20 ms."""

    due_s: float
    number: int
    """None is like another, so that agents are never compared."""
    agent: Agent


class Agenda:
    """Agents by the time (seconds) each is due next, which is its `due_s`; entries that differ are void."""

    __slots__ = ("_next_s", "_pages", "_pushed", "_tidy_at")

    def __init__(self) -> None:
        self._pages: list[list[Entry]] = [[] for _ in range(PAGES)]
        self._tidy_at = [FEW_ENTRIES + number for number in range(PAGES)]
        self._pushed = 0
        self._next_s = NEVER  # nothing is due before

    def __len__(self) -> int:
        return sum(map(len, self._pages))

    def __iter__(self) -> Iterator[tuple[float, Agent]]:
        return ((entry.due_s, entry.agent) for page in self._pages for entry in page)

    def put(self, agent: Agent, due_s: float) -> None:
        """The agent is due then, and no more at any other time."""
        agent.due_s = due_s
        self._next_s = min(self._next_s, due_s)
        self._pushed += 1
        number = self._pushed % PAGES
        page = self._pages[number]
        heappush(page, Entry(due_s, self._pushed, agent))
        if len(page) > self._tidy_at[number]:
            self._tidy(number)

    def take_due(self, now_s: float) -> Iterator[Agent | None]:
        """Agents that are due, page by page, and None for what is void; what is put down meanwhile may be
        among them.
        """
        if now_s < self._next_s:
            return
        for number in range(PAGES):
            while (page := self._pages[number]) and page[0].due_s <= now_s:
                entry = heappop(page)
                agent = entry.agent
                if agent.due_s == entry.due_s:
                    agent.due_s = NEVER
                    yield agent
                else:
                    yield None
        self._next_s = min((page[0].due_s for page in self._pages if page), default=NEVER)

    def _tidy(self, number: int) -> None:
        """Drop entries that were overtaken: agents come and go while refusals may last a year."""
        page = self._pages[number]
        # In place: a new list would be one that the garbage collector has not walked over yet.
        page[:] = [entry for entry in page if entry.agent.due_s == entry.due_s]
        heapify(page)
        # Not all at the same time: each page grows by a factor of its own.
        self._tidy_at[number] = FEW_ENTRIES + len(page) * (3 * PAGES + 2 * number) // (2 * PAGES)
