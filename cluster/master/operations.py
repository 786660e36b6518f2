"""Operations with an id: what frameworks ask about them, and acknowledge.

The master carries no operation out yet, so it knows none: what a framework asks about is answered
with what is known of the agent.

Source: reference master.md §8.1 (operations), scheduler-executor-api.md §3.
"""

from __future__ import annotations

import logging

from cluster.master.context import Context
from cluster.master.state import FrameworkEntry
from cluster.model import OperationState, OperationStatus
from cluster.protocol import scheduler as protocol

log = logging.getLogger(__name__)


class Operations:
    """All that happens to operations after they were asked for."""

    def __init__(self, context: Context) -> None:
        self._c = context

    def reconcile(self, framework: FrameworkEntry, message: protocol.ReconcileOperations) -> None:
        """Answer for each operation asked about; for none of them, with all that are known: none."""
        for asked in message.operations:
            self._c.tell(framework, protocol.UpdateOperationStatus(self._unknown(asked)))

    def _unknown(self, asked: protocol.OperationToReconcile) -> OperationStatus:
        agent_id = asked.agent_id.value if asked.agent_id is not None else None
        if agent_id is not None and agent_id in self._c.state.unreachable_agents:
            state, words = OperationState.OPERATION_UNREACHABLE, "Operation is unreachable"
        else:
            state, words = OperationState.OPERATION_UNKNOWN, "Operation is unknown"
        return OperationStatus(
            operation_id=asked.operation_id,
            state=state,
            message=f"Reconciliation: {words}",
            agent_id=asked.agent_id,
            resource_provider_id=asked.resource_provider_id,
        )

    def acknowledged(self, framework: FrameworkEntry, message: protocol.AcknowledgeOperationStatus) -> None:
        """An update was dealt with; one of an operation that is not known is nobody's."""
        log.info(
            "acknowledgement of operation %s by %s is dropped: no such operation",
            message.operation_id, framework.id,
        )  # fmt: skip
        self._c.count("master/invalid_operation_status_update_acknowledgements")
