"""What can be told of JSON without reading it: where to cut it, how deep it goes, how long its numbers are.

A large text is looked at in windows, so that no single step takes long: a thread that is in such a step lets
nothing else run. Windows end outside of strings. Texts are known to be JSON; of others, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

#: What is looked at in one step, a millisecond or less.
WINDOW_BYTES = 64 << 10
#: So many brackets and commas are tried, one by one, to find a place to cut.
MOST_TOKENS = 2000

_STRING_PATTERN = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STRING = re.compile(_STRING_PATTERN, re.DOTALL)
_WHOLE_STRINGS = re.compile(rb'(?:[^"]++|' + _STRING_PATTERN + rb")*+", re.DOTALL)
_TOKEN = re.compile(rb'[^"\[\]{},]*+(?:' + _STRING_PATTERN + rb"|([\[\]{},]))", re.DOTALL)
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_NUMBER = re.compile(rb"[-+.0-9Ee]*+")


def _all_but(kept: bytes) -> bytes:
    return bytes(byte for byte in range(256) if byte not in kept)


_NO_BRACKETS = _all_but(b"{}[]")
_NO_STRUCTURE = _all_but(b'{}[]"\\')
_SIGNS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_DIGITS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
_TWENTY_DIGITS = b"0" * 20
_CLOSING = {b"[": b"]", b"{": b"}"}


def is_ordinary(text: bytes, levels: int) -> bool:
    """Whether there is surely no number above 64 bits and no nesting above `levels`."""
    if text.startswith(b'"'):
        return True
    for window in _windows(text):
        if _is_long_string(window):
            continue
        if _has_long_number(window) and _has_long_number(_STRING.sub(b'""', window)):
            return False
    return len(text) <= 2 * levels or not is_deep(text, levels)


def is_deep(text: bytes, levels: int) -> bool:
    """Whether objects and arrays are nested above `levels`."""
    depth = 0
    for window in _windows(text):
        brackets = _brackets(window)
        if depth + len(brackets) > levels:
            steps = memoryview(brackets.translate(_SIGNS)).cast("b")
            if max(accumulate(steps, initial=depth)) > levels:
                return True
        depth += _balance(brackets)
    return False


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    """Cut an object or array into ones of some members or elements each: of about `size` bytes, or of one."""
    opening = text[:1]
    closing = _CLOSING[opening]
    start = at = 1
    end = len(text) - 1
    depth = 0
    least = size
    while at < end:
        while at < min(start + least, end):
            stop = _window_end(text, at, end)
            depth += _balance(_brackets(text[at:stop]))
            at = stop
        at, depth, is_comma = _next_comma(text, at, end, depth)
        if is_comma:
            yield opening + text[start : at - 1] + closing
            start, least = at, size
        else:  # the element is large, so do not look for its end all the time
            least *= 2
    yield opening + text[start:end] + closing


def _windows(text: bytes) -> Iterator[bytes]:
    at, end = 0, len(text)
    while at < end:
        stop = _window_end(text, at, end)
        yield text[at:stop]
        at = stop


def _window_end(text: bytes, at: int, end: int) -> int:
    """Where the window ends that begins at `at`: in no string, in no number."""
    stop = at + WINDOW_BYTES
    if stop >= end:
        return end
    if text.startswith(b'"', at) and (behind := _behind_string(text, at, end)) > stop:
        return behind
    if text.find(b"\\", at, stop) >= 0:
        found = _WHOLE_STRINGS.match(text, at, stop)
        stop = found.end() if found is not None else stop
    elif text.count(b'"', at, stop) % 2:  # the last one begins a string
        stop = text.rfind(b'"', at, stop)
    found = _NUMBER.match(text, stop, end)
    return found.end() if found is not None else stop


def _behind_string(text: bytes, at: int, end: int) -> int:
    """Where the string ends that begins at `at`."""
    at += 1
    while at < end:
        found = _INSIDE.match(text, at, at + WINDOW_BYTES)
        behind = found.end() if found is not None else at
        if behind == at or text.startswith(b'"', behind):
            return behind + 1
        at = behind
    return end


def _next_comma(text: bytes, at: int, end: int, depth: int) -> tuple[int, int, bool]:
    """Go behind the next comma that is in no inner object or array, if it is near."""
    for _ in range(MOST_TOKENS):
        found = _TOKEN.match(text, at, end)
        if found is None:
            return end, depth, False
        at = found.end()
        match found[1]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 0:
                return at, depth, True
    return at, depth, False


def _balance(brackets: bytes) -> int:
    """How many more objects and arrays begin than end."""
    return 2 * (brackets.count(b"[") + brackets.count(b"{")) - len(brackets)


def _brackets(window: bytes) -> bytes:
    """The brackets that are not in strings; strings are looked at only if they hold brackets or escapes."""
    if _is_long_string(window):
        return b""
    structure = window.translate(None, _NO_STRUCTURE).replace(b'""', b"")
    if b'"' in structure or b"\\" in structure:
        return _STRING.sub(b"", window).translate(None, _NO_BRACKETS)
    return structure


def _is_long_string(window: bytes) -> bool:
    """Whether a window is one string; those that are longer for a number at their end are none."""
    return len(window) > WINDOW_BYTES and window.startswith(b'"') and window.endswith(b'"')


def _has_long_number(window: bytes) -> bool:
    return _TWENTY_DIGITS in window.translate(_DIGITS)
