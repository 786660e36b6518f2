"""What all calls have in common: `type` names the member that counts.

Source: reference scheduler-executor-api.md §2 (call validation), http-endpoints.md §8.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Protocol

from cluster.model import V1Enum
from cluster.v1.errors import Malformed

UUID_BYTES = 16


class Union(Protocol):
    """A call, event or answer: `type`, and for most types a member of the same name."""

    @property
    def type(self) -> V1Enum | None: ...


def member_name(kind: V1Enum) -> str:
    """The field that belongs to a type, if the message has such a field at all."""
    return kind.name.lower()


def check_member(call: Union, optional: Container[V1Enum] = ()) -> None:
    """See that the type is there, and its member.  optional: types whose member may be missing.

    Raises:
        Malformed: one of them is missing.
    """
    if call.type is None:
        raise Malformed("type", "this field is missing, or names no type this version knows")
    name = member_name(call.type)
    if call.type not in optional and getattr(call, name, call) is None:
        raise Malformed(name, f"this member is missing, which belongs to type {call.type}")


def check_uuid(uuid: bytes | None, path: str) -> None:
    """See that a uuid is there and has its length.

    Raises:
        Malformed: it is missing, or too short or too long.
    """
    if uuid is None:
        raise Malformed(path, "this field is missing")
    if len(uuid) != UUID_BYTES:
        raise Malformed(path, f"a uuid has {UUID_BYTES} bytes, this has {len(uuid)}")


def fields_in(value: Any) -> dict[str, Any]:
    """The fields of a struct with their values, as arguments for another of the same fields."""
    return {name: getattr(value, name) for name in value.__struct_fields__}
