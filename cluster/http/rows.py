"""JSON of rows of values that have not changed since the last reader, kept to be written again.

What changes in a cluster is replaced by another value, so that the very value tells whether its text is still
true. Values come in rows, and the texts of a row are kept as one, a line each: keeping is then nearly free.
Of a row in which something is different, only what is different is written again, wherever the rest stood
before. Rows that a whole reading of the state did not meet are gone afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Generic, TypeVar

import msgspec

V = TypeVar("V")

#: Most values in one row.
SPAN = 128

#: Writes values, at least one, a line for each.
Write = Callable[[Sequence[V]], bytes]


class Row(msgspec.Struct, gc=False):
    """Values, and their JSON line by line."""

    values: tuple[object, ...]
    lines: bytes


class _Reading:
    """The rows of one reading of the state. `places`: number of row and place in it, by identity.

    An identity stays the value's own, as its row keeps it.
    """

    __slots__ = ("places", "rows")

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.places: dict[int, int] = {}

    def add(self, row: Row, ids: list[int]) -> None:
        self.places.update(zip(ids, count(len(self.rows) * SPAN)))
        self.rows.append(row)


class Rows(Generic[V]):
    """Bytes by value; each value stands for itself, whatever it is equal to."""

    def __init__(self, write: Write[V]) -> None:
        self._write = write
        self._last = _Reading()
        self._now = _Reading()

    def meet(self, values: tuple[V, ...]) -> bytes:
        """The JSON of values that belong to the reading under way, with commas between them."""
        return b",".join([self._lines(values[at : at + SPAN]) for at in range(0, len(values), SPAN)])

    def _lines(self, values: tuple[V, ...]) -> bytes:
        ids = list(map(id, values))
        places = list(map(self._last.places.get, ids))
        row = self._same(values, places)
        if row is None:
            row = Row(values, self._mended(values, places))
        self._now.add(row, ids)
        return row.lines.replace(b"\n", b",")  # in JSON, every line break stands between two values

    def _same(self, values: tuple[V, ...], places: list[int | None]) -> Row | None:
        """The row that held just these."""
        first = places[0]
        if first is None or first % SPAN or places != list(range(first, first + len(values))):
            return None
        row = self._last.rows[first // SPAN]
        return row if len(row.values) == len(values) else None

    def _mended(self, values: tuple[V, ...], places: list[int | None]) -> bytes:
        """The lines of values of which some are known."""
        new = [value for value, place in zip(values, places, strict=True) if place is None]
        if len(new) == len(values):
            return self._write(values)
        written = iter(self._write(new).split(b"\n") if new else ())
        rows = self._last.rows
        known = {
            number: rows[number].lines.split(b"\n")
            for number in {at // SPAN for at in places if at is not None}
        }
        return b"\n".join([next(written) if at is None else known[at // SPAN][at % SPAN] for at in places])

    def turn(self) -> None:
        """A reading of everything is over: what it did not meet is forgotten."""
        self._last, self._now = self._now, _Reading()

    def drop(self) -> None:
        """Forget everything."""
        self._last, self._now = _Reading(), _Reading()

    def __len__(self) -> int:
        return len(self._last.places)
