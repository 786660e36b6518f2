"""Hierarchical dominant resource fairness: who is offered what, and why not. Pure decisions."""

from cluster.allocator.allocate import Grant, Round, Shuffle, allocate
from cluster.allocator.candidates import ALL, NONE, Candidates, only
from cluster.allocator.explain import Explanation, Why, Withheld, explain, judge
from cluster.allocator.filters import filter_lifetime_s
from cluster.allocator.frameworks import MinAllocatable, capabilities_of, min_allocatable_of
from cluster.allocator.options import AllocatorOptions
from cluster.allocator.shares import FrameworkShare, RoleShare, framework_shares, shares
from cluster.allocator.sorter import DrfSorter, Share
from cluster.allocator.state import AllocatorState

__all__ = [
    "ALL",
    "NONE",
    "AllocatorOptions",
    "AllocatorState",
    "Candidates",
    "DrfSorter",
    "Explanation",
    "FrameworkShare",
    "Grant",
    "MinAllocatable",
    "RoleShare",
    "Round",
    "Share",
    "Shuffle",
    "Why",
    "Withheld",
    "allocate",
    "capabilities_of",
    "explain",
    "filter_lifetime_s",
    "framework_shares",
    "judge",
    "min_allocatable_of",
    "only",
    "shares",
]
