"""JSON of tasks and agents that have not changed since the last reader, kept to be written again.

An entry belongs to the very value it was made of: what changes in a cluster is replaced by another value,
so that nothing has to be thrown out when something happens. Entries that a whole reading of the state did
not meet are gone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


class Fragment(msgspec.Struct, gc=False):
    """A value and its JSON. No part of a cycle, so the garbage collector need not walk over all of them."""

    value: Any
    text: bytes


class Fragments(Generic[V]):
    """Bytes by value. Values with the same `key` replace each other: with `id`, each stands for itself.

    `render` makes the JSON of several values, which is cheaper than one by one.
    """

    def __init__(self, key: Callable[[V], Hashable], render: Callable[[list[V]], list[bytes]]) -> None:
        self._key = key
        self._render = render
        self._known: dict[Hashable, Fragment] = {}
        self._met: dict[Hashable, Fragment] = {}

    def meet(self, values: Sequence[V]) -> list[bytes]:
        """The JSON of values that belong to the reading under way."""
        return self._texts(values, self._met)

    def look(self, values: Sequence[V]) -> list[bytes]:
        """The JSON of values for somebody who reads only a part."""
        return self._texts(values, self._known)

    def _texts(self, values: Sequence[V], into: dict[Hashable, Fragment]) -> list[bytes]:
        known = self._known
        keys = [self._key(value) for value in values]
        found: list[Fragment] = []
        new: list[Fragment] = []
        for key, value in zip(keys, values, strict=True):
            one = known.get(key)
            if one is None or not (one.value is value or one.value == value):
                one = Fragment(value, b"")
                new.append(one)
            found.append(one)
        if new:
            for one, text in zip(new, self._render([one.value for one in new]), strict=True):
                one.text = text
        into.update(zip(keys, found, strict=True))
        return [one.text for one in found]

    def turn(self) -> None:
        """A reading of everything is over: what it did not meet is forgotten."""
        self._known, self._met = self._met, {}

    def drop(self) -> None:
        """Forget everything."""
        self._known, self._met = {}, {}

    def __len__(self) -> int:
        return len(self._known)
