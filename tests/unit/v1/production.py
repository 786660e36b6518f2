"""Which declaration stands for which type of the table."""

from __future__ import annotations

from functools import cache
from typing import Any

import cluster.model as model
from cluster.v1 import agent, executor, master, scheduler
from tests.unit.v1.table import table

APIS = {"scheduler": scheduler, "executor": executor, "master": master, "agent": agent}
ROOTS: dict[str, type[Any]] = {
    f"{api}/{name}": getattr(module, name)
    for api, module in APIS.items()
    for name in module.__all__
    if name != "Duration"
}

#: Types that are nested in the original and stand by themselves here, or have another name.
_OTHER_NAMES = {
    "Operation": "OperationRecord",
    "Offer.Operation": "Operation",
    "FrameworkInfo.Capability": "Capability",
    "AgentInfo.Capability": "AgentCapability",
    "MasterInfo.Capability": "MasterCapability",
    "TaskStatus.Source": "Source",
    "TaskStatus.Reason": "Reason",
    "Value.Type": "ValueType",
    **{f"Value.{name}": name for name in ("Scalar", "Range", "Ranges", "Set", "Text")},
    **{
        f"Resource.{name}": name
        for name in ("AllocationInfo", "ReservationInfo", "DiskInfo", "RevocableInfo", "SharedInfo")
    },
}


@cache
def declaration(key: str) -> type[Any]:
    """The struct or enum for a type of the table."""
    api, _, name = key.rpartition("/")
    if name == "google.protobuf.Duration":
        return master.Duration
    for package in ("maintenance.", "quota.", "allocator."):
        name = name.removeprefix(package)
    if not api:
        for old in sorted(_OTHER_NAMES, key=len, reverse=True):
            if name == old or name.startswith(f"{old}."):
                name = _OTHER_NAMES[old] + name.removeprefix(old)
                break
    found: Any = APIS[api] if api else model
    for part in name.split("."):
        found = getattr(found, part)
    assert isinstance(found, type)
    return found


def key_of(struct: type[Any]) -> str:
    """The type of the table for a declaration."""
    return _keys()[struct]


@cache
def _keys() -> dict[type[Any], str]:
    known = table()
    return {declaration(key): key for key in (*known.messages, *known.enums)}
