"""What is wrong with a protobuf message that was parsed: fields that are missing, text that is not UTF-8.

Looked for only when something is wrong.  The library's own FindInitializationErrors is not used, because it
crashes the process when the key of a map is not UTF-8.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from cluster.v1.errors import MOST_NAMED, Malformed, missing_fields
from cluster.v1.schema import Field, Kind, Label, Struct, fields_of


def fault_of(struct: Struct, message: Message, path: str = "") -> Malformed:
    """Make the error for a message of a struct at fault; `path` is where it stands."""
    missing: list[str] = []
    bad_texts: list[str] = []
    _search(struct, message, path, missing, bad_texts)
    if bad_texts:
        return Malformed(bad_texts[0], "the text is not UTF-8")
    return missing_fields(missing)


def _search(struct: Struct, message: Message, path: str, missing: list[str], bad_texts: list[str]) -> None:
    """Add the paths of missing fields and of bad texts, in the order of the .proto file."""
    if bad_texts or len(missing) >= MOST_NAMED:
        return
    values = {descriptor.name: value for descriptor, value in message.ListFields()}
    for name, field in fields_of(struct).items():
        at = f"{path}.{name}" if path else name
        if name not in values:
            if field.label is Label.REQUIRED:
                missing.append(at)
            continue
        try:
            elements = _elements(field, values[name], at)
        except UnicodeDecodeError:  # the key of a map
            bad_texts.append(at)
            continue
        for inner, one in elements:
            if field.kind is Kind.MESSAGE:
                _search(field.type, one, inner, missing, bad_texts)
            elif field.kind is Kind.STRING and not isinstance(one, str):
                bad_texts.append(inner)


def _elements(field: Field, value: Any, path: str) -> list[tuple[str, Any]]:
    """Every single value of a field with its path."""
    if field.label is Label.MAP:
        return [(f'{path}["{key}"]', one) for key, one in value.items()]
    if field.label is Label.REPEATED:
        return [(f"{path}[{index}]", one) for index, one in enumerate(value)]
    return [(path, value)]
