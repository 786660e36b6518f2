"""Texts with units: durations, bytes, addresses, rates, percentages."""

from __future__ import annotations

import re

import pytest

from cluster.config import units
from cluster.config.units import Address, Rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15secs", 15.0),
        ("1mins", 60.0),
        ("1.5hrs", 5400.0),
        ("1weeks", 604_800.0),
        ("2days", 172_800.0),
        ("1500ms", 1.5),
        ("3us", 3e-6),
        ("7ns", 7e-9),
        ("0ns", 0.0),
    ],
)
def test_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "secs", "15 secs", "-1secs", "+1secs", "1.secs", "1e3secs", "1Secs"]
)
def test_duration_needs_a_number_and_a_unit(text: str) -> None:
    line = f"{text!r} is not a duration: write a number and one of ns, us, ms, secs, mins, hrs, days, weeks"
    with pytest.raises(ValueError, match=re.escape(line)):
        units.parse_duration(text)


def test_duration_has_a_limit() -> None:
    assert units.parse_duration_ns("9223372036854775807ns") == 2**63 - 1
    with pytest.raises(ValueError, match="is too long: at most 9223372036854775807ns"):
        units.parse_duration("9223372036854775808ns")


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0ns"),
        (1_500, "1500ns"),
        (1_500_000_000, "1500ms"),
        (15 * units.NS_PER_S, "15secs"),
        (60 * units.NS_PER_S, "1mins"),
        (90 * units.NS_PER_S, "90secs"),
        (900 * units.NS_PER_S, "15mins"),
        (3_661 * units.NS_PER_S, "1.01694444444444hrs"),
        (864_000 * units.NS_PER_S, "10days"),
        (-90 * units.NS_PER_S, "-90secs"),
    ],
)
def test_duration_is_printed_in_the_unit_that_fits(ns: int, text: str) -> None:
    assert units.format_duration_ns(ns) == text


@pytest.mark.parametrize(
    ("text", "size", "printed"),
    [
        ("0B", 0, "0B"),
        ("4KB", 4096, "4KB"),
        ("10MB", 10 * 2**20, "10MB"),
        ("2GB", 2 * 2**30, "2GB"),
        ("1.5GB", 1536 * 2**20, "1536MB"),
        ("1024TB", 2**50, "1024TB"),
        ("1025B", 1025, "1025B"),
    ],
)
def test_bytes(text: str, size: int, printed: str) -> None:
    assert units.parse_bytes(text) == size
    assert units.format_bytes(size) == printed


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("64", "'64' is not a size: write a number and one of B, KB, MB, GB, TB, as in 64MB"),
        ("64mb", "'64mb' is not a size: write a number and one of B, KB, MB, GB, TB, as in 64MB"),
        ("0.3KB", "'0.3KB' is not a whole number of bytes"),
        ("9000000000TB", "'9000000000TB' is too large: at most 9223372036854775807B"),
    ],
)
def test_bytes_say_what_is_wrong(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        units.parse_bytes(text)


def test_megabytes_need_no_unit() -> None:
    assert units.parse_megabytes("128") == 128 * 2**20
    assert units.parse_megabytes("0.5") == 2**19
    assert units.parse_megabytes("2GB") == 2 * 2**30


def test_milli() -> None:
    assert units.parse_milli("0.1") == 100
    assert units.format_milli(100) == "0.1"
    assert units.format_milli(2000) == "2"
    assert units.format_milli(1250) == "1.25"
    with pytest.raises(ValueError, match=r"^'0\.0001' has more than three decimals$"):
        units.parse_milli("0.0001")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5050", Address("127.0.0.1", 5050)),
        ("master.example:80", Address("master.example", 80)),
        ("[::1]:5050", Address("::1", 5050)),
    ],
)
def test_master_address(text: str, address: Address) -> None:
    assert units.parse_master(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("zk://a:2181/mesos", "zk:// is not supported yet: write host:port"),
        ("file:///m", "'file:///m' names a file inside a file: write host:port there"),
        ("localhost", "'localhost' has no port: write host:port, as in 127.0.0.1:5050"),
        (":5050", "':5050' has no usable host: write host:port, as in 127.0.0.1:5050"),
        ("http://a:80", "'http://a:80' is ambiguous: write an IPv6 address as [address]:port"),
        ("::1:5050", "'::1:5050' is ambiguous: write an IPv6 address as [address]:port"),
        ("a:0", "'a:0' has no usable port: allowed are 1 to 65535"),
        ("a:70000", "'a:70000' has no usable port: allowed are 1 to 65535"),
    ],
)
def test_master_address_says_what_is_wrong(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        units.parse_master(text)


def test_rate() -> None:
    assert units.parse_rate("1/10mins") == Rate(1, 600.0)
    assert str(Rate(1, 600.0)) == "1/10mins"
    for text in ("1", "x/1secs", "-1/1secs", "1/0secs"):
        with pytest.raises(ValueError, match="is not a rate"):
            units.parse_rate(text)


def test_percentage() -> None:
    assert units.parse_percentage("100%") == 100.0
    assert units.format_percentage(12.5) == "12.5%"
    with pytest.raises(ValueError, match=r"^'50' is not a percentage: write a number and %, as in 50%$"):
        units.parse_percentage("50")
    with pytest.raises(ValueError, match=r"^'101%' is above 100%$"):
        units.parse_percentage("101%")


def test_long_text_is_cut_in_error_lines() -> None:
    assert units.quoted("x" * 1000) == repr("x" * 60) + "..."
    assert units.quoted("a\nb") == "'a\\nb'"
