"""JSON of large bodies, read in parts.

One call of msgspec that makes a million objects lets nothing else run meanwhile, in no thread. So what is
large is cut into pieces, level by level, and those are read one by one; between two, others get their turn.
Whether a body is JSON at all is seen first, in one go: that makes no objects, and is fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec

from cluster.v1 import json_shape
from cluster.v1.dropping import dropped_in_steps
from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

#: What is read at once, a millisecond or two.
PART_BYTES = 256 << 10
#: What is cut off for that: pieces end at the next element behind this, and behind a window.
PIECE_BYTES = PART_BYTES // 2
#: Levels that are taken apart; nothing has as many.
LEVELS = 16

#: Reads a value of a type from JSON that looks as the rules write it.
Read = Callable[[Any, bytes], Any]

_raw = msgspec.json.Decoder(msgspec.Raw).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Odd(Exception):
    """Raised for JSON that only the reader of all rules can make sense of."""


def decode(cls: type[T], data: bytes, read: Read) -> T:
    """Read a value of a v1 type; `read` reads what is small.

    Raises:
        Odd, msgspec.DecodeError, UnicodeDecodeError, RecursionError: it does not look as usual.
    """
    value: T = _struct(cls, _seen(data), read, LEVELS)
    return value


def _seen(data: bytes) -> bytes:
    """Text that is to be taken apart, without space around it; what is small is left as it is."""
    return bytes(_raw(data)) if len(data) > PART_BYTES else data


def _struct(cls: Struct, data: bytes, read: Read, levels: int) -> Any:
    if len(data) <= PART_BYTES:
        return read(cls, data)
    if not levels or not data.startswith(b"{"):
        raise Odd
    fields, types = fields_of(cls), _types(cls)
    values: dict[str, Any] = {}
    for piece in json_shape.pieces(data, PIECE_BYTES):
        members = _members(piece)
        for name, given in members.items():
            if name in fields:
                values[name] = _value(fields[name], types[name], bytes(given), read, levels - 1)
        if not members.keys() <= fields.keys():
            read(msgspec.Raw, piece)  # nobody wants it, but it has to be JSON of the usual kind
    if any(field.label is Label.REQUIRED and name not in values for name, field in fields.items()):
        raise Odd
    return cls(**values)


def _value(field: Field, declared: Any, text: bytes, read: Read, levels: int) -> Any:
    if len(text) <= PART_BYTES:
        return read(declared, text)
    if field.label is Label.REPEATED and text.startswith(b"["):
        return _list(field, declared, text, read, levels)
    if field.label is Label.MAP and text.startswith(b"{"):
        return _map(field, declared, text, read, levels)
    return _single(field, declared, text, read, levels)


def _single(field: Field, declared: Any, text: bytes, read: Read, levels: int) -> Any:
    if field.kind is Kind.MESSAGE and field.label in (Label.OPTIONAL, Label.REQUIRED):
        return _struct(field.type, text, read, levels)
    return read(declared, text)


def _list(field: Field, declared: Any, text: bytes, read: Read, levels: int) -> Any:
    values: list[Any] = []
    with dropped_in_steps(values):
        for piece in json_shape.pieces(text, PIECE_BYTES):
            if len(piece) <= PART_BYTES or field.kind is not Kind.MESSAGE:
                values += read(declared, piece)
            else:
                values += [_struct(field.type, bytes(one), read, levels) for one in _elements(piece)]
    return tuple(values)


def _map(field: Field, declared: Any, text: bytes, read: Read, levels: int) -> Any:
    values: dict[str, Any] = {}
    for piece in json_shape.pieces(text, PIECE_BYTES):
        if len(piece) <= PART_BYTES or field.kind is not Kind.MESSAGE:
            values |= read(declared, piece)
        else:
            for key, one in _members(piece).items():
                values[key] = _struct(field.type, bytes(one), read, levels)
    return values


@cache
def _types(cls: Struct) -> dict[str, Any]:
    return {info.name: info.type for info in msgspec.structs.fields(cls)}


# -- any JSON -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Large:
    """An object or array that is too large to be read at once; its text, without space around it."""

    text: bytes

    @property
    def is_object(self) -> bool:
        """Whether it is an object."""
        return self.text.startswith(b"{")

    def members(self) -> Iterator[tuple[str, Any]]:
        """Name and value of each member of an object, some of them large again."""
        for piece in json_shape.pieces(self.text, PIECE_BYTES):
            for name, given in _members(piece).items():
                yield name, _plain(bytes(given))

    def elements(self) -> Iterator[Any]:
        """The elements of an array, some of them large again."""
        for piece in json_shape.pieces(self.text, PIECE_BYTES):
            if len(piece) <= PART_BYTES:
                yield from msgspec.json.decode(piece)
            else:
                for one in _elements(piece):
                    yield _plain(bytes(one))


def tree(data: bytes) -> Any:
    """What any JSON says, as plain values, or `Large`.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is none, or nested too deeply.
    """
    return _plain(_seen(data))


def _plain(text: bytes) -> Any:
    if len(text) > PART_BYTES and text[:1] in (b"{", b"["):
        return Large(text)
    return msgspec.json.decode(text)
