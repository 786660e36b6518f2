"""Protobuf of large bodies, read in parts.

One call of the library for some megabytes lets nothing else run meanwhile, in no thread. So a large message
is split into its fields here, as far as they are messages themselves, and those are read one by one.

Source: the wire format of protobuf (tags, varints, lengths).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from cluster.v1.dropping import dropped_in_steps
from cluster.v1.errors import missing_fields
from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

#: What is read at once, a millisecond or two.
PART_BYTES = 128 << 10
#: Levels that are taken apart; nothing has as many.
LEVELS = 16

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

#: Reads a value of a type whole, and reads the fields that are there, by name, whether or not all are. The
#: last argument is the path of the value.
Read = Callable[[Any, bytes, str], Any]
ReadFields = Callable[[Struct, bytes, str], dict[str, Any]]


class Odd(Exception):
    """Raised for bytes that are no protobuf."""


def decode(cls: type[T], data: bytes, read: Read, read_fields: ReadFields) -> T:
    """Read a value of a v1 type; `read` and `read_fields` read what is small.

    Raises:
        Odd: it is no protobuf.
        Malformed: from the readers, or a required field is missing.
    """
    value: T = _struct(cls, data, "", _Readers(read, read_fields), LEVELS)
    return value


@dataclass(frozen=True, slots=True)
class _Readers:
    whole: Read
    fields: ReadFields


def _struct(cls: Struct, data: bytes, path: str, read: _Readers, levels: int) -> Any:
    if len(data) <= PART_BYTES:
        return read.whole(cls, data, path)
    if not levels:
        raise Odd
    fields = {field.number: field for field in fields_of(cls).values()}
    found = _Found(cls, path, read)
    singles: dict[str, list[bytes]] = {}
    for number, wire, whole, inside in _fields(data):
        field = fields.get(number)
        if field is None:
            continue  # nobody knows it
        if wire != LENGTH or not _is_message(field):
            found.add(whole)
        elif field.label is Label.REPEATED:
            elements = found.list(field.name)
            at = f"{found.at(field)}[{len(elements)}]"
            with dropped_in_steps(elements):
                elements.append(_struct(field.type, inside, at, read, levels - 1))
        else:
            singles.setdefault(field.name, []).append(inside)
    found.read()
    for name, given in singles.items():  # of several, each adds to those before, as if their bytes were one
        field = fields_of(cls)[name]
        found.values[name] = _struct(field.type, b"".join(given), found.at(field), read, levels - 1)
    return found.struct()


class _Found:
    """What was found of a struct; fields that are no messages are gathered and read some at a time."""

    def __init__(self, cls: Struct, path: str, read: _Readers) -> None:
        self.values: dict[str, Any] = {}
        self._cls = cls
        self._path = path
        self._read = read
        self._lists: dict[str, list[Any]] = {}
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0

    def at(self, field: Field) -> str:
        """The path of a field."""
        return f"{self._path}.{field.name}" if self._path else field.name

    def list(self, name: str) -> list[Any]:
        """The elements of a repeated field so far."""
        return self._lists.setdefault(name, [])

    def add(self, whole: bytes) -> None:
        """A field with its tag."""
        self._gathered.append(whole)
        self._gathered_bytes += len(whole)
        if self._gathered_bytes > PART_BYTES:
            self.read()

    def read(self) -> None:
        """Read what is gathered: of a field that stands twice the last counts, lists and maps add up."""
        for name, value in self._read.fields(self._cls, b"".join(self._gathered), self._path).items():
            if isinstance(value, tuple):
                self.list(name).extend(value)
            elif isinstance(value, dict):
                self.values.setdefault(name, {}).update(value)
            else:
                self.values[name] = value
        self._gathered, self._gathered_bytes = [], 0

    def struct(self) -> msgspec.Struct:
        """All of it."""
        for name, elements in self._lists.items():
            self.values[name] = tuple(elements)
        for name, field in fields_of(self._cls).items():
            if field.label is Label.REQUIRED and name not in self.values:
                raise missing_fields([self.at(field)])
        return self._cls(**self.values)


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
