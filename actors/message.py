"""Messages: frozen structs declared under a name that is the same in every language.

The registry below is all that a peer can name. It maps a name on the wire to a declared struct and
its decoder; nothing received can lead to an import, a call or a class that was not declared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from actors.errors import NotAMessage


class Message(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Base of all messages: a value, encoded as a map of field names.

    Fields that hold their default are not sent, and unknown fields are ignored, so that a field can
    be added without breaking older peers. Messages hold values only, so they cannot be part of a cycle
    and the garbage collector need not look at them.
    """


class MessageType:
    """What is known of one declared message: its name, its class, its codec."""

    __slots__ = ("cls", "decode", "name")

    def __init__(self, name: str, cls: type[msgspec.Struct]) -> None:
        self.name = name
        self.cls = cls
        self.decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(cls).decode


encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode

BY_NAME: dict[str, MessageType] = {}
BY_CLASS: dict[type, MessageType] = {}

S = TypeVar("S", bound=type[msgspec.Struct])


def message(name: str) -> Callable[[S], S]:
    """Declare a struct as a message that can travel, under ``name`` (``"audience.Verb"``).

    Raises:
        ValueError: the name is empty, too long or already taken by another class.
    """
    if not name or len(name) > 255:
        raise ValueError(f"message name {name!r} must have 1 to 255 characters")

    def declare(cls: S) -> S:
        if name in BY_NAME:
            raise ValueError(f"message {name!r} is declared by {BY_NAME[name].cls!r} already")
        BY_NAME[name] = BY_CLASS[cls] = MessageType(name, cls)
        return cls

    return declare


def type_of(value: object) -> MessageType:
    """The declaration of a message.

    Raises:
        NotAMessage: the class of ``value`` was not declared with :func:`message`.
    """
    found = BY_CLASS.get(type(value))
    if found is None:
        raise NotAMessage(f"{type(value).__qualname__} is not declared with @message")
    return found


def name_of(value: object) -> str:
    """The name a value goes by in counters and logs: declared name, else its class name."""
    found = BY_CLASS.get(type(value))
    return found.name if found is not None else type(value).__qualname__
