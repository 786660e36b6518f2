"""Checkpoints: what an agent must find again after it died.

Small files below `<work_dir>/meta`, each replaced in one step, and one file of appended records per
task. Only frameworks with `checkpoint=true` have files. Appended records survive the death of the
agent; after the death of the host there is nothing left to recover, so they are not synced.

Source: reference agent.md §5 and §6.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from actors.disk import Disk
from cluster.agent.paths import Paths
from cluster.agent.state import AgentTask, Executor, Framework
from cluster.agent.updates import Streams
from cluster.model import (
    AgentID,
    AgentInfo,
    ExecutorInfo,
    FrameworkInfo,
    Resources,
    TaskInfo,
    TaskStatus,
    is_terminal,
)

log = logging.getLogger(__name__)
T = TypeVar("T")


class RecoveryError(Exception):
    """Raised when a checkpoint cannot be read or does not fit; the message says what to do."""


class ExecutorCheckpoint(msgspec.Struct, frozen=True):
    """An executor and its present run."""

    info: ExecutorInfo
    container_id: str
    directory: str
    is_command: bool


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a task's history: an update received, or the uuid of one acknowledged."""

    update: TaskStatus | None = None
    acknowledged: bytes | None = None


@dataclass(slots=True)
class Recovered:
    """What the last run of the agent left."""

    info: AgentInfo
    frameworks: list[Framework] = field(default_factory=list)
    streams: Streams = field(default_factory=Streams)


