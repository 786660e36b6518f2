"""The numbers of a master under the names that dashboards of the original read.

Source: reference http-endpoints.md §7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from actors.metrics import Metrics, Reading
from cluster.master.framework_counts import prefix
from cluster.master.state import MasterState
from cluster.master.tally import Sum
from cluster.model import Reason, Source, TaskState, from_milli, is_terminal
from cluster.protocol import agent as agents
from cluster.protocol import scheduler as schedulers

S = TaskState

#: Live states that are shown by how many tasks are in them.
LIVE = (S.TASK_STAGING, S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING)
#: Ends that are counted.
ENDS = (
    S.TASK_FINISHED, S.TASK_FAILED, S.TASK_KILLED, S.TASK_LOST, S.TASK_ERROR, S.TASK_DROPPED, S.TASK_GONE,
    S.TASK_GONE_BY_OPERATOR,
)  # fmt: skip
RESOURCES = ("cpus", "gpus", "mem", "disk")

#: Why agents leave.
REGISTERED, UNHEALTHY, UNREGISTERED = "registered", "unhealthy", "unregistered"

#: Counters that are there before anything happened.
DECLARED = (
    "slave_registrations", "slave_reregistrations", "slave_removals",
    *(f"slave_removals/reason_{why}" for why in (REGISTERED, UNHEALTHY, UNREGISTERED)),
    "recovery_slave_removals",
    *(
        f"slave_{what}_{how}"
        for what in ("shutdowns", "unreachable")
        for how in ("scheduled", "canceled", "completed")
    ),
    *(f"tasks_{state.value.removeprefix('TASK_').lower()}" for state in ENDS),
    *(
        f"{validity}_{what}"
        for validity in ("valid", "invalid")
        for what in (
            "framework_to_executor_messages", "executor_to_framework_messages", "status_updates",
            "status_update_acknowledgements",
        )
    ),
    "dropped_messages", "http_cache_hits", "messages_register_framework", "messages_reregister_framework",
    # Nothing of the kind exists yet, or any more, so these stay at 0; dashboards of the original read them.
    *(
        f"messages_{what}"
        for what in ("deactivate_framework", "operation_status_update", "update_slave", "authenticate")
    ),
    *(
        f"{validity}_operation_{what}"
        for validity in ("valid", "invalid")
        for what in ("status_updates", "status_update_acknowledgements")
    ),
    *(
        f"operations/{of}{what}"
        for of in (
            "", "reserve/", "unreserve/", "create/", "destroy/", "grow_volume/", "shrink_volume/",
            "create_disk/", "destroy_disk/",
        )
        for what in (
            "total", "pending", "recovering", "unreachable", "finished", "failed", "error", "dropped",
            "gone_by_operator",
        )
    ),
)  # fmt: skip

#: Which messages are counted under which name.
MESSAGES: dict[str, tuple[type, ...]] = {
    "unregister_framework": (schedulers.Teardown,),
    "kill_task": (schedulers.Kill,),
    "status_update_acknowledgement": (schedulers.Acknowledge,),
    "launch_tasks": (schedulers.Accept,),
    "decline_offers": (schedulers.Decline,),
    "revive_offers": (schedulers.Revive,),
    "suppress_offers": (schedulers.Suppress,),
    "reconcile_tasks": (schedulers.Reconcile,),
    "reconcile_operations": (schedulers.ReconcileOperations,),
    "operation_status_update_acknowledgement": (schedulers.AcknowledgeOperationStatus,),
    "resource_request": (schedulers.RequestResources,),
    "framework_to_executor": (schedulers.MessageToExecutor,),
    "executor_to_framework": (agents.MessageToScheduler,),
    "register_slave": (agents.RegisterAgent,),
    "reregister_slave": (agents.ReregisterAgent,),
    "unregister_slave": (agents.UnregisterAgent,),
    "status_update": (agents.StatusUpdate,),
    "exited_executor": (agents.ExecutorExited,),
}


#: Whose messages are of which queue; the rest the master and its allocator send themselves.
QUEUES = {
    schedulers.__name__: "messages",
    agents.__name__: "messages",
    "cluster.protocol.operator": "http_requests",
    "cluster.protocol.page": "http_requests",
    "cluster.protocol.subscription": "http_requests",
    "cluster.master.reading": "http_requests",
    "cluster.master.watching": "http_requests",
}


def subscription_key(message: schedulers.Subscribe) -> str:
    """What a subscription counts under."""
    is_known = message.framework_info.id is not None and bool(message.framework_info.id.value)
    return f"master/messages_{'reregister' if is_known else 'register'}_framework"


def removal_keys(why: str) -> tuple[str, ...]:
    """What an agent that leaves counts under."""
    late = ("slave_unreachable_scheduled", "slave_unreachable_completed") if why == UNHEALTHY else ()
    return tuple(f"master/{key}" for key in ("slave_removals", f"slave_removals/reason_{why}", *late))


def end_keys(state: TaskState, source: Source | None, reason: Reason | None) -> Iterator[str]:
    """What the end of a task counts under; nothing for a state that is no end."""
    if not (is_terminal(state) or state in ENDS):
        return
    name = state.value.lower()
    yield f"master/tasks_{name.removeprefix('task_')}"
    if source is not None:
        by = _old_name(source.value).lower()
        why = _old_name(reason.value).lower() if reason is not None else "reason_none"
        yield f"master/{name}/{by}/{why}"


def _old_name(word: str) -> str:
    """Agents are slaves in the names of metrics."""
    return word.replace("AGENT", "SLAVE")


def declare(
    metrics: Metrics,
    state: MasterState,
    handled: Callable[[type], int],
    waiting: Callable[[], Iterator[type]],
    *,
    per_framework: bool,
) -> None:
    """Show the numbers of a master.

    `handled` says how many messages of a type it has dealt with, `waiting` the types of those that wait.
    """
    metrics.declare(*(f"master/{name}" for name in DECLARED))
    metrics.gauge("registrar/queued_operations", lambda: 0.0)  # without a registry nothing waits for it
    metrics.family(lambda: queues(waiting()))
    metrics.stream(lambda: calls_by_principal(state))
    if per_framework:
        metrics.stream(lambda: frameworks_by_id(state))
    _declare_resources(metrics, state)
    _declare_peers(metrics, state)
    for kind in LIVE:
        name = kind.value.removeprefix("TASK_").lower()
        metrics.gauge(f"master/tasks_{name}", lambda kind=kind: state.tally.states[kind])  # type: ignore[misc]
    metrics.gauge(
        "master/tasks_unreachable", lambda: sum(len(f.unreachable) for f in state.frameworks.values())
    )
    for name, types in MESSAGES.items():
        metrics.counter(f"master/messages_{name}", _all(handled, types))


def queues(waiting: Iterator[type]) -> dict[str, float]:
    """How much waits for the master: of agents and frameworks, of HTTP, and of itself and its allocator."""
    found = dict.fromkeys(("messages", "http_requests", "dispatches"), 0.0)
    for kind in waiting:
        found[QUEUES.get(kind.__module__, "dispatches")] += 1
    return {f"master/event_queue_{name}": value for name, value in found.items()}


def calls_by_principal(state: MasterState) -> Iterator[Reading]:
    """Messages are counted when they are dealt with, so as many are received as processed."""
    for principal, count in list(state.calls_by_principal.items()):
        for what in ("received", "processed"):
            yield Reading(f"frameworks/{principal}/messages_{what}", count, True)


def frameworks_by_id(state: MasterState) -> Iterator[Reading]:
    """What is counted of each framework, while it is remembered."""
    for framework in (*state.frameworks.values(), *state.completed_frameworks.values()):
        begin = prefix(framework.info.name, framework.id)
        suppressed = {role: role in framework.suppressed for role in framework.roles}
        for name, value, is_counter in framework.counts.values(
            framework.is_connected, len(framework.unreachable), suppressed
        ):
            yield Reading(f"{begin}/{name}", value, is_counter)


def _declare_resources(metrics: Metrics, state: MasterState) -> None:
    for name in RESOURCES:
        for suffix in ("", "_revocable"):
            key, shown = f"{name}{suffix}", f"master/{name}{suffix}"
            metrics.gauge(f"{shown}_total", _amount(state.tally.total, key))
            metrics.gauge(f"{shown}_used", _amount(state.tally.used, key))
            metrics.gauge(f"{shown}_percent", _part(state.tally.used, state.tally.total, key))


def _declare_peers(metrics: Metrics, state: MasterState) -> None:
    agents_, frameworks = state.agents.values(), state.frameworks.values()
    for yes, no in (("active", "inactive"), ("connected", "disconnected")):
        metrics.gauge(f"master/slaves_{yes}", lambda: sum(a.is_connected for a in agents_))
        metrics.gauge(f"master/slaves_{no}", lambda: sum(not a.is_connected for a in agents_))
        metrics.gauge(f"master/frameworks_{yes}", lambda: sum(f.is_connected for f in frameworks))
        metrics.gauge(f"master/frameworks_{no}", lambda: sum(not f.is_connected for f in frameworks))
    metrics.gauge("master/slaves_unreachable", lambda: len(state.unreachable_agents))
    metrics.gauge("master/outstanding_offers", lambda: len(state.offers))


def _amount(of: Sum, name: str) -> Callable[[], float]:
    return lambda: from_milli(of.milli.get(name, 0))


def _part(used: Sum, total: Sum, name: str) -> Callable[[], float]:
    def read() -> float:
        whole = total.milli.get(name, 0)
        return used.milli.get(name, 0) / whole if whole else 0.0

    return read


def _all(handled: Callable[[type], int], types: tuple[type, ...]) -> Callable[[], float]:
    return lambda: sum(map(handled, types))
