"""Protobuf of v1 messages, by google.protobuf (upb) with classes made from the declarations.

Writing is C all the way: msgspec turns a struct into plain values, the class of the message takes those.
Reading is parsed in C; only the step from message to struct is Python, and looks at set fields alone.

Why this library: it is the reference of the format, so unknown fields, unknown enum values, packed lists,
merged messages and required fields are as the original has them.  Of the 2.5 ms that reading 100 tasks takes
(`bench/codecs.py`), parsing is 0.06 ms, and of the 1.2 ms of writing, 0.05 ms: the rest is making objects,
which any parser has to do.  betterproto and its like parse in Python as well; fastproto and cprotobuf are
compiled, but have classes of their own, so the step to structs stays, and single maintainers.  JSON is the
faster form here: 0.3 ms and 0.1 ms.

Fields with a declared default are always written, as in JSON: a struct does not tell set from unset there.

Source: reference types.md (numbers), scheduler-executor-api.md §1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias, TypeVar

import msgspec
from google.protobuf.message import DecodeError, Message

from cluster.v1 import protobuf_parts
from cluster.v1.descriptors import message_class
from cluster.v1.errors import Malformed
from cluster.v1.protobuf_faults import fault_of
from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

T = TypeVar("T", bound=msgspec.Struct)

Reader: TypeAlias = Callable[[Any], Any]


class _NotText(Exception):
    """Raised when a string is not UTF-8, which proto2 lets pass and Python gives as bytes."""


def decode(cls: type[T], data: bytes) -> T:
    """Read a value of a v1 type.

    Raises:
        Malformed: no protobuf, text that is not UTF-8, or a required field is missing (or is an enum
            value this version does not know).
    """
    if len(data) <= protobuf_parts.PART_BYTES:
        return _whole(cls, data, "")
    try:
        return protobuf_parts.decode(cls, data, _whole, _fields_in)
    except protobuf_parts.Odd:
        raise _no_protobuf("") from None


def _no_protobuf(path: str) -> Malformed:
    return Malformed(path, "not protobuf, or not of this message")


def _whole(cls: type[T], data: bytes, path: str) -> T:
    """A value, read at once; `path` is where it stands."""
    try:
        message = message_class(cls).FromString(data)
    except DecodeError:
        raise _no_protobuf(path) from None
    if not message.IsInitialized():
        raise fault_of(cls, message, path)
    try:
        value = _reader(cls)(message)
    except (_NotText, UnicodeDecodeError):
        raise fault_of(cls, message, path) from None
    assert isinstance(value, cls), "readers make what they are made for"
    return value


def _fields_in(struct: Struct, data: bytes, path: str) -> dict[str, Any]:
    """The fields that are set, of a message that need not be complete."""
    try:
        message = message_class(struct).FromString(data)
    except DecodeError:
        raise _no_protobuf(path) from None
    try:
        fields = fields_of(struct)
        values = {}
        for descriptor, value in message.ListFields():
            convert = _conversion(fields[descriptor.name], None)
            values[descriptor.name] = value if convert is None else convert(value)
    except (_NotText, UnicodeDecodeError):
        raise fault_of(struct, message, path) from None
    return values


def encode(value: msgspec.Struct) -> bytes:
    """Write a value of a v1 type."""
    fields = msgspec.to_builtins(value, builtin_types=(bytes,))
    return message_class(type(value))(**fields).SerializeToString()


@cache
def _reader(struct: Struct) -> Reader:
    """The function that makes a struct from its message."""
    fields = list(fields_of(struct).values())
    if len(fields) == 1:
        return _reader_of_one(struct, fields[0])
    names: dict[Any, str] = {}
    conversions: dict[Any, Reader] = {}

    def read(message: Message) -> Any:
        values = {}
        for descriptor, value in message.ListFields():
            convert = conversions.get(descriptor)
            values[names[descriptor]] = value if convert is None else convert(value)
        return struct(**values)

    descriptors = message_class(struct).DESCRIPTOR.fields_by_name
    for field in fields:
        descriptor = descriptors[field.name]
        names[descriptor] = field.name
        convert = _conversion(field, read if field.type is struct else None)
        if convert is not None:
            conversions[descriptor] = convert
    return read


def _reader_of_one(struct: Struct, field: Field) -> Reader:
    """A reader for ids and other wrappers of one field, which are the most frequent messages."""
    name, convert = field.name, _conversion(field, None)
    may_lack = field.label is Label.OPTIONAL

    def read(message: Message) -> Any:
        if may_lack and not message.HasField(name):
            return struct()
        value = getattr(message, name)
        return struct(**{name: value if convert is None else convert(value)})

    return read


def _conversion(field: Field, around: Reader | None) -> Reader | None:
    """What makes the value of a struct from that of a message; None if they are the same.

    around: the reader of the struct the field is in, if that is also the type of the field.
    """
    one: Reader | None = None
    if field.kind is Kind.MESSAGE:
        one = around or _reader(field.type)
    elif field.kind is Kind.ENUM:
        one = {member.number: member for member in field.type}.__getitem__
    elif field.kind is Kind.STRING:
        one = _text
    if field.label is Label.REPEATED:
        return tuple if one is None else _each(one)
    if field.label is Label.MAP:
        return _each_entry(one)
    return one


def _each(convert: Reader) -> Reader:
    return lambda values: tuple([convert(value) for value in values])


def _each_entry(convert: Reader | None) -> Reader:
    if convert is None:
        return dict
    return lambda entries: {key: convert(value) for key, value in entries.items()}


def _text(value: Any) -> Any:
    if type(value) is not str:
        raise _NotText
    return value
