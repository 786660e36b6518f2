"""The operator API of the master."""

from cluster.v1.master.call import Call
from cluster.v1.master.duration import Duration
from cluster.v1.master.event import Event
from cluster.v1.master.response import Response

__all__ = ["Call", "Duration", "Event", "Response"]
