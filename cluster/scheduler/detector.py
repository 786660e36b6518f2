"""Who the leading master is: asked of a detector, so that elections can come in later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from actors import PID, split_address
from cluster.scheduler.errors import InvalidMaster

#: Port of a master when none is given.
MASTER_PORT = 5050
#: Name of the actor that takes the calls of schedulers.
MASTER_NAME = "master"

Changed = Callable[[PID | None], None]


class Detector(Protocol):
    """Tells who leads. Everything happens on the thread of the actor that watches."""

    def watch(self, changed: Changed) -> None:
        """Call `changed` with the leader now and after every change; None while there is none."""

    def stop(self) -> None:
        """Call `changed` no more."""


class FixedMaster:
    """A :class:`Detector` for a master whose address is known and never changes."""

    def __init__(self, master: PID) -> None:
        self._master = master

    def watch(self, changed: Changed) -> None:
        changed(self._master)

    def stop(self) -> None:
        """Nothing is watched."""


def master_pid(text: str) -> PID:
    """Read `host`, `host:port` or `master@host:port`.

    Raises:
        InvalidMaster: the text is none of these.
    """
    if "://" in text:
        raise InvalidMaster(f"cannot find a master by {text!r}: expected host:port")
    name, at, address = text.strip().rpartition("@")
    if ":" not in address:
        address = f"{address}:{MASTER_PORT}"
    try:
        split_address(address)
    except ValueError as fault:
        raise InvalidMaster(str(fault)) from fault
    return PID(name if at and name else MASTER_NAME, address)


def detector_of(master: str | PID | Detector) -> Detector:
    """The detector for a master given as text, as PID, or as the detector itself.

    Raises:
        InvalidMaster: the text is not an address.
    """
    if isinstance(master, PID):
        return FixedMaster(master)
    return FixedMaster(master_pid(master)) if isinstance(master, str) else master
