"""A second protobuf encoder and decoder, led by the table, that shares nothing with the production one.

Values are plain: dicts of fields by name, lists, enum names, bytes.
"""

from __future__ import annotations

import struct
from typing import Any

from tests.unit.v1.table import SCALARS, Row, enum_name, table

Plain = dict[str, Any]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def encode(key: str, value: Plain) -> bytes:
    """Write a message, fields in the order of the table."""
    out = bytearray()
    for row in table().messages[key]:
        if row.name not in value:
            continue
        given = value[row.name]
        if row.label == "map":
            for name, one in given.items():
                entry = _tagged(1, BYTES) + _delimited(name.encode()) + _field(row.type, 2, one)
                out += _tagged(row.number, BYTES) + _delimited(entry)
        else:
            for one in given if row.label == "repeated" else [given]:
                out += _field(row.type, row.number, one)
    return bytes(out)


def _field(type_: str, number: int, value: Any) -> bytes:
    if type_ == "double":
        return _tagged(number, FIXED64) + struct.pack("<d", value)
    if type_ == "string":
        return _tagged(number, BYTES) + _delimited(value.encode())
    if type_ == "bytes":
        return _tagged(number, BYTES) + _delimited(value)
    if type_ in table().enums:
        return _tagged(number, VARINT) + varint(table().enums[type_][value])
    if type_ in SCALARS:
        return _tagged(number, VARINT) + varint(int(value))
    return _tagged(number, BYTES) + _delimited(encode(type_, value))


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _tagged(number: int, form: int) -> bytes:
    return varint(number << 3 | form)


def _delimited(data: bytes) -> bytes:
    return varint(len(data)) + data


def decode(key: str, data: bytes) -> Plain:
    """Read a message whose writer left out what is unset; unknown fields are an error."""
    rows = {row.number: row for row in table().messages[key]}
    value: Plain = {}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        row = rows[tag >> 3]
        one, at = _read(row, tag & 7, data, at)
        if row.label == "map":
            value.setdefault(row.name, {})[one["key"]] = one["value"]
        elif row.label == "repeated":
            value.setdefault(row.name, []).append(one)
        else:
            assert row.name not in value, f"{key}.{row.name} twice"
            value[row.name] = one
    return value


def _read(row: Row, form: int, data: bytes, at: int) -> tuple[Any, int]:
    if form == VARINT:
        number, at = _read_varint(data, at)
        return _from_varint(row.type, number), at
    if form == FIXED64:
        assert row.type == "double"
        return struct.unpack_from("<d", data, at)[0], at + 8
    assert form == BYTES, form
    length, at = _read_varint(data, at)
    part = data[at : at + length]
    assert len(part) == length
    return _from_bytes(row, part), at + length


def _from_bytes(row: Row, part: bytes) -> Any:
    if row.label == "map":
        return _read_entry(row, part)
    if row.type == "string":
        return part.decode()
    return part if row.type == "bytes" else decode(row.type, part)


def _read_entry(row: Row, part: bytes) -> Plain:
    entry: Plain = {}
    rows = {1: Row("key", 1, "string", "optional", None), 2: Row("value", 2, row.type, "optional", None)}
    at = 0
    while at < len(part):
        tag, at = _read_varint(part, at)
        entry[rows[tag >> 3].name], at = _read(rows[tag >> 3], tag & 7, part, at)
    return entry


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def _from_varint(type_: str, number: int) -> Any:
    if type_ == "bool":
        return bool(number)
    if type_ in table().enums:
        return enum_name(type_, number)
    if type_ in ("int32", "int64") and number >= 2**63:
        return number - 2**64
    return number
