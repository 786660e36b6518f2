"""Private messages of the master to itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PingDue:
    """Time to ping an agent, if it is still the one added under `epoch`."""

    agent_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ReregistrationLate:
    """A disconnected agent had its time to come back, if it did not do so since."""

    agent_id: str
    epoch: int
    disconnections: float


@dataclass(frozen=True, slots=True)
class FailoverLate:
    """A disconnected framework had its time to come back, if it did not subscribe since."""

    framework_id: str
    subscriptions: int


@dataclass(frozen=True, slots=True)
class OfferLate:
    """An offer was out for as long as offers may be."""

    offer_id: str


@dataclass(frozen=True, slots=True)
class HeartbeatDue:
    """Time to tell a framework that the master is there, if it did not subscribe again since."""

    framework_id: str
    subscriptions: int
