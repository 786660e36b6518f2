"""RecordIO: records on a stream of bytes, each behind its length.

`record = 1*DIGIT LF record-size*OCTET`: the length in bytes as decimal ASCII, a line feed, the record.  Where
the stream is cut into chunks has nothing to do with where records end.

Source: reference scheduler-executor-api.md §1 (RecordIO).
"""

from __future__ import annotations

#: Most digits of a length: an unsigned number of 64 bits.
MAX_DIGITS = 20


class BadStream(Exception):
    """Raised when bytes are no records, or a record is too long.  Nothing after it can be read."""


def encode(record: bytes) -> bytes:
    """Put the length before a record."""
    return b"%d\n%b" % (len(record), record)


class Decoder:
    """Takes a stream apart as it arrives.  max_record_bytes: longest record taken."""

    __slots__ = ("_fault", "_held", "_length", "_max_record_bytes")

    def __init__(self, max_record_bytes: int) -> None:
        self._max_record_bytes = max_record_bytes
        self._held = bytearray()
        self._length: int | None = None  # of the record that is arriving
        self._fault = ""

    @property
    def is_between(self) -> bool:
        """Whether no part of a record has arrived: here a stream may end without losing one."""
        return not self._held and self._length is None and not self._fault

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the records they complete.

        Raises:
            BadStream: no length where one must stand, or too great a one; from then on, always.  Records
                before it in the same bytes are lost: the connection is to be dropped anyway.
        """
        if self._fault:
            raise BadStream(self._fault)
        self._held += data
        records = []
        start = 0
        while True:
            if self._length is None:
                start = self._read_length(start)
            if self._length is None or len(self._held) - start < self._length:
                break
            end = start + self._length
            records.append(bytes(self._held[start:end]))
            start, self._length = end, None
        del self._held[:start]
        return records

    def _read_length(self, start: int) -> int:
        """Read the length that begins at start, if it is all there; return where reading goes on."""
        end = self._held.find(b"\n", start, start + MAX_DIGITS + 1)
        digits = bytes(self._held[start : end if end >= 0 else start + MAX_DIGITS + 1])
        if (end >= 0 or digits) and not digits.isdigit():
            raise self._break(f"expected the length of a record, got {digits[:MAX_DIGITS]!r}")
        if end < 0:
            if len(digits) > MAX_DIGITS:
                raise self._break("the length of a record has too many digits")
            return start
        if int(digits) > self._max_record_bytes:
            raise self._break(f"a record of {int(digits)} bytes is over {self._max_record_bytes}")
        self._length = int(digits)
        return end + 1

    def _break(self, fault: str) -> BadStream:
        self._fault = fault
        self._held.clear()
        return BadStream(fault)
