"""Large v1 messages put together from parts that were encoded one by one.

A list of 100,000 tasks cannot be encoded at once without stopping everything else. So its elements are
encoded a few at a time, and what stands around them is written here, in JSON or protobuf. The result is a
list of pieces: nobody needs them in one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import msgspec

from cluster.v1.codec import JSON, Codec

Pieces = list[bytes]


class Part(ABC):
    """A part of a message, which can be written in both forms."""

    @abstractmethod
    def json(self) -> Pieces:
        """As members of a JSON object."""

    @abstractmethod
    def protobuf(self) -> Pieces:
        """As fields of a protobuf message."""


class Fields(Part):
    """Fields that are small enough to be encoded at once: those that are set in `value`."""

    def __init__(self, value: msgspec.Struct, codec: Codec) -> None:
        self._encoded = codec.encode(value)

    def json(self) -> Pieces:
        return [self._encoded[1:-1]]  # without the braces

    def protobuf(self) -> Pieces:
        return [self._encoded] if self._encoded else []


class Elements(Part):
    """A repeated field `name` with the given number; elements are added as they come."""

    def __init__(self, name: str, number: int, codec: Codec) -> None:
        self._name = name
        self._tag = _tag(number)
        self._codec = codec
        self._pieces: Pieces = []

    def add(self, elements: Iterable[msgspec.Struct]) -> None:
        """Encode some more elements."""
        encoded = [self._codec.encode(element) for element in elements]
        if not encoded:
            return
        if self._codec is JSON:
            self._pieces.append((b"," if self._pieces else b"") + b",".join(encoded))
        else:
            self._pieces.append(b"".join(self._tag + _varint(len(one)) + one for one in encoded))

    def add_message(self, parts: Iterable[Part]) -> None:
        """One more element, which is put together from parts itself."""
        pieces = message(parts, self._codec)
        if self._codec is JSON:
            self._pieces += [b",", *pieces] if self._pieces else pieces
        else:
            self._pieces += [self._tag + _varint(sum(map(len, pieces))), *pieces]

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def json(self) -> Pieces:
        return [b'"%b":[' % self._name.encode(), *self._pieces, b"]"]

    def protobuf(self) -> Pieces:
        return self._pieces


class Nested(Part):
    """A message in the field `name` with the given number."""

    def __init__(self, name: str, number: int, parts: Iterable[Part]) -> None:
        self._name = name
        self._tag = _tag(number)
        self._parts = tuple(parts)

    def json(self) -> Pieces:
        return [b'"%b":' % self._name.encode(), *_object(self._parts)]

    def protobuf(self) -> Pieces:
        inner = [piece for part in self._parts for piece in part.protobuf()]
        return [self._tag + _varint(sum(map(len, inner))), *inner]


def message(parts: Iterable[Part], codec: Codec) -> Pieces:
    """A whole message in pieces."""
    if codec is JSON:
        return _object(tuple(parts))
    return [piece for part in parts for piece in part.protobuf()]


def _object(parts: tuple[Part, ...]) -> Pieces:
    pieces: Pieces = [b"{"]
    for part in parts:
        if len(pieces) > 1:
            pieces.append(b",")
        pieces += part.json()
    pieces.append(b"}")
    return pieces


def _tag(number: int) -> bytes:
    """The tag of a field that has its length before it."""
    return _varint(number << 3 | 2)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
