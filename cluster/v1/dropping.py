"""Many values at once are not dropped at once: that is one long step, during which nothing else runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def dropped_in_steps(values: list[Any]) -> Iterator[None]:
    """Empty a list, element by element, if what fills it fails."""
    try:
        yield
    except Exception:
        while values:
            values.pop()
        raise
