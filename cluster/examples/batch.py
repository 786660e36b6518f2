"""Runs many commands, each as a task, as many at a time as offers allow; what `mesos-batch` does.

The framework decides and follows. Files and the terminal are not its business: the output of tasks
goes to an `Outputs`, and whoever shows progress is told of every change by a `Watcher`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cluster.examples.batch_jobs import LOST, Attempt, Job, Jobs, Standing, Verdict
from cluster.examples.unfit import Unfit
from cluster.model import Resources, TaskState, is_terminal
from cluster.scheduler import Framework, Offer, Update

#: The files of a sandbox that are collected.
STREAMS = ("stdout", "stderr")
#: Tasks whose output is read at once.
READS = 8
#: Tasks launched on one offer at most, so that no message gets too large.
LAUNCHES = 1000
#: How long nothing may fit, and nothing run, before the reason is told; then each time so long.
EXPLAIN_S, EXPLAIN_AGAIN_S = 5.0, 60.0
#: Tasks that ended make room, which is asked for so soon; after asking in vain each time later.
HURRY_S, HURRY_MAX_S = 0.1, 1.0
#: How long killed tasks may take to end after Ctrl-C.
KILL_S = 15.0
#: Exit codes.
SUCCEEDED, FAILED, INTERRUPTED = 0, 1, 130


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOptions:
    """How each command is run. mem and disk in MB; `timeout_s` counts from when a task runs."""

    cpus: float = 1.0
    mem: float = 128.0
    disk: float = 0.0
    retries: int = 0
    max_parallel: int | None = None
    timeout_s: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def resources(self) -> Resources:
        """What one task needs."""
        return Resources.scalar(cpus=self.cpus, mem=self.mem, disk=self.disk)


class Outputs(Protocol):
    """Takes the output of tasks."""

    def write(self, job: Job, attempt: Attempt, stream: str, data: bytes) -> None:
        """A piece of `stream`, after the pieces before; the first one may be empty."""

    def close(self, job: Job, attempt: Attempt, stream: str) -> None:
        """There is no more of it."""


class Watcher(Protocol):
    """Is told what happens; must not take long."""

    def changed(self, batch: Batch) -> None:
        """Some job stands differently."""

    def tell(self, line: str) -> None:
        """Something people should know."""


class Batch(Framework):
    """A batch of jobs. Stops by itself when all are over and their output is collected."""

    name = "mesos-batch"
    failover_timeout_s = 0.0
    #: Work survives a restart of its agent; the price is that a dead agent is noticed by its silence.
    checkpoint = True

    def __init__(
        self, jobs: Jobs, options: BatchOptions, watcher: Watcher, outputs: Outputs | None = None
    ) -> None:
        super().__init__()
        self.jobs = jobs
        self.is_interrupted = False
        self._how = options
        self._wanted = options.resources
        self._watcher = watcher
        self._collector = None if outputs is None else Collector(self, outputs)
        self._unfit = Unfit()
        self._is_suppressed = False
        self._is_over = False
        self._explanations = 0
        self._is_hurrying = False
        self._hurry_s = HURRY_S

    # -- offers -------------------------------------------------------------------------------

    def on_subscribed(self, again: bool) -> None:
        if not again:
            self._explain_later(EXPLAIN_S)
            self._end_if_over()

    def on_disconnected(self, reason: str) -> None:
        self._watcher.tell(f"lost the master: {reason}; trying again")

    def on_error(self, message: str) -> None:
        self._watcher.tell(f"the master refuses: {message}")

    def on_offers(self, offers: list[Offer]) -> None:
        before = self.jobs.count(Standing.RUNNING)
        for offer in offers:
            self._fill(offer)
        if self.jobs.count(Standing.RUNNING) > before:
            self._unfit.clear()
            self._hurry_s = HURRY_S
            self._changed()
        elif self._wants_more():
            self._unfit.note(offers)
        self._ask_for_offers()

    def _fill(self, offer: Offer) -> None:
        """Launch what fits; the rest of the offer goes back."""
        for _ in range(LAUNCHES):
            job = self.jobs.next()
            if job is None or not self._wants_more() or not offer.fits(resources=self._wanted):
                return
            task_id = offer.launch(
                task_id=self.new_task_id(f"{job.line}-{len(job.attempts) + 1}"),
                name=f"line {job.line}",
                command=job.command,
                resources=self._wanted,
                env=self._how.env,
            )
            self.jobs.launched(task_id, offer.agent_id, offer.hostname)

    def _wants_more(self) -> bool:
        """Whether another task could be launched if there were room for it."""
        most = self._how.max_parallel
        has_room = most is None or self.jobs.count(Standing.RUNNING) < most
        return has_room and self.jobs.next() is not None

    def _ask_for_offers(self) -> None:
        """Offers are wanted exactly while something waits for one."""
        if self._wants_more() == self._is_suppressed:
            self._is_suppressed = not self._is_suppressed
            if self._is_suppressed:
                self.suppress()
            else:
                self.revive()

    def _hurry(self) -> None:
        """Have the room that tasks leave offered at once, instead of with the next regular round."""
        if self._is_hurrying or not self._wants_more():
            return

        def due() -> None:
            self._is_hurrying = False
            if self._wants_more() and not self._is_suppressed:
                self._hurry_s = min(HURRY_MAX_S, self._hurry_s * 2)
                self.revive()

        self._is_hurrying = True
        self.call_later(self._hurry_s, due)

    def _explain_later(self, delay_s: float) -> None:
        self._explanations += 1
        number = self._explanations

        def explain() -> None:
            if number != self._explanations or self._is_over:
                return
            if self._wants_more() and not self.jobs.count(Standing.RUNNING):
                self._watcher.tell(f"still waiting: {self._unfit.explain(self._wanted)}")
                self._explain_later(EXPLAIN_AGAIN_S)
            else:
                self._explain_later(EXPLAIN_S)

        self.call_later(delay_s, explain)

    # -- tasks --------------------------------------------------------------------------------

    def on_update(self, update: Update) -> None:
        found = self.jobs.of_task(update.task_id)
        if found is None:
            return
        job, attempt = found
        was_started = bool(attempt.started_s)
        verdict = self.jobs.updated(update)
        if verdict is Verdict.STRAY:
            self.kill(update.task_id)
        if verdict in (Verdict.STRAY, Verdict.STALE):
            return
        if attempt.started_s and not was_started and self._how.timeout_s is not None:
            self._watch_time(job, attempt, self._how.timeout_s)
        self._collect(job, attempt)
        self._report(job, attempt, verdict)
        self._changed()
        self._ask_for_offers()
        if is_terminal(attempt.state):
            self._hurry()
        self._end_if_over()

    def _watch_time(self, job: Job, attempt: Attempt, timeout_s: float) -> None:
        def overdue() -> None:
            if job.standing is Standing.RUNNING and job.last is attempt:
                attempt.is_overdue = True
                self._watcher.tell(f"line {job.line}: killed after {timeout_s:g} s")
                self.kill(attempt.task_id)

        self.call_later(timeout_s, overdue)

    def _collect(self, job: Job, attempt: Attempt) -> None:
        if self._collector is not None and is_terminal(attempt.state):
            self._collector.add(job, attempt)

    def _report(self, job: Job, attempt: Attempt, verdict: Verdict) -> None:
        """Words for what is not as it should be."""
        if verdict is Verdict.MOVED:
            self._watcher.tell(
                f"line {job.line}: lost on {attempt.hostname} ({attempt.state.value}); is run again"
            )
        elif verdict is Verdict.AGAIN:
            self._watcher.tell(f"line {job.line}: {fault_of(attempt)}; is tried again")
        elif verdict is Verdict.ENDED and job.standing is Standing.FAILED:
            self._watcher.tell(f"line {job.line}: {fault_of(attempt)}")

    def _changed(self) -> None:
        self._watcher.changed(self)

    # -- the end ------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Kill what runs, and end with it; asked again, or if that takes too long, end at once."""
        if self.is_interrupted:
            self._finish()
            return
        self.is_interrupted = True
        self.jobs.interrupt()
        running = list(self.jobs.running())
        if running:
            self._watcher.tell(f"interrupted: killing what runs ({len(running)})")
        for _, attempt in running:
            self.kill(attempt.task_id)
        self.call_later(KILL_S, self._finish)
        self._changed()
        self._end_if_over()

    def output_collected(self) -> None:
        """The collector has nothing more to do for now."""
        self._end_if_over()

    def _end_if_over(self) -> None:
        is_collecting = self._collector is not None and self._collector.is_busy
        if self.jobs.is_over and not is_collecting:
            self._finish()

    def _finish(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.jobs.give_up()
        self._changed()
        self.stop(exit_code=self.exit_code)

    @property
    def exit_code(self) -> int:
        """How the batch is told to the shell."""
        if self.is_interrupted:
            return INTERRUPTED
        return SUCCEEDED if self.jobs.count(Standing.SUCCEEDED) == len(self.jobs.all) else FAILED


class Collector:
    """Reads the output of tasks that ended, a few at a time, piece by piece."""

    def __init__(self, batch: Batch, outputs: Outputs) -> None:
        self._batch = batch
        self._outputs = outputs
        self._waiting: deque[tuple[Job, Attempt]] = deque()
        self._reading = 0

    @property
    def is_busy(self) -> bool:
        """Whether some output is still to be read."""
        return bool(self._reading or self._waiting)

    def add(self, job: Job, attempt: Attempt) -> None:
        """Read the output of an attempt that ended, if it came to have any."""
        if attempt.state in LOST or attempt.state is TaskState.TASK_ERROR:
            attempt.output_fault = "the task was lost or never started"
            return
        self._waiting.append((job, attempt))
        self._read_on()

    def _read_on(self) -> None:
        while self._waiting and self._reading < READS:
            self._reading += 1
            self._read(*self._waiting.popleft(), list(STREAMS))

    def _read(self, job: Job, attempt: Attempt, streams: list[str]) -> None:
        """Read the streams one after the other."""
        stream = streams.pop(0)
        self._outputs.write(job, attempt, stream, b"")

        def on_data(data: bytes) -> None:
            self._outputs.write(job, attempt, stream, data)

        def on_end(fault: str) -> None:
            self._outputs.close(job, attempt, stream)
            attempt.output_fault = attempt.output_fault or fault
            if streams:
                self._read(job, attempt, streams)
            else:
                self._done()

        self._batch.read_file(attempt.agent_id, attempt.task_id, stream, on_data, on_end)

    def _done(self) -> None:
        self._reading -= 1
        self._read_on()
        if not self.is_busy:
            self._batch.output_collected()


def fault_of(attempt: Attempt) -> str:
    """What was wrong with an attempt, in words."""
    if attempt.is_overdue:
        return "took too long"
    words = attempt.state.value.removeprefix("TASK_").lower().replace("_", " ")
    return f"{words}: {attempt.message}" if attempt.message else words
