"""Protobuf classes made from the declarations of the v1 structs.

Each struct and each enum becomes a .proto file of its own in a pool that nobody else uses, so that messages
of other generated modules cannot collide with it.  The names in it never leave the process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cluster.model import V1Enum
from cluster.v1.schema import Field, Kind, Label, Struct, fields_of

_POOL = DescriptorPool()

_TYPES = {kind: FieldDescriptorProto.Type.Value(f"TYPE_{kind.name}") for kind in Kind}
_LABELS = {
    Label.REQUIRED: FieldDescriptorProto.LABEL_REQUIRED,
    Label.OPTIONAL: FieldDescriptorProto.LABEL_OPTIONAL,
    Label.REPEATED: FieldDescriptorProto.LABEL_REPEATED,
    Label.MAP: FieldDescriptorProto.LABEL_REPEATED,
}


@cache
def message_class(struct: Struct) -> type[Message]:
    """The protobuf class of a struct."""
    name = _define_message(struct)
    return GetMessageClass(_POOL.FindMessageTypeByName(name.removeprefix(".")))


def _full_name(kind: type) -> str:
    return f".{kind.__module__}.{_short_name(kind)}"


def _short_name(kind: type) -> str:
    return kind.__qualname__.replace(".", "_")


def _file(kind: type) -> FileDescriptorProto:
    return FileDescriptorProto(name=_full_name(kind), package=kind.__module__, syntax="proto2")


@cache
def _define_message(struct: Struct) -> str:
    file = _file(struct)
    message = file.message_type.add(name=_short_name(struct))
    for field in fields_of(struct).values():
        type_name = _type_name(field, struct)
        if type_name and field.type is not struct:
            needed = _full_name(field.type)
            if needed not in file.dependency:
                file.dependency.append(needed)
        if field.label is Label.MAP:
            entry = message.nested_type.add(name=_entry_name(field))
            entry.options.map_entry = True
            entry.field.add(
                name="key", number=1, type=FieldDescriptorProto.TYPE_STRING, label=_LABELS[Label.OPTIONAL]
            )
            _add(entry.field, "value", 2, _LABELS[Label.OPTIONAL], _TYPES[field.kind], type_name)
            own_type = f"{_full_name(struct)}.{entry.name}"
            _add(
                message.field, field.name, field.number, _LABELS[field.label], _TYPES[Kind.MESSAGE], own_type
            )
        else:
            _add(message.field, field.name, field.number, _LABELS[field.label], _TYPES[field.kind], type_name)
    _publish(file)
    return _full_name(struct)


def _publish(file: FileDescriptorProto) -> None:
    """Add a file to the pool, unless another thread was faster."""
    try:
        _POOL.Add(file)
    except TypeError:
        _POOL.FindFileByName(file.name)


def _add(fields: Any, name: str, number: int, label: int, type_: int, type_name: str) -> None:
    fields.add(name=name, number=number, label=label, type=type_, type_name=type_name or None)


def _entry_name(field: Field) -> str:
    """The name protobuf requires for the entries of a map."""
    return "".join(part.capitalize() for part in field.name.split("_")) + "Entry"


def _type_name(field: Field, inside: Struct) -> str:
    match field.kind:
        case Kind.MESSAGE:
            return _full_name(inside) if field.type is inside else _define_message(field.type)
        case Kind.ENUM:
            return _define_enum(field.type)
        case _:
            return ""


@cache
def _define_enum(kind: type[V1Enum]) -> str:
    """Names of enum values must be unique around an enum, so each gets a message around it."""
    file = _file(kind)
    around = file.message_type.add(name=_short_name(kind))
    enum = around.enum_type.add(name="Type")
    for member in kind:
        enum.value.add(name=member.value, number=member.number)
    _publish(file)
    return f"{_full_name(kind)}.Type"
