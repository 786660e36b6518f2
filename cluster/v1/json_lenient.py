"""All rules by which the original reads JSON into messages, and the path of what is wrong.

Slower than decoding straight into structs: for bytes that are wrong, or written in a way the original takes
and rarely meets (numbers as text, one element in place of a list, names of enums it does not know).

Source: reference scheduler-executor-api.md §1 (JSON mapping of protobuf); Mesos 3rdparty/stout
include/stout/protobuf.hpp (Parser).
"""

from __future__ import annotations

import binascii
import math
import string
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar, assert_never

import msgspec

from cluster.model import V1Enum
from cluster.v1 import json_parts, json_shape
from cluster.v1.dropping import dropped_in_steps
from cluster.v1.errors import MOST_NAMED, Malformed, missing_fields
from cluster.v1.json_parts import Large
from cluster.v1.schema import BOUNDS, Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

#: Most levels of objects and arrays.
MAX_DEPTH = 200

_TOO_DEEP = f"JSON is nested over {MAX_DEPTH} levels"
_INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf}
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()
_SPACE = string.whitespace.encode()


class _Unset:
    """Stands for a value that counts as not given."""


_UNSET = _Unset()


def decode(cls: type[T], data: bytes) -> T:
    """Read a value of a v1 type.

    Raises:
        Malformed: no JSON, nested too deeply, or a field is missing or has no value of its type.
    """
    missing: list[str] = []
    try:
        tree = json_parts.tree(data)
        if json_shape.is_deep(data, MAX_DEPTH):
            raise Malformed("", _TOO_DEEP)
        value = _message(cls, tree, "", missing)
    except msgspec.DecodeError as fault:
        raise Malformed("", f"not JSON: {fault}") from None
    except UnicodeDecodeError as fault:
        raise Malformed("", f"not JSON: text is not UTF-8: {fault.reason}") from None
    except RecursionError:
        raise Malformed("", _TOO_DEEP) from None
    if missing:
        raise missing_fields(missing)
    assert isinstance(value, cls), "without missing fields there is a value"
    return value


def _message(cls: Struct, tree: Any, path: str, missing: list[str]) -> msgspec.Struct | _Unset:
    """The struct an object stands for; unset, and the paths in `missing`, if it lacks required fields.

    What was read is taken out of the tree: to drop a large one at once would stop everybody else.
    """
    if isinstance(tree, Large) and tree.is_object:
        tree = {name: given for name, given in tree.members() if name in fields_of(cls)}
    if not isinstance(tree, dict):
        raise _mismatch(path, "an object", tree)
    values: dict[str, Any] = {}
    is_whole = True
    for name, field in fields_of(cls).items():
        at = f"{path}.{name}" if path else name
        before = len(missing)
        given = tree.pop(name, None)
        value = _UNSET if given is None else _value(field, given, at, missing)
        if not isinstance(value, _Unset):
            values[name] = value
        elif field.label is Label.REQUIRED and len(missing) == before:
            missing.append(at)
            if len(missing) == MOST_NAMED:
                raise missing_fields(missing)
        is_whole = is_whole and len(missing) == before
    return cls(**values) if is_whole else _UNSET


def _value(field: Field, given: Any, path: str, missing: list[str]) -> Any:
    if field.label is Label.REPEATED:
        elements: list[Any] = []
        with dropped_in_steps(elements):
            _append(field, given, path, missing, elements)
        return tuple(elements)
    if field.label is Label.MAP:
        if isinstance(given, Large) and given.is_object:
            members: Iterable[tuple[str, Any]] = given.members()
        elif isinstance(given, dict):
            members = given.items()
        else:
            raise _mismatch(path, "an object", given)
        entries = ((key, _one(field, one, f'{path}["{key}"]', missing)) for key, one in members)
        return {key: one for key, one in entries if not isinstance(one, _Unset)}
    return _one(field, given, path, missing)


