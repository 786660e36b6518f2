"""The files of an agent: its log and the sandboxes of its executors, under the paths that tools know.

Source: reference http-endpoints.md §5 (virtual paths), agent.md §5.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import NamedTuple

from actors import PID, Runtime
from cluster.agent.files import FindSandbox, Sandbox
from cluster.agent.paths import Paths
from cluster.agent.reading import AgentView, GetAgentView
from cluster.http.file_tree import Attached

LATEST = "latest"
#: How long the agent may take to answer.
ANSWER_S = 5.0


class SandboxPath(NamedTuple):
    """A virtual path that leads to a sandbox. `agent_id` is empty in the short form."""

    virtual: str
    agent_id: str
    framework_id: str
    executor_id: str
    run: str


def sandbox_path(path: str, work_dir: str) -> SandboxPath | None:
    """What a path names: `<work_dir>/slaves/<id>/frameworks/<id>/executors/<id>/runs/<id>`, or its end."""
    begin = f"{work_dir.rstrip('/')}/slaves/"
    agent_id = ""
    rest = path.strip("/").split("/")
    if path.startswith(begin):
        agent_id, *rest = path[len(begin) :].split("/")
    if len(rest) < 6 or (rest[0], rest[2], rest[4]) != ("frameworks", "executors", "runs"):
        return None
    parts = rest[:6]
    if not all(parts):
        return None
    virtual = f"{begin}{agent_id}/{'/'.join(parts)}" if agent_id else f"/{'/'.join(parts)}"
    return SandboxPath(virtual, agent_id, parts[1], parts[3], parts[5])


class AgentFiles:
    """Finds what is attached on one agent. `log_path`: its log file, if it writes one."""

    def __init__(self, runtime: Runtime, agent: PID, files: PID, work_dir: str, log_path: str | None) -> None:
        self._runtime = runtime
        self._agent = agent
        self._files = files
        self._work_dir = work_dir
        self._logs = {"/slave/log": log_path} if log_path is not None else {}

    async def find(self, path: str) -> Attached | None:
        """What is attached under the beginning of a virtual path."""
        if path in self._logs:
            return Attached(path, self._logs[path])
        named = sandbox_path(path, self._work_dir)
        if named is None:
            return None
        directory = await self._directory(named)
        return Attached(named.virtual, directory) if directory is not None else None

    async def _directory(self, named: SandboxPath) -> str | None:
        if named.run == LATEST:
            question = FindSandbox(named.framework_id, named.executor_id)
            known: Sandbox = await self._runtime.ask(self._files, question, ANSWER_S)
            if known.directory is not None:
                return known.directory
        agent_id = named.agent_id or (await self._view()).info.id
        if not agent_id:
            return None
        paths = Paths(self._work_dir)
        directory = paths.sandbox(str(agent_id), named.framework_id, named.executor_id, named.run)
        return await asyncio.to_thread(_existing, directory)

    async def everything(self) -> Mapping[str, str]:
        """All that is attached, virtual path to real path."""
        found: dict[str, str] = dict(self._logs)
        view = await self._view()
        for framework in (*view.completed_frameworks, *view.frameworks):
            for executor in (*framework.completed_executors, *framework.executors):
                real = executor.directory
                short = f"/frameworks/{framework.id}/executors/{executor.id}/runs"
                found[real] = real
                found[f"{os.path.dirname(real)}/{LATEST}"] = real
                found[f"{short}/{LATEST}"] = real
        return found

    async def _view(self) -> AgentView:
        found: AgentView = await self._runtime.ask(self._agent, GetAgentView(), ANSWER_S)
        return found


def _existing(directory: str) -> str | None:
    """A run directory of the disk, which may be of an earlier life of the agent; `latest` is the newest."""
    if os.path.basename(directory) != LATEST:
        return directory if os.path.isdir(directory) else None
    runs = os.path.dirname(directory)
    try:
        found = [entry.path for entry in os.scandir(runs) if entry.is_dir(follow_symlinks=False)]
        return max(found, key=lambda path: os.stat(path).st_mtime, default=None)
    except OSError:
        return None
