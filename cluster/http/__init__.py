"""HTTP on the port of a daemon: requests are parsed, asked of actors, and the answers encoded."""

from cluster.http.access import Access
from cluster.http.app import HttpFront, HttpLimits, http_factory
from cluster.http.router import Endpoint, Handler

__all__ = ["Access", "Endpoint", "Handler", "HttpFront", "HttpLimits", "http_factory"]
