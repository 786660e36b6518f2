"""Hosts on virtual time: start, kill, cut off, restart, and replay from one seed."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from actors.clock import NANOS
from actors.codec import Limits
from actors.errors import AskTimeout
from actors.pid import NOWHERE, PID, join_address
from actors.rng import Rng
from actors.runtime import Runtime
from actors.testing.clock import HostClock, VirtualClock
from actors.testing.disk import SimulatedDisk
from actors.testing.network import Network
from actors.transport import Stream, StreamHandler

#: Lines of the trace that are kept to be shown; the digest covers all of them.
TRACE_LINES = 20_000


class NotReached(AssertionError):
    """Raised when a simulation did not reach what was waited for within its time."""


class Host:
    """A machine with an address and a disk, on which a process runs or does not.

    ``boot`` is called at every start with the host; it spawns the actors.
    """

    def __init__(self, simulation: Simulation, ip: str, boot: Callable[[Host], None]) -> None:
        self.simulation = simulation
        self.ip = ip
        self.disk = SimulatedDisk()
        self.starts = 0
        self.has_power = True
        self.failures: list[tuple[PID, BaseException]] = []
        self._boot = boot
        self._clock: HostClock | None = None
        self._runtime: Runtime | None = None

    @property
    def is_up(self) -> bool:
        """Whether a process runs here."""
        return self._runtime is not None

    @property
    def runtime(self) -> Runtime:
        """The runtime of the process that runs here now."""
        assert self._runtime is not None, f"{self.ip} is down"
        return self._runtime

    def start(self, port: int | None = None, limits: Limits | None = None) -> None:
        """Start the process; with a ``port`` it listens there, else it only dials."""
        assert self._runtime is None, f"{self.ip} is up"
        self.starts += 1
        self.has_power = True
        self._port, self._limits = port, limits
        self._clock = HostClock(self.simulation.clock)
        address = NOWHERE if port is None else join_address(self.ip, port)
        self._runtime = Runtime(
            clock=self._clock,
            rng=self.simulation.rng.child(f"{self.ip}#{self.starts}"),
            transport=self,
            limits=limits,
            address=address,
            on_failure=self._on_failure,
            run_beside=self._run_beside,
        )
        if port is not None:
            self.simulation.network.listen(address, self._runtime.peers.accept)
        self.simulation.trace(f"{self.ip} starts")
        self._boot(self)

    def kill(self) -> None:
        """kill -9: nothing of the process runs any more, the kernel resets its connections."""
        self._gone("is killed", quietly=False)

    def lose_power(self) -> None:
        """The machine stops: no reset reaches anybody, unsynced writes are lost.

        It stays off until it is started; a machine whose process merely ended refuses connections.
        """
        self.has_power = False
        self._gone("loses power", quietly=True)
        self.disk.lose_power()

    def stop(self) -> None:
        """End the process in order, as SIGTERM does."""
        if self._runtime is not None:
            self._runtime.shutdown()
            self._gone("stops", quietly=True)

    def restart(self) -> None:
        """Start again as before; kills first if the process runs."""
        if self.is_up:
            self.kill()
        self.start(self._port, self._limits)

    def dial(
        self,
        address: str,
        timeout_s: float,
        opened: Callable[[Stream], StreamHandler],
        failed: Callable[[str], None],
    ) -> Callable[[], None]:
        """See :class:`actors.transport.Transport`."""
        clock = self._clock
        assert clock is not None

        def opened_if_alive(stream: Stream) -> StreamHandler:
            if clock.is_dead:
                stream.abort()
                return _Nobody()
            return opened(stream)

        def failed_if_alive(reason: str) -> None:
            if not clock.is_dead:
                failed(reason)

        return self.simulation.network.dial(self.ip, address, timeout_s, opened_if_alive, failed_if_alive)

    def expect(self, now_ns: int) -> None:
        """See :class:`actors.transport.Transport`; nobody falls asleep on virtual time."""

    def _run_beside(self, work: Coroutine[Any, Any, None]) -> Callable[[], object]:
        """Run a coroutine on virtual time. It may await others that end by themselves, not the loop."""
        clock = self.runtime.clock

        def step() -> None:
            try:
                work.send(None)
            except StopIteration:
                return
            clock.call_soon(step)

        clock.call_soon(step)
        return work.close

    def _gone(self, how: str, *, quietly: bool) -> None:
        if self._clock is None or self._runtime is None:
            return
        self.simulation.trace(f"{self.ip} {how}")
        self._clock.is_dead = True
        self._runtime = None
        self.simulation.network.close_host(self.ip, quietly=quietly)

    def _on_failure(self, pid: PID, error: BaseException) -> None:
        """An actor failed: the process policy of a daemon, which is to die."""
        self.failures.append((pid, error))
        self.simulation.trace(f"{self.ip} fails: {pid.name}")
        self._gone("dies of a failed actor", quietly=False)


class _Nobody:
    def on_data(self, data: bytes) -> None:
        """Ignored."""

    def on_closed(self, reason: str) -> None:
        """Ignored."""


class Simulation:
    """A set of hosts, a network and a clock, all drawn from ``seed``."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self.rng = Rng(str(seed))
        self.clock = VirtualClock()
        self.network = Network(self, self.rng.child("network"))
        self.hosts: dict[str, Host] = {}
        self.lines: deque[str] = deque(maxlen=TRACE_LINES)
        self._digest = hashlib.sha256()

    # -- hosts --------------------------------------------------------------------------------

    def host(self, ip: str, boot: Callable[[Host], None]) -> Host:
        """Add a host; it is down until started."""
        host = self.hosts[ip] = Host(self, ip, boot)
        return host

    def is_up(self, ip: str) -> bool:
        """Whether the host at ``ip`` exists and a process runs on it."""
        host = self.hosts.get(ip)
        return host is not None and host.is_up

    def has_power(self, ip: str) -> bool:
        """Whether the host at ``ip`` exists and is switched on, so that its kernel answers."""
        host = self.hosts.get(ip)
        return host is not None and host.has_power

    # -- time ---------------------------------------------------------------------------------

    def advance(self, seconds: float, after_each: Callable[[], None] | None = None) -> None:
        """Let ``seconds`` pass; ``after_each`` is called after every event."""
        until = self.clock.now() + round(seconds * NANOS)
        while (due := self.clock.next_ns()) is not None and due <= until:
            self.clock.step()
            if after_each is not None:
                after_each()
        self.clock.jump(until)

    def run_until(
        self,
        reached: Callable[[], bool],
        limit_s: float = 60.0,
        after_each: Callable[[], None] | None = None,
    ) -> None:
        """Let time pass until ``reached`` holds.

        Raises:
            NotReached: it does not hold within ``limit_s`` seconds, or nothing more happens.
        """
        until = self.clock.now() + round(limit_s * NANOS)
        while not reached():
            due = self.clock.next_ns()
            if due is None or due > until:
                raise NotReached(f"not reached within {limit_s:g} s of virtual time (seed {self.seed!r})")
            self.clock.step()
            if after_each is not None:
                after_each()

    def settle(self) -> None:
        """Let everything happen that is on its way within a second, timers beyond it excepted."""
        self.advance(1.0)

    def ask(self, host: Host, to: PID, message: object, timeout_s: float = 5.0) -> Any:
        """Ask from ``host`` and let time pass until the answer is there.

        Raises:
            AskTimeout: no answer came.
            ActorGone: nobody is there to answer.
        """
        answers: list[Any] = []
        faults: list[Exception] = []
        host.runtime.ask_then(to, message, timeout_s, answers.append, faults.append)
        try:
            self.run_until(lambda: bool(answers or faults), timeout_s + 1.0)
        except NotReached as error:
            raise AskTimeout(str(error)) from None
        if faults:
            raise faults[0]
        return answers[0]

    # -- replay -------------------------------------------------------------------------------

    def trace(self, line: str) -> None:
        """Record that something happened, with the time."""
        text = f"{self.clock.now()} {line}"
        self.lines.append(text)
        self._digest.update(text.encode() + b"\n")

    @property
    def digest(self) -> str:
        """A hash of everything recorded: equal for equal runs."""
        return self._digest.hexdigest()
