"""Devices of a machine.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint64


class Device(V1, frozen=True, kw_only=True):
    """A device by path, by number, or both."""

    class Number(V1, frozen=True, kw_only=True):
        """Major and minor number of a device."""

        NUMBERS: ClassVar[dict[str, int]] = {"major_number": 1, "minor_number": 2}

        major_number: Uint64
        minor_number: Uint64

    NUMBERS: ClassVar[dict[str, int]] = {"path": 1, "number": 2}

    path: str | None = None
    number: Number | None = None
