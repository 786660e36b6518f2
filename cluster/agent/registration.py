"""The agent and its master: registering, staying registered, noticing that the master is gone.

Source: reference agent.md §4.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable

from msgspec.structs import replace

from actors import PID
from cluster.agent.context import Context
from cluster.agent.state import Phase, task_record
from cluster.agent.timers import PingLate, RegistrationDue
from cluster.model import AgentCapability, AgentID, Reason, TaskID
from cluster.protocol import agent as protocol
from cluster.version import PROTOCOL_VERSION

log = logging.getLogger(__name__)

_KINDS = AgentCapability.Type
#: What this agent understands.
CAPABILITIES = tuple(
    AgentCapability(type=kind)
    for kind in (_KINDS.MULTI_ROLE, _KINDS.HIERARCHICAL_ROLE, _KINDS.RESERVATION_REFINEMENT)
)


class Standing(enum.Enum):
    """How the agent stands to the master."""

    RECOVERING = "recovering"
    DISCONNECTED = "disconnected"
    RUNNING = "running"
    TERMINATING = "terminating"


class Registration:
    """Gets the agent registered and keeps it so.

    `registered` is called when the agent has its id for the first time.
    """

    def __init__(
        self,
        context: Context,
        master: PID,
        link: Callable[[PID], None],
        registered: Callable[[], None],
    ) -> None:
        self._c = context
        self._link = link
        self._registered = registered
        self.master = master
        self.standing = Standing.RECOVERING
        self._attempt = 0
        self._wait_s = 0.0
        self._ping_timeout_s = 0.0
        self._pings = 0

    @property
    def is_running(self) -> bool:
        """Whether the agent is registered and connected."""
        return self.standing is Standing.RUNNING

    # -- trying -------------------------------------------------------------------------------

    def begin(self, why: str) -> None:
        """Register, after a short random wait so that not all agents come at once."""
        if self.standing is Standing.TERMINATING:
            return
        log.info("registering with %s: %s", self.master, why)
        self.standing = Standing.DISCONNECTED
        self._c.streams.pause()
        self._wait_s = 2 * self._c.settings.registration_backoff_s
        self._try_in(self._c.rng.uniform(0, self._c.settings.registration_backoff_s))

    def _try_in(self, delay_s: float) -> None:
        self._attempt += 1
        self._c.later(delay_s, RegistrationDue(self._attempt))

    def due(self, due: RegistrationDue) -> None:
        """Time for an attempt."""
        if due.attempt != self._attempt or self.standing is not Standing.DISCONNECTED:
            return
        self._c.send(self.master, self._request())
        self._try_in(self._c.rng.uniform(0, self._wait_s))
        self._wait_s = min(2 * self._wait_s, self._c.settings.registration_backoff_max_s)

    def _request(self) -> protocol.RegisterAgent | protocol.ReregisterAgent:
        c = self._c
        if c.info.id is None:
            return protocol.RegisterAgent(c.info, PROTOCOL_VERSION, CAPABILITIES)
        frameworks = [f for f in c.state.frameworks.values() if not f.is_terminating]
        executors = [(f, e) for f in frameworks for e in f.executors.values()]
        return protocol.ReregisterAgent(
            info=c.info,
            version=PROTOCOL_VERSION,
            capabilities=CAPABILITIES,
            frameworks=tuple(framework.info for framework in frameworks),
            tasks=tuple(task_record(f.id, e, task) for f, e in executors for task in e.tasks.values()),
            executors=tuple(
                protocol.ExecutorReport(f.id, e.info)
                for f, e in executors
                if not e.is_command and e.phase is not Phase.TERMINATED
            ),
        )

    # -- answers ------------------------------------------------------------------------------

    def accepted(self, message: protocol.AgentRegistered) -> str | None:
        """The master gave an id; a fault if it is not the one we have."""
        known = self._c.info.id
        if known is not None and known.value != message.agent_id:
            return f"the master registered {known} as {message.agent_id}"
        if known is None:
            self._c.info = replace(self._c.info, id=AgentID(message.agent_id))
            self._c.checkpoints.save_agent(self._c.info)
        self._enter_running(message.ping_timeout_s)
        return None

    def accepted_again(self, message: protocol.AgentReregistered) -> str | None:
        """The master took the agent back; a fault if it means another one."""
        known = self._c.info.id
        if known is None or known.value != message.agent_id:
            return f"the master took {known} back as {message.agent_id}"
        self._enter_running(message.ping_timeout_s)
        return None

    def _enter_running(self, ping_timeout_s: float) -> None:
        if self.standing is not Standing.DISCONNECTED:
            return
        log.info("registered with %s as %s", self.master, self._c.agent_id)
        self.standing = Standing.RUNNING
        self._attempt += 1
        self._ping_timeout_s = ping_timeout_s
        self._link(self.master)
        self._watch_pings()
        self._registered()

    def missing(self, message: protocol.AgentReregistered) -> list[tuple[str, TaskID, Reason]]:
        """Of the tasks the master asks for, those that are not here."""
        return [
            (name.framework_id, TaskID(name.task_id), Reason.REASON_RECONCILIATION)
            for name in message.missing
            if self._c.state.task(name.framework_id, name.task_id) is None
            and (name.framework_id, name.task_id) not in self._c.streams
        ]

    def missing_executors(self, message: protocol.AgentReregistered) -> list[protocol.ExecutorName]:
        """Of the executors the master asks for, those that do not run here."""
        named = [
            (name, self._c.state.executor(name.framework_id, name.executor_id))
            for name in message.missing_executors
        ]
        return [name for name, found in named if found is None or found.phase is Phase.TERMINATED]

    # -- health -------------------------------------------------------------------------------

    def pinged(self, message: protocol.Ping) -> None:
        """The master asks whether we are there, and says what it thinks of us."""
        self._c.send(self.master, protocol.Pong())
        if not self.is_running:
            return
        self._watch_pings()
        if not message.connected:
            self.begin("the master counts us as disconnected")

    def _watch_pings(self) -> None:
        self._pings += 1
        self._c.later(self._ping_timeout_s, PingLate(self._pings))

    def ping_late(self, late: PingLate) -> None:
        """The master did not ping for long."""
        if late.pings == self._pings and self.is_running:
            self.begin(f"no ping for {self._ping_timeout_s:g} s")

    def master_lost(self, reason: str) -> None:
        """The connection to the master broke."""
        if self.is_running:
            self.begin(reason)
