"""Texts with units, as flags carry them: durations, bytes, addresses, rates, percentages.

Every `parse_*` takes the whole text of one flag value and raises `ValueError` with a line
that says what is wrong and what to write instead; every `format_*` gives the text back.

Source: scheduler-executor-api.md (end of the executor environment), master.md §1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

NS_PER_S = 1_000_000_000
MAX_DURATION_NS = 2**63 - 1
MAX_BYTES = 2**63 - 1

_DURATION_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "secs": NS_PER_S,
    "mins": 60 * NS_PER_S,
    "hrs": 3_600 * NS_PER_S,
    "days": 86_400 * NS_PER_S,
    "weeks": 604_800 * NS_PER_S,
}
_BYTE_UNITS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}

_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_WITH_UNIT = re.compile(r"(?P<number>[0-9]{1,30}(\.[0-9]{1,30})?)(?P<unit>[A-Za-z]+)")
_SHOWN_LIMIT = 60


def quoted(text: str) -> str:
    """The text in quotes on one line, cut if long, for error lines."""
    return repr(text) if len(text) <= _SHOWN_LIMIT else f"{text[:_SHOWN_LIMIT]!r}..."


def parse_whole(text: str) -> int:
    """A whole number with an optional sign.

    Raises: ValueError if it is anything else.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a whole number")
    return int(text)


def parse_number(text: str) -> float:
    """A decimal number without sign or exponent.

    Raises: ValueError if it is anything else.
    """
    return float(_exact(text))


def format_number(value: float) -> str:
    """The shortest text of a number, without a trailing `.0`."""
    return repr(value).removesuffix(".0")


def parse_duration_ns(text: str) -> int:
    """A duration such as `15secs` or `1.5hrs` in nanoseconds, rounded to a whole one.

    Raises: ValueError for a missing or unknown unit, a sign, or more than 2^63-1 ns.
    """
    found = _WITH_UNIT.fullmatch(text)
    if not found or found["unit"] not in _DURATION_UNITS_NS:
        units = ", ".join(_DURATION_UNITS_NS)
        raise ValueError(f"{quoted(text)} is not a duration: write a number and one of {units}, as in 15secs")
    ns = round(Fraction(found["number"]) * _DURATION_UNITS_NS[found["unit"]])
    if ns > MAX_DURATION_NS:
        raise ValueError(f"{quoted(text)} is too long: at most {MAX_DURATION_NS}ns")
    return ns


def format_duration_ns(ns: int) -> str:
    """The text of a duration: the largest unit that fits if whole there, else the next smaller
    one if whole there, else a fraction of the larger one with up to 15 digits.

    Source: scheduler-executor-api.md, duration text format.
    """
    if ns < 0:
        return "-" + format_duration_ns(-ns)
    fitting = [(unit, size) for unit, size in _DURATION_UNITS_NS.items() if size <= ns]
    if not fitting:
        return "0ns"
    for unit, size in reversed(fitting[-2:]):
        if ns % size == 0:
            return f"{ns // size}{unit}"
    unit, size = fitting[-1]
    return f"{ns / size:.15g}{unit}"


def parse_duration(text: str) -> float:
    """A duration such as `15secs` in seconds.

    Raises: ValueError as `parse_duration_ns` does.
    """
    return parse_duration_ns(text) / NS_PER_S


def format_duration(seconds: float) -> str:
    """The text of a duration in seconds; 90.0 is `90secs`, 60.0 is `1mins`."""
    return format_duration_ns(round(seconds * NS_PER_S))


def parse_bytes(text: str) -> int:
    """A size such as `4KB` or `1.5GB` in bytes; a unit is 1024 of the one before.

    Raises: ValueError for a missing or unknown unit, a part of a byte, or more than 2^63-1.
    """
    found = _WITH_UNIT.fullmatch(text)
    if not found or found["unit"] not in _BYTE_UNITS:
        units = ", ".join(_BYTE_UNITS)
        raise ValueError(f"{quoted(text)} is not a size: write a number and one of {units}, as in 64MB")
    return _whole_bytes(text, Fraction(found["number"]) * _BYTE_UNITS[found["unit"]])


