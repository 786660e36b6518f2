"""Reads that actors mount themselves: a path, the message asked for it, the answer as JSON."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from actors import PID, ActorGone, AskTimeout, Runtime
from cluster.http.answers import BadRequest, json_answer, text_answer

T = TypeVar("T")

#: How long an actor may take to answer.
ANSWER_S = 5.0


async def ask_actor(runtime: Runtime, pid: PID, message_type: type, request: web.BaseRequest) -> web.Response:
    """Ask `pid` the question that the query of the request spells, and show the answer.

    An answer may have a class attribute `http_status`.
    """
    question: object = from_query(request, message_type)
    try:
        answer = await runtime.ask(pid, question, ANSWER_S)
    except (ActorGone, AskTimeout) as fault:
        return text_answer(503, str(fault))
    return json_answer(answer, getattr(type(answer), "http_status", 200))


def from_query(request: web.BaseRequest, message_type: type[T]) -> T:
    """The message whose fields the query parameters are; unknown ones are ignored.

    A parameter given several times is a list.

    Raises:
        BadRequest: a parameter is missing or does not have the type of its field.
    """
    query = request.rel_url.query
    values: dict[str, object] = {}
    for name in query:
        all_of_it = query.getall(name)
        values[name] = all_of_it if len(all_of_it) > 1 else all_of_it[0]
    try:
        return msgspec.convert(values, message_type, strict=False)
    except msgspec.ValidationError as fault:
        raise BadRequest(_in_words(str(fault))) from None


def _in_words(fault: str) -> str:
    """msgspec's `Expected ... - at `$.name`` with the name in front."""
    what, at, where = fault.partition(" - at `$.")
    return f"query parameter {where.rstrip('`')!r}: {what}" if at else f"query: {what}"
