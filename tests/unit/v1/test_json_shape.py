"""Where JSON is cut, and what is told of it without reading it, against a reader that reads all of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cluster.v1 import json_shape

TEXTS = st.text(st.sampled_from('ab"\\[]{},:1é\n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=40,
)
OUTER = st.lists(VALUES, max_size=8) | st.dictionaries(TEXTS, VALUES, max_size=8)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that end everywhere."""
    monkeypatch.setattr(json_shape, "WINDOW_BYTES", 7)


@given(OUTER, st.integers(1, 60), st.sampled_from([None, 1]))
def test_pieces_are_the_whole(value: Any, size: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False).encode()
    pieces = [json.loads(piece) for piece in json_shape.pieces(text, size)]
    if isinstance(value, list):
        assert [one for piece in pieces for one in piece] == value
    else:
        assert [item for piece in pieces for item in piece.items()] == list(value.items())


def depth(value: Any) -> int:
    """Levels of objects and arrays."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(OUTER)
@example([0.00010135828154210867])
def test_depth(value: Any) -> None:
    text = json.dumps(value).encode()
    deepest = depth(value)
    assert not json_shape.is_deep(text, deepest)
    assert json_shape.is_deep(text, deepest - 1)
    # A fraction of twenty digits may pass for a number above 64 bits: it is read in another way, that is all.
    assert json_shape.is_ordinary(text, deepest) or re.search(rb"[0-9]{20}", text)


@pytest.mark.parametrize("before", range(12))
def test_long_numbers_are_found_wherever_windows_end(before: int) -> None:
    front = b"[" + b"1," * before
    assert not json_shape.is_ordinary(front + b"9" * 20 + b"]", 5)
    assert json_shape.is_ordinary(front + b"9" * 19 + b"," + b"9" * 19 + b"]", 5)
    assert json_shape.is_ordinary(front + b'"' + b"9" * 40 + b'"]', 5)


def test_small_elements_make_small_pieces() -> None:
    text = json.dumps([{"value": f"id {number}", "list": [1, [2]]} for number in range(1000)]).encode()
    assert max(map(len, json_shape.pieces(text, 100))) < 200
    # A large one stands alone or with what is before it, and is looked at in few steps.
    text = json.dumps([1, {"large": list(range(5000))}, 2]).encode()
    assert len(list(json_shape.pieces(text, 100))) <= 3
