"""Identifiers.  Positional (`TaskID("t1")`), ordered, printed as their value.

Source: Mesos src/common/validation.cpp (validateID); reference types.md §1.
"""

import re
from typing import ClassVar

import msgspec

MAX_ID_BYTES = 255  # NAME_MAX: ids become directory names
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]")


class Id(msgspec.Struct, frozen=True, order=True, cache_hash=True, omit_defaults=True):
    """Base of the identifiers."""

    NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

    value: str

    def __str__(self) -> str:
        return self.value


class FrameworkID(Id, frozen=True, order=True, cache_hash=True):
    """Names a framework: `<master-uuid>-%04d`."""


class OfferID(Id, frozen=True, order=True, cache_hash=True):
    """Names an offer or inverse offer: `<master-uuid>-O<n>`."""


class AgentID(Id, frozen=True, order=True, cache_hash=True):
    """Names an agent: `<master-uuid>-S<n>`."""


class TaskID(Id, frozen=True, order=True, cache_hash=True):
    """Names a task within its framework; chosen by the framework."""


class ExecutorID(Id, frozen=True, order=True, cache_hash=True):
    """Names an executor within its framework; chosen by the framework."""


class ResourceProviderID(Id, frozen=True, order=True, cache_hash=True):
    """Names a resource provider."""


class OperationID(Id, frozen=True, order=True, cache_hash=True):
    """Names an operation within its framework; chosen by the framework."""


class ContainerID(msgspec.Struct, frozen=True, cache_hash=True, omit_defaults=True):
    """Names a container; a nested one carries its parent.  Printed `parent.child`."""

    NUMBERS: ClassVar[dict[str, int]] = {"value": 1, "parent": 2}

    value: str
    parent: "ContainerID | None" = None

    def __str__(self) -> str:
        return self.value if self.parent is None else f"{self.parent}.{self.value}"

    @property
    def root(self) -> "ContainerID":
        """The outermost container of the chain."""
        top = self
        while top.parent is not None:
            top = top.parent
        return top


class UUID(msgspec.Struct, frozen=True, order=True, cache_hash=True):
    """Names an operation between master and agent: 16 raw bytes."""

    NUMBERS: ClassVar[dict[str, int]] = {"value": 1}

    value: bytes


def id_fault(value: str) -> str | None:
    """Say what is wrong with a task, executor, framework, agent or persistence id; None if nothing."""
    if not value:
        return "ID must not be empty"
    if len(value.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
        return f"ID must not be greater than {MAX_ID_BYTES} bytes"
    if value in (".", ".."):
        return f"'{value}' is disallowed"
    if _UNFIT.search(value):
        return f"'{value}' contains invalid characters"
    return None
