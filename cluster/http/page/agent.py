"""What an agent tells the web page, through the master: see :mod:`cluster.protocol.page_agent`."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Coroutine
from dataclasses import dataclass

from actors import PID, Actor, Runtime, handles
from cluster.agent.reading import AgentView, ExecutorView, GetAgentView
from cluster.http import file_tree
from cluster.http.answers import encode_json
from cluster.http.endpoints.agent_containers import ANSWER_S, AgentContainers, Measured
from cluster.http.endpoints.render_amounts import of_resources
from cluster.http.file_tree import FileFault
from cluster.http.files import FileEndpoints
from cluster.http.page.processes import processes
from cluster.model import Task
from cluster.protocol import page_agent as protocol

Answer = protocol.Shown | protocol.Piece | protocol.Trace | protocol.Fault
#: Entries of a directory that are shown.
MOST_ENTRIES = 5000


@dataclass(frozen=True, slots=True)
class Answered:
    """Work beside the actor is done."""

    to: PID
    answer: Answer


class PageAgent(Actor):
    """Answers for one agent."""

    def __init__(
        self, runtime: Runtime, agent: PID, files: FileEndpoints, containers: AgentContainers
    ) -> None:
        self._process = runtime
        self._agent = agent
        self._files = files
        self._containers = containers

    @handles
    def on_get_about(self, sender: PID, message: protocol.GetAbout) -> None:
        self._answer(sender, self._about())

    @handles
    def on_get_processes(self, sender: PID, message: protocol.GetProcesses) -> None:
        self.send(sender, protocol.Shown(encode_json(processes(self._process))))

    @handles
    def on_browse(self, sender: PID, message: protocol.Browse) -> None:
        self._answer(sender, self._browse(message.path))

    @handles
    def on_read_piece(self, sender: PID, message: protocol.ReadPiece) -> None:
        self._answer(sender, self._read(message))

    @handles
    def on_get_trace(self, sender: PID, message: protocol.GetTrace) -> None:
        self._answer(sender, self._trace(message))

    @handles
    def on_answered(self, sender: PID, message: Answered) -> None:
        self.send(message.to, message.answer)

    def _answer(self, to: PID, work: Coroutine[object, object, Answer]) -> None:
        def failed(error: Exception) -> Answered:
            status = error.status if isinstance(error, FileFault) else 500
            return Answered(to, protocol.Fault(status, str(error) or type(error).__name__))

        self.background(work, lambda answer: Answered(to, answer), failed)

    # -- files --------------------------------------------------------------------------------

    async def _browse(self, path: str) -> Answer:
        found = await self._files.locate(path)
        if not await asyncio.to_thread(os.path.isdir, found.real):
            raise FileFault(400, f"path: {path!r} is not a directory")
        entries = await asyncio.to_thread(file_tree.browse, found)
        shown = [
            {
                "name": os.path.basename(entry.path),
                "path": entry.path,
                "size": entry.size,
                "mtime_s": entry.mtime,
                "mode": stat.filemode(entry.mode),
                "is_directory": stat.S_ISDIR(entry.mode),
                "owner": entry.uid,
            }
            for entry in entries[:MOST_ENTRIES]
        ]
        return protocol.Shown(encode_json({"path": path, "total": len(entries), "entries": shown}))

    async def _read(self, asked: protocol.ReadPiece) -> Answer:
        found = await self._files.locate(asked.path)
        return await asyncio.to_thread(_piece, found, asked.offset, asked.length)

    async def _trace(self, asked: protocol.GetTrace) -> Answer:
        view: AgentView = await self._process.ask(self._agent, GetAgentView(), ANSWER_S)
        latest = f"{asked.root.rpartition('/')[0]}/latest" if asked.root else ""
        return trace(
            view,
            asked,
            has_path=await self._has(asked.path),
            has_run=await self._has(asked.root),
            has_latest=await self._has(latest),
        )

    async def _has(self, path: str) -> bool:
        try:
            await self._files.locate(path)
        except FileFault:
            return False
        return True

    # -- the agent ----------------------------------------------------------------------------

    async def _about(self) -> Answer:
        view: AgentView = await self._process.ask(self._agent, GetAgentView(), ANSWER_S)
        measured = {one.executor.container_id: one for one in await self._containers.measured()}
        running = [_executor(f.id, f.info.name, e, measured) for f in view.frameworks for e in f.executors]
        ended = [
            _executor(f.id, f.info.name, e, measured)
            for f in (*view.frameworks, *view.completed_frameworks)
            for e in f.completed_executors
        ]
        value = self._process.metrics.value
        return protocol.Shown(
            encode_json(
                {
                    "started_s": view.started_s,
                    "version": view.version,
                    "is_recovering": view.is_recovering,
                    "lag_max_s": value("process/event_loop_lag_secs/max"),
                    "executors": running,
                    "ended_executors": ended[-200:],
                }
            )
        )


def trace(
    view: AgentView, asked: protocol.GetTrace, *, has_path: bool, has_run: bool, has_latest: bool
) -> protocol.Trace:
    """What the agent knows of a sandbox."""
    known = {one.id: one for one in (*view.completed_frameworks, *view.frameworks)}
    framework = known.get(asked.framework_id)
    if framework is None:
        return protocol.Trace("unknown", "unknown", has_path, has_run, has_latest, 0, False)
    running = any(one.id == asked.framework_id for one in view.frameworks)
    executor = "unknown"
    if any(one.id == asked.executor_id for one in framework.executors):
        executor = "running"
    elif any(one.id == asked.executor_id for one in framework.completed_executors):
        executor = "ended"
    remembered = len(framework.completed_executors)
    return protocol.Trace(
        "running" if running else "ended",
        executor,
        has_path,
        has_run,
        has_latest,
        remembered,
        remembered >= view.max_completed,
    )


def _piece(found: file_tree.Found, offset: int, length: int) -> protocol.Piece:
    """Blocks."""
    descriptor, size = file_tree.open_file(found)
    try:
        at = max(0, size + offset) if offset < 0 else offset
        most = max(0, min(length, protocol.PIECE_BYTES))
        return protocol.Piece(at, os.pread(descriptor, most, min(at, size)), size)
    finally:
        os.close(descriptor)


def _executor(
    framework_id: str, framework_name: str, view: ExecutorView, measured: dict[str, Measured]
) -> dict[str, object]:
    known = measured.get(view.container_id)
    return {
        "framework_id": framework_id,
        "framework_name": framework_name,
        "id": view.id,
        "name": view.info.name or view.id,
        "container_id": view.container_id,
        "directory": view.directory,
        "is_command": view.is_command,
        "phase": view.phase.name.lower(),
        "pid": view.first_pid,
        "resources": of_resources(view.resources()),
        "queued": len(view.queued),
        "tasks": [_task(task) for task in view.launched],
        "ended_tasks": len(view.terminated) + len(view.completed),
        "statistics": known.statistics if known is not None else None,
    }


def _task(task: Task) -> dict[str, object]:
    return {"id": task.task_id.value, "name": task.name, "state": task.state.value}
