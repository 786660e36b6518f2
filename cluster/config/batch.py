"""The options of mesos-batch, which runs a file of commands, one task a line.

This program is an addition of this project.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.config import checks
from cluster.config.kinds import (
    BOOLEAN,
    DURATION,
    MASTER,
    MEGABYTES,
    MILLI,
    PATH,
    STRING_MAP,
    TEXT,
    WHOLE,
)
from cluster.config.options import Options, Program, flag, option, positional
from cluster.config.units import Address

STANDARD_INPUT = "-"
RESULTS_FILE = "results.json"


@dataclass(frozen=True, kw_only=True)
class BatchConfig(Options):
    """The options of one batch. Units: `_milli` thousandths, `_bytes` bytes, `_s` seconds."""

    commands: str = field(
        metadata=positional("COMMANDS", PATH, "File with one command a line, or - for standard input.")
    )
    master: Address = field(
        metadata=flag(MASTER, "The master as host:port, or file:///path of a file that holds it.")
    )
    cpus_milli: int = option(1000, MILLI, "CPUs of each task.")
    mem_bytes: int = option(128 * 2**20, MEGABYTES, "Memory of each task, in megabytes or as 2GB.")
    disk_bytes: int = option(0, MEGABYTES, "Disk space of each task, in megabytes or as 2GB.")
    role: str = option("*", TEXT, "Role in which to run the tasks.")
    name: str = option("mesos-batch", TEXT, "Name of the framework.")
    retries: int = option(0, WHOLE, "How many times a failed task is tried again.")
    max_parallel: int | None = option(
        None, WHOLE, "How many tasks may run at once; without it as many as fit into the cluster."
    )
    timeout_s: float | None = option(None, DURATION, "After how long a task is killed; without it never.")
    env: tuple[tuple[str, str], ...] | None = option(
        None, STRING_MAP, "Environment of the tasks, as a JSON map of texts or the path of a file with one."
    )
    output: str | None = option(None, PATH, "Directory for the output of each task.")
    results: str | None = option(
        None, PATH, "File for the results as JSON; without it results.json in the directory of --output."
    )
    progress: bool = option(True, BOOLEAN, "Show how far the batch is.")
    quiet: bool = option(False, BOOLEAN, "Print nothing but errors; no progress either.")

    @property
    def results_path(self) -> str | None:
        """Where the results go: `results`, else a file in `output`, else nowhere."""
        if self.results is not None or self.output is None:
            return self.results
        return f"{self.output.rstrip('/')}/{RESULTS_FILE}"


def batch_faults(config: BatchConfig) -> list[str]:
    """What is wrong between the options of a batch, one line each."""
    faults = checks.not_empty("--role", config.role)
    faults += checks.not_empty("--name", config.name)
    if config.cpus_milli == 0 and config.mem_bytes == 0:
        faults.append("--cpus and --mem are both 0: a task needs one of them")
    faults += checks.at_least("--retries", config.retries, 0)
    faults += checks.at_least("--max_parallel", config.max_parallel, 1)
    return faults + checks.above_zero("--timeout", config.timeout_s)


BATCH = Program("mesos-batch", BatchConfig, batch_faults, reads_environment=False)
