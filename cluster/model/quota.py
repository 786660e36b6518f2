"""Quota: what a role is guaranteed and limited to.

Source: Mesos include/mesos/v1/quota/quota.proto.
"""

from typing import ClassVar

import msgspec

from cluster.model.base import V1
from cluster.model.resource import Resource
from cluster.model.values import Scalar


class QuotaInfo(V1, frozen=True, kw_only=True):
    """Quota in the old form: guarantees only."""

    NUMBERS: ClassVar[dict[str, int]] = {"role": 1, "principal": 2, "guarantee": 3}

    role: str | None = None
    principal: str | None = None
    guarantee: tuple[Resource, ...] = ()


class QuotaRequest(V1, frozen=True, kw_only=True):
    """Request to set a quota in the old form."""

    NUMBERS: ClassVar[dict[str, int]] = {"force": 1, "role": 2, "guarantee": 3}

    force: bool | None = None
    role: str | None = None
    guarantee: tuple[Resource, ...] = ()


class QuotaConfig(V1, frozen=True, kw_only=True):
    """Quota of a role; a name absent from limits has none."""

    NUMBERS: ClassVar[dict[str, int]] = {"role": 1, "guarantees": 2, "limits": 3}

    role: str
    guarantees: dict[str, Scalar] = msgspec.field(default_factory=dict)
    limits: dict[str, Scalar] = msgspec.field(default_factory=dict)


class QuotaStatus(V1, frozen=True, kw_only=True):
    """All quotas, in the old and the new form."""

    NUMBERS: ClassVar[dict[str, int]] = {"infos": 1, "configs": 2}

    infos: tuple[QuotaInfo, ...] = ()
    configs: tuple[QuotaConfig, ...] = ()
