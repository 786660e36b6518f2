"""mesos-batch: runs a file of shell commands across the cluster, one task a line.

The exit status is 0 only if all commands succeeded, 1 if one did not (or the options are wrong), 130
after Ctrl-C, which kills what runs; the results so far are written all the same.
"""

from __future__ import annotations

import sys

from cluster.cli.batch_files import OutputFiles, read_commands, write_results
from cluster.cli.batch_view import PatientConsole, Quiet, show_summary, watcher_of
from cluster.cli.client import run_client
from cluster.cli.complain import StartFault, complain, usable_directory
from cluster.config import BATCH, BatchConfig, config_or_exit
from cluster.examples.batch import FAILED, Batch, BatchOptions
from cluster.examples.batch_jobs import Jobs

_MB = 2**20


def options_of(config: BatchConfig) -> BatchOptions:
    """How the commands are run."""
    return BatchOptions(
        cpus=config.cpus_milli / 1000,
        mem=config.mem_bytes / _MB,
        disk=config.disk_bytes / _MB,
        retries=config.retries,
        max_parallel=config.max_parallel,
        timeout_s=config.timeout_s,
        env=dict(config.env or ()),
    )


def main() -> int:
    """Run the batch of the command line; returns the exit status."""
    config = config_or_exit(BATCH)
    try:
        commands = read_commands(config.commands)
        outputs = None if config.output is None else OutputFiles(config.output)
        if config.results_path is not None:
            usable_directory(_directory_of(config.results_path), "directory for the results")
    except StartFault as fault:
        complain(BATCH.name, fault)
        return FAILED
    errors = PatientConsole(stderr=True)
    watcher = watcher_of(errors, len(commands), quiet=config.quiet, progress=config.progress)
    batch = Batch(Jobs(commands, config.retries), options_of(config), watcher, outputs)
    batch.name, batch.role = config.name, config.role
    try:
        code = run(batch, config, watcher)
    finally:
        watcher.stop()
        if outputs is not None:
            outputs.close_all()
    return ended(batch, config, outputs, code)


def run(batch: Batch, config: BatchConfig, watcher: Quiet) -> int:
    """Run the batch to its end; an empty one needs no master."""
    if not batch.jobs.all:
        watcher.tell(f"no commands in {config.commands}")
        return 0
    warn = watcher.tell if not config.quiet else _complain
    code = run_client(batch, str(config.master), batch.interrupt, warn)
    batch.jobs.give_up()  # changes something only if the master ended it
    return code


def ended(batch: Batch, config: BatchConfig, outputs: OutputFiles | None, code: int) -> int:
    """Write and show what became of everything; returns the exit status."""
    try:
        if config.results_path is not None:
            write_results(config.results_path, batch, str(config.master), outputs)
    except StartFault as fault:
        complain(BATCH.name, fault)
        code = code or FAILED
    if not config.quiet:
        show_summary(PatientConsole(), batch)
    return code


def _complain(line: str) -> None:
    complain(BATCH.name, line)


def _directory_of(path: str) -> str:
    return path.rpartition("/")[0] or ("/" if path.startswith("/") else ".")


if __name__ == "__main__":
    sys.exit(main())