class Checkpoints:
    """Writes and reads the checkpoints of one work directory."""

    def __init__(self, disk: Disk, paths: Paths, *, strict: bool) -> None:
        self._disk = disk
        self._paths = paths
        self._strict = strict
        self._agent_id = ""
        #: Broken files that were passed over.
        self.faults = 0

    # -- writing ------------------------------------------------------------------------------

    def save_agent(self, info: AgentInfo) -> None:
        """The agent has an id from now on."""
        assert info.id is not None
        self._agent_id = info.id.value
        self._disk.write(self._paths.agent_info(self._agent_id), _encode(info))
        self._disk.write(self._paths.latest, self._agent_id.encode())

    def save_framework(self, framework: Framework) -> None:
        """A framework came, or changed its description."""
        if framework.checkpoints:
            path = self._paths.framework_info(self._agent_id, framework.id)
            self._disk.write(path, _encode(framework.info), durable=False)

    def save_executor(self, executor: Executor) -> None:
        """An executor is about to be started."""
        path = self._paths.executor_info(self._agent_id, executor.framework_id, executor.id)
        checkpoint = ExecutorCheckpoint(
            executor.info, executor.container_id, executor.directory, executor.is_command
        )
        self._disk.write(path, _encode(checkpoint), durable=False)

    def save_task(self, executor: Executor, info: TaskInfo) -> None:
        """A task is about to be launched."""
        self._disk.write(
            f"{self._task(executor, info.task_id.value)}/task.info", _encode(info), durable=False
        )

    def add_update(self, executor: Executor, task_id: str, status: TaskStatus) -> None:
        """An update was received."""
        self._append(executor, task_id, Record(update=status))

    def add_acknowledgement(self, executor: Executor, task_id: str, uuid: bytes) -> None:
        """An update was acknowledged."""
        self._append(executor, task_id, Record(acknowledged=uuid))

    def forget_task(self, executor: Executor, task_id: str) -> None:
        """A task is done."""
        self._disk.remove(self._task(executor, task_id))

    def forget_executor(self, executor: Executor) -> None:
        """An executor is done."""
        self._disk.remove(self._paths.executor(self._agent_id, executor.framework_id, executor.id))

    def forget_framework(self, framework_id: str) -> None:
        """A framework has nothing here any more."""
        self._disk.remove(self._paths.framework(self._agent_id, framework_id))

    def _task(self, executor: Executor, task_id: str) -> str:
        return self._paths.task(self._agent_id, executor.framework_id, executor.id, task_id)

    def _append(self, executor: Executor, task_id: str, record: Record) -> None:
        self._disk.append(f"{self._task(executor, task_id)}/task.updates", _encode(record))

    # -- reading ------------------------------------------------------------------------------

    def load(self) -> Recovered | None:
        """What the last run left; None for a new work directory.

        Raises:
            RecoveryError: a file is broken and the agent is strict.
        """
        latest = self._disk.read(self._paths.latest)
        if not latest:
            return None
        agent_id = latest.decode(errors="replace").strip()
        info = self._read(self._paths.agent_info(agent_id), AgentInfo)
        if info is None:
            return None
        self._agent_id = agent_id
        recovered = Recovered(msgspec.structs.replace(info, id=AgentID(agent_id)))
        for framework_id in self._disk.list(f"{self._paths.agent(agent_id)}/frameworks"):
            framework = self._load_framework(framework_id, recovered.streams)
            if framework is not None:
                recovered.frameworks.append(framework)
        return recovered

    def _load_framework(self, framework_id: str, streams: Streams) -> Framework | None:
        info = self._read(self._paths.framework_info(self._agent_id, framework_id), FrameworkInfo)
        if info is None:
            return None
        framework = Framework(framework_id, info)
        executors = f"{self._paths.framework(self._agent_id, framework_id)}/executors"
        for executor_id in self._disk.list(executors):
            path = self._paths.executor_info(self._agent_id, framework_id, executor_id)
            checkpoint = self._read(path, ExecutorCheckpoint)
            if checkpoint is None:
                continue
            executor = Executor(
                executor_id, framework_id, checkpoint.info, checkpoint.container_id,
                checkpoint.directory, checkpoint.is_command, is_started=True, has_worked=True,
            )  # fmt: skip
            self._load_tasks(executor, streams)
            framework.executors[executor_id] = executor
        return framework

    def _load_tasks(self, executor: Executor, streams: Streams) -> None:
        directory = f"{self._paths.executor(self._agent_id, executor.framework_id, executor.id)}/tasks"
        for task_id in self._disk.list(directory):
            path = self._task(executor, task_id)
            info = self._read(f"{path}/task.info", TaskInfo)
            if info is None:
                continue
            task = AgentTask(info, is_sent=True)
            key = (executor.framework_id, task_id)
            is_done = False
            for record in self._records(f"{path}/task.updates"):
                if record.update is not None and streams.is_new(key, record.update):
                    streams.add(key, record.update)
                    task.enter(record.update)
                elif record.acknowledged is not None:
                    acknowledged, _ = streams.acknowledge(key, record.acknowledged)
                    is_done = acknowledged is not None and is_terminal(acknowledged.state)
            if not is_done:
                executor.tasks[task_id] = task

    def _records(self, path: str) -> list[Record]:
        """The whole records of a history; a tail that was being written is cut off."""
        data = self._disk.read(path) or b""
        records: list[Record] = []
        offset = 0
        while offset + 4 <= len(data):
            length = int.from_bytes(data[offset : offset + 4], "big")
            body = data[offset + 4 : offset + 4 + length]
            if len(body) < length:
                break
            try:
                records.append(msgspec.msgpack.decode(body, type=Record))
            except msgspec.MsgspecError as error:
                self._broken(path, error)
                break
            offset += 4 + length
        if offset < len(data):
            log.warning("%s: %d bytes behind its last whole record are cut off", path, len(data) - offset)
            self._disk.write(path, data[:offset], durable=False)
        return records

    def _read(self, path: str, kind: type[T]) -> T | None:
        """A file's value; None if it was never written whole.

        Raises:
            RecoveryError: it is broken and the agent is strict.
        """
        data = self._disk.read(path)
        if not data or len(data) < 4:
            log.warning("%s is missing or empty and is passed over", path)
            return None
        try:
            return msgspec.msgpack.decode(data[4:], type=kind)
        except msgspec.MsgspecError as error:
            self._broken(path, error)
            return None

    def _broken(self, path: str, error: Exception) -> None:
        if self._strict:
            raise RecoveryError(
                f"{path} is broken: {error}. Start with --no-strict to pass it over, or remove"
                f" {self._paths.latest} to start as a new agent"
            ) from error
        self.faults += 1
        log.error("%s is broken and is passed over: %s", path, error)


def _encode(value: msgspec.Struct) -> bytes:
    """A value behind its length in four bytes."""
    body = msgspec.msgpack.encode(value)
    return len(body).to_bytes(4, "big") + body


def compatibility_fault(old: AgentInfo, new: AgentInfo) -> str | None:
    """Why an agent may not go on under its old id; None if it may.

    The policy is `equal`: hostname, resources and attributes are what they were. The port may change,
    as it does with --port=0.

    Source: reference agent.md §6.
    """
    if old.hostname != new.hostname:
        return "hostname changed"
    if Resources.of(old.resources) != Resources.of(new.resources):
        return "resources changed"
    if Counter(old.attributes) != Counter(new.attributes):
        return "attributes changed"
    if old.domain != new.domain:
        return "domain changed"
    return None
