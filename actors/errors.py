"""Errors of the actor library: one root, a subclass only where a caller reacts differently."""

from __future__ import annotations


class ActorError(Exception):
    """Root of everything this package raises."""


class NameTaken(ActorError):
    """Raised when an actor is spawned under a name that is in use in this runtime."""


class AddressInUse(ActorError):
    """Raised when a runtime cannot listen because the address is taken or not ours.

    ``address`` is the ``ip:port`` asked for, ``reason`` the operating system's words.
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"cannot listen on {address}: {reason}")
        self.address = address
        self.reason = reason


class AskTimeout(ActorError):
    """Raised when no reply came within the time given to ``ask``."""


class ActorGone(ActorError):
    """Raised when the actor asked does not exist, ended, or its process went away."""


class NotAMessage(ActorError):
    """Raised when something that was not declared with ``@message`` is sent to another process."""


class ProtocolError(ActorError):
    """A peer broke the wire format; data for the log and the counter, never seen by handlers.

    ``kind`` is a short stable word used as the name of the counter.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
