"""Sets of whole numbers as sorted, disjoint, non-adjacent (begin, end) pairs, both ends included.

Every function but `coalesce` expects its arguments in that form and answers in it.

Source: Mesos src/common/values.cpp (coalesce); reference types.md §4.5.
"""

from collections.abc import Iterable
from typing import TypeAlias

Pairs: TypeAlias = tuple[tuple[int, int], ...]


def coalesce(pairs: Iterable[tuple[int, int]]) -> Pairs:
    """Sort pairs and merge those that overlap or touch: [1-3]+[4-5]=[1-5]."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(pairs):
        if merged and begin <= merged[-1][1] + 1:
            if end > merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    return tuple(merged)


def union(a: Pairs, b: Pairs) -> Pairs:
    """Numbers in a or b."""
    return coalesce(a + b)


def difference(a: Pairs, b: Pairs) -> Pairs:
    """Numbers in a that are not in b."""
    left: list[tuple[int, int]] = []
    first = 0  # pairs of b before it end before the current pair of a begins
    for begin, end in a:
        while first < len(b) and b[first][1] < begin:
            first += 1
        at = first
        while at < len(b) and b[at][0] <= end:
            if begin < b[at][0]:
                left.append((begin, b[at][0] - 1))
            begin = b[at][1] + 1
            at += 1
        if begin <= end:
            left.append((begin, end))
    return tuple(left)


def intersection(a: Pairs, b: Pairs) -> Pairs:
    """Numbers in both a and b."""
    return difference(a, difference(a, b))


def contains(a: Pairs, b: Pairs) -> bool:
    """Whether every number of b is in a."""
    at = 0
    for begin, end in b:
        while at < len(a) and a[at][1] < begin:
            at += 1
        if at == len(a) or a[at][0] > begin or a[at][1] < end:
            return False
    return True


def count(pairs: Pairs) -> int:
    """How many numbers there are."""
    return sum(end - begin + 1 for begin, end in pairs)
