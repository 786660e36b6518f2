"""Many hosts in one process, on virtual time, from one seed. See ``actors/README.md``."""

from actors.testing.clock import VirtualClock
from actors.testing.disk import SimulatedDisk
from actors.testing.network import Network, Passing, Rule
from actors.testing.simulation import Host, NotReached, Simulation

__all__ = [
    "Host",
    "Network",
    "NotReached",
    "Passing",
    "Rule",
    "SimulatedDisk",
    "Simulation",
    "VirtualClock",
]
