"""The shape of a v1 struct, read from its declaration: what the codecs need to know of each field.

A field is required when it has no default, repeated when it is a tuple, a map when it is a dict.
"""

from __future__ import annotations

import enum
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import msgspec

from cluster.model import V1Enum

Struct: TypeAlias = type[msgspec.Struct]


class Kind(enum.Enum):
    """What one value of a field is; the value is protobuf's name of the type."""

    BOOL = "bool"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    ENUM = "enum"
    MESSAGE = "message"


class Label(enum.Enum):
    """How many values a field has."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    REPEATED = "repeated"
    MAP = "map"


#: Smallest and largest value of the kinds that have them.
BOUNDS: dict[Kind, tuple[int, int]] = {
    Kind.INT32: (-(2**31), 2**31 - 1),
    Kind.INT64: (-(2**63), 2**63 - 1),
    Kind.UINT32: (0, 2**32 - 1),
    Kind.UINT64: (0, 2**64 - 1),
}

_KINDS: dict[object, Kind] = {
    bool: Kind.BOOL,
    float: Kind.DOUBLE,
    str: Kind.STRING,
    bytes: Kind.BYTES,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is the struct or the enum, else None; the keys of maps are text."""

    name: str
    number: int
    label: Label
    kind: Kind
    type: Any


@cache
def fields_of(struct: Struct) -> dict[str, Field]:
    """The fields of a struct by name, in the order of the .proto file."""
    numbers: dict[str, int] = getattr(struct, "NUMBERS", {})
    return {info.name: _field(info, numbers[info.name]) for info in msgspec.structs.fields(struct)}


def _field(info: msgspec.structs.FieldInfo, number: int) -> Field:
    label = Label.REQUIRED if info.required else Label.OPTIONAL
    declared = info.type
    origin = typing.get_origin(declared)
    if origin is tuple:
        label, declared = Label.REPEATED, typing.get_args(declared)[0]
    elif origin is dict:
        label, declared = Label.MAP, typing.get_args(declared)[1]
    elif origin in (typing.Union, types.UnionType):
        (declared,) = (part for part in typing.get_args(declared) if part is not type(None))
    kind, inner = _kind(declared)
    return Field(info.name, number, label, kind, inner)


def _kind(declared: Any) -> tuple[Kind, Any]:
    if typing.get_origin(declared) is typing.Annotated:
        (meta,) = declared.__metadata__
        return Kind(meta.extra["protobuf"]), None
    if declared in _KINDS:
        return _KINDS[declared], None
    if issubclass(declared, V1Enum):
        return Kind.ENUM, declared
    assert issubclass(declared, msgspec.Struct), declared
    return Kind.MESSAGE, declared


def structs_below(*roots: Struct) -> list[Struct]:
    """The roots and all structs their fields hold, each once."""
    found: dict[Struct, None] = {}
    todo = list(roots)
    while todo:
        struct = todo.pop()
        if struct in found:
            continue
        found[struct] = None
        todo.extend(f.type for f in fields_of(struct).values() if f.kind is Kind.MESSAGE)
    return list(found)
