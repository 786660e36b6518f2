"""JSON of tasks and agents that have not changed since the last reader, kept to be written again.

An entry belongs to the very value it was made of: what changes in a cluster is replaced by another value,
so that nothing has to be thrown out when something happens. Entries that a whole reading of the state did
not meet are gone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


class Fragment(msgspec.Struct, gc=False):
    """A value and its JSON. No part of a cycle, so the garbage collector need not walk over all of them."""

    value: Any
    text: bytes


class Fragments(Generic[V]):
    """Bytes by value. Values with the same `key` replace each other: with `id`, each stands for itself."""

    def __init__(self, key: Callable[[V], Hashable], render: Callable[[V], bytes]) -> None:
        self._key = key
        self._render = render
        self._known: dict[Hashable, Fragment] = {}
        self._met: dict[Hashable, Fragment] = {}

    def meet(self, values: Iterable[V]) -> list[bytes]:
        """The JSON of values that belong to the reading under way."""
        key_of, known, met, texts = self._key, self._known, self._met, []
        for value in values:
            key = key_of(value)
            found = known.get(key)
            if found is None or not (found.value is value or found.value == value):
                found = Fragment(value, self._render(value))
            met[key] = found
            texts.append(found.text)
        return texts

    def look(self, value: V) -> bytes:
        """The JSON of a value for somebody who reads only a part."""
        key = self._key(value)
        found = self._known.get(key)
        if found is None or not (found.value is value or found.value == value):
            found = self._known[key] = Fragment(value, self._render(value))
        return found.text

    def turn(self) -> None:
        """A reading of everything is over: what it did not meet is forgotten."""
        self._known, self._met = self._met, {}

    def drop(self) -> None:
        """Forget everything."""
        self._known, self._met = {}, {}

    def __len__(self) -> int:
        return len(self._known)
