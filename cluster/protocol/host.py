"""Agent and executor host.

The executor host is the process that runs an agent's executors. It is started once, outlives the
agent, and starts command tasks without an interpreter of their own. It dials the agent.
"""

from __future__ import annotations

from actors import Message, message
from cluster.model import CommandInfo


class Container(Message, frozen=True):
    """A container as the host knows it.

    `status` is the raw wait status of one that ended (-1: unknown), None while it runs; `failure`
    says why it could not be started. `pid` is its first process, 0 before that runs.
    """

    container_id: str
    status: int | None = None
    failure: str = ""
    pid: int = 0


@message("host.Ready")
class HostReady(Message, frozen=True):
    """The host is there (again), as operating system process `pid`, with these containers."""

    pid: int
    containers: tuple[Container, ...] = ()


@message("host.Accepted")
class HostAccepted(Message, frozen=True):
    """The agent has the host's report; from now on the host ends with its agent if nothing runs."""


@message("host.StartContainer")
class StartContainer(Message, frozen=True):
    """Start an executor in `directory` (an existing sandbox).

    Without a `command` it is a command executor, which runs inside the host; with one it is a
    custom executor, a process of its own. `environment` is complete: nothing is inherited.
    `survives_agent`: whether it goes on when the agent's connection is lost.
    """

    container_id: str
    framework_id: str
    executor_id: str
    directory: str
    environment: dict[str, str]
    survives_agent: bool
    shutdown_grace_s: float
    command: CommandInfo | None = None
    user: str | None = None


@message("host.DestroyContainer")
class DestroyContainer(Message, frozen=True):
    """Kill everything in a container at once."""

    container_id: str


@message("host.ContainerStarted")
class ContainerStarted(Message, frozen=True):
    """The first process of the container runs; `pid` leads its session and process group."""

    container_id: str
    pid: int


@message("host.ContainerExited")
class ContainerExited(Message, frozen=True):
    """Nothing of the container runs any more. Repeated in `HostReady` until forgotten.

    `status` is a raw wait status, -1 if unknown; `failure` says why a container could not be
    started. The host forgets the container only when told to.
    """

    container_id: str
    status: int
    failure: str = ""


@message("host.ForgetContainer")
class ForgetContainer(Message, frozen=True):
    """The agent has dealt with the end of a container."""

    container_id: str


@message("host.Stop")
class StopHost(Message, frozen=True):
    """Kill all containers and end."""
