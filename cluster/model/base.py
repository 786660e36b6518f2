"""Base of all v1 types: one declaration serves msgpack, JSON and protobuf.

The JSON rule for defaults falls out of `omit_defaults`: a field without a declared default is written only
when it differs from None, () or {}; a field made with `declared` is written always.

Source: reference scheduler-executor-api.md §1 (JSON mapping of protobuf).
"""

import enum
from typing import Annotated, ClassVar, TypeVar

import msgspec

T = TypeVar("T")

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1, extra={"protobuf": "int32"})]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1, extra={"protobuf": "int64"})]
Uint32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1, extra={"protobuf": "uint32"})]
Uint64 = Annotated[int, msgspec.Meta(ge=0, extra={"protobuf": "uint64"})]


class V1(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of every v1 message; fields stand in the order of the .proto file."""

    NUMBERS: ClassVar[dict[str, int]] = {}  # field -> protobuf number


class V1Enum(enum.Enum):
    """Base of every v1 enum: the value is the v1 name, `number` the protobuf number."""

    _value_: str
    number: int

    def __new__(cls, value: str, number: int = -1) -> "V1Enum":
        """Make a member; the default only lets `TaskState("TASK_RUNNING")` pass the type checker."""
        member = object.__new__(cls)
        member._value_ = value
        member.number = number
        return member

    def __str__(self) -> str:
        return self._value_


def declared(value: T) -> T:
    """Give a field the default its .proto declares, which JSON always writes."""
    field: T = msgspec.field(default_factory=lambda: value)
    return field
