"""The name of the master's host, as an agent shows it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from cluster.http.endpoints import host_name
from cluster.http.endpoints.host_name import HostName


async def test_each_address_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def getnameinfo(address: tuple[str, int], flags: int) -> tuple[str, str]:
        asked.append(address)
        if address[0] == "10.0.0.2":
            raise socket.gaierror(socket.EAI_NONAME, "no name")
        return "m1.example", "5050"

    monkeypatch.setattr(asyncio.get_running_loop(), "getnameinfo", getnameinfo)
    names = HostName()
    assert [await names.of("10.0.0.1:5050") for _ in range(2)] == ["m1.example", "m1.example"]
    assert [await names.of("10.0.0.2:5050") for _ in range(2)] == [None, None]
    assert asked == [("10.0.0.1", 5050), ("10.0.0.2", 5050)]


async def test_nobody_waits_for_a_slow_name_service(monkeypatch: pytest.MonkeyPatch) -> None:
    found: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    async def getnameinfo(address: tuple[str, int], flags: int) -> tuple[str, str]:
        return await found

    monkeypatch.setattr(asyncio.get_running_loop(), "getnameinfo", getnameinfo)
    monkeypatch.setattr(host_name, "PATIENCE_S", 0.01)
    names = HostName()
    assert await names.of("10.0.0.1:5050") is None
    found.set_result(("m1.example", "5050"))
    assert await names.of("10.0.0.1:5050") == "m1.example"
