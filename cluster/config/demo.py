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
    keep: bool = option(False, BOOLEAN, "Keep the cluster running after the demonstration.")
    port: int = option(0, WHOLE, "Port of the master; 0 is any free port.")
    resources: str = option("cpus:2;mem:1024;disk:1024", TEXT, "Resources of each agent.")
    seed: int | None = option(
        None, WHOLE, "Fixes the random stream, so that a run can be replayed; without it each run differs."
    )
    quiet: bool = option(False, BOOLEAN, "Do not log to stderr.")


def demo_faults(config: DemoConfig) -> list[str]:
    """What is wrong between the options of a demonstration, one line each."""
    return [*checks.at_least("--agents", config.agents, 1), *checks.port("--port", config.port)]


DEMO = Program("mesos-demo", DemoConfig, demo_faults, reads_environment=False)
