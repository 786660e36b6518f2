"""The other processes of a measurement: servers, a source of load, a crowd of idle actors.

Each ends when its standard input is closed, so none can outlive the process that measures.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from time import perf_counter

from actors import PID, Process, bind, run
from bench import raw
from bench.ours import Echo, Idle, Note, Sink, Streamer

HOST = "127.0.0.1"


@contextmanager
def child(*words: object) -> Iterator[str]:
    """Run ``python -m bench.child words``; gives the first line it prints."""
    command = [sys.executable, "-m", "bench.child", *map(str, words)]
    process = Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=Path(__file__).parents[1])
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{' '.join(command)} ended with code {process.wait()}")
        yield line
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        finally:
            process.kill()
            process.stdout.close()


async def until_input_ends() -> None:
    """Whoever started this process has ended, or wants it to."""
    ended = asyncio.Event()

    def look() -> None:
        if not os.read(0, 1):
            ended.set()

    asyncio.get_running_loop().add_reader(0, look)
    await ended.wait()


async def serve_raw() -> int:
    """Servers of :mod:`bench.raw`; prints their ports."""
    loop = asyncio.get_running_loop()
    echo = await loop.create_server(raw.EchoServer, HOST, 0)
    gathering = await loop.create_server(raw.GatheringEchoServer, HOST, 0)
    sink = await loop.create_server(lambda: raw.SinkServer(raw.BATCH), HOST, 0)
    large = await loop.create_server(lambda: raw.SinkServer(raw.BATCH_LARGE), HOST, 0)
    print(*(server.sockets[0].getsockname()[1] for server in (echo, gathering, sink, large)), flush=True)
    await until_input_ends()
    return 0


async def serve_ours(spins: int) -> int:
    """A runtime with the actors ``echo``, ``sink`` and ``large``; prints its port."""
    process = Process(sock=bind(HOST, 0), spins=bool(spins))
    await process.listen()
    process.runtime.spawn(Echo(), "echo")
    process.runtime.spawn(Sink(raw.BATCH), "sink")
    process.runtime.spawn(Sink(raw.BATCH_LARGE), "large")
    print(process.runtime.address.rpartition(":")[2], flush=True)
    await until_input_ends()
    await process.close()
    return process.exit_code


async def load_raw(port: int, window: int) -> int:
    """Stream to a raw sink without end."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(
        lambda: raw.StreamClient(raw.FIELDS, raw.BATCH, window), HOST, port
    )
    await client.stream(raw.BATCH)
    print("streaming", flush=True)
    task = asyncio.create_task(client.stream(1 << 50))
    await until_input_ends()
    task.cancel()
    client.stop()
    transport.close()
    return 0


async def load_ours(port: int, window: int) -> int:
    """Stream to the actor ``sink`` without end."""
    process = Process()
    to = PID("sink", f"{HOST}:{port}")
    streamer = Streamer(to, Note, raw.FIELDS.values(), raw.BATCH, window)
    process.runtime.spawn(streamer, "load")
    await streamer.stream(raw.BATCH)
    print("streaming", flush=True)
    task = asyncio.create_task(streamer.stream(1 << 50))
    await until_input_ends()
    task.cancel()
    await process.close()
    return process.exit_code


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def idle(count: int) -> int:
    """Spawn ``count`` actors; prints the bytes of one, the ns to spawn one, and how many there are."""
    runtime = Process().runtime
    gc.collect()
    before = _resident_bytes()
    start = perf_counter()
    for n in range(count):
        runtime.spawn(Idle(), f"idle-{n}")
    took = perf_counter() - start
    each = (_resident_bytes() - before) / count
    print(each, took / count * 1e9, len(runtime.view()), flush=True)
    await until_input_ends()
    return 0


def main(words: list[str]) -> int:
    """Start the kind of process named by the first word."""
    kinds = {f.__name__: f for f in (serve_raw, serve_ours, load_raw, load_ours, idle)}
    return run(lambda: kinds[words[0]](*map(int, words[1:])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
