"""mesos-local: a master and some agents on this host, each a process, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import actors
from cluster.cli.complain import StartFault, complain, usable_directory
from cluster.cli.processes import DaemonFailed, LocalCluster, environment
from cluster.cli.told import Interrupted, Told
from cluster.config import LOCAL, LocalConfig, agent_flags, config_or_exit, daemon_flags, master_flags

#: Options of this program that daemons must not take from the environment a second time.
_OURS = ("MESOS_LOG_DIR", "MESOS_QUIET", "MESOS_LOGGING_LEVEL", "MESOS_RESOURCES", "MESOS_ATTRIBUTES")


class Local:
    """One local cluster. Its daemons log to files; only a line for each is printed."""

    def __init__(self, config: LocalConfig, directory: Path) -> None:
        self._config = replace(config, work_dir=str(directory))
        logs = Path(config.log_dir).absolute() if config.log_dir is not None else None
        self.cluster = LocalCluster(directory, environment(without=_OURS), logs=logs)

    async def live(self) -> None:
        """Start everything, then wait.

        Raises:
            DaemonFailed: one does not come up, or ended.
        """
        async with self.cluster as cluster:
            await self._start()
            self._say("up; end with Ctrl-C")
            raise await cluster.failed()

    async def _start(self) -> None:
        config, cluster = self._config, self.cluster
        master = await cluster.start_master(*master_flags(config), *daemon_flags(config, 0))
        self._say(f"master at {master.address}, web: {master.url}  (process {master.pid})")
        flags = [
            (*agent_flags(config, number, master.address), *daemon_flags(config, number + 1))
            for number in range(config.agents)
        ]
        for agent in await cluster.start_agents(*flags):
            told = f"{agent.name} at {agent.address}, registered as {agent.agent_id}"
            self._say(f"{told}  (process {agent.pid})")
        self._say(f"sandboxes in {config.work_dir}/agents, logs in {cluster.logs}")

    def _say(self, line: str) -> None:
        if not self._config.quiet:
            print(f"{LOCAL.name}: {line}", flush=True)


def complain_of(program: str, failed: DaemonFailed) -> None:
    """Say which daemon failed, and what it said last."""
    complain(program, failed)
    for line in failed.lines:
        print(f"  | {line}", file=sys.stderr, flush=True)


def describe(killed: list[int]) -> str:
    """Processes that did not end by themselves."""
    return f"killed what did not end by itself: {', '.join(map(str, killed))}"


async def run(config: LocalConfig, directory: Path) -> int:
    """Run a local cluster in a directory; returns the exit code."""
    told = Told()
    local = Local(config, directory)
    try:
        await told.obeying(local.live(), local.cluster.hurry.set)
    except Interrupted:
        return 0
    except DaemonFailed as failed:
        complain_of(LOCAL.name, failed)
        return 1
    except OSError as error:
        complain(LOCAL.name, error)
        return 1
    finally:
        if local.cluster.killed:
            complain(LOCAL.name, describe(local.cluster.killed))
    raise AssertionError("it ends only by a signal or a failure")


def directory_of(config: LocalConfig) -> Path:
    """The directory of the cluster, made if need be.

    Raises:
        StartFault: it cannot be used.
    """
    if config.work_dir is not None:
        return usable_directory(config.work_dir, "work directory").absolute()
    try:
        made = Path(tempfile.mkdtemp(prefix=f"{LOCAL.name}-"))
    except OSError as error:
        raise StartFault(f"cannot make a temporary directory: {error}") from None
    made.chmod(0o755)  # tasks may run as other users
    return made


def main() -> int:
    """Run a local cluster until it is told to end; returns its exit code."""
    config = config_or_exit(LOCAL)
    try:
        directory = directory_of(config)
    except StartFault as fault:
        complain(LOCAL.name, fault)
        return 1
    try:
        return actors.run(lambda: run(config, directory))
    except KeyboardInterrupt:  # before anybody listened
        return 0
    finally:
        if config.work_dir is None:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
