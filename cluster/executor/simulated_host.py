"""Executor hosts in a simulation: one machine's processes, on the simulation's time and network.

The host of the agent at ``10.0.0.5`` is the simulated host ``10.0.0.5/executors`` (a later one
``10.0.0.5/executors-2`` and so on). Partitions name addresses, so none comes between the two.
"""

from __future__ import annotations

from collections.abc import Callable

from actors import PID, Clock
from actors.testing import Host, Simulation
from cluster.containerizer.simulated import SimulatedProcesses
from cluster.executor.agent_address import fixed
from cluster.executor.containers import NAME, ExecutorHost
from cluster.executor.environment import RECOVERY_TIMEOUT_S
from cluster.executor.host import LIMITS
from cluster.executor.host_process import HostIdentity

_FIRST_PID = 100


class SimulatedMachine:
    """What runs on the machine of one agent beside the agent; made once, before the agent starts.

    An agent gets :meth:`host_process` at each of its starts.
    """

    def __init__(
        self, simulation: Simulation, agent_ip: str, recovery_timeout_s: float = RECOVERY_TIMEOUT_S
    ) -> None:
        self.processes = SimulatedProcesses(simulation.clock, simulation.rng.child(f"{agent_ip}/processes"))
        self._simulation = simulation
        self._agent_ip = agent_ip
        self._recovery_timeout_s = recovery_timeout_s
        self._hosts: dict[HostIdentity, ExecutorsHost] = {}

    @property
    def hosts(self) -> list[Host]:
        """The executor hosts that are up; at most one unless an agent forgot an earlier one."""
        return [host for host in self._hosts.values() if host.is_up]

    def host_process(self, clock: Clock) -> SimulatedHostProcess:
        """The door to the executor host for one start of the agent; ``clock`` is that start's."""
        return SimulatedHostProcess(self, clock)

    def lose_power(self) -> None:
        """Everything on the machine but the agent stops."""
        for host in self.hosts:
            host.lose_power()
        self.processes.kill_all()

    def start(self, agent: PID) -> HostIdentity:
        """Start an executor host."""
        number = len(self._hosts) + 1
        name = f"{self._agent_ip}/{NAME}" + (f"-{number}" if number > 1 else "")
        identity = HostIdentity(_FIRST_PID + number, self._simulation.clock.now())

        def boot(host: Host) -> None:
            clock = host.runtime.clock
            executors = ExecutorHost(
                fixed(agent),
                self.processes,
                own_pid=identity.pid,
                end=lambda: clock.call_soon(host.stop),
                recovery_timeout_s=self._recovery_timeout_s,
            )
            host.runtime.spawn(executors, NAME)

        host = self._hosts[identity] = ExecutorsHost(self._simulation, name, boot)
        self._simulation.hosts[name] = host
        host.start(limits=LIMITS)
        return identity

    def find(self, identity: HostIdentity) -> ExecutorsHost | None:
        """The executor host with an identity, if it is up."""
        host = self._hosts.get(identity)
        return host if host is not None and host.is_up else None


class ExecutorsHost(Host):
    """A simulated host that tells when its process ends, however that comes."""

    def __init__(self, simulation: Simulation, ip: str, boot: Callable[[Host], None]) -> None:
        super().__init__(simulation, ip, boot)
        self.watchers: list[Callable[[], None]] = []

    def _gone(self, how: str, *, quietly: bool) -> None:
        was_up = self.is_up
        super()._gone(how, quietly=quietly)
        if was_up:
            watchers, self.watchers = self.watchers, []
            for watcher in watchers:
                watcher()


class SimulatedHostProcess:
    """See :class:`cluster.executor.host_process.HostProcess`."""

    def __init__(self, machine: SimulatedMachine, clock: Clock) -> None:
        self._machine = machine
        self._clock = clock  # calls nobody any more once the agent it belongs to is dead
        self._host: ExecutorsHost | None = None

    def start(self, agent: PID, on_exit: Callable[[int], None]) -> HostIdentity:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        assert not self.is_alive()
        identity = self._machine.start(agent)
        self._watch(identity, 0, on_exit)
        return identity

    def adopt(self, identity: HostIdentity, on_exit: Callable[[int], None]) -> bool:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        assert not self.is_alive()
        return self._watch(identity, -1, on_exit)

    def _watch(self, identity: HostIdentity, status: int, on_exit: Callable[[int], None]) -> bool:
        host = self._machine.find(identity)
        if host is None:
            return False
        self._host = host

        def ended() -> None:
            if self._host is host:
                self._host = None
                self._clock.call_soon(lambda: on_exit(status))

        host.watchers.append(ended)
        return True

    def is_alive(self) -> bool:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        return self._host is not None and self._host.is_up

    def kill(self) -> None:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        if self._host is not None:
            self._host.kill()

    def close(self) -> None:
        """See :class:`cluster.executor.host_process.HostProcess`."""
        self._host = None
