"""Watching a master: what it tells, as it happens, to those who asked for it.

A watcher sends `Watch` and gets every transition from then on, in the order in which they happen. What
it asks the master besides (a walk, say) is answered in the same order, so it knows exactly which of the
transitions an answer already has in it.

These messages stay in the process, so they carry values as they are.

Source: reference master.md §12.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from cluster.master.reading import AgentRow, FrameworkRow
from cluster.model import FrameworkInfo, Task, TaskState, TaskStatus


@dataclass(frozen=True, slots=True)
class Watch:
    """Tell the sender every transition from now on, until it ends."""


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Tell the sender no more. What is on its way arrives still."""


@dataclass(frozen=True, slots=True)
class TaskAdded:
    """A task was launched, or an agent reported one that the master did not have."""

    task: Task


@dataclass(frozen=True, slots=True)
class TaskUpdated:
    """A task has another status. `state` is the newest its agent knows, which may be ahead of `status`."""

    framework_id: str
    status: TaskStatus
    state: TaskState


@dataclass(frozen=True, slots=True)
class AgentAdded:
    """An agent registered, or one that was away is back."""

    agent: AgentRow


@dataclass(frozen=True, slots=True)
class AgentUpdated:
    """An agent is described anew, or its connection was lost or is back."""

    agent: AgentRow


class Removal(enum.Enum):
    """Why an agent is no longer registered."""

    LEFT = "it unregistered, or another one came in its place"
    UNREACHABLE = "nobody knows what became of it"
    GONE = "an operator said that it never comes back"


@dataclass(frozen=True, slots=True)
class AgentRemoved:
    """An agent is no longer registered."""

    agent_id: str
    why: Removal


@dataclass(frozen=True, slots=True)
class FrameworkAdded:
    """A framework subscribed for the first time, or an agent reported it."""

    framework: FrameworkRow


@dataclass(frozen=True, slots=True)
class FrameworkUpdated:
    """A framework is described anew, or its connection was lost or is back."""

    framework: FrameworkRow


@dataclass(frozen=True, slots=True)
class FrameworkRemoved:
    """A framework ended."""

    info: FrameworkInfo


Transition = (
    TaskAdded
    | TaskUpdated
    | AgentAdded
    | AgentUpdated
    | AgentRemoved
    | FrameworkAdded
    | FrameworkUpdated
    | FrameworkRemoved
)
