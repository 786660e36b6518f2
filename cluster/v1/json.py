"""JSON of v1 messages, by the rules of the original.

Bytes that look as the rules write them go straight into structs.  What does not fit is read again by
`json_lenient`, which knows every rule, and finds either the value or the field at fault.

Infinite doubles are written as text.  msgspec writes them as null, which stands nowhere else, since unset
fields are left out; so a look for that word tells whether the slow way is needed.

Source: reference scheduler-executor-api.md §1 (JSON mapping of protobuf).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

from cluster.v1 import json_lenient, json_parts
from cluster.v1.json_lenient import MAX_DEPTH

T = TypeVar("T", bound=msgspec.Struct)

_encode: Callable[[object], bytes] = msgspec.json.Encoder().encode

#: Below the levels that are taken apart before.
MOST_LEVELS = MAX_DEPTH - json_parts.LEVELS

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def _all_but(kept: bytes) -> bytes:
    return bytes(byte for byte in range(256) if byte not in kept)


_NO_BRACKETS = _all_but(b"{}[]")
_NO_STRUCTURE = _all_but(b'{}[]"\\')
_DIGITS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_TWENTY_DIGITS = b"0" * 20


def decode(cls: type[T], data: bytes) -> T:
    """Read a value of a v1 type.

    Raises:
        Malformed: no JSON, nested too deeply, or a field is missing or has no value of its type.
    """
    try:
        return json_parts.decode(cls, data, _ordinary)
    except (json_parts.Odd, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return json_lenient.decode(cls, data)


def _ordinary(kind: Any, data: bytes) -> Any:
    """The value of JSON that looks as the rules write it."""
    if not _is_ordinary(data):
        raise json_parts.Odd
    return _decoder(kind).decode(data)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _is_ordinary(data: bytes) -> bool:
    """Whether there is surely no number above 64 bits and no nesting above MAX_DEPTH, wherever it stands.

    msgspec can bound neither: of integers it takes all that Python has.
    """
    if data.startswith(b'"'):
        return True
    if _has_long_number(data) and _has_long_number(_STRING.sub(b'""', data)):
        return False
    return len(data) <= 2 * MOST_LEVELS or _is_shallow(_brackets(data))


def _has_long_number(data: bytes) -> bool:
    return _TWENTY_DIGITS in data.translate(_DIGITS)


def _brackets(data: bytes) -> bytes:
    """The brackets that are not in strings; strings are looked at only if they hold brackets or escapes."""
    structure = data.translate(None, _NO_STRUCTURE).replace(b'""', b"")
    if b'"' in structure or b"\\" in structure:
        return _STRING.sub(b"", data).translate(None, _NO_BRACKETS)
    return structure


def _is_shallow(brackets: bytes) -> bool:
    """Take away the innermost pairs until none are left; each round takes one level or two."""
    for rounds in range(MOST_LEVELS // 2):
        if len(brackets) // 2 + 2 * rounds <= MOST_LEVELS:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return False


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
