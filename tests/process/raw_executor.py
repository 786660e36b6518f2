"""An executor that speaks HTTP with nothing but sockets and `http.client`, and looks at every byte.

Nothing of the code under test is used here: chunks and records are taken apart anew.
"""

from __future__ import annotations

import base64
import json
import socket
from http.client import HTTPConnection
from typing import Any

from tests.limits import LIMIT_S

PATH = "/slave(1)/api/v1/executor"


def uuid_text(number: int) -> str:
    """16 bytes in base64."""
    return base64.b64encode(number.to_bytes(16, "big")).decode()


class Stream:
    """The events of one subscription."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._held = b""  # bytes of the connection
        self._data = b""  # bytes of the body
        self.head = self._until(b"\r\n\r\n")
        self.status = int(self.head.split(b" ", 2)[1])

    def _receive(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise EOFError("the connection was closed")
        self._held += data

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            self._receive()
        found, _, self._held = self._held.partition(end)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            self._receive()
        found, self._held = self._held[:size], self._held[size:]
        return found

    def chunk(self) -> bytes:
        """The next chunk, by the letter: hexadecimal size, line end, data, line end."""
        size = self._until(b"\r\n")
        assert all(byte in b"0123456789abcdefABCDEF" for byte in size)
        data = self._exactly(int(size, 16))
        assert self._exactly(2) == b"\r\n"
        return data

    def record(self) -> bytes:
        """The next record, by the letter: decimal length, line feed, data."""
        while b"\n" not in self._data:
            self._more()
        length, _, self._data = self._data.partition(b"\n")
        assert length.isdigit()
        while len(self._data) < int(length):
            self._more()
        found, self._data = self._data[: int(length)], self._data[int(length) :]
        return found

    def _more(self) -> None:
        data = self.chunk()
        if not data:
            raise EOFError("the stream was ended")
        self._data += data

    def event(self) -> dict[str, Any]:
        """The next event."""
        found: dict[str, Any] = json.loads(self.record())
        return found

    def events(self, number: int) -> list[dict[str, Any]]:
        """The next events."""
        return [self.event() for _ in range(number)]

    def is_ended(self) -> bool:
        """Whether the body ends here as it must, with an empty chunk."""
        return self._data == b"" and self.chunk() == b""

    def close(self) -> None:
        """Go away without a word."""
        self._connection.close()


class RawExecutor:
    """Speaks for one executor of the agent at `ip:port`; `close` takes all its connections down."""

    def __init__(self, address: str, framework_id: str, executor_id: str) -> None:
        self._streams: list[socket.socket] = []
        host, _, port = address.rpartition(":")
        self._place = (host, int(port))
        self._names = {"framework_id": {"value": framework_id}, "executor_id": {"value": executor_id}}
        self._calls = HTTPConnection(*self._place, timeout=LIMIT_S)

    def subscribe(
        self, *, tasks: tuple[Any, ...] = (), updates: tuple[Any, ...] = (), piece_bytes: int = 1 << 20
    ) -> Stream:
        """Subscribe, with the request cut into pieces."""
        call = self._names | {
            "type": "SUBSCRIBE",
            "subscribe": {
                "unacknowledged_tasks": list(tasks),
                "unacknowledged_updates": [{"status": status} for status in updates],
            },
        }
        body = json.dumps(call).encode()
        host = f"{self._place[0]}:{self._place[1]}"
        request = (
            f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        connection = socket.create_connection(self._place, LIMIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._streams.append(connection)
        for start in range(0, len(request), piece_bytes):
            connection.sendall(request[start : start + piece_bytes])
        return Stream(connection)

    def close(self) -> None:
        """Go away."""
        self._calls.close()
        for connection in self._streams:
            connection.close()

    def call(self, **call: Any) -> tuple[int, str]:
        """Make a call; status and body of the answer, which must be empty if it was accepted."""
        self._calls.request(
            "POST", PATH, json.dumps(self._names | call), {"Content-Type": "application/json"}
        )
        answer = self._calls.getresponse()
        text = answer.read().decode()
        if answer.status == 202:
            assert (text, answer.getheader("Content-Length"), answer.getheader("Transfer-Encoding")) == (
                "", "0", None,
            )  # fmt: skip
        return answer.status, text

    def status(self, task_id: str, state: str, number: int, **more: Any) -> dict[str, Any]:
        """A status with a uuid of that number."""
        return {
            "task_id": {"value": task_id},
            "state": state,
            "source": "SOURCE_EXECUTOR",
            "uuid": uuid_text(number),
            **more,
        }

    def update(self, task_id: str, state: str, number: int, **more: Any) -> tuple[int, str]:
        """Report a state of a task."""
        return self.call(type="UPDATE", update={"status": self.status(task_id, state, number, **more)})

    def message(self, data: bytes) -> tuple[int, str]:
        """Send bytes to the scheduler."""
        return self.call(type="MESSAGE", message={"data": base64.b64encode(data).decode()})


def acknowledged(task_id: str, number: int) -> dict[str, Any]:
    """The event for an update that was taken."""
    return {
        "type": "ACKNOWLEDGED",
        "acknowledged": {"task_id": {"value": task_id}, "uuid": uuid_text(number)},
    }
