"""Chance as an argument: every random order of a round is asked for by its use, not drawn from a stream.

Two implementations that look at different agents, or ask in another order, still see the same chance, since
each order depends only on the place it is used in and on its members: leaving some out changes nothing for
the rest.

Source: reference allocator.md §2 (random sorter), §4 (shuffles, shrink); Efraimidis and Spirakis, "Weighted
random sampling with a reservoir", 2006.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from cluster.model import Resources


class Chance(Protocol):
    """The random orders of one round; `place` says where in the round."""

    def agents(self, stage: int, agent_ids: Iterable[str]) -> list[str]:
        """Order in which agents are visited in stage 1 (guarantees) or 2 (fair share)."""

    def entries(self, place: str, entries: Sequence[Resources]) -> list[Resources]:
        """Order in which the single entries of resources are cut to a target."""

    def clients(self, place: str, weights: Mapping[str, Fraction]) -> list[str]:
        """Weighted random permutation: the first is `c` with probability `weights[c]`, and so on."""


class ByName:
    """No chance at all: agents and clients by name (unless told), entries by their text."""

    def __init__(self, agents: Sequence[str] = (), clients: Sequence[str] = ()) -> None:
        """`agents` and `clients` come first, in this order; others follow by name."""
        self._agents = {name: place for place, name in enumerate(agents)}
        self._clients = {name: place for place, name in enumerate(clients)}

    def agents(self, stage: int, agent_ids: Iterable[str]) -> list[str]:
        """By name."""
        return sorted(agent_ids, key=lambda a: (self._agents.get(a, len(self._agents)), a))

    def entries(self, place: str, entries: Sequence[Resources]) -> list[Resources]:
        """By text."""
        return sorted(entries, key=str)

    def clients(self, place: str, weights: Mapping[str, Fraction]) -> list[str]:
        """By name, whatever the weights."""
        return sorted(weights, key=lambda c: (self._clients.get(c, len(self._clients)), c))


class Seeded:
    """Orders that follow from a seed, as good as random; use another seed for each round."""

    def __init__(self, seed: object) -> None:
        self._seed = str(seed)

    def agents(self, stage: int, agent_ids: Iterable[str]) -> list[str]:
        """Shuffled."""
        return sorted(agent_ids, key=lambda a: (self._draw("agent", stage, a), a))

    def entries(self, place: str, entries: Sequence[Resources]) -> list[Resources]:
        """Shuffled."""
        return sorted(entries, key=lambda e: (self._draw("entry", place, e), str(e)))

    def clients(self, place: str, weights: Mapping[str, Fraction]) -> list[str]:
        """Shuffled by weight: each waits an exponential time, heavier ones a shorter one."""
        return sorted(weights, key=lambda c: (-math.log(self._draw("client", place, c)) / weights[c], c))

    def _draw(self, *names: object) -> float:
        """A number above 0 and below 1 that belongs to these names."""
        text = "\0".join((self._seed, *map(str, names)))
        digest = hashlib.sha256(text.encode()).digest()
        return (int.from_bytes(digest[:6], "big") + 1) / ((1 << 48) + 2)
