"""Chance: the only importer of :mod:`random`.

One seed grows a tree of independent streams. A stream is addressed by its path of names, so an
actor that is added later shifts nobody else's draws.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import uuid
from collections.abc import MutableSequence, Sequence
from typing import TypeVar

T = TypeVar("T")


class Rng:
    """A stream of random numbers and the root of further streams."""

    __slots__ = ("_path", "_random")

    def __init__(self, seed: int | str | None = None, _path: str = "") -> None:
        self._path = _path or str(secrets.randbits(64) if seed is None else seed)
        # sha256 instead of hash(): the latter changes with PYTHONHASHSEED.
        digest = hashlib.sha256(self._path.encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:16], "big"))

    def child(self, name: str) -> Rng:
        """The stream called ``name`` below this one; the same name gives the same stream."""
        return Rng(_path=f"{self._path}/{name}")

    def random(self) -> float:
        """A float in [0, 1)."""
        return self._random.random()

    def uniform(self, low: float, high: float) -> float:
        """A float between ``low`` and ``high``."""
        return self._random.uniform(low, high)

    def randint(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def choice(self, items: Sequence[T]) -> T:
        """One of ``items``.

        Raises:
            IndexError: ``items`` is empty.
        """
        return self._random.choice(items)

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """``count`` different ones of ``items``."""
        return self._random.sample(items, count)

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Put ``items`` in random order, in place."""
        self._random.shuffle(items)

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability

    def bytes(self, count: int) -> bytes:
        """``count`` random bytes."""
        return self._random.randbytes(count)

    def uuid(self) -> uuid.UUID:
        """A version 4 UUID."""
        return uuid.UUID(bytes=self._random.randbytes(16), version=4)
