"""What an agent has to offer: given, else detected."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.agent.resources import Hardware, hardware, resources_of
from cluster.model import InvalidResources, Resources

GB = 1024
BIG = Hardware(cpus=8, mem_mb=16 * GB, disk_mb=100 * GB)


def found(given: str | None) -> Resources:
    return resources_of(BIG, given, "*")


def test_everything_is_detected_when_nothing_is_given() -> None:
    everything = Resources.parse("cpus:8; disk:97280; mem:15360; ports:[31000-32000]")
    assert found(None) == found("") == everything


@pytest.mark.parametrize(
    ("mem_mb", "offered"), [(2 * GB, GB), (2 * GB - 1, 1023), (4 * GB, 3 * GB), (512, 256), (3, 1), (1, 0)]
)
def test_a_gigabyte_of_memory_is_left_to_the_host(mem_mb: int, offered: int) -> None:
    assert resources_of(Hardware(1, mem_mb, 0), None, "*").milli("mem") == 1000 * offered


@pytest.mark.parametrize(
    ("disk_mb", "offered"), [(10 * GB, 5 * GB), (10 * GB - 1, 5119), (6, 3), (100 * GB, 95 * GB), (0, 0)]
)
def test_five_gigabytes_of_disk_are_left_to_the_host(disk_mb: int, offered: int) -> None:
    assert resources_of(Hardware(1, 1, disk_mb), None, "*").milli("disk") == 1000 * offered


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("cpus:2", "cpus:2; disk:97280; mem:15360; ports:[31000-32000]"),
        ("cpus:2;mem:64;disk:1;ports:[1-9]", "cpus:2; disk:1; mem:64; ports:[1-9]"),
        ("cpus(web):2", "cpus(web):2; disk:97280; mem:15360; ports:[31000-32000]"),
        ("cpus:0;disk:0;ports:[]", "mem:15360"),
        ("cpus( web ):0", "disk:97280; mem:15360; ports:[31000-32000]"),
        ("gpus:2", "cpus:8; disk:97280; gpus:2; mem:15360; ports:[31000-32000]"),
        (
            '[{"name":"cpus","type":"SCALAR","scalar":{"value":2}}]',
            "cpus:2; disk:97280; mem:15360; ports:[31000-32000]",
        ),
        (
            '[{"name":"disk","type":"SCALAR","scalar":{"value":0}},'
            '{"name":"ports","type":"RANGES","ranges":{"range":[]}}]',
            "cpus:8; mem:15360",
        ),
        ("[]", "cpus:8; disk:97280; mem:15360; ports:[31000-32000]"),
    ],
)
def test_kinds_that_are_named_are_not_detected(given: str, expected: str) -> None:
    assert found(given) == Resources.parse(expected)


def test_what_has_no_role_gets_the_default_one() -> None:
    total = resources_of(BIG, "cpus(a):1;mem:64", "b")
    reserved = {kind.name: kind.reservations[-1].role for kind, _ in total}
    assert reserved == {"cpus": "a", "mem": "b", "disk": "b", "ports": "b"}


def test_a_file_may_hold_the_text(tmp_path: Path) -> None:
    file = tmp_path / "resources"
    file.write_text("cpus:3;mem:0\n;disk:1;ports:[5-6]")
    assert found(str(file)) == Resources.parse("cpus:3; disk:1; ports:[5-6]")
    file.write_text('[{"name":"cpus","type":"SCALAR","scalar":{"value":0}}]')
    assert found(str(file)).milli("cpus") == 0
    with pytest.raises(InvalidResources, match="cannot read /no/such/file: No such file or directory"):
        found("/no/such/file")


@pytest.mark.parametrize(
    "given",
    [
        "cpus", "cpus:", "cpus:x", "cpus:-1", "cpus:1:2", "cpus(a:1", "ports:[9-1]", "[{",
        '[{"name":"cpus"}]', "cpus:1;cpus:[1-2]",
    ],
)  # fmt: skip
def test_bad_text_is_one_sentence(given: str) -> None:
    with pytest.raises(InvalidResources) as caught:
        resources_of(BIG, given, "*")
    assert "\n" not in str(caught.value)
    assert 10 < len(str(caught.value)) < 200


def test_a_bad_default_role_is_refused() -> None:
    with pytest.raises(InvalidResources):
        resources_of(BIG, None, "a b")


def test_this_host_has_something(tmp_path: Path) -> None:
    here = hardware(str(tmp_path))
    assert here.cpus >= 1
    assert here.mem_mb > 0
    assert here.disk_mb > 0
    assert resources_of(here, None, "*").contains(Resources.parse("cpus:1"))
