"""The keys of /metrics/snapshot that the reference names, and those that are not there, with the reason.

Source: reference http-endpoints.md §6 (windows), §7; allocator.md §8.
"""

from __future__ import annotations

from collections.abc import Iterator

WINDOW = ("count", "max", "min", "p50", "p90", "p95", "p99", "p999", "p9999")
OPERATION_STATES = (
    "total", "pending", "recovering", "unreachable", "finished", "failed", "error", "dropped",
    "gone_by_operator",
)  # fmt: skip
OPERATIONS = (
    "reserve", "unreserve", "create", "destroy", "grow_volume", "shrink_volume", "create_disk",
    "destroy_disk",
)  # fmt: skip
SYSTEM = tuple(
    f"system/{name}"
    for name in ("load_1min", "load_5min", "load_15min", "cpus_total", "mem_total_bytes", "mem_free_bytes")
)
RESOURCES = tuple(
    f"{resource}{kind}_{what}"
    for resource in ("cpus", "gpus", "mem", "disk")
    for kind in ("", "_revocable")
    for what in ("total", "used", "percent")
)
_MASTER = """
    uptime_secs elected event_queue_messages event_queue_dispatches event_queue_http_requests http_cache_hits
    dropped_messages
    slaves_active slaves_inactive slaves_connected slaves_disconnected slaves_unreachable slave_registrations
    slave_reregistrations slave_removals slave_removals/reason_registered slave_removals/reason_unhealthy
    slave_removals/reason_unregistered recovery_slave_removals slave_shutdowns_scheduled
    slave_shutdowns_canceled slave_shutdowns_completed slave_unreachable_scheduled slave_unreachable_canceled
    slave_unreachable_completed
    frameworks_active frameworks_inactive frameworks_connected frameworks_disconnected outstanding_offers
    operator_event_stream_subscribers
    tasks_staging tasks_starting tasks_running tasks_killing tasks_unreachable
    tasks_finished tasks_failed tasks_killed tasks_lost tasks_error tasks_dropped tasks_gone
    tasks_gone_by_operator
    messages_register_framework messages_reregister_framework messages_unregister_framework
    messages_deactivate_framework messages_kill_task messages_status_update_acknowledgement
    messages_operation_status_update_acknowledgement messages_resource_request messages_launch_tasks
    messages_decline_offers messages_revive_offers messages_suppress_offers messages_reconcile_tasks
    messages_reconcile_operations messages_framework_to_executor messages_executor_to_framework
    messages_register_slave messages_reregister_slave messages_unregister_slave messages_status_update
    messages_operation_status_update messages_exited_executor messages_update_slave messages_authenticate
    valid_framework_to_executor_messages invalid_framework_to_executor_messages
    valid_executor_to_framework_messages invalid_executor_to_framework_messages
    valid_status_updates invalid_status_updates
    valid_status_update_acknowledgements invalid_status_update_acknowledgements
    valid_operation_status_updates invalid_operation_status_updates
    valid_operation_status_update_acknowledgements invalid_operation_status_update_acknowledgements
"""
_AGENT = """
    uptime_secs registered recovery_errors recovery_time_secs frameworks_active
    tasks_staging tasks_starting tasks_running tasks_killing
    tasks_finished tasks_failed tasks_killed tasks_lost tasks_gone
    executors_registering executors_running executors_terminating executors_terminated executors_preempted
    valid_status_updates invalid_status_updates valid_framework_messages invalid_framework_messages
    executor_directory_max_allowed_age_secs container_launch_errors
"""
_AGENT_OTHERS = """
    containerizer/mesos/container_destroy_errors containerizer/mesos/provisioner/remove_container_errors
    containerizer/mesos/provisioner/bind/remove_rootfs_errors
    containerizer/mesos/provisioner/docker_store/image_pull_ms
    containerizer/mesos/filesystem/containers_new_rootfs containerizer/mesos/disk/project_ids_free
    containerizer/mesos/disk/project_ids_total
    containerizer/fetcher/task_fetches_succeeded containerizer/fetcher/task_fetches_failed
    containerizer/fetcher/cache_size_total_bytes containerizer/fetcher/cache_size_used_bytes
    gc/path_removals_pending gc/path_removals_succeeded gc/path_removals_failed
    resource_provider_manager/subscribed resource_provider_manager/events/subscribe
    resource_provider_manager/events/disconnect
"""

