"""The options of every program: one table each, read from flags and environment."""

from cluster.config.agent import AGENT, AgentConfig, agent_faults
from cluster.config.batch import BATCH, BatchConfig, batch_faults
from cluster.config.command_line import Exit, ReadFile, parse
from cluster.config.console import config_or_exit
from cluster.config.demo import DEMO, DemoConfig, demo_faults
from cluster.config.execute import EXECUTE, ExecuteConfig, execute_faults
from cluster.config.local import (
    LOCAL,
    LocalConfig,
    agent_flags,
    daemon_flags,
    local_faults,
    master_flags,
)
from cluster.config.master import MASTER, MasterConfig, master_faults
from cluster.config.options import Option, Options, Program, flags_of, options_of
from cluster.config.units import Address, Rate
from cluster.config.usage import usage

__all__ = [
    "AGENT",
    "BATCH",
    "DEMO",
    "EXECUTE",
    "LOCAL",
    "MASTER",
    "Address",
    "AgentConfig",
    "BatchConfig",
    "DemoConfig",
    "ExecuteConfig",
    "Exit",
    "LocalConfig",
    "MasterConfig",
    "Option",
    "Options",
    "Program",
    "Rate",
    "ReadFile",
    "agent_faults",
    "agent_flags",
    "batch_faults",
    "config_or_exit",
    "daemon_flags",
    "demo_faults",
    "execute_faults",
    "flags_of",
    "local_faults",
    "master_faults",
    "master_flags",
    "options_of",
    "parse",
    "usage",
]