def _append(field: Field, given: Any, path: str, missing: list[str], to: list[Any]) -> None:
    """Add the elements of a list, of lists in it, or a single one."""
    if isinstance(given, Large) and not given.is_object:
        for index, one in enumerate(given.elements()):
            _append(field, one, f"{path}[{index}]", missing, to)
        return
    if not isinstance(given, list):
        one = _one(field, given, path, missing)
        if not isinstance(one, _Unset):
            to.append(one)
        return
    for index, one in enumerate(given):
        _append(field, one, f"{path}[{index}]", missing, to)
        given[index] = None


def _one(field: Field, given: Any, path: str, missing: list[str]) -> Any:
    if given is None:
        return _UNSET
    if field.kind is Kind.MESSAGE:
        return _message(field.type, given, path, missing)
    if field.kind is Kind.ENUM:
        return _member(field, given, path)
    return _SCALARS[field.kind](given, path)


def _member(field: Field, given: Any, path: str) -> Any:
    if not isinstance(given, str):
        raise _mismatch(path, "the name of an enum value", given)
    member = _members(field.type).get(given)
    if member is not None:
        return member
    if field.label is Label.REQUIRED:
        raise Malformed(path, f"{given!r} is no value of this enum")
    return _UNSET


@cache
def _members(kind: type[V1Enum]) -> dict[str, V1Enum]:
    return {member.value: member for member in kind}


def _bool(given: Any, path: str) -> bool:
    if isinstance(given, str):
        given = _from_text(given, path, "a boolean")
    if not isinstance(given, bool):
        raise _mismatch(path, "a boolean", given)
    return given


def _integer(kind: Kind) -> Callable[[Any, str], int]:
    lowest, highest = BOUNDS[kind]

    def convert(given: Any, path: str) -> int:
        number = _number(given, path)
        if not lowest <= number <= highest:
            raise Malformed(path, f"{given} is out of the range of {kind.value}")
        return int(number)

    return convert


def _double(given: Any, path: str) -> float:
    if isinstance(given, str) and given in _INFINITE:
        return _INFINITE[given]
    try:
        return float(_number(given, path))
    except OverflowError:
        raise Malformed(path, "the number is out of the range of double") from None


def _number(given: Any, path: str) -> int | float:
    if isinstance(given, str):
        given = _from_text(given, path, "a number")
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise _mismatch(path, "a number", given)
    return given


def _from_text(given: str, path: str, wanted: str) -> Any:
    """What the text means as JSON."""
    try:
        return msgspec.json.decode(given)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Malformed(path, f"expected {wanted}, got the text {_shown(given)}") from None


def _string(given: Any, path: str) -> str:
    if not isinstance(given, str):
        raise _mismatch(path, "text", given)
    return given


def _bytes(given: Any, path: str) -> bytes:
    """The bytes behind base64, which may hold white space and lack its padding."""
    if not isinstance(given, str):
        raise _mismatch(path, "base64 text", given)
    text, _, padding = given.encode().translate(None, _SPACE).partition(b"=")
    if text.translate(None, _BASE64) or padding.strip(b"=") or len(text) % 4 == 1:
        raise Malformed(path, f"{_shown(given)} is not base64")
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


_SCALARS: dict[Kind, Callable[[Any, str], Any]] = {
    Kind.BOOL: _bool,
    Kind.DOUBLE: _double,
    Kind.STRING: _string,
    Kind.BYTES: _bytes,
    **{kind: _integer(kind) for kind in BOUNDS},
}


def _mismatch(path: str, wanted: str, given: Any) -> Malformed:
    match given:
        case bool():
            got = "a boolean"
        case int() | float():
            got = "a number"
        case str():
            got = "text"
        case list():
            got = "an array"
        case dict():
            got = "an object"
        case Large():
            got = "an object" if given.is_object else "an array"
        case None:
            got = "null"
        case _:
            assert_never(given)
    return Malformed(path, f"expected {wanted}, got {got}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
