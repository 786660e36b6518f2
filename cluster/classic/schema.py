"""The shape of the model's structs as classic protobuf code sees it.

Everything is derived from the declarations in `cluster.model`; there is no second list of fields.
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

#: What classic code calls an agent.
OLD_NAME = "slave_"
NEW_NAME = "agent_"


class Kind(enum.Enum):
    """What a field holds, besides how many of them."""

    SCALAR = "scalar"
    ENUM = "enum"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is a Python type, an enum or a struct; `default` as protobuf has it."""

    name: str
    kind: Kind
    type: type
    is_repeated: bool
    is_map: bool
    is_required: bool
    default: Any


Fields: TypeAlias = dict[str, Field]

_ZERO: dict[type, object] = {str: "", bytes: b"", bool: False, int: 0, float: 0.0}


@cache
def fields_of(struct: type[msgspec.Struct]) -> Fields:
    """The fields of a struct, under their own names and, for agents, the classic ones."""
    found: Fields = {}
    for info in msgspec.structs.fields(struct):
        field = _field(info)
        found[field.name] = field
        if field.name.startswith(NEW_NAME):
            found[OLD_NAME + field.name.removeprefix(NEW_NAME)] = field
    return found


def _field(info: msgspec.structs.FieldInfo) -> Field:
    inner, is_repeated, is_map = _unwrapped(info.type)
    kind = Kind.SCALAR
    if issubclass(inner, msgspec.Struct):
        kind = Kind.MESSAGE
    elif issubclass(inner, V1Enum):
        kind = Kind.ENUM
    default = info.default
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    is_required = default is msgspec.NODEFAULT
    if kind is Kind.ENUM:
        first = default if isinstance(default, V1Enum) else next(iter(inner))  # type: ignore[call-overload]
        default = first.number
    elif kind is Kind.SCALAR and (is_required or default is None):
        default = _ZERO[inner]
    return Field(info.name, kind, inner, is_repeated, is_map, is_required, default)


def _unwrapped(declared: Any) -> tuple[type, bool, bool]:
    """The innermost type, whether it is repeated, whether it is the value of a map."""
    origin = typing.get_origin(declared)
    if origin is typing.Annotated:
        return _unwrapped(typing.get_args(declared)[0])
    if origin in (typing.Union, types.UnionType):
        (one,) = (part for part in typing.get_args(declared) if part is not type(None))
        return _unwrapped(one)
    if origin is tuple:
        return _unwrapped(typing.get_args(declared)[0])[0], True, False
    if origin is dict:
        return _unwrapped(typing.get_args(declared)[1])[0], False, True
    assert isinstance(declared, type), declared
    return declared, False, False
