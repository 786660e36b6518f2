"""The order of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
#: What takes seconds comes first and what takes milliseconds last, so that no worker of several is left with
#: a long test when the others have nothing more to do.
LONGEST_FIRST = ("browser", "netns", "process", "simulation", "golden", "property", "oracle")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by room; within a room tests stay as they stand."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    room = item.path.relative_to(ROOT).parts[0] if ROOT in item.path.parents else ""
    return LONGEST_FIRST.index(room) if room in LONGEST_FIRST else len(LONGEST_FIRST)
