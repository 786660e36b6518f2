"""Answers to requests: JSON, plain text, and the faults that every endpoint shares.

Source: reference http-endpoints.md §1 (plain answers).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

import msgspec
from aiohttp import web

encode_json = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines

#: Pages may use nothing but what they carry themselves.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def encode_lines(values: Sequence[object]) -> bytes:
    """The JSON of each value, with a line break between two: no JSON has one in it."""
    return _encode_lines(values)[:-1]


def encode_each(values: Sequence[object]) -> list[bytes]:
    """The JSON of each value, written in one go."""
    return _encode_lines(values).split(b"\n")[:-1]


class BadRequest(Exception):
    """Raised when a request cannot be understood; the text names the field."""


def json_answer(value: object, status: int = 200) -> web.Response:
    """A value as JSON. Floats have a decimal point, integers have none."""
    return web.Response(
        body=encode_json(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def text_answer(status: int, text: str = "", headers: dict[str, str] | None = None) -> web.Response:
    """A plain text; without a text of its own, the name of the status."""
    if not text:
        text = f"{status} {HTTPStatus(status).phrase}."
    return web.Response(text=text, status=status, headers=headers)


def page_answer(html: str) -> web.Response:
    """A page that loads nothing and runs nothing."""
    return web.Response(text=html, content_type="text/html", headers=PAGE_HEADERS)


def not_found() -> web.Response:
    """There is nothing under the path."""
    return text_answer(404)


def wrong_method(method: str, allowed: Iterable[str]) -> web.Response:
    """The path exists, but not for this method."""
    names = sorted(allowed)
    text = (
        f"405 Method Not Allowed. Expecting one of {{ {', '.join(repr(name) for name in names)} }}, "
        f"but received {method!r}."
    )
    return text_answer(405, text, {"Allow": ", ".join(names)})
