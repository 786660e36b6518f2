"""Errors of the scheduler API. Each subclass is one a framework reacts to differently."""

from __future__ import annotations


class SchedulerError(Exception):
    """Root of the errors raised by `cluster.scheduler`."""


class DoesNotFit(SchedulerError):
    """Raised when a launch wants more than an offer has left.

    `wanted` and `left` are resources as text.
    """

    def __init__(self, wanted: str, left: str) -> None:
        super().__init__(f"the offer has {left} left, which does not hold {wanted}")
        self.wanted = wanted
        self.left = left


class OfferGone(SchedulerError):
    """Raised when an offer is used that was declined, used up or rescinded before."""

    def __init__(self, offer_id: str, why: str) -> None:
        super().__init__(f"offer {offer_id} cannot be used: it is {why}")
        self.offer_id = offer_id
        self.why = why


class NotStarted(SchedulerError):
    """Raised when a framework acts before `run`, `start` or `attach` took it up."""


class InvalidMaster(SchedulerError, ValueError):
    """Raised when the address of a master cannot be understood."""
