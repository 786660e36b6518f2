"""The forms of requests and answers of the agent's operator API, which knows streams both ways.

Source: reference http-endpoints.md §9.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from cluster.http.bodies import coding_of
from cluster.http.v1 import recordio
from cluster.http.v1.negotiate import Refused, accepts, answer_codec, decoded, read_body, request_codec
from cluster.v1.agent import Call
from cluster.v1.codec import Codec
from cluster.v1.errors import Malformed

RECORDIO = "application/recordio"
MESSAGE_TYPE, MESSAGE_ACCEPT = "Message-Content-Type", "Message-Accept"

#: The largest record of a stream of requests.
RECORD_BYTES = 16 << 20
#: How long a client may take to send the first record.
FIRST_RECORD_S = 60.0

#: Calls that are streams, and those that are answered with one.
STREAMED = frozenset({Call.Type.ATTACH_CONTAINER_INPUT})
STREAMING = frozenset({Call.Type.ATTACH_CONTAINER_OUTPUT, Call.Type.LAUNCH_NESTED_CONTAINER_SESSION})


async def call_in(request: web.BaseRequest) -> Call:
    """The call in a request, of a stream the first.

    Raises:
        Refused: there is none, or its form does not belong to it.
    """
    is_stream = request.headers.get("Content-Type") == RECORDIO
    try:
        if is_stream:
            codec = _message_codec(request.headers.get(MESSAGE_TYPE))
            call = await decoded(codec, Call, await _first_record(request))
        else:
            codec = request_codec(request.headers.get("Content-Type"))
            if MESSAGE_TYPE in request.headers:
                raise Refused(415, f"header {MESSAGE_TYPE}: belongs to Content-Type {RECORDIO} only")
            call = await decoded(codec, Call, await read_body(request))
    except Malformed as fault:
        raise Refused(fault.http_status, str(fault)) from None
    if is_stream and call.type not in STREAMED:
        raise Refused(415, f"header Content-Type: {RECORDIO} is not for calls of type {call.type}")
    if not is_stream and call.type in STREAMED:
        raise Refused(415, f"header Content-Type: calls of type {call.type} need {RECORDIO}")
    return call


def answer_form(request: web.BaseRequest, call: Call) -> Codec:
    """How answers, or the records of a stream of them, are encoded.

    Raises:
        Refused: the client takes nothing that this call gives.
    """
    accept, message_accept = request.headers.get("Accept"), request.headers.get(MESSAGE_ACCEPT)
    try:
        codec = answer_codec(accept)
    except Refused:
        if not accepts(accept, RECORDIO):
            raise
        if call.type not in STREAMING:
            raise Refused(
                406, f"header Accept: calls of type {call.type} are not answered with {RECORDIO}"
            ) from None
        return answer_codec(message_accept)
    if message_accept is not None:
        raise Refused(406, f"header {MESSAGE_ACCEPT}: belongs to Accept {RECORDIO} only")
    return codec


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
