"""The files of a batch: its commands, the output of its tasks, its results."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from actors.disk import RealDisk
from cluster.cli.complain import StartFault, usable_directory, words_of
from cluster.config.batch import STANDARD_INPUT
from cluster.examples.batch import Batch
from cluster.examples.batch_jobs import Attempt, Job, Standing

log = logging.getLogger(__name__)

Commands = list[tuple[int, str]]


def read_commands(path: str) -> Commands:
    """The commands of a file, or of standard input, with the numbers of their lines.

    Raises:
        StartFault: the file cannot be read, or is not text.
    """
    what = "standard input" if path == STANDARD_INPUT else path
    try:
        data = sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
    except OSError as error:
        raise StartFault(f"cannot read {what}: {words_of(error)}") from None
    try:
        return commands_of(data.decode())
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise StartFault(f"cannot read {what}: line {line} is not text in UTF-8") from None


def commands_of(text: str) -> Commands:
    """One command a line; blank lines and those that begin with # are left out."""
    lines = enumerate((line.strip() for line in text.split("\n")), start=1)
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


class OutputFiles:
    """Writes `<line>-<attempt>.stdout` and `.stderr` into a directory, which it makes.

    What cannot be written is noted with the attempt and stops nothing.

    Raises:
        StartFault: the directory cannot be used.
    """

    def __init__(self, directory: str) -> None:
        self._directory = usable_directory(directory, "output directory")
        self._open: dict[Path, BinaryIO] = {}

    def path(self, job: Job, attempt: Attempt, stream: str) -> Path:
        """Where a stream of an attempt goes."""
        return self._directory / f"{job.line}-{attempt.number}.{stream}"

    def write(self, job: Job, attempt: Attempt, stream: str, data: bytes) -> None:
        path = self.path(job, attempt, stream)
        try:
            file = self._open.get(path)
            if file is None:
                file = self._open[path] = path.open("wb")
            file.write(data)
        except OSError as error:
            self._failed(attempt, path, error)

    def close(self, job: Job, attempt: Attempt, stream: str) -> None:
        path = self.path(job, attempt, stream)
        file = self._open.pop(path, None)
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._failed(attempt, path, error)

    def close_all(self) -> None:
        """The batch is over, in whatever way."""
        for file in self._open.values():
            try:
                file.close()
            except OSError as error:
                log.warning("cannot write %s: %s", file.name, words_of(error))
        self._open.clear()

    def _failed(self, attempt: Attempt, path: Path, error: OSError) -> None:
        if not attempt.output_fault:
            attempt.output_fault = f"cannot write {path}: {words_of(error)}"
            log.warning("%s", attempt.output_fault)


def write_results(path: str, batch: Batch, master: str, outputs: OutputFiles | None) -> None:
    """Write what became of every command as JSON, in one step.

    Raises:
        StartFault: the file cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(results_of(batch, master, outputs)), indent=2)
    try:
        RealDisk().write(str(Path(path).absolute()), text + b"\n")
    except OSError as error:
        raise StartFault(f"cannot write the results {path}: {words_of(error)}") from None


def results_of(batch: Batch, master: str, outputs: OutputFiles | None) -> dict[str, object]:
    """The results as JSON has them. Times are seconds since the epoch, or null."""
    jobs = batch.jobs
    return {
        "name": batch.name,
        "master": master,
        "framework_id": batch.framework_id,
        "succeeded": jobs.count(Standing.SUCCEEDED) == len(jobs.all),
        "interrupted": batch.is_interrupted,
        "counts": {standing.value: jobs.count(standing) for standing in Standing},
        "commands": [_job(job, outputs) for job in jobs.all],
    }


def _job(job: Job, outputs: OutputFiles | None) -> dict[str, object]:
    return {
        "line": job.line,
        "command": job.command,
        "state": job.standing.value,
        "failures": job.failures,
        "losses": job.losses,
        "attempts": [_attempt(job, attempt, outputs) for attempt in job.attempts],
    }


def _attempt(job: Job, attempt: Attempt, outputs: OutputFiles | None) -> dict[str, object]:
    known: dict[str, object] = {
        "attempt": attempt.number,
        "task_id": attempt.task_id,
        "agent_id": attempt.agent_id,
        "hostname": attempt.hostname,
        "state": attempt.state.value,
        "reason": attempt.reason or None,
        "message": attempt.message,
        "timed_out": attempt.is_overdue,
        "started": attempt.started_s or None,
        "ended": attempt.ended_s or None,
        "duration_s": attempt.duration_s if attempt.started_s and attempt.ended_s else None,
    }
    if outputs is not None:
        known |= _outputs(((s, outputs.path(job, attempt, s)) for s in ("stdout", "stderr")), attempt)
    return known


def _outputs(paths: Iterable[tuple[str, Path]], attempt: Attempt) -> dict[str, object]:
    found: dict[str, object] = {stream: str(path) if path.exists() else None for stream, path in paths}
    return {**found, "output_fault": attempt.output_fault or None}
