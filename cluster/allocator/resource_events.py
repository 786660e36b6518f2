"""What becomes of resources that were handed out: they come back, are used, are converted.

Source: reference allocator.md §6.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from cluster.allocator.books import Books
from cluster.allocator.conversion import Conversion, converted
from cluster.allocator.holdings import by_role
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.model import NotContained, Resources


class ResourceEvents(Books):
    """Events of resources. None of them wants a round."""

    def recover(
        self,
        framework_id: str,
        agent_id: str,
        resources: Resources,
        *,
        now_s: float,
        refuse_s: float | None = None,
        is_allocated: bool = False,
    ) -> None:
        """Resources came back: an offer that ended or, with `is_allocated`, something that was in use.

        With `refuse_s` they are not offered to the framework again for that long. An agent that is gone, or a
        framework that is, is no error.

        Raises: NotContained if the framework does not hold the resources.
        """
        agent = self.agents.get(agent_id)
        if agent is None:
            return
        for role, part in by_role(resources):
            holder = (framework_id, role)
            agent.release(holder, part.resources)
            if is_allocated:
                agent.allocated = agent.allocated.taken(holder, part.resources)
                self._no_longer_uses(holder, part.resources)
            self._no_longer_holds(holder, agent, part, refuse_s, now_s)
        self._reopen(agent)

    def transition_offered_to_allocated(self, framework_id: str, agent_id: str, resources: Resources) -> None:
        """Offered resources are now in use by tasks or executors."""
        agent = self.agents.get(agent_id)
        if agent is not None:
            for role, part in by_role(resources):
                self._use(agent, (framework_id, role), part.resources)

    def update_allocation(
        self, framework_id: str, agent_id: str, offered: Resources, conversions: Iterable[Conversion]
    ) -> None:
        """What was offered is converted, and the agent's total with it; this is no further allocation.

        Another copy of something shared (nothing consumed) is held, but not part of the total.

        Raises: NotContained if the operations do not fit what was offered.
        """
        steps = tuple(conversions)
        at_once(self.updating_allocation(framework_id, agent_id, offered, steps, ALL_AT_ONCE))

    def updating_allocation(
        self,
        framework_id: str,
        agent_id: str,
        offered: Resources,
        conversions: Sequence[Conversion],
        step: int,
    ) -> Generator[None, None, None]:
        """Do the same, `step` conversions at a time; no event and no question may come in between."""
        agent = self.agents[agent_id]
        ((role, before),) = by_role(offered)
        after, total = offered, agent.total
        for first in range(0, len(conversions), step):
            some = conversions[first : first + step]
            after = converted(after, some)
            total = converted(total, (each.unallocated() for each in some if each.consumed))
            yield
        holder = (framework_id, role)
        agent.release(holder, before.resources)
        for _, part in by_role(after) if after else ():
            agent.hold(holder, part)
            self._note_holder(holder, agent)
        framework = self.frameworks.get(framework_id)
        if framework is not None:
            seat = framework.seats[role]
            self._discharge_seat(seat, agent_id, before)
            for _, part in by_role(after) if after else ():
                self._charge_seat(seat, agent_id, part, allocations=0)
        if holder not in agent.held:
            self._forget_holder(holder, agent)
        self._set_total(agent, total)
        self._reopen(agent)

    def update_available(self, agent_id: str, conversions: Iterable[Conversion]) -> bool:
        """An operator converts what is free: whether it was there; if not, nothing happens."""
        agent = self.agents[agent_id]
        conversions = tuple(conversions)
        try:
            converted(agent.available, conversions)
            total = converted(agent.total, conversions)
        except NotContained:
            return False
        self._set_total(agent, total)
        self._reopen(agent)
        return True
