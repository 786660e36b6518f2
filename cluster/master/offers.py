"""Offers: made from what the allocator grants, declined, rescinded, timed out.

Source: reference scheduler-executor-api.md §3 (DECLINE), allocator.md §5.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from cluster.allocator import messages as alloc
from cluster.master.context import Context
from cluster.master.state import AgentEntry, FrameworkEntry, OfferEntry
from cluster.master.timers import OfferLate
from cluster.model import (
    URL,
    Address,
    AgentID,
    AllocationInfo,
    Capability,
    ExecutorID,
    Filters,
    FrameworkID,
    Offer,
    OfferID,
    Resource,
    Resources,
    old_form,
)
from cluster.protocol import scheduler as protocol

log = logging.getLogger(__name__)

#: How long what comes back is not offered to the same framework again, unless it says otherwise.
DEFAULT_REFUSE_S = 5.0


def refuse_s(filters: Filters | None) -> float:
    """How long declined resources are withheld; the allocator bounds it."""
    return DEFAULT_REFUSE_S if filters is None else filters.refuse_seconds


class Offers:
    """All that happens to offers short of being accepted."""

    def __init__(self, context: Context) -> None:
        self._c = context

    def make(self, made: alloc.OffersMade) -> None:
        """Turn what the allocator granted into offers; what came too late goes back."""
        c = self._c
        framework = c.state.frameworks.get(made.framework_id)
        offers: list[Offer] = []
        for grant in made.grants:
            agent = c.state.agents.get(grant.agent_id)
            if agent is None or agent.epoch != grant.epoch:
                continue  # the allocator knows, or will know, that the agent is gone
            wanted = framework is not None and framework.is_connected and grant.role in framework.roles
            if framework is None or not wanted or not agent.is_connected:
                recover = alloc.Recover(made.framework_id, grant.agent_id, grant.epoch, grant.resources)
                c.allocator(recover)
                continue
            entry = OfferEntry(
                id=c.ids.offer(),
                framework_id=framework.id,
                agent_id=agent.id,
                epoch=agent.epoch,
                role=grant.role,
                resources=grant.resources,
                made_ns=c.now(),
            )
            c.state.add_offer(entry)
            c.count("master/offers_made")
            if c.settings.offer_timeout_s is not None:
                c.later(c.settings.offer_timeout_s, OfferLate(entry.id))
            offers.append(describe(entry, framework, agent))
        if framework is not None and offers:
            framework.counts.offers_sent += len(offers)
            c.tell(framework, protocol.Offers(tuple(offers)))

    def decline(self, framework: FrameworkEntry, offer_ids: Iterable[str], filters: Filters | None) -> None:
        """The framework does not want these; unknown ones are ignored."""
        for offer_id in offer_ids:
            offer = framework.offers.get(offer_id)
            if offer is not None:
                self.give_back(offer, refuse_s(filters))
                self._c.count("master/offers_declined")
                framework.counts.offers_declined += 1

    def give_back(
        self, offer: OfferEntry, refuse: float | None = None, resources: Resources | None = None
    ) -> None:
        """An offer ends: what it held, or only `resources`, is free again."""
        self._c.state.remove_offer(offer)
        free = offer.resources if resources is None else resources
        if free:
            self._c.allocator(
                alloc.Recover(offer.framework_id, offer.agent_id, offer.epoch, free, refuse_s=refuse)
            )

    def rescind(self, offer: OfferEntry, why: str) -> None:
        """Take an offer back and tell the framework."""
        framework = self._c.state.frameworks[offer.framework_id]
        log.info("offer %s to %s is rescinded: %s", offer.id, offer.framework_id, why)
        self.give_back(offer)
        self._c.count("master/offers_rescinded")
        if framework.is_connected:
            framework.counts.offers_rescinded += 1
            self._c.tell(framework, protocol.Rescind(OfferID(offer.id)))

    def rescind_all_of(self, agent: AgentEntry, why: str) -> None:
        """Take back all offers of an agent."""
        for offer in list(agent.offers.values()):
            self.rescind(offer, why)

    def discard_all_of(self, framework: FrameworkEntry) -> None:
        """Take back all offers of a framework that nobody listens for."""
        for offer in list(framework.offers.values()):
            self.give_back(offer)

    def time_out(self, offer_id: str) -> None:
        """An offer was not answered in time."""
        offer = self._c.state.offers.get(offer_id)
        if offer is not None:
            self.rescind(offer, "not answered in time")


def describe(entry: OfferEntry, framework: FrameworkEntry, agent: AgentEntry) -> Offer:
    """An offer as the framework sees it, in the format it understands."""
    multi_role = Capability.Type.MULTI_ROLE in framework.capabilities
    return Offer(
        id=OfferID(entry.id),
        framework_id=FrameworkID(framework.id),
        agent_id=AgentID(agent.id),
        hostname=agent.info.hostname,
        url=url_of(agent),
        domain=agent.info.domain,
        resources=resources_for(framework, entry.resources),
        attributes=agent.info.attributes,
        executor_ids=tuple(ExecutorID(e) for f, e in agent.executors if f == framework.id),
        allocation_info=AllocationInfo(role=entry.role) if multi_role else None,
    )


def resources_for(framework: FrameworkEntry, resources: Resources) -> tuple[Resource, ...]:
    """Resources in the format a framework understands.

    Source: reference scheduler-executor-api.md §4, capability effects.
    """
    if Capability.Type.MULTI_ROLE not in framework.capabilities:
        resources = resources.unallocated()
    protos = resources.protos()
    if Capability.Type.RESERVATION_REFINEMENT in framework.capabilities:
        return protos
    old = (old_form(proto) for proto in protos)
    return tuple(proto for proto in old if proto is not None)


def url_of(agent: AgentEntry) -> URL:
    """Where the agent is reached: its actor's name and address."""
    host, _, port = agent.pid.address.removeprefix("~").rpartition(":")
    return URL(
        scheme="http",
        address=Address(hostname=agent.info.hostname, ip=host.strip("[]"), port=int(port)),
        path=f"/{agent.pid.name}",
    )
