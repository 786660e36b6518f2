"""JSON of v1 messages, by the rules of the original.

Bytes that look as the rules write them go straight into structs.  What does not fit is read again by
`json_lenient`, which knows every rule, and finds either the value or the field at fault.

Infinite doubles are written as text.  msgspec writes them as null, which stands nowhere else, since unset
fields are left out; so a look for that word tells whether the slow way is needed.

Source: reference scheduler-executor-api.md §1 (JSON mapping of protobuf).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from cluster.v1 import json_lenient, json_parts, json_shape
from cluster.v1.json_lenient import MAX_DEPTH

T = TypeVar("T", bound=msgspec.Struct)

_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode

#: Below the levels that are taken apart before.
MOST_LEVELS = MAX_DEPTH - json_parts.LEVELS


def decode(cls: type[T], data: bytes) -> T:
    """Read a value of a v1 type.

    Raises:
        Malformed: no JSON, nested too deeply, or a field is missing or has no value of its type.
    """
    try:
        return json_parts.decode(cls, data, _ordinary)
    except (json_parts.Odd, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # and what was read until there is dropped before it is read again
    return json_lenient.decode(cls, data)


def _ordinary(kind: Any, data: bytes) -> Any:
    """The value of JSON that looks as the rules write it.

    msgspec can bound neither numbers nor nesting: of integers it takes all that Python has.
    """
    if not json_shape.is_ordinary(data, MOST_LEVELS):
        raise json_parts.Odd
    return _decoder(kind).decode(data)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def encode(value: msgspec.Struct) -> bytes:
    """Write a value of a v1 type, without white space, fields in the order of the .proto file."""
    text = _encode(value)
    if b"null" in text:
        return _encode(_spelled(msgspec.to_builtins(value)))
    return text


def _spelled(tree: Any) -> Any:
    """The same with doubles that are no numbers as text."""
    if isinstance(tree, dict):
        return {key: _spelled(one) for key, one in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_spelled(one) for one in tree]
    if isinstance(tree, float) and not math.isfinite(tree):
        return "NaN" if math.isnan(tree) else "Infinity" if tree > 0 else "-Infinity"
    return tree
