"""The executor API: calls of an executor to its agent, and events it gets."""

from cluster.v1.executor.call import Call
from cluster.v1.executor.event import Event

__all__ = ["Call", "Event"]
