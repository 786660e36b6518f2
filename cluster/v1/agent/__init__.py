"""The operator API of the agent."""

from cluster.v1.agent.call import Call
from cluster.v1.agent.process_io import ProcessIO
from cluster.v1.agent.response import Response

__all__ = ["Call", "ProcessIO", "Response"]
