"""What the operator may choose about allocation."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.allocator.constraints import RegexLimits
from cluster.model import Quantities, parse_quantities


def _default_min_allocatable() -> tuple[Quantities, ...]:
    return parse_quantities("cpus:0.01|mem:32")


@dataclass(frozen=True, slots=True)
class AllocatorOptions:
    """Flags of the master that the allocator reads.

    Source: reference allocator.md §1.
    """

    allocation_interval_s: float = 1.0
    """Longest time between two rounds; a filter lasts at least as long."""
    min_allocatable: tuple[Quantities, ...] = field(default_factory=_default_min_allocatable)
    """An offer holds at least one of these; none given means that anything is offered."""
    fair_share_excluded: frozenset[str] = frozenset()
    """Resource names that do not count towards a share."""
    filter_gpu_resources: bool = True
    """Agents with GPUs are offered to frameworks with GPU_RESOURCES only."""
    region: str | None = None
    """Region of the master; agents in another one are remote."""
    is_random: bool = False
    """Roles and frameworks are asked in weighted random order instead of by share."""
    recovery_timeout_s: float = 600.0
    """How long a new master waits for agents before quota is honoured with those there are."""
    agent_recovery_percent: int = 80
    """The part of the agents known before that it waits for."""
    regex_limits: RegexLimits = field(default_factory=RegexLimits)
    """What regular expressions in offer constraints may cost."""
