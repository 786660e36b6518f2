"""What must be true of every round, whichever allocator decided it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from cluster.model import Limits, Quantities, Resources
from tests.oracle.round import Grant


@dataclass(frozen=True)
class Before:
    """What there was to give before a round."""

    free: Mapping[str, Resources]
    room: Mapping[str, Limits]
    """What limits leave of unreserved resources, by role."""
    wants: Callable[[str, str], bool]
    """Whether a framework wants offers for a role."""
    offered: Collection[str]
    """Agents that may be offered."""


def check_round(before: Before, grants: Collection[Grant]) -> None:
    """Nothing is given twice, beyond limits, to whom it is not for, or to who does not want it.

    Raises: AssertionError.
    """
    given: dict[str, Resources] = {}
    for grant in grants:
        assert grant.resources, f"{grant} is of nothing"
        assert grant.resources.allocatable_to(grant.role) == grant.resources, f"{grant} is reserved to others"
        assert before.wants(grant.framework, grant.role), f"{grant} is not wanted"
        assert grant.agent in before.offered, f"{grant} is of an agent that is not offered"
        given[grant.agent] = given.get(grant.agent, Resources.EMPTY) + grant.resources
    for agent, resources in given.items():
        assert before.free[agent].contains(resources), f"{resources} of {agent} is not free"
    for role, room in before.room.items():
        taken = Quantities.EMPTY
        for grant in grants:
            if grant.role == role:
                taken = taken + grant.resources.scalars().unreserved().nonrevocable().quantities()
        for name, milli in room.items():
            assert taken[name] <= milli, f"{role} gets {taken} beyond its limit"
