"""Reading the files of a task's sandbox from its agent, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from actors import PID, Actor, Runtime, handles
from cluster.model import Offer
from cluster.protocol.files import CHUNK_BYTES, FileData, ReadFile
from cluster.scheduler.errors import SchedulerError
from cluster.scheduler.events import Dispatch, FilePart, ReadPart

#: Name of the actor on an agent that reads sandboxes.
FILES_NAME = "files"
#: How long one piece may take, in seconds.
PART_S = 30.0


class FileUnreadable(SchedulerError):
    """Raised when an agent cannot or will not show a file; the text is the agent's reason."""


def agent_address(offer: Offer) -> str:
    """The `ip:port` of the agent that made an offer; "" if the offer does not tell."""
    if offer.url is None:
        return ""
    address = offer.url.address
    return f"{address.ip or address.hostname}:{address.port}"


def is_end(asked: ReadFile, got: FileData) -> bool:
    """Whether nothing follows a piece."""
    return bool(got.fault) or not got.data or asked.offset + len(got.data) >= got.size


async def read_file(
    runtime: Runtime, address: str, framework_id: str, executor_id: str, name: str, offset: int = 0
) -> AsyncIterator[bytes]:
    """Read a file from the agent at `address` (`ip:port`), from `offset` to its present end.

    The executor of a command task has the task's id.

    Raises:
        FileUnreadable: the agent says why.
        AskTimeout, ActorGone: the agent does not answer.
    """
    while True:
        request = ReadFile(framework_id, executor_id, name, offset, CHUNK_BYTES)
        got = await runtime.ask(PID(FILES_NAME, address), request, PART_S)
        assert isinstance(got, FileData)
        if got.fault:
            raise FileUnreadable(got.fault)
        if got.data:
            yield got.data
        if is_end(request, got):
            return
        offset += len(got.data)


@dataclass(frozen=True, slots=True)
class PartLate:
    """No answer came in time. Private."""


class PartReader(Actor):
    """Reads one piece of a file, hands it over, and ends."""

    def __init__(self, wanted: ReadPart, dispatch: Dispatch) -> None:
        self._wanted = wanted
        self._dispatch = dispatch
        self._agent = PID(FILES_NAME, wanted.address)

    def initialize(self) -> None:
        self.link(self._agent)
        self.send(self._agent, self._wanted.request)
        self.delay(PART_S, PartLate())

    @handles
    def on_file_data(self, sender: PID, message: FileData) -> None:
        if sender == self._agent:
            self._done(message)

    @handles
    def on_part_late(self, sender: PID, message: PartLate) -> None:
        self._fail(f"no answer within {PART_S:g} s")

    def on_exited(self, pid: PID, reason: str) -> None:
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        fault = f"agent at {self._wanted.address}: {reason}"
        self._done(FileData(offset=self._wanted.request.offset, data=b"", size=0, fault=fault))

    def _done(self, data: FileData) -> None:
        self._dispatch(FilePart(self._wanted.call, data))
        self.terminate()
