"""The scheduler API: calls of a framework's scheduler to the master, and events it gets."""

from cluster.v1.scheduler.call import Call
from cluster.v1.scheduler.event import Event

__all__ = ["Call", "Event"]
