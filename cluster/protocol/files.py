"""Reading the sandbox of a task: asked of the actor `files` of an agent."""

from __future__ import annotations

from actors import Message, message

#: Most bytes one answer carries.
CHUNK_BYTES = 1 << 20


@message("files.Read")
class ReadFile(Message, frozen=True):
    """Read `length` bytes from `offset` of file `name` in the latest sandbox of an executor.

    `name` is relative to the sandbox and may not leave it. `length` is cut to `CHUNK_BYTES`.
    """

    framework_id: str
    executor_id: str
    name: str
    offset: int = 0
    length: int = CHUNK_BYTES


@message("files.Data")
class FileData(Message, frozen=True):
    """A piece of a file and the file's present size. `fault` says why there is none."""

    offset: int
    data: bytes
    size: int
    fault: str = ""
