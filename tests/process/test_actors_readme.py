"""The examples of ``actors/README.md`` run as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from actors import codec
from actors.codec import Limits
from tests.actors_kit import frame, hello
from tests.limits import LIMIT_S

pytestmark = pytest.mark.process
ROOT = Path(__file__).parents[2]
README = (ROOT / "actors" / "README.md").read_text()


def blocks() -> dict[str, str]:
    """Python blocks of the README by the file name in their first line."""
    found = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", README, re.S)
    assert len(found) == README.count("```python")
    return dict(found)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with the examples in it."""
    for name, text in blocks().items():
        (tmp_path / name).write_text(text)
    return tmp_path


async def start(files: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=files,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


@pytest.mark.parametrize(
    ("end", "words"), [(signal.SIGINT, "process ends"), (signal.SIGKILL, "connection lost")]
)
async def test_two_processes_greet_and_part(files: Path, end: signal.Signals, words: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        server = await start(files, "server.py", "0")
        greeter = (await line(server)).removeprefix("greeter is ")
        client = await start(files, "client.py", greeter)
        assert await line(client) == "Hello, asker! 1"
        assert await line(client) == "greeter says Hello, visitor!"
        server.send_signal(end)
        assert (await line(client)).startswith(f"greeter is gone: {words}")
        assert await client.wait() == 0
        assert await server.wait() == (0 if end == signal.SIGINT else -signal.SIGKILL)
        assert (await server.communicate(), await client.communicate()) == ((b"", b""), (b"", b""))


async def test_the_example_of_a_test_passes(files: Path) -> None:
    async with asyncio.timeout(LIMIT_S):
        ran = await start(files, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_greeter.py")
        out, _ = await ran.communicate()
        assert b"1 passed" in out, out.decode()


def test_the_bytes_are_those_of_the_library() -> None:
    dump = re.search(r"> 95 +array of 5\n.*?```", README, re.S)
    assert dump is not None
    lines = dump[0].splitlines()
    sent = b"".join(
        bytes.fromhex(found[1])
        for text in lines
        if (found := re.match(r"> +((?:[0-9a-f]{2} )*[0-9a-f]{2})\b", text))
    )
    assert sent == hello("", "c0ffee") + frame("echo", "me", "test.Ping", b"\x81\xa1n\x2a")
    assert lines[-2] == "< " + frame("me", "echo", "test.Pong", b"\x81\xa1n\x2a").hex(" ")


def test_the_table_of_limits_is_that_of_the_code() -> None:
    limits = Limits()
    said = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+(?: MiB)?) \|", README, re.M))
    said["backoff_min_s"], said["backoff_max_s"] = "0.1", "10"
    assert said.keys() == set(Limits.__dataclass_fields__)
    for name, text in said.items():
        number = float(text.removesuffix(" MiB").replace(",", ""))
        assert getattr(limits, name) == (number * (1 << 20) if "MiB" in text else number), name
    assert f"{codec.MAX_NAME_BYTES:,} bytes" in README
    assert f"over {codec.MAX_NAME_CHARACTERS} characters" in README
    for word in (codec.SIMULTANEOUS, codec.ADDRESS_TAKEN, codec.OWN_ADDRESS, codec.MAGIC):
        assert f"`{word}`" in README
