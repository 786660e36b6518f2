"""What frameworks do: subscribe, change, suppress and revive, go away.

Source: reference allocator.md §3, §6.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping

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
        for number, (agent_id, resources) in enumerate(used.items(), 1):
            if agent_id in self.agents and agent_id not in adopted:
                self._note_use(self.agents[agent_id], framework_id, resources)
            if not number % step:
                yield
        yield from self._refreshing_listing(framework, step)
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
        at_once(
            self.updating_framework(
                framework_id, roles, suppressed, capabilities, min_allocatable, constraints, ALL_AT_ONCE
            )
        )

    def updating_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        suppressed: Iterable[str],
        capabilities: Iterable[FrameworkCapability],
        min_allocatable: MinAllocatable | None,
        constraints: OfferConstraints | None,
        step: int,
    ) -> Generator[None, None, None]:
        """Do the same, for so many roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        ready = constraints_of(constraints, self.options.regex_limits)
        before, revived = framework.roles, framework.suppressed - frozenset(suppressed)
        framework.describe(roles, suppressed, capabilities, min_allocatable, ready)
        framework.refused_inverse.clear()
        for number, role in enumerate(framework.roles, 1):
            self._seat(framework, role)
            if not number % step:
                yield
        for number, (role, seat) in enumerate(framework.seats.items(), 1):
            if role in revived or role not in framework.roles:
                yield from self.refusals.forgetting_seat(seat, step)
            self._describe_seat(seat)
            if not number % step:
                yield
        yield from self._refreshing_listing(framework, step)
        for number, role in enumerate(before, 1):
            self._unseat_if_idle(framework, role)
            if not number % step:
                yield

    def remove_framework(self, framework_id: str) -> None:
        """A framework is gone; what it still holds stays held until recovered."""
        at_once(self.removing_framework(framework_id, ALL_AT_ONCE))

    def removing_framework(self, framework_id: str, step: int) -> Generator[None, None, None]:
        """Do the same, `step` agents or roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        yield from self._letting_go(framework, step)
        for number, seat in enumerate(list(framework.seats.values()), 1):
            self._unseat(framework, seat)
            if not number % step:
                yield
        del self.frameworks[framework_id]

    def activate_framework(self, framework_id: str) -> Candidates:
        """A framework is connected: roles that are not suppressed get offers."""
        return at_once(self.activating_framework(framework_id, ALL_AT_ONCE))

    def activating_framework(self, framework_id: str, step: int) -> Generator[None, None, Candidates]:
        """Do the same, `step` roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        framework.is_active = True
        yield from self._refreshing_listing(framework, step)
        return self._wanted(ALL)

    def deactivate_framework(self, framework_id: str) -> None:
        """A framework is disconnected: no offers; its filters are dropped, its suppression is kept."""
        at_once(self.deactivating_framework(framework_id, ALL_AT_ONCE))

    def deactivating_framework(self, framework_id: str, step: int) -> Generator[None, None, None]:
        """Do the same, `step` agents or roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        framework.is_active = False
        framework.refused_inverse.clear()
        for seat in framework.seats.values():
            yield from self.refusals.forgetting_seat(seat, step)
        yield from self._refreshing_listing(framework, step)

    def suppress(self, framework_id: str, roles: Collection[str] = ()) -> None:
        """No offers for these roles, all if none are named; filters are kept."""
        at_once(self.suppressing(framework_id, roles, ALL_AT_ONCE))

    def suppressing(
        self, framework_id: str, roles: Collection[str], step: int
    ) -> Generator[None, None, None]:
        """Do the same, `step` roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        framework.suppressed |= frozenset(roles or framework.roles)
        yield from self._refreshing_listing(framework, step)

    def revive(self, framework_id: str, roles: Collection[str] = ()) -> Candidates:
        """Offers for these roles again, all if none are named, whatever was refused."""
        return at_once(self.reviving(framework_id, roles, ALL_AT_ONCE))

    def reviving(
        self, framework_id: str, roles: Collection[str], step: int
    ) -> Generator[None, None, Candidates]:
        """Do the same, `step` agents or roles at a time; no event and no question may come in between."""
        framework = self.frameworks[framework_id]
        framework.refused_inverse.clear()
        framework.suppressed -= frozenset(roles or framework.roles)
        for role in roles or framework.roles:
            seat = framework.seats.get(role)
            if seat is not None and seat.refusals:
                yield from self.refusals.forgetting_seat(seat, step)
        yield from self._refreshing_listing(framework, step)
        return self._wanted(ALL)

    def _letting_go(self, framework: Framework, step: int) -> Generator[None, None, None]:
        """Drop what a framework refused, and count it out of what it holds, on `step` agents at a time."""
        framework_id = framework.id
        for seat in framework.seats.values():
            yield from self.refusals.forgetting_seat(seat, step)
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

    # -- sizes -------------------------------------------------------------------------------------------

    def is_busy(self, framework_id: str, most: int) -> bool:
        """Whether a framework has more roles, or holds or refused something on more agents than that."""
        seats = self.frameworks[framework_id].seats
        return len(seats) > most or any(
            len(seat.refusals) > most or len(seat.holds_on) > most for seat in seats.values()
        )

    def has_much(self, framework_id: str, most: int) -> bool:
        """Whether a framework that is not known holds something on agents with more holders than that."""
        holders = 0
        for agent_id in self._strangers.get(framework_id, ()):
            holders += len(self.agents[agent_id].held)
            if holders > most:
                return True
        return False

    def _adopt(self, framework: Framework, agent: Agent) -> None:
        """A framework that holds something of an agent is known now."""
        for holder, held in agent.held.items():
            if holder[0] == framework.id:
                self._charge(framework, holder[1], agent.id, Bundle.of(held))
        for holder, used in agent.allocated.items():
            if holder[0] == framework.id:
                self.ledger.in_use.add(holder[1], Bundle.of(used).quota_part().counted)
