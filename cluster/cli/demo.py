"""mesos-demo: a whole cluster on this host, which tells its story and does real work.

The master and every agent are processes of their own below a temporary directory; the frameworks
run in this process. Whatever happens, neither process nor file is left behind, unless `--keep` asks
for it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape

import actors
from actors import NANOS, ActorError, LoopClock, Process
from cluster.cli.complain import complain
from cluster.cli.demo_sharing import DEMANDS, Comparison, Files, Sharing, choose_files, compare
from cluster.cli.demo_story import RESOURCES, Story, StoryFailed
from cluster.cli.demo_view import COLOURS, View, console_of
from cluster.cli.keep import Release, in_background
from cluster.cli.local import complain_of, describe
from cluster.cli.processes import Daemon, DaemonFailed, LocalCluster, environment
from cluster.cli.told import Interrupted, Told, unless
from cluster.config import DEMO, DemoConfig, config_or_exit
from cluster.examples.observed import FrameworkFailed
from cluster.examples.sharing import FileWork

#: Offers are made this often, so that short tasks need not wait for the next ones.
ALLOCATION = "20ms"
#: Agents need not spread their registration over time: there are few.
BACKOFF = "20ms"
IP = "127.0.0.1"
#: What an agent would find on the host, and what the demonstration does not need.
UNWANTED = {"disk": "disk:0", "ports": "ports:[]"}
#: Faults that are shown of many.
SHOWN = 5


class Demo:
    """One demonstration in a directory of its own."""

    def __init__(self, config: DemoConfig, directory: Path, view: View) -> None:
        self._config = config
        self._view = view
        self._directory = directory
        self.cluster = LocalCluster(
            directory, environment(without_all=True), flags=["--no-hostname_lookup", f"--ip={IP}"]
        )

    async def perform(self) -> int:
        """All parts, in order; returns the exit code.

        Raises:
            DaemonFailed, FrameworkFailed, StoryFailed, ActorError, TimeoutError: it went wrong.
        """
        view = self._view
        view.heading("A cluster on this host")
        with view.busy("starting the master"):
            master = await self.cluster.start_master(*self._master_flags())
        self._tell_up(master, master.url)
        process = Process(seed=self._config.seed)
        try:
            return await unless(self.cluster.failed(), self._parts(process, master))
        finally:
            await process.close()

    async def _parts(self, process: Process, master: Daemon) -> int:
        await self._story(process, master)
        files = await self._prepare(master)
        sharing = await self._share(process, master, files)
        return await self._judge(process, files, sharing)

    # -- daemons ------------------------------------------------------------------------------

    def _seed(self, number: int) -> list[str]:
        return [] if self._config.seed is None else [f"--seed={self._config.seed + number}"]

    def _master_flags(self) -> list[str]:
        return [
            f"--port={self._config.port}",
            f"--work_dir={self._directory}/master",
            f"--allocation_interval={ALLOCATION}",
            *self._seed(0),
        ]

    def _agent_flags(self, number: int, master: Daemon, resources: str) -> list[str]:
        room = f"{self._directory}/agents/{number}"
        return [
            f"--master={master.address}", "--port=0", f"--work_dir={room}/work", f"--runtime_dir={room}/run",
            f"--resources={only(resources)}", f"--registration_backoff_factor={BACKOFF}", *self._seed(number),
        ]  # fmt: skip

    async def _start_agents(self, master: Daemon, numbers: Sequence[int], resources: str) -> None:
        words = "starting agent 1" if len(numbers) == 1 else f"starting agents {numbers[0]} to {numbers[-1]}"
        with self._view.busy(words):
            agents = await self.cluster.start_agents(
                *(self._agent_flags(number, master, resources) for number in numbers)
            )
        for agent in agents:
            self._tell_up(agent, resources)

    def _tell_up(self, daemon: Daemon, what: str) -> None:
        view = self._view
        view.step(
            f"[green]{view.tick}[/] {daemon.name:<8} process {daemon.pid:<8} "
            f"{daemon.address:<16} [dim]{escape(what)}[/]"
        )

    # -- parts --------------------------------------------------------------------------------

    async def _story(self, process: Process, master: Daemon) -> None:
        self._view.heading("A resource offer")
        story = Story(process, master.address, self._view)
        await story.subscribe_first()
        await self._start_agents(master, [1], RESOURCES)
        await story.tell(self.cluster.agents[0])

    async def _prepare(self, master: Daemon) -> Files:
        self._view.heading("Fair shares of two resources")
        if self._config.agents > 1:
            numbers = range(2, self._config.agents + 1)
            await self._start_agents(master, numbers, self._config.resources)
        return choose_files(self._config.files, self._directory / "files")

    async def _share(self, process: Process, master: Daemon, files: Files) -> Sharing:
        view = self._view
        view.say(
            f"{len(files.paths)} source files ({_mb(files.total_bytes)}), "
            f"{len(files.batches)} tasks for each of two frameworks:"
        )
        (compressor, its), (digester, others) = DEMANDS.items()
        view.say(f"  [{COLOURS[0]}]{compressor:<9}[/] each task wants {its:<18} zlib at its best")
        view.say(f"  [{COLOURS[1]}]{digester:<9}[/] each task wants {others:<18} every hash of Python")
        view.say(
            "Each offer goes to the framework with the smaller dominant share, which is the larger of its "
            "parts of all cpus and of all memory."
        )
        names = {agent.agent_id: agent.name for agent in self.cluster.agents}
        sharing = Sharing(process, master.address, names, files, view)
        await sharing.work()
        count = sum(framework.done for framework in sharing.frameworks)
        view.done(f"{count} tasks done by the cluster in {sharing.took_s:.1f} s")
        return sharing

    async def _judge(self, process: Process, files: Files, sharing: Sharing) -> int:
        view = self._view
        comparison = await compare(process, files, sharing.frameworks, view)
        view.done(f"the same in this process, one file after the other, in {comparison.took_s:.1f} s")
        view.heading("Who got what")
        view.table([f.name for f in sharing.frameworks], list(rows_of(sharing, comparison)))
        if moral := moral_of([sharing.meter.average(f.name) for f in sharing.frameworks]):
            view.console.print(f"[dim]{moral}[/]")
        for framework in sharing.frameworks:
            self._tell_faults(framework, comparison.different[framework.name])
        count = sum(comparison.equal.values())
        wrong = sum(map(len, comparison.different.values()))
        if comparison.is_good:
            view.verdict(True, f"all {count} results of the cluster equal those of the serial run")
        else:
            view.verdict(
                False, f"{wrong} results of the cluster differ from the serial run's, {count} equal them"
            )
        return 0 if comparison.is_good else 1

    def _tell_faults(self, framework: FileWork, different: list[str]) -> None:
        view = self._view
        if framework.fault:
            view.verdict(False, f"{framework.name}: {escape(framework.fault)}")
        for failure in framework.failures[:SHOWN]:
            view.verdict(False, f"{framework.name}, and tried again: task {escape(failure)}")
        for path in different[:SHOWN]:
            view.verdict(False, f"{framework.name}: the result differs or is missing: {escape(path)}")


def only(resources: str) -> str:
    """Resources as text, without those that are not named; in JSON as they are."""
    if resources.lstrip().startswith("["):
        return resources
    unwanted = (text for name, text in UNWANTED.items() if name not in resources)
    return ";".join([resources.rstrip("; "), *unwanted])


def rows_of(sharing: Sharing, comparison: Comparison) -> list[tuple[str, ...]]:
    """The rows of the closing table."""
    both = sharing.frameworks
    shares = [sharing.meter.average(f.name) for f in both]
    held_s = sharing.meter.counted_s
    known = [share for share in shares if share is not None]
    return [
        ("each task asks for", *(str(f.demand) for f in both), ""),
        ("dominant resource", *(sharing.dominant.get(f.name, "-") for f in both), ""),
        (
            f"average dominant share\n  while both hungry: {held_s:.1f} s",
            *("-" if share is None else f"{share:.1%}" for share in shares),
            f"{sum(known):.1%}" if known else "-",
        ),
        ("tasks run", *(str(f.done) for f in both), str(sum(f.done for f in both))),
        ("tasks at once, at most", *(str(f.most_running) for f in both), ""),
        ("cpu-seconds", *(f"{f.cpu_s:.1f}" for f in both), f"{sum(f.cpu_s for f in both):.1f}"),
        ("read", *(_mb(f.read_bytes) for f in both), _mb(sum(f.read_bytes for f in both))),
        (
            "results as in a serial run",
            *(f"{comparison.equal[f.name]} of {_all(comparison, f)}" for f in both),
            str(sum(comparison.equal.values())),
        ),
    ]


def moral_of(shares: Sequence[float | None]) -> str:
    """What the shares teach, if they do."""
    if all(share is not None and share > 1 / len(shares) for share in shares):
        return "Half of the cluster each would be 50% and 50%; as their needs differ, both had more."
    return ""


def _all(comparison: Comparison, framework: FileWork) -> int:
    return comparison.equal[framework.name] + len(comparison.different[framework.name])


def _mb(amount: int) -> str:
    return f"{amount / 1e6:.1f} MB"


class Show:
    """A demonstration from the first process to the last file."""

    def __init__(self, config: DemoConfig, release: Release | None) -> None:
        self._release = release
        self._told = Told()
        clock = LoopClock()
        began_ns = clock.now()
        self._console = console_of(quiet=config.quiet)
        self._console.on_gone = lambda: self._told.tell(signal.SIGPIPE)
        self._view = View(self._console, lambda: (clock.now() - began_ns) / NANOS)
        self._directory = Path(tempfile.mkdtemp(prefix=f"{DEMO.name}-"))
        self._directory.chmod(0o755)  # tasks may run as other users
        self._demo = Demo(config, self._directory, self._view)

    async def run(self) -> int:
        """Perform, tidy up, and return the exit code."""
        cluster = self._demo.cluster
        try:
            code = await self._told.obeying(self._perform(), cluster.hurry.set)
        except Interrupted as interrupted:
            code = interrupted.exit_code
        except DaemonFailed as failed:
            complain_of(DEMO.name, failed)
            code = 1
        except (FrameworkFailed, StoryFailed, ActorError, OSError) as error:
            complain(DEMO.name, error)
            for daemon in cluster.daemons:
                complain_of(DEMO.name, DaemonFailed(daemon.name, "said last:", daemon.lines))
            code = 1
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)
        return self._end(code)

    async def _perform(self) -> int:
        async with self._demo.cluster as cluster:
            try:
                code = await self._demo.perform()
                if self._release is None:
                    return code
                self._tell_kept()
                self._release(code)
                self._console.quiet = True
                await asyncio.wait([daemon.end for daemon in cluster.daemons])
                return code
            except asyncio.CancelledError:
                self._console.quiet |= self._told.number == signal.SIGHUP
                self._view.say("[dim]interrupted: ending tasks, agents and master[/]")
                raise

    def _tell_kept(self) -> None:
        view, master = self._view, self._demo.cluster.master
        assert master is not None
        view.heading("The cluster is up")
        view.say(f"master      {master.address}, web: {master.url}")
        view.say(f"directory   {self._directory}, logs in {self._demo.cluster.logs}")
        view.say(f"try         mesos-execute --master={master.address} --name=hello --command='echo hello'")
        view.say(f"end it all  kill {os.getpid()}")

    def _end(self, code: int) -> int:
        view, cluster = self._view, self._demo.cluster
        if cluster.killed:
            complain(DEMO.name, describe(cluster.killed))
        if self._directory.exists():
            complain(DEMO.name, f"cannot remove all of {self._directory}")
            return code or 1
        view.verdict(True, f"{_those(cluster)} ended; no process and no file is left ({view.seconds})")
        return code


def _those(cluster: LocalCluster) -> str:
    count = len(cluster.agents)
    return f"master and {count} agent{'' if count == 1 else 's'} have" if count else "the master has"


def live(config: DemoConfig, release: Release | None) -> int:
    """Run a demonstration; `release`, if given, is told when it is over and the cluster kept."""

    async def run() -> int:
        return await Show(config, release).run()

    return actors.run(run)


def main() -> int:
    """Show a cluster at work; returns the exit code: 0 only if everything was as it should be."""
    config = config_or_exit(DEMO)
    if config.keep:
        return in_background(lambda release: live(config, release))
    return live(config, None)


if __name__ == "__main__":
    sys.exit(main())
