"""Texts of rows are kept, and written again only where something is another value."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.http.rows import SPAN, Rows


class Value:
    """Something with an identity."""

    def __init__(self, text: str) -> None:
        self.text = text


def written(values: list[Value]) -> bytes:
    return b"\n".join(value.text.encode() for value in values)


@pytest.fixture
def write() -> Mock:
    return Mock(side_effect=written)


def read(rows: Rows[Value], values: list[Value], size: int = 10) -> bytes:
    """A whole reading."""
    parts = [rows.meet(tuple(values[at : at + size])) for at in range(0, len(values), size)]
    rows.turn()
    return b",".join(parts)


def new_in(write: Mock) -> list[str]:
    """What was written since last time."""
    found = [value.text for call in write.call_args_list for value in call.args[0]]
    write.reset_mock()
    return found


def text(values: list[Value]) -> bytes:
    return ",".join(value.text for value in values).encode()


def test_only_what_is_new_is_written(write: Mock) -> None:
    rows: Rows[Value] = Rows(write)
    values = [Value(f"v{number}") for number in range(95)]
    assert read(rows, values) == text(values)
    assert new_in(write) == [value.text for value in values]
    assert read(rows, values) == text(values)
    assert new_in(write) == []
    values[33] = Value("v33")  # equal, and another
    assert read(rows, values) == text(values)
    assert new_in(write) == ["v33"]
    del values[0]  # moves all others
    values.append(Value("last"))
    assert read(rows, values) == text(values)
    assert new_in(write) == ["last"]
    assert len(rows) == 95


def test_what_a_reading_did_not_meet_is_forgotten(write: Mock) -> None:
    rows: Rows[Value] = Rows(write)
    values = [Value("a"), Value("b")]
    read(rows, values)
    read(rows, values[:1])
    assert len(rows) == 1
    read(rows, values)
    assert new_in(write) == ["a", "b", "b"]
    rows.drop()
    assert len(rows) == 0


def test_long_rows_are_divided(write: Mock) -> None:
    rows: Rows[Value] = Rows(write)
    values = [Value(str(number)) for number in range(3 * SPAN + 1)]
    for _ in range(2):
        assert read(rows, values, size=len(values)) == text(values)
    assert max(len(call.args[0]) for call in write.call_args_list) == SPAN
    assert len(new_in(write)) == len(values)


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 249)), max_size=6), max_size=8))
def test_any_change_is_seen(turns: list[list[tuple[int, int]]]) -> None:
    write = Mock(side_effect=written)
    rows: Rows[Value] = Rows(write)
    values = [Value(f"v{number}") for number in range(300)]
    read(rows, values, size=100)
    new_in(write)
    for number, changes in enumerate(turns):
        known = {id(value): value for value in values}
        for kind, at in changes:
            match kind:
                case 0:
                    values[at] = Value(f"changed {number}")
                case 1:
                    del values[at]
                case 2:
                    values.insert(at, Value(f"new {number}"))
                case _:
                    values.append(values.pop(at))
        assert read(rows, values, size=100) == text(values)
        assert len(new_in(write)) == sum(id(value) not in known for value in values)
