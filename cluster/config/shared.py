"""Options that several programs have: logging, network, and the limits of the actor library."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.config import checks
from cluster.config.kinds import BOOLEAN, BYTES, DURATION, IP, PATH, TEXT, WHOLE, choice
from cluster.config.options import Options, later, option


@dataclass(frozen=True, kw_only=True)
class LoggingOptions(Options):
    """What is logged, and where to."""

    log_dir: str | None = option(
        None, PATH, "Directory for log files; without it nothing is written to disk."
    )
    logging_level: str = option(
        "INFO",
        choice("DEBUG", "INFO", "WARNING", "ERROR"),
        "Least important messages that are logged: DEBUG, INFO, WARNING or ERROR.",
    )
    quiet: bool = option(False, BOOLEAN, "Do not log to stderr.")


@dataclass(frozen=True, kw_only=True)
class LimitOptions(Options):
    """Limits of the actor library and the seed of its random stream; additions of this project."""

    max_frame_size_bytes: int = option(
        64 * 2**20, BYTES, "Largest message on a connection; a larger one closes the connection."
    )
    send_buffer_size_bytes: int = option(
        64 * 2**20, BYTES, "Most unsent data kept for one connection before it is closed."
    )
    max_mailbox_length: int = option(1_000_000, WHOLE, "Most messages waiting in one mailbox.")
    max_connections: int = option(65_536, WHOLE, "Most connections open at once.")
    handshake_timeout_s: float = option(
        10.0, DURATION, "How long a new connection may take to say who it is."
    )
    seed: int | None = option(
        None, WHOLE, "Fixes the random stream, so that a run can be replayed; without it each run differs."
    )


@dataclass(frozen=True, kw_only=True)
class DaemonOptions(LoggingOptions, LimitOptions):
    """What master and agent have in common.

    Source: master.md §1, agent.md §1.
    """

    ip: str | None = option(None, IP, "Address to listen on; without it the address of the hostname.")
    port: int = option(0, WHOLE, "Port to listen on; 0 is any free port.")
    advertise_ip: str | None = option(None, IP, "Address that others are told to connect to.")
    advertise_port: int | None = option(None, WHOLE, "Port that others are told to connect to.")
    hostname: str | None = option(
        None, TEXT, "Name that others are told; without it the name that belongs to the address."
    )
    hostname_lookup: bool = option(
        True, BOOLEAN, "Look the hostname up; with --no-hostname_lookup it is the text of the address."
    )

    # Not there yet.
    ip_discovery_command: str | None = later(None, TEXT, "Command that prints the address to listen on.")
    domain: str | None = later(None, TEXT, "Fault domain of this host, as JSON.")
    zk_session_timeout_s: float = later(10.0, DURATION, "How long a lost ZooKeeper session is kept.")
    hooks: str | None = later(None, TEXT, "Hook modules to install, by name.")
    modules: str | None = later(None, TEXT, "Modules to load, as JSON.")
    modules_dir: str | None = later(None, TEXT, "Directory with descriptions of modules to load.")
    firewall_rules: str | None = later(None, TEXT, "HTTP endpoints that are closed, as JSON.")
    acls: str | None = later(None, TEXT, "Who may do what, as JSON.")
    memory_profiling: bool = later(False, BOOLEAN, "Serve memory profiles over HTTP.")
    logbufsecs: int = later(0, WHOLE, "Seconds a log line may wait before it is written.")
    initialize_driver_logging: bool = later(
        True, BOOLEAN, "Set up logging of the scheduler and executor drivers."
    )
    external_log_file: str | None = later(None, TEXT, "Log file written by somebody else, served over HTTP.")


def daemon_faults(config: DaemonOptions) -> list[str]:
    """What is wrong between the common options of a daemon, one line each."""
    faults = checks.port("--port", config.port)
    faults += checks.port("--advertise_port", config.advertise_port)
    if config.ip is not None and config.ip_discovery_command is not None:
        faults.append("--ip and --ip_discovery_command exclude each other")
    faults += checks.not_empty("--hostname", config.hostname)
    return faults + limit_faults(config)


def limit_faults(config: LimitOptions) -> list[str]:
    """What is wrong with the limits of the actor library, one line each."""
    return [
        *checks.at_least("--max_frame_size", config.max_frame_size_bytes, 1),
        *checks.at_least("--send_buffer_size", config.send_buffer_size_bytes, 1),
        *checks.at_least("--max_mailbox_length", config.max_mailbox_length, 1),
        *checks.at_least("--max_connections", config.max_connections, 1),
        *checks.above_zero("--handshake_timeout", config.handshake_timeout_s),
    ]
