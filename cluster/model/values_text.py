"""Text form of values: `4.5`, `[1-3,7-9]`, `{a,b}`, anything else.

Source: Mesos src/common/values.cpp (parse, operator<<); reference types.md §4.3.
"""

import math
import re
import sys
from collections.abc import Iterable

from cluster.model.milli import print_milli, to_milli
from cluster.model.ranges import Pairs, coalesce
from cluster.model.values import Range, Ranges, Scalar, Set, Text

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HEX = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)([pP][+-]?\d+)?")
_RANGE = re.compile(r"(\d{1,20})-(\d{1,20})")
_CLOSING = {"[": "]", "{": "}"}
MAX_UINT64 = 2**64 - 1


class InvalidValue(ValueError):
    """Raised when text cannot be a value of any type; translated by the parser that was called."""


def parse_value(text: str) -> Scalar | Ranges | Set | Text:
    """Parse a value; spaces do not count.  Negative numbers, NaN and infinities are text.

    Raises:
        InvalidValue: brackets do not match, a range is malformed, a number is too small or too large.
    """
    text = text.replace(" ", "")
    if not text:
        raise InvalidValue("expecting a value")
    if any(bracket in text[1:] for bracket in _CLOSING):
        raise InvalidValue(f"unexpected bracket within '{text}'")
    if text[0] in _CLOSING:
        if text[-1] != _CLOSING[text[0]] or any(c in text[1:-1] for c in "]}"):
            raise InvalidValue(f"brackets do not match in '{text}'")
        items = [item.strip() for item in text[1:-1].replace("\n", ",").split(",")]
        items = [item for item in items if item]
        return _ranges(items) if text[0] == "[" else Set(item=tuple(items))
    if any(c in text for c in "]}"):
        raise InvalidValue(f"brackets do not match in '{text}'")
    return _number_or_text(text)


def _ranges(items: list[str]) -> Ranges:
    pairs = []
    for item in items:
        match = _RANGE.fullmatch(item)
        if not match:
            raise InvalidValue(f"'{item}' is not a range, expecting begin-end")
        begin, end = int(match[1]), int(match[2])
        if begin > end:
            raise InvalidValue(f"range '{item}' begins after its end")
        if end > MAX_UINT64:
            raise InvalidValue(f"range '{item}' is out of bounds")
        pairs.append((begin, end))
    return wire_ranges(coalesce(pairs))


def _number_or_text(text: str) -> Scalar | Text:
    try:
        if _DECIMAL.fullmatch(text):
            number = float(text)
        elif _HEX.fullmatch(text):
            number = float.fromhex(text)
        else:
            return Text(value=text)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise InvalidValue(f"'{text}' is too large")
    if math.copysign(1, number) < 0:
        return Text(value=text)
    if 0 < number < sys.float_info.min:
        raise InvalidValue(f"'{text}' is a subnormal number")
    return Scalar(value=number)


def wire_ranges(pairs: Pairs) -> Ranges:
    """Make the v1 form of pairs."""
    return Ranges(range=tuple(Range(begin=begin, end=end) for begin, end in pairs))


def print_ranges(pairs: Pairs) -> str:
    """Print `[1-2, 5-9]`."""
    return "[" + ", ".join(f"{begin}-{end}" for begin, end in pairs) + "]"


def print_set(items: Iterable[str]) -> str:
    """Print `{a, b}`, sorted."""
    return "{" + ", ".join(sorted(items)) + "}"


def print_value(value: Scalar | Ranges | Set | Text) -> str:
    """Print a value so that `parse_value` reads it back (numbers to thousandths)."""
    match value:
        case Scalar():
            return print_milli(to_milli(value.value))
        case Ranges():
            return print_ranges(coalesce((r.begin, r.end) for r in value.range))
        case Set():
            return print_set(value.item)
        case Text():
            return value.value
