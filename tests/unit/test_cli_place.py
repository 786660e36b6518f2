"""Where a daemon listens and what others are told."""

from __future__ import annotations

import socket
from threading import Event
from typing import Any

import pytest

from actors import bind
from cluster.cli import place
from cluster.cli.complain import StartFault, usable_directory
from cluster.cli.place import Place, address_towards, listening_ip, place_of, resolve, resolve_address
from cluster.config import MASTER, MasterConfig, parse


def config_of(*flags: str) -> MasterConfig:
    argv = ["--work_dir=/w", *flags]
    found = parse(MASTER, argv, environ={}, read_file=lambda path: "", version="1")
    assert isinstance(found, MasterConfig), found
    return found


def here(*flags: str, ip: str = "127.0.0.1") -> Place:
    with bind(ip, 0) as sock:
        return place_of(config_of(*flags), sock)


def hosts(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The name of this host has these addresses."""
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: found)


def test_the_flag_says_where_to_listen() -> None:
    assert listening_ip(config_of("--ip=10.1.2.3")) == "10.1.2.3"


def test_else_the_address_of_the_hostname(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts(monkeypatch, "127.0.1.1", "10.10.10.11")
    monkeypatch.setattr(place, "_is_ours", lambda ip, family: True)
    assert listening_ip(config_of()) == "10.10.10.11"


def test_an_address_of_the_hostname_that_is_not_ours_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts(monkeypatch, "127.0.1.1", "192.0.2.1")
    assert listening_ip(config_of()) == "127.0.0.1"


def test_the_address_towards_another_host() -> None:
    assert address_towards("127.0.0.1:5050") == "127.0.0.1"


def test_else_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts(monkeypatch, "127.0.1.1")
    assert listening_ip(config_of()) == "127.0.0.1"


def test_others_are_told_what_is_bound() -> None:
    found = here("--no-hostname_lookup")
    assert found.bound == found.advertised == f"127.0.0.1:{found.port}"
    assert found.hostname == "127.0.0.1"
    assert found.url == f"http://127.0.0.1:{found.port}/"


def test_others_are_told_what_the_flags_say() -> None:
    found = here("--advertise_ip=1.2.3.4", "--advertise_port=80", "--hostname=m.example")
    assert (found.advertised, found.hostname) == ("1.2.3.4:80", "m.example")
    assert found.bound == f"127.0.0.1:{found.port}"


def test_a_socket_for_all_addresses_advertises_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = here("--hostname=m", ip="0.0.0.0")
    assert found.ip == "0.0.0.0"
    assert found.advertised_ip != "0.0.0.0"
    monkeypatch.setattr(place, "_FAR_AWAY", {socket.AF_INET: "127.0.0.1"})
    monkeypatch.setattr(place, "_is_ours", lambda ip, family: True)
    hosts(monkeypatch, "10.10.10.11")
    assert place.outward_address("0.0.0.0") == "10.10.10.11"


def test_the_hostname_belongs_to_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getnameinfo", lambda address, flags: (f"name-of-{address[0]}", "0"))
    assert here("--advertise_ip=1.2.3.4").hostname == "name-of-1.2.3.4"


def test_an_address_without_a_name_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getnameinfo", fails)
    assert here().hostname == "127.0.0.1"


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()
    monkeypatch.setattr(place, "LOOKUP_S", 0.01)
    monkeypatch.setattr(socket, "getnameinfo", lambda *args: ("late", str(never.wait())))
    try:
        assert here().hostname == "127.0.0.1"
    finally:
        monkeypatch.undo()
        never.set()


def test_names_are_resolved() -> None:
    assert resolve("127.0.0.1") == "127.0.0.1"
    assert resolve_address("localhost:5050") in ("127.0.0.1:5050", "[::1]:5050")


def test_unknown_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(StartFault, match=r"^cannot find the address of m\.x: Name or service not known$"):
        resolve_address("m.x:5050")


def test_names_that_cannot_be_names() -> None:
    with pytest.raises(StartFault, match="cannot find the address of"):
        resolve("a" * 300)


def test_directories(tmp_path: Any) -> None:
    assert usable_directory(f"{tmp_path}/a/b", "work directory").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StartFault, match=rf"^cannot use the work directory {tmp_path}/file: File exists$"):
        usable_directory(f"{tmp_path}/file", "work directory")
    with pytest.raises(StartFault, match="Not a directory"):
        usable_directory(f"{tmp_path}/file/below", "work directory")
