"""Reading sandboxes: the actor `files` of an agent.

A name that leads out of the sandbox, by dots or by symbolic links, is refused. Reads are bounded, so
that a handler takes little time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from actors import PID, Actor, handles
from cluster.protocol import files as protocol

#: Beyond it the operating system does not count.
MAX_OFFSET = (1 << 63) - 1


class SandboxReader(Protocol):
    """Reads files; real or simulated."""

    def read(self, directory: str, name: str, offset: int, length: int) -> tuple[bytes, int]:
        """A piece of a file and the file's size.

        Raises:
            OSError: there is no such file in the sandbox; the words are for people.
        """


class RealSandboxReader:
    """Reads files of this host."""

    def read(self, directory: str, name: str, offset: int, length: int) -> tuple[bytes, int]:
        root = os.path.realpath(directory)
        path = os.path.realpath(os.path.join(root, name))
        if os.path.commonpath((root, path)) != root:
            raise PermissionError(f"{name} is outside of the sandbox")
        if not os.path.isfile(path):
            raise FileNotFoundError(f"there is no file {name} in the sandbox")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.pread(descriptor, length, offset), os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class FindSandbox:
    """Asked within the process: where is the latest sandbox of an executor? Answered with `Sandbox`."""

    framework_id: str
    executor_id: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A directory of this host; None if there is none."""

    directory: str | None


class Files(Actor):
    """Answers `ReadFile` and `FindSandbox`. `sandbox_of` knows the sandboxes by framework and executor."""

    def __init__(self, sandbox_of: Callable[[str, str], str | None], reader: SandboxReader) -> None:
        self._sandbox_of = sandbox_of
        self._reader = reader

    @handles
    def on_read_file(self, sender: PID, message: protocol.ReadFile) -> None:
        self.send(sender, self._answer(message))

    @handles
    def on_find_sandbox(self, sender: PID, message: FindSandbox) -> None:
        self.send(sender, Sandbox(self._sandbox_of(message.framework_id, message.executor_id)))

    def _answer(self, asked: protocol.ReadFile) -> protocol.FileData:
        directory = self._sandbox_of(asked.framework_id, asked.executor_id)
        if directory is None:
            fault = f"executor {asked.executor_id} of {asked.framework_id} is not known here"
            return protocol.FileData(asked.offset, b"", 0, fault)
        if asked.offset < 0 or asked.length < 0:
            return protocol.FileData(asked.offset, b"", 0, "offset and length must not be negative")
        if asked.offset > MAX_OFFSET:
            return protocol.FileData(asked.offset, b"", 0, "no file is that long")
        length = min(asked.length, protocol.CHUNK_BYTES)
        try:
            data, size = self._reader.read(directory, asked.name, asked.offset, length)
        except (OSError, ValueError) as error:
            return protocol.FileData(asked.offset, b"", 0, str(error))
        return protocol.FileData(asked.offset, data, size)
