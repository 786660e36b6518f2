"""Private messages of the agent to itself."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.agent.updates import Key


@dataclass(frozen=True, slots=True)
class RegistrationDue:
    """Time to register (again), unless something changed since `attempt`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class PingLate:
    """No ping came for as long as the master said one would, unless one did since `pings`."""

    pings: int


@dataclass(frozen=True, slots=True)
class RetryDue:
    """An update was not acknowledged for a while."""

    key: Key
    attempt: int


@dataclass(frozen=True, slots=True)
class ExecutorLate:
    """An executor had its time to register."""

    container_id: str


@dataclass(frozen=True, slots=True)
class ShutdownLate:
    """An executor had its time to end."""

    container_id: str


@dataclass(frozen=True, slots=True)
class RecoveryOver:
    """Executors of the last run had their time to come back."""


@dataclass(frozen=True, slots=True)
class HostDied:
    """The executor host process ended."""

    generation: int


@dataclass(frozen=True, slots=True)
class HostLate:
    """A host of the last run, though alive, did not come back."""

    generation: int


@dataclass(frozen=True, slots=True)
class Leave:
    """From outside: unregister, end everything, and end the process."""
