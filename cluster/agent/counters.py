"""The numbers of an agent under the names that dashboards of the original read.

Source: reference http-endpoints.md §7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from actors.metrics import Metrics
from cluster.agent.state import AgentState, Phase
from cluster.model import AgentInfo, Resource, TaskState, from_milli, is_terminal, to_milli

S = TaskState

#: Live states that are shown by how many tasks are in them.
LIVE = (S.TASK_STAGING, S.TASK_STARTING, S.TASK_RUNNING, S.TASK_KILLING)
#: Ends that are counted.
ENDS = (S.TASK_FINISHED, S.TASK_FAILED, S.TASK_KILLED, S.TASK_LOST, S.TASK_GONE)
RESOURCES = ("cpus", "gpus", "mem", "disk")

#: Counters that are there before anything happened.
DECLARED = (
    *(f"tasks_{state.value.removeprefix('TASK_').lower()}" for state in ENDS),
    "executors_terminated", "executors_preempted", "container_launch_errors",
    *(f"{how}_{what}" for how in ("valid", "invalid") for what in ("status_updates", "framework_messages")),
)  # fmt: skip

#: Counters and gauges of what does not exist yet: images, fetched files, collected garbage, resource
#: providers. That there is none of it is true, and dashboards of the original read them.
NOTHING_YET = (
    "containerizer/fetcher/task_fetches_succeeded", "containerizer/fetcher/task_fetches_failed",
    "containerizer/mesos/provisioner/remove_container_errors",
    "containerizer/mesos/provisioner/bind/remove_rootfs_errors",
    "gc/path_removals_succeeded", "gc/path_removals_failed",
    "resource_provider_manager/events/subscribe", "resource_provider_manager/events/disconnect",
)  # fmt: skip
NONE_YET = (
    "containerizer/fetcher/cache_size_total_bytes", "containerizer/fetcher/cache_size_used_bytes",
    "containerizer/mesos/filesystem/containers_new_rootfs", "gc/path_removals_pending",
    "resource_provider_manager/subscribed",
)  # fmt: skip


def end_key(state: TaskState) -> str | None:
    """What the end of a task counts under; None for a state that is no end, or is not counted."""
    if not is_terminal(state) or state not in ENDS:
        return None
    return f"slave/tasks_{state.value.removeprefix('TASK_').lower()}"


def declare(metrics: Metrics, state: AgentState, info: Callable[[], AgentInfo]) -> None:
    """Show the numbers of an agent."""
    metrics.declare(*(f"slave/{name}" for name in DECLARED), *NOTHING_YET)
    for name in NONE_YET:
        metrics.gauge(name, lambda: 0.0)
    metrics.gauge("slave/frameworks_active", lambda: len(state.frameworks))
    metrics.family(lambda: running(state))
    metrics.family(lambda: resources(state, info()))


def running(state: AgentState) -> Mapping[str, float]:
    """Executors by phase, tasks by state."""
    phases: Counter[Phase] = Counter()
    states: Counter[TaskState] = Counter()
    for executor in state.executors():
        phases[executor.phase] += 1
        for task in executor.tasks.values():
            states[task.state] += 1
    phase_names = (Phase.REGISTERING, Phase.RUNNING, Phase.TERMINATING)
    return {
        **{f"slave/executors_{phase.value}": phases[phase] for phase in phase_names},
        **{f"slave/tasks_{kind.value.removeprefix('TASK_').lower()}": states[kind] for kind in LIVE},
    }


def resources(state: AgentState, info: AgentInfo) -> Mapping[str, float]:
    """What the agent has, and what executors and their tasks were given of it."""
    total: Counter[str] = Counter()
    used: Counter[str] = Counter()
    _add(total, info.resources)
    for executor in state.executors():
        if executor.phase is Phase.TERMINATED:
            continue
        if not executor.is_command:
            _add(used, executor.info.resources)
        for task in executor.tasks.values():
            if not task.is_ended:
                _add(used, task.info.resources)
    shown: dict[str, float] = {}
    for name in (f"{name}{suffix}" for name in RESOURCES for suffix in ("", "_revocable")):
        shown[f"slave/{name}_total"] = from_milli(total[name])
        shown[f"slave/{name}_used"] = from_milli(used[name])
        shown[f"slave/{name}_percent"] = used[name] / total[name] if total[name] else 0.0
    return shown


def _add(to: Counter[str], given: Iterable[Resource]) -> None:
    for resource in given:
        if resource.scalar is not None:
            name = f"{resource.name}_revocable" if resource.revocable is not None else resource.name
            to[name] += to_milli(resource.scalar.value)
