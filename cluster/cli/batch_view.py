"""What mesos-batch shows: a bar while it runs (lines where there is no terminal), a table at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cluster.cli.complain import send_nowhere
from cluster.examples.batch import Batch, fault_of
from cluster.examples.batch_jobs import OVER, Job, Jobs, Standing

#: Rows of the tables at the end.
SLOWEST, FAILURES = 5, 20
#: Characters of a command that are shown.
COMMAND_CHARACTERS = 60
#: Without a terminal, progress is told this many times in all.
STEPS = 10


class PatientConsole(Console):
    """A console to which it is no fault that nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        """Say nothing more, instead of ending the program."""
        self.quiet = True
        send_nowhere(sys.stderr if self.stderr else sys.stdout)


class Quiet:
    """A watcher that passes on nothing."""

    def changed(self, batch: Batch) -> None:
        """Nothing is shown."""

    def tell(self, line: str) -> None:
        """Nothing is shown."""

    def stop(self) -> None:
        """There is nothing to stop."""


class Lines(Quiet):
    """Words on stderr; with `shows_progress` also a line each time a tenth more is done."""

    def __init__(self, console: Console, *, shows_progress: bool) -> None:
        self._console = console
        self._shows_progress = shows_progress
        self._step = 0

    def changed(self, batch: Batch) -> None:
        jobs = batch.jobs
        total = len(jobs.all)
        step = jobs.count(*OVER) * STEPS // total if total else STEPS
        if self._shows_progress and step > self._step:
            self._step = step
            self.tell(f"{jobs.count(*OVER)} of {total} done: {standings(jobs)}")

    def tell(self, line: str) -> None:
        self._console.print(f"mesos-batch: {line}", markup=False, highlight=False, soft_wrap=True)


class Bar(Lines):
    """A bar at the bottom of the terminal, with the words above it."""

    def __init__(self, console: Console, total: int) -> None:
        super().__init__(console, shows_progress=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[standings]}"),
            console=console,
            refresh_per_second=5,
        )
        self._task = self._progress.add_task("mesos-batch", total=total, standings="")
        self._progress.start()

    def changed(self, batch: Batch) -> None:
        self._progress.update(
            self._task, completed=batch.jobs.count(*OVER), standings=standings(batch.jobs, Standing.SUCCEEDED)
        )

    def stop(self) -> None:
        self._progress.stop()


def watcher_of(console: Console, total: int, *, quiet: bool, progress: bool) -> Quiet:
    """The watcher that suits the options and the terminal."""
    if quiet:
        return Quiet()
    if progress and console.is_terminal:
        return Bar(console, total)
    return Lines(console, shows_progress=progress)


def standings(jobs: Jobs, *without: Standing) -> str:
    """How many jobs stand how, without those that are none."""
    return ", ".join(
        f"{jobs.count(each)} {each.value}" for each in Standing if each not in without and jobs.count(each)
    )


def show_summary(console: Console, batch: Batch) -> None:
    """The tables at the end."""
    jobs = batch.jobs
    table = Table(title=f"{len(jobs.all)} commands", title_justify="left")
    table.add_column("state")
    table.add_column("commands", justify="right")
    table.add_column("attempts", justify="right")
    for standing in Standing:
        if jobs.count(standing):
            attempts = sum(len(job.attempts) for job in jobs.all if job.standing is standing)
            table.add_row(standing.value, str(jobs.count(standing)), str(attempts))
    console.print(table)
    if slowest := list(_slowest(jobs)):
        _show_jobs(console, "slowest", "seconds", slowest)
    if failures := [(job, _fault(job)) for job in jobs.all if job.standing is Standing.FAILED]:
        _show_jobs(console, "failed", "why", failures[:FAILURES])
        if len(failures) > FAILURES:
            console.print(f"... and {len(failures) - FAILURES} more")


def _show_jobs(console: Console, title: str, what: str, rows: list[tuple[Job, str]]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("line", justify="right")
    table.add_column("command", overflow="fold")
    table.add_column("host")
    table.add_column(what, overflow="fold")
    for job, words in rows:
        host = job.last.hostname if job.attempts else ""
        table.add_row(str(job.line), escape(_shortened(job.command)), escape(host), escape(words))
    console.print(table)


def _slowest(jobs: Jobs) -> Iterator[tuple[Job, str]]:
    timed = [(max(a.duration_s for a in job.attempts), job) for job in jobs.all if job.attempts]
    for seconds, job in sorted(timed, key=lambda entry: (-entry[0], entry[1].line))[:SLOWEST]:
        if seconds:
            yield job, f"{seconds:.2f}"


def _fault(job: Job) -> str:
    return fault_of(job.last) if job.attempts else ""


def _shortened(command: str) -> str:
    return command if len(command) <= COMMAND_CHARACTERS else f"{command[: COMMAND_CHARACTERS - 1]}…"
