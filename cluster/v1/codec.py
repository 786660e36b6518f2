"""The two forms of v1 messages by their media type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from cluster.v1 import json, protobuf

T = TypeVar("T", bound=msgspec.Struct)


class Decode(Protocol):
    """Reads a value of a v1 type; raises Malformed."""

    def __call__(self, cls: type[T], data: bytes, /) -> T: ...


@dataclass(frozen=True, slots=True)
class Codec:
    """How messages are written and read, and the media type that says so."""

    content_type: str
    encode: Callable[[msgspec.Struct], bytes]
    decode: Decode


JSON = Codec("application/json", json.encode, json.decode)
PROTOBUF = Codec("application/x-protobuf", protobuf.encode, protobuf.decode)
