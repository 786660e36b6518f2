"""Why a sandbox cannot be shown: decided from what master and agent know. Pure."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from cluster.master.away import Absence, AwayAgent
from cluster.model import Task, TaskState, is_terminal
from cluster.protocol.page_agent import Trace

S = TaskState
_PATH = re.compile(
    r"(?:.*/slaves/(?P<agent>[^/]+))?/frameworks/(?P<framework>[^/]+)/executors/(?P<executor>[^/]+)"
    r"/runs/(?P<run>[^/]+)(?P<rest>/.*)?"
)


@dataclass(frozen=True, slots=True)
class SandboxName:
    """What a path names: a run of an executor, and a file in its sandbox (empty for the sandbox itself)."""

    root: str
    framework_id: str
    executor_id: str
    run: str
    file: str


def sandbox_name(path: str) -> SandboxName | None:
    """The sandbox that a virtual path leads to; None if it leads elsewhere."""
    found = _PATH.fullmatch(path.rstrip("/"))
    if found is None:
        return None
    rest = found["rest"] or ""
    root = path.rstrip("/").removesuffix(rest) if rest else path.rstrip("/")
    return SandboxName(root, found["framework"], found["executor"], found["run"], rest.strip("/"))


class Kind(enum.Enum):
    """Reasons, each with its headline; the first that applies is told."""

    AGENT_GONE = "The agent is gone"
    AGENT_UNREACHABLE = "The agent is unreachable"
    AGENT_LEFT = "The agent has left"
    AGENT_UNKNOWN = "The agent is not known"
    AGENT_DISCONNECTED = "The agent is disconnected"
    AGENT_SILENT = "The agent does not answer"
    NOT_GONE = "It is there again"
    FILE_MISSING = "The file is not there"
    NO_SUCH_PATH = "There is nothing under this path"
    TASK_ON_ITS_WAY = "The sandbox is not there yet"
    TASK_NOT_STARTED = "There never was a sandbox"
    DIRECTORY_REMOVED = "The sandbox was removed"
    FRAMEWORK_ENDED = "The sandbox is gone with its framework"
    HISTORY_LIMIT = "The sandbox is gone and forgotten"
    OTHER_RUN = "This run has no sandbox"
    NEVER_HERE = "The sandbox is gone, or never was"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known. `_s`: seconds since the epoch.

    `where`: the agent in words. `is_registered`, `disconnected_s` (since when, if it is not connected) and
    `away` are of the agent. `silence`: why the agent could not be asked; `trace`: what it answered. `task`:
    the one that the executor was made for, if the master remembers it. `is_framework_known`: whether it runs
    or is remembered; `framework_ended_s` None while it is registered.
    """

    name: SandboxName | None
    where: str
    is_registered: bool
    disconnected_s: float | None = None
    away: AwayAgent | None = None
    silence: str | None = None
    trace: Trace | None = None
    task: Task | None = None
    is_framework_known: bool = False
    framework_name: str = ""
    framework_ended_s: float | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The reason in words; `since_s` since when it is so, if that is known."""

    kind: Kind
    words: str
    since_s: float | None = None


def why_gone(facts: Facts) -> Gone:
    """The most telling reason."""
    return _about_agent(facts) or _about_files(facts)


_AWAY = {
    Absence.GONE: Kind.AGENT_GONE,
    Absence.UNREACHABLE: Kind.AGENT_UNREACHABLE,
    Absence.LEFT: Kind.AGENT_LEFT,
}
_OUTLOOK = {
    Absence.GONE: "It is shut down if it comes back, so its files cannot be read from here any more.",
    Absence.UNREACHABLE: "Its files are on its disk and can be read again as soon as it is back.",
    Absence.LEFT: "Its files are on its disk, and can be read from here only if it comes back as the same.",
}


def _about_agent(facts: Facts) -> Gone | None:
    """The agent is away, or does not answer."""
    where = facts.where
    if not facts.is_registered:
        if (away := facts.away) is not None:
            words = f"The master has {where} no more: {away.why}. {_OUTLOOK[away.absence]}"
            return Gone(_AWAY[away.absence], words, away.since_s)
        words = (
            f"No {where} is registered with this master, and the master does not remember one: "
            "it has not come back since the master began, or left too long ago."
        )
        return Gone(Kind.AGENT_UNKNOWN, words)
    if facts.disconnected_s is not None:
        words = (
            f"The connection to {where} is lost, and it has not come back yet. "
            "Its files are on its disk and can be read again when it does."
        )
        return Gone(Kind.AGENT_DISCONNECTED, words, facts.disconnected_s)
    if facts.trace is None:
        words = facts.silence or f"{where} could not be asked"
        still = "It is still registered; its files are on its disk."
        return Gone(Kind.AGENT_SILENT, f"{words[:1].upper()}{words[1:]}. {still}")
    return None


def _about_files(facts: Facts) -> Gone:
    """The agent answered."""
    trace, name, where = facts.trace, facts.name, facts.where
    assert trace is not None
    if trace.has_path:
        return Gone(Kind.NOT_GONE, f"The {where} has it.")
    if name is None:
        return Gone(Kind.NO_SUCH_PATH, f"The {where} shows no file under this path.")
    if trace.has_run:
        words = (
            f"The sandbox is there, but has no {name.file!r}: it was not written yet, or the task removed it."
        )
        return Gone(Kind.FILE_MISSING, words)
    return _never_made(facts) or _removed(facts, name, trace)


def _never_made(facts: Facts) -> Gone | None:
    """The task that the executor was for did not get so far."""
    task, trace = facts.task, facts.trace
    assert trace is not None
    if task is None or trace.executor != "unknown" or _has_begun(task):
        return None
    if not is_terminal(task.state):
        words = (
            f"The task is {_plain(task.state)}: its executor, and with it the sandbox, is about to be made."
        )
        return Gone(Kind.TASK_ON_ITS_WAY, words)
    last = task.statuses[-1] if task.statuses else None
    said = f" It was said: “{last.message}”." if last is not None and last.message else ""
    words = f"The task ended as {_plain(task.state)} before it was started on {facts.where}.{said}"
    return Gone(Kind.TASK_NOT_STARTED, words, last.timestamp if last is not None else None)


def _has_begun(task: Task) -> bool:
    """Whether a container was made for it."""
    begun = (S.TASK_STARTING, S.TASK_RUNNING, S.TASK_FINISHED)
    return any(status.state in begun or status.container_status is not None for status in task.statuses)


def _plain(state: TaskState) -> str:
    return str(state.value).removeprefix("TASK_").lower().replace("_", " ")


def _removed(facts: Facts, name: SandboxName, trace: Trace) -> Gone:
    """It was made, or there is no sign that it was."""
    where, executor = facts.where, f"executor {name.executor_id}"
    if facts.framework_ended_s is not None:
        words = (
            f"The framework {facts.framework_name or name.framework_id} ended: it was torn down, or its "
            f"scheduler left for good. What it left on {where} is not on the disk any more."
        )
        return Gone(Kind.FRAMEWORK_ENDED, words, facts.framework_ended_s)
    if trace.executor != "unknown":
        still = "still runs" if trace.executor == "running" else "ended"
        if trace.has_latest and name.run != "latest":
            words = f"Of {executor}, which {still}, other runs have sandboxes, but not the run {name.run}."
            return Gone(Kind.OTHER_RUN, words)
        words = (
            f"The {where} remembers {executor}, which {still}, but its directory is not on the disk "
            "any more: somebody or something removed it."
        )
        return Gone(Kind.DIRECTORY_REMOVED, words)
    if trace.is_full:
        words = (
            f"The {where} remembers the last {trace.remembered} executors of a framework that ended "
            f"(--max_completed_executors_per_framework), and {executor} is none of them; "
            "its directory is not on the disk either."
        )
        return Gone(Kind.HISTORY_LIMIT, words)
    if trace.has_latest:
        return Gone(Kind.OTHER_RUN, f"Of {executor} other runs have sandboxes, but not the run {name.run}.")
    knows = (
        "knows its framework, but" if trace.framework != "unknown" else "knows nothing of its framework, and"
    )
    words = f"The {where} {knows} has no directory of {executor}: it never ran there, or was removed."
    if not facts.is_framework_known:
        words += " This master does not know the framework either, or not any more."
    return Gone(Kind.NEVER_HERE, words)
