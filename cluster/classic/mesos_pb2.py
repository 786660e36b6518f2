"""The messages of classic frameworks, made from the declarations in `cluster.model`.

``from cluster.classic import mesos_pb2`` in place of ``from mesos.interface import mesos_pb2``.
Not here: reading and writing the binary form.
"""

from __future__ import annotations

from typing import Any

import msgspec

import cluster.model as model
from cluster.classic.messages import Message, enum_name, message_class
from cluster.model import V1Enum


class EnumType:
    """An enum as protobuf shows it: numbers, with functions to and from names."""

    def __init__(self, members: type[V1Enum]) -> None:
        self._members = members
        self.__name__ = members.__name__
        for member in members:
            setattr(self, member.value, member.number)

    def Name(self, number: int) -> str:
        """The name of a number.

        Raises:
            ValueError: the enum has no such number.
        """
        return enum_name(self._members, number)

    def Value(self, name: str) -> int:
        """The number of a name.

        Raises:
            ValueError: the enum has no such name.
        """
        return self._members(name).number

    def keys(self) -> list[str]:
        """All names."""
        return [member.value for member in self._members]

    def values(self) -> list[int]:
        """All numbers."""
        return [member.number for member in self._members]

    def items(self) -> list[tuple[str, int]]:
        """All names with their numbers."""
        return [(member.value, member.number) for member in self._members]


class _Status(V1Enum):
    """Status of a driver."""

    DRIVER_NOT_STARTED = "DRIVER_NOT_STARTED", 1
    DRIVER_RUNNING = "DRIVER_RUNNING", 2
    DRIVER_ABORTED = "DRIVER_ABORTED", 3
    DRIVER_STOPPED = "DRIVER_STOPPED", 4


#: Classic names of what the model calls differently.
_ALIASES: dict[str, type[msgspec.Struct]] = {
    "SlaveID": model.AgentID,
    "SlaveInfo": model.AgentInfo,
}
#: Types that are nested in classic messages and stand by themselves in the model.
_NESTED: dict[type, dict[str, type]] = {
    model.Value: {
        "Type": model.ValueType,
        "Scalar": model.Scalar,
        "Range": model.Range,
        "Ranges": model.Ranges,
        "Set": model.Set,
        "Text": model.Text,
    },
    model.Resource: {
        "AllocationInfo": model.AllocationInfo,
        "ReservationInfo": model.ReservationInfo,
        "DiskInfo": model.DiskInfo,
        "RevocableInfo": model.RevocableInfo,
        "SharedInfo": model.SharedInfo,
    },
    model.FrameworkInfo: {"Capability": model.Capability},
    model.AgentInfo: {"Capability": model.AgentCapability},
    model.TaskStatus: {"Source": model.Source, "Reason": model.Reason},
    model.Offer: {"Operation": model.Operation},
}


def _members_of(struct: type) -> dict[str, type]:
    """The types nested in a struct, here or in classic messages."""
    own = {name: member for name, member in vars(struct).items() if isinstance(member, type)}
    return {**own, **_NESTED.get(struct, {})}


def _made(struct: type[msgspec.Struct]) -> type[Message]:
    """The class for a struct, with everything nested in it."""
    made = message_class(struct)
    for name, member in _members_of(struct).items():
        if name in vars(made):
            continue
        if issubclass(member, msgspec.Struct):
            setattr(made, name, _made(member))
        elif issubclass(member, V1Enum):
            enum_type = EnumType(member)
            setattr(made, name, enum_type)
            for key, number in enum_type.items():
                setattr(made, key, number)
    return made


def _module() -> dict[str, Any]:
    """Everything this module offers."""
    found: dict[str, Any] = {}
    for name in model.__all__:
        member = getattr(model, name)
        if not isinstance(member, type) or member in (model.V1, model.V1Enum, model.Id):
            continue
        if issubclass(member, msgspec.Struct):
            found[name] = _made(member)
        elif issubclass(member, V1Enum):
            found[name] = EnumType(member)
    found.update({name: _made(struct) for name, struct in _ALIASES.items()})
    found["Status"] = EnumType(_Status)
    for enum_type in (found["Status"], found["TaskState"]):
        found.update(enum_type.items())
    return found


DRIVER_NOT_STARTED = _Status.DRIVER_NOT_STARTED.number
DRIVER_RUNNING = _Status.DRIVER_RUNNING.number
DRIVER_ABORTED = _Status.DRIVER_ABORTED.number
DRIVER_STOPPED = _Status.DRIVER_STOPPED.number

globals().update(_module())


def __getattr__(name: str) -> Any:
    raise AttributeError(f"mesos_pb2 has no {name!r}")
