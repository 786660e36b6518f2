"""The options of mesos-master.

Source: master.md §1, allocator.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.config import checks
from cluster.config.checks import MINUTES_S, WEEKS_S
from cluster.config.kinds import (
    BOOLEAN,
    BYTES,
    DURATION,
    NAMES,
    NUMBER,
    PATH,
    PERCENTAGE,
    RATE,
    TEXT,
    WEIGHTS,
    WHOLE,
    choice,
)
from cluster.config.options import Program, flag, later, option
from cluster.config.shared import DaemonOptions, daemon_faults
from cluster.config.units import Rate, format_duration

_SORTER = choice("drf", "random")


@dataclass(frozen=True, kw_only=True)
class MasterConfig(DaemonOptions):
    """The options of one master. Units: `_s` seconds, `_bytes` bytes, `_percent` 0 to 100."""

    port: int = option(5050, WHOLE, "Port to listen on; 0 is any free port.")
    work_dir: str | None = option(
        None, PATH, "Directory for what must survive a restart; needed with --registry=replicated_log."
    )
    cluster: str | None = option(None, TEXT, "Name of the cluster, shown to people.")
    registry: str = option(
        "replicated_log",
        choice("replicated_log", "in_memory"),
        "Where the list of agents is kept: replicated_log or in_memory.",
        aliases=("log_storage",),
    )

    # Agents.
    agent_ping_timeout_s: float = option(
        15.0,
        DURATION,
        "How long an agent may take to answer a ping; 1secs to 15mins.",
        aliases=("slave_ping_timeout",),
    )
    max_agent_ping_timeouts: int = option(
        5,
        WHOLE,
        "After how many unanswered pings in a row an agent counts as unreachable.",
        aliases=("max_slave_ping_timeouts",),
    )
    agent_reregister_timeout_s: float = option(
        10 * MINUTES_S,
        DURATION,
        "How long a new master waits for known agents before they count as unreachable; at least 10mins.",
        aliases=("slave_reregister_timeout",),
    )

    # Allocation.
    allocation_interval_s: float = option(1.0, DURATION, "Time between two allocations of everything.")
    role_sorter: str = option(
        "drf", _SORTER, "How resources are shared between roles: drf or random.", aliases=("user_sorter",)
    )
    framework_sorter: str = option(
        "drf", _SORTER, "The same for the frameworks of a role; must be the same word."
    )
    min_allocatable_resources: str = option(
        "cpus:0.01|mem:32",
        TEXT,
        "An offer holds at least one of these sets, which are separated by |; empty: everything is offered.",
    )
    fair_sharing_excluded_resource_names: tuple[str, ...] | None = option(
        None, NAMES, "Resources that do not count in a share, separated by commas."
    )
    filter_gpu_resources: bool = option(
        True, BOOLEAN, "Offer agents with GPUs only to frameworks that ask for GPUs."
    )
    allocator_recovery_timeout_s: float = option(
        10 * MINUTES_S, DURATION, "How long a new allocator waits for agents before it offers."
    )
    allocator_agent_recovery_factor: float = option(
        0.8, NUMBER, "Which part of the known agents ends that wait early."
    )
    offer_constraints_re2_max_mem_bytes: int = option(
        4096, BYTES, "Memory of one regular expression in offer constraints."
    )
    offer_constraints_re2_max_program_size: int = option(
        100, WHOLE, "Program size of one regular expression in offer constraints."
    )
    offer_timeout_s: float | None = option(
        None, DURATION, "After how long an unanswered offer is rescinded; without it never."
    )
    roles: tuple[str, ...] | None = option(
        None, NAMES, "Roles that frameworks may use, separated by commas; * is always one. Without it all."
    )
    weights: tuple[tuple[str, float], ...] | None = option(
        None, WEIGHTS, "Weights of roles as role=number, separated by commas; used if none are stored."
    )
    root_submissions: bool = option(True, BOOLEAN, "Let frameworks run as user root.")

    # History.
    max_completed_frameworks: int = option(50, WHOLE, "How many ended frameworks are remembered.")
    max_completed_tasks_per_framework: int = option(
        1000, WHOLE, "How many ended tasks of a framework are remembered."
    )
    max_unreachable_tasks_per_framework: int = option(
        1000, WHOLE, "How many tasks on unreachable agents are remembered for a framework."
    )

    # HTTP.
    publish_per_framework_metrics: bool = option(True, BOOLEAN, "Give each framework its own metrics.")
    max_operator_event_stream_subscribers: int = option(
        1000, WHOLE, "How many subscribers of operator events are served; the oldest makes room."
    )

    # Not there yet: election and registry.
    zk: str | None = later(None, TEXT, "ZooKeeper servers for election: zk://host:port,.../path.")
    quorum: int | None = later(None, WHOLE, "How many masters must store a change of the registry.")
    master_contender: str | None = later(None, TEXT, "Module that stands for election.")
    master_detector: str | None = later(None, TEXT, "Module that finds the leading master.")
    registry_fetch_timeout_s: float = later(MINUTES_S, DURATION, "How long reading the registry may take.")
    registry_store_timeout_s: float = later(20.0, DURATION, "How long writing the registry may take.")
    registry_strict: bool = later(False, BOOLEAN, "Refuse agents that the registry does not know.")
    log_auto_initialize: bool = later(True, BOOLEAN, "Create the replicated log if there is none.")
    registry_gc_interval_s: float = later(
        15 * MINUTES_S, DURATION, "Time between two removals of old entries from the registry."
    )
    registry_max_agent_age_s: float = later(
        2 * WEEKS_S, DURATION, "How long unreachable and gone agents stay in the registry."
    )
    registry_max_agent_count: int = later(
        102_400, WHOLE, "How many unreachable and how many gone agents stay in the registry."
    )
    recovery_agent_removal_limit_percent: float = later(
        100.0,
        PERCENTAGE,
        "The master ends rather than lose a larger part of its agents when it starts.",
        aliases=("recovery_slave_removal_limit",),
    )
    agent_removal_rate_limit: Rate | None = field(
        default=None,
        metadata=flag(
            RATE,
            "How fast agents may be removed, as in 1/10mins.",
            aliases=("slave_removal_rate_limit",),
            implemented=False,
        ),
    )
    require_agent_domain: bool = later(False, BOOLEAN, "Refuse agents without a fault domain.")
    max_executors_per_agent: int | None = later(None, WHOLE, "How many executors an agent may run.")
    whitelist: str | None = later(None, TEXT, "File with the hostnames whose agents are offered.")

    # Not there yet: allocation.
    allocator: str = later(
        "hierarchical", TEXT, "Allocator, or the module that holds it.", only=("HierarchicalDRF",)
    )

    # Not there yet: security.
    authenticate_frameworks: bool = later(
        False, BOOLEAN, "Let only authenticated frameworks register.", aliases=("authenticate",)
    )
    authenticate_agents: bool = later(
        False, BOOLEAN, "Let only authenticated agents register.", aliases=("authenticate_slaves",)
    )
    authentication_v0_timeout_s: float = later(15.0, DURATION, "How long an authentication may take.")
    authenticate_http_readwrite: bool = later(
        False, BOOLEAN, "Ask for credentials on endpoints that change things.", aliases=("authenticate_http",)
    )
    authenticate_http_readonly: bool = later(
        False, BOOLEAN, "Ask for credentials on endpoints that show things."
    )
    authenticate_http_frameworks: bool = later(False, BOOLEAN, "Ask for credentials on the scheduler API.")
    authenticators: str = later("crammd5", TEXT, "How agents and frameworks are authenticated.")
    http_authenticators: str = later("basic", TEXT, "How HTTP requests are authenticated.")
    http_framework_authenticators: str | None = later(
        None, TEXT, "How requests to the scheduler API are authenticated."
    )
    credentials: str | None = later(None, TEXT, "Principals and their secrets, as JSON.")
    authorizers: str = later("local", TEXT, "What decides who may do what.")
    rate_limits: str | None = later(None, TEXT, "Rates of messages by principal, as JSON.")

    # Not there yet: HTTP.
    webui_dir: str | None = later(None, TEXT, "Directory with the web page; without it the installed one.")


def master_faults(config: MasterConfig) -> list[str]:
    """What is wrong between the options of a master, one line each.

    Source: master.md §1, cli.md §1 (work_dir with replicated_log).
    """
    faults = daemon_faults(config)
    if config.registry == "replicated_log" and config.work_dir is None:
        faults.append("--work_dir is required with --registry=replicated_log")
    if config.role_sorter != config.framework_sorter:
        faults.append("--role_sorter and --framework_sorter must be the same")
    faults += checks.between(
        "--agent_ping_timeout", config.agent_ping_timeout_s, 1.0, 15 * MINUTES_S, format_duration
    )
    faults += checks.at_least("--max_agent_ping_timeouts", config.max_agent_ping_timeouts, 1)
    faults += checks.at_least(
        "--agent_reregister_timeout", config.agent_reregister_timeout_s, 10 * MINUTES_S, format_duration
    )
    faults += checks.above_zero("--allocation_interval", config.allocation_interval_s)
    faults += checks.above_zero("--offer_timeout", config.offer_timeout_s)
    return faults + _history_faults(config)


def _history_faults(config: MasterConfig) -> list[str]:
    return [
        *checks.at_least("--max_completed_frameworks", config.max_completed_frameworks, 0),
        *checks.at_least("--max_completed_tasks_per_framework", config.max_completed_tasks_per_framework, 0),
        *checks.at_least(
            "--max_unreachable_tasks_per_framework", config.max_unreachable_tasks_per_framework, 0
        ),
        *checks.at_least(
            "--max_operator_event_stream_subscribers", config.max_operator_event_stream_subscribers, 1
        ),
    ]


MASTER = Program("mesos-master", MasterConfig, master_faults, reads_environment=True)
