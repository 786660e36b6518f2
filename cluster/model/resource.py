"""Resource: one entry as it travels.  `resources.Resources` is what to calculate with.

Source: Mesos include/mesos/v1/mesos.proto, message Resource.
"""

from typing import ClassVar

from cluster.model.base import V1, V1Enum
from cluster.model.ids import ResourceProviderID
from cluster.model.labels import Labels
from cluster.model.values import Ranges, Scalar, Set, ValueType
from cluster.model.volume import Volume


class AllocationInfo(V1, frozen=True, kw_only=True):
    """Role a resource is allocated to."""

    NUMBERS: ClassVar[dict[str, int]] = {"role": 1}

    role: str | None = None


class ReservationInfo(V1, frozen=True, kw_only=True):
    """One reservation of a stack; without principal and labels when static."""

    class Type(V1Enum):
        """STATIC comes from agent flags, DYNAMIC from operations."""

        UNKNOWN = "UNKNOWN", 0
        STATIC = "STATIC", 1
        DYNAMIC = "DYNAMIC", 2

    NUMBERS: ClassVar[dict[str, int]] = {"type": 4, "role": 3, "principal": 1, "labels": 2}

    type: Type | None = None
    role: str | None = None
    principal: str | None = None
    labels: Labels | None = None


class DiskInfo(V1, frozen=True, kw_only=True):
    """What kind of disk: source, persistence, and where it is mounted."""

    class Persistence(V1, frozen=True, kw_only=True):
        """A persistent volume; the id is unique per role and agent."""

        NUMBERS: ClassVar[dict[str, int]] = {"id": 1, "principal": 2}

        id: str
        principal: str | None = None

    class Source(V1, frozen=True, kw_only=True):
        """Where the disk comes from; without one it is the root disk."""

        class Type(V1Enum):
            """PATH can be carved up, MOUNT and BLOCK cannot, RAW only without id."""

            UNKNOWN = "UNKNOWN", 0
            PATH = "PATH", 1
            MOUNT = "MOUNT", 2
            BLOCK = "BLOCK", 3
            RAW = "RAW", 4

        class Path(V1, frozen=True, kw_only=True):
            """A directory; a relative root lies in the work directory."""

            NUMBERS: ClassVar[dict[str, int]] = {"root": 1}

            root: str | None = None

        class Mount(V1, frozen=True, kw_only=True):
            """A file system of its own."""

            NUMBERS: ClassVar[dict[str, int]] = {"root": 1}

            root: str | None = None

        NUMBERS: ClassVar[dict[str, int]] = {
            "type": 1,
            "path": 2,
            "mount": 3,
            "vendor": 7,
            "id": 4,
            "metadata": 5,
            "profile": 6,
        }

        type: Type
        path: Path | None = None
        mount: Mount | None = None
        vendor: str | None = None
        id: str | None = None
        metadata: Labels | None = None
        profile: str | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"persistence": 1, "volume": 2, "source": 3}

    persistence: Persistence | None = None
    volume: Volume | None = None
    source: Source | None = None


class RevocableInfo(V1, frozen=True, kw_only=True):
    """Presence marks oversubscribed resources, which can be taken back."""


class SharedInfo(V1, frozen=True, kw_only=True):
    """Presence marks a persistent volume that several tasks may use."""


class Resource(V1, frozen=True, kw_only=True):
    """One resource entry in any of the formats of reference types.md §4.1."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "provider_id": 12,
        "name": 1,
        "type": 2,
        "scalar": 3,
        "ranges": 4,
        "set": 5,
        "role": 6,
        "allocation_info": 11,
        "reservation": 8,
        "reservations": 13,
        "disk": 7,
        "revocable": 9,
        "shared": 10,
    }

    provider_id: ResourceProviderID | None = None
    name: str
    type: ValueType
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    set: Set | None = None
    role: str | None = None
    allocation_info: AllocationInfo | None = None
    reservation: ReservationInfo | None = None
    reservations: tuple[ReservationInfo, ...] = ()
    disk: DiskInfo | None = None
    revocable: RevocableInfo | None = None
    shared: SharedInfo | None = None
