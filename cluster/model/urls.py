"""Network addresses and URLs as messages carry them.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1, Int32
from cluster.model.labels import Parameter


class Address(V1, frozen=True, kw_only=True):
    """Host name or IP, and port."""

    NUMBERS: ClassVar[dict[str, int]] = {"hostname": 1, "ip": 2, "port": 3}

    hostname: str | None = None
    ip: str | None = None
    port: Int32


class URL(V1, frozen=True, kw_only=True):
    """A URL in parts."""

    NUMBERS: ClassVar[dict[str, int]] = {"scheme": 1, "address": 2, "path": 3, "query": 4, "fragment": 5}

    scheme: str
    address: Address
    path: str | None = None
    query: tuple[Parameter, ...] = ()
    fragment: str | None = None
