"""What the connection tells the user's side, and what that side asks for besides the v1 calls.

Both travel inside one process only. The v1 events and calls themselves are used as they are; the
framework id of a call is filled in by the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cluster.model import FrameworkID
from cluster.protocol import files
from cluster.protocol import scheduler as v1

#: Stands where the connection puts the framework's id.
UNSET = FrameworkID("")


# -- told -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The connection exists. `token` differs for every start and goes into the ids of tasks."""

    token: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The master cannot be reached; all offers are void."""

    reason: str


@dataclass(frozen=True, slots=True)
class CallDue:
    """A call that was put off is due."""

    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class FilePart:
    """The answer to one `ReadPart`."""

    call: Callable[[files.FileData], None]
    data: files.FileData


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing follows."""

    exit_code: int


Event: TypeAlias = (
    Started
    | Disconnected
    | CallDue
    | FilePart
    | Stopped
    | v1.Subscribed
    | v1.Offers
    | v1.Rescind
    | v1.Update
    | v1.UpdateOperationStatus
    | v1.MessageFromExecutor
    | v1.Failure
    | v1.Error
)
#: Takes an event and says whether it did: an offer not taken is declined, an update not taken is
#: not acknowledged and so comes again.
Dispatch: TypeAlias = Callable[[Event], bool]


# -- asked for --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallLater:
    """Hand `call` back after `delay_s` seconds."""

    delay_s: float
    call: Callable[[], object]


@dataclass(frozen=True, slots=True)
class ReadPart:
    """Read a piece of a file from the agent at `address` and hand it to `call`."""

    address: str
    request: files.ReadFile
    call: Callable[[files.FileData], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """End. Without `failover` the framework is torn down, else it is left for a successor."""

    failover: bool
    exit_code: int


Call: TypeAlias = (
    CallLater
    | ReadPart
    | Stop
    | v1.Accept
    | v1.Decline
    | v1.Revive
    | v1.Suppress
    | v1.Kill
    | v1.Shutdown
    | v1.Acknowledge
    | v1.Reconcile
    | v1.MessageToExecutor
)
Post: TypeAlias = Callable[[Call], None]
