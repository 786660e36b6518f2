"""Maintenance: machines, their windows, and who agreed to leave.

Source: Mesos include/mesos/v1/maintenance/maintenance.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, V1Enum
from cluster.model.ids import FrameworkID
from cluster.model.times import TimeInfo, Unavailability


class MachineID(V1, frozen=True, kw_only=True):
    """A machine by host name, IP or both."""

    NUMBERS: ClassVar[dict[str, int]] = {"hostname": 1, "ip": 2}

    hostname: str | None = None
    ip: str | None = None


class MachineInfo(V1, frozen=True, kw_only=True):
    """A machine with its mode."""

    class Mode(V1Enum):
        """Whether the machine is in use."""

        UP = "UP", 1
        DRAINING = "DRAINING", 2
        DOWN = "DOWN", 3

    NUMBERS: ClassVar[dict[str, int]] = {"id": 1, "mode": 2, "unavailability": 3}

    id: MachineID
    mode: Mode | None = None
    unavailability: Unavailability | None = None


class Window(V1, frozen=True, kw_only=True):
    """Machines that go away together."""

    NUMBERS: ClassVar[dict[str, int]] = {"machine_ids": 1, "unavailability": 2}

    machine_ids: tuple[MachineID, ...] = ()
    unavailability: Unavailability


class Schedule(V1, frozen=True, kw_only=True):
    """All planned windows."""

    NUMBERS: ClassVar[dict[str, int]] = {"windows": 1}

    windows: tuple[Window, ...] = ()


class InverseOfferStatus(V1, frozen=True, kw_only=True):
    """Answer of a framework to an inverse offer."""

    class Status(V1Enum):
        """The answer."""

        UNKNOWN = "UNKNOWN", 1
        ACCEPT = "ACCEPT", 2
        DECLINE = "DECLINE", 3

    NUMBERS: ClassVar[dict[str, int]] = {"status": 1, "framework_id": 2, "timestamp": 3}

    status: Status
    framework_id: FrameworkID
    timestamp: TimeInfo


class ClusterStatus(V1, frozen=True, kw_only=True):
    """Machines that are draining or down."""

    class DrainingMachine(V1, frozen=True, kw_only=True):
        """A draining machine with the answers of its frameworks."""

        NUMBERS: ClassVar[dict[str, int]] = {"id": 1, "statuses": 2}

        id: MachineID
        statuses: tuple[InverseOfferStatus, ...] = ()

    NUMBERS: ClassVar[dict[str, int]] = {"draining_machines": 1, "down_machines": 2}

    draining_machines: tuple[DrainingMachine, ...] = ()
    down_machines: tuple[MachineID, ...] = ()
