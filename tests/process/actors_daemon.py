"""A process to be started by tests: ``python -m tests.process.actors_daemon HOST:PORT [LINK]``.

Listens with an echo actor, prints its address; with LINK (a PID) links to it and prints its exit.
"""

from __future__ import annotations

import sys

from actors import PID, AddressInUse, Process, bind, handles, run, split_address
from tests.actors_kit import Echo, Ping


class Watcher(Echo):
    """Tells standard output what it is told."""

    def __init__(self, link_to: str) -> None:
        super().__init__()
        self._link_to = link_to

    def initialize(self) -> None:
        if self._link_to:
            self.link(PID.parse(self._link_to))
            self.send(PID.parse(self._link_to), Ping(1))

    @handles
    def on_ping(self, sender: PID, message: Ping) -> None:
        print("pinged", sender.name, flush=True)
        super().on_ping(sender, message)

    def on_exited(self, pid: PID, reason: str) -> None:
        print("exited", pid, reason, flush=True)


async def main() -> int:
    """Run until told to stop."""
    try:
        sock = bind(*split_address(sys.argv[1]))
    except AddressInUse as error:
        print(error, file=sys.stderr)
        return 1
    process = Process(sock=sock)
    await process.listen()
    print("listens", process.runtime.address, flush=True)
    process.runtime.spawn(Watcher(sys.argv[2] if len(sys.argv) > 2 else ""), "echo")
    return await process.until_stopped()


if __name__ == "__main__":
    sys.exit(run(main))
