"""The v1 types as the reference lists them: read from `fields/*.txt`, which know nothing of the declarations.

A line is `Name: field[number] type req; ...`; `type*` is repeated, `=x` a declared default, lines that begin
with spaces go on with the one before.  `enum Name: VALUE=number, ...`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "fields"
APIS = ("scheduler", "executor", "master", "agent")
SCALARS = ("bool", "int32", "int64", "uint32", "uint64", "double", "string", "bytes")

_FIELD = re.compile(
    r"(?P<name>\w+)\[(?P<number>\d+)\] (?:map<string,(?P<map>[\w.]+)>|(?P<type>[\w.]+))"
    r"(?P<many>\*)?(?:=(?P<default>\S+))?(?P<required> req)?"
)


@dataclass(frozen=True)
class Row:
    """A field. `type` is a scalar, or the key of another type."""

    name: str
    number: int
    type: str
    label: str  # required, optional, repeated, map
    default: str | None


@dataclass(frozen=True)
class Table:
    """All messages and enums by key: `api/Dotted.Name`, without `api/` for what the APIs share."""

    messages: dict[str, list[Row]]
    enums: dict[str, dict[str, int]]


@cache
def table() -> Table:
    messages: dict[str, str] = {}
    enums: dict[str, dict[str, int]] = {}
    for api in ("types", *APIS):
        for line in _lines((FOLDER / f"{api}.txt").read_text()):
            head, _, body = line.partition(":")
            prefix = "" if api == "types" else f"{api}/"
            if head.startswith("enum "):
                pairs = (pair.split("=") for pair in body.split(","))
                enums[prefix + head.removeprefix("enum ")] = {k.strip(): int(v) for k, v in pairs}
            else:
                messages[prefix + head] = body
    known = messages.keys() | enums.keys()
    rows = {key: [_row(text, key, known) for text in _parts(body)] for key, body in messages.items()}
    return Table(rows, enums)


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\n    ", " ").splitlines():
        if line and not line.startswith("#"):
            yield line


def _parts(body: str) -> list[str]:
    return [part.strip() for part in body.split(";") if part.strip()]


def _row(text: str, inside: str, known: set[str]) -> Row:
    found = _FIELD.fullmatch(text)
    assert found, f"{inside}: {text!r}"
    type_ = found["map"] or found["type"]
    label = "map" if found["map"] else "repeated" if found["many"] else "required"
    if label == "required" and not found["required"]:
        label = "optional"
    resolved = type_ if type_ in SCALARS else _resolved(type_, inside, known)
    return Row(found["name"], int(found["number"]), resolved, label, found["default"])


def _resolved(type_: str, inside: str, known: set[str]) -> str:
    """Names are looked up from the inside out, then among the shared types."""
    api, slash, name = inside.rpartition("/")
    if type_.startswith("mesos.v1."):
        return type_.removeprefix("mesos.v1.")
    scope = name.split(".")
    for length in range(len(scope), -1, -1):
        for prefix in (api + slash, ""):
            candidate = prefix + ".".join([*scope[:length], type_])
            if candidate in known:
                return candidate
    candidate = type_.removeprefix("scheduler.")
    assert candidate in known, f"{inside}: {type_}"
    return candidate


def enum_name(key: str, number: int) -> str:
    """The name of a value of an enum."""
    return next(name for name, value in table().enums[key].items() if value == number)
