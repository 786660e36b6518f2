"""Roles: names, what lies below what, and weights.

Source: Mesos src/common/roles.cpp; reference types.md §4.6.
"""

from typing import ClassVar

from cluster.model.base import V1
from cluster.model.ids import FrameworkID
from cluster.model.resource import Resource

ANY_ROLE = "*"
_FORBIDDEN = "\t\n\v\f\r \x7f"


class Role(V1, frozen=True, kw_only=True):
    """A role as operators see it."""

    NUMBERS: ClassVar[dict[str, int]] = {"name": 1, "weight": 2, "frameworks": 3, "resources": 4}

    name: str
    weight: float
    frameworks: tuple[FrameworkID, ...] = ()
    resources: tuple[Resource, ...] = ()


class WeightInfo(V1, frozen=True, kw_only=True):
    """Weight of a role."""

    NUMBERS: ClassVar[dict[str, int]] = {"weight": 1, "role": 2}

    weight: float
    role: str | None = None


def role_fault(name: str) -> str | None:
    """Say what is wrong with a role name; None if nothing."""
    if name == ANY_ROLE:
        return None
    if not name:
        return "Role name must not be empty"
    if name.startswith("/") or name.endswith("/"):
        return f"Role name '{name}' must not start or end with '/'"
    for part in name.split("/"):
        if not part:
            return f"Role name '{name}' must not contain '//'"
        if part in (".", "..", ANY_ROLE):
            return f"Role name '{name}' must not contain the component '{part}'"
        if part.startswith("-"):
            return f"Role name '{name}' has a component that starts with '-'"
    if any(c in _FORBIDDEN for c in name):
        return f"Role name '{name}' contains a forbidden character (white space or DEL)"
    return None


def is_strict_subrole(role: str, of: str) -> bool:
    """Whether role lies below `of`: `a/b` lies below `a`, `a` does not."""
    return len(role) > len(of) and role.startswith(of) and role[len(of)] == "/"


def ancestors(role: str) -> tuple[str, ...]:
    """The roles above a role, outermost first: `a/b/c` has `a` and `a/b`."""
    return tuple(role[:i] for i, c in enumerate(role) if c == "/")
