"""Hierarchical dominant resource fairness: who is offered what, and why not. Pure decisions."""

from cluster.allocator.allocate import Decision, allocate
from cluster.allocator.candidates import ALL, NONE, Candidates, only
from cluster.allocator.constraints import BadConstraint, RegexLimits, constraints_of
from cluster.allocator.conversion import Conversion
from cluster.allocator.draws import Draws, RandomDraws
from cluster.allocator.explain import Explanation, Inquiry, Takers, Why, Withheld, explain, judge
from cluster.allocator.filters import filter_lifetime_s
from cluster.allocator.frameworks import MinAllocatable, capabilities_of, min_allocatable_of
from cluster.allocator.gauges import gauges
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.quota import Quota
from cluster.allocator.round import Grant, InverseGrant, Round
from cluster.allocator.shares import FrameworkShare, RoleShare, framework_shares, shares
from cluster.allocator.state import AllocatorState
from cluster.allocator.tree import Share

__all__ = [
    "ALL",
    "NONE",
    "AllocatorOptions",
    "AllocatorState",
    "BadConstraint",
    "Candidates",
    "Conversion",
    "Decision",
    "Draws",
    "Explanation",
    "FrameworkShare",
    "Grant",
    "Inquiry",
    "InverseGrant",
    "MinAllocatable",
    "Quota",
    "RandomDraws",
    "RegexLimits",
    "RoleShare",
    "Round",
    "Share",
    "Takers",
    "Why",
    "Withheld",
    "allocate",
    "capabilities_of",
    "constraints_of",
    "explain",
    "filter_lifetime_s",
    "framework_shares",
    "gauges",
    "judge",
    "min_allocatable_of",
    "only",
    "shares",
]
