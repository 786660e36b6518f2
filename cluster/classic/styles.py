"""The two ways in which classic frameworks hold data: protobuf messages and dicts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from cluster.classic import dicts, messages
from cluster.classic.messages import Message

S = TypeVar("S", bound=msgspec.Struct)

PROTOBUF_MODULE = "cluster.classic.mesos_pb2"


class Style(Protocol):
    """Turns structs of the model into what the user expects, and bytes likewise."""

    def show(self, struct: msgspec.Struct) -> Any:
        """What the user sees of a struct."""

    def show_data(self, data: bytes) -> Any:
        """What the user sees of bytes."""


class ProtobufStyle:
    """Messages of `mesos_pb2`; data are bytes."""

    def show(self, struct: msgspec.Struct) -> Message:
        return messages.from_model(struct)

    def show_data(self, data: bytes) -> bytes:
        return data


class DictStyle:
    """Dicts as pymesos gives them; data are base64 text."""

    def show(self, struct: msgspec.Struct) -> dicts.Dict:
        return dicts.from_model(struct)

    def show_data(self, data: bytes) -> str:
        return dicts.encode_data(data)


def style_of(value: object) -> Style:
    """The style of a framework, by the description of itself that it made."""
    return DictStyle() if isinstance(value, Mapping) else ProtobufStyle()


def style_in_use() -> Style:
    """The style of an executor, which describes nothing: whether it imported `mesos_pb2`."""
    return ProtobufStyle() if PROTOBUF_MODULE in sys.modules else DictStyle()


def to_model(struct: type[S], value: Any) -> S:
    """Take what a user made, of either style, into the model.

    Raises:
        ValueError: a required field is missing or a value has the wrong type; names the field.
    """
    try:
        if isinstance(value, struct):
            return value
        if isinstance(value, Message):
            return msgspec.convert(messages.to_plain(value), struct, builtin_types=(bytes,))
        return msgspec.convert(dicts.to_plain(struct, value), struct, strict=False)
    except msgspec.ValidationError as fault:
        raise ValueError(f"malformed {struct.__name__}: {fault}") from fault


def to_bytes(data: str | bytes) -> bytes:
    """Data of either style: bytes are themselves, text is base64 or, failing that, text."""
    if isinstance(data, bytes):
        return data
    try:
        return dicts.decode_data(data)
    except ValueError:
        return data.encode()


def listed(value: Any) -> list[Any]:
    """A list of what may be one thing or several."""
    is_one = isinstance(value, (Message, Mapping, str, msgspec.Struct))
    return [value] if is_one else list(value)
