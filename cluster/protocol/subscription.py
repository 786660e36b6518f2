"""Scheduler and master: what a subscription needs beside the calls and events of the v1 API.

These have no form of their own over HTTP: they become statuses of answers, and ends of streams.
"""

from __future__ import annotations

from actors import Message, message
from cluster.model import FrameworkID


@message("scheduler.FrameworkUpdated")
class FrameworkUpdated(Message, frozen=True):
    """The answer to UpdateFramework: it is done, or nothing is because of `fault`."""

    fault: str = ""


@message("scheduler.Closed")
class Closed(Message, frozen=True):
    """The master ended the subscription, and it is not the scheduler's fault. It may ask why by
    subscribing again."""


@message("scheduler.GetStanding")
class GetStanding(Message, frozen=True):
    """How does a framework stand to the master? Answered with Stands."""

    framework_id: FrameworkID


@message("scheduler.Stands")
class Stands(Message, frozen=True):
    """`is_known`: it exists and has not ended. `is_connected`: its events reach somebody."""

    is_known: bool
    is_connected: bool = False
    principal: str | None = None
