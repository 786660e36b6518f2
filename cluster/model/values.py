"""Value: the four shapes a resource or an attribute takes.

Source: Mesos include/mesos/v1/mesos.proto, message Value.
"""

from typing import ClassVar

from cluster.model.base import V1, Uint64, V1Enum


class ValueType(V1Enum):
    """Which member of a Value counts."""

    SCALAR = "SCALAR", 0
    RANGES = "RANGES", 1
    SET = "SET", 2
    TEXT = "TEXT", 3


class Scalar(V1, frozen=True, kw_only=True):
    """A number; arithmetic rounds it to thousandths."""

    NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

    value: float


class Range(V1, frozen=True, kw_only=True):
    """Whole numbers from begin to end, both included."""

    NUMBERS: ClassVar[dict[str, int]] = {"begin": 1, "end": 2}

    begin: Uint64
    end: Uint64


class Ranges(V1, frozen=True, kw_only=True):
    """Several ranges."""

    NUMBERS: ClassVar[dict[str, int]] = {"range": 1}

    range: tuple[Range, ...] = ()


class Set(V1, frozen=True, kw_only=True):
    """Distinct items."""

    NUMBERS: ClassVar[dict[str, int]] = {"item": 1}

    item: tuple[str, ...] = ()


class Text(V1, frozen=True, kw_only=True):
    """Free text; attributes only."""

    NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

    value: str


class Value(V1, frozen=True, kw_only=True):
    """A value of any type."""

    NUMBERS: ClassVar[dict[str, int]] = {"type": 1, "scalar": 2, "ranges": 3, "set": 4, "text": 5}

    type: ValueType
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    set: Set | None = None
    text: Text | None = None
