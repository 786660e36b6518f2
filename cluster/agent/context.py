"""What the parts of the agent share: its state, its settings, and the ways to have an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from actors import PID, Rng
from cluster.agent.checkpoint import Checkpoints
from cluster.agent.paths import Paths
from cluster.agent.state import AgentState
from cluster.agent.updates import Streams
from cluster.model import AgentInfo, FrameworkInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentSettings:
    """What the operator may choose; the flags of mesos-agent that its actor reads. `_s`: seconds.

    `local_address`: `ip:port` where processes of this host reach the agent, if others are told another.

    Source: reference agent.md §1.
    """

    work_dir: str
    local_address: str = ""
    registration_backoff_s: float = 1.0
    registration_backoff_max_s: float = 60.0
    executor_registration_timeout_s: float = 60.0
    executor_reregistration_timeout_s: float = 2.0
    executor_shutdown_grace_s: float = 5.0
    executor_environment: tuple[tuple[str, str], ...] = ()
    recovery_timeout_s: float = 900.0
    recover: str = "reconnect"
    strict: bool = True
    switch_user: bool = True
    max_completed_executors: int = 150


@dataclass(slots=True, eq=False)
class Context:
    """Handed to every part of the agent. Parts have effects through these functions only.

    `send(to, message)`, `to_master(message)` (dropped while there is no connection), `later(delay_s,
    message to self)`, `link(pid)`, `wall()` seconds since the epoch, `count(metric)`; `make_sandbox(path,
    user)` makes the directory an executor runs in, or raises OSError; `user_of(framework, wanted)` says as
    which operating system user to run (None: as the agent's own).
    """

    pid: PID
    info: AgentInfo
    settings: AgentSettings
    state: AgentState
    streams: Streams
    checkpoints: Checkpoints
    paths: Paths
    rng: Rng
    send: Callable[[PID, object], None]
    to_master: Callable[[object], None]
    later: Callable[[float, object], object]
    link: Callable[[PID], None]
    wall: Callable[[], float]
    count: Callable[[str], None]
    make_sandbox: Callable[[str, str | None], None]
    user_of: Callable[[FrameworkInfo, str | None], str | None]
    is_recovering: bool = field(default=False)

    @property
    def agent_id(self) -> str:
        """The id the master gave; there is one once the agent runs anything."""
        assert self.info.id is not None
        return self.info.id.value
