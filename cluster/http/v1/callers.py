"""Who makes a request, and which master answers it: what is looked at before anything else.

Source: reference scheduler-executor-api.md §2 (checks 1 to 4), http-endpoints.md §1 (non-leading
master, auth).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from cluster.http.answers import text_answer


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was authenticated; nobody needs to be, then `principal` is None.

    `is_nameless`: there are claims about the caller, but no name.
    """

    principal: str | None = None
    is_nameless: bool = False


#: Finds out who makes a request. An answer in place of a caller is sent (401).
Authenticate = Callable[[web.BaseRequest], Caller | web.Response]


#: Under this name a request carries who makes it, once it was let in.
CALLER = web.RequestKey("caller", Caller)


def anybody(request: web.BaseRequest) -> Caller:
    """Whoever was let in; nobody is asked again who they are."""
    caller: Caller = request.get(CALLER, Caller())
    return caller


def admitted(request: web.BaseRequest, authenticate: Authenticate) -> Caller | web.Response:
    """Who makes a request, or how it is turned away: 401, and 403 for callers without a name."""
    caller = authenticate(request)
    if isinstance(caller, Caller) and caller.is_nameless:
        return text_answer(
            403, "The authenticated principal has claims and no value, but the master goes by values"
        )
    return caller


@dataclass(frozen=True, slots=True)
class Leader:
    """The leading master. `address`: `hostname:port` for clients; `is_here`: it is this process.

    `is_recovered`: it knows what its registry knows.
    """

    address: str
    is_here: bool
    is_recovered: bool = True


#: Tells the leading master; None while nobody knows.
Leadership = Callable[[], Leader | None]


def turned_away(request: web.BaseRequest, leader: Leader | None) -> web.Response | None:
    """The answer of a master that does not lead, or not yet; None when it is to serve the request."""
    if leader is None:
        return text_answer(503, "No leading master is known")
    if not leader.is_here:
        location = f"//{leader.address}{request.rel_url.raw_path_qs}"
        return text_answer(307, headers={"Location": location})
    if not leader.is_recovered:
        return text_answer(503, "The master has not finished its recovery")
    return None
