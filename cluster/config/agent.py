"""The options of mesos-agent (also started as mesos-slave).

The flags of features that do not exist yet are in `agent_later`.
Source: agent.md §1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.config import checks
from cluster.config.agent_later import AgentLaterOptions
from cluster.config.checks import MINUTES_S, WEEKS_S
from cluster.config.kinds import (
    BOOLEAN,
    DURATION,
    MASTER,
    NAMES,
    PATH,
    STRING_MAP,
    TEXT,
    TEXT_OR_FILE,
    WHOLE,
    choice,
)
from cluster.config.options import Program, flag, option
from cluster.config.shared import daemon_faults
from cluster.config.units import Address, format_duration


@dataclass(frozen=True, kw_only=True)
class AgentConfig(AgentLaterOptions):
    """The options of one agent. Units: `_s` seconds, `_bytes` bytes."""

    master: Address = field(
        metadata=flag(MASTER, "The master as host:port, or file:///path of a file that holds it.")
    )
    work_dir: str | None = option(
        None,
        PATH,
        "Directory for sandboxes, volumes and checkpoints; without it /var/lib/mesos if that can be "
        "written, else mesos in the directory for temporary files.",
    )
    port: int = option(5051, WHOLE, "Port to listen on; 0 is any free port.")
    runtime_dir: str | None = option(
        None,
        PATH,
        "Directory for what survives the agent but not a reboot; without it /var/run/mesos if that can be "
        "written, else mesos/runtime in the directory for temporary files.",
    )

    # What the agent offers.
    resources: str | None = option(
        None,
        TEXT_OR_FILE,
        "Resources to offer, as cpus:4;mem:1024;ports:[31000-32000], JSON, or the path of a file with "
        "either. What is not named is detected.",
    )
    default_role: str = option("*", TEXT, "Role of resources that are written without one.")
    attributes: str | None = option(None, TEXT, "Attributes of the agent, as rack:abc;zone:1.")

    # How tasks run.
    containerizers: tuple[str, ...] = option(
        ("mesos",), NAMES, "What runs containers: mesos, docker.", only=(("mesos",),)
    )
    isolation: tuple[str, ...] = option(
        ("posix/cpu", "posix/mem"),
        NAMES,
        "Isolators, separated by commas.",
        only=(("posix/cpu", "posix/mem"), ("posix/mem", "posix/cpu")),
    )
    launcher: str = option(
        "posix", choice("posix", "linux"), "How processes are started: posix or linux.", only=("posix",)
    )
    switch_user: bool = option(
        True, BOOLEAN, "Run tasks as the user they name; otherwise as the user of the agent."
    )
    executor_environment_variables: tuple[tuple[str, str], ...] | None = option(
        None, STRING_MAP, "Environment of executors, as a JSON map of texts or the path of a file with one."
    )

    # Registration, recovery, executors.
    registration_backoff_factor_s: float = option(
        1.0, DURATION, "First of the growing random waits between attempts to register; at most 1mins."
    )
    recover: str = option(
        "reconnect",
        choice("reconnect", "cleanup"),
        "What to do with executors of the agent's last run: reconnect, or cleanup, which ends them and then "
        "the agent.",
    )
    recovery_timeout_s: float = option(
        15 * MINUTES_S, DURATION, "How long the agent may take to recover before its executors end."
    )
    strict: bool = option(True, BOOLEAN, "Any error while recovering is fatal; otherwise it is passed over.")
    executor_registration_timeout_s: float = option(
        MINUTES_S, DURATION, "How long an executor may take to register before it is ended."
    )
    executor_reregistration_timeout_s: float = option(
        2.0, DURATION, "How long an executor may take to come back after a recovery; at most 15secs."
    )
    executor_shutdown_grace_period_s: float = option(
        5.0, DURATION, "How long an executor may take to end before it is killed."
    )

    # History.
    gc_delay_s: float = option(WEEKS_S, DURATION, "How long sandboxes of ended executors are kept at most.")
    max_completed_executors_per_framework: int = option(
        150, WHOLE, "How many ended executors of a framework are remembered."
    )


def agent_faults(config: AgentConfig) -> list[str]:
    """What is wrong between the options of an agent, one line each.

    Source: agent.md §1.
    """
    return [
        *daemon_faults(config),
        *checks.not_empty("--default_role", config.default_role),
        *checks.above_zero("--registration_backoff_factor", config.registration_backoff_factor_s),
        *checks.at_most(
            "--registration_backoff_factor", config.registration_backoff_factor_s, MINUTES_S, format_duration
        ),
        *checks.above_zero("--recovery_timeout", config.recovery_timeout_s),
        *checks.above_zero("--executor_registration_timeout", config.executor_registration_timeout_s),
        *checks.above_zero("--executor_reregistration_timeout", config.executor_reregistration_timeout_s),
        *checks.at_most(
            "--executor_reregistration_timeout",
            config.executor_reregistration_timeout_s,
            15.0,
            format_duration,
        ),
        *checks.at_least(
            "--max_completed_executors_per_framework", config.max_completed_executors_per_framework, 0
        ),
    ]


AGENT = Program("mesos-agent", AgentConfig, agent_faults, reads_environment=True)
