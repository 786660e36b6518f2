"""Round trips of texts with units, and: no arguments whatever make parsing raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.config import (
    AGENT,
    BATCH,
    DEMO,
    EXECUTE,
    LOCAL,
    MASTER,
    Exit,
    flags_of,
    options_of,
    parse,
    units,
)
from cluster.config.options import C, Program

NAMES = sorted({n for p in (MASTER, AGENT, BATCH) for row in options_of(p.table) for n in row.names})
UNITS = ("ns", "us", "ms", "secs", "mins", "hrs", "days", "weeks")

texts = st.text(max_size=30) | st.from_regex(r"[0-9]{1,5}(\.[0-9]{1,3})?(secs|mins|MB|%|)", fullmatch=True)
likely = st.sampled_from(
    ["true", "drf", "a:1", "1secs", "64MB", "{}", "[]", "a=1", "file:///f", "/f", "-", "1"]
)
names = st.sampled_from(NAMES) | st.text(max_size=12)
prefixes = st.sampled_from(["--", "--no-", "-", ""])
arguments = (
    st.builds(lambda prefix, name: prefix + name, prefixes, names)
    | st.builds(lambda name, value: f"--{name}={value}", names, likely | texts)
    | st.just("--")
    | texts
)
environments = st.dictionaries(
    st.sampled_from(NAMES).map(lambda n: f"MESOS_{n.upper()}"), likely | texts, max_size=3
)


def read_file(path: str) -> str:
    if len(path) % 2:
        raise PermissionError(13, "Permission denied", path)
    return "1\n"


@given(count=st.integers(0, 10**4), unit=st.sampled_from(UNITS))
def test_durations_survive_exactly_if_printed_whole(count: int, unit: str) -> None:
    ns = units.parse_duration_ns(f"{count}{unit}")
    text = units.format_duration_ns(ns)
    assert "." in text or units.parse_duration_ns(text) == ns


@given(st.integers(0, 2**62))
def test_durations_survive_to_fifteen_digits(ns: int) -> None:
    again = units.parse_duration_ns(units.format_duration_ns(ns))
    assert abs(again - ns) <= ns * 1e-14


@given(st.integers(0, 10**7))
def test_durations_in_seconds_survive(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert units.parse_duration(units.format_duration(seconds)) == pytest.approx(seconds, rel=1e-14)


@given(st.integers(0, 2**63 - 1))
def test_bytes_survive(size: int) -> None:
    assert units.parse_bytes(units.format_bytes(size)) == size


@given(st.integers(0, 10**12))
def test_thousandths_survive(milli: int) -> None:
    assert units.parse_milli(units.format_milli(milli)) == milli


@given(
    host=st.from_regex(r"[a-z0-9.-]{1,20}|[0-9a-f]{1,4}::[0-9a-f]{1,4}", fullmatch=True),
    port=st.integers(1, 65535),
)
def test_addresses_survive(host: str, port: int) -> None:
    address = units.Address(host, port)
    assert units.parse_master(str(address)) == address


@pytest.mark.parametrize("program", [MASTER, AGENT, LOCAL, EXECUTE, BATCH, DEMO], ids=lambda p: p.name)
@given(argv=st.lists(arguments, max_size=6), environ=environments)
def test_any_arguments_give_a_config_or_an_exit(
    program: Program[C], argv: list[str], environ: dict[str, str]
) -> None:
    outcome = parse(program, argv, environ=environ, read_file=read_file, version="1")
    if isinstance(outcome, Exit):
        assert outcome.code in (0, 1)
        assert bool(outcome.stdout_text) == (outcome.code == 0)
        *lines, empty, _hint = outcome.stderr_text.splitlines() or ["", ""]
        assert empty == ""
        assert all(lines)
        assert all(line.isprintable() for line in lines)
    else:
        assert program.check(outcome) == []


@given(
    port=st.integers(0, 65535),
    ping_ms=st.integers(1000, 900_000),
    weights=st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(1, 10**6), min_size=1),
    quiet=st.booleans(),
)
def test_flags_that_are_printed_can_be_given_again(
    port: int, ping_ms: int, weights: dict[str, int], quiet: bool
) -> None:
    argv = [
        "--registry=in_memory",
        f"--port={port}",
        f"--agent_ping_timeout={ping_ms}ms",
        f"--weights={','.join(f'{role}={weight / 1000}' for role, weight in weights.items())}",
        f"--quiet={str(quiet).lower()}",
    ]
    first = parse(MASTER, argv, environ={}, read_file=read_file, version="1")
    assert not isinstance(first, Exit), first
    again = [f"--{name}={value}" for name, value in flags_of(first).items()]
    second = parse(MASTER, again, environ={}, read_file=read_file, version="1")
    assert not isinstance(second, Exit), second
    assert flags_of(second) == flags_of(first)
