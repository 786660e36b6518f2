"""Calls of the operator API that master and agent answer alike: of the process, its log and its files.

The declarations of both daemons differ in nothing but their class, so answers are made of the class that
is given.

Source: reference http-endpoints.md §8 (GET_HEALTH to READ_FILE).
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from aiohttp import web

from actors import NANOS, Runtime
from cluster.http import file_tree
from cluster.http.file_tree import Entry, FileFault, Found
from cluster.http.files import FileEndpoints
from cluster.http.metrics import readings
from cluster.http.process import version_fields
from cluster.http.reads import streamed
from cluster.http.shared import Shared
from cluster.http.v1 import assemble
from cluster.http.v1.negotiate import Refused
from cluster.http.verbosity import Verbosity
from cluster.model import FileInfo, Flag, Metric, TimeInfo, VersionInfo
from cluster.v1 import agent, master
from cluster.v1.codec import Codec

Call = agent.Call | master.Call
R = TypeVar("R", agent.Response, master.Response)
#: Members of the answer's body; None: the answer has no body.
Fields = dict[str, object] | None


class NotMine(enum.Enum):
    """Says that a call is none of these."""

    NOT_MINE = "not mine"


NOT_MINE: Final = NotMine.NOT_MINE


class DaemonCalls:
    """The calls of one process. `delegate` is the actor whose life is the process's health."""

    def __init__(
        self,
        runtime: Runtime,
        delegate: str,
        flags: Mapping[str, str],
        verbosity: Verbosity,
        files: FileEndpoints,
    ) -> None:
        self._runtime = runtime
        self._delegate = delegate
        self._flags = flags
        self._verbosity = verbosity
        self._files = files
        self._numbers: dict[str, Shared] = {}  # by media type
        self._served: dict[str, Callable[[Call], Awaitable[Fields]]] = {
            "GET_HEALTH": self._get_health,
            "GET_FLAGS": self._get_flags,
            "GET_VERSION": self._get_version,
            "GET_LOGGING_LEVEL": self._get_logging_level,
            "SET_LOGGING_LEVEL": self._set_logging_level,
            "LIST_FILES": self._list_files,
            "READ_FILE": self._read_file,
        }

    async def answer(self, call: Call, response: type[R]) -> R | NotMine | None:
        """The answer to a call that has the member its type needs; None: there is nothing to say.

        Raises:
            Refused: something about the call is wrong.
        """
        name = call.type.value if call.type is not None else ""
        serve = self._served.get(name)
        if serve is None:
            return NOT_MINE
        try:
            fields = await serve(call)
        except FileFault as fault:
            raise Refused(fault.status, f"{name.lower()}.{fault}") from None
        return _made(response, name, fields) if fields is not None else None

    # -- the process --------------------------------------------------------------------------

    async def _get_health(self, call: Call) -> Fields:
        return {"healthy": self._delegate in self._runtime.by_name}

    async def _get_flags(self, call: Call) -> Fields:
        return {"flags": tuple(Flag(name=name, value=value) for name, value in self._flags.items())}

    async def _get_version(self, call: Call) -> Fields:
        known = {name: value for name, value in version_fields().items() if name in VersionInfo.NUMBERS}
        return {"version_info": VersionInfo(**known)}  # type: ignore[arg-type]

    async def metrics(self, request: web.BaseRequest, response: Any, codec: Codec) -> web.StreamResponse:
        """The answer to GET_METRICS of a class of answers, for all who ask at about the same time.

        Every number is there at once, whatever time it is given.
        """
        shared = self._numbers.get(codec.content_type)
        if shared is None:
            hit = partial(self._runtime.metrics.count, "http/shared_metrics")
            shared = Shared(partial(self._write_metrics, response, codec), hit)
            self._numbers[codec.content_type] = shared
        return await streamed(request, shared.join(), codec.content_type)

    async def _write_metrics(self, response: Any, codec: Codec) -> AsyncIterator[bytes]:
        """Some numbers at a time."""
        written = assemble.Elements("metrics", response.GetMetrics.NUMBERS["metrics"], codec)
        async for found in readings(self._runtime.metrics):
            written.add(Metric(name=name, value=value) for name, value, _ in found)
        head = assemble.Fields(response(type=response.Type.GET_METRICS), codec)
        member = assemble.Nested("get_metrics", response.NUMBERS["get_metrics"], [written])
        for piece in assemble.message([head, member], codec):
            yield piece

    # -- the log ------------------------------------------------------------------------------

    async def _get_logging_level(self, call: Call) -> Fields:
        return {"level": self._verbosity.level}

    async def _set_logging_level(self, call: Call) -> Fields:
        assert call.set_logging_level is not None
        level, duration = call.set_logging_level.level, call.set_logging_level.duration
        if fault := self._verbosity.fault(level):
            raise Refused(400, f"set_logging_level.level: {fault}")
        if duration.nanoseconds < 0:
            raise Refused(400, f"set_logging_level.duration: {duration.nanoseconds} ns is below 0")
        self._verbosity.set(level, duration.nanoseconds / NANOS)
        return None

    # -- files --------------------------------------------------------------------------------

    async def _list_files(self, call: Call) -> Fields:
        assert call.list_files is not None
        found = await self._files.locate(call.list_files.path)
        entries = await asyncio.to_thread(file_tree.browse, found)
        return {"file_infos": tuple(_file_info(entry) for entry in entries)}

    async def _read_file(self, call: Call) -> Fields:
        assert call.read_file is not None
        asked = call.read_file
        found: Found = await self._files.locate(asked.path)
        piece = await asyncio.to_thread(file_tree.read, found, asked.offset, asked.length)
        return {"size": piece.size, "data": piece.data}


def _made(response: type[R], name: str, fields: dict[str, object]) -> R:
    """An answer of a class: its type, and the member that belongs to it."""
    declared: Any = response
    member = getattr(declared, "".join(word.capitalize() for word in name.split("_")))
    made: R = declared(type=declared.Type(name), **{name.lower(): member(**fields)})
    return made


def _file_info(entry: Entry) -> FileInfo:
    return FileInfo(
        path=entry.path,
        nlink=entry.nlink,
        size=entry.size,
        mtime=TimeInfo(nanoseconds=round(entry.mtime * NANOS)),
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
    )