#: What is not there, and why. A key that comes to be there must leave this table.
MASTER_NOT_HERE = {
    "registrar/registry_size_bytes": "there is no registry",
    "registrar/state_fetch_ms": "nothing is fetched from a registry",
    "registrar/state_store_ms": "nothing is stored in a registry",
    "registrar/log/ensemble_size": "there is no replicated log",
    "registrar/log/recovered": "there is no replicated log",
}
AGENT_NOT_HERE = {
    "slave/executor_directory_max_allowed_age_secs": "sandboxes are not removed, at no age",
    "containerizer/mesos/container_destroy_errors": "processes that cannot be killed are not counted",
    "containerizer/mesos/provisioner/docker_store/image_pull_ms": "no image was ever pulled",
    "containerizer/mesos/disk/project_ids_free": "there is no XFS isolator",
    "containerizer/mesos/disk/project_ids_total": "there is no XFS isolator",
}


def master_keys() -> Iterator[str]:
    """Those of a master, whatever its frameworks and roles are."""
    yield from (f"master/{key}" for key in (*_MASTER.split(), *RESOURCES))
    for operation in ("", *(f"{name}/" for name in OPERATIONS)):
        yield from (f"master/operations/{operation}{state}" for state in OPERATION_STATES)
    yield from ("registrar/queued_operations", *MASTER_NOT_HERE)
    yield from (f"allocator/{key}" for key in ("event_queue_dispatches", "mesos/event_queue_dispatches"))
    yield "allocator/mesos/allocation_runs"
    for timer in ("allocation_run_ms", "allocation_run_latency_ms"):
        yield from (f"allocator/mesos/{timer}{part}" for part in ("", *(f"/{name}" for name in WINDOW)))
    for resource in ("cpus", "mem", "disk"):
        yield from (
            f"allocator/mesos/resources/{resource}/{what}" for what in ("total", "offered_or_allocated")
        )
    yield from SYSTEM


def framework_keys(name: str, framework_id: str, role: str) -> Iterator[str]:
    """Those of a framework with one role, but for its calls and events by type."""
    begin = f"master/frameworks/{name}/{framework_id}"
    yield from (f"{begin}/{key}" for key in ("subscribed", "calls", "events", "operations"))
    yield from (f"{begin}/offers/{what}" for what in ("sent", "accepted", "declined", "rescinded"))
    yield from (f"{begin}/operations/{kind}" for kind in ("launch", "launch_group", *OPERATIONS))
    active = ("staging", "starting", "running", "killing", "unreachable")
    ends = ("finished", "failed", "killed", "lost", "error", "dropped", "gone", "gone_by_operator")
    yield from (f"{begin}/tasks/active/task_{state}" for state in active)
    yield from (f"{begin}/tasks/terminal/task_{state}" for state in ends)
    yield f"{begin}/roles/{role}/suppressed"


def role_keys(role: str) -> Iterator[str]:
    """Those of a role that holds cpus."""
    yield f"allocator/mesos/offer_filters/roles/{role}/active"
    yield f"allocator/mesos/roles/{role}/shares/dominant"
    yield f"allocator/mesos/quota/roles/{role}/resources/cpus/consumed"


def agent_keys() -> Iterator[str]:
    """Those of an agent."""
    yield from (f"slave/{key}" for key in (*_AGENT.split(), *RESOURCES))
    yield from _AGENT_OTHERS.split()
    yield from SYSTEM
