"""Cgroups: what containers are put in, and what their block devices did.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint32, Uint64, V1Enum
from cluster.model.device import Device


class CgroupInfo(V1, frozen=True, kw_only=True):
    """Cgroup of a container."""

    class Blkio(V1, frozen=True, kw_only=True):
        """What is counted for block devices."""

        class Operation(V1Enum):
            """Kind of request."""

            UNKNOWN = "UNKNOWN", 0
            TOTAL = "TOTAL", 1
            READ = "READ", 2
            WRITE = "WRITE", 3
            SYNC = "SYNC", 4
            ASYNC = "ASYNC", 5
            DISCARD = "DISCARD", 6

        class Value(V1, frozen=True, kw_only=True):
            """A counter of one kind of request."""

            NUMBERS: ClassVar[dict[str, int]] = {"op": 1, "value": 2}

            op: "CgroupInfo.Blkio.Operation | None" = None
            value: Uint64 | None = None

        class CFQ(V1, frozen=True, kw_only=True):
            """The CFQ scheduler."""

            class Statistics(V1, frozen=True, kw_only=True):
                """Counters of the CFQ scheduler for one device."""

                NUMBERS: ClassVar[dict[str, int]] = {
                    "device": 1,
                    "sectors": 2,
                    "time": 3,
                    "io_serviced": 4,
                    "io_service_bytes": 5,
                    "io_service_time": 6,
                    "io_wait_time": 7,
                    "io_merged": 8,
                    "io_queued": 9,
                }

                device: Device.Number | None = None
                sectors: Uint64 | None = None
                time: Uint64 | None = None
                io_serviced: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_service_bytes: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_service_time: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_wait_time: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_merged: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_queued: "tuple[CgroupInfo.Blkio.Value, ...]" = ()

        class Throttling(V1, frozen=True, kw_only=True):
            """Throttling by limits."""

            class Statistics(V1, frozen=True, kw_only=True):
                """Counters of throttling for one device."""

                NUMBERS: ClassVar[dict[str, int]] = {"device": 1, "io_serviced": 2, "io_service_bytes": 3}

                device: Device.Number | None = None
                io_serviced: "tuple[CgroupInfo.Blkio.Value, ...]" = ()
                io_service_bytes: "tuple[CgroupInfo.Blkio.Value, ...]" = ()

        class Statistics(V1, frozen=True, kw_only=True):
            """Counters of block devices; recursive ones include child cgroups."""

            NUMBERS: ClassVar[dict[str, int]] = {"cfq": 1, "cfq_recursive": 2, "throttling": 3}

            cfq: "tuple[CgroupInfo.Blkio.CFQ.Statistics, ...]" = ()
            cfq_recursive: "tuple[CgroupInfo.Blkio.CFQ.Statistics, ...]" = ()
            throttling: "tuple[CgroupInfo.Blkio.Throttling.Statistics, ...]" = ()

    class NetCls(V1, frozen=True, kw_only=True):
        """The net_cls handle."""

        NUMBERS: ClassVar[dict[str, int]] = {"classid": 1}

        classid: Uint32 | None = None

    NUMBERS: ClassVar[dict[str, int]] = {"net_cls": 1}

    net_cls: NetCls | None = None
