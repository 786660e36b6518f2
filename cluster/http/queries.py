"""What queries and forms say: texts, numbers, slices.

Source: reference http-endpoints.md §2 (/tasks; form bodies).
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs

from aiohttp import web

from cluster.http.answers import BadRequest

#: Numbers of a query are taken as unsigned ones of this size: -1 is the largest.
UNSIGNED = 1 << 64
#: Fields of a form at most.
MOST_FIELDS = 100


class Slice(NamedTuple):
    """Part of a list: from `offset`, at most `limit`."""

    offset: int
    limit: int | None

    @property
    def end(self) -> int:
        """Where it ends; sums wrap around as they do for unsigned numbers."""
        return UNSIGNED if self.limit is None else (self.offset + self.limit) % UNSIGNED


def text_of(request: web.BaseRequest, name: str) -> str | None:
    """A parameter of the query; an empty one is none."""
    return request.rel_url.query.get(name) or None


def slice_of(request: web.BaseRequest, limit: int | None) -> Slice:
    """`offset` and `limit`; what is no number counts as not given."""
    offset = _unsigned(text_of(request, "offset"))
    given = _unsigned(text_of(request, "limit"))
    return Slice(offset or 0, limit if given is None else given)


def _unsigned(text: str | None) -> int | None:
    if text is None or len(text) > 20 or not text.isascii():
        return None
    try:
        return int(text) % UNSIGNED
    except ValueError:
        return None


async def form_of(request: web.BaseRequest) -> dict[str, str]:
    """The fields of a form in the body.

    Raises:
        BadRequest: the body is no form.
    """
    body = await request.read()
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except (UnicodeDecodeError, ValueError) as fault:
        raise BadRequest(f"the body is not a form (application/x-www-form-urlencoded): {fault}") from None
    return {name: values[-1] for name, values in fields.items()}


def required(form: dict[str, str], name: str) -> str:
    """A field that must be there.

    Raises:
        BadRequest: it is not.
    """
    value = form.get(name)
    if not value:
        raise BadRequest(f"Missing {name!r} parameter in the request body")
    return value
