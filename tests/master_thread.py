"""A fake master on a real socket, in a runtime and a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import actors
from actors import Process
from cluster.protocol import scheduler as v1
from tests.fake_master import FakeFiles, FakeMaster
from tests.limits import LIMIT_S


class Master(FakeMaster):
    """A fake master whose calls can be waited for from another thread."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: SimpleQueue[Any] = SimpleQueue()

    def on_call(self, sender: Any, message: Any) -> None:
        super().on_call(sender, message)
        self.arrived.put(message)

    def on_subscribe(self, sender: Any, message: v1.Subscribe) -> None:
        super().on_subscribe(sender, message)
        self.arrived.put(message)


class MasterThread:
    """The runtime of a fake master, in a thread."""

    def __init__(self) -> None:
        self.master = Master()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: actors.run(self._main))
        self._thread.start()
        self._ready.wait()

    async def _main(self) -> int:
        sock = actors.bind("127.0.0.1", 0)
        self.address = f"127.0.0.1:{actors.port_of(sock)}"
        process = Process(sock=sock)
        await process.listen()
        process.runtime.spawn(self.master, "master")
        process.runtime.spawn(FakeFiles({"stdout": b"0123456789abc"}), "files")
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._end.wait()
        await process.close()
        return 0

    def do(self, call: Callable[[], object]) -> None:
        """Have the master do something on its own thread."""
        self._loop.call_soon_threadsafe(call)

    def await_call(self, kind: type[Any]) -> Any:
        """The next call of one kind; others are passed over."""
        while True:
            call = self.master.arrived.get(timeout=LIMIT_S)
            if isinstance(call, kind):
                return call

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
