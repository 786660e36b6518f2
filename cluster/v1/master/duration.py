"""A length of time as only DRAIN_AGENT spells it.

Source: reference types.md, preface (google.protobuf.Duration).
"""

from typing import ClassVar

from cluster.model import V1, Int32, Int64


class Duration(V1, frozen=True, kw_only=True):
    """Seconds and nanoseconds; both have the same sign."""

    NUMBERS: ClassVar[dict[str, int]] = {"seconds": 1, "nanos": 2}

    seconds: Int64 | None = None
    nanos: Int32 | None = None
