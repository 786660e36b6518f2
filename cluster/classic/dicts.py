"""Messages as dicts whose keys are attributes too, as frameworks for pymesos use them."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import Any

import msgspec

from cluster.classic.schema import NEW_NAME, OLD_NAME, Kind, fields_of


def encode_data(data: bytes) -> str:
    """Bytes as they stand in the `data` of a task, a status or a message: base64."""
    return b2a_base64(data, newline=False).decode("ascii")


def decode_data(data: str | bytes) -> bytes:
    """The bytes behind base64 text.

    Raises:
        binascii.Error: the text is not base64.
    """
    return a2b_base64(data)


class Dict(dict[str, Any]):
    """A dict whose keys are attributes; a missing attribute is an empty Dict that can be filled.

    ::

        task = Dict()
        task.task_id.value = "1"
    """

    __slots__ = ("__dict__",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, value in self.items():
            super().__setitem__(key, _wrapped(value))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self:
            return self[name]
        if name.startswith(OLD_NAME) and (newer := NEW_NAME + name.removeprefix(OLD_NAME)) in self:
            return self[newer]
        return _Missing(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, _wrapped(value))


class _Missing(Dict):
    """An attribute that is not there; it comes to be when something is put in it."""

    def __init__(self, owner: Dict, name: str) -> None:
        super().__init__()
        vars(self)["place"] = (owner, name)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        place = vars(self).pop("place", None)
        if place is not None:
            owner, own_name = place
            owner[own_name] = self


def _wrapped(value: Any) -> Any:
    if isinstance(value, Dict):
        return value
    if isinstance(value, dict):
        return Dict(value)
    return [_wrapped(one) for one in value] if isinstance(value, (list, tuple)) else value


def from_model(struct: msgspec.Struct) -> Dict:
    """The dict that the v1 JSON form of a struct would be read as."""
    return Dict(msgspec.to_builtins(struct))


def to_plain(struct: type[msgspec.Struct], value: Any) -> Any:
    """What a user made as plain dicts and lists under the model's names, None left out."""
    if not isinstance(value, Mapping):
        return value
    fields = fields_of(struct)
    plain: dict[str, Any] = {}
    for name, one in value.items():
        field = fields.get(name)
        if field is None or one is None:
            continue  # unknown fields are ignored, as in the v1 API
        if field.kind is not Kind.MESSAGE:
            plain[field.name] = list(one) if field.is_repeated else one
        elif field.is_repeated:
            some = [one] if isinstance(one, Mapping) else one
            plain[field.name] = [to_plain(field.type, inner) for inner in some]
        elif field.is_map:
            plain[field.name] = {key: to_plain(field.type, inner) for key, inner in one.items()}
        else:
            plain[field.name] = to_plain(field.type, one)
    return plain