def parse_megabytes(text: str) -> int:
    """A size in bytes, where a number without a unit counts megabytes: `128` is `128MB`.

    Raises: ValueError as `parse_bytes` does.
    """
    if _NUMBER.fullmatch(text):
        return _whole_bytes(text, _exact(text) * _BYTE_UNITS["MB"])
    return parse_bytes(text)


def format_bytes(size: int) -> str:
    """The text of a size in the largest unit in which it is whole."""
    for unit, unit_size in reversed(_BYTE_UNITS.items()):
        if size and size % unit_size == 0:
            return f"{size // unit_size}{unit}"
    return "0B"


def parse_milli(text: str) -> int:
    """A decimal number in thousandths: `0.5` is 500.

    Raises: ValueError if it is no number or has more than three decimals.
    """
    milli = _exact(text) * 1000
    if milli.denominator != 1:
        raise ValueError(f"{quoted(text)} has more than three decimals")
    return int(milli)


def format_milli(milli: int) -> str:
    """The decimal text of a number of thousandths."""
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a master listens: a host name or IP address, and a port from 1 to 65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_master(text: str) -> Address:
    """The `host:port` of a master; an IPv6 address stands in brackets.

    Raises: ValueError for `zk://` (not supported yet), `file://` (its content is wanted here,
        which the flag parser puts in) and everything that is not `host:port`.
    Source: cli.md §4 `master`, agent.md §1 `master`.
    """
    if text.startswith("zk://"):
        raise ValueError("zk:// is not supported yet: write host:port")
    if text.startswith("file://"):
        raise ValueError(f"{quoted(text)} names a file inside a file: write host:port there")
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError(f"{quoted(text)} has no port: write host:port, as in 127.0.0.1:5050")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{quoted(text)} is ambiguous: write an IPv6 address as [address]:port")
    if not host or any(c.isspace() or c in "/@[]" for c in host):
        raise ValueError(f"{quoted(text)} has no usable host: write host:port, as in 127.0.0.1:5050")
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise ValueError(f"{quoted(text)} has no usable port: allowed are 1 to 65535")
    return Address(host, int(port))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many events in each stretch of time.

    Units: `per_s` seconds.
    """

    count: int
    per_s: float

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.per_s)}"


def parse_rate(text: str) -> Rate:
    """A rate such as `1/10mins`.

    Raises: ValueError unless it is a whole number, a slash and a duration above zero.
    """
    count, slash, per = text.partition("/")
    if not slash or not re.fullmatch(r"[0-9]{1,18}", count):
        raise ValueError(f"{quoted(text)} is not a rate: write COUNT/DURATION, as in 1/10mins")
    rate = Rate(int(count), parse_duration(per))
    if rate.per_s <= 0:
        raise ValueError(f"{quoted(text)} is not a rate: its duration is zero")
    return rate


def parse_percentage(text: str) -> float:
    """A percentage from `0%` to `100%`, as a number from 0 to 100.

    Raises: ValueError without the sign `%` or outside that range.
    """
    if not text.endswith("%") or not _NUMBER.fullmatch(text[:-1]):
        raise ValueError(f"{quoted(text)} is not a percentage: write a number and %, as in 50%")
    percent = parse_number(text[:-1])
    if percent > 100:
        raise ValueError(f"{quoted(text)} is above 100%")
    return percent


def format_percentage(percent: float) -> str:
    """The text of a percentage."""
    return f"{format_number(percent)}%"


def _exact(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a number")
    return Fraction(text)


def _whole_bytes(text: str, size: Fraction) -> int:
    if size.denominator != 1:
        raise ValueError(f"{quoted(text)} is not a whole number of bytes")
    if size > MAX_BYTES:
        raise ValueError(f"{quoted(text)} is too large: at most {MAX_BYTES}B")
    return int(size)
