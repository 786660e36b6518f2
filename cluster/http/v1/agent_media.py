"""The forms of requests and answers of the agent's operator API, which knows streams both ways.

Source: reference http-endpoints.md §9.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from cluster.http.bodies import coding_of
from cluster.http.v1 import recordio
from cluster.http.v1.negotiate import Refused, accepts, answer_codec, decoded, read_body, request_codec
from cluster.v1.agent import Call
from cluster.v1.codec import Codec
from cluster.v1.union import check_member

RECORDIO = "application/recordio"
MESSAGE_TYPE, MESSAGE_ACCEPT = "Message-Content-Type", "Message-Accept"

#: The largest record of a stream of requests.
RECORD_BYTES = 16 << 20
#: How long a client may take to send the first record.
FIRST_RECORD_S = 60.0

#: Calls that are streams, and those that are answered with one.
STREAMED = frozenset({Call.Type.ATTACH_CONTAINER_INPUT})
STREAMING = frozenset({Call.Type.ATTACH_CONTAINER_OUTPUT, Call.Type.LAUNCH_NESTED_CONTAINER_SESSION})

#: Calls whose member says nothing that must be said.
_BARE = frozenset({Call.Type.GET_CONTAINERS})


@dataclass(frozen=True, slots=True)
class Forms:
    """What the headers say: the forms of the call and of its answer, and which of them are streams."""

    request: Codec
    is_stream: bool
    answer: Codec
    is_streaming: bool

    @classmethod
    def of(cls, request: web.BaseRequest) -> Forms:
        """Look at the headers of a request; the body is read afterwards.

        Raises:
            Refused: one is missing, names what is not known, or does not belong to the others.
        """
        is_stream = request.headers.get("Content-Type") == RECORDIO
        codec = _request_form(request, is_stream)
        answer, is_streaming = _answer_form(request)
        return cls(codec, is_stream, answer, is_streaming)


async def call_in(request: web.BaseRequest, forms: Forms) -> Call:
    """The call in a request, of a stream the first.

    Raises:
        Refused, Malformed: there is none, or its form does not belong to it.
    """
    body = await (_first_record(request) if forms.is_stream else read_body(request))
    call = await decoded(forms.request, Call, body)
    check_member(call, _BARE)
    if forms.is_stream and call.type not in STREAMED:
        raise Refused(415, f"header Content-Type: {RECORDIO} is not for calls of type {call.type}")
    if not forms.is_stream and call.type in STREAMED:
        raise Refused(415, f"header Content-Type: calls of type {call.type} need {RECORDIO}")
    if forms.is_streaming and call.type not in STREAMING:
        raise Refused(406, f"header Accept: calls of type {call.type} are not answered with {RECORDIO}")
    return call


def _request_form(request: web.BaseRequest, is_stream: bool) -> Codec:
    """How the call, or the records of a stream of them, are encoded."""
    if is_stream:
        return _message_codec(request.headers.get(MESSAGE_TYPE))
    codec = request_codec(request.headers.get("Content-Type"))
    if MESSAGE_TYPE in request.headers:
        raise Refused(415, f"header {MESSAGE_TYPE}: belongs to Content-Type {RECORDIO} only")
    return codec


def _answer_form(request: web.BaseRequest) -> tuple[Codec, bool]:
    """How answers are encoded, and whether they are the records of a stream."""
    accept, message_accept = request.headers.get("Accept"), request.headers.get(MESSAGE_ACCEPT)
    try:
        codec = answer_codec(accept)
    except Refused:
        if not accepts(accept, RECORDIO):
            raise
        return answer_codec(message_accept), True
    if message_accept is not None:
        raise Refused(406, f"header {MESSAGE_ACCEPT}: belongs to Accept {RECORDIO} only")
    return codec, False


def _message_codec(content_type: str | None) -> Codec:
    try:
        return request_codec(content_type)
    except Refused as refusal:
        raise Refused(refusal.status, str(refusal).replace("Content-Type", MESSAGE_TYPE, 1)) from None


async def _first_record(request: web.BaseRequest) -> bytes:
    """The first record of a stream, which may go on for ever.

    Raises:
        Refused: there is none.
    """
    if coding_of(request):
        raise Refused(415, "header Content-Encoding: streams of records are not packed")
    decoder = recordio.Decoder(RECORD_BYTES)
    try:
        async with asyncio.timeout(FIRST_RECORD_S):
            async for data in request.content.iter_any():
                if records := decoder.feed(data):
                    return records[0]
    except TimeoutError:
        raise Refused(408, f"the first record did not arrive within {FIRST_RECORD_S:g} s") from None
    except recordio.BadStream as fault:
        raise Refused(400, f"the body is no stream of records: {fault}") from None
    raise Refused(400, "the body ends before its first record")
