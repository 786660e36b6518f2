"""Hypothesis strategies for plain values of every type of the table."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from hypothesis import strategies as st

from tests.unit.v1.production import declaration
from tests.unit.v1.table import Row, table
from tests.unit.v1.wire import Plain

_NUMBERS = {
    "int32": st.sampled_from([0, 1, -1, 5051, 2**31 - 1, -(2**31)]),
    "int64": st.sampled_from([0, 1, -1, 10**18, 2**63 - 1, -(2**63)]),
    "uint32": st.sampled_from([0, 1, 127, 128, 2**32 - 1]),
    "uint64": st.sampled_from([0, 1, 300, 2**63, 2**64 - 1]),
    "double": st.sampled_from([0.0, 1.0, -2.5, 0.1, 1e300, 5e-324, 1e16, math.inf, -math.inf]),
}
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    **_NUMBERS,
    "bool": st.booleans(),
    "string": st.sampled_from(
        ["", "a", "web/a", "null", "Infinity", "é\n\x00\u2028😀", '"\\/', "{[}", "9" * 30]
    ),
    "bytes": st.sampled_from([b"", b"\x00", b"\xff\xfe", bytes(range(16)), b"null"]),
}


@st.composite
def plain_values(draw: st.DrawFn, key: str, depth: int = 0) -> Plain:
    """A message with some of its fields, fewer the deeper it lies."""
    rows = table().messages[key]
    required = [row for row in rows if row.label == "required"]
    others = [row for row in rows if row.label != "required"]
    most = max(0, 4 - depth) if depth < 7 else 0
    chosen = draw(st.lists(st.sampled_from(others), max_size=most, unique=True)) if others and most else []
    fields = {row.name: draw(_field(row, depth)) for row in (*required, *chosen)}
    chosen_in_order: Plain = {row.name: fields[row.name] for row in rows if row.name in fields}
    return chosen_in_order


def _field(row: Row, depth: int) -> st.SearchStrategy[Any]:
    one = _one(row.type, depth)
    if row.label == "map":
        return st.dictionaries(_SCALARS["string"], one, min_size=1, max_size=2)
    return st.lists(one, min_size=1, max_size=2) if row.label == "repeated" else one


def _one(type_: str, depth: int) -> st.SearchStrategy[Any]:
    if type_ in _SCALARS:
        return _SCALARS[type_]
    if type_ in table().enums:
        return st.sampled_from(list(table().enums[type_]))
    return plain_values(type_, depth + 1)


def struct_of(key: str, plain: Plain) -> Any:
    """The struct a plain value stands for."""
    return msgspec.convert(plain, declaration(key), builtin_types=(bytes,))


def plain_of(struct: msgspec.Struct) -> Plain:
    """The plain value of a struct; what has a declared default is in it."""
    plain: Plain = _listed(msgspec.to_builtins(struct, builtin_types=(bytes,)))
    return plain


def _listed(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {name: _listed(one) for name, one in plain.items()}
    return [_listed(one) for one in plain] if isinstance(plain, (list, tuple)) else plain


def without_empty(plain: Any) -> Any:
    """Without lists of no elements, which protobuf cannot tell from none."""
    if isinstance(plain, dict):
        return {name: without_empty(one) for name, one in plain.items() if one != []}
    return [without_empty(one) for one in plain] if isinstance(plain, list) else plain
