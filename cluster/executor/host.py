"""The executor host's process: ``python -m cluster.executor.host --agent=slave(1)@ip:port``.

The agent starts it once, in a session of its own. It outlives the agent, runs all executors and
ends by itself when the agent is gone and nothing is left to wait for. SIGTERM kills all containers
and ends it; SIGINT is ignored, for Ctrl-C in the agent's terminal is not meant for tasks.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence

from actors import PID, Limits, Process, run
from cluster.containerizer.os_processes import OsProcesses
from cluster.executor.agent_address import FindAgent, fixed, from_file
from cluster.executor.containers import NAME, RETRY_MAX_S, ExecutorHost
from cluster.executor.environment import RECOVERY_TIMEOUT_S
from cluster.protocol.host import StopHost

log = logging.getLogger(__name__)

#: An agent that came back is on this host: it is dialled often and answers soon.
LIMITS = Limits(dial_s=5.0, backoff_min_s=0.05, backoff_max_s=RETRY_MAX_S)


class HostDaemon(Process):
    """The process of an :class:`ExecutorHost`. An executor that fails ends alone, not all of them."""

    def _on_failure(self, pid: PID, error: BaseException) -> None:
        if pid.name == NAME:
            super()._on_failure(pid, error)

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGTERM:
            log.info("SIGTERM: killing all containers")
            self.runtime.send(PID(NAME, self.runtime.address), StopHost())


def raise_open_files() -> int:
    """Take as many open files as allowed (each task needs one); returns the limit there was."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


async def serve(find_agent: FindAgent, recovery_timeout_s: float, seed: int | None) -> int:
    """Run the host until it ends; returns its exit code."""
    process = HostDaemon(limits=LIMITS, seed=seed)
    processes = OsProcesses(open_files=raise_open_files())
    host = ExecutorHost(
        find_agent,
        processes,
        own_pid=os.getpid(),
        end=process.stop,
        recovery_timeout_s=recovery_timeout_s,
    )
    process.runtime.spawn(host, NAME)
    try:
        return await process.until_stopped()
    finally:
        processes.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="cluster.executor.host", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--agent", type=PID.parse, help="the agent, as name@ip:port")
    where.add_argument("--agent_file", help="file that holds the agent's present name@ip:port")
    parser.add_argument("--recovery_timeout", type=float, default=RECOVERY_TIMEOUT_S, help="seconds")
    parser.add_argument("--log", help="file for log lines; standard error if not given")
    parser.add_argument("--seed", type=int, help="seed of all random numbers")
    options = parser.parse_args(arguments)
    logging.basicConfig(
        filename=options.log,
        level=logging.INFO,
        format="%(levelname).1s %(asctime)s %(process)d %(name)s: %(message)s",
    )
    find_agent = fixed(options.agent) if options.agent else from_file(options.agent_file)
    return run(lambda: serve(find_agent, options.recovery_timeout, options.seed))


if __name__ == "__main__":
    sys.exit(main())
