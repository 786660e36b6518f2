"""Agents: description, capabilities, draining.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.attribute import Attribute
from cluster.model.base import V1, Int32, V1Enum, declared
from cluster.model.domain import DomainInfo
from cluster.model.ids import AgentID
from cluster.model.resource import Resource
from cluster.model.times import DurationInfo


class AgentCapability(V1, frozen=True, kw_only=True):
    """Something an agent understands."""

    class Type(V1Enum):
        """Names of agent capabilities."""

        UNKNOWN = "UNKNOWN", 0
        MULTI_ROLE = "MULTI_ROLE", 1
        HIERARCHICAL_ROLE = "HIERARCHICAL_ROLE", 2
        RESERVATION_REFINEMENT = "RESERVATION_REFINEMENT", 3
        RESOURCE_PROVIDER = "RESOURCE_PROVIDER", 4
        RESIZE_VOLUME = "RESIZE_VOLUME", 5
        AGENT_OPERATION_FEEDBACK = "AGENT_OPERATION_FEEDBACK", 6
        AGENT_DRAINING = "AGENT_DRAINING", 7
        TASK_RESOURCE_LIMITS = "TASK_RESOURCE_LIMITS", 8

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1}

    type: Type | None = None


class AgentInfo(V1, frozen=True, kw_only=True):
    """An agent as it describes itself."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "hostname": 1,
        "port": 8,
        "resources": 3,
        "attributes": 5,
        "id": 6,
        "domain": 10,
    }

    hostname: str
    port: Int32 = declared(5051)
    resources: tuple[Resource, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    id: AgentID | None = None
    domain: DomainInfo | None = None


class DrainState(V1Enum):
    """How far a drain has come."""

    UNKNOWN = "UNKNOWN", 0
    DRAINING = "DRAINING", 1
    DRAINED = "DRAINED", 2


class DrainConfig(V1, frozen=True, kw_only=True):
    """How to drain: longest grace period for kills, and whether the agent goes for good."""

    NUMBERS: ClassVar[dict[str, int]] = {"max_grace_period": 1, "mark_gone": 2}

    max_grace_period: DurationInfo | None = None
    mark_gone: bool = declared(False)


class DrainInfo(V1, frozen=True, kw_only=True):
    """State and settings of a drain."""

    NUMBERS: ClassVar[dict[str, int]] = {"state": 1, "config": 2}

    state: DrainState
    config: DrainConfig
