"""References that the garbage collector does not look at.

A walk over a large master holds on to a hundred thousand tasks while it lasts. In a list they would all be
visited by the next looks of the collector at what is new, each of them somewhere else in memory: 10 to 20 ms
in which nothing else runs. Structs with `gc=False` are passed over, whatever they hold. That is safe as long
as what they hold does not lead back to them, which entries of the state do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar, cast

import msgspec

V = TypeVar("V")

#: How many values are kept together.
PART = 100

_FULL = PART
_Part = msgspec.defstruct("_Part", [f"at_{place}" for place in range(_FULL)], gc=False)


class Kept(Generic[V]):
    """Values that are kept until they are asked for, once."""

    __slots__ = ("_parts",)

    def __init__(self, values: Iterable[V]) -> None:
        taken = iter(values)
        self._parts: list[msgspec.Struct | tuple[V, ...]] = []
        while part := tuple(islice(taken, PART)):
            self._parts.append(_Part(*part) if len(part) == _FULL else part)
        self._parts.reverse()

    def parts(self) -> Iterator[tuple[V, ...]]:
        """The values in their order, up to `PART` at once; what was given out is kept no more."""
        while self._parts:
            part = self._parts.pop()
            yield part if isinstance(part, tuple) else cast(tuple[V, ...], msgspec.structs.astuple(part))
