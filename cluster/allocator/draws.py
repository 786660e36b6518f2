"""Chance in a round: the order agents are visited in, of entries that are cut, of clients that are drawn.

Every order is asked for by its use, so that a test can answer by the place it is used in; the answers here
are drawn one by one, as far as somebody looks, from one stream.

Source: reference allocator.md §2 (random sorter), §4 (shuffles, shrink).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from math import log1p
from typing import Protocol, TypeVar

from cluster.allocator.agents import Agent
from cluster.model import Resources

T = TypeVar("T")

MOST_IN_VAIN = 16
"""Draws in a row that give nothing new, before those that are in the way are left out."""
MOST_WITHOUT = 8
"""Sets of names in the way that are remembered."""


class Source(Protocol):
    """Where chance comes from."""

    def random(self) -> float:
        """A float in [0, 1)."""


class Chances:
    """Names that are drawn, each with the probability to come first."""

    __slots__ = ("_bounds", "_without", "names", "probabilities")

    def __init__(self, probabilities: Mapping[str, Fraction]) -> None:
        self.probabilities = probabilities
        self.names = list(probabilities)
        self._bounds = list(accumulate(float(p) for p in probabilities.values()))
        self._without: dict[frozenset[str], Chances] = {}

    def draw(self, source: Source) -> str:
        """One of the names; drawn again it may be the same."""
        bounds = self._bounds
        return self.names[min(bisect_right(bounds, source.random() * bounds[-1]), len(bounds) - 1)]

    def without(self, names: frozenset[str]) -> Chances:
        """Those of the others; the same few names are in the way time and again."""
        found = self._without.get(names)
        if found is None:
            others = {name: p for name, p in self.probabilities.items() if name not in names}
            if len(self._without) >= MOST_WITHOUT:
                self._without.clear()
            found = self._without[names] = Chances(others)
        return found

    def shuffled(self, names: Iterable[str], source: Source) -> list[str]:
        """Some of the names in the order in which they would be drawn.

        Each waits for a time that is exponential, shorter for a heavier one. Source: Efraimidis and Spirakis,
        "Weighted random sampling with a reservoir", 2006.
        """
        probabilities, random = self.probabilities, source.random
        waits = [(-log1p(-random()) / float(probabilities[name]), name) for name in names]
        waits.sort()
        return [name for _, name in waits]


class Draws(Protocol):
    """The random orders of a round; stage 1 is for guarantees, 2 the fair share."""

    def agents(self, stage: int, agents: list[Agent]) -> Iterator[Agent]:
        """Order in which agents are visited. The list is used up."""

    def entries(
        self, stage: int, agent: str, role: str, framework: str, use: str, entries: list[Resources]
    ) -> list[Resources]:
        """Order in which the single entries of an offer are cut to a `limit`, `guarantee` or `headroom`."""

    def roles(
        self, stage: int, agent: str, chances: Chances, among: Sequence[str] | None = None
    ) -> Iterable[str]:
        """Weighted random order of the roles for an agent; of those `among` if not of all."""

    def frameworks(self, stage: int, agent: str, role: str, frameworks: Sequence[str]) -> Iterator[str]:
        """Random order of the frameworks of a role for an agent."""


class RandomDraws:
    """Draws from a stream of random numbers."""

    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    def agents(self, stage: int, agents: list[Agent]) -> Iterator[Agent]:
        """See `Draws`."""
        return _shuffled(agents, self._source)

    def entries(
        self, stage: int, agent: str, role: str, framework: str, use: str, entries: list[Resources]
    ) -> list[Resources]:
        """See `Draws`."""
        return list(_shuffled(entries, self._source))

    def roles(
        self, stage: int, agent: str, chances: Chances, among: Sequence[str] | None = None
    ) -> Iterable[str]:
        """See `Draws`."""
        return self._drawn(chances) if among is None else chances.shuffled(among, self._source)

    def _drawn(self, chances: Chances) -> Iterator[str]:
        """The first few are drawn until a new one comes; the rest is put in order at once."""
        source, drawn, left, in_vain = self._source, dict[str, None](), chances, 0
        while len(drawn) * 2 < len(chances.names):
            name = left.draw(source)
            if name not in drawn:
                drawn[name], in_vain = None, 0
                yield name
            else:
                in_vain += 1
                if in_vain == MOST_IN_VAIN:  # some weigh far more than all others
                    left, in_vain = chances.without(frozenset(drawn)), 0
        yield from chances.shuffled((name for name in chances.names if name not in drawn), source)

    def frameworks(self, stage: int, agent: str, role: str, frameworks: Sequence[str]) -> Iterator[str]:
        """See `Draws`. Nearly always the first one takes all."""
        first = frameworks[int(self._source.random() * len(frameworks))]
        yield first
        yield from _shuffled([name for name in frameworks if name != first], self._source)


def _shuffled(items: list[T], source: Source) -> Iterator[T]:
    """The items in random order, drawn as they are needed: a round in slices shuffles in slices."""
    random = source.random
    pop = items.pop  # what is through is let go of: the garbage collector visits all that is in a new list
    while items:
        place = int(random() * len(items))
        item = items[place]
        items[place] = items[-1]
        pop()
        yield item
