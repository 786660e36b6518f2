"""A client of the v1 APIs made of http.client and sockets alone, which looks at every byte.

It shares nothing with the code it tests: chunks and records are taken apart here a second time, and
strictly. Everything blocks, with a limit; tests run it on a thread.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from tests.limits import LIMIT_S

#: So many heartbeats come while an event is waited for in vain.
HEARTBEATS = 4
PATH = "/api/v1/scheduler"
JSON = "application/json"
PROTOBUF = "application/x-protobuf"


class Broken(Exception):
    """Raised when the connection ended before the message did."""


class Chunks:
    """Takes a chunked body apart, from the bytes as they come."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.is_complete = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The content that is complete now."""
        assert not self.is_complete, f"bytes after the last chunk: {data!r}"
        self._held += data
        content = b""
        while not self.is_complete:
            line, found, rest = self._held.partition(b"\r\n")
            if not found:
                break
            size = int(line, 16)
            if len(rest) < size + 2:
                break
            assert rest[size : size + 2] == b"\r\n", rest[size : size + 2]
            self.sizes.append(size)
            self.is_complete = size == 0
            content += rest[:size]
            self._held = rest[size + 2 :]
        return content


class Records:
    """Takes RecordIO apart, from content as it comes."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, content: bytes) -> list[bytes]:
        """The records that are complete now."""
        self._held += content
        records = []
        while b"\n" in self._held:
            line, _, rest = self._held.partition(b"\n")
            assert line.isdigit(), line
            if len(rest) < int(line):
                break
            records.append(rest[: int(line)])
            self._held = rest[int(line) :]
        return records


class Stream:
    """An answer that does not end, on a socket of its own. `step`: most bytes read at once."""

    def __init__(self, address: str, request: bytes, step: int = 65536, receive_buffer: int = 0) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect((host, int(port)))
        self.socket.sendall(request)
        self.events: list[bytes] = []
        self.chunks = Chunks()
        self._records = Records()
        self._step = step
        self._seen = 0
        self.status_line, self.headers, rest = self._head()
        self._take(rest)

    def _head(self) -> tuple[str, dict[str, str], bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, rest = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"twice: {name}"
            headers[name.lower()] = value
        return status, headers, rest

    def _receive(self) -> bytes:
        data = self.socket.recv(self._step)
        if not data:
            raise Broken("the connection was closed")
        return data

    def _take(self, data: bytes) -> None:
        if data:
            self.events += self._records.feed(self.chunks.feed(data))

    @property
    def stream_id(self) -> str:
        """The header that later calls carry."""
        return self.headers["mesos-stream-id"]

    def record(self) -> bytes:
        """The next record."""
        while len(self.events) <= self._seen:
            self._take(self._receive())
        self._seen += 1
        return self.events[self._seen - 1]

    def event(self) -> dict[str, Any]:
        """The next record, which is JSON."""
        event = json.loads(self.record())
        assert isinstance(event, dict)
        return event

    def wait_for(self, kind: str) -> dict[str, Any]:
        """The next event of a type, without its envelope."""
        beats = 0
        while (event := self.event())["type"] != kind:
            beats += event["type"] == "HEARTBEAT"
            assert beats < HEARTBEATS, f"no {kind}, only {self.events!r}"
        return dict(event.get(kind.lower(), {}))

    def rest(self) -> list[dict[str, Any]]:
        """All events until the end, which must be a proper one; they are JSON."""
        return [json.loads(record) for record in self.rest_of_records()]

    def rest_of_records(self) -> list[bytes]:
        """All records until the end, which must be a proper one."""
        while not self.chunks.is_complete:
            self._take(self._receive())
        left, self._seen = self.events[self._seen :], len(self.events)
        return left

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def request(
    body: bytes, headers: Mapping[str, str], path: str = PATH, method: str = "POST", version: str = "1.1"
) -> bytes:
    """A request as bytes; nothing is added but the length of the body."""
    lines = [f"{method} {path} HTTP/{version}", "Host: master", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def info(**more: Any) -> dict[str, Any]:
    """A FrameworkInfo."""
    return {"user": "root", "name": "wire", "failover_timeout": 600.0, **more}


def subscribe_body(**more: Any) -> bytes:
    """SUBSCRIBE as JSON, for an info with these fields."""
    call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info(**more)}}
    if "id" in more:
        call["framework_id"] = more["id"]
    return json.dumps(call).encode()


class Scheduler:
    """A framework by hand: a stream, and calls on connections of their own, in JSON."""

    def __init__(self, address: str, step: int = 65536, receive_buffer: int = 0, **more: Any) -> None:
        self.address = address
        headers = {"Content-Type": JSON, "Accept": JSON}
        self.stream = Stream(address, request(subscribe_body(**more), headers), step, receive_buffer)
        assert self.stream.status_line == "HTTP/1.1 200 OK", self.stream.status_line
        self.subscribed = self.stream.wait_for("SUBSCRIBED")
        self.framework_id = self.subscribed["framework_id"]

    def body(self, kind: str, **member: Any) -> bytes:
        """A call as bytes."""
        call: dict[str, Any] = {"type": kind, "framework_id": self.framework_id}
        if member:
            call[kind.lower()] = member
        return json.dumps(call).encode()

    def call(self, kind: str, *, headers: Mapping[str, str] | None = None, **member: Any) -> Answer:
        """Make a call."""
        given = {"Content-Type": JSON, "Mesos-Stream-Id": self.stream.stream_id, **(headers or {})}
        return ask(self.address, self.body(kind, **member), given)

    def done(self, kind: str, **member: Any) -> None:
        """Make a call that must be accepted."""
        answer = self.call(kind, **member)
        assert (answer.status, answer.body) == (202, b""), answer

    def acknowledge(self, status: Mapping[str, Any]) -> None:
        """Acknowledge an update that wants it."""
        if "uuid" in status:
            names = ("agent_id", "task_id", "uuid")
            self.done("ACKNOWLEDGE", **{name: status[name] for name in names})

    def close(self) -> None:
        """Leave without a word."""
        self.stream.close()

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Answer:
    """An answer that ended."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self) -> str:
        """The sentence."""
        return self.body.decode()

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body!r}"


def ask(
    address: str, body: bytes, headers: Mapping[str, str], path: str = PATH, method: str = "POST"
) -> Answer:
    """Make a request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=LIMIT_S)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.putheader("Content-Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()
