"""The cluster total that shares are measured against: one object for all sorters."""

from __future__ import annotations

from cluster.model import Quantities, Resources


def scalar_quantities(resources: Resources) -> Quantities:
    """Amounts that count towards shares: scalars only, a port range is no resource to be fair about."""
    return resources.scalars().quantities()


class Pool:
    """Scalar quantities of all agents in thousandths, reserved and revocable ones included.

    Sorters compare `version` with the one they sorted by, so that an agent joining costs the same with one
    role as with ten thousand.
    """

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.version = 0

    def add(self, resources: Resources) -> None:
        """An agent's resources join the cluster."""
        for name, milli in scalar_quantities(resources).items():
            self.totals[name] = self.totals.get(name, 0) + milli
        self.version += 1

    def remove(self, resources: Resources) -> None:
        """An agent's resources leave the cluster."""
        for name, milli in scalar_quantities(resources).items():
            left = self.totals[name] - milli
            assert left >= 0, f"the cluster loses more {name} than it has"
            if left:
                self.totals[name] = left
            else:
                del self.totals[name]
        self.version += 1
