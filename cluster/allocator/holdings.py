"""Who holds what of one agent, by framework and role."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.model import Resources


class Holdings:
    """Resources in unallocated form by framework and role; empty entries vanish."""

    __slots__ = ("_by_framework",)

    def __init__(self) -> None:
        self._by_framework: dict[str, dict[str, Resources]] = {}

    def __contains__(self, framework: str) -> bool:
        return framework in self._by_framework

    def __iter__(self) -> Iterator[tuple[str, str, Resources]]:
        """Yield framework, role, resources."""
        for framework, by_role in self._by_framework.items():
            for role, resources in by_role.items():
                yield framework, role, resources

    def resources(self) -> Iterator[Resources]:
        """What is held, entry by entry."""
        for by_role in self._by_framework.values():
            yield from by_role.values()

    def of(self, framework: str) -> dict[str, Resources]:
        """What a framework holds, by role."""
        return dict(self._by_framework.get(framework, {}))

    def add(self, framework: str, role: str, resources: Resources) -> None:
        """The framework holds more."""
        by_role = self._by_framework.setdefault(framework, {})
        held = by_role.get(role)
        by_role[role] = resources if held is None else held + resources

    def take(self, framework: str, role: str, resources: Resources) -> None:
        """The framework holds less.

        Raises: NotContained if it does not hold that much.
        """
        by_role = self._by_framework.get(framework, {})
        left = by_role.get(role, Resources.EMPTY) - resources
        if left:
            by_role[role] = left
            return
        by_role.pop(role, None)
        if not by_role:
            self._by_framework.pop(framework, None)


def by_role(resources: Resources) -> dict[str, Resources]:
    """Allocated resources in unallocated form by the role they are allocated to."""
    assert all(kind.allocation is not None for kind, _ in resources), f"not all allocated: {resources}"
    return {role: resources.allocated_to(role).unallocated() for role in resources.roles}
