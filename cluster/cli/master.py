"""mesos-master: the daemon that offers the resources of the agents to frameworks."""

from __future__ import annotations

import sys

from actors import PID, Process, Runtime
from cluster.allocator import AllocatorOptions, RegexLimits
from cluster.cli.complain import StartFault, complain, usable_directory
from cluster.cli.daemon import run_daemon
from cluster.cli.logs import log_path
from cluster.cli.place import Place
from cluster.config import MASTER, MasterConfig, config_or_exit, flags_of
from cluster.http import Endpoint
from cluster.http.endpoints.master import master_endpoints
from cluster.http.endpoints.render_tasks import write_task
from cluster.http.v1.scheduler_api import SchedulerApi
from cluster.master.actor import NAME, MasterActor
from cluster.master.context import MasterSettings
from cluster.model import ANY_ROLE, ModelError, parse_quantities


def settings_of(config: MasterConfig, hostname: str) -> MasterSettings:
    """What the master's actor reads of the options."""
    return MasterSettings(
        hostname=hostname,
        ping_timeout_s=config.agent_ping_timeout_s,
        max_missed_pings=config.max_agent_ping_timeouts,
        reregister_timeout_s=config.agent_reregister_timeout_s,
        offer_timeout_s=config.offer_timeout_s,
        roles=None if config.roles is None else frozenset(config.roles) | {ANY_ROLE},
        root_submissions=config.root_submissions,
        max_completed_frameworks=config.max_completed_frameworks,
        max_completed_tasks=config.max_completed_tasks_per_framework,
        max_unreachable_tasks=config.max_unreachable_tasks_per_framework,
        regex_limits=regex_limits_of(config),
        publish_per_framework_metrics=config.publish_per_framework_metrics,
    )


def regex_limits_of(config: MasterConfig) -> RegexLimits:
    """What regular expressions in offer constraints may cost."""
    return RegexLimits(
        config.offer_constraints_re2_max_mem_bytes, config.offer_constraints_re2_max_program_size
    )


def allocator_options_of(config: MasterConfig) -> AllocatorOptions:
    """What the allocator reads of the options.

    Raises:
        StartFault: the resources of an offer cannot be understood.
    """
    try:
        least = parse_quantities(config.min_allocatable_resources)
    except (ModelError, ValueError) as fault:
        raise StartFault(f"--min_allocatable_resources: {fault}") from None
    return AllocatorOptions(
        allocation_interval_s=config.allocation_interval_s,
        min_allocatable=least,
        fair_share_excluded=frozenset(config.fair_sharing_excluded_resource_names or ()),
        filter_gpu_resources=config.filter_gpu_resources,
        is_random=config.role_sorter == "random",
        recovery_timeout_s=config.allocator_recovery_timeout_s,
        agent_recovery_percent=round(config.allocator_agent_recovery_factor * 100),
        regex_limits=regex_limits_of(config),
    )


def endpoints_of(runtime: Runtime, config: MasterConfig) -> dict[str, Endpoint]:
    """What a master serves over HTTP beside what every process does."""
    master = PID(NAME, runtime.address)
    return {
        **SchedulerApi(runtime, master).table(),
        **master_endpoints(
            runtime,
            master,
            flags_of(config),
            listed_roles=None if config.roles is None else frozenset(config.roles) | {ANY_ROLE},
            log_path=log_path(MASTER.name, config),
            most_subscribers=config.max_operator_event_stream_subscribers,
        ),
    }


def main() -> int:
    """Run a master until it is told to end; returns its exit code."""
    config = config_or_exit(MASTER)
    try:
        options = allocator_options_of(config)
        if config.work_dir is not None:
            usable_directory(config.work_dir, "work directory")
    except StartFault as fault:
        complain(MASTER.name, fault)
        return 1

    async def start(process: Process, place: Place) -> None:
        settings = settings_of(config, place.hostname)
        actor = MasterActor(settings, options, dict(config.weights or ()), write_task)
        process.runtime.spawn(actor, NAME)

    return run_daemon(
        MASTER.name, config, start, delegate=NAME, endpoints=lambda runtime: endpoints_of(runtime, config)
    )


if __name__ == "__main__":
    sys.exit(main())
