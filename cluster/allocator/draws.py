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

LEAST = 5e-324
"""Stands for a probability too small for a float."""


class Source(Protocol):
    """Where chance comes from."""

    def random(self) -> float:
        """A float in [0, 1)."""


class Chances:
    """Names that are drawn, each with the probability to come first."""

    __slots__ = ("_bounds", "names", "probabilities")

    def __init__(self, probabilities: Mapping[str, Fraction]) -> None:
        self.probabilities = probabilities
        weights = {name: float(p) for name, p in probabilities.items()}
        #: The lightest first.
        self.names = sorted(weights, key=weights.__getitem__)
        self._bounds = list(accumulate(weights[name] for name in self.names))

    def draw(self, source: Source, lightest: int) -> str:
        """One of so many of the names, the lightest ones; drawn again it may be the same."""
        bounds = self._bounds
        place = bisect_right(bounds, source.random() * bounds[lightest - 1], 0, lightest)
        return self.names[min(place, lightest - 1)]

    def shuffled(self, names: Iterable[str], source: Source) -> list[str]:
        """Some of the names in the order in which they would be drawn.

        Each waits for a time that is exponential, shorter for a heavier one. Source: Efraimidis and Spirakis,
        "Weighted random sampling with a reservoir", 2006.
        """
        probabilities, random = self.probabilities, source.random
        waits = [(-log1p(-random()) / (float(probabilities[name]) or LEAST), name) for name in names]
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
        """The first half is drawn until a new one comes; the rest is put in order at once.

        The heaviest are in the way once they were drawn, and so they are left out from then on.
        """
        source, names = self._source, chances.names
        drawn, left = dict[str, None](), len(names)
        while len(drawn) * 2 < len(names):
            name = chances.draw(source, left)
            if name not in drawn:
                drawn[name] = None
                yield name
            else:
                while names[left - 1] in drawn:
                    left -= 1
        yield from chances.shuffled((name for name in names if name not in drawn), source)

    def frameworks(self, stage: int, agent: str, role: str, frameworks: Sequence[str]) -> Iterator[str]:
        """See `Draws`. Nearly always the first one takes all."""
        random, count = self._source.random, len(frameworks)
        first = frameworks[int(random() * count)]
        yield first
        drawn: dict[str, None] = {first: None}
        while len(drawn) * 2 < count:
            name = frameworks[int(random() * count)]
            if name not in drawn:
                drawn[name] = None
                yield name
        yield from _shuffled([name for name in frameworks if name not in drawn], self._source)


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
