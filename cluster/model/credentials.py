"""Credentials, and the rate limits tied to a principal.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint64


class Credential(V1, frozen=True, kw_only=True):
    """Name and secret of whoever authenticates."""

    NUMBERS: ClassVar[dict[str, int]] = {"principal": 1, "secret": 2}

    principal: str
    secret: str | None = None


class Credentials(V1, frozen=True, kw_only=True):
    """A list of credentials, as the file of --credentials holds it."""

    NUMBERS: ClassVar[dict[str, int]] = {"credentials": 1}

    credentials: tuple[Credential, ...] = ()


class RateLimit(V1, frozen=True, kw_only=True):
    """How many messages a second a principal may send; without qps, any number."""

    NUMBERS: ClassVar[dict[str, int]] = {"qps": 1, "principal": 2, "capacity": 3}

    qps: float | None = None
    principal: str
    capacity: Uint64 | None = None


class RateLimits(V1, frozen=True, kw_only=True):
    """Limits of all principals."""

    NUMBERS: ClassVar[dict[str, int]] = {
        "limits": 1,
        "aggregate_default_qps": 2,
        "aggregate_default_capacity": 3,
    }

    limits: tuple[RateLimit, ...] = ()
    aggregate_default_qps: float | None = None
    aggregate_default_capacity: Uint64 | None = None
