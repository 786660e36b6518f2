"""The name of the host behind an address, as far as name services know it."""

from __future__ import annotations

import asyncio
import socket

from actors import split_address

#: How long an answer waits for a name; name services may take much longer.
PATIENCE_S = 0.5


class HostName:
    """Looks the name of the latest address up, once, beside the event loop."""

    def __init__(self) -> None:
        self._address = ""
        self._lookup: asyncio.Task[str | None] | None = None

    async def of(self, address: str) -> str | None:
        """The name; None when there is none, or none yet."""
        if address != self._address or self._lookup is None:
            self._address = address
            self._lookup = asyncio.get_running_loop().create_task(_name_of(address))
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.shield(self._lookup)
        except TimeoutError:
            return None


async def _name_of(address: str) -> str | None:
    host, port = split_address(address)
    try:
        name, _ = await asyncio.get_running_loop().getnameinfo((host, port), socket.NI_NAMEREQD)
    except OSError:
        return None
    return name
