"""Status updates on their way to the scheduler: in order for each task, repeated until acknowledged. Pure.

One stream per task. Only the oldest update of a stream is forwarded; the next one follows its
acknowledgement. The actor sends what a method returns and asks again when a retry is due.

Source: reference agent.md §7.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from cluster.model import TaskState, TaskStatus, is_terminal

#: First wait for an acknowledgement, and the longest, in seconds; it doubles in between.
RETRY_MIN_S = 10.0
RETRY_MAX_S = 600.0

Key = tuple[str, str]  # framework id, task id


@dataclass(frozen=True, slots=True)
class Forward:
    """Send this update now, and look again after `retry_s` whether `attempt` is still the last."""

    key: Key
    status: TaskStatus
    latest: TaskState
    attempt: int
    retry_s: float


@dataclass(slots=True)
class Stream:
    """The updates of one task that wait. `latest` is the newest state received."""

    latest: TaskState
    waiting: deque[TaskStatus] = field(default_factory=deque)
    received: dict[bytes, None] = field(default_factory=dict)  # uuids, to tell duplicates
    attempt: int = 0
    retry_s: float = RETRY_MIN_S
    is_ended: bool = False  # a terminal update was received


class Streams:
    """All streams of an agent."""

    def __init__(self) -> None:
        self._streams: dict[Key, Stream] = {}
        self._is_paused = True

    def __contains__(self, key: Key) -> bool:
        return key in self._streams

    def __len__(self) -> int:
        return len(self._streams)

    # -- what comes from executors ------------------------------------------------------------

    def is_new(self, key: Key, status: TaskStatus) -> bool:
        """Whether an update must be kept: not a duplicate, not behind a terminal one."""
        assert status.uuid is not None
        stream = self._streams.get(key)
        return stream is None or (status.uuid not in stream.received and not stream.is_ended)

    def add(self, key: Key, status: TaskStatus) -> Forward | None:
        """Line up a new update; what to send now, if anything."""
        assert status.uuid is not None
        stream = self._streams.setdefault(key, Stream(latest=status.state))
        stream.waiting.append(status)
        stream.received[status.uuid] = None
        stream.latest = status.state
        stream.is_ended = is_terminal(status.state)
        return self._forward(key, stream) if len(stream.waiting) == 1 else None

    # -- what comes from the master -----------------------------------------------------------

    def acknowledge(self, key: Key, uuid: bytes) -> tuple[TaskStatus | None, Forward | None]:
        """Take the acknowledged update out; it, if it was the awaited one, and what to send next.

        The stream ends with the acknowledgement of a terminal update.
        """
        stream = self._streams.get(key)
        if stream is None or not stream.waiting or stream.waiting[0].uuid != uuid:
            return None, None
        acknowledged = stream.waiting.popleft()
        stream.attempt += 1
        stream.retry_s = RETRY_MIN_S
        if is_terminal(acknowledged.state):
            del self._streams[key]
            return acknowledged, None
        return acknowledged, self._forward(key, stream) if stream.waiting else None

    # -- time and connection ------------------------------------------------------------------

    def pause(self) -> None:
        """Nothing can be sent for now."""
        self._is_paused = True

    def resume(self) -> list[Forward]:
        """Sending is possible (again): the oldest update of every stream."""
        self._is_paused = False
        return self.repeat()

    def repeat(self, framework_id: str | None = None) -> list[Forward]:
        """The oldest update of every stream, or of those of one framework, with retries from the start."""
        found: list[Forward] = []
        for key, stream in self._streams.items():
            if stream.waiting and (framework_id is None or key[0] == framework_id):
                stream.retry_s = RETRY_MIN_S
                stream.attempt += 1
                found += filter(None, [self._forward(key, stream)])
        return found

    def retry(self, key: Key, attempt: int) -> Forward | None:
        """The wait of an attempt is over: send again unless something happened since."""
        stream = self._streams.get(key)
        if stream is None or stream.attempt != attempt or not stream.waiting:
            return None
        stream.retry_s = min(stream.retry_s * 2, RETRY_MAX_S)
        stream.attempt += 1
        return self._forward(key, stream)

    def _forward(self, key: Key, stream: Stream) -> Forward | None:
        if self._is_paused:
            return None
        return Forward(key, stream.waiting[0], stream.latest, stream.attempt, stream.retry_s)

    # -- the rest -----------------------------------------------------------------------------

    def drop(self, framework_id: str) -> None:
        """The framework is gone: nobody will acknowledge."""
        for key in [key for key in self._streams if key[0] == framework_id]:
            del self._streams[key]

    def pending(self) -> Iterator[tuple[Key, TaskStatus]]:
        """Every update that waits, stream by stream, oldest first."""
        for key, stream in self._streams.items():
            for status in stream.waiting:
                yield key, status
