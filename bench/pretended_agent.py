"""An agent that runs nothing: it says of every task at once what became of it."""

from __future__ import annotations

from actors import PID, Actor, handles
from cluster.model import (
    AgentCapability,
    AgentID,
    AgentInfo,
    Resources,
    Source,
    TaskState,
    TaskStatus,
)
from cluster.protocol import agent as agents
from cluster.version import PROTOCOL_VERSION

CAPABILITIES = tuple(AgentCapability(type=kind) for kind in AgentCapability.Type)


class PretendedAgent(Actor):
    """Registers with `total` (text), and says that tasks are in `state`; it remembers nothing."""

    def __init__(self, number: int, master: PID, total: str, state: TaskState) -> None:
        self._number, self._master = number, master
        self._total, self._state = total, state
        self._id = AgentID("")
        self._updates = 0

    def initialize(self) -> None:
        info = AgentInfo(hostname=f"agent{self._number}", resources=Resources.parse(self._total).protos())
        self.send(self._master, agents.RegisterAgent(info, PROTOCOL_VERSION, CAPABILITIES))

    @handles
    def on_registered(self, sender: PID, message: agents.AgentRegistered) -> None:
        self._id = AgentID(message.agent_id)

    @handles
    def on_ping(self, sender: PID, message: agents.Ping) -> None:
        self.send(sender, agents.Pong())

    @handles
    def on_run_task(self, sender: PID, message: agents.RunTask) -> None:
        assert message.framework.id is not None
        self._updates += 1
        status = TaskStatus(
            task_id=message.task.task_id,
            state=self._state,
            agent_id=self._id,
            source=Source.SOURCE_EXECUTOR,
            uuid=self._updates.to_bytes(16, "big"),
        )
        self.send(sender, agents.StatusUpdate(message.framework.id.value, status, self._state))

    @handles
    def on_acknowledged(self, sender: PID, message: agents.StatusUpdateAcknowledged) -> None:
        """There is nothing to repeat."""
