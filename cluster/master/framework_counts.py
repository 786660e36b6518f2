"""What is counted of each framework: its calls, what it was told, its offers, and how its tasks ended.

Source: reference http-endpoints.md §7 (per framework).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from cluster.model import Operation, TaskState, is_terminal
from cluster.protocol import scheduler as protocol

S = TaskState

#: Calls by the message that a framework sends.
CALLS: dict[type, str] = {
    protocol.Subscribe: "subscribe",
    protocol.Teardown: "teardown",
    protocol.Accept: "accept",
    protocol.Decline: "decline",
    protocol.AcceptInverseOffers: "accept_inverse_offers",
    protocol.DeclineInverseOffers: "decline_inverse_offers",
    protocol.Revive: "revive",
    protocol.Suppress: "suppress",
    protocol.Kill: "kill",
    protocol.Shutdown: "shutdown",
    protocol.Acknowledge: "acknowledge",
    protocol.AcknowledgeOperationStatus: "acknowledge_operation_status",
    protocol.Reconcile: "reconcile",
    protocol.ReconcileOperations: "reconcile_operations",
    protocol.MessageToExecutor: "message",
    protocol.RequestResources: "request",
    protocol.UpdateFramework: "update_framework",
}
#: Events by the message that a framework is sent.
EVENTS: dict[type, str] = {
    protocol.Subscribed: "subscribed",
    protocol.Offers: "offers",
    protocol.InverseOffers: "inverse_offers",
    protocol.Rescind: "rescind",
    protocol.RescindInverseOffer: "rescind_inverse_offer",
    protocol.Update: "update",
    protocol.UpdateOperationStatus: "update_operation_status",
    protocol.MessageFromExecutor: "message",
    protocol.Failure: "failure",
    protocol.Error: "error",
    protocol.Heartbeat: "heartbeat",
}
_OPERATIONS = {kind: kind.value.lower() for kind in Operation.Type if kind is not Operation.Type.UNKNOWN}
_LIVE = {state: state.value.lower() for state in S if not is_terminal(state)}
_ENDS = {state: state.value.lower() for state in S if is_terminal(state)}


class FrameworkCounts:
    """Counters of one framework.  `states` is not one: how many of its present tasks are in each state."""

    __slots__ = (
        "calls", "ends", "events", "offers_accepted", "offers_declined", "offers_rescinded", "offers_sent",
        "operations", "states",
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls: Counter[type] = Counter()
        self.events: Counter[type] = Counter()
        self.operations: Counter[Operation.Type] = Counter()
        self.ends: Counter[TaskState] = Counter()
        self.states: Counter[TaskState] = Counter()
        self.offers_sent = self.offers_accepted = self.offers_declined = self.offers_rescinded = 0

    def task_state(self, before: TaskState | None, after: TaskState | None) -> None:
        """A task goes from one state to another; None: it was not, or is no more."""
        if before is not None:
            self.states[before] -= 1
        if after is not None:
            self.states[after] += 1

    def values(
        self, is_subscribed: bool, unreachable: int, suppressed: Mapping[str, bool]
    ) -> Iterator[tuple[str, float, bool]]:
        """All numbers by the end of their names, and which are counters; `suppressed` by role."""
        yield "subscribed", is_subscribed, False
        for name, counts, kinds in (("calls", self.calls, CALLS), ("events", self.events, EVENTS)):
            yield name, counts.total(), True
            for kind, word in kinds.items():
                yield f"{name}/{word}", counts[kind], True
        yield "operations", self.operations.total(), True
        for operation, word in _OPERATIONS.items():
            yield f"operations/{word}", self.operations[operation], True
        yield "offers/sent", self.offers_sent, True
        yield "offers/accepted", self.offers_accepted, True
        yield "offers/declined", self.offers_declined, True
        yield "offers/rescinded", self.offers_rescinded, True
        for state, word in _LIVE.items():
            count = unreachable if state is S.TASK_UNREACHABLE else self.states[state]
            yield f"tasks/active/{word}", count, False
        for state, word in _ENDS.items():
            yield f"tasks/terminal/{word}", self.ends[state], True
        for role, is_suppressed in suppressed.items():
            yield f"roles/{role}/suppressed", is_suppressed, False


def prefix(name: str, framework_id: str) -> str:
    """What the names of the numbers of a framework begin with."""
    return f"master/frameworks/{quote(name, safe='')}/{framework_id}"
