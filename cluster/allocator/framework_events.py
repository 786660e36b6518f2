"""What frameworks do: subscribe, change, suppress and revive, go away.

Source: reference allocator.md §3, §6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping

from cluster.allocator.agents import Agent
from cluster.allocator.books import Books
from cluster.allocator.bundle import Bundle
from cluster.allocator.candidates import ALL, NONE, Candidates
from cluster.allocator.constraints import constraints_of
from cluster.allocator.frameworks import Framework, FrameworkCapability, MinAllocatable
from cluster.allocator.slices import ALL_AT_ONCE, at_once
from cluster.model import OfferConstraints, Resources


class FrameworkEvents(Books):
    """Events of frameworks. Those that want a round return the agents it should look at."""

    def add_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        is_active: bool = True,
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
        used: Mapping[str, Resources] | None = None,
    ) -> Candidates:
        """A framework subscribed, with what it uses by agent; what agents said it uses is adopted too.

        Raises: BadConstraint.
        """
        return at_once(
            self.adding_framework(
                framework_id,
                roles,
                suppressed,
                capabilities,
                is_active,
                min_allocatable,
                constraints,
                used or {},
                ALL_AT_ONCE,
            )
        )

    def adding_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        suppressed: Iterable[str],
        capabilities: Iterable[FrameworkCapability],
        is_active: bool,
        min_allocatable: MinAllocatable | None,
        constraints: OfferConstraints | None,
        used: Mapping[str, Resources],
        step: int,
    ) -> Generator[None, None, Candidates]:
        """Do the same, so many roles at a time, and adopt what so many hold.

        No event and no question may come in between.
        """
        assert framework_id not in self.frameworks, f"framework {framework_id} is already here"
        ready = constraints_of(constraints, self.options.regex_limits)
        framework = self.frameworks[framework_id] = Framework(framework_id, is_active=is_active)
        framework.describe(roles, suppressed, capabilities, min_allocatable, ready)
        adopted = self._strangers.pop(framework_id, {})
        effort = 0
        for role in framework.roles:
            self._seat(framework, role)
            effort += 1
            if effort >= step:
                effort = 0
                yield
        for agent_id in adopted:
            agent = self.agents[agent_id]
            self._adopt(framework, agent)
            effort += len(agent.held)
            if effort >= step:
                effort = 0
                yield
        for agent_id, resources in used.items():
            if agent_id in self.agents and agent_id not in adopted:
                self._note_use(self.agents[agent_id], framework_id, resources)
        self._refresh_listing(framework)
        return self._wanted(ALL if is_active else NONE)

    def update_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        *,
        suppressed: Iterable[str] = (),
        capabilities: Iterable[FrameworkCapability] = (),
        min_allocatable: MinAllocatable | None = None,
        constraints: OfferConstraints | None = None,
    ) -> None:
        """A framework changed its description; roles that are no longer suppressed count as revived.

        Raises: BadConstraint.
        """
        framework = self.frameworks[framework_id]
        ready = constraints_of(constraints, self.options.regex_limits)
        roles, suppressed, before = tuple(roles), tuple(suppressed), framework.roles
        forgiven = {r for r in framework.seats if self.is_forgiven(framework_id, r, roles, suppressed)}
        framework.describe(roles, suppressed, capabilities, min_allocatable, ready)
        framework.refused_inverse.clear()
        for role in framework.roles:
            self._seat(framework, role)
        for role, seat in framework.seats.items():
            if role in forgiven:
                self.refusals.forget_seat(seat)
            self._describe_seat(seat)
        self._refresh_listing(framework)
        for role in before:
            self._unseat_if_idle(framework, role)

    def remove_framework(self, framework_id: str) -> None:
        """A framework is gone; what it still holds stays held until recovered."""
        framework = self.frameworks[framework_id]
        at_once(self.letting_go(framework_id, ALL_AT_ONCE))
        for seat in list(framework.seats.values()):
            self._unseat(framework, seat)
        del self.frameworks[framework_id]

    def activate_framework(self, framework_id: str) -> Candidates:
        """A framework is connected: roles that are not suppressed get offers."""
        framework = self.frameworks[framework_id]
        framework.is_active = True
        self._refresh_listing(framework)
        return self._wanted(ALL)

    def deactivate_framework(self, framework_id: str) -> None:
        """A framework is disconnected: no offers; its filters are dropped, its suppression is kept."""
        framework = self.frameworks[framework_id]
        framework.is_active = False
        framework.refused_inverse.clear()
        for seat in framework.seats.values():
            self.refusals.forget_seat(seat)
        self._refresh_listing(framework)

    def suppress(self, framework_id: str, roles: Collection[str] = ()) -> None:
        """No offers for these roles, all if none are named; filters are kept."""
        framework = self.frameworks[framework_id]
        framework.suppressed |= frozenset(roles or framework.roles)
        self._refresh_listing(framework)

    def revive(self, framework_id: str, roles: Collection[str] = ()) -> Candidates:
        """Offers for these roles again, all if none are named, whatever was refused."""
        framework = self.frameworks[framework_id]
        framework.refused_inverse.clear()
        framework.suppressed -= frozenset(roles or framework.roles)
        for role in roles or framework.roles:
            seat = framework.seats.get(role)
            if seat is not None and seat.refusals:
                self.refusals.forget_seat(seat)
        self._refresh_listing(framework)
        return self._wanted(ALL)

    # -- what takes long if there is much of it, a step at a time ----------------------------------------

    def forgetting_refusals(
        self, framework_id: str, step: int, is_over: Callable[[str], bool] = lambda role: True
    ) -> Generator[None, None, None]:
        """Drop what a framework refused for those of its roles, on `step` agents at a time."""
        for role, seat in self.frameworks[framework_id].seats.items():
            if is_over(role):
                yield from self.refusals.forgetting_seat(seat, step)

    def letting_go(self, framework_id: str, step: int) -> Generator[None, None, None]:
        """Drop what a framework refused, and count it out of what it holds, on `step` agents at a time."""
        yield from self.forgetting_refusals(framework_id, step)
        for seat in self.frameworks[framework_id].seats.values():
            number = 0
            while seat.holds_on:
                agent_id, _ = seat.holds_on.popitem()
                agent = self.agents[agent_id]
                number += 1
                self._strangers.setdefault(framework_id, {})[agent_id] = None
                self._discharge_seat(seat, agent_id, Bundle.of(agent.held[seat.holder]))
                if seat.holder in agent.allocated:
                    self._no_longer_uses(seat.holder, agent.allocated[seat.holder])
                if not number % step:
                    yield

    def has_much(self, framework_id: str, most: int) -> bool:
        """Whether a framework that is not known holds something on agents with more holders than that."""
        holders = 0
        for agent_id in self._strangers.get(framework_id, ()):
            holders += len(self.agents[agent_id].held)
            if holders > most:
                return True
        return False

    def is_forgiven(
        self, framework_id: str, role: str, roles: Collection[str], suppressed: Collection[str]
    ) -> bool:
        """Whether what a framework refused for a role is void if this is its new description."""
        is_revived = role in self.frameworks[framework_id].suppressed and role not in suppressed
        return is_revived or role not in roles

    def is_busy(self, framework_id: str, most: int) -> bool:
        """Whether a framework holds or refused something on more agents than that."""
        seats = self.frameworks[framework_id].seats.values()
        return any(len(seat.refusals) > most or len(seat.holds_on) > most for seat in seats)

    def _adopt(self, framework: Framework, agent: Agent) -> None:
        """A framework that holds something of an agent is known now."""
        for holder, held in agent.held.items():
            if holder[0] == framework.id:
                self._charge(framework, holder[1], agent.id, Bundle.of(held))
        for holder, used in agent.allocated.items():
            if holder[0] == framework.id:
                self.ledger.in_use.add(holder[1], Bundle.of(used).quota_part().counted)
