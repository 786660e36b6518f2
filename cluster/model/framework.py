"""Frameworks: how they describe themselves and which offers they want.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1, V1Enum, declared
from cluster.model.ids import AgentID, FrameworkID
from cluster.model.labels import Labels
from cluster.model.resource import Resource
from cluster.model.values import Scalar


class Capability(V1, frozen=True, kw_only=True):
    """Something a framework understands."""

    class Type(V1Enum):
        """Names of framework capabilities."""

        UNKNOWN = "UNKNOWN", 0
        REVOCABLE_RESOURCES = "REVOCABLE_RESOURCES", 1
        TASK_KILLING_STATE = "TASK_KILLING_STATE", 2
        GPU_RESOURCES = "GPU_RESOURCES", 3
        SHARED_RESOURCES = "SHARED_RESOURCES", 4
        PARTITION_AWARE = "PARTITION_AWARE", 5
        MULTI_ROLE = "MULTI_ROLE", 6
        RESERVATION_REFINEMENT = "RESERVATION_REFINEMENT", 7
        REGION_AWARE = "REGION_AWARE", 8

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1}

    type: Type | None = None


class OfferFilters(V1, frozen=True, kw_only=True):
    """Smallest offers of a role worth sending."""

    class ResourceQuantities(V1, frozen=True, kw_only=True):
        """Amounts by resource name."""

        NUMBERS: ClassVar[dict[str, int]] = {"quantities": 1}

        quantities: dict[str, Scalar] = msgspec.field(default_factory=dict)

    class MinAllocatableResources(V1, frozen=True, kw_only=True):
        """Alternatives: one of them must fit; an empty list lets anything through."""

        NUMBERS: ClassVar[dict[str, int]] = {"quantities": 1}

        quantities: "tuple[OfferFilters.ResourceQuantities, ...]" = ()

    NUMBERS: ClassVar[dict[str, int]] = {"min_allocatable_resources": 1}

    min_allocatable_resources: MinAllocatableResources | None = None


class FrameworkInfo(V1, frozen=True, kw_only=True):
    """A framework as it describes itself.  failover_timeout in seconds."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "user": 1,
        "name": 2,
        "id": 3,
        "failover_timeout": 4,
        "checkpoint": 5,
        "role": 6,
        "roles": 12,
        "hostname": 7,
        "principal": 8,
        "webui_url": 9,
        "capabilities": 10,
        "labels": 11,
        "offer_filters": 13,
    }

    user: str
    name: str
    id: FrameworkID | None = None
    failover_timeout: float = declared(0.0)
    checkpoint: bool = declared(False)
    role: str | None = None
    roles: tuple[str, ...] = ()
    hostname: str | None = None
    principal: str | None = None
    webui_url: str | None = None
    capabilities: tuple[Capability, ...] = ()
    labels: Labels | None = None
    offer_filters: dict[str, OfferFilters] = msgspec.field(default_factory=dict)


class Filters(V1, frozen=True, kw_only=True):
    """What a decline asks for.  refuse_seconds: no such offer again for that long."""

    NUMBERS: ClassVar[dict[str, int]] = {"refuse_seconds": 1}

    refuse_seconds: float = declared(5.0)


class Request(V1, frozen=True, kw_only=True):
    """Resources a framework asks for."""

    NUMBERS: ClassVar[dict[str, int]] = {"agent_id": 1, "resources": 2}

    agent_id: AgentID | None = None
    resources: tuple[Resource, ...] = ()
