"""Attributes: what an agent tells about itself besides resources.

Source: Mesos include/mesos/v1/mesos.proto.
"""

from typing import ClassVar

from cluster.model.base import V1
from cluster.model.values import Ranges, Scalar, Set, Text, ValueType


class Attribute(V1, frozen=True, kw_only=True):
    """A named value; SCALAR, RANGES or TEXT."""

    NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "type": 2, "scalar": 3, "ranges": 4, "set": 6, "text": 5}

    name: str
    type: ValueType
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    set: Set | None = None
    text: Text | None = None
