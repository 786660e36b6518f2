"""Protobuf of large bodies, read in parts.

One call of the library for some megabytes lets nothing else run meanwhile, in no thread. So a large message
is split into its fields here, as far as they are messages themselves, and those are read one by one.

Source: the wire format of protobuf (tags, varints, lengths).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

#: What is read at once, a millisecond or two.
PART_BYTES = 128 << 10
#: Levels that are taken apart; nothing has as many.
LEVELS = 16

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

#: Reads a value of a type whole, and reads the fields that are there, by name, whether or not all are.
Read = Callable[[Any, bytes], Any]
ReadFields = Callable[[Struct, bytes], dict[str, Any]]


class Odd(Exception):
    """Raised for bytes that are no protobuf, of another message, or not complete."""


def decode(cls: type[T], data: bytes, read: Read, read_fields: ReadFields) -> T:
    """Read a value of a v1 type; `read` and `read_fields` read what is small.

    Raises:
        Odd: something is wrong with it.
    """
    value: T = _struct(cls, data, read, read_fields, LEVELS)
    return value


def _struct(cls: Struct, data: bytes, read: Read, read_fields: ReadFields, levels: int) -> Any:
    if len(data) <= PART_BYTES:
        return read(cls, data)
    if not levels:
        raise Odd
    messages = {field.number: field for field in fields_of(cls).values() if _is_message(field)}
    found: dict[str, list[bytes]] = {}
    rest: list[bytes] = []
    for number, wire, whole, inside in _fields(data):
        if wire == LENGTH and (field := messages.get(number)) is not None:
            found.setdefault(field.name, []).append(inside)
        else:
            rest.append(whole)
    values = read_fields(cls, b"".join(rest))
    for name, given in found.items():
        field = fields_of(cls)[name]
        if field.label is Label.REPEATED:
            parts = [_struct(field.type, one, read, read_fields, levels - 1) for one in given]
            values[name] = tuple(parts)
        else:  # of several, each adds to those before: as if their bytes stood in one
            values[name] = _struct(field.type, b"".join(given), read, read_fields, levels - 1)
    if any(field.label is Label.REQUIRED and name not in values for name, field in fields_of(cls).items()):
        raise Odd
    return cls(**values)


def _is_message(field: Field) -> bool:
    return field.kind is Kind.MESSAGE and field.label is not Label.MAP


def _fields(data: bytes) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Number, wire type, all bytes, and the bytes after the length, of each field."""
    at, end = 0, len(data)
    while at < end:
        start = at
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                _, after = _varint(data, at)
            case 1:
                after = at + 8
            case 2:
                length, at = _varint(data, at)
                after = at + length
            case 5:
                after = at + 4
            case _:
                raise Odd  # groups, which the original does not use
        if after > end:
            raise Odd
        yield tag >> 3, tag & 7, data[start:after], data[at:after]
        at = after


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise Odd
