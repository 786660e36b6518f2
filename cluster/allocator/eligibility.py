"""Whether a framework may be offered resources of an agent: predicates, each of which knows its reason.

Source: reference allocator.md §5.
"""

from __future__ import annotations

from cluster.allocator.agents import Agent, AgentCapabilityType
from cluster.allocator.frameworks import Framework, FrameworkCapability
from cluster.allocator.options import AllocatorOptions
from cluster.model import Quantities, Resources


def is_allocatable(resources: Resources, alternatives: tuple[Quantities, ...]) -> bool:
    """Whether resources are worth an offer: not empty, and one of the alternatives, if any, is in them."""
    if not resources:
        return False
    if not alternatives:
        return True
    quantities = resources.quantities()
    return any(quantities.contains(least) for least in alternatives)


def min_allocatable(framework: Framework, role: str, options: AllocatorOptions) -> tuple[Quantities, ...]:
    """The alternatives that count for a framework and role: its own, else the flag's."""
    return framework.min_allocatable.get(role, options.min_allocatable)


def missing_capability(
    framework: Framework, agent: Agent, options: AllocatorOptions
) -> FrameworkCapability | None:
    """A capability the framework would need to be offered anything of the agent; None if it may."""
    if agent.has_gpus and not framework.takes_gpus and options.filter_gpu_resources:
        return FrameworkCapability.GPU_RESOURCES
    if not framework.takes_remote and is_remote(agent, options):
        return FrameworkCapability.REGION_AWARE
    return None


def is_remote(agent: Agent, options: AllocatorOptions) -> bool:
    """Whether the agent is in another region than the master; without a domain it is local."""
    return options.region is not None and agent.region is not None and agent.region != options.region


def missing_agent_capability(framework: Framework, role: str, agent: Agent) -> AgentCapabilityType | None:
    """A capability the agent would need to serve the framework in this role; None if it does."""
    if framework.has_multi_role and not agent.has_multi_role:
        return AgentCapabilityType.MULTI_ROLE
    if not agent.has_hierarchical_role and "/" in role:
        return AgentCapabilityType.HIERARCHICAL_ROLE
    return None


def stripped(resources: Resources, framework: Framework, agent: Agent) -> Resources:
    """The part of an agent's resources that the framework can take."""
    if agent.has_shared and not framework.takes_shared:
        resources = resources.nonshared()
    if agent.has_revocable and not framework.takes_revocable:
        resources = resources.nonrevocable()
    if agent.has_refined and not framework.takes_refined:
        resources = unrefined(resources)
    return resources


def stripping_capability(resources: Resources, framework: Framework) -> FrameworkCapability | None:
    """The capability for want of which the framework can take nothing of the resources; None if it can."""
    rules = (
        (framework.takes_shared, FrameworkCapability.SHARED_RESOURCES, Resources.nonshared),
        (framework.takes_revocable, FrameworkCapability.REVOCABLE_RESOURCES, Resources.nonrevocable),
        (framework.takes_refined, FrameworkCapability.RESERVATION_REFINEMENT, unrefined),
    )
    for takes, capability, strip in rules:
        if not takes:
            resources = strip(resources)
            if not resources:
                return capability
    return None


def unrefined(resources: Resources) -> Resources:
    """The part that is not reserved more than once over."""
    return resources.filter(lambda kind: len(kind.reservations) < 2)
