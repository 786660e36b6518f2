"""RecordIO: records at awkward boundaries, and streams that are none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.http.v1 import recordio
from cluster.http.v1.recordio import BadStream, Decoder


def test_a_record_is_its_length_in_bytes_a_line_feed_and_itself() -> None:
    assert recordio.encode(b"") == b"0\n"
    assert recordio.encode("é".encode()) == b"2\n\xc3\xa9"
    assert recordio.encode(bytes(12)) == b"12\n" + bytes(12)


@given(st.lists(st.binary(max_size=30)), st.lists(st.integers(0, 200)))
def test_boundaries_of_chunks_mean_nothing(records: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(recordio.encode, records))
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    decoder = Decoder(30)
    found: list[bytes] = []
    for start, end in pairwise(edges):
        found += decoder.feed(stream[start:end])
    assert found == records
    assert decoder.is_between


def test_a_record_comes_as_soon_as_it_is_whole() -> None:
    decoder = Decoder(100)
    assert [decoder.feed(bytes([byte])) for byte in b"0\n2\nab"] == [[], [b""], [], [], [], [b"ab"]]


@pytest.mark.parametrize("part", [b"1", b"1\n", b"5\nhell"])
def test_a_stream_that_ends_within_a_record_can_be_told(part: bytes) -> None:
    decoder = Decoder(100)
    assert decoder.is_between
    assert decoder.feed(b"1\nx" + part) == [b"x"]
    assert not decoder.is_between


@pytest.mark.parametrize(
    "bad",
    [
        b"\n",
        b"a\n",
        b"-1\n",
        b"+1\n",
        b" 1\n",
        b"1 \n",
        b"1\r\n",
        b"1.0\n",
        b"0x1\n",
        b"\xff\n",
        "١\n".encode(),
    ],
)
def test_anything_but_a_length_breaks_the_stream_for_good(bad: bytes) -> None:
    decoder = Decoder(100)
    assert decoder.feed(b"1\nx") == [b"x"]
    with pytest.raises(BadStream, match="expected the length"):
        decoder.feed(bad)
    with pytest.raises(BadStream, match="expected the length"):
        decoder.feed(b"1\nx")
    assert not decoder.is_between


def test_a_bad_length_is_seen_before_its_line_ends() -> None:
    with pytest.raises(BadStream, match="expected the length"):
        Decoder(100).feed(b"GET / HTTP")
    with pytest.raises(BadStream, match="digits"):
        Decoder(2**70).feed(b"1" * 21)
    assert Decoder(2**70).feed(b"1" * 20) == []


def test_a_length_has_a_limit() -> None:
    assert Decoder(5).feed(b"5\nhello") == [b"hello"]
    with pytest.raises(BadStream, match="6 bytes is over 5"):
        Decoder(5).feed(b"6\n")
    with pytest.raises(BadStream, match="is over 5"):
        Decoder(5).feed(b"18446744073709551615\n")


@given(st.lists(st.binary(max_size=8), max_size=8))
def test_random_bytes_are_records_or_a_bad_stream(chunks: list[bytes]) -> None:
    decoder = Decoder(4)
    try:
        for chunk in chunks:
            assert all(len(record) <= 4 for record in decoder.feed(chunk))
    except BadStream:
        with pytest.raises(BadStream):
            decoder.feed(b"")
