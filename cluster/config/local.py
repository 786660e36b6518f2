"""The options of mesos-local: a master and some agents on this host.

Source: cli.md §3. Unlike the original, unknown flags are refused and `--resources` has effect.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster.config import checks
from cluster.config.kinds import IP, PATH, TEXT, TEXT_OR_FILE, WHOLE
from cluster.config.options import Program, option, options_of
from cluster.config.shared import LimitOptions, LoggingOptions, limit_faults


@dataclass(frozen=True, kw_only=True)
class LocalConfig(LoggingOptions, LimitOptions):
    """The options of one local cluster. Units: `_s` seconds, `_bytes` bytes."""

    agents: int = option(1, WHOLE, "How many agents to start.", aliases=("num_slaves",))
    ip: str = option("127.0.0.1", IP, "Address to listen on.")
    port: int = option(5050, WHOLE, "Port to listen on; 0 is any free port.")
    work_dir: str | None = option(
        None,
        PATH,
        "Directory for the cluster: master in master, agents in agents/NUMBER, logs in logs; without it a "
        "temporary one, which is removed at the end.",
    )
    resources: str | None = option(
        None, TEXT_OR_FILE, "Resources of each agent; without it what this host has."
    )
    attributes: str | None = option(None, TEXT, "Attributes of each agent.")


def local_faults(config: LocalConfig) -> list[str]:
    """What is wrong between the options of a local cluster, one line each."""
    return [
        *checks.at_least("--agents", config.agents, 1),
        *checks.port("--port", config.port),
        *limit_faults(config),
    ]


def master_flags(config: LocalConfig) -> list[str]:
    """The arguments for the master of a local cluster whose directory is known; the rest comes
    from MESOS_* variables."""
    assert config.work_dir is not None
    return [f"--ip={config.ip}", f"--port={config.port}", f"--work_dir={config.work_dir}/master"]


def agent_flags(config: LocalConfig, number: int, master: str) -> list[str]:
    """The arguments for agent `number`, from 0, with the master at `host:port`; the rest comes
    from MESOS_* variables.

    Source: cli.md §3 work_dir.
    """
    assert config.work_dir is not None
    room = f"{config.work_dir}/agents/{number}"
    flags = [f"--master={master}", f"--ip={config.ip}", "--port=0"]
    flags += [f"--work_dir={room}/work", f"--runtime_dir={room}/run"]
    if config.resources is not None:
        flags.append(f"--resources={config.resources}")
    if config.attributes is not None:
        flags.append(f"--attributes={config.attributes}")
    return flags


def daemon_flags(config: LocalConfig, number: int) -> list[str]:
    """The arguments for any daemon; `number` differs for each, so that their streams of chance do.

    Levels above INFO are not passed on: what the daemons log at INFO tells that they are up.
    """
    flags = ["--logging_level=DEBUG"] if config.logging_level == "DEBUG" else []
    for row in options_of(LimitOptions):
        value = getattr(config, row.field)
        if row.name == "seed" and value is not None:
            flags.append(f"--seed={value + number}")
        elif value != row.default:
            flags.append(f"--{row.name}={row.show(value)}")
    return flags


LOCAL = Program("mesos-local", LocalConfig, local_faults, reads_environment=True)
