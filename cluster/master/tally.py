"""Sums that are kept up to date as things come and go, so that nobody has to walk the cluster for them.

Whole thousandths, so that what comes and goes again leaves nothing behind.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Generic, TypeVar

from cluster.model import Kind, Resources, TaskState, ValueType, quantity_milli

#: Resources of which the parts are remembered: tasks are of a few sizes, and what is offered ends again.
SIZES = 4096


def shown_name(kind: Kind) -> str:
    """The name under which a resource is counted: what can be taken back is counted apart.

    Source: reference http-endpoints.md §3.1 (Res).
    """
    return f"{kind.name}_revocable" if kind.revocable else kind.name


@lru_cache(SIZES)
def _counted(resources: Resources) -> tuple[tuple[str, int], ...]:
    """Shown names and thousandths."""
    return tuple((shown_name(kind), quantity_milli(kind, amount)) for kind, amount in resources)


class Sum:
    """A sum of resources by shown name, in thousandths: numbers of ranges and items of sets are counted."""

    __slots__ = ("milli",)

    def __init__(self) -> None:
        self.milli: dict[str, int] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and self.milli == other.milli

    def __repr__(self) -> str:
        return f"Sum({self.milli})"

    def add(self, agent_id: str, resources: Resources) -> None:
        """Count resources of an agent."""
        milli = self.milli
        for name, amount in _counted(resources):
            milli[name] = milli.get(name, 0) + amount

    def take(self, agent_id: str, resources: Resources) -> None:
        """Count resources of an agent no more."""
        milli = self.milli
        for name, amount in _counted(resources):
            left = milli[name] - amount
            if left:
                milli[name] = left
            else:
                del milli[name]


class ListedSum(Sum):
    """A sum that remembers ranges and sets, by agent: the same port of two agents is two ports."""

    __slots__ = ("lists",)

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, Resources] = {}

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and isinstance(other, ListedSum) and self.lists == other.lists

    def __repr__(self) -> str:
        return f"ListedSum({self.milli}, {self.lists})"

    def add(self, agent_id: str, resources: Resources) -> None:
        """Count resources of an agent."""
        super().add(agent_id, resources)
        if part := _lists_of(resources):
            self.lists[agent_id] = self.lists.get(agent_id, Resources.EMPTY) + part

    def take(self, agent_id: str, resources: Resources) -> None:
        """Count resources of an agent no more."""
        super().take(agent_id, resources)
        if part := _lists_of(resources):
            if rest := self.lists[agent_id] - part:
                self.lists[agent_id] = rest
            else:
                del self.lists[agent_id]


@lru_cache(SIZES)
def _lists_of(resources: Resources) -> Resources:
    """The ranges and sets; mostly there are none."""
    if all(kind.type is ValueType.SCALAR for kind, _ in resources):
        return Resources.EMPTY
    return resources.filter(lambda kind: kind.type is not ValueType.SCALAR).unallocated()


S = TypeVar("S", bound=Sum)


class Sums(Generic[S]):
    """Sums by framework or role; who has nothing has no sum."""

    __slots__ = ("_new", "by_name")

    def __init__(self, new: type[S]) -> None:
        self._new = new
        self.by_name: dict[str, S] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sums) and self.by_name == other.by_name

    def __repr__(self) -> str:
        return f"Sums({self.by_name})"

    def of(self, name: str) -> S:
        """The sum of one, not to be changed."""
        return self.by_name.get(name) or self._new()

    def add(self, name: str, agent_id: str, resources: Resources) -> None:
        """Count resources for one."""
        found = self.by_name.get(name)
        if found is None:
            found = self.by_name[name] = self._new()
        found.add(agent_id, resources)

    def take(self, name: str, agent_id: str, resources: Resources) -> None:
        """Count resources no more."""
        found = self.by_name[name]
        found.take(agent_id, resources)
        if not found.milli:
            del self.by_name[name]


class Tally:
    """What the cluster has, and who uses, is offered, and has reserved what.

    `reserved_used` is the part of `reserved` that is in use. `states` counts the tasks that are kept.
    """

    __slots__ = (
        "framework_offered",
        "framework_used",
        "reserved",
        "reserved_used",
        "role_offered",
        "role_used",
        "states",
        "total",
        "used",
    )

    def __init__(self) -> None:
        self.total = Sum()
        self.used = Sum()
        self.framework_used = Sums(ListedSum)
        self.framework_offered = Sums(ListedSum)
        self.role_used = Sums(Sum)
        self.role_offered = Sums(Sum)
        self.reserved = Sums(Sum)
        self.reserved_used = Sums(Sum)
        self.states: Counter[TaskState] = Counter()

    def differences(self, other: Tally) -> list[str]:
        """The sums that are not the same, in words."""
        return [
            f"{name}: kept is {getattr(self, name)}, found is {getattr(other, name)}"
            for name in self.__slots__
            if getattr(self, name) != getattr(other, name)
        ]

    def agent_added(self, agent_id: str, total: Resources) -> None:
        """An agent brings resources."""
        self.total.add(agent_id, total)
        for role, part in _reserved(total):
            self.reserved.add(role, agent_id, part)

    def agent_removed(self, agent_id: str, total: Resources) -> None:
        """An agent takes its resources away."""
        self.total.take(agent_id, total)
        for role, part in _reserved(total):
            self.reserved.take(role, agent_id, part)

    def charged(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """A framework uses resources of an agent."""
        self.used.add(agent_id, resources)
        self.framework_used.add(framework_id, agent_id, resources)
        for role, part in _by_role(resources):
            self.role_used.add(role, agent_id, part)
        for role, part in _reserved(resources):
            self.reserved_used.add(role, agent_id, part)

    def discharged(self, agent_id: str, framework_id: str, resources: Resources) -> None:
        """A framework uses them no more."""
        self.used.take(agent_id, resources)
        self.framework_used.take(framework_id, agent_id, resources)
        for role, part in _by_role(resources):
            self.role_used.take(role, agent_id, part)
        for role, part in _reserved(resources):
            self.reserved_used.take(role, agent_id, part)

    def offered(self, agent_id: str, framework_id: str, role: str, resources: Resources) -> None:
        """A framework is offered resources for a role."""
        self.framework_offered.add(framework_id, agent_id, resources)
        self.role_offered.add(role, agent_id, resources)

    def offer_ended(self, agent_id: str, framework_id: str, role: str, resources: Resources) -> None:
        """A framework is offered them no more."""
        self.framework_offered.take(framework_id, agent_id, resources)
        self.role_offered.take(role, agent_id, resources)

    def task_state(self, before: TaskState | None, after: TaskState | None) -> None:
        """A task goes from one state to another; None: it was not, or is no more."""
        if before is not None:
            self.states[before] -= 1
        if after is not None:
            self.states[after] += 1


@lru_cache(SIZES)
def _by_role(resources: Resources) -> tuple[tuple[str, Resources], ...]:
    """The parts by the role that they are allocated to; nearly always there is one."""
    roles = resources.roles
    if len(roles) == 1:
        return ((roles[0], resources),)
    return tuple((role, resources.allocated_to(role)) for role in roles)


@lru_cache(SIZES)
def _reserved(resources: Resources) -> tuple[tuple[str, Resources], ...]:
    """The reserved parts by the role that reserved them."""
    roles = {kind.reservation_role: None for kind, _ in resources if kind.reservation_role is not None}
    return tuple((role, resources.reserved(role).unallocated()) for role in roles)
