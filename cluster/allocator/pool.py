"""The cluster total that shares are measured against: one object for all sorters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from cluster.model import Quantities, Resources


def scalar_quantities(resources: Resources) -> Quantities:
    """Amounts that count towards shares: scalars only, a port range is no resource to be fair about."""
    return resources.scalars().quantities()


class Crowd(Protocol):
    """An order of many clients."""

    def settling(self) -> Iterator[None]:
        """Put all in order, a step at a time."""


class Pool:
    """Scalar quantities of all agents in thousandths, reserved and revocable ones included.

    Sorters compare `version` with the one they sorted by, so that an agent joining costs the same with one
    role as with ten thousand.
    """

    def __init__(self, excluded: frozenset[str] = frozenset()) -> None:
        """`excluded` names resources that do not count towards a share."""
        self._excluded = excluded
        self.totals: dict[str, int] = {}
        #: The totals that shares are measured against.
        self.weighed: dict[str, int] = {}
        self.version = 0
        #: Orders that take long to be repaired at once.
        self.crowded: dict[Crowd, None] = {}

    def settling(self) -> Iterator[None]:
        """Repair those, a step at a time; no event may come in between."""
        for crowd in self.crowded:
            yield from crowd.settling()

    def add(self, scalars: Iterable[tuple[str, int]]) -> None:
        """An agent's resources join the cluster."""
        for name, milli in scalars:
            self._set(name, self.totals.get(name, 0) + milli)

    def remove(self, scalars: Iterable[tuple[str, int]]) -> None:
        """An agent's resources leave the cluster."""
        for name, milli in scalars:
            self._set(name, self.totals[name] - milli)

    def _set(self, name: str, milli: int) -> None:
        assert milli >= 0, f"the cluster loses more {name} than it has"
        self.version += 1
        for totals in (self.totals,) if name in self._excluded else (self.totals, self.weighed):
            if milli:
                totals[name] = milli
            else:
                totals.pop(name, None)

    def share(self, totals: Mapping[str, int], over: int = 1, under: int = 1) -> float:
        """Dominant share of what is held, divided by the weight `over / under`.

        By one division of integers, so that equal shares give equal floats.
        """
        share = 0.0
        weighed = self.weighed
        for name, milli in totals.items():
            total = weighed.get(name)
            if total is not None and (mine := milli * under / (total * over)) > share:
                share = mine
        return share
