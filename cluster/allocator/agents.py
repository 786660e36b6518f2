"""An agent as allocation sees it: what it has, who holds what of it, what is free."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.allocator.holdings import Holdings
from cluster.model import AgentCapability, AgentInfo, Resources

AgentCapabilityType = AgentCapability.Type


class Agent:
    """One agent.

    `held` is offered or allocated, `allocated` the part in use by tasks and executors; both in unallocated
    form.
    """

    def __init__(
        self,
        agent_id: str,
        info: AgentInfo,
        total: Resources,
        capabilities: Iterable[AgentCapabilityType],
    ) -> None:
        self.id = agent_id
        self.info = info
        self.is_active = True
        self.held = Holdings()
        self.allocated = Holdings()
        self._available: Resources | None = None
        self.set_total(total)
        self.set_capabilities(capabilities)

    def set_total(self, total: Resources) -> None:
        """Take over a new total; what is held of it stays held."""
        self.total = total
        self.has_gpus = total.milli("gpus") > 0
        self.has_shared = bool(total.shared())
        self.has_revocable = bool(total.revocable())
        self.has_refined = any(len(kind.reservations) > 1 for kind, _ in total)
        self._available = None

    def set_capabilities(self, capabilities: Iterable[AgentCapabilityType]) -> None:
        """Take over what the agent understands."""
        self.capabilities = frozenset(capabilities)
        self.has_multi_role = AgentCapabilityType.MULTI_ROLE in self.capabilities
        self.has_hierarchical_role = AgentCapabilityType.HIERARCHICAL_ROLE in self.capabilities

    @property
    def hostname(self) -> str:
        """Name that whitelists go by."""
        return self.info.hostname

    @property
    def region(self) -> str | None:
        """Region of the fault domain; None without one."""
        domain = self.info.domain
        if domain is None or domain.fault_domain is None:
            return None
        return domain.fault_domain.region.name

    @property
    def available(self) -> Resources:
        """What is free: total less what is held, shared resources always in full; never negative."""
        if self._available is None:
            free = self.total.nonshared()
            for resources in self.held.resources():
                free = free.without(resources.nonshared())
            self._available = free + self.total.shared()
        return self._available

    def hold(self, framework: str, role: str, resources: Resources) -> None:
        """Resources were offered to or are used by a framework."""
        self.held.add(framework, role, resources)
        if self._available is not None:
            self._available = self._available.without(resources.nonshared())

    def release(self, framework: str, role: str, resources: Resources) -> None:
        """Resources came back.

        Raises: NotContained if the framework does not hold them.
        """
        self.held.take(framework, role, resources)
        self._available = None
