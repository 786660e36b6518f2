"""The agent's side of its executor host: kept running, found again after a restart, told what to do.

Containers are asked for and destroyed here whether the host is there at the moment or not: what it
was not told yet is told when it says it is ready. If its process dies, everything it ran is dead or is
killed, and a new one is started.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from actors import PID
from actors.disk import Disk
from cluster.agent.timers import HostDied
from cluster.executor.host_process import HostIdentity, HostProcess
from cluster.protocol import host as protocol

log = logging.getLogger(__name__)


class ExecutorHosts:
    """The present executor host, and the containers it should have."""

    def __init__(
        self,
        process: HostProcess,
        disk: Disk,
        identity_path: str,
        send: Callable[[PID, object], None],
        tell_self: Callable[[object], None],
        agent: PID,
    ) -> None:
        self._process = process
        self._disk = disk
        self._identity_path = identity_path
        self._send = send
        self._tell_self = tell_self
        self._agent = agent
        self._generation = 0
        self.pid: PID | None = None
        self._is_new = False  # started by this agent, and never heard of
        self._wanted: dict[str, protocol.StartContainer] = {}  # not told yet
        self._unwanted: dict[str, None] = {}  # to be destroyed, not told yet

    # -- the process --------------------------------------------------------------------------

    def start(self) -> None:
        """Start a new host."""
        identity = self._process.start(self._agent, self._on_exit())
        self._is_new = True
        self._disk.write(self._identity_path, msgspec.json.encode(identity), durable=False)

    def adopt(self) -> bool:
        """Find the host of the last run; False if it is gone."""
        data = self._disk.read(self._identity_path)
        if data is None:
            return False
        try:
            identity = msgspec.json.decode(data, type=HostIdentity)
        except msgspec.MsgspecError as error:
            log.warning("%s is broken: %s", self._identity_path, error)
            return False
        return self._process.adopt(identity, self._on_exit())

    def _on_exit(self) -> Callable[[int], None]:
        self._generation += 1
        died = HostDied(self._generation)
        return lambda status: self._tell_self(died)

    def close(self) -> None:
        """The agent ends: let the host live, unless it has not come up yet and so runs nothing."""
        if self._is_new:
            self._process.kill()
        self._process.close()

    def is_present(self, died: HostDied) -> bool:
        """Whether the news is of the present process."""
        return died.generation == self._generation

    @property
    def generation(self) -> int:
        """How many processes there were."""
        return self._generation

    def kill(self) -> None:
        """Kill the process and all it runs; its end is reported as any other."""
        self._process.kill()

    def stop(self) -> None:
        """Have the host kill all containers and end."""
        if self.pid is not None:
            self._send(self.pid, protocol.StopHost())
        else:
            self._process.kill()

    # -- the conversation ---------------------------------------------------------------------

    def ready(self, pid: PID) -> None:
        """The host can be spoken to: tell it what it missed."""
        self.pid = pid
        self._is_new = False
        self._send(pid, protocol.HostAccepted())
        wanted, self._wanted = self._wanted, {}
        unwanted, self._unwanted = self._unwanted, {}
        for start in wanted.values():
            self._send(pid, start)
        for container_id in unwanted:
            self._send(pid, protocol.DestroyContainer(container_id))

    def lost(self) -> None:
        """The connection broke, or the process died."""
        self.pid = None

    def start_container(self, start: protocol.StartContainer) -> None:
        """Have a container started."""
        if self.pid is not None:
            self._send(self.pid, start)
        else:
            self._wanted[start.container_id] = start

    def is_waiting(self, container_id: str) -> bool:
        """Whether the host was not told of a container yet."""
        return container_id in self._wanted

    def destroy_container(self, container_id: str) -> None:
        """Have everything in a container killed."""
        if self.pid is not None:
            self._send(self.pid, protocol.DestroyContainer(container_id))
        elif self._wanted.pop(container_id, None) is None:
            self._unwanted[container_id] = None
        else:
            self._tell_self(protocol.ContainerExited(container_id, 9))

    def forget_container(self, container_id: str) -> None:
        """The end of a container is dealt with."""
        if self.pid is not None:
            self._send(self.pid, protocol.ForgetContainer(container_id))
