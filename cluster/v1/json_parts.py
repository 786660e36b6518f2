"""JSON of large bodies, read in parts.

One call of msgspec for some megabytes lets nothing else run meanwhile, in no thread. So what is large is
taken apart, level by level, and its members and elements are read one by one; between two, others get their
turn.
Looking for the ends of members is several times as fast as reading them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

#: What is read at once, a millisecond or two.
PART_BYTES = 256 << 10
#: Levels that are taken apart; nothing has as many.
LEVELS = 16

#: Reads a value of a type from JSON that looks as the rules write it.
Read = Callable[[Any, bytes], Any]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Odd(Exception):
    """Raised for JSON that only the reader of all rules can make sense of."""


def decode(cls: type[T], data: bytes, read: Read) -> T:
    """Read a value of a v1 type; `read` reads what is small.

    Raises:
        Odd, msgspec.DecodeError, UnicodeDecodeError, RecursionError: it does not look as usual.
    """
    value: T = _struct(cls, data, read, LEVELS)
    return value


def _struct(cls: Struct, data: bytes, read: Read, levels: int) -> Any:
    if len(data) <= PART_BYTES:
        return read(cls, data)
    if not levels:
        raise Odd
    fields, types = fields_of(cls), _types(cls)
    values: dict[str, Any] = {}
    for name, given in _members(data).items():
        text, field = bytes(given), fields.get(name)
        if field is not None:
            values[name] = _value(field, types[name], text, read, levels - 1)
        elif not text.startswith(b'"'):
            read(msgspec.Raw, text)  # nobody wants it, but it has to be JSON of the usual kind
    if any(field.label is Label.REQUIRED and name not in values for name, field in fields.items()):
        raise Odd
    return cls(**values)


def _value(field: Field, declared: Any, text: bytes, read: Read, levels: int) -> Any:
    if len(text) > PART_BYTES:
        if field.kind is Kind.MESSAGE and field.label is Label.REPEATED:
            return tuple([_struct(field.type, bytes(one), read, levels) for one in _elements(text)])
        if field.kind is Kind.MESSAGE and field.label is not Label.MAP:
            return _struct(field.type, text, read, levels)
    return read(declared, text)


@cache
def _types(cls: Struct) -> dict[str, Any]:
    return {info.name: info.type for info in msgspec.structs.fields(cls)}


def tree(data: bytes) -> Any:
    """What any JSON says, as plain values.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is none, or nested too deeply.
    """
    if len(data) > PART_BYTES:
        first = data.lstrip(b" \t\r\n")[:1]
        if first == b"{":
            return {name: tree(bytes(given)) for name, given in _members(data).items()}
        if first == b"[":
            return [tree(bytes(given)) for given in _elements(data)]
    return msgspec.json.decode(data)
