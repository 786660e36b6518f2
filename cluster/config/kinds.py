"""The kinds of value a flag can have: how its text is read, and how it is printed again."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cluster.config import units
from cluster.config.units import Address, Rate, quoted

T = TypeVar("T")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How one kind of value is read and printed.

    `parse` raises ValueError with a line for the user. `suffix` is the unit at the end of a
    field's name, which its flag does not have: field `offer_timeout_s`, flag `--offer_timeout`.
    `takes_path` says that an absolute path may stand for the content of that file.
    """

    parse: Callable[[str], T]
    show: Callable[[T], str] = str
    suffix: str = ""
    is_boolean: bool = False
    takes_path: bool = False


def _boolean(text: str) -> bool:
    match text.lower():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case _:
            raise ValueError(f"{quoted(text)} is not true or false")


def _path(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError(f"{quoted(text)} is not a path")
    return text


def _ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an IP address") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _loaded_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno} column {fault.colno}"
        raise ValueError(f"{quoted(text)} is not JSON: {fault.msg} at {where}") from None
    except ValueError:
        raise ValueError(f"{quoted(text)} is not JSON: a number is too long") from None
    except RecursionError:
        raise ValueError(f"{quoted(text)} is not JSON: nested too deep") from None


def _json_text(text: str) -> str:
    _loaded_json(text)
    return text


def _string_map(text: str) -> Pairs:
    loaded = _loaded_json(text)
    if not isinstance(loaded, dict) or not all(isinstance(value, str) for value in loaded.values()):
        raise ValueError(f'{quoted(text)} is not a JSON map of texts: write {{"NAME": "value"}}')
    return tuple((str(name), str(value)) for name, value in loaded.items())


def _weights(text: str) -> tuple[tuple[str, float], ...]:
    weights: dict[str, float] = {}
    for part in _names(text):
        role, equals, weight = part.partition("=")
        if not equals or not role:
            raise ValueError(f"{quoted(part)} is not a weight: write role=number")
        if role in weights:
            raise ValueError(f"role {quoted(role)} has two weights")
        weights[role] = units.parse_number(weight)
        if weights[role] <= 0:
            raise ValueError(f"{quoted(part)} is not a weight: it must be above zero")
    return tuple(weights.items())


def _show_weights(weights: tuple[tuple[str, float], ...]) -> str:
    return ",".join(f"{role}={units.format_number(weight)}" for role, weight in weights)


def choice(*allowed: str) -> Kind[str]:
    """One of the given words, written exactly so."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{quoted(text)} is not one of {', '.join(allowed)}")
        return text

    return Kind(parse)


TEXT: Kind[str] = Kind(str)
PATH: Kind[str] = Kind(_path)
IP: Kind[str] = Kind(_ip)
BOOLEAN: Kind[bool] = Kind(_boolean, lambda value: "true" if value else "false", is_boolean=True)
WHOLE: Kind[int] = Kind(units.parse_whole)
NUMBER: Kind[float] = Kind(units.parse_number, units.format_number)
MILLI: Kind[int] = Kind(units.parse_milli, units.format_milli, suffix="_milli")
DURATION: Kind[float] = Kind(units.parse_duration, units.format_duration, suffix="_s")
BYTES: Kind[int] = Kind(units.parse_bytes, units.format_bytes, suffix="_bytes")
MEGABYTES: Kind[int] = Kind(units.parse_megabytes, units.format_bytes, suffix="_bytes")
RATE: Kind[Rate] = Kind(units.parse_rate)
PERCENTAGE: Kind[float] = Kind(units.parse_percentage, units.format_percentage, suffix="_percent")
MASTER: Kind[Address] = Kind(units.parse_master)
NAMES: Kind[tuple[str, ...]] = Kind(_names, ",".join)
WEIGHTS: Kind[tuple[tuple[str, float], ...]] = Kind(_weights, _show_weights)
TEXT_OR_FILE: Kind[str] = Kind(str, takes_path=True)
JSON: Kind[str] = Kind(_json_text, takes_path=True)
STRING_MAP: Kind[Pairs] = Kind(_string_map, lambda pairs: json.dumps(dict(pairs)), takes_path=True)
