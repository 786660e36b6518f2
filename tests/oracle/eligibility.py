"""Whether, and of what, a framework may be offered an agent.

Source: reference allocator.md §5.
"""

from __future__ import annotations

import math

from cluster.model import AgentCapability, Capability, Resources
from tests.oracle.records import Agent, Framework, Options, State

MAX_REFUSE_S = 365 * 24 * 3600.0
DEFAULT_REFUSE_S = 5.0


def refusal_s(refuse_s: float) -> float:
    """How long a framework's `refuse_seconds` stand for; 0 for no filter."""
    if math.isnan(refuse_s) or refuse_s < 0:
        return DEFAULT_REFUSE_S
    return min(refuse_s, MAX_REFUSE_S)


def is_allocatable(resources: Resources, framework: Framework, role: str, options: Options) -> bool:
    """Whether resources are worth an offer: not empty, and one of the alternatives is in them."""
    alternatives = framework.min_allocatable.get(role, options.min_allocatable)
    if not resources:
        return False
    return not alternatives or any(resources.quantities().contains(least) for least in alternatives)


def is_capable(framework: Framework, agent: Agent, options: Options) -> bool:
    """Whether the framework can take anything of the agent."""
    has_gpus = agent.total.milli("gpus") > 0
    if (
        has_gpus
        and options.filter_gpu_resources
        and Capability.Type.GPU_RESOURCES not in framework.capabilities
    ):
        return False
    return not is_remote(agent, options) or Capability.Type.REGION_AWARE in framework.capabilities


def is_remote(agent: Agent, options: Options) -> bool:
    """Whether the agent is in another region than the master; without a domain it is local."""
    domain = agent.info.domain
    if options.region is None or domain is None or domain.fault_domain is None:
        return False
    return domain.fault_domain.region.name != options.region


def stripped(resources: Resources, framework: Framework) -> Resources:
    """The part the framework can take."""
    if Capability.Type.SHARED_RESOURCES not in framework.capabilities:
        resources = resources.nonshared()
    if Capability.Type.REVOCABLE_RESOURCES not in framework.capabilities:
        resources = resources.nonrevocable()
    if Capability.Type.RESERVATION_REFINEMENT not in framework.capabilities:
        resources = resources.filter(lambda kind: len(kind.reservations) < 2)
    return resources


def can_serve(agent: Agent, framework: Framework, role: str) -> bool:
    """Whether the agent understands the framework's kind of role."""
    needs = set()
    if Capability.Type.MULTI_ROLE in framework.capabilities:
        needs.add(AgentCapability.Type.MULTI_ROLE)
    if "/" in role:
        needs.add(AgentCapability.Type.HIERARCHICAL_ROLE)
    return needs <= agent.capabilities


def is_refused(
    state: State, framework: Framework, role: str, agent_id: str, offer: Resources, now_s: float
) -> bool:
    """Whether the framework refused this much, or more, of the agent for the role."""
    return any(
        (refusal.role, refusal.agent) == (role, agent_id)
        and state.is_in_force(refusal, now_s)
        and refusal.refused.contains(offer)
        for refusal in framework.offer_filters
    )
