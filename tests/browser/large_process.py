"""The master of :mod:`tests.browser.large` as a child process."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.limits import LIMIT_S

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
        assert await self._say(str(updates)) == "done"

    async def longest_stretch_ms(self, path: str) -> tuple[float, Any]:
        """The longest that the master was at one thing while it answered, in processor time; the answer."""
        assert await self._say("watch") == "watching"
        try:
            found = await asyncio.to_thread(self._get, path)
        finally:
            longest_ms = float(await self._say("stretch"))
        return longest_ms, found

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=LIMIT_S) as answer:
            return json.load(answer)

    async def _say(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        return (await self._process.stdout.readline()).decode().strip()


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
