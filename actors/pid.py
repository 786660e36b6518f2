"""Process identifiers: ``name@ip:port``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, cast

#: The address of a runtime that does not listen: nobody can dial it, it dials others.
NOWHERE = "0.0.0.0:0"


class PID(NamedTuple):
    """The address of an actor: its name in a runtime, and the ``ip:port`` of that runtime.

    A tuple, because a PID is hashed for every message sent and tuples hash in C.
    """

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name}@{self.address}"

    @classmethod
    def parse(cls, text: str) -> PID:
        """Read ``name@ip:port``.

        Raises:
            ValueError: the text has no name, no ``@`` or no valid ``ip:port``.
        """
        name, at, address = text.rpartition("@")
        if not at or not name:
            raise ValueError(f"{text!r} is not a PID: expected name@ip:port")
        split_address(address)
        return cls(name, address)


#: ``PID(*parts)`` in half the time: named tuples are made by Python code, tuples are not.
make_pid = cast(Callable[[tuple[str, str]], PID], partial(tuple.__new__, PID))


def split_address(address: str) -> tuple[str, int]:
    """Split ``ip:port`` (``[ip6]:port``) into host and port.

    Raises:
        ValueError: no host, no port, or a port outside 0 to 65535.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"{address!r} is not an address: expected ip:port")
    return host.removeprefix("~").strip("[]"), int(port)


def join_address(host: str, port: int) -> str:
    """The text form of a host and a port; IPv6 hosts get their brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def seen_address(address: str) -> str:
    """The address given to a peer that advertises none: where it was seen, marked by ``~``."""
    return f"~{address}"


def is_dialable(address: str) -> bool:
    """Whether an address names a place that can be connected to: no ``~``, port 0 or wildcard."""
    return not address.startswith(("~", "0.0.0.0:", "[::]:")) and not address.endswith(":0")
