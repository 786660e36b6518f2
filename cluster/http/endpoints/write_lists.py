"""Writing JSON whose lists come row by row. Pure."""

from __future__ import annotations

from collections.abc import Iterable


class ListWriter:
    """Writes the lists of an object in the order of `names`; those without an element are there, empty."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._at = -1
        self._is_empty = True

    def items(self, name: str, items: Iterable[bytes]) -> bytes:
        """Elements of a list, which must not come before the list of earlier elements."""
        if self._at >= 0 and self._names[self._at] == name and not self._is_empty:
            return b",".join((b"", *items))  # nothing long is copied twice
        return self.text(name, b",".join(items))

    def text(self, name: str, text: bytes) -> bytes:
        """The same of elements with commas between them."""
        if not text:
            return b""
        opened = self._up_to(self._names.index(name))
        if self._is_empty:
            self._is_empty = False
            return opened + text
        return opened + b"," + text

    def end(self) -> bytes:
        """The rest of the lists, closed."""
        return self._up_to(len(self._names) - 1) + (b"]" if self._names else b"")

    def _up_to(self, at: int) -> bytes:
        parts = []
        while self._at < at:
            self._at += 1
            parts.append(b"%s,%s:[" % (b"]" if self._at else b"", f'"{self._names[self._at]}"'.encode()))
            self._is_empty = True
        return b"".join(parts)


def opened(obj: bytes) -> bytes:
    """A written object that is not empty, without its end, so that more can follow."""
    return obj[:-1]
