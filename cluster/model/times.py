"""Points in time, lengths of time, and a machine's announced absence.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Int64


class TimeInfo(V1, frozen=True, kw_only=True):
    """A point in time in nanoseconds since the epoch."""

    NUMBERS: ClassVar[dict[str, int]] = {"nanoseconds": 1}

    nanoseconds: Int64


class DurationInfo(V1, frozen=True, kw_only=True):
    """A length of time in nanoseconds."""

    NUMBERS: ClassVar[dict[str, int]] = {"nanoseconds": 1}

    nanoseconds: Int64


class Unavailability(V1, frozen=True, kw_only=True):
    """When a machine will be away; without duration, for good."""

    NUMBERS: ClassVar[dict[str, int]] = {"start": 1, "duration": 2}

    start: TimeInfo
    duration: DurationInfo | None = None
