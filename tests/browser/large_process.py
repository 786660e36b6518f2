"""The master of :mod:`tests.browser.large` as a child process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

FULL_S = 120.0
ROOT = Path(__file__).parents[2]


class Large:
    """The large master."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self._process = process
        self.pid = process.pid
        self.address = address

    async def change(self, updates: int) -> None:
        """Have so many tasks change within a second; returns when the master knows."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"%d\n" % updates)
        assert await self._process.stdout.readline() == b"done\n"


@asynccontextmanager
async def large(agents: int, tasks: int) -> AsyncIterator[Large]:
    """A master with so many agents and tasks."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.browser.large", str(agents), str(tasks),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(FULL_S):
            address = (await process.stdout.readline()).decode().strip()
        assert address, "the large master did not start"
        yield Large(process, address)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
