"""Fault domains: region and zone of a master or agent.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1


class DomainInfo(V1, frozen=True, kw_only=True):
    """Domain of a machine."""

    class FaultDomain(V1, frozen=True, kw_only=True):
        """Region and zone that fail together."""

        class RegionInfo(V1, frozen=True, kw_only=True):
            """Name of a region."""

            NUMBERS: ClassVar[dict[str, int]] = {"name": 1}

            name: str

        class ZoneInfo(V1, frozen=True, kw_only=True):
            """Name of a zone in its region."""

            NUMBERS: ClassVar[dict[str, int]] = {"name": 1}

            name: str

        NUMBERS: ClassVar[dict[str, int]] = {"region": 1, "zone": 2}

        region: RegionInfo
        zone: ZoneInfo

    NUMBERS: ClassVar[dict[str, int]] = {"fault_domain": 1}

    fault_domain: FaultDomain | None = None
