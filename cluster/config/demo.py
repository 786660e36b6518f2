"""The options of mesos-demo, which shows a whole cluster at work in one command.

This program is an addition of this project.
"""

from __future__ import annotations

from dataclasses import dataclass

from cluster.config import checks
from cluster.config.kinds import BOOLEAN, TEXT, WHOLE
from cluster.config.options import Options, Program, option


@dataclass(frozen=True, kw_only=True)
class DemoConfig(Options):
    """The options of one demonstration."""

    agents: int = option(3, WHOLE, "How many agents to start.")
    files: int = option(
        0, WHOLE, "How many files to work on; 0 is every source file of Python's standard library."
    )
    keep: bool = option(
        False,
        BOOLEAN,
        "Leave the cluster up after the demonstration, and say where it is and how to stop it.",
    )
    port: int = option(0, WHOLE, "Port of the master; 0 is any free port.")
    resources: str = option(
        "cpus:4;mem:4096",
        TEXT,
        "Resources of each agent but the first, which has what its story tells: cpus:4;mem:4096.",
    )
    seed: int | None = option(
        None,
        WHOLE,
        "Fixes the random streams of the daemons; without it each run differs.",
    )
    quiet: bool = option(False, BOOLEAN, "Print nothing but errors.")


def demo_faults(config: DemoConfig) -> list[str]:
    """What is wrong between the options of a demonstration, one line each."""
    return [
        *checks.at_least("--agents", config.agents, 1),
        *checks.at_least("--files", config.files, 0),
        *checks.port("--port", config.port),
    ]


DEMO = Program("mesos-demo", DemoConfig, demo_faults, reads_environment=False)
