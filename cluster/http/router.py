"""From a path to what serves it: endpoints of the process, then routes of its actors.

The first element of a path names an actor, as in `/master/state`. If it names none, the path is one
of the delegate's: `/state` is `/master/state`. Endpoints of the process (`/version`) stand outside
this, and below the delegate too.

Source: reference http-endpoints.md §1 (server, delegate, prefix match).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from aiohttp import web

from actors import Actor, Runtime
from cluster.http.ask import ask_actor

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What serves a path. `methods` None: any method, which the handler looks at itself.

    `is_prefix`: it serves what is below the path too, as long as nothing else does. `elsewhere`: the answer
    of a process that does not serve it now, and looks at nothing else of the request then.
    """

    handler: Handler
    methods: frozenset[str] | None = READS
    is_prefix: bool = True
    elsewhere: Callable[[web.BaseRequest], web.Response | None] | None = None


class Route(NamedTuple):
    """What serves a request, and under which path it is known, without the name of the delegate."""

    path: str
    endpoint: Endpoint


class Router:
    """Finds the endpoint of a path. `endpoints` are by path without slashes at the ends."""

    def __init__(self, runtime: Runtime, delegate: str, endpoints: Mapping[str, Endpoint]) -> None:
        self.delegate = delegate
        self._runtime = runtime
        self._endpoints = dict(endpoints)

    def add(self, path: str, endpoint: Endpoint) -> None:
        """Serve one more path."""
        self._endpoints[path] = endpoint

    def find(self, path: str) -> Route | None:
        """What serves a decoded path."""
        parts = path.strip("/").split("/")
        if ".." in parts or "." in parts:
            return None
        path = "/".join(parts)
        found = self._find(path)
        if found is None and path.endswith(".json"):  # the names that guides of old use
            found = self._find(path.removesuffix(".json"))
        return found or self._above(self._own(path))

    def _own(self, path: str) -> str:
        """A path without the name of the delegate."""
        return path.removeprefix(f"{self.delegate}/") if path != self.delegate else ""

    def _find(self, path: str) -> Route | None:
        for known in (path, self._own(path)):
            if (endpoint := self._endpoints.get(known)) is not None:
                return Route(known, endpoint)
        return self._of_named_actor(path.split("/")) or self._of_actor(self.delegate, path)

    def _above(self, path: str) -> Route | None:
        """The endpoint with the longest path that this one begins with, if it serves what is below."""
        while path := path.rpartition("/")[0]:
            found = self._endpoints.get(path)
            if found is not None:
                return Route(path, found) if found.is_prefix else None
        return None

    def everything(self) -> Iterator[str]:
        """All paths there are, whatever their methods."""
        yield from dict.fromkeys((*self._endpoints, *self.paths()))

    def paths(self) -> Iterator[str]:
        """The paths that can be read with GET: of the process, then of its actors, both sorted."""
        yield from sorted(
            path
            for path, endpoint in self._endpoints.items()
            if endpoint.methods is None or "GET" in endpoint.methods
        )
        for kind, name in self._kinds().items():
            yield from sorted(f"{name}/{route.strip('/')}" for route in kind.routes)

    def _kinds(self) -> dict[type[Actor], str]:
        """Every class of actor with routes, and the name of the first actor of it."""
        names: dict[type[Actor], str] = {}
        for name, actor in self._runtime.by_name.items():
            if actor.routes:
                names.setdefault(type(actor), name)
        return names

    def _of_named_actor(self, parts: list[str]) -> Route | None:
        """Names of actors may hold slashes, so the longest name that fits counts."""
        for length in range(len(parts) - 1, 0, -1):
            name = "/".join(parts[:length])
            if name in self._runtime.by_name:
                return self._of_actor(name, "/".join(parts[length:]))
        return None

    def _of_actor(self, name: str, route: str) -> Route | None:
        actor = self._runtime.by_name.get(name)
        if actor is None:
            return None
        for path, message_type in actor.routes.items():
            if path.strip("/") == route:
                known = route if name == self.delegate else f"{name}/{route}"
                return Route(known, Endpoint(partial(ask_actor, self._runtime, actor.pid, message_type)))
        return None
